"""The form of *Book a course* read: what the patient wishes, which dates were shown, which of them are fixed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from werkzeug.datastructures import MultiDict

from planner.errors import InvalidInput
from planner.scheduling.problem import Placed
from planner.services.assessments import RecordedAssessment
from planner.services.booking import BookingRequest
from planner.services.booking_view import BookingDesk, OfferedService
from planner.services.newcomers import Beginning
from planner.services.runtime import LAST_ID
from planner.services.wishes import AWAY_FIELDS, THERAPIST_FIELDS, Wishes
from planner.web.numbers import row_id, whole
from planner.words import say

SHOWN: Final = "shown-"
FIXED: Final = "place-"
WISH_FIELDS: Final = (
    *(*THERAPIST_FIELDS, "only_preferred", "earliest", "latest", "preferred"),
    *(name for pair in AWAY_FIELDS for name in pair),
    "note",
)
"""What a form says of wishes, but for the weekdays."""

_MOST_SESSIONS: Final = 400
_EMPTY_AWAY: Final = 3


@dataclass(frozen=True)
class Dates:
    """The dates of a course on their way through the form.

    Args:
        shown: every place of the table, by session counted from 0.
        fixed: those the person chose, which stay when the others follow.
    """

    shown: Mapping[int, Placed]
    fixed: Mapping[int, Placed]


def first_wishes(desk: BookingDesk, recorded: RecordedAssessment, staff_id: int | None) -> MultiDict[str, str]:
    """The wishes from tomorrow on, as earlier courses know them.

    Of whoever had none before: every day, with oneself if one treats.
    """
    everybody = [staff_id for staff_id, _ in desk.therapists]
    own = staff_id if staff_id in everybody else None
    wishes = {"practitioner": str(own or ""), "preferred": "any"}
    weekdays: Iterable[int] = range(7)
    if desk.known.wishes is not None and everybody:
        known = desk.known.wishes_now(everybody, own)
        wishes, weekdays = {**wishes_fields(known), "note": desk.known.note}, known.weekdays
    tomorrow = desk.today + timedelta(days=1)
    values = {**wishes, "first_day": tomorrow.isoformat(), "service": proposed_service(desk, recorded)}
    return MultiDict([*values.items(), *(("weekdays", str(day)) for day in weekdays)])


def proposed_service(desk: BookingDesk, recorded: RecordedAssessment) -> str:
    """The service made for what was found; none where the therapist decided how long the visits take."""
    decided = recorded.override
    if decided and (decided.first_visit_minutes is not None or decided.visit_minutes is not None):
        return ""
    protocol = recorded.assessment.protocol
    made_for_it = (each for each in desk.services if each.protocol == protocol.value)
    return next((str(each.id) for each in made_for_it), "")


def wishes_fields(wishes: Wishes) -> dict[str, str]:
    """What a form shows of wishes, but for the weekdays."""
    fields = {
        "only_preferred": "1" if wishes.only_these else "",
        "earliest": "" if wishes.start == time(0) else f"{wishes.start:%H:%M}",
        "latest": "" if wishes.end == time(23, 59) else f"{wishes.end:%H:%M}",
        "preferred": wishes.preferred,
    }
    fields |= {where: str(each) for where, each in zip(THERAPIST_FIELDS, wishes.wished_for, strict=False)}
    for pair, days in zip(AWAY_FIELDS, wishes.away, strict=False):
        fields |= {where: day.isoformat() for where, day in zip(pair, days, strict=True)}
    return fields


@dataclass(frozen=True)
class WishRows:
    """How many of the fields that can be given several times a form shows.

    Args:
        ranks: the fields of the second therapist and those after; nobody need name the last one.
        away: pairs of fields for days away: those filled in, and some for more.
    """

    ranks: tuple[str, ...]
    away: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, form: Mapping[str, str], therapists: int) -> WishRows:
        """For a form with these values."""
        filled = sum(1 for pair in AWAY_FIELDS if any(form.get(where) for where in pair))
        return cls(THERAPIST_FIELDS[1 : max(1, therapists - 1)], AWAY_FIELDS[: filled + _EMPTY_AWAY])


def wishes_somebody(form: Mapping[str, str]) -> bool:
    """Whether a form names a therapist; anybody will do otherwise."""
    return any(form.get(where) for where in THERAPIST_FIELDS)


def first_in_slot(
    begins: Beginning, desk: BookingDesk, recorded: RecordedAssessment, course_id: int
) -> MultiDict[str, str]:
    """The form of somebody who begins in a freed slot: the first session fixed there, with what is known of them."""
    values = {
        **wishes_fields(begins.wishes),
        **dict.fromkeys(THERAPIST_FIELDS, ""),
        "practitioner": str(begins.slot.practitioner_id),
        "assessment": str(recorded.id),
        "course_id": str(course_id),
        "first_day": begins.slot.start.date().isoformat(),
        "do": "dates",
    }
    if begins.first is not None:
        values[f"{FIXED}0"] = place_text(begins.first)
    return MultiDict([*values.items(), *(("weekdays", str(day)) for day in begins.wishes.weekdays)])


def read_request(form: MultiDict[str, str], desk: BookingDesk) -> BookingRequest:
    """The course as it is to be booked.

    Raises:
        InvalidInput: naming the field.
        NotFound: the assessment is not of this patient.
    """
    recorded = desk.assessment(_number(form.get("assessment", ""), "assessment"))
    others = [staff_id for staff_id, _ in desk.therapists]
    service = _service(form.get("service", ""), desk)
    return BookingRequest(
        course_id=_number(form.get("course_id", ""), "course_id"),
        patient_id=desk.patient.id,
        assessment_id=recorded.id,
        phases=recorded.phases,
        first_visit_minutes=service.first_minutes if service else recorded.first_visit_minutes,
        visit_minutes=service.visit_minutes if service else recorded.visit_minutes,
        wishes=Wishes.from_form(form, form.getlist("weekdays"), others),
        earliest_day=_day(form.get("first_day", "")),
        note=note_of(form),
        service_id=service.id if service else None,
    )


def note_of(form: Mapping[str, str]) -> str:
    """The wishes in words; a browser sends each line's end as two characters."""
    return form.get("note", "").replace("\r\n", "\n").strip()


def _service(text: str, desk: BookingDesk) -> OfferedService | None:
    if not text:
        return None
    chosen = row_id(text)
    for each in desk.services:
        if each.id == chosen:
            return each
    raise InvalidInput(say("This is not offered any more. Choose another service."), field="service")


def read_dates(form: Mapping[str, str], course_id: int) -> Dates:
    """The dates that the form carries. Raises InvalidInput when somebody meddled with them."""
    return Dates(_places(form, SHOWN, course_id), _places(form, FIXED, course_id))


def read_choice(text: str, course_id: int) -> tuple[int, Placed]:
    """A button's `3=7|2|2026-12-01T10:00`: a session with the place chosen for it. Raises InvalidInput."""
    number, _, place = text.partition("=")
    session = _number(number, "")
    return session, _place(place, session, course_id)


def place_text(place: Placed) -> str:
    """A place as a form carries it: `practitioner|room|2026-12-01T10:00`."""
    return f"{place.practitioner}|{place.room}|{place.start.isoformat(timespec='minutes')}"


def _places(form: Mapping[str, str], prefix: str, course_id: int) -> dict[int, Placed]:
    places = {}
    for name, text in form.items():
        if name.startswith(prefix):
            session = _number(name.removeprefix(prefix), "")
            places[session] = _place(text, session, course_id)
    return places


def _place(text: str, session: int, course_id: int) -> Placed:
    practitioner, _, rest = text.partition("|")
    room, _, start = rest.partition("|")
    try:
        begins = datetime.fromisoformat(start)
    except ValueError:
        begins = None
    if session >= _MOST_SESSIONS or begins is None or row_id(practitioner) is None or row_id(room) is None:
        raise InvalidInput(say("The dates could not be read. Find them again."))
    return Placed(str(course_id), session, practitioner, room, begins)


def _number(text: str, where: str) -> int:
    number = whole(text)
    if number is None or number > LAST_ID:
        raise InvalidInput(say("This page could not be read. Please begin again."), field=where or None)
    return number


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(say("Give the first day on which the patient can come."), field="first_day") from None
