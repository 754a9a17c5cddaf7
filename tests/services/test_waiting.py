"""Who waits for a course, the longest waiting first; and what is known of when they can come."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from sqlalchemy import select

from planner.care.assessment import Assessment
from planner.errors import StaleForm
from planner.services import assessments, booking, clinic_setup
from planner.services.block_booking import book_block, plan_block
from planner.services.block_view import block_desk
from planner.services.planning import therapists
from planner.services.waiting import waiting_list
from planner.services.wishes import Wishes
from planner.storage.courses import CourseRow
from planner.storage.ids import new_id
from planner.storage.jobs import SolveJobRow
from tests.factories import make_person
from tests.services.course_life import book, request_for
from tests.services.many_patients import ACUTE, TOMORROW, book_crowd, finished, make_crowd

AWAY = (date(2026, 3, 2), date(2026, 3, 20))


def waiting(runtime, clinic):
    """The patients who are listed, in that order."""
    return [each.patient_id for each in block_desk(runtime, clinic.rosa.actor).waiting]


def assess(runtime, clinic, patient):
    """One more assessment; its id."""
    return assessments.record(runtime, clinic.ben.actor, patient, Assessment.from_json(ACUTE))


def end(runtime, clinic, course_id):
    """The course is over."""
    with runtime.writing(clinic.system) as unit:
        unit.get(CourseRow, course_id).status = "finished"


def test_whoever_was_assessed_twice_and_booked_by_the_second_does_not_wait_by_the_first(runtime, clinic, clock):
    """The newest assessment says what is owed; the one before it is history, also when the course is over."""
    crowd = make_crowd(runtime, clinic, 1)
    clock.advance(hours=1)
    again = assess(runtime, clinic, crowd.patients[0])
    (course,) = book_crowd(runtime, clinic, replace(crowd, assessments=(again,)))
    assert waiting(runtime, clinic) == []
    end(runtime, clinic, course)
    assert waiting(runtime, clinic) == []


def test_whoever_is_assessed_anew_in_mid_course_does_not_wait_until_it_is_over(runtime, clinic, clock):
    """The assessment is for the course that runs."""
    crowd = make_crowd(runtime, clinic, 1)
    (course,) = book_crowd(runtime, clinic, crowd)
    clock.advance(hours=1)
    assess(runtime, clinic, crowd.patients[0])
    assert waiting(runtime, clinic) == []
    end(runtime, clinic, course)
    assert waiting(runtime, clinic) == list(crowd.patients)


def test_of_many_the_longest_waiting_are_listed_and_the_others_are_counted(runtime, clinic, clock):
    """Not the newest."""
    crowd = make_crowd(runtime, clinic, 2)
    clock.advance(days=1)
    assess(runtime, clinic, clinic.ana)
    with runtime.reading(clinic.rosa.actor) as unit:
        found = waiting_list(unit, most=2)
    assert [each.patient_id for each in found.waiting] == list(crowd.patients)
    assert found.more == 1
    assert waiting(runtime, clinic) == [*crowd.patients, clinic.ana]


def test_those_who_would_not_see_a_therapist_are_left_out_before_anything_is_cut_off(runtime, clinic, clock):
    """Ana, who came to Ben alone, has waited longest; the other one is found all the same."""
    end(runtime, clinic, book(runtime, clinic))
    assess(runtime, clinic, clinic.ana)
    clock.advance(days=1)
    crowd = make_crowd(runtime, clinic, 1)
    with runtime.reading(clinic.rosa.actor) as unit:
        found = waiting_list(unit, most=1, therapist=crowd.clara)
    assert [each.patient_id for each in found.waiting] == list(crowd.patients)
    assert found.more == 0


def test_what_an_earlier_course_says_of_a_patient_is_wished_again(runtime, clinic, clock):
    """Weekdays and times; days away that are ahead, whichever course says so; a new therapist is not pushed on them."""
    days = (date(2026, 4, 6), date(2026, 4, 10))
    end(runtime, clinic, book(runtime, clinic, away=((date(2026, 3, 4), date(2026, 3, 4)), days)))
    clock.advance(hours=1)
    end(runtime, clinic, book(runtime, clinic, start=time(14), preferred="afternoon"))
    clock.set(clock.now() + timedelta(days=10))
    assess(runtime, clinic, clinic.ana)
    with runtime.writing(clinic.system) as unit:
        make_person(unit, "Clara Novak", "clara@example.org", "therapist", treats=True)
    (ana,) = block_desk(runtime, clinic.rosa.actor).waiting
    assert ana.wishes == Wishes((clinic.ben.id,), (0, 1, 2, 3, 4), time(14), preferred="afternoon", away=(days,))


def planned(runtime, clinic, crowd, **options):
    """A finished job for everybody."""
    job_id = new_id()
    plan_block(runtime, clinic.rosa.actor, crowd.assessments, TOMORROW, job_id=job_id, iterations=50, **options)
    job = finished(runtime, clinic, job_id)
    assert job.status == "done", job.error
    return job


def test_a_block_keeps_to_the_wishes_of_each_patient(runtime, clinic):
    """One comes on Tuesday and Thursday afternoons to Clara alone; the course keeps that for later repairs."""
    crowd = make_crowd(runtime, clinic, 3)
    wishes = Wishes((crowd.clara,), (1, 3), time(13), time(18))
    done = book_block(
        runtime, clinic.rosa.actor, planned(runtime, clinic, crowd, wishes={crowd.assessments[1]: wishes}).id
    )
    mine = next(line for line in done.lines if line.course.assessment_id == crowd.assessments[1])
    assert mine.starts
    assert all(start.weekday() in (1, 3) and start.hour >= 13 and who == "Clara Novak" for _, start, who in mine.starts)
    others = [start for line in done.lines if line is not mine for _, start, _ in line.starts]
    assert any(start.hour < 13 for start in others)
    with runtime.reading(clinic.rosa.actor) as unit:
        assert Wishes.from_json(unit.get(CourseRow, mine.course.course_id).wishes) == wishes


@pytest.fixture
def away(runtime, clinic, clock):
    """Ana is known to be away until the 20th, and waits again; the crowd with her as the last, and her assessment."""
    earlier = request_for(runtime, clinic, away=(AWAY,))
    end(runtime, clinic, booking.book_course(runtime, clinic.rosa.actor, earlier, {}))
    clock.advance(hours=1)
    crowd = make_crowd(runtime, clinic, 1)
    ana = assess(runtime, clinic, clinic.ana)
    return replace(crowd, patients=(*crowd.patients, clinic.ana), assessments=(*crowd.assessments, ana)), ana


def firsts(done):
    """The first day of each patient."""
    return {line.course.patient_id: line.first.date() for line in done.lines}


def test_a_block_puts_nobody_on_days_on_which_they_are_known_to_be_away(runtime, clinic, away):
    """Where nobody says otherwise."""
    crowd, _ = away
    first = firsts(book_block(runtime, clinic.rosa.actor, planned(runtime, clinic, crowd).id))
    assert first[clinic.ana] > AWAY[1]
    assert first[crowd.patients[0]] < AWAY[1]


def test_days_away_that_were_emptied_in_a_row_of_the_block_are_empty(runtime, clinic, away):
    """The form showed them, and somebody took them away; the course keeps it so."""
    crowd, ana = away
    done = book_block(
        runtime, clinic.rosa.actor, planned(runtime, clinic, crowd, wishes={ana: Wishes((clinic.ben.id,))}).id
    )
    assert firsts(done)[clinic.ana] < AWAY[1]
    mine = next(line for line in done.lines if line.course.patient_id == clinic.ana)
    with runtime.reading(clinic.rosa.actor) as unit:
        assert unit.get(CourseRow, mine.course.course_id).wishes["away"] == []


def test_emptied_days_are_another_entry_of_the_same_form(runtime, clinic, away):
    """After the browser's Back: what was planned with them is not taken for what is asked without."""
    crowd, ana = away
    wishes = {ana: Wishes((clinic.ben.id,), away=(AWAY,))}
    job = planned(runtime, clinic, crowd, wishes=wishes)
    plan_block(runtime, clinic.rosa.actor, crowd.assessments, TOMORROW, job_id=job.id, wishes=wishes)
    with pytest.raises(StaleForm):
        plan_block(
            runtime, clinic.rosa.actor, crowd.assessments, TOMORROW, job_id=job.id,
            wishes={ana: Wishes((clinic.ben.id,))},
        )  # fmt: skip


def test_known_days_away_for_which_a_form_has_no_room_hold_besides(runtime, clinic, clock):
    """It shows the first six."""
    days = tuple((date(2026, 3, 10 + n), date(2026, 3, 10 + n)) for n in range(8))
    end(runtime, clinic, booking.book_course(runtime, clinic.rosa.actor, request_for(runtime, clinic, away=days), {}))
    clock.advance(hours=1)
    crowd = make_crowd(runtime, clinic, 0)
    ana = assess(runtime, clinic, clinic.ana)
    crowd = replace(crowd, patients=(clinic.ana,), assessments=(ana,))
    done = book_block(
        runtime, clinic.rosa.actor, planned(runtime, clinic, crowd, wishes={ana: Wishes((clinic.ben.id,))}).id
    )
    with runtime.reading(clinic.rosa.actor) as unit:
        kept = unit.get(CourseRow, done.lines[0].course.course_id).wishes["away"]
    assert kept == [[day.isoformat(), day.isoformat()] for day, _ in days[6:]]


def test_whoever_is_booked_by_another_assessment_meanwhile_is_left_out(runtime, clinic, clock):
    """They were assessed anew and booked alone while the block waited."""
    crowd = make_crowd(runtime, clinic, 2)
    job = planned(runtime, clinic, crowd)
    clock.advance(minutes=1)
    again = assess(runtime, clinic, crowd.patients[0])
    book_crowd(runtime, clinic, replace(crowd, patients=crowd.patients[:1], assessments=(again,)))
    done = book_block(runtime, clinic.rosa.actor, job.id)
    assert done.skipped == ("Patient 000",)
    assert [line.patient for line in done.lines] == ["Patient 001"]


def test_a_form_sent_twice_begins_one_block_and_with_other_entries_it_is_refused(runtime, clinic):
    """As after the browser's Back: what was planned is not what is asked for now."""
    crowd = make_crowd(runtime, clinic, 2)
    wishes = {crowd.assessments[0]: Wishes((crowd.clara,))}
    job = planned(runtime, clinic, crowd, wishes=wishes)

    def send(chosen, day, wished):
        plan_block(runtime, clinic.rosa.actor, chosen, day, job_id=job.id, wishes=wished)

    send(crowd.assessments, TOMORROW, wishes)
    for other in (
        (crowd.assessments[:1], TOMORROW, wishes),
        (crowd.assessments, TOMORROW + timedelta(days=1), wishes),
        (crowd.assessments, TOMORROW, {crowd.assessments[0]: Wishes((clinic.ben.id,))}),
    ):
        with pytest.raises(StaleForm):
            send(*other)
    with runtime.reading(clinic.rosa.actor) as unit:
        assert [row.id for row in unit.session.scalars(select(SolveJobRow))] == [job.id]


def test_nobody_waits_where_nobody_treats(runtime, clinic):
    """The list is empty, and nothing breaks."""
    make_crowd(runtime, clinic, 1)
    with runtime.writing(clinic.mo.actor) as unit:
        for person in therapists(unit):
            clinic_setup.deactivate_staff(unit, person.id)
    assert waiting(runtime, clinic) == []
