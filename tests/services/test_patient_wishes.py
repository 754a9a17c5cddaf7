"""Wishes that change: left by the patient, taken over by reception, never by themselves."""

from dataclasses import replace

import pytest

from planner.errors import InvalidInput, NotFound, StaleForm
from planner.services import attendance, patient_wish_change, patient_wishes, worklists
from planner.services.runtime import Actor
from planner.services.wishes import Wishes
from planner.storage.courses import CourseRow
from tests.web.ana_course import book_ana


@pytest.fixture
def course(runtime, clinic):
    """Ana's booked course."""
    return book_ana(runtime, clinic)


@pytest.fixture
def ana(clinic):
    """Whoever has Ana's personal link."""
    return Actor(clinic_id=clinic.id, name="patient", patient_id=clinic.ana)


def leave(runtime, ana, **changed):
    """Leave Ana's wishes with these fields changed."""
    patient_wishes.leave(runtime, ana, replace(patient_wishes.known(runtime, ana).form, **changed))


def line(course):
    """The line on reception's worklist."""
    (item,) = [item for item in course.notices() if item.kind == worklists.WISH_CHANGED]
    return item.id


def wishes_of(runtime, clinic, course):
    """What the plan goes by."""
    with runtime.reading(clinic.rosa.actor) as unit:
        row = unit.get(CourseRow, course.id)
        return Wishes.from_json(row.wishes), row.wish_note


def test_wishes_that_are_left_move_nothing(runtime, clinic, ana, course):
    """They wait for reception, and the patient sees that they do."""
    before, wishes = course.now(), wishes_of(runtime, clinic, course)
    leave(runtime, ana, weekdays=("2", "3"), note="New job")
    assert course.now() == before
    assert wishes_of(runtime, clinic, course) == wishes
    known = patient_wishes.known(runtime, ana)
    assert known.left_at is not None
    assert (known.form.weekdays, known.form.note) == (("2", "3"), "New job")


def test_reception_sees_both_sides_and_what_would_move(runtime, clinic, ana, course):
    """Row by row; a look writes nothing."""
    before = course.now()
    leave(runtime, ana, weekdays=("2", "3"), earliest="12:00", note="New job")
    seen = patient_wish_change.change_of(runtime, clinic.rosa.actor, line(course))
    changed = {str(row.name): (row.before, row.after) for row in seen.rows if row.changed}
    assert changed == {
        "Weekdays": ("Monday, Tuesday, Wednesday, Thursday, Friday", "Wednesday, Thursday"),
        "Times": ("any time", "from 12:00"),
        "Note": ("", "New job"),
    }
    assert seen.difference.told
    assert course.now() == before


def test_taken_over_every_visit_that_may_move_keeps_the_new_wishes(runtime, clinic, ana, course):
    """Exactly as it was shown, in one change that can be undone; the line is gone."""
    leave(runtime, ana, weekdays=("2", "3"), earliest="12:00", note="New job")
    seen = patient_wish_change.change_of(runtime, clinic.rosa.actor, line(course))
    patient_wish_change.take_over(runtime, clinic.rosa.actor, seen.item_id, digest=seen.digest)
    after = {each.position + 1: each.current.starts_at for each in course.now().live}
    for change in seen.difference.told:
        assert after[change.number] == change.after.starts_at
    assert all(start.weekday() in (2, 3) and start.hour >= 11 for start in after.values())
    assert seen.outside == 0
    assert wishes_of(runtime, clinic, course)[1] == "New job"
    assert [item.kind for item in course.notices()] == []


def test_a_visit_that_is_too_near_stays_and_is_counted(runtime, clinic, ana, clock, course):
    """Nobody is moved within the notice time."""
    clock.advance(hours=2)
    leave(runtime, ana, weekdays=("2", "3"))
    first = course.appointment(1)
    seen = patient_wish_change.change_of(runtime, clinic.rosa.actor, line(course))
    assert seen.outside == 1
    patient_wish_change.take_over(runtime, clinic.rosa.actor, seen.item_id, digest=seen.digest)
    assert course.appointment(1) == first


def test_days_away_drive_visits_from_them(runtime, clinic, ana, course):
    """Only from them; the others stay."""
    third = course.appointment(3).starts_at.date()
    away = ((third.isoformat(), third.isoformat()),)
    leave(runtime, ana, away=away)
    seen = patient_wish_change.change_of(runtime, clinic.rosa.actor, line(course))
    assert [change.number for change in seen.difference.told] == [3]
    patient_wish_change.take_over(runtime, clinic.rosa.actor, seen.item_id, digest=seen.digest)
    assert course.appointment(3).starts_at.date() != third


def test_something_else_than_what_was_shown_is_not_done(runtime, clinic, ana, course):
    """The diary changed between the look and the button."""
    leave(runtime, ana, weekdays=("2", "3"))
    seen = patient_wish_change.change_of(runtime, clinic.rosa.actor, line(course))
    attendance.cancel(runtime, clinic.rosa.actor, course.appointment(4).id, rebook=False)
    before = course.now()
    with pytest.raises(StaleForm):
        patient_wish_change.take_over(runtime, clinic.rosa.actor, seen.item_id, digest=seen.digest)
    assert course.now() == before


def test_what_was_seen_to_is_gone(runtime, clinic, ana, course):
    """A colleague was faster."""
    leave(runtime, ana, weekdays=("2", "3"))
    item = line(course)
    worklists.dismiss(runtime, clinic.rosa.actor, item)
    with pytest.raises(NotFound):
        patient_wish_change.change_of(runtime, clinic.rosa.actor, item)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"weekdays": ()}, "weekdays"),
        ({"weekdays": ("9",)}, "weekdays"),
        ({"earliest": "noon"}, "earliest"),
        ({"latest": "07:00", "earliest": "09:00"}, "latest"),
        ({"preferred": "night"}, "preferred"),
        ({"practitioner": "1"}, "practitioner"),
        ({"away": (("2026-05-04", "2026-05-01"),)}, "away-1"),
        ({"away": (("", ""), ("soon", ""))}, "away-2"),
        ({"away": (("2026-01-04", "2026-01-05"),)}, "away-1"),
        ({"note": "x" * 1001}, "note"),
        ({}, None),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(runtime, ana, course, changed, field):
    """And nothing reaches the worklist."""
    with pytest.raises(InvalidInput) as refusal:
        leave(runtime, ana, **changed)
    assert refusal.value.field == field
    assert course.notices() == []


def test_taking_a_wish_back_clears_the_line(runtime, ana, course):
    """The same wishes as before: nothing is left to look at."""
    known = patient_wishes.known(runtime, ana).form
    leave(runtime, ana, weekdays=("2",))
    assert not patient_wishes.leave(runtime, ana, known)
    assert course.notices() == []
    with pytest.raises(InvalidInput, match="know already"):
        patient_wishes.leave(runtime, ana, known)


def test_without_a_running_course_there_is_nothing_to_wish_for(runtime, ana):
    """The page says so."""
    assert patient_wishes.known(runtime, ana).form is None


def test_days_away_that_are_over_are_kept_but_not_shown(runtime, clinic, ana, clock, course):
    """Nobody has to delete them."""
    day = course.appointment(2).starts_at.date()
    leave(runtime, ana, away=((day.isoformat(), day.isoformat()),))
    seen = patient_wish_change.change_of(runtime, clinic.rosa.actor, line(course))
    patient_wish_change.take_over(runtime, clinic.rosa.actor, seen.item_id, digest=seen.digest)
    clock.advance(days=(day - clock.now().date()).days + 1)
    assert patient_wishes.known(runtime, ana).form.away == ()
    leave(runtime, ana, weekdays=("3", "4"))
    seen = patient_wish_change.change_of(runtime, clinic.rosa.actor, line(course))
    assert not next(row for row in seen.rows if str(row.name) == "Away").changed
