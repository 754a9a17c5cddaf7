"""Sessions as calendar programs are told of them: one entry a session, with neutral titles."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, select

from planner.calendars.event import CalendarEvent
from planner.services.runtime import Unit
from planner.services.session_numbers import last_numbers, out_of
from planner.services.snapshot import VOID, Booked, booked_from
from planner.storage.courses import AppointmentRow, SessionRow
from planner.storage.people import PatientRow, RoomRow, StaffRow

PAST_KEPT: Final = timedelta(days=90)
"""How long a visit that is over stays in a feed, which must never be empty of what was just there."""

_NOT_YET_AGREED: Final = ("proposed", "waitlist")
_MOST_INITIALS: Final = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A session's place in a calendar.

    Args:
        booked: the appointment that counts; of a session that lost its place, the last one it had.
        cancelled: shown as cancelled.
    """

    session: SessionRow
    booked: Booked
    patient_id: int
    cancelled: bool


def patient_events(unit: Unit, patient_id: int) -> tuple[CalendarEvent, ...]:
    """The patient's appointments, of all their courses (5 queries)."""
    clinic = unit.clinic
    rooms, staff = _room_names(unit), _staff_names(unit)
    call = f" To move or cancel it, call {clinic.phone}." if clinic.phone else ""

    def event(entry: Entry) -> CalendarEvent:
        place = (rooms.get(entry.booked.room_id, ""), clinic.address)
        return _event(
            unit,
            entry,
            summary=f"Appointment – {clinic.name}",
            location=", ".join(part for part in place if part),
            description=f"With {staff.get(entry.booked.practitioner_id, 'us')}.{call}",
        )

    return tuple(event(entry) for entry in _entries(unit, AppointmentRow.patient_id == patient_id))


def practitioner_events(unit: Unit, practitioner_id: int) -> tuple[CalendarEvent, ...]:
    """The practitioner's appointments, patients by their initials (6 queries)."""
    entries = [
        entry
        for entry in _entries(unit, AppointmentRow.practitioner_id == practitioner_id)
        if entry.booked.practitioner_id == practitioner_id
    ]
    rooms, names = _room_names(unit), _patient_names(unit, {entry.patient_id for entry in entries})
    last = last_numbers(unit, {entry.session.course_id for entry in entries})

    def event(entry: Entry) -> CalendarEvent:
        of = out_of(entry.session, last)
        number = f"{entry.session.position + 1}/{of}" if of else str(entry.session.position + 1)
        return _event(
            unit,
            entry,
            summary=f"{initials(names[entry.patient_id])} · session {number}",
            location=rooms.get(entry.booked.room_id, ""),
        )

    return tuple(event(entry) for entry in entries)


def initials(name: str) -> str:
    """`A. S.` for Ana Silva: enough for who knows the diary, nothing for who looks over a shoulder."""
    letters = [_first_letter(word) for word in name.split()]
    if len(letters) > _MOST_INITIALS:
        letters = [*letters[: _MOST_INITIALS - 1], letters[-1]]
    return " ".join(f"{letter}." for letter in letters)


def _first_letter(word: str) -> str:
    """The first character with the accents that are put on it one by one."""
    end = 1
    while end < len(word) and unicodedata.combining(word[end]):
        end += 1
    return word[:end].upper()


def _event(unit: Unit, entry: Entry, *, summary: str, location: str, description: str = "") -> CalendarEvent:
    return CalendarEvent(
        uid=entry.session.uid,
        sequence=entry.session.sequence,
        revised_at=entry.session.revised_at,
        starts_at=entry.booked.starts_at,
        ends_at=entry.booked.ends_at,
        timezone=unit.clinic.timezone,
        summary=summary,
        description=description,
        location=location,
        cancelled=entry.cancelled,
    )


def _entries(unit: Unit, whose: ColumnElement[bool]) -> Sequence[Entry]:
    """One entry for each session whose appointment is to come or not long over."""
    oldest = unit.now - max(PAST_KEPT, timedelta(days=unit.clinic.keep_cancelled_days))
    # All appointments of a session, because only together do they say which one counts.
    recent = select(AppointmentRow.session_id).where(whose, AppointmentRow.ends_at >= oldest)
    history: dict[int, list[AppointmentRow]] = {}
    for row in unit.session.scalars(
        select(AppointmentRow).where(AppointmentRow.session_id.in_(recent)).order_by(AppointmentRow.id)
    ):
        history.setdefault(row.session_id, []).append(row)
    sessions = unit.session.scalars(select(SessionRow).where(SessionRow.id.in_(recent)).order_by(SessionRow.id))
    found = (_entry(session, history[session.id]) for session in sessions)
    return [entry for entry in found if _is_published(unit, entry)]


def _entry(session: SessionRow, rows: Sequence[AppointmentRow]) -> Entry:
    counting = next((row for row in reversed(rows) if not row.superseded), None)
    row = counting or rows[-1]
    lost = session.dropped or counting is None or row.status in VOID
    return Entry(session, booked_from(row), row.patient_id, cancelled=lost)


def _is_published(unit: Unit, entry: Entry) -> bool:
    """Past visits stay for a while, cancelled ones as long as the clinic says."""
    if entry.booked.status in _NOT_YET_AGREED:
        return False
    kept = timedelta(days=unit.clinic.keep_cancelled_days) if entry.cancelled else PAST_KEPT
    return entry.booked.ends_at >= unit.now - kept


def _room_names(unit: Unit) -> Mapping[int, str]:
    return {row.id: row.name for row in unit.session.scalars(select(RoomRow))}


def _staff_names(unit: Unit) -> Mapping[int, str]:
    return {row.id: row.name for row in unit.session.scalars(select(StaffRow))}


def _patient_names(unit: Unit, ids: set[int]) -> Mapping[int, str]:
    rows = unit.session.execute(select(PatientRow.id, PatientRow.name).where(PatientRow.id.in_(ids)))
    return {row.id: row.name for row in rows}
