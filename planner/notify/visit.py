"""A visit as a message tells of it, in the patient's own time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from planner.languages import day_words, place_words
from planner.notify.message import one_line


@dataclass(frozen=True, slots=True)
class Visit:
    """One appointment, as a patient needs to know it.

    Args:
        starts_at: instant, aware.
        minutes: how long it lasts.
        with_whom: the practitioner's name.
        where: room or address, or "".
    """

    starts_at: datetime
    minutes: int
    with_whom: str
    where: str

    def __post_init__(self) -> None:
        if self.starts_at.tzinfo is None or self.minutes <= 0:
            raise ValueError(f"a visit of {self.minutes} minutes at {self.starts_at!r}")


@dataclass(frozen=True, slots=True)
class VisitWords:
    """A visit in words.

    Args:
        day: e.g. "Tuesday 24 November 2026".
        short_day: without the year.
        time: e.g. "10:00".
        clinic_time: what the clinic's clocks show then; "" where that is the same.
    """

    day: str
    short_day: str
    time: str
    clinic_time: str
    minutes: int
    with_whom: str
    where: str


@dataclass(frozen=True, slots=True)
class OwnWords:
    """What a clinic adds to a letter, as it was typed: lines, and empty ones between paragraphs.

    Args:
        opening: before what the letter tells; "" for nothing.
        closing: after it.
    """

    opening: str = ""
    closing: str = ""

    def words(self) -> dict[str, object]:
        """What the frame of every template shows: paragraphs, each a tuple of lines that break nothing."""
        return {"opening": _paragraphs(self.opening), "closing": _paragraphs(self.closing)}


def _paragraphs(text: str) -> tuple[tuple[str, ...], ...]:
    lines = (one_line(line) for line in text.splitlines())
    groups = (tuple(group) for filled, group in groupby(lines, bool) if filled)
    return tuple(groups)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes to whom; the same for every kind of message.

    Args:
        clinic_name: as patients know it.
        clinic_phone: to call, or "".
        clinic_zone: in which its clocks run.
        greeting: what the patient is called by, e.g. "Ana".
        patient_zone: in which the patient reads times.
        plan_url: the patient's personal page, http or https; None if there is none to give.
        language: BCP 47 tag of the language to write in, e.g. "en" or "de-AT".
        own: the clinic's own words in that language, by the kind of letter.
    Raises:
        ValueError: the address of the page is no web address.
    """

    clinic_name: str
    clinic_phone: str
    clinic_zone: ZoneInfo
    greeting: str
    patient_zone: ZoneInfo
    plan_url: str | None
    language: str = "en"
    own: Mapping[str, OwnWords] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.plan_url is not None and urlsplit(self.plan_url).scheme not in ("http", "https"):
            raise ValueError("a plan page has an http or https address")

    def words(self, visits: Iterable[Visit]) -> dict[str, object]:
        """What the frame of every template shows; names come cleaned.

        Args:
            visits: all that the message names, to know whether to explain whose time it gives.
        """
        return {
            "clinic_name": one_line(self.clinic_name),
            "clinic_phone": one_line(self.clinic_phone),
            "greeting": one_line(self.greeting),
            "plan_url": self.plan_url,
            "patient_place": place_words(self.patient_zone, self.language),
            "times_differ": any(self.visit_words(visit).clinic_time for visit in visits),
        }

    def visit_words(self, visit: Visit) -> VisitWords:
        """The visit in the patient's time, with the clinic's where it is another."""
        wall = visit.starts_at.astimezone(self.patient_zone).replace(tzinfo=None)
        at_clinic = visit.starts_at.astimezone(self.clinic_zone).replace(tzinfo=None)
        clinic_time = "" if at_clinic == wall else f"{at_clinic:%H:%M}"
        if clinic_time and at_clinic.date() != wall.date():
            clinic_time = f"{self._day(at_clinic, with_year=False)}, {clinic_time}"
        return VisitWords(
            day=self._day(wall),
            short_day=self._day(wall, with_year=False),
            time=f"{wall:%H:%M}",
            clinic_time=clinic_time,
            minutes=visit.minutes,
            with_whom=one_line(visit.with_whom),
            where=one_line(visit.where),
        )

    def _day(self, wall: datetime, *, with_year: bool = True) -> str:
        return day_words(wall.date(), self.language, with_year=with_year)
