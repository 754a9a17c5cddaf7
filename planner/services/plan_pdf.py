"""The patient's plan on paper: a PDF with the dates, what to know, and a QR code which leads to the plan of the day."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import segno
import typst

from planner.languages import place_words, spoken
from planner.services.patient_plan import PatientPlan
from planner.services.patient_visits import PlanVisit
from planner.words import day_said, in_language, say, say_many

_PHASES: Final = {
    "intensive": say("Close together at first"),
    "taper": say("Then further apart"),
    "maintenance": say("Now and then, so that it stays good"),
}


def plan_pdf(plan: PatientPlan, link: str, language: str, *, fonts: typst.Fonts | None = None) -> bytes:
    """The plan as it is now, to print.

    Args:
        link: the patient's personal link, which the QR code holds.
        language: a BCP 47 tag.
        fonts: to draw with; None for all that there are.
    """
    says = _put(_words(plan, link, language), language)
    # A fixed date: the same plan gives the same bytes.
    stamp = int(datetime(plan.today.year, plan.today.month, plan.today.day, tzinfo=ZoneInfo("UTC")).timestamp())
    data = {"plan": json.dumps(says)}
    # Tagged for screen readers, but not declared PDF/UA: that refuses a name which no font here can draw.
    return typst.compile(_layout(), format="pdf", sys_inputs=data, font_paths=fonts or _fonts(), timestamp=stamp)


@cache
def _layout() -> bytes:
    return files("planner.services").joinpath("plan.typ").read_bytes()


@cache
def _fonts() -> typst.Fonts:
    """The system's fonts, and those which set-up put beside the program."""
    beside = Path(sys.prefix) / "share" / "fonts"
    return typst.Fonts(font_paths=[beside] if beside.is_dir() else [])


def _words(plan: PatientPlan, link: str, language: str) -> dict[str, Any]:
    """What the layout asks for; sentences are still to be put into the language, but for names of towns."""
    printed = say("As of %(day)s. The plan behind the code is always up to date.", day=day_said(plan.today, "full"))
    scan = say("Scan this with your phone to see the plan as it stands today, to confirm or to change a visit.")
    return {
        "language": spoken(language),
        "title": say("Your plan"),
        "clinic": plan.clinic.name,
        "name": plan.name,
        "lead": list(_lead(plan, language)),
        "columns": [say("When"), say("With whom and where"), say("Visit")],
        "parts": [
            {"title": _PHASES[part.phase], "visits": [_visit(plan, visit) for visit in part.visits]}
            for part in plan.phases
        ],
        "waiting": list(_waiting(plan)),
        "advice": list(_advice(plan)),
        "contact": {"title": say("Reach us"), "lines": list(_contact(plan))},
        "printed": printed,
        "scan": scan,
        "link": link,
        "qr": _qr_svg(link),
    }


def _lead(plan: PatientPlan, language: str) -> Iterator[str]:
    if plan.next is None:
        yield say("No visit is booked at the moment.")
    else:
        yield say_many("%(num)s visit is ahead.", "%(num)s visits are ahead.", len(plan.upcoming))
    if plan.zone != plan.clinic.zone:
        place = place_words(ZoneInfo(plan.zone), language)
        yield say("The times are those in %(place)s, where you are.", place=place)


def _visit(plan: PatientPlan, visit: PlanVisit) -> dict[str, str]:
    here, until = (each.astimezone(ZoneInfo(plan.zone)) for each in (visit.starts_at, visit.ends_at))
    span = f"{here:%H:%M}–{until:%H:%M}"
    total = visit.total
    return {
        "when": say("%(day)s, %(time)s", day=day_said(here.date(), "full"), time=span),
        "clock": _clinics_clock(plan, visit),
        "who": ", ".join(filter(None, (visit.practitioner, visit.room))),
        "number": say("%(number)s of %(total)s", number=visit.number, total=total) if total else str(visit.number),
    }


def _clinics_clock(plan: PatientPlan, visit: PlanVisit) -> str:
    """The time at the clinic where its clock shows another."""
    here, there = (visit.starts_at.astimezone(ZoneInfo(zone)) for zone in (plan.zone, plan.clinic.zone))
    if there.replace(tzinfo=None) == here.replace(tzinfo=None):
        return ""
    time = f"{there:%H:%M}"
    if there.date() == here.date():
        return say("%(time)s at the clinic", time=time)
    return say("%(day)s, %(time)s at the clinic", day=day_said(there.date(), "full"), time=time)


def _waiting(plan: PatientPlan) -> Iterator[str]:
    if plan.waiting:
        yield say_many("%(num)s visit has no date yet.", "%(num)s visits have no date yet.", len(plan.waiting))


def _advice(plan: PatientPlan) -> Iterator[dict[str, Any]]:
    if plan.advice:
        yield {"title": say("Before your first visit"), "lines": list(plan.advice)}
    if plan.upcoming or plan.past:
        yield {"title": say("After a visit"), "lines": list(plan.aftercare)}


def _contact(plan: PatientPlan) -> Iterator[str]:
    clinic = plan.clinic
    yield from filter(None, (clinic.name, clinic.phone, clinic.email, clinic.address))
    if clinic.notice_hours:
        yield say_many(
            "If you can't come, please tell us at least %(num)s hour before.",
            "If you can't come, please tell us at least %(num)s hours before.",
            clinic.notice_hours,
        )


def _put(words: Any, language: str) -> Any:
    """All sentences in the reader's language."""
    if isinstance(words, dict):
        return {name: _put(each, language) for name, each in words.items()}
    if isinstance(words, list):
        return [_put(each, language) for each in words]
    return in_language(words, language)


def _qr_svg(text: str) -> str:
    """The text as a QR code which a crease in the paper leaves readable."""
    out = io.BytesIO()
    segno.make(text, error="q", micro=False).save(out, kind="svg", border=4, xmldecl=False)
    return out.getvalue().decode()
