"""What a miss means: when it is late, how many stand in a row, when a person takes over, when to catch up."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from planner.care.assessment import Protocol
from planner.care.attendance import (
    CatchUp,
    MissAction,
    PastVisit,
    catch_up,
    is_late_cancellation,
    misses_in_a_row,
    verdict_after_miss,
)
from planner.care.evidence import Evidence
from planner.care.factors import is_chronic

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DONE = PastVisit("fulfilled")
MISSED = PastVisit("noshow")
LATE = PastVisit("cancelled", late=True)
IN_TIME = PastVisit("cancelled")


@pytest.mark.parametrize(("hours", "late"), [(25, False), (24, False), (23.99, True), (0, True), (-1, True)])
def test_a_cancellation_inside_the_notice_is_late(hours, late):
    """Exactly the notice is in time."""
    assert is_late_cancellation(NOON + timedelta(hours=hours), NOON, 24) == late


def test_notice_is_counted_in_elapsed_hours_across_a_clock_change():
    """From Saturday noon to Sunday noon in spring London has 23 hours."""
    london = ZoneInfo("Europe/London")
    saturday, sunday = datetime(2026, 3, 28, 12, tzinfo=london), datetime(2026, 3, 29, 12, tzinfo=london)
    assert is_late_cancellation(sunday, saturday, 24)


def test_a_time_given_on_short_notice_is_never_cancelled_late():
    """A repair that gave tomorrow morning this afternoon left no time to cancel; a day before, it did."""
    tomorrow = NOON + timedelta(hours=20)
    assert not is_late_cancellation(tomorrow, NOON, 24, given_at=NOON - timedelta(minutes=5))
    assert is_late_cancellation(tomorrow, NOON, 24, given_at=tomorrow - timedelta(hours=24))


def test_times_without_a_zone_are_a_bug():
    """Nobody can say how far apart they are."""
    with pytest.raises(ValueError, match="aware"):
        is_late_cancellation(NOON.replace(tzinfo=None), NOON, 24)


@pytest.mark.parametrize(
    ("visits", "misses"),
    [
        ([], 0),
        ([DONE], 0),
        ([MISSED], 1),
        ([MISSED, MISSED], 2),
        ([MISSED, DONE, MISSED], 1),
        ([MISSED, DONE], 0),
        ([MISSED, LATE], 2),
        ([MISSED, IN_TIME, MISSED], 2),
        ([IN_TIME], 0),
        ([MISSED, PastVisit("entered-in-error"), PastVisit("booked")], 1),
        ([MISSED, PastVisit("arrived")], 0),
    ],
)
def test_misses_are_counted_back_to_the_last_visit(visits, misses):
    """No-shows and late cancellations count, coming sets them back, the rest says nothing."""
    assert misses_in_a_row(visits) == misses


def test_an_unknown_status_is_a_bug():
    """Only FHIR's statuses exist."""
    with pytest.raises(ValueError, match="lost"):
        PastVisit("lost")


def test_one_miss_is_rebooked_and_two_in_a_row_stop_the_automation():
    """E50 and E52 for the first, E53 and our J16 from the second."""
    first, second = verdict_after_miss(1), verdict_after_miss(2)
    assert (first.action, first.evidence) == (MissAction.REBOOK, ("E50", "E52"))
    assert (second.action, second.evidence) == (MissAction.STOP, ("E53", "J16"))
    assert verdict_after_miss(3).action is MissAction.STOP


def test_a_clinic_decides_how_many_misses_stop_the_automation():
    """J16 is a clinic's to change."""
    assert verdict_after_miss(2, Evidence.load({"J16": {"misses": 3}})).action is MissAction.REBOOK


def test_a_verdict_without_a_miss_is_a_bug():
    """There is nothing to judge."""
    with pytest.raises(ValueError, match="0 misses"):
        verdict_after_miss(0)


@pytest.mark.parametrize(
    ("chronic", "days", "proposed"), [(True, 10, True), (True, 9, False), (False, 30, False), (True, None, False)]
)
def test_a_chronic_course_interrupted_beyond_its_longest_gap_is_offered_one_session(chronic, days, proposed):
    """E51 and E52; within the gap, in an acute course or with nothing left there is nothing to catch up."""
    last = date(2026, 3, 2)
    following = None if days is None else last + timedelta(days=days)
    answer = catch_up(chronic=chronic, last_attended=last, next_planned=following, max_gap_days=9)
    assert answer == (CatchUp(1, 10, 9, ("E51", "E52", "J17")) if proposed else None)


def test_a_next_session_before_the_last_one_is_a_bug():
    """Time runs forward."""
    with pytest.raises(ValueError, match="before"):
        catch_up(chronic=True, last_attended=date(2026, 3, 2), next_planned=date(2026, 3, 1), max_gap_days=9)


@pytest.mark.parametrize(
    ("protocol", "weeks", "chronic"),
    [
        (Protocol.CHRONIC_PAIN, 2, True),
        (Protocol.CHRONIC_CONDITION, 60, True),
        (Protocol.PIRIFORMIS_SYNDROME, 12, False),
        (Protocol.PIRIFORMIS_SYNDROME, 13, True),
        (Protocol.ACUTE_INJURY, 60, False),
    ],
)
def test_chronic_courses_are_those_of_the_long_protocols(protocol, weeks, chronic):
    """Piriformis syndrome becomes one after the weeks of J1."""
    assert is_chronic(protocol, weeks) == chronic
