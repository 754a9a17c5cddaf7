"""The demo's clinic, staff and patients, all invented: their addresses end in .example, which no mail ever reaches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Final

from planner.diary.hours import WeeklyHours
from planner.services.clinic_setup import NewClinic
from planner.services.runtime import Role
from planner.services.services_offered import ServiceDetails
from planner.services.wishes import PartOfDay

CLINIC: Final = NewClinic(
    name="Harbour Clinic (demo)",
    timezone="Europe/London",
    country="GB",
    subdivision="ENG",
    address="1 Example Quay, Harbourtown",
    # Telephone numbers from the ranges that are kept free for fiction.
    phone="020 7946 0100",
    email="desk@harbour.example",
)
PASSWORD: Final = "seven calm herons"  # noqa: S105 - the demo tells it to everybody
ROOMS: Final = ("Room 1", "Room 2", "Room 3", "Room 4")
CURRENCY: Final = "GBP"
SERVICES: Final = (
    ServiceDetails("Physiotherapy with dry needling", None, 60, 30, "58"),
    ServiceDetails("Sports rehabilitation", "sports_rehabilitation", 60, 45, "72"),
)


def _hours(days: str, *stretches: tuple[int, int]) -> tuple[WeeklyHours, ...]:
    """The same stretches on several days, Monday being 0: `_hours("0123", (9, 13), (14, 18))`."""
    return tuple(WeeklyHours(int(day), time(start), time(end)) for day in days for start, end in stretches)


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody who works at the demo clinic; who has hours treats."""

    name: str
    role: Role
    hours: tuple[WeeklyHours, ...] = ()

    @property
    def email(self) -> str:
        """The address to sign in with."""
        return f"{self.name.partition(' ')[0].lower()}@harbour.example"


MANAGER: Final = Employee("Mo Adeyemi", "manager")
RECEPTION: Final = Employee("Rosa Lind", "reception")
BEN: Final = Employee("Ben Okafor", "therapist", (*_hours("01234", (8, 12), (13, 17)), *_hours("6", (10, 14))))
CLARA: Final = Employee("Clara Novak", "therapist", (*_hours("0123", (9, 13), (14, 18)), *_hours("5", (9, 13))))
DENIZ: Final = Employee("Deniz Arslan", "therapist", (*_hours("1234", (10, 14), (15, 19)), *_hours("56", (9, 14))))
THERAPISTS: Final = (BEN, CLARA, DENIZ)
STAFF: Final = (RECEPTION, *THERAPISTS, MANAGER)


@dataclass(frozen=True, slots=True)
class Absence:
    """A therapist is away; all days are counted from today."""

    who: Employee
    recorded_on: int
    first: int
    last: int
    reason: str


@dataclass(frozen=True, slots=True)
class Character:
    """A patient and how their course goes; all days are counted from today.

    Args:
        findings: protocol, weeks of symptoms, severity and goal.
        first: no visit is earlier.
        visits: how the visits go, in order of time: "." came, "m" missed, "c" cancelled two days ahead, "l" cancelled
            too late; after the last letter the patient comes.
        then: what else happens: see `courses.turn`.
        then_on: and when.
        left_open: so many sessions get no date yet, because the patient does not know their shifts.
        reachable: has an e-mail address.
        pain_a_visit: what becomes of the pain from one visit to the next, of 10; None: nobody measured it.
        note: what the therapist writes down after the first meeting.
    """

    name: str
    findings: tuple[str, float, str, str]
    therapist: Employee
    first: int
    visits: str = ""
    likes: PartOfDay = "any"
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    then: str = ""
    then_on: int | None = None
    left_open: int = 0
    reachable: bool = True
    timezone: str | None = None
    pain_a_visit: float | None = -0.8
    note: str = ""

    @property
    def booked_on(self) -> int:
        """Two days before the first visit, but yesterday at the latest."""
        return min(self.first - 2, -1)

    @property
    def email(self) -> str:
        """An address that no mail ever reaches."""
        return f"{self.name.lower().replace(' ', '.')}@patients.example" if self.reachable else ""


_BACK: Final = ("chronic_pain", 40, "moderate", "lasting")
_NECK: Final = ("chronic_pain", 26, "severe", "relief")
_ANKLE: Final = ("acute_injury", 1, "moderate", "relief")
_CALF: Final = ("acute_injury", 2, "severe", "relief")
_RUNNER: Final = ("sports_rehabilitation", 6, "moderate", "lasting")
_ROWER: Final = ("sports_rehabilitation", 4, "severe", "relief")
_KNEE: Final = ("post_surgery", 3, "moderate", "lasting")
_SHOULDER: Final = ("post_surgery", 5, "severe", "lasting")
_ARTHRITIS: Final = ("chronic_condition", 200, "severe", "lasting")
_MIGRAINE: Final = ("chronic_condition", 120, "moderate", "lasting")
_HIP_NEW: Final = ("piriformis_syndrome", 4, "severe", "relief")
_HIP: Final = ("piriformis_syndrome", 9, "moderate", "lasting")
_HIP_OLD: Final = ("piriformis_syndrome", 30, "severe", "lasting")

_ANAS_NOTE: Final = "Desk work, sits long. Afraid of needles: say before each one, and begin with the calf."

CHARACTERS: Final = (
    # Those of today's list: their first visit was whole weeks ago, so the weekly ones fall on today.
    Character("Ana Silva", _BACK, BEN, -21, ".m", then="confirms", then_on=-1, note=_ANAS_NOTE),
    Character("Tom Fairweather", _NECK, DENIZ, -35, likes="morning", pain_a_visit=-1.4),
    Character("Ivy Hollis", _KNEE, CLARA, -14),
    Character("Noor Haddad", _ARTHRITIS, BEN, -42, "..l"),
    Character("Leo Brandt", _HIP_OLD, DENIZ, -14),
    Character("Grace Oyelaran", _MIGRAINE, CLARA, -28, likes="afternoon", pain_a_visit=0.0),
    Character("Emil Sorensen", _SHOULDER, DENIZ, -7),
    Character("Yuki Tanabe", _HIP, BEN, -7),
    Character("Priya Raman", _BACK, CLARA, 0),
    Character("Owen Castle", _KNEE, BEN, 0),
    # Courses that run.
    Character("Marta Kowal", _BACK, BEN, -25, likes="morning", days=(0, 1, 2, 3, 4)),
    Character("Jonas Lindqvist", _RUNNER, CLARA, -12, likes="afternoon"),
    Character("Beatrice Moon", _ARTHRITIS, DENIZ, -50, "...m", pain_a_visit=0.3),
    Character("Hugo Ferreira", _ROWER, BEN, -9, days=(0, 1, 2, 3, 4)),
    Character("Sofia Marino", _NECK, CLARA, -18, ".c", then="confirms", then_on=-1),
    Character("Arthur Penrose", _MIGRAINE, BEN, -45, then="less often", then_on=-6),
    Character("Lena Vogel", _HIP_OLD, CLARA, -20, likes="morning", timezone="Europe/Berlin"),
    Character("Samir Khoury", _KNEE, DENIZ, -11),
    Character("Edith Barrow", _BACK, CLARA, -30, reachable=False, pain_a_visit=None),
    Character("Kofi Mensah", _RUNNER, DENIZ, -6, "m"),
    Character("Rose Tilley", _SHOULDER, BEN, -24, then="more often", then_on=-5),
    Character("Victor Anand", _CALF, DENIZ, -4),
    # Courses that went astray, and were repaired or wait for a person.
    Character("Wanda Pryce", _BACK, BEN, -16, ".mm", days=(0, 1, 2, 3)),
    Character("Felix Thorne", _HIP_OLD, DENIZ, -18, "..lm", pain_a_visit=None),
    Character("Ines Duarte", _ARTHRITIS, CLARA, -20, ".m", days=(2,)),
    Character("Max Ritter", _NECK, BEN, -20, ".m", days=(1,), then="catches up", then_on=-3),
    Character("Clement Hart", _MIGRAINE, CLARA, -26, ".m.m"),
    Character("Nina Castellan", _ROWER, DENIZ, -5, left_open=5),
    Character("Oscar Dunne", _ROWER, CLARA, -8, "l", reachable=False),
    # Courses that are over, or go on once a month.
    Character("Paula Reyes", _ANKLE, BEN, -40),
    Character("George Whitlock", _HIP_NEW, CLARA, -34),
    Character("Amara Bello", _CALF, DENIZ, -31, ".m"),
    Character("Stefan Weiss", _ROWER, CLARA, -60),
    Character("Helen Carver", _HIP, BEN, -70),
    Character("Diego Salas", _HIP, CLARA, -68, "c"),
    Character("Mabel Ashworth", _HIP, DENIZ, -66, ".m"),
    # Courses that have not begun.
    Character("Rafael Costa", _ANKLE, CLARA, 2, then="confirms", then_on=-1),
    Character("Lucy Pemberton", _RUNNER, BEN, 4, reachable=False),
    Character("Ahmed Farouk", _ARTHRITIS, DENIZ, 6, likes="afternoon"),
    Character("Elsa Nyberg", _HIP_NEW, CLARA, 3, then="called off", then_on=-1),
)

ABSENCES: Final = (
    Absence(CLARA, -20, -9, -8, "conference"),
    Absence(DENIZ, -3, 8, 12, "holiday"),
)
