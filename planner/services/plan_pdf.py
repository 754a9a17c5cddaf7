"""The patient's plan on paper: a PDF with the dates, what to know, and a QR code which leads to the plan of the day."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import segno
import typst

from planner.languages import day_words, place_words, texts
from planner.services.patient_plan import PatientPlan
from planner.services.patient_visits import PlanVisit


def plan_pdf(plan: PatientPlan, link: str, language: str, *, fonts: typst.Fonts | None = None) -> bytes:
    """The plan as it is now, to print.

    Args:
        link: the patient's personal link, which the QR code holds.
        language: a BCP 47 tag.
        fonts: to draw with; None for all that there are.
    """
    says = _Words(plan, link, language).all()
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


class _Words:
    """All that stands on the paper, in one language."""

    def __init__(self, plan: PatientPlan, link: str, language: str) -> None:
        self.plan = plan
        self.link = link
        self.language = language
        self.words = texts(language)

    def all(self) -> dict[str, Any]:
        """What the layout asks for."""
        _, plan = self.words.gettext, self.plan
        printed = _("As of %(day)s. The plan behind the code is always up to date.")
        return {
            "language": self.language.partition("-")[0],
            "title": _("Your plan"),
            "clinic": plan.clinic.name,
            "name": plan.name,
            "lead": list(self._lead()),
            "columns": [_("When"), _("With whom and where"), _("Visit")],
            "parts": list(self._parts()),
            "waiting": list(self._waiting()),
            "advice": list(self._advice()),
            "contact": {"title": _("Reach us"), "lines": list(self._contact())},
            "printed": printed % {"day": self._day(plan.today)},
            "scan": _("Scan this with your phone to see the plan as it stands today, to confirm or to change a visit."),
            "link": self.link,
            "qr": _qr_svg(self.link),
        }

    def _lead(self) -> Iterator[str]:
        _, plan = self.words.gettext, self.plan
        if plan.next is None:
            yield _("No visit is booked at the moment.")
        else:
            count = len(plan.upcoming)
            words = self.words.ngettext("%(count)s visit is ahead.", "%(count)s visits are ahead.", count)
            yield words % {"count": count}
        if plan.zone != plan.clinic.zone:
            words = _("The times are those in %(place)s, where you are.")
            yield words % {"place": place_words(ZoneInfo(plan.zone), self.language)}

    def _parts(self) -> Iterator[dict[str, Any]]:
        _ = self.words.gettext
        titles = {
            "intensive": _("Close together at first"),
            "taper": _("Then further apart"),
            "maintenance": _("Now and then, so that it stays good"),
        }
        for part in self.plan.phases:
            yield {"title": titles[part.phase], "visits": [self._visit(visit) for visit in part.visits]}

    def _visit(self, visit: PlanVisit) -> dict[str, str]:
        _, plan = self.words.gettext, self.plan
        here = visit.starts_at.astimezone(ZoneInfo(plan.zone))
        until = visit.ends_at.astimezone(ZoneInfo(plan.zone))
        there = visit.starts_at.astimezone(ZoneInfo(plan.clinic.zone))
        clock = ""
        if there.replace(tzinfo=None) != here.replace(tzinfo=None):
            time = f"{there:%H:%M}" if there.date() == here.date() else f"{self._day(there.date())}, {there:%H:%M}"
            clock = _("%(time)s at the clinic") % {"time": time}
        number = (
            _("%(number)s of %(total)s") % {"number": visit.number, "total": visit.total}
            if visit.total
            else str(visit.number)
        )
        return {
            "when": f"{self._day(here.date())}, {here:%H:%M}–{until:%H:%M}",
            "clock": clock,
            "who": ", ".join(filter(None, (visit.practitioner, visit.room))),
            "number": number,
        }

    def _waiting(self) -> Iterator[str]:
        count = len(self.plan.waiting)
        if count:
            words = self.words.ngettext("%(count)s visit has no date yet.", "%(count)s visits have no date yet.", count)
            yield words % {"count": count}

    def _advice(self) -> Iterator[dict[str, Any]]:
        _, plan = self.words.gettext, self.plan
        if plan.advice:
            yield {"title": _("Before your first visit"), "lines": [str(says) for says in plan.advice]}
        if plan.upcoming or plan.past:
            yield {"title": _("After a visit"), "lines": [str(says) for says in plan.aftercare]}

    def _contact(self) -> Iterator[str]:
        clinic = self.plan.clinic
        yield clinic.name
        yield from filter(None, (clinic.phone, clinic.email, clinic.address))
        if clinic.notice_hours:
            words = self.words.ngettext(
                "If you can't come, please tell us at least %(hours)s hour before.",
                "If you can't come, please tell us at least %(hours)s hours before.",
                clinic.notice_hours,
            )
            yield words % {"hours": clinic.notice_hours}

    def _day(self, day: date) -> str:
        return day_words(day, self.language)


def _qr_svg(text: str) -> str:
    """The text as a QR code which a crease in the paper leaves readable."""
    out = io.BytesIO()
    segno.make(text, error="q", micro=False).save(out, kind="svg", border=4, xmldecl=False)
    return out.getvalue().decode()
