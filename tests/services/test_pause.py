"""A patient can't come for a while: what stands then moves, nothing is lost, no later repair puts anything there."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from planner.diary.free import to_wall
from planner.errors import InvalidInput, StaleForm
from planner.services import attendance, undoing, worklists
from planner.services.pause import DaysAway, end_pause, pause, preview_pause
from planner.services.pause_view import pause_desk
from planner.services.snapshot import CourseSnapshot
from planner.storage.courses import CourseRow
from tests.services.course_life import ACUTE, assert_48_hours_apart, book, snapshot, starts

HOLIDAY = DaysAway(date(2026, 3, 9), date(2026, 3, 29))
ALL = DaysAway(date(2026, 3, 3), date(2026, 4, 17))


@pytest.fixture
def course(runtime, clinic):
    """Ana's ten sessions with Ben, from tomorrow on."""
    return book(runtime, clinic)


def in_days(runtime, clinic, course_id, days=HOLIDAY):
    """The sessions (by id) that are to happen in these days."""
    with runtime.reading(clinic.rosa.actor) as unit:
        zone = unit.zone
    return {
        each.id
        for each in snapshot(runtime, clinic, course_id).live
        if each.upcoming and days.first_day <= to_wall(each.upcoming.starts_at, zone).date() <= days.last_day
    }


def away_of(runtime, clinic, course_id):
    """The days away that the wishes of a course know."""
    with runtime.reading(clinic.rosa.actor) as unit:
        return unit.get(CourseRow, course_id).wishes["away"]


def places(course: CourseSnapshot):
    """Where each session stands."""
    return {each.id: each.current and each.current.place for each in course.live}


def test_a_pause_is_shown_and_then_done_as_shown(runtime, clinic, course):
    """No visit lies in it afterwards, none is lost, and the gaps hold."""
    before = snapshot(runtime, clinic, course)
    driven = in_days(runtime, clinic, course)
    assert driven
    seen = preview_pause(runtime, clinic.rosa.actor, course, HOLIDAY)
    assert snapshot(runtime, clinic, course) == before
    done = pause(runtime, clinic.rosa.actor, course, HOLIDAY, digest=seen.digest)
    after = snapshot(runtime, clinic, course)
    assert done.digest == seen.digest
    assert not in_days(runtime, clinic, course)
    assert [each.id for each in after.live] == [each.id for each in before.live]
    assert all(each.upcoming for each in after.live)
    assert driven <= {change.session_id for line in done.courses for change in line.difference.told}
    assert_48_hours_apart(after)


def test_undoing_a_pause_brings_the_dates_and_the_days_back(runtime, clinic, course):
    """As if it had never been asked for."""
    before = snapshot(runtime, clinic, course)
    done = pause(runtime, clinic.rosa.actor, course, HOLIDAY)
    assert away_of(runtime, clinic, course) == [["2026-03-09", "2026-03-29"]]
    undoing.undo(runtime, clinic.rosa.actor, done.revision_ids[0])
    assert places(snapshot(runtime, clinic, course)) == places(before)
    assert away_of(runtime, clinic, course) == []


def test_a_later_repair_puts_nothing_into_a_pause(runtime, clinic, clock, course):
    """A visit before the holiday is missed; it is made up, but not while the patient is away."""
    pause(runtime, clinic.rosa.actor, course, HOLIDAY)
    first = snapshot(runtime, clinic, course).live[0].current
    clock.set(first.starts_at + timedelta(hours=1))
    attendance.miss(runtime, clinic.rosa.actor, first.id)
    assert not in_days(runtime, clinic, course)
    assert all(each.upcoming for each in snapshot(runtime, clinic, course).live)


def test_confirmed_and_near_visits_are_given_up_as_well(runtime, clinic, course):
    """Tomorrow's is within the notice time, next week's was confirmed: the patient is ill all the same."""
    ill = DaysAway(date(2026, 3, 3), date(2026, 3, 12))
    visits = sorted(in_days(runtime, clinic, course, ill))
    assert len(visits) >= 2
    attendance.confirm(runtime, clinic.rosa.actor, snapshot(runtime, clinic, course).session(visits[-1]).current.id)
    pause(runtime, clinic.rosa.actor, course, ill)
    assert not in_days(runtime, clinic, course, ill)
    after = snapshot(runtime, clinic, course)
    assert all(each.upcoming for each in after.live)
    assert not any(booked.late_cancellation for each in after.live for booked in each.appointments)


def test_what_lies_before_a_pause_and_needs_no_new_date_stays(runtime, clinic, course):
    """Only the sessions in it, and those after it that the distances ask for."""
    before = snapshot(runtime, clinic, course)
    first = min(starts(before))
    pause(runtime, clinic.rosa.actor, course, HOLIDAY)
    assert min(starts(snapshot(runtime, clinic, course))) == first


def test_a_pause_in_which_nothing_lies_moves_nothing_and_is_kept(runtime, clinic, course):
    """Whatever is planned later knows of it."""
    weekend = DaysAway(date(2026, 3, 7), date(2026, 3, 8))
    before = snapshot(runtime, clinic, course)
    done = pause(runtime, clinic.rosa.actor, course, weekend)
    assert [line.difference.told for line in done.courses] == [()]
    assert places(snapshot(runtime, clinic, course)) == places(before)
    assert away_of(runtime, clinic, course) == [["2026-03-07", "2026-03-08"]]
    pause(runtime, clinic.rosa.actor, course, weekend)
    assert away_of(runtime, clinic, course) == [["2026-03-07", "2026-03-08"]]


def test_all_courses_of_a_patient_pause_together_and_are_undone_together(runtime, clinic, course):
    """Ana comes for her shoulder too: 48 hours hold between all her visits, before and after."""
    other = book(runtime, clinic, ACUTE)
    before = {each: snapshot(runtime, clinic, each) for each in (course, other)}
    assert all(in_days(runtime, clinic, each, ALL) for each in before)
    assert pause_desk(runtime, clinic.rosa.actor, course).other_courses == 1
    seen = preview_pause(runtime, clinic.rosa.actor, course, ALL, all_courses=True)
    done = pause(runtime, clinic.rosa.actor, course, ALL, all_courses=True, digest=seen.digest)
    after = {each: snapshot(runtime, clinic, each) for each in before}
    assert not any(in_days(runtime, clinic, each, ALL) for each in before)
    times = sorted(start for each in after.values() for start in starts(each))
    assert all(two - one >= timedelta(hours=48) for one, two in pairwise(times))
    undoing.undo(runtime, clinic.rosa.actor, done.revision_ids[-1])
    assert {each: places(snapshot(runtime, clinic, each)) for each in before} == {
        each: places(found) for each, found in before.items()
    }


def test_alone_a_course_pauses_without_the_others(runtime, clinic, course):
    """Unless it is asked for."""
    other = book(runtime, clinic, ACUTE)
    before = snapshot(runtime, clinic, other)
    pause(runtime, clinic.rosa.actor, course, ALL)
    assert snapshot(runtime, clinic, other) == before


def test_a_stale_preview_of_a_pause_changes_nothing(runtime, clinic, course):
    """Somebody called a visit off since."""
    seen = preview_pause(runtime, clinic.rosa.actor, course, HOLIDAY)
    visit = snapshot(runtime, clinic, course).live[1].current
    attendance.cancel(runtime, clinic.rosa.actor, visit.id, rebook=False)
    before = snapshot(runtime, clinic, course)
    with pytest.raises(StaleForm):
        pause(runtime, clinic.rosa.actor, course, HOLIDAY, digest=seen.digest)
    assert snapshot(runtime, clinic, course) == before


def test_a_stopped_course_only_gives_its_visits_up(runtime, clinic, clock, course):
    """After two misses nothing is booked before somebody has talked to the patient."""
    for _ in range(2):
        visit = min((each.upcoming for each in snapshot(runtime, clinic, course).live if each.upcoming),
                    key=lambda booked: booked.starts_at)  # fmt: skip
        clock.set(visit.starts_at + timedelta(hours=1))
        attendance.miss(runtime, clinic.rosa.actor, visit.id)
    days = DaysAway(clock.now().date() + timedelta(days=1), clock.now().date() + timedelta(days=20))
    assert in_days(runtime, clinic, course, days)
    pause(runtime, clinic.rosa.actor, course, days)
    after = snapshot(runtime, clinic, course)
    assert after.automation == "stopped"
    assert not in_days(runtime, clinic, course, days)


def test_a_long_pause_of_a_chronic_course_proposes_a_catch_up_session(runtime, clinic, clock, course):
    """Where something was given already, and the interruption is longer than the course allows."""
    first = snapshot(runtime, clinic, course).live[0].current
    clock.set(first.starts_at + timedelta(minutes=30))
    attendance.fulfil(runtime, clinic.ben.actor, first.id)
    pause(runtime, clinic.rosa.actor, course, DaysAway(date(2026, 3, 4), date(2026, 4, 10)))
    with runtime.reading(clinic.rosa.actor) as unit:
        kinds = {item.kind for item in worklists.open_items(unit)}
    assert worklists.CATCH_UP in kinds


def test_who_can_come_after_all_may_be_planned_there_again(runtime, clinic, course):
    """The visits stay where they are; a second time there is nothing to take out."""
    pause(runtime, clinic.rosa.actor, course, HOLIDAY)
    stands = places(snapshot(runtime, clinic, course))
    end_pause(runtime, clinic.rosa.actor, course, HOLIDAY)
    assert places(snapshot(runtime, clinic, course)) == stands
    assert away_of(runtime, clinic, course) == []
    with pytest.raises(StaleForm):
        end_pause(runtime, clinic.rosa.actor, course, HOLIDAY)


def test_who_can_come_after_all_can_come_for_all_that_paused_then(runtime, clinic, course):
    """A course that pauses on other days keeps them."""
    other = book(runtime, clinic, ACUTE)
    pause(runtime, clinic.rosa.actor, course, HOLIDAY, all_courses=True)
    alone = DaysAway(date(2026, 6, 1), date(2026, 6, 5))
    pause(runtime, clinic.rosa.actor, other, alone)
    end_pause(runtime, clinic.rosa.actor, course, HOLIDAY)
    assert away_of(runtime, clinic, course) == []
    assert away_of(runtime, clinic, other) == [["2026-06-01", "2026-06-05"]]


def test_a_pause_that_makes_no_sense_is_refused(runtime, clinic, course):
    """Backwards, for ever, over already, or of a course that is."""
    for first, last in ((date(2026, 3, 9), date(2026, 3, 8)), (date(2026, 3, 9), date(2027, 3, 10))):
        with pytest.raises(InvalidInput):
            DaysAway(first, last)
    with pytest.raises(InvalidInput):
        pause(runtime, clinic.rosa.actor, course, DaysAway(date(2026, 2, 1), date(2026, 2, 2)))
    attendance.end_course(runtime, clinic.rosa.actor, course, reason="well again")
    with pytest.raises(InvalidInput):
        pause(runtime, clinic.rosa.actor, course, HOLIDAY)


def test_a_revision_from_before_there_were_pauses_takes_no_days_away(runtime, clinic, course):
    """It does not know of them, so they stay as they are."""
    kept = snapshot(runtime, clinic, course).to_json()
    del kept["away"]
    assert CourseSnapshot.from_json(kept).away is None
    assert "away" not in CourseSnapshot.from_json(kept).to_json()
