"""Sessions as calendar programs are told of them: one entry a session, with neutral titles."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from gettext import NullTranslations
from typing import Final, Literal

from sqlalchemy import ColumnElement, select, true

from planner.calendars.event import CANCELLED_PREFIX, CalendarEvent
from planner.languages import texts
from planner.services.runtime import Unit
from planner.services.session_numbers import last_numbers, out_of
from planner.services.snapshot import VOID, Booked, booked_from
from planner.storage.courses import AppointmentRow, SessionRow
from planner.storage.people import PatientRow, RoomRow, StaffRow

PAST_KEPT: Final = timedelta(days=90)
"""How long a visit that is over stays in a feed, which must never be empty of what was just there."""

Privacy = Literal["neutral", "initials", "full"]
"""How much of a person an entry tells whoever sees the calendar."""

_MOMENT: Final = timedelta(microseconds=1)
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


def patient_events(unit: Unit, patient_id: int, privacy: Privacy = "neutral") -> tuple[CalendarEvent, ...]:
    """The patient's appointments, of all their courses, in the patient's language (6 queries)."""
    clinic, words = unit.clinic, texts(unit.get(PatientRow, patient_id).language)
    rooms, staff = _room_names(unit), _staff_names(unit)
    entries = _entries(unit, AppointmentRow.patient_id == patient_id)
    last = last_numbers(unit, {entry.session.course_id for entry in entries})

    def event(entry: Entry) -> CalendarEvent:
        place = (rooms.get(entry.booked.room_id, ""), clinic.address)
        with_whom = staff.get(entry.booked.practitioner_id, words.gettext("us"))
        return _event(
            unit,
            entry,
            summary=_patients_title(words, privacy, clinic.name, with_whom, _number(entry, last)),
            location=", ".join(part for part in place if part),
            description=_patients_description(words, with_whom, clinic.phone),
            cancelled_prefix=words.gettext("Cancelled:"),
        )

    return tuple(event(entry) for entry in entries)


def patients_title(language: str, clinic_name: str) -> str:
    """What all entries of a patient's calendar are called who chose no other privacy."""
    return _patients_title(texts(language), "neutral", clinic_name, with_whom="", number="")


def practitioner_events(unit: Unit, practitioner_id: int, privacy: Privacy = "initials") -> tuple[CalendarEvent, ...]:
    """The practitioner's appointments (6 queries)."""
    entries = [
        entry
        for entry in _entries(unit, AppointmentRow.practitioner_id == practitioner_id)
        if entry.booked.practitioner_id == practitioner_id
    ]
    return _staffs_events(unit, entries, privacy, with_therapist=False)


def room_events(unit: Unit, room_id: int, privacy: Privacy = "neutral") -> tuple[CalendarEvent, ...]:
    """What takes place in a room (6 queries)."""
    entries = [entry for entry in _entries(unit, AppointmentRow.room_id == room_id) if entry.booked.room_id == room_id]
    return _staffs_events(unit, entries, privacy, with_therapist=True)


def clinic_events(unit: Unit, privacy: Privacy = "neutral") -> tuple[CalendarEvent, ...]:
    """Everything that is booked (6 queries)."""
    return _staffs_events(unit, _entries(unit, true()), privacy, with_therapist=True)


def good_until(unit: Unit, events: Sequence[CalendarEvent]) -> datetime | None:
    """When the first of these events drops out because it is long over."""
    cancelled_kept = timedelta(days=unit.clinic.keep_cancelled_days)
    ends = (event.ends_at + (cancelled_kept if event.cancelled else PAST_KEPT) for event in events)
    # Kept up to and with that instant.
    return min((end + _MOMENT for end in ends), default=None)


def _staffs_events(
    unit: Unit, entries: Sequence[Entry], privacy: Privacy, *, with_therapist: bool
) -> tuple[CalendarEvent, ...]:
    """Entries as the people of the clinic see them: whose session it is, by as much of the name as they may read."""
    rooms, staff = _room_names(unit), _staff_names(unit)
    names = _patient_names(unit, {entry.patient_id for entry in entries})
    words = texts(unit.clinic.language)
    last = last_numbers(unit, {entry.session.course_id for entry in entries})

    def event(entry: Entry) -> CalendarEvent:
        therapist = staff.get(entry.booked.practitioner_id, "") if with_therapist else ""
        who = {
            "neutral": words.gettext("Booked"),
            "initials": initials(names[entry.patient_id]),
            "full": names[entry.patient_id],
        }
        number = "" if privacy == "neutral" else words.gettext("session %(number)s") % {"number": _number(entry, last)}
        parts = (who[privacy], number, therapist)
        return _event(
            unit,
            entry,
            summary=" · ".join(part for part in parts if part),
            location=rooms.get(entry.booked.room_id, ""),
        )

    return tuple(event(entry) for entry in entries)


def _patients_title(words: NullTranslations, privacy: Privacy, clinic: str, with_whom: str, number: str) -> str:
    """Never what is treated, whatever the patient lets be seen."""
    if privacy == "full":
        told = {"name": with_whom, "number": number, "clinic": clinic}
        return words.gettext("Appointment with %(name)s, session %(number)s – %(clinic)s") % told
    if privacy == "initials":
        return words.gettext("Appointment with %(name)s – %(clinic)s") % {"name": initials(with_whom), "clinic": clinic}
    return words.gettext("Appointment – %(clinic)s") % {"clinic": clinic}


def _patients_description(words: NullTranslations, with_whom: str, phone: str) -> str:
    said = words.gettext("With %(name)s.") % {"name": with_whom}
    if phone:
        said += " " + words.gettext("To move or cancel it, call %(phone)s.") % {"phone": phone}
    return said


def _number(entry: Entry, last: Mapping[int, int]) -> str:
    of = out_of(entry.session, last)
    return f"{entry.session.position + 1}/{of}" if of else str(entry.session.position + 1)


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


def _event(
    unit: Unit,
    entry: Entry,
    *,
    summary: str,
    location: str,
    description: str = "",
    cancelled_prefix: str = CANCELLED_PREFIX,
) -> CalendarEvent:
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
        cancelled_prefix=cancelled_prefix,
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
