"""Fault 13: the clocks change at midnight, by half an hour, or at three. Visits keep their time, nights their work."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from sqlalchemy import select

from planner.services import feeds, integrity
from planner.services.assessments import of_patient
from planner.services.backup_folder import BackupFolder, moment_of
from planner.services.backups import nightly_backup
from planner.services.booking import BookingRequest, book_course, propose
from planner.services.feed_memory import FeedMemory
from planner.services.wishes import Wishes
from planner.storage.courses import AppointmentRow
from planner.storage.ids import new_id
from planner.storage.nights import NightWorkRow
from tests.faults.checks import assert_whole
from tests.faults.scenes import make_busy_clinic

pytestmark = [pytest.mark.faults, pytest.mark.slow]

# The zone, the day of the change, and a time of the wall clock that there is twice or never on it.
CHANGES = [
    ("Africa/Cairo", date(2026, 4, 24), time(0, 30)),
    ("Africa/Cairo", date(2026, 10, 29), time(23, 30)),
    ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 10)),
    ("Australia/Lord_Howe", date(2026, 4, 5), time(1, 40)),
    ("Europe/Berlin", date(2026, 3, 29), time(2, 30)),
    ("Europe/Berlin", date(2026, 10, 25), time(2, 30)),
]
IDS = [f"{zone} {day}" for zone, day, _ in CHANGES]
DAYS, TICK = 2, timedelta(minutes=30)
OPENS, CLOSES = time(9), time(10)


@pytest.fixture(params=CHANGES, ids=IDS)
def change(request):
    """(zone, day, time)."""
    name, day, wall = request.param
    return ZoneInfo(name), day, wall


@pytest.fixture
def busy(tmp_path, change):
    """A clinic in that zone, open from nine to ten, five days before its clocks change."""
    zone, day, _ = change
    now = datetime.combine(day - timedelta(days=5), time(12), tzinfo=zone).astimezone(UTC)
    clinic = make_busy_clinic(tmp_path / "planner.sqlite", 1, zone=zone.key, now=now, hours=("09:00", "10:00"))
    return clinic, clinic.runtime(now)


def test_fault_13_visits_keep_their_time_on_the_wall_when_the_clocks_change(busy, change, record_fault):
    """A course across the change: each visit within opening hours, in the diary and in the calendar."""
    (clinic, runtime), (zone, *_) = busy, change
    _book(clinic, runtime)
    with runtime.reading(clinic.actor) as unit:
        starts = sorted(unit.session.scalars(select(AppointmentRow.starts_at)))
    walls = [start.astimezone(zone) for start in starts]
    assert len({wall.utcoffset() for wall in walls}) == 2, "the course does not reach across the change"
    assert all(OPENS <= wall.time() < CLOSES for wall in walls)
    address = feeds.create_feed(runtime, clinic.reception.actor, patient_id=clinic.patients[0])
    data = feeds.feed_for_token(runtime, feeds.token_in(address), FeedMemory()).written.data
    shown = sorted(event["DTSTART"].dt.astimezone(UTC) for event in Calendar.from_ical(data).walk("VEVENT"))
    assert shown == starts
    assert_whole(clinic.file)
    record_fault("visits across a change of clocks (00:00, 02:00 by half an hour, 03:00): wall time kept", len(starts))


def _book(clinic, runtime):
    with runtime.reading(clinic.actor) as unit:
        found = of_patient(unit, clinic.patients[0])[0]
    request = BookingRequest(
        course_id=new_id(), patient_id=clinic.patients[0], assessment_id=found.id, phases=found.phases,
        first_visit_minutes=30, visit_minutes=30, wishes=Wishes(clinic.therapists),
        earliest_day=runtime.clock.now().date() + timedelta(days=1),
    )  # fmt: skip
    places = propose(runtime, clinic.actor, request, with_alternatives=False).places
    book_course(runtime, clinic.actor, request, places)


def test_fault_13_each_night_has_its_work_once_when_the_clocks_change(busy, change, tmp_path, record_fault):
    """Over five dates: the look through the data and the backup are done for each of them, once.

    The control works when the wall clock shows a certain time, as a crontab does: on one date never, or twice.
    """
    (clinic, runtime), (zone, day, wall) = busy, change
    runtime = replace(runtime, backups=BackupFolder(tmp_path / "backups"))
    dates = [day + timedelta(days=offset) for offset in range(-DAYS, DAYS + 1)]
    runtime.clock.set(datetime.combine(dates[0], time(1), tzinfo=zone).astimezone(UTC))
    end = datetime.combine(dates[-1], time(23), tzinfo=zone).astimezone(UTC)
    looked, shown = [], Counter()
    while runtime.clock.now() < end:
        integrity.sweep_integrity(runtime)
        nightly_backup(runtime)
        looked += _newly_over(clinic, runtime, looked)
        shown.update(_times_shown(runtime.clock.now(), zone, wall))
        runtime.clock.advance(seconds=TICK.total_seconds())
    assert looked == dates
    moments = [moment_of(file).astimezone(zone) for file in runtime.backups.backups()]
    assert [moment.date() for moment in moments] == dates
    assert all(moment.time() >= time(2) for moment in moments)
    assert shown[day] != 1, "this time of the wall clock is there once: no control"
    record_fault("nightly work across a change of clocks: each date once", times=len(dates))


def _newly_over(clinic, runtime, known):
    """The night whose work is over, if it was not seen yet."""
    with runtime.reading(clinic.actor) as unit:
        row = unit.session.scalar(select(NightWorkRow).where(NightWorkRow.name == integrity.NAME))
    over = row is not None and row.ended_at is not None and row.night not in known
    return [row.night] if over else []


def _times_shown(now, zone, wall):
    """The dates on which the wall clock shows this time during a tick."""
    minutes = (now + timedelta(minutes=minute) for minute in range(int(TICK.total_seconds() // 60)))
    moments = (minute.astimezone(zone) for minute in minutes)
    return [moment.date() for moment in moments if moment.time().replace(second=0, microsecond=0) == wall]
