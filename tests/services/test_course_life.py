"""A course from booking over a miss to its repair, on a real database."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from planner.care.assessment import Assessment
from planner.diary.hours import Closure, Leave
from planner.errors import AppointmentLocked, InvalidInput, NotFound, SlotTaken, StaleForm, UndoRefused
from planner.services import (
    assessments,
    attendance,
    booking,
    clinic_setup,
    frequency,
    leave,
    maintenance,
    moving,
    undoing,
    worklists,
)
from planner.services.booking import BookingRequest
from planner.services.difference import ChangeKind
from planner.services.snapshot import CourseSnapshot, take
from planner.services.wishes import Wishes
from planner.storage.courses import AppointmentRow, CourseRow, RevisionRow, SessionRow
from planner.storage.ids import new_id
from planner.storage.outward import OutboxRow
from tests.factories import make_person, weekly

CHRONIC = {"protocol": "chronic_pain", "symptom_weeks": 40, "severity": "moderate", "goal": "lasting"}
ACUTE = {"protocol": "acute_injury", "symptom_weeks": 1, "severity": "moderate", "goal": "relief"}


def request_for(runtime, clinic, findings=CHRONIC, **wishes):
    """A booking request for Ana with Ben, from tomorrow on."""
    recorded = assessments.record(runtime, clinic.ben.actor, clinic.ana, Assessment.from_json(findings))
    made = assessments.get(runtime, clinic.ben.actor, recorded)
    return BookingRequest(
        course_id=new_id(),
        patient_id=clinic.ana,
        assessment_id=recorded,
        phases=made.phases,
        first_visit_minutes=made.estimate.first_visit_minutes,
        visit_minutes=made.estimate.visit_minutes,
        wishes=Wishes(practitioners=(clinic.ben.id,), weekdays=(0, 1, 2, 3, 4), **wishes),
        earliest_day=date(2026, 3, 3),
    )


def book(runtime, clinic, findings=CHRONIC, **wishes):
    """Ana's course, booked at the best dates there are; its id."""
    request = request_for(runtime, clinic, findings, **wishes)
    proposal = booking.propose(runtime, clinic.rosa.actor, request)
    return booking.book_course(runtime, clinic.rosa.actor, request, proposal.places)


def snapshot(runtime, clinic, course_id) -> CourseSnapshot:
    """The course as it stands."""
    with runtime.reading(clinic.rosa.actor) as unit:
        return take(unit, unit.get(CourseRow, course_id))


def calendar(runtime, clinic, course_id):
    """Calendar identity of each session: uid and sequence by session id."""
    with runtime.reading(clinic.rosa.actor) as unit:
        rows = unit.session.scalars(select(SessionRow).where(SessionRow.course_id == course_id))
        return {row.id: (row.uid, row.sequence) for row in rows}


def starts(course: CourseSnapshot) -> list[datetime]:
    """All appointments to come or done, in order of time."""
    return sorted(each.current.starts_at for each in course.live if each.current and each.current.occupies)


def assert_48_hours_apart(course: CourseSnapshot) -> None:
    """No two needlings closer than E25 allows."""
    times = starts(course)
    assert all(after - before >= timedelta(hours=48) for before, after in pairwise(times))


def attend(runtime, clinic, clock, course_id, position):
    """Let time pass to a session and have it treated."""
    booked = snapshot(runtime, clinic, course_id).sessions[position].current
    clock.set(booked.starts_at + timedelta(minutes=1))
    attendance.arrive(runtime, clinic.rosa.actor, booked.id)
    attendance.fulfil(runtime, clinic.rosa.actor, booked.id)


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
    fewer = assessments.get(runtime, clinic.ben.actor, _assessment(runtime, clinic, course_id)).phases[:1]
    fewer = (replace(fewer[0], sessions=4),)
    seen = frequency.preview(runtime, clinic.ben.actor, course_id, fewer)
    assert len(seen.difference.of(ChangeKind.CANCELLED)) == len(before.live) - 4
    assert snapshot(runtime, clinic, course_id) == before
    frequency.apply(runtime, clinic.ben.actor, course_id, fewer, reason="settled", digest=seen.digest)
    after = snapshot(runtime, clinic, course_id)
    assert len(after.live) == 4
    with pytest.raises(StaleForm):
        frequency.apply(runtime, clinic.ben.actor, course_id, fewer, reason="again", digest=seen.digest)


def _assessment(runtime, clinic, course_id):
    with runtime.reading(clinic.rosa.actor) as unit:
        return unit.get(CourseRow, course_id).assessment_id


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


def test_maintenance_stays_a_rolling_few_ahead(runtime, clinic, clock):
    """When the first maintenance visit is over another is booked at the end."""
    course_id = book(runtime, clinic)
    course = snapshot(runtime, clinic, course_id)
    first = next(index for index, each in enumerate(course.live) if each.phase == "maintenance")
    for position in range(first + 1):
        attend(runtime, clinic, clock, course_id, position)
    assert maintenance.extend_all(runtime).done == 1
    assert maintenance.extend_all(runtime).done == 0
    after = snapshot(runtime, clinic, course_id)
    assert len(after.live) == len(course.live) + 1
    assert max(starts(after)) - max(starts(course)) > timedelta(days=20)


def test_a_long_interruption_of_a_chronic_course_proposes_a_catch_up_session(runtime, clinic, clock):
    """Ben is away for seven weeks and the patient then misses: an extra session is proposed, and added on request."""
    course_id = book(runtime, clinic)
    attend(runtime, clinic, clock, course_id, 0)
    course = snapshot(runtime, clinic, course_id)
    day = course.sessions[1].current.starts_at.date()
    leave.record_leave(
        runtime, clinic.mo.actor, clinic.ben.id, Leave.whole_days(day + timedelta(days=1), day + timedelta(days=49))
    )
    missed = snapshot(runtime, clinic, course_id).sessions[1].current
    clock.set(missed.ends_at + timedelta(minutes=5))
    attendance.miss(runtime, clinic.rosa.actor, missed.id)
    with runtime.reading(clinic.rosa.actor) as unit:
        assert worklists.CATCH_UP in [item.kind for item in worklists.open_items(unit)]
    count = len(snapshot(runtime, clinic, course_id).live)
    frequency.add_session(runtime, clinic.ben.actor, course_id, reason="catch up")
    after = snapshot(runtime, clinic, course_id)
    assert len(after.live) == count + 1
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


def test_a_course_is_finished_when_its_last_session_is_done(runtime, clinic, clock):
    """An acute course without maintenance ends by itself."""
    course_id = book(runtime, clinic, ACUTE)
    for position in range(len(snapshot(runtime, clinic, course_id).live)):
        attend(runtime, clinic, clock, course_id, position)
    assert snapshot(runtime, clinic, course_id).status == "finished"


def test_ending_a_course_early_calls_off_what_is_ahead_and_can_be_undone(runtime, clinic, clock):
    """What was given stays; one undo brings the rest back."""
    course_id = book(runtime, clinic)
    attend(runtime, clinic, clock, course_id, 0)
    before = snapshot(runtime, clinic, course_id)
    with pytest.raises(InvalidInput):
        attendance.end_course(runtime, clinic.ben.actor, course_id, reason=" ")
    outcome = attendance.end_course(runtime, clinic.ben.actor, course_id, reason="free of pain")
    after = snapshot(runtime, clinic, course_id)
    assert (after.status, len(after.live)) == ("finished", 1)
    undoing.undo(runtime, clinic.ben.actor, outcome.revision_id)
    assert [each.current for each in snapshot(runtime, clinic, course_id).sessions] == [
        each.current for each in before.sessions
    ]


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


def test_a_session_without_a_place_says_what_would_give_it_one(runtime, clinic):
    """The patient comes on Fridays only, when Ben does not work, but Cleo does."""
    with runtime.writing(clinic.system) as unit:
        cleo = make_person(unit, "Cleo Marsh", "cleo@example.org", "therapist", treats=True)
        clinic_setup.set_practitioner_hours(unit, clinic.ben.id, weekly(weekdays=(0, 1, 2, 3)))
        clinic_setup.set_practitioner_hours(unit, cleo.id, weekly(weekdays=(4,)))
    request = request_for(runtime, clinic, ACUTE)
    request = replace(request, wishes=Wishes(practitioners=(clinic.ben.id,), weekdays=(4,)))
    first, *others = booking.propose(runtime, clinic.rosa.actor, request).sessions
    assert "the patient could also come on a Tuesday morning (such as Tuesday 3 March 08:00 with Ben" in first.reason
    assert "Cleo Marsh could treat as well (such as Friday 6 March 08:00" in first.reason
    assert {each.reason for each in others} == {"It comes after a session that has no place."}
    booking.book_course(runtime, clinic.rosa.actor, request, {})
    assert snapshot(runtime, clinic, request.course_id).sessions[0].unplaced_reason == first.reason


def test_leave_and_closed_days_are_told_as_what_they_are(runtime, clinic):
    """The clinic is closed in the first half of March, Ben away in the other, and then the patient."""
    with runtime.writing(clinic.system) as unit:
        clinic_setup.add_closure(unit, Closure(date(2026, 3, 1), date(2026, 3, 15), "building works"))
        clinic_setup.add_leave(unit, clinic.ben.id, Leave.whole_days(date(2026, 3, 16), date(2026, 3, 31)))
    rest_of_the_year = ((date(2026, 4, 1), date(2027, 12, 31)),)
    request = request_for(runtime, clinic, ACUTE, away=rest_of_the_year)
    reason = booking.propose(runtime, clinic.rosa.actor, request).sessions[0].reason
    assert "were not on leave (such as" in reason
    assert "the clinic were not closed that day (such as" in reason
    assert "the patient could come on a day marked as away (such as" in reason


def test_what_would_give_a_session_a_place_keeps_48_hours_to_the_patients_other_course(runtime, clinic):
    """Dana has no hours yet: the times at which she would be wanted are none near Ana's visits with Ben."""
    others = starts(snapshot(runtime, clinic, book(runtime, clinic, ACUTE)))
    with runtime.writing(clinic.system) as unit:
        dana = make_person(unit, "Dana Reed", "dana@example.org", "therapist", treats=True)
    request = request_for(runtime, clinic, ACUTE)
    request = replace(request, wishes=Wishes(practitioners=(dana.id,), weekdays=(1, 2, 3, 4)))
    reason = booking.propose(runtime, clinic.rosa.actor, request).sessions[0].reason
    named = re.search(r"Dana Reed, never free at such hours, had time \(such as \w+ (.*?) with Dana Reed\)", reason)
    assert named is not None, reason
    would_be = datetime.strptime(f"2026 {named[1]}", "%Y %d %B %H:%M").replace(tzinfo=UTC)  # London's clock in March
    assert all(abs(would_be - other) >= timedelta(hours=48) for other in others)


def test_a_visit_without_a_new_place_says_what_would_give_it_one(runtime, clinic):
    """Ben leaves for good; Cleo, whom Ana did not think of, is named."""
    with runtime.writing(clinic.system) as unit:
        cleo = make_person(unit, "Cleo Marsh", "cleo@example.org", "therapist", treats=True)
        clinic_setup.set_practitioner_hours(unit, cleo.id, weekly())
    course_id = book(runtime, clinic, ACUTE)
    away = Leave.whole_days(date(2026, 3, 1), date(2027, 12, 31), "gone")
    leave.record_leave(runtime, clinic.mo.actor, clinic.ben.id, away)
    reasons = [each.unplaced_reason for each in snapshot(runtime, clinic, course_id).live]
    assert any("Cleo Marsh could treat as well" in reason for reason in reasons)


def test_what_is_ahead_is_numbered_on_however_the_frequency_changes(runtime, clinic, clock):
    """No two live sessions share a number, and a catch-up session comes next, as soon as possible."""
    course_id = book(runtime, clinic)
    attend(runtime, clinic, clock, course_id, 0)
    frequency.add_session(runtime, clinic.ben.actor, course_id, reason="catch up")
    live = snapshot(runtime, clinic, course_id).live
    assert [each.position for each in live] == list(range(len(live)))
    kinds = [each.phase for each in live]
    assert kinds == sorted(kinds, key=("intensive", "taper", "maintenance").index) or kinds.index("maintenance") == len(
        kinds
    ) - kinds.count("maintenance")
    phases = assessments.get(runtime, clinic.ben.actor, _assessment(runtime, clinic, course_id)).phases[:1]
    for count in (2, 6):
        frequency.apply(runtime, clinic.ben.actor, course_id, (replace(phases[0], sessions=count),), reason="tried")
        live = snapshot(runtime, clinic, course_id).live
        assert [each.position for each in live] == list(range(count))


def test_a_finished_course_goes_on_when_more_is_planned(runtime, clinic, clock):
    """More sessions after the last one was given make the course active again."""
    course_id = book(runtime, clinic, ACUTE)
    for position in range(len(snapshot(runtime, clinic, course_id).live)):
        attend(runtime, clinic, clock, course_id, position)
    phases = assessments.get(runtime, clinic.ben.actor, _assessment(runtime, clinic, course_id)).phases[:1]
    frequency.apply(runtime, clinic.ben.actor, course_id, (replace(phases[0], sessions=8),), reason="not well yet")
    course = snapshot(runtime, clinic, course_id)
    assert course.status == "active"
    assert_48_hours_apart(course)
