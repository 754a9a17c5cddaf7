"""Course pages, for everybody who works at the clinic."""

from planner.web.courses import events, page
from planner.web.courses.routes import courses

__all__ = ["courses", "events", "page"]
