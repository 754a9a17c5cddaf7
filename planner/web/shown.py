"""What each page shows of whom: one row for every page that staff or a personal link opens, for the audit.

A page without a row is noted all the same, under its own name: forgetting must not mean that nobody learns who looked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from flask import Flask, Response, current_app, g, request, session

from planner.services.origin import origin_of
from planner.services.read_log import ReadLog
from planner.services.runtime import Actor
from planner.web.access import ACCESS, LOGIN_KEY
from planner.web.context import READ_LOG

NOBODY: Final = ""
"""Shows no patient, or its service notes it as what it is."""

OWN: Final = "own"
"""Shows a patient their own."""

# A subject's id stands in the address; lists have none.
SHOWN: Final[Mapping[str, str]] = {
    "reception.patient": "patient/{patient_id}",
    "reception.edit_patient": "patient/{patient_id}",
    "reception.book": "patient/{patient_id}",
    "therapist.assess": "patient/{patient_id}",
    "owner.privacy_person": "patient/{patient_id}",
    "therapist.assessment": "assessment/{assessment_id}",
    "courses.course": "course/{course_id}",
    "courses.older": "course/{course_id}",
    "courses.frequency": "course/{course_id}",
    "courses.pause": "course/{course_id}",
    "courses.measure": "course/{course_id}",
    "courses.move": "appointment/{appointment_id}",
    "diary.visit": "appointment/{appointment_id}",
    "diary.places_of": "appointment/{appointment_id}",
    "reception.wish_change": "worklist/{item_id}",
    "outtray.message": "mail",
    "outtray.download": "mail",
    "reception.patients": "list/patients",
    "reception.begin_booking": "list/patients",
    "reception.today": "list/today",
    "diary.show": "list/diary",
    "therapist.my_day": "list/my_day",
    "reception.worklists": "list/worklists",
    "reception.worklist": "list/worklists",
    "reception.freed_slots": "list/freed_slots",
    "reception.freed_slot": "list/freed_slots",
    "reception.free_place": "list/freed_slots",
    "reception.leave": "list/leave",
    "reception.job": "list/planning",
    "outtray.list": "list/mail",
    "owner.privacy": "list/retention",
    "owner.audit": "list/audit",
    "calendars.overview": "list/calendars",
    # A poll tells what changed on a diary that is open; opening it was noted.
    "diary.state": NOBODY,
    "patient.plan": OWN,
    "patient.cancelling": OWN,
    "patient.move": OWN,
    "patient.together": OWN,
    "patient.wishes": OWN,
    "patient.calendar": OWN,
    "patient.download": OWN,
    "patient.printed": OWN,
    "patient.contact": OWN,
    "auth.password": NOBODY,
    "account.show": NOBODY,
    "account.app": NOBODY,
    "account.remove_app": NOBODY,
    "account.passkey": NOBODY,
    "account.remove_passkey": NOBODY,
    "account.codes": NOBODY,
    "owner.signing_in": NOBODY,
    "owner.system": NOBODY,
    # It shows who has the same address or number already.
    "reception.new_patient": "list/patients",
    "reception.book_several": "list/patients",
    "reception.hours": NOBODY,
    "take_over.show": NOBODY,
    "therapist.my_calendar": NOBODY,
    "figures.dashboard": NOBODY,
    "figures.calibration": NOBODY,
    "owner.my_language": NOBODY,
    "owner.settings": NOBODY,
    "owner.policies": NOBODY,
    "owner.policy_follows": NOBODY,
    "owner.staff": NOBODY,
    "owner.person": NOBODY,
    "owner.clinic": NOBODY,
    "owner.rooms": NOBODY,
    "owner.room": NOBODY,
    "owner.closures": NOBODY,
    "owner.services": NOBODY,
    "owner.service": NOBODY,
    "owner.letters": NOBODY,
    "owner.letter_sample": NOBODY,
    "owner.evidence": NOBODY,
    "owner.evidence_row": NOBODY,
}
# Who takes a copy away has done more than look.
TAKEN: Final = {
    "patient.download": "download",
    "patient.printed": "print",
    "outtray.download": "download",
}
SEEN: Final = "see"

# A form that is shown again, with what was wrong, or with what it would do, shows what its page does.
_SHOWING: Final = (200, 409, 422)
_BY_NUMBER: Final = {
    "patient_id": "patient",
    "course_id": "course",
    "appointment_id": "appointment",
    "assessment_id": "assessment",
    "item_id": "worklist",
}
_ABOUT_NO_PATIENT: Final = ("owner", "account", "auth")


def install(app: Flask) -> None:
    """Note every answer that shows somebody something; called after the access table, which knows who asks."""
    app.before_request(_say_from_where)
    app.after_request(_note)


def subject_of(endpoint: str, values: Mapping[str, Any]) -> str:
    """What a page shows, as the audit names it; "" where it shows nobody.

    Args:
        values: what stands in the <...> parts of its address.
    """
    if endpoint in SHOWN:
        return SHOWN[endpoint].format(**values)
    open_to_all = ACCESS.get(endpoint, "public") in ("public", "feed-token")
    return NOBODY if open_to_all else f"page/{endpoint}"


def answered_about(endpoint: str, values: Mapping[str, Any]) -> str:
    """What the answer to a form shows, as `subject_of` says it; most forms have no page of their own."""
    if endpoint in SHOWN:
        return subject_of(endpoint, values)
    if ACCESS.get(endpoint) == "patient-link":
        return OWN
    named = (f"{kind}/{values[name]}" for name, kind in _BY_NUMBER.items() if name in values)
    of_no_patient = endpoint.partition(".")[0] in _ABOUT_NO_PATIENT
    return next(named, NOBODY if of_no_patient else subject_of(endpoint, values))


def _say_from_where() -> None:
    """Let the audit tell the browsers of one person apart, and the clinic's own network from the rest of the world."""
    actor: Actor | None = g.get("actor")
    if actor is not None:
        token = (request.view_args or {}).get("token") or session.get(LOGIN_KEY) or ""
        g.actor = replace(actor, origin=origin_of(request.remote_addr, str(token)))


def _note(response: Response) -> Response:
    actor: Actor | None = g.get("actor")
    if actor is None or request.endpoint is None or response.status_code not in _SHOWING:
        return response
    if request.method == "GET" and response.status_code != 200:
        return response
    says_whom = subject_of if request.method == "GET" else answered_about
    subject = says_whom(request.endpoint, request.view_args or {})
    if subject == OWN:
        subject = f"patient/{actor.patient_id}"
    if subject:
        log: ReadLog = current_app.extensions[READ_LOG]
        log.saw(actor, TAKEN.get(request.endpoint, SEEN), subject)
        # After the answer, so that no page waits for a turn to write.
        response.call_on_close(log.flush)
    return response
