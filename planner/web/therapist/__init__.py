"""The therapist's pages: the day, the assessment with its estimate, the own calendar."""

from planner.web.therapist import assess, assessment, calendar, day
from planner.web.therapist.routes import therapist

__all__ = ["assess", "assessment", "calendar", "day", "therapist"]
