"""Course pages, for everybody who works at the clinic."""

from planner.web.courses import events, frequency, move, page, pause
from planner.web.courses.routes import courses

__all__ = ["courses", "events", "frequency", "move", "page", "pause"]
