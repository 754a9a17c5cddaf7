"""Statuses, locks and moves of an appointment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from planner.diary.appointment import (
    OCCUPYING,
    OPEN,
    Appointment,
    AppointmentStatus,
    earlier_statuses,
    ical_participation,
    ical_status,
    next_statuses,
)
from planner.errors import InvalidInput

S = AppointmentStatus
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def visit() -> Appointment:
    """Ana's visit to Ben, two days ahead."""
    return Appointment(
        id=1,
        session_id=2,
        patient_id=3,
        practitioner_id=4,
        room_id=5,
        starts_at=NOW + timedelta(days=2),
        ends_at=NOW + timedelta(days=2, minutes=45),
        status=S.BOOKED,
        confirmed=False,
        uid="a1@clinic.example",
        sequence=0,
    )


def test_the_statuses_are_fhirs() -> None:
    """Ten codes, spelled as FHIR R4 spells them."""
    assert {status.value for status in S} == {
        *("proposed", "pending", "booked", "arrived", "fulfilled"),
        *("cancelled", "noshow", "entered-in-error", "checked-in", "waitlist"),
    }


def test_what_was_called_off_or_missed_takes_no_time() -> None:
    """Its slot can be booked by somebody else."""
    assert {S.CANCELLED, S.NOSHOW, S.ENTERED_IN_ERROR, S.PROPOSED, S.WAITLIST}.isdisjoint(OCCUPYING)


def test_with_exactly_the_notice_time_left_it_may_move(visit: Appointment) -> None:
    """A minute later it is locked."""
    assert not visit.is_locked(visit.starts_at - timedelta(hours=24), 24)
    assert visit.is_locked(visit.starts_at - timedelta(hours=23, minutes=59), 24)


def test_a_confirmed_visit_is_locked(visit: Appointment) -> None:
    """The patient has arranged the day around it."""
    assert replace(visit, confirmed=True).is_locked(NOW, 24)


def test_a_visit_that_started_is_locked_even_without_a_notice_time(visit: Appointment) -> None:
    """The past stays as it is."""
    assert visit.is_locked(visit.starts_at, 0)
    assert not visit.is_locked(visit.starts_at - timedelta(seconds=1), 0)


@pytest.mark.parametrize("status", sorted(set(S) - OPEN))
def test_a_visit_that_is_over_or_called_off_is_locked_and_does_not_move(visit: Appointment, status: S) -> None:
    """Only what is still to come moves."""
    over = replace(visit, status=status)
    assert over.is_locked(NOW, 0)
    with pytest.raises(InvalidInput, match="can't be moved"):
        over.moved_to(NOW + timedelta(days=3), practitioner_id=4, room_id=5)


def test_a_move_keeps_the_length_and_identity_and_raises_the_revision(visit: Appointment) -> None:
    """Calendars replace an event of the same UID when its SEQUENCE rose; the old confirmation is void."""
    confirmed = replace(visit, confirmed=True)
    moved = confirmed.moved_to(NOW + timedelta(days=3), practitioner_id=7, room_id=8)
    assert moved == replace(
        visit,
        starts_at=NOW + timedelta(days=3),
        ends_at=NOW + timedelta(days=3, minutes=45),
        practitioner_id=7,
        room_id=8,
        sequence=1,
    )


def test_another_length_is_a_new_revision(visit: Appointment) -> None:
    """The end changes in calendars too."""
    longer = visit.moved_to(visit.starts_at, duration=timedelta(minutes=60), practitioner_id=4, room_id=5)
    assert (longer.ends_at, longer.sequence) == (visit.starts_at + timedelta(minutes=60), 1)


def test_another_room_at_the_same_time_is_no_new_revision(visit: Appointment) -> None:
    """The patient's confirmation was for the time, which stands."""
    moved = replace(visit, confirmed=True).moved_to(visit.starts_at, practitioner_id=4, room_id=9)
    assert (moved.room_id, moved.confirmed, moved.sequence) == (9, True, 0)


def test_cancelling_and_undoing_it_are_two_revisions(visit: Appointment) -> None:
    """Calendars that took the cancellation must take the visit back."""
    cancelled = visit.with_status(S.CANCELLED)
    restored = cancelled.with_status(S.BOOKED, undo=True)
    assert (cancelled.sequence, restored.sequence, restored.status) == (1, 2, S.BOOKED)


def test_arriving_is_nothing_new_for_calendars(visit: Appointment) -> None:
    """The event looks the same before and after."""
    assert visit.with_status(S.ARRIVED).with_status(S.FULFILLED).sequence == 0


def test_the_present_status_changes_nothing(visit: Appointment) -> None:
    """A double click is harmless."""
    assert visit.with_status(S.BOOKED) is visit


def test_a_fulfilled_visit_can_not_be_missed(visit: Appointment) -> None:
    """But pressing Done by mistake can be undone."""
    done = visit.with_status(S.FULFILLED)
    with pytest.raises(InvalidInput, match="fulfilled can't become noshow") as refusal:
        done.with_status(S.NOSHOW)
    assert refusal.value.field == "status"
    assert done.with_status(S.BOOKED, undo=True).status is S.BOOKED


@pytest.mark.parametrize("status", sorted(S))
def test_every_step_can_be_undone(status: S) -> None:
    """Forward and back are one table."""
    assert all(status in earlier_statuses(after) for after in next_statuses(status))
    assert status not in next_statuses(status)


def test_every_visit_can_turn_out_to_be_an_error() -> None:
    """And nothing follows after that."""
    assert all(S.ENTERED_IN_ERROR in next_statuses(status) for status in set(S) - {S.ENTERED_IN_ERROR})
    assert next_statuses(S.ENTERED_IN_ERROR) == frozenset()


def test_calendars_see_three_statuses() -> None:
    """Tentative until booked, cancelled when called off, else confirmed."""
    assert {status: ical_status(status) for status in S} == {
        **dict.fromkeys((S.PROPOSED, S.PENDING, S.WAITLIST), "TENTATIVE"),
        **dict.fromkeys((S.BOOKED, S.ARRIVED, S.CHECKED_IN, S.FULFILLED, S.NOSHOW), "CONFIRMED"),
        **dict.fromkeys((S.CANCELLED, S.ENTERED_IN_ERROR), "CANCELLED"),
    }


def test_the_patient_takes_part_once_they_confirm_or_come() -> None:
    """PARTSTAT of invitations."""
    assert ical_participation(S.BOOKED, confirmed=False) == "NEEDS-ACTION"
    assert ical_participation(S.BOOKED, confirmed=True) == "ACCEPTED"
    assert ical_participation(S.ARRIVED, confirmed=False) == "ACCEPTED"
    assert ical_participation(S.FULFILLED, confirmed=False) == "ACCEPTED"
    assert ical_participation(S.NOSHOW, confirmed=True) == "DECLINED"
    assert ical_participation(S.CANCELLED, confirmed=True) == "DECLINED"


@pytest.mark.parametrize(
    "wrong",
    [
        {"starts_at": datetime(2026, 11, 24, 9)},
        {"ends_at": NOW},
        {"uid": ""},
        {"sequence": -1},
    ],
)
def test_an_impossible_appointment_is_a_bug(visit: Appointment, wrong: dict[str, object]) -> None:
    """Rows are checked when they become values."""
    with pytest.raises(ValueError, match=r"appointment|calendar identity"):
        replace(visit, **wrong)
