"""A course from booking over a miss to its repair, on a real database."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from planner.diary.hours import Leave
from planner.errors import AppointmentLocked, InvalidInput, NotFound, SlotTaken, StaleForm, UndoRefused
from planner.services import assessments, attendance, booking, frequency, leave, moving, undoing, worklists
from planner.services.difference import ChangeKind
from planner.storage.courses import AppointmentRow, CourseRow, RevisionRow
from planner.storage.ids import new_id
from planner.storage.outward import OutboxRow
from tests.services.course_life import (
    ACUTE,
    assert_48_hours_apart,
    assessment_of,
    attend,
    book,
    calendar,
    request_for,
    snapshot,
    starts,
)


def test_a_whole_course_is_booked_at_proved_best_dates(runtime, clinic):
    """Ten sessions stand after one call, each within its gap, and the answer was proved."""
    request = request_for(runtime, clinic)
    proposal = booking.propose(runtime, clinic.rosa.actor, request)
    assert proposal.points == proposal.lower_bound
    course_id = booking.book_course(runtime, clinic.rosa.actor, request, proposal.places)
    course = snapshot(runtime, clinic, course_id)
    assert len(starts(course)) == len(proposal.sessions) == len(course.live)
    assert_48_hours_apart(course)
    assert all(len(line.alternatives) >= 2 for line in proposal.sessions)


def test_sending_the_form_twice_books_one_course(runtime, clinic):
    """A double click changes nothing."""
    request = request_for(runtime, clinic)
    places = booking.propose(runtime, clinic.rosa.actor, request).places
    first = booking.book_course(runtime, clinic.rosa.actor, request, places)
    again = booking.book_course(runtime, clinic.rosa.actor, request, places)
    assert first == again
    with runtime.reading(clinic.rosa.actor) as unit:
        assert len(unit.session.scalars(select(CourseRow)).all()) == 1


def test_a_course_with_one_taken_date_is_not_booked_at_all(runtime, clinic):
    """Two receptionists hold the same proposal: the second gets a refusal and nothing is half-booked."""
    request = request_for(runtime, clinic)
    places = booking.propose(runtime, clinic.rosa.actor, request).places
    booking.book_course(runtime, clinic.rosa.actor, request, places)
    second = replace(request, course_id=new_id())
    moved = {number: replace(place, course=str(second.course_id)) for number, place in places.items()}
    with pytest.raises(SlotTaken):
        booking.book_course(runtime, clinic.rosa.actor, second, moved)
    with runtime.reading(clinic.rosa.actor) as unit:
        assert len(unit.session.scalars(select(CourseRow)).all()) == 1


def test_another_clinic_cannot_book_for_this_patient(runtime, clinic, other_clinic):
    """Cy's reception sees nothing of Ana."""
    request = request_for(runtime, clinic)
    with pytest.raises(NotFound):
        booking.book_course(runtime, other_clinic.rosa.actor, request, {})


def test_a_miss_is_rebooked_as_soon_as_possible_and_the_rest_stays(runtime, clinic, clock):
    """The missed session comes back within days, 48 hours from its neighbours; the others keep their dates."""
    course_id = book(runtime, clinic)
    attend(runtime, clinic, clock, course_id, 0)
    before, identity = snapshot(runtime, clinic, course_id), calendar(runtime, clinic, course_id)
    missed = before.sessions[1].current
    clock.set(missed.ends_at + timedelta(minutes=5))
    outcome = attendance.miss(runtime, clinic.rosa.actor, missed.id)
    after = snapshot(runtime, clinic, course_id)
    assert outcome.repaired
    made_up = after.sessions[1].current
    assert timedelta(0) < made_up.starts_at - missed.starts_at < timedelta(days=5)
    assert [each.current.place for each in after.sessions[2:]] == [each.current.place for each in before.sessions[2:]]
    assert_48_hours_apart(after)
    now = calendar(runtime, clinic, course_id)
    assert {uid for uid, _ in now.values()} == {uid for uid, _ in identity.values()}
    assert now[after.sessions[1].id][1] == identity[after.sessions[1].id][1] + 1


def test_undoing_a_miss_restores_everything_and_sends_nothing(runtime, clinic, clock):
    """The old appointments stand again, the calendars hear of it, and no message is owed for it."""
    course_id = book(runtime, clinic)
    attend(runtime, clinic, clock, course_id, 0)
    before = snapshot(runtime, clinic, course_id)
    clock.set(before.sessions[1].current.ends_at + timedelta(minutes=5))
    outcome = attendance.miss(runtime, clinic.rosa.actor, before.sessions[1].current.id)
    undoing.undo(runtime, clinic.rosa.actor, outcome.revision_id)
    after = snapshot(runtime, clinic, course_id)
    assert [each.current for each in after.sessions] == [each.current for each in before.sessions]
    with pytest.raises(UndoRefused):
        undoing.undo(runtime, clinic.rosa.actor, outcome.revision_id)


def test_two_misses_in_a_row_stop_the_automation(runtime, clinic, clock):
    """After the second miss nothing is rebooked, and the course is on the worklist until a person resumes it."""
    course_id = book(runtime, clinic)
    attend(runtime, clinic, clock, course_id, 0)
    for _ in range(2):
        coming = [each for each in snapshot(runtime, clinic, course_id).live if each.upcoming and not each.done]
        missed = min((each.current for each in coming), key=lambda booked: booked.starts_at)
        clock.set(missed.ends_at + timedelta(minutes=5))
        outcome = attendance.miss(runtime, clinic.rosa.actor, missed.id)
    assert not outcome.repaired
    with runtime.reading(clinic.rosa.actor) as unit:
        assert [item.kind for item in worklists.open_items(unit)] == [worklists.TWO_MISSES]
    assert snapshot(runtime, clinic, course_id).automation == "stopped"
    attendance.resume(runtime, clinic.rosa.actor, course_id)
    course = snapshot(runtime, clinic, course_id)
    assert course.automation == "apply"
    assert len(starts(course)) == len(course.live)
    assert_48_hours_apart(course)
    with runtime.reading(clinic.rosa.actor) as unit:
        assert worklists.open_items(unit) == []


def test_the_sweep_marks_what_ended_unattended_after_the_grace_time(runtime, clinic, clock):
    """Nobody pressed anything: at the end of the grace time it is a miss, and not a minute before."""
    course_id = book(runtime, clinic)
    first = snapshot(runtime, clinic, course_id).sessions[0].current
    clock.set(first.ends_at + timedelta(minutes=29))
    assert attendance.mark_no_shows(runtime).done == 0
    clock.advance(minutes=1)
    assert attendance.mark_no_shows(runtime).done == 1
    assert attendance.mark_no_shows(runtime).done == 0
    course = snapshot(runtime, clinic, course_id)
    assert course.sessions[0].appointments[0].status == "noshow"
    assert course.sessions[0].current.starts_at > first.starts_at


def test_a_confirmed_appointment_stays_through_a_repair(runtime, clinic, clock):
    """What the patient confirmed is not moved for a session that was missed before it."""
    course_id = book(runtime, clinic, ACUTE)
    attend(runtime, clinic, clock, course_id, 0)
    course = snapshot(runtime, clinic, course_id)
    confirmed = course.sessions[2].current
    attendance.confirm(runtime, clinic.rosa.actor, confirmed.id)
    clock.set(course.sessions[1].current.ends_at + timedelta(minutes=5))
    attendance.miss(runtime, clinic.rosa.actor, course.sessions[1].current.id)
    after = snapshot(runtime, clinic, course_id)
    assert after.sessions[2].current.place == confirmed.place
    assert_48_hours_apart(after)
    assert len(starts(after)) == len(after.live)


def test_a_patients_cancellation_frees_the_day_and_places_the_session_again(runtime, clinic, clock):
    """Cancelled in time: another day near the target; inside the notice time it is marked as late."""
    course_id = book(runtime, clinic)
    patient = replace(clinic.system, name="patient", patient_id=clinic.ana)
    before = snapshot(runtime, clinic, course_id).sessions[3].current
    outcome = attendance.cancel(runtime, patient, before.id)
    after = snapshot(runtime, clinic, course_id)
    assert not outcome.late
    assert after.sessions[3].current.starts_at.date() != before.starts_at.date()
    assert abs(after.sessions[3].current.starts_at - before.starts_at) < timedelta(days=6)
    soon = after.sessions[0].current
    clock.set(soon.starts_at - timedelta(hours=2))
    assert attendance.cancel(runtime, patient, soon.id).late


def test_a_visit_rebooked_on_short_notice_is_not_cancelled_late(runtime, clinic, clock):
    """The repair itself left less than the notice time; who says at once that they can't come did nothing wrong."""
    course_id = book(runtime, clinic)
    attend(runtime, clinic, clock, course_id, 0)
    missed = snapshot(runtime, clinic, course_id).sessions[1].current
    clock.set(missed.ends_at + timedelta(minutes=5))
    attendance.miss(runtime, clinic.rosa.actor, missed.id)
    again = snapshot(runtime, clinic, course_id).sessions[1].current
    assert again.starts_at - clock.now() < timedelta(hours=24)
    patient = replace(clinic.system, name="patient", patient_id=clinic.ana)
    outcome = attendance.cancel(runtime, patient, again.id)
    assert (outcome.late, outcome.repaired) == (False, True)


def test_a_patient_cannot_touch_anothers_appointment(runtime, clinic):
    """Another patient's link answers as if the appointment did not exist."""
    course_id = book(runtime, clinic)
    booked = snapshot(runtime, clinic, course_id).sessions[3].current
    stranger = replace(clinic.system, name="patient", patient_id=clinic.ana + 1)
    with pytest.raises(NotFound):
        attendance.cancel(runtime, stranger, booked.id)


def test_an_old_form_is_refused(runtime, clinic):
    """A colleague confirmed it meanwhile; the page that does not know gets the present state."""
    course_id = book(runtime, clinic)
    booked = snapshot(runtime, clinic, course_id).sessions[3].current
    attendance.confirm(runtime, clinic.rosa.actor, booked.id)
    with pytest.raises(StaleForm):
        attendance.cancel(runtime, clinic.rosa.actor, booked.id, version=1)


def test_moving_offers_only_legal_places_and_refuses_others(runtime, clinic):
    """Every offered slot can be taken; one 26 hours after the session before is refused with the reason."""
    course_id = book(runtime, clinic)
    course = snapshot(runtime, clinic, course_id)
    booked = course.sessions[3].current
    slots = moving.legal_slots(runtime, clinic.rosa.actor, booked.id)
    assert slots
    before = course.sessions[2].current.starts_at
    assert all(abs(slot.starts_at - before) >= timedelta(hours=48) for slot in slots)
    moving.move(runtime, clinic.rosa.actor, booked.id, slots[0].start, slots[0].practitioner_id)
    assert snapshot(runtime, clinic, course_id).sessions[3].current.starts_at == slots[0].starts_at
    near = datetime.combine(before.date() + timedelta(days=1), time(12))
    with pytest.raises(InvalidInput, match="48 are needed"):
        moving.move(runtime, clinic.rosa.actor, booked.id, near, slots[0].practitioner_id)


def test_a_patient_moves_nothing_inside_the_notice_time(runtime, clinic, clock):
    """Within a day of the visit only the clinic can move it."""
    course_id = book(runtime, clinic)
    booked = snapshot(runtime, clinic, course_id).sessions[0].current
    clock.set(booked.starts_at - timedelta(hours=3))
    patient = replace(clinic.system, name="patient", patient_id=clinic.ana)
    with pytest.raises(AppointmentLocked):
        moving.legal_slots(runtime, patient, booked.id)


def test_a_changed_frequency_is_previewed_and_then_applied_exactly(runtime, clinic, clock):
    """The therapist sees what moves; what is applied is what was seen; a stale preview is refused."""
    course_id = book(runtime, clinic)
    attend(runtime, clinic, clock, course_id, 0)
    before = snapshot(runtime, clinic, course_id)
    fewer = assessments.get(runtime, clinic.ben.actor, assessment_of(runtime, clinic, course_id)).phases[:1]
    fewer = (replace(fewer[0], sessions=4),)
    seen = frequency.preview(runtime, clinic.ben.actor, course_id, fewer)
    assert len(seen.difference.of(ChangeKind.CANCELLED)) == len(before.live) - 4
    assert snapshot(runtime, clinic, course_id) == before
    frequency.apply(runtime, clinic.ben.actor, course_id, fewer, reason="settled", digest=seen.digest)
    after = snapshot(runtime, clinic, course_id)
    assert len(after.live) == 4
    with pytest.raises(StaleForm):
        frequency.apply(runtime, clinic.ben.actor, course_id, fewer, reason="again", digest=seen.digest)


def test_leave_moves_the_touched_sessions_and_is_undone_as_one(runtime, clinic, clock):
    """A preview keeps nothing; the leave moves what it covers; one undo puts all courses back."""
    course_id = book(runtime, clinic)
    before = snapshot(runtime, clinic, course_id)
    week = before.sessions[3].current.starts_at.date()
    away = Leave.whole_days(week, week + timedelta(days=2), "course")
    seen = leave.preview_leave(runtime, clinic.mo.actor, clinic.ben.id, away)
    assert snapshot(runtime, clinic, course_id) == before
    done = leave.record_leave(runtime, clinic.mo.actor, clinic.ben.id, away)
    assert [each.difference.summary() for each in seen.courses] == [each.difference.summary() for each in done.courses]
    after = snapshot(runtime, clinic, course_id)
    assert not week <= after.sessions[3].current.starts_at.date() <= week + timedelta(days=2)
    assert_48_hours_apart(after)
    undoing.undo(runtime, clinic.mo.actor, done.revision_ids[0])
    assert [each.current for each in snapshot(runtime, clinic, course_id).sessions] == [
        each.current for each in before.sessions
    ]


def test_a_change_on_the_morning_of_a_visit_leaves_it_and_repairs_the_rest(runtime, clinic, clock):
    """Two hours before today's visit Ben announces a day off: today stays, the session of that day is placed again."""
    course_id = book(runtime, clinic)
    before = snapshot(runtime, clinic, course_id)
    clock.set(before.sessions[0].current.starts_at - timedelta(hours=2))
    day = before.sessions[2].current.starts_at.date()
    leave.record_leave(runtime, clinic.mo.actor, clinic.ben.id, Leave.whole_days(day, day))
    after = snapshot(runtime, clinic, course_id)
    assert after.sessions[0].current == before.sessions[0].current
    assert after.sessions[2].current.starts_at.date() != day
    assert len(starts(after)) == len(after.live)
    assert min(each.starts_at.date() for each in after.sessions[2].appointments) > clock.now().date()
    assert_48_hours_apart(after)


def test_every_change_is_one_revision_and_one_message_is_owed(runtime, clinic, clock):
    """Booking and a move within the hold time make two revisions, and one message that waits."""
    course_id = book(runtime, clinic)
    booked = snapshot(runtime, clinic, course_id).sessions[3].current
    slot = moving.legal_slots(runtime, clinic.rosa.actor, booked.id)[0]
    clock.advance(minutes=2)
    moving.move(runtime, clinic.rosa.actor, booked.id, slot.start, slot.practitioner_id)
    with runtime.reading(clinic.rosa.actor) as unit:
        kinds = [row.kind for row in unit.session.scalars(select(RevisionRow).order_by(RevisionRow.number))]
        owed = unit.session.scalars(select(OutboxRow)).all()
    assert kinds == ["booked", "moved"]
    assert len(owed) == 1
    assert owed[0].due_at == clock.now() + timedelta(minutes=5)


def test_the_guard_sees_no_overlap_after_a_year_of_events(runtime, clinic, clock):
    """No practitioner, room or patient is ever in two places."""
    book(runtime, clinic, ACUTE)
    with runtime.reading(clinic.rosa.actor) as unit:
        rows = unit.session.scalars(select(AppointmentRow).order_by(AppointmentRow.starts_at)).all()
    assert all(one.ends_at <= two.starts_at for one, two in pairwise(rows))


def test_two_courses_of_one_patient_keep_48_hours_between_all_their_visits(runtime, clinic):
    """A second course is booked between the visits of the first, and a move too near to it is refused."""
    first = book(runtime, clinic)
    second = book(runtime, clinic, ACUTE)
    times = sorted(starts(snapshot(runtime, clinic, first)) + starts(snapshot(runtime, clinic, second)))
    assert all(two - one >= timedelta(hours=48) for one, two in pairwise(times))
    mine, other = (
        snapshot(runtime, clinic, second).sessions[0].current,
        snapshot(runtime, clinic, first).sessions[1].current,
    )
    near = datetime.combine(other.starts_at.date() - timedelta(days=1), time(16))
    with pytest.raises(InvalidInput):
        moving.move(runtime, clinic.rosa.actor, mine.id, near, clinic.ben.id)
    offered = moving.legal_slots(runtime, clinic.rosa.actor, mine.id)
    assert offered
    assert all(abs(slot.starts_at - other.starts_at) >= timedelta(hours=48) for slot in offered)
