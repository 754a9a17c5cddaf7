"""Feeds age with what they show: each write of the diary raises the revision of the calendars it changes.

A feed's bytes are kept by its revision, so one look at the feed's own row tells whether they are still right. The rise
happens here, below all services, in the transaction of the change itself: nobody can forget it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, false, or_, select, true, update
from sqlalchemy.inspection import inspect
from sqlalchemy.orm import Session

from planner.storage.courses import AppointmentRow, CourseRow, SessionRow
from planner.storage.outward import FeedRow
from planner.storage.people import ClinicRow, PatientRow, RoomRow, StaffRow

# What of these rows stands in the events of other people's calendars.
_SHOWN_OF_ALL: Final[dict[type[Any], tuple[str, ...]]] = {
    ClinicRow: ("name", "timezone", "address", "phone", "keep_cancelled_days"),
    StaffRow: ("name", "active"),
    RoomRow: ("name",),
    PatientRow: ("name", "language"),
}


@dataclass
class _Touched:
    """Whose calendars a flush changes, in one clinic."""

    everybody: bool = False
    courses: set[int] = field(default_factory=set)
    practitioners: set[int] = field(default_factory=set)
    rooms: set[int] = field(default_factory=set)


def raise_revisions(session: Session) -> None:
    """Raise the revisions of the feeds that a flush changes; called when its rows are written."""
    touched: dict[int, _Touched] = {}
    for row in (*session.new, *session.dirty, *session.deleted):
        _note(touched, row)
    for clinic_id, what in touched.items():
        _raise(session.connection(), clinic_id, what)


def _note(touched: dict[int, _Touched], row: Any) -> None:
    if isinstance(row, AppointmentRow | SessionRow):
        if not _changed(row):
            return
        here = touched.setdefault(row.clinic_id, _Touched())
        here.courses.add(row.course_id)
        if isinstance(row, AppointmentRow):
            # Whom it is taken away from has to learn of it too.
            here.practitioners.update(_both(row, "practitioner_id"))
            here.rooms.update(_both(row, "room_id"))
    elif type(row) in _SHOWN_OF_ALL and not _is_new(row) and _changed(row, _SHOWN_OF_ALL[type(row)]):
        clinic_id = row.id if isinstance(row, ClinicRow) else row.clinic_id
        touched.setdefault(clinic_id, _Touched()).everybody = True


def _is_new(row: Any) -> bool:
    """Whether nobody can have seen it yet; a new patient changes nobody's calendar."""
    return not inspect(row).has_identity


def _changed(row: Any, names: Iterable[str] | None = None) -> bool:
    attributes = inspect(row).attrs
    return any(attributes[name].history.has_changes() for name in names or attributes.keys())


def _both(row: AppointmentRow, name: str) -> set[int]:
    """The values of a column before and after the change."""
    history = inspect(row).attrs[name].history
    return {value for value in (*history.deleted, *history.unchanged, *history.added) if value is not None}


def _raise(connection: Connection, clinic_id: int, what: _Touched) -> None:
    statement = update(FeedRow).where(FeedRow.clinic_id == clinic_id, FeedRow.revoked_at.is_(None), _of(what))
    connection.execute(statement.values(revision=FeedRow.revision + 1))


def _of(what: _Touched) -> ColumnElement[bool]:
    if what.everybody:
        return true()
    if not what.courses:
        return false()
    # All of the course: its entries are numbered, so that one more session changes every title.
    treats = select(AppointmentRow.practitioner_id).where(AppointmentRow.course_id.in_(what.courses))
    patients = select(CourseRow.patient_id).where(CourseRow.id.in_(what.courses))
    rooms = select(AppointmentRow.room_id).where(AppointmentRow.course_id.in_(what.courses))
    return or_(
        FeedRow.whole_clinic.is_(True),
        FeedRow.patient_id.in_(patients),
        FeedRow.practitioner_id.in_(treats),
        FeedRow.practitioner_id.in_(what.practitioners),
        FeedRow.room_id.in_(rooms),
        FeedRow.room_id.in_(what.rooms),
    )
