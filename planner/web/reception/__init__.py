"""Reception's pages: the day, patients, booking one course or several, worklists, freed slots, leave, hours, jobs."""

from planner.web.reception import (
    block,
    booking,
    booking_start,
    freed,
    hours,
    jobs,
    leave,
    patients,
    today,
    wish_changes,
    worklists,
)
from planner.web.reception.routes import reception

__all__ = [
    "block",
    "booking",
    "booking_start",
    "freed",
    "hours",
    "jobs",
    "leave",
    "patients",
    "reception",
    "today",
    "wish_changes",
    "worklists",
]
