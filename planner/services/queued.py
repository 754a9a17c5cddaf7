"""What waits for a worker, by name: planner/jobs.py has the functions."""

from __future__ import annotations

from typing import Final

from planner.storage.queue import QueuedJob

SWEEP: Final = "sweep"
PLANNING: Final = "planning"
CALENDAR: Final = "calendar"


def sweep_job(name: str) -> QueuedJob:
    """One turn of a sweep: one runs, and at most one waits."""
    return QueuedJob(SWEEP, "sweeps", {"name": name}, lock=f"sweep-{name}", once=f"sweep-{name}")


def planning_job(clinic_id: int, job_id: int) -> QueuedJob:
    """A long solve; what is to be solved stands in its row."""
    return QueuedJob(
        PLANNING, "plannings", {"clinic_id": clinic_id, "job_id": job_id}, lock=f"planning-{clinic_id}-{job_id}"
    )


def calendar_job(clinic_id: int, calendar_id: int) -> QueuedJob:
    """A calendar to be fetched: the slow ones keep nobody waiting."""
    name = f"calendar-{clinic_id}-{calendar_id}"
    return QueuedJob(CALENDAR, "calendars", {"clinic_id": clinic_id, "calendar_id": calendar_id}, lock=name, once=name)
