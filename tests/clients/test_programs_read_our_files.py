"""Real calendar programs show the same instants, titles and states as the list of appointments."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from planner.calendars.event import CalendarEvent
from planner.calendars.feed import download_bytes, feed_bytes
from tests.calendars.samples import a_feed, an_event
from tests.clients.programs import PROGRAMS, Seen

pytestmark = [pytest.mark.clients, pytest.mark.slow]

REVISED_AT = datetime(2026, 10, 9, 7, 15, tzinfo=UTC)
# Yearly rules of every form, and no change at all.
STEADY_ZONES = [
    "America/Nuuk",
    "America/Santiago",
    "Antarctica/Troll",
    "Asia/Jerusalem",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Pacific/Apia",
    "UTC",
]
# No yearly rule. Khal and node-ical go by a zone database of their own, and where a government decides from year to
# year theirs may be another edition than ours; the other two go by the VTIMEZONE in the file.
DECREED_ZONES = ["Africa/Cairo", "Africa/Casablanca", "Asia/Gaza"]
BY_THE_FILE = ["ical.js", "vobject"]

every_program = pytest.mark.parametrize("program", PROGRAMS)


def local(day: datetime, zone: str, hour: int, minute: int = 0) -> datetime:
    """That wall time of the day, as an instant in UTC."""
    return day.replace(hour=hour, minute=minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def a_course(zone: str) -> list[CalendarEvent]:
    """Weekly morning sessions from September to April, and one on each day around both clock changes."""
    first = datetime(2026, 9, 7)
    weekly = [local(first + timedelta(weeks=week), zone, 9) for week in range(32)]
    changes = [datetime(2026, 10, 25), datetime(2026, 11, 1), datetime(2027, 3, 14), datetime(2027, 3, 28)]
    around = [local(day + timedelta(days=n), zone, 16, 15) for day in changes for n in (-1, 0, 1)]
    return [an_event(number, starts_at=start, timezone=zone) for number, start in enumerate([*weekly, *around], 1)]


def revised(course: list[CalendarEvent]) -> list[CalendarEvent]:
    """The course after a move over the clock change, a cancellation, and a catch-up session."""
    moved, cancelled, *rest = course
    new_start = moved.starts_at + timedelta(weeks=10, hours=2)
    return [
        replace(
            moved, starts_at=new_start, ends_at=new_start + timedelta(minutes=30), sequence=1, revised_at=REVISED_AT
        ),
        replace(cancelled, cancelled=True, sequence=1, revised_at=REVISED_AT),
        *rest,
        an_event(99, starts_at=moved.starts_at + timedelta(days=3), timezone=moved.timezone, revised_at=REVISED_AT),
    ]


def as_seen(events: list[CalendarEvent]) -> list[Seen]:
    """What a program should show."""
    return sorted(
        Seen(
            event.starts_at,
            event.ends_at,
            event.uid,
            ("Cancelled: " if event.cancelled else "") + event.summary,
            event.cancelled,
        )
        for event in events
    )


@every_program
@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York"])
def test_a_course_over_both_clock_changes_is_read_as_planned_before_and_after_a_repair(
    program: str, zone: str, tmp_path: Path
) -> None:
    """Also by a program that keeps what it read before: nothing twice, nothing left behind."""
    course = a_course(zone)
    assert PROGRAMS[program](feed_bytes(a_feed(*course)), tmp_path) == as_seen(course)
    repaired = revised(course)
    assert PROGRAMS[program](feed_bytes(a_feed(*repaired)), tmp_path) == as_seen(repaired)


@every_program
def test_the_hours_before_and_after_the_clocks_change_are_read_as_planned(program: str, tmp_path: Path) -> None:
    """Every quarter of an hour of four nights, the hour that comes twice among them."""
    nights = [datetime(2026, 10, 25), datetime(2026, 11, 1, 4), datetime(2027, 3, 14, 5), datetime(2027, 3, 28)]
    starts = [night.replace(tzinfo=UTC) + timedelta(minutes=15 * n) for night in nights for n in range(-8, 24)]
    zones = ["Europe/London", "America/New_York"]
    events = [
        an_event(number, starts_at=start, timezone=zones[number % 2])
        for number, start in enumerate(sorted(starts * 2), 1)
    ]
    assert PROGRAMS[program](feed_bytes(a_feed(*events)), tmp_path) == as_seen(events)


def a_feed_of_zones(zones: list[str]) -> list[CalendarEvent]:
    """Half a course in each zone."""
    return [replace(event, uid=f"{zone}-{event.uid}", timezone=zone) for zone in zones for event in a_course(zone)[::2]]


@every_program
def test_clinics_in_far_zones_are_read_as_planned(program: str, tmp_path: Path) -> None:
    """All in one feed."""
    events = a_feed_of_zones(STEADY_ZONES)
    assert PROGRAMS[program](feed_bytes(a_feed(*events)), tmp_path) == as_seen(events)


@pytest.mark.parametrize("program", BY_THE_FILE)
def test_clinics_in_zones_without_yearly_rules_are_read_as_planned(program: str, tmp_path: Path) -> None:
    """By the changes that the file lists one by one."""
    events = a_feed_of_zones(DECREED_ZONES)
    assert PROGRAMS[program](feed_bytes(a_feed(*events)), tmp_path) == as_seen(events)


@every_program
def test_a_download_of_a_whole_course_is_read_as_planned(program: str, tmp_path: Path) -> None:
    """The file that is opened once."""
    course = a_course("Europe/London")
    assert PROGRAMS[program](download_bytes(course), tmp_path) == as_seen(course)


@every_program
@pytest.mark.parametrize(
    "title",
    [
        "Termin, Praxis am Fluß; 2. Stock",
        "診療所 " * 20 + "予約",
        "תור במרפאה לפיזיותרפיה",
        "🦵🏽👩‍⚕️ " * 15 + "see you",
        "Room 2\\B, 50 % off",
    ],
)
def test_titles_come_through_whole(program: str, title: str, tmp_path: Path) -> None:
    """Commas, backslashes, folds inside foreign scripts."""
    event = an_event(1, summary=title)
    assert PROGRAMS[program](download_bytes([event]), tmp_path) == as_seen([event])


@pytest.mark.parametrize("program", BY_THE_FILE)
def test_the_judges_go_by_the_vtimezone_in_the_file(program: str, tmp_path: Path) -> None:
    """A control: with a summer time an hour too far these two must show an hour's error."""
    event = an_event(1)
    wrong = feed_bytes(a_feed(event)).replace(b"TZOFFSETTO:+0100", b"TZOFFSETTO:+0200")
    (seen,) = PROGRAMS[program](wrong, tmp_path)
    assert seen.starts_at == event.starts_at - timedelta(hours=1)
