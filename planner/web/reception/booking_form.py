"""The form of *Book a course* read: what the patient wishes, which dates were shown, which of them are fixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from werkzeug.datastructures import MultiDict

from planner.errors import InvalidInput
from planner.scheduling.problem import Placed
from planner.services.booking import BookingRequest
from planner.services.booking_view import BookingDesk
from planner.services.newcomers import Beginning
from planner.services.runtime import LAST_ID
from planner.services.wishes import Wishes
from planner.web.numbers import row_id, whole
from planner.words import say

SHOWN: Final = "shown-"
FIXED: Final = "place-"
_MOST_SESSIONS: Final = 400


@dataclass(frozen=True)
class Dates:
    """The dates of a course on their way through the form.

    Args:
        shown: every place of the table, by session counted from 0.
        fixed: those the person chose, which stay when the others follow.
    """

    shown: Mapping[int, Placed]
    fixed: Mapping[int, Placed]


def first_wishes(desk: BookingDesk, staff_id: int | None) -> MultiDict[str, str]:
    """The wishes before anybody said any: every day, from tomorrow, with oneself if one treats."""
    own = str(staff_id) if staff_id in dict(desk.therapists) else ""
    tomorrow = desk.today + timedelta(days=1)
    values = {"practitioner": own, "preferred": "any", "first_day": tomorrow.isoformat()}
    return MultiDict([*values.items(), *(("weekdays", str(day)) for day in range(7))])


def wishes_fields(wishes: Wishes) -> dict[str, str]:
    """What a form shows of wishes, but for the weekdays."""
    return {
        "practitioner": str(wishes.practitioners[0]),
        "only_preferred": "1" if len(wishes.practitioners) == 1 else "",
        "earliest": "" if wishes.start == time(0) else f"{wishes.start:%H:%M}",
        "latest": "" if wishes.end == time(23, 59) else f"{wishes.end:%H:%M}",
        "preferred": wishes.preferred,
    }


def first_in_slot(begins: Beginning, assessment_id: int, course_id: int) -> MultiDict[str, str]:
    """The form of somebody who begins in a freed slot: the first session fixed there, with what is known of them."""
    values = {
        **wishes_fields(begins.wishes),
        "practitioner": str(begins.slot.practitioner_id),
        "assessment": str(assessment_id),
        "course_id": str(course_id),
        "first_day": begins.slot.start.date().isoformat(),
        "do": "dates",
    }
    if begins.wishes.away:
        values["away_from"], values["away_to"] = (day.isoformat() for day in begins.wishes.away[0])
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
    return BookingRequest(
        course_id=_number(form.get("course_id", ""), "course_id"),
        patient_id=desk.patient.id,
        assessment_id=recorded.id,
        phases=recorded.phases,
        first_visit_minutes=recorded.first_visit_minutes,
        visit_minutes=recorded.visit_minutes,
        wishes=Wishes.from_form(form, form.getlist("weekdays"), others),
        earliest_day=_day(form.get("first_day", "")),
    )


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
