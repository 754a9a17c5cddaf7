"""Course pages, for everybody who works at the clinic."""

from planner.web.courses import advice, events, frequency, measures, move, notes, older, page, pause
from planner.web.courses.routes import courses

__all__ = ["advice", "courses", "events", "frequency", "measures", "move", "notes", "older", "page", "pause"]
