"""From what was measured to what a clinic needs: work, rows, bytes, the busiest hour, money."""

import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scale.rates import USUAL, Rates
from benchmarks.scale.year import FRESH, PAGE, POLL, Year
from planner.sweeps import SWEEPS

FEEDS_PAGE = Path(__file__).parents[1] / "FEEDS.md"
_HOURS_A_YEAR = 365 * 24
WEEKS_IN_USE = 12
"""So long a patient's phone asks for a calendar: about a course."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """What was not measured.

    Args:
        machine: a month of a machine of two cores, in euros.
        gigabyte: a month of a gigabyte of disk, in euros, its backups included.
        peak_share: of a week's work for people, that of the busiest hour, Monday 8 to 9; an even week has 1 in 50.
        load: how busy the machine may be in that hour.
        cores: of the machine.
    """

    machine: float = 25.0
    gigabyte: float = 0.30
    peak_share: float = 0.06
    load: float = 0.5
    cores: int = 2
    as_of: str = "November 2026"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event: how many in a clinic's year, and seconds of each."""

    name: str
    a_year: float
    seconds: float
    measured: int

    @property
    def seconds_a_year(self) -> float:
        """Of one clinic."""
        return self.a_year * self.seconds


def kinds(year: Year, rates: Rates = USUAL) -> list[Kind]:
    """All kinds with their number in a clinic's year: as counted, or by the rates where only some were done."""
    visits = year.meter.events["visit given"] / year.share
    phones = year.meter.events["calendar made"] / year.share * WEEKS_IN_USE / 52 + rates.therapists
    by_rates = {
        PAGE: visits * (rates.pages + rates.own_pages),
        FRESH: phones * 365,
        POLL: phones * (rates.polls_a_day - 1) * 365,
    }
    return [
        Kind(name, by_rates.get(name, count / year.share), year.meter.each(name), count)
        for name, count in sorted(year.meter.events.items())
    ]


def sweep_seconds(year: Year) -> dict[str, tuple[float, float]]:
    """By sweep: seconds of a round at all clinics, and the share of the time it is at work."""
    every = {sweep.name: sweep.every.total_seconds() for sweep in SWEEPS}
    return {name: (year.rounds.each(name), year.rounds.each(name) / every[name]) for name in sorted(year.rounds.events)}


@dataclass(frozen=True)
class Answers:
    """What follows for the clinics together.

    Args:
        work: hours of one process for a year's events of all clinics.
        timers: the share of one process that the sweeps keep busy.
        peak: seconds of work in the busiest hour, of all clinics.
        fits: clinics that one machine holds at the load that was assumed, timers included.
        cost: euros a clinic and month on such a machine, the disk of its first year included.
    """

    work: float
    timers: float
    peak: float
    fits: int
    cost: float
    rows: float
    bytes: float
    courses_a_second: float


def answers(year: Year, assumed: Assumed) -> Answers:
    """The arithmetic; each line of it stands on the page."""
    each = {kind.name: kind.seconds_a_year for kind in kinds(year)}
    whole, polled = sum(each.values()), each.get(FRESH, 0.0) + each.get(POLL, 0.0)
    timers = sum(share for _, share in sweep_seconds(year).values())
    # Phones ask by night as by day; people come on Monday morning.
    peak_of_one = (whole - polled) / 52 * assumed.peak_share + polled / _HOURS_A_YEAR
    # What sweeps cost grows with the clinics, as their loops do.
    of_one = peak_of_one + 3600 * timers / year.clinics
    fits = int(assumed.load * 3600 * assumed.cores / of_one)
    rows = (year.ended.all_rows - year.began.all_rows) / year.share
    size = (year.ended.all_bytes - year.began.all_bytes) / year.share
    planning = sum(year.meter.each(name) for name in ("course planned", "course booked"))
    return Answers(
        work=year.clinics * whole / 3600,
        timers=timers,
        peak=year.clinics * peak_of_one,
        fits=fits,
        cost=assumed.machine / fits + assumed.gigabyte * size / 1e9,
        rows=rows,
        bytes=size,
        courses_a_second=1 / planning,
    )


def feeds_a_second(page: Path = FEEDS_PAGE) -> tuple[int, int]:
    """Unchanged and whole calendars that one serving process answers in a second, from FEEDS.md."""
    text = page.read_text(encoding="utf-8")

    def of(name: str) -> int:
        found = re.search(rf"^\| {re.escape(name)} \| (\d+) \|", text, re.MULTILINE)
        if found is None:
            raise ValueError(f"FEEDS.md has no line “{name}”")
        return int(found.group(1))

    return of("our feed, 304"), of("our feed, 20 events")
