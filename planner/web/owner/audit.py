"""The audit as the owner reads it: who saw, changed or took out what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import MAXYEAR, date, datetime
from typing import Any, Final

from flask import Response, render_template, request, url_for
from flask import Response as FlaskResponse

from planner.errors import InvalidInput
from planner.services import audit as service
from planner.services import patients
from planner.services.audit import Asked, AuditLine
from planner.web.context import actor, runtime
from planner.web.numbers import row_id
from planner.web.owner.routes import UNPROCESSABLE, Errors, Page, errors_of, owner
from planner.words import say, say_many

WHAT: Final = (
    ("", say("Everything")),
    ("changes", say("Changed or taken out")),
    ("access", say("Seen")),
)
_SAW, _TOOK = say("saw"), say("took out")
_SIGNED_IN, _REFUSED = say("signed in"), say("was refused to sign in")
_SIGNED_OUT, _WRONG = say("signed out"), say("typed a wrong password")
_CHANGED, _SENT, _LOST, _ERASED = say("changed"), say("sent"), say("lost lines"), say("erased")
_VERBS: Final = {
    "see": _SAW,
    "sign in": _SIGNED_IN,
    "sign out": _SIGNED_OUT,
    "sign-in failed": _REFUSED,
    "password refused": _WRONG,
    "second factor failed": _REFUSED,
    "patient.link shown": _SAW,
    "patient.erase": _ERASED,
    "audit.lost": _LOST,
}
_BEGINNINGS: Final = (
    *(("export", _TOOK), ("print", _TOOK), ("download", _TOOK)),
    *(("message.", _SENT), ("sign in with", _SIGNED_IN)),
)
_THINGS: Final = {
    "patient": say("details"),
    "course": say("course"),
    "assessment": say("assessment"),
    "appointment": say("visit"),
    "session": say("session"),
    "note": say("note"),
    "outcome": say("measure"),
    "outbox": say("message"),
    "mail": say("message"),
    "worklist": say("worklist"),
    "list": say("list"),
    "feed": say("calendar address"),
    "staff": say("staff"),
    "room": say("room"),
    "service": say("service"),
    "closure": say("closed days"),
    "clinic": say("clinic"),
    "evidence": say("evidence"),
    "letter": say("letter"),
    "page": say("page"),
}
NETWORKS: Final = {
    "machine": say("this machine"),
    "private": say("own network"),
    "public": say("internet"),
    "command": say("command line"),
}
WHO: Final = {"planner": say("the planner"), "patient": say("the patient"), "staff": say("somebody of the staff")}


@owner.get("/settings/audit")
def audit() -> Page:
    """Search by person, patient, kind and day; fifty lines a page."""
    try:
        asked = _asked(request.args)
    except InvalidInput as refusal:
        return _page(Asked(), errors_of(refusal)), UNPROCESSABLE
    return _page(asked, {})


@owner.post("/settings/audit/file")
def audit_file() -> FlaskResponse:
    """What was searched for, as CSV."""
    pieces = service.as_csv(runtime(), actor(), _asked(request.form))
    name = f"audit-{runtime().clock.now():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(pieces, headers=headers, content_type="text/csv; charset=utf-8")


def _page(asked: Asked, errors: Errors) -> str:
    found = service.search(runtime(), actor(), asked)
    form = {name: value for name, value in request.args.items() if name in _FIELDS and value}
    return render_template(
        "owner/audit.html",
        found=found,
        form=form,
        errors=errors,
        what=WHAT,
        older=_older(form, found.older),
        said=verb_of,
        thing=thing_of,
        networks=NETWORKS,
        who=WHO,
    )


_FIELDS: Final = ("staff", "patient", "action", "what", "first_day", "last_day", "before")


def _older(form: Mapping[str, str], before: tuple[datetime, int] | None) -> str:
    if before is None:
        return ""
    values: dict[str, Any] = {**form, "before": f"{before[0].isoformat()}~{before[1]}"}
    return url_for("owner.audit", **values)


def verb_of(line: AuditLine) -> str:
    """What somebody did, in one or two words."""
    if line.action in _VERBS:
        return _VERBS[line.action]
    return next((words for start, words in _BEGINNINGS if line.action.startswith(start)), _CHANGED)


def thing_of(line: AuditLine) -> str:
    """The kind of thing, in the reader's words; its short name where it has none."""
    return _THINGS.get(line.kind, line.kind)


def _asked(form: Mapping[str, str]) -> Asked:
    """Read the form. Raises InvalidInput naming the field."""
    return Asked(
        staff_id=_number(form, "staff"),
        patient_id=_patient(form.get("patient", "").strip()),
        action=form.get("action", "").strip()[:60],
        chain=form.get("what", "") if form.get("what") in ("changes", "access") else "",
        first_day=_day(form, "first_day"),
        last_day=_day(form, "last_day"),
        before=_before(form.get("before", "")),
    )


def _number(form: Mapping[str, str], field: str) -> int | None:
    text = form.get(field, "").strip()
    number = row_id(text) if text else None
    if text and number is None:
        raise InvalidInput(say("Choose somebody from the list."), field=field)
    return number


def _patient(text: str) -> int | None:
    """The patient of a number, also of one who is erased, or of a name that only one has."""
    number = row_id(text) if text else None
    if not text or number is not None:
        return number
    found = patients.find(runtime(), actor(), text)
    if not found:
        raise InvalidInput(say("Nobody here has this name."), field="patient")
    if len(found) > 1:
        words = say_many("%(num)s patient has it", "%(num)s patients have it", len(found))
        raise InvalidInput(
            say("%(patients)s. Write more of the name, or the number of the person’s page.", patients=words),
            field="patient",
        )
    return found[0].id


def _day(form: Mapping[str, str], field: str) -> date | None:
    text = form.get(field, "").strip()
    try:
        return _within_calendars(date.fromisoformat(text)) if text else None
    except ValueError:
        raise InvalidInput(say("“%(text)s” is no date; write it like 1980-05-24.", text=text), field=field) from None


def _within_calendars(day: date) -> date:
    """A day that has one before and after it in every zone. Raises ValueError."""
    if not 1 < day.year < MAXYEAR:
        raise ValueError("at the end of the calendar")
    return day


def _before(text: str) -> tuple[datetime, int] | None:
    """Where the page before ended; anything else begins with the newest."""
    instant, _, row = text.partition("~")
    number = row_id(row)
    try:
        at = datetime.fromisoformat(instant)
        _within_calendars(at.date())
    except ValueError:
        return None
    return (at, number) if number is not None and at.tzinfo is not None else None
