"""The diary: the week and the day as columns, and what can be done to a visit there."""

from planner.web.diary import page, visits
from planner.web.diary.routes import diary

__all__ = ["diary", "page", "visits"]
