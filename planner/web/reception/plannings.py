"""The way back to plannings that run, or ended and were not used: on reception's home and the worklists."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from flask import url_for

from planner.services.job_rows import unused
from planner.web.access import ACCESS, may
from planner.web.context import actor, runtime
from planner.web.reception.jobs import title_of

_SAYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "running": "Is being planned.",
        "done": "Is planned. Nothing is changed yet: look at it and use it.",
        "failed": "No plan was made. It can be planned again.",
    }
)


class Planning(NamedTuple):
    """One line: what it is about, how it stands, and its page."""

    title: str
    says: str
    href: str


def plannings() -> list[Planning]:
    """The plannings of the last days that were not used, the newest first; none for those who may not open them."""
    if not may(actor(), ACCESS["reception.job"]):
        return []
    with runtime().reading(actor()) as unit:
        found = unused(unit)
    return [Planning(title_of(job), _SAYS[job.status], url_for("reception.job", job_id=job.id)) for job in found]
