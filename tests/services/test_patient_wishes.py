"""Wishes that change: left by the patient, taken over by reception, never by themselves."""

from dataclasses import replace
from datetime import date, time

import pytest

from planner.errors import InvalidInput, NotFound, StaleForm
from planner.services import (
    attendance,
    booking,
    clinic_setup,
    patient_wish_change,
    patient_wishes,
    undoing,
    worklists,
)
from planner.services.runtime import Actor
from planner.services.wishes import Wishes
from planner.storage.courses import CourseRow
from tests.factories import make_person, weekly
from tests.services.test_course_life import request_for
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


def test_undo_restores_every_wish_and_the_line(runtime, clinic, ana, course):
    """Days away, weekdays, times, half of the day, therapists and the note, with the dates; reception sees it again."""
    before, wishes = course.now(), wishes_of(runtime, clinic, course)
    with runtime.writing(clinic.system) as unit:
        clara = make_person(unit, "Clara Novak", "clara@example.org", "therapist", treats=True).id
        clinic_setup.set_practitioner_hours(unit, clara, weekly())
    day = course.appointment(2).starts_at.date().isoformat()
    leave(
        runtime, ana, weekdays=("2", "3"), earliest="12:00", latest="17:00", preferred="afternoon",
        practitioner=str(clara), away=((day, day),), note="New job",
    )  # fmt: skip
    item = line(course)
    seen = patient_wish_change.change_of(runtime, clinic.rosa.actor, item)
    done = patient_wish_change.take_over(runtime, clinic.rosa.actor, item, digest=seen.digest)
    held, note = wishes_of(runtime, clinic, course)
    assert (held.weekdays, held.practitioners[0], note) == ((2, 3), clara, "New job")
    undoing.undo(runtime, clinic.rosa.actor, done.revision_id)
    assert wishes_of(runtime, clinic, course) == wishes
    assert [each.current.place for each in course.now().live] == [each.current.place for each in before.live]
    assert line(course) == item


def test_a_look_at_what_would_move_waits_for_no_turn_to_write(runtime, clinic, ana, course):
    """It only reads, and leaves the course's wishes as they are."""
    leave(runtime, ana, weekdays=("2", "3"))
    wishes = wishes_of(runtime, clinic, course)
    with runtime.writing(clinic.system):
        assert patient_wish_change.change_of(runtime, clinic.rosa.actor, line(course)).difference.told
    assert wishes_of(runtime, clinic, course) == wishes


@pytest.fixture
def second(runtime, clinic, course):
    """Another course of Ana's, with Clara on Tuesdays and Thursdays in the morning; its id."""
    with runtime.writing(clinic.system) as unit:
        clara = make_person(unit, "Clara Novak", "clara@example.org", "therapist", treats=True).id
        clinic_setup.set_practitioner_hours(unit, clara, weekly())
    request = request_for(runtime, clinic)
    mine = Wishes((clara, clinic.ben.id), (1, 3), preferred="morning")
    request = replace(request, wishes=mine, earliest_day=date(2026, 4, 14))
    proposal = booking.propose(runtime, clinic.rosa.actor, request, with_alternatives=False)
    return booking.book_course(runtime, clinic.rosa.actor, request, proposal.places)


def left_for(course):
    """The wishes that wait for reception, by course."""
    return {
        each.course_id: (Wishes.from_json(each.details["after"]), each.details["note"])
        for each in course.notices()
        if each.kind == worklists.WISH_CHANGED
    }


def test_of_several_courses_what_is_changed_holds_for_all(runtime, clinic, ana, course, second):
    """A line for each; what was not touched stays as each of them has it."""
    known = patient_wishes.known(runtime, ana)
    assert [each[0] for each in known.courses] == [str(course.id), str(second)]
    assert str(known.courses[0][1]).startswith("Visits with Ben Okafor, the next on Tue 3 Mar")
    with runtime.reading(clinic.rosa.actor) as unit:
        own = Wishes.from_json(unit.get(CourseRow, second).wishes)
    assert patient_wishes.leave(
        runtime, ana, replace(known.form, away=(("2026-05-04", "2026-05-08"),), latest="16:00", note="From May on")
    )
    left = left_for(course)
    assert set(left) == {course.id, second}
    away = ((date(2026, 5, 4), date(2026, 5, 8)),)
    assert left[second] == (replace(own, away=away, end=time(16)), "From May on")
    assert left[course.id][0].away == away
    assert left[course.id][0].weekdays == (0, 1, 2, 3, 4)


def test_they_may_hold_for_one_course_alone(runtime, ana, course, second):
    """Whichever the page showed; the other has no line."""
    known = patient_wishes.known(runtime, ana)
    patient_wishes.leave(runtime, ana, replace(known.form, latest="16:00", course=str(second)))
    assert set(left_for(course)) == {second}
    with pytest.raises(InvalidInput) as refusal:
        patient_wishes.leave(runtime, ana, replace(known.form, latest="15:00", course="12345"))
    assert refusal.value.field == "course"


def test_taken_back_they_are_taken_back_for_all(runtime, ana, course, second):
    """Each course is as it was."""
    known = patient_wishes.known(runtime, ana).form
    leave(runtime, ana, latest="16:00")
    assert set(left_for(course)) == {course.id, second}
    assert not patient_wishes.leave(runtime, ana, known)
    assert left_for(course) == {}


def test_of_one_course_there_is_nothing_to_choose(runtime, ana, course):
    """The page asks nothing."""
    assert patient_wishes.known(runtime, ana).courses == ()
