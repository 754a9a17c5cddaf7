"""Reception's pages: the day, patients, booking a course, worklists, leave."""

from planner.web.reception import booking, leave, patients, today, worklists
from planner.web.reception.routes import reception

__all__ = ["booking", "leave", "patients", "reception", "today", "worklists"]
