"""Lines of the worklists which the diary itself opens and closes: brought to what is found in it now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, Final

from sqlalchemy import select

from planner.services import worklists
from planner.services.runtime import Unit
from planner.storage.courses import AppointmentRow, WorklistRow
from planner.words import Text

RUNS: Final = ("planned", "active")
"""Courses under way; one that is on hold waits for its patient."""

Courses = Collection[int] | None
"""The courses that are looked at, by id; None for all of the clinic."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something to look at. The key stays the same for as long as it is the same thing."""

    kind: str
    key: str
    says: Text
    course_id: int | None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class News:
    """What is to be opened or said otherwise, and the lines that are over."""

    opened: tuple[Found, ...]
    gone: tuple[WorklistRow, ...]

    def __bool__(self) -> bool:
        """Whether anything is to be written."""
        return bool(self.opened or self.gone)


def news_of(unit: Unit, found: Mapping[str, Found], kinds: Collection[str]) -> News:
    """What differs between the worklists of these kinds and all that was found, by key (two queries).

    What a person took off the list stays off.
    """
    row = WorklistRow
    shown = {
        line.key: line for line in unit.session.scalars(select(row).where(row.kind.in_(kinds), row.closed_at.is_(None)))
    }
    taken_off = {
        line.key
        for line in unit.session.scalars(select(row).where(row.key.in_(found.keys() - shown.keys())))
        if line.details.get(worklists.DISMISSED)
    }
    opened = (
        each
        for key, each in found.items()
        if key not in taken_off and (key not in shown or _otherwise(shown[key], each))
    )
    return News(tuple(opened), tuple(line for key, line in shown.items() if key not in found))


def write_news(unit: Unit, news: News) -> None:
    """Open and close the lines."""
    for line in news.gone:
        worklists.close(unit, line)
    for wanted in news.opened:
        worklists.open_item(unit, wanted.kind, wanted.key, wanted.says, wanted.course_id, **wanted.details)


def of_courses(query: Any, courses: Courses, column: Any = AppointmentRow.course_id) -> Any:
    """The query for these courses only.

    Args:
        query: a select, of whatever columns.
        column: which names the course.
    """
    return query if courses is None else query.where(column.in_(courses))


def midnight(unit: Unit, day: date) -> datetime:
    """When a day of the clinic begins."""
    return datetime.combine(day, time(), tzinfo=unit.zone).astimezone(UTC)


def _otherwise(line: WorklistRow, found: Found) -> bool:
    return (line.says, line.details) != (found.says, dict(found.details))
