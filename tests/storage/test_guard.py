"""The guard against double booking, whatever it is made of, and the test that it is there."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text, update

from planner.errors import SlotTaken, StorageFailed
from planner.storage import guard
from planner.storage.courses import APPOINTMENT_STATUSES, OCCUPYING_STATUSES, AppointmentRow
from planner.storage.guard import GUARDED
from tests.factories import NOW
from tests.storage.bookings import add, make_stage

TRIGGERS = [f"appointment_one_{resource}_{event}" for resource in GUARDED for event in ("insert", "update")]


@pytest.fixture
def stage(runtime, clinic, other_clinic):
    """Two of each resource, and a course to book for."""
    return make_stage(runtime, clinic)


@pytest.mark.parametrize("shared", GUARDED)
def test_nothing_is_booked_twice_at_once(stage, shared):
    """Neither the practitioner nor the room nor the patient."""
    add(stage, 0, NOW, 30)
    with pytest.raises(SlotTaken) as refusal:
        add(stage, 1, NOW + timedelta(minutes=15), 30, shared=shared)
    assert refusal.value.field == shared


@pytest.mark.parametrize("shared", GUARDED)
def test_nothing_is_moved_onto_something_else(stage, shared):
    """The update is guarded as the insert is."""
    add(stage, 0, NOW, 30)
    second = add(stage, 1, NOW + timedelta(hours=2), 30, shared=shared)
    with pytest.raises(SlotTaken), stage.writing() as session:
        row = session.get(AppointmentRow, (stage.clinic.id, second))
        row.starts_at, row.ends_at = NOW + timedelta(minutes=15), NOW + timedelta(minutes=45)


def test_appointments_may_follow_one_another_without_a_break(stage):
    """Half-open: one ends at the instant at which the next begins."""
    ids = {add(stage, 0, NOW, 30), add(stage, 1, NOW + timedelta(minutes=30), 30, shared="practitioner")}
    with stage.writing() as session:
        assert set(session.scalars(select(AppointmentRow.id))) == ids


@pytest.mark.parametrize("status", APPOINTMENT_STATUSES)
def test_only_what_occupies_a_slot_takes_it(stage, status):
    """A cancelled or missed appointment leaves its time to others."""
    add(stage, 0, NOW, 30, status=status)
    if status in OCCUPYING_STATUSES:
        with pytest.raises(SlotTaken):
            add(stage, 1, NOW, 30, shared="room")
    else:
        add(stage, 1, NOW, 30, shared="room")


def test_a_cancelled_appointment_is_not_revived_into_a_taken_slot(stage):
    """Undoing a cancellation is a booking too."""
    first = add(stage, 0, NOW, 30, status="cancelled")
    add(stage, 1, NOW, 30, shared="room")
    with pytest.raises(SlotTaken), stage.writing() as session:
        session.get(AppointmentRow, (stage.clinic.id, first)).status = "booked"


def test_other_appointments_of_a_refused_transaction_are_not_kept(stage):
    """A whole course, or nothing."""
    add(stage, 0, NOW, 30)
    with pytest.raises(SlotTaken), stage.writing() as session:
        session.add(stage.row(1, NOW + timedelta(days=1), 30))
        session.flush()
        session.add(stage.row(1, NOW, 30, shared="room"))
    with stage.runtime.database.reading(stage.clinic.id) as session:
        assert len(session.scalars(select(AppointmentRow)).all()) == 1


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(st.integers(0, 600), st.integers(1, 300)), st.tuples(st.integers(0, 600), st.integers(1, 300)))
def test_the_guard_agrees_with_the_definition_of_overlap(stage, first, second):
    """Two stretches meet if each begins before the other ends, across midnight and seconds too."""
    overlap = first[0] < second[0] + second[1] and second[0] < first[0] + first[1]
    start = NOW + timedelta(hours=12, seconds=30)
    with stage.writing() as session:
        session.execute(text("DELETE FROM appointment"))
    add(stage, 0, start + timedelta(minutes=first[0]), first[1])
    try:
        add(stage, 1, start + timedelta(minutes=second[0]), second[1], shared="patient")
    except SlotTaken:
        assert overlap
    else:
        assert not overlap


def test_the_self_test_passes_and_leaves_nothing_behind(stage):
    """It books in a transaction that is rolled back."""
    stage.runtime.database.check_guard()
    with stage.runtime.database.reading(None) as session:
        assert session.scalar(text("SELECT count(*) FROM clinic WHERE id < 0")) == 0


@pytest.mark.sqlite
@pytest.mark.parametrize("trigger", TRIGGERS)
def test_the_self_test_misses_any_single_trigger(database, trigger):
    """Without it the program does not start."""
    with database.migrating() as connection:
        connection.execute(text(f"DROP TRIGGER {trigger}"))
    with pytest.raises(StorageFailed, match="two appointments"):
        database.check_guard()


def test_a_booking_without_the_session_is_guarded_too(stage):
    """The guard knows nothing of our program: plain SQL is refused as well."""
    add(stage, 0, NOW, 30)
    twin = stage.row(1, NOW, 30, shared="patient")
    values = {column.name: getattr(twin, column.name) for column in AppointmentRow.__table__.columns}
    values |= {"clinic_id": stage.clinic.id, "id": 1, "status": "booked", "superseded": False}
    values |= {"late_cancellation": False, "cancelled_by": "", "version": 1}
    with pytest.raises(SlotTaken), stage.runtime.database.writing(None) as session:
        session.execute(insert(AppointmentRow).values(**values))


def test_a_bulk_move_is_guarded_too(stage):
    """One UPDATE over several rows can't slip through."""
    add(stage, 0, NOW, 30)
    add(stage, 1, NOW + timedelta(hours=1), 30, shared="room")
    with pytest.raises(SlotTaken), stage.writing() as session:
        session.execute(update(AppointmentRow).values(starts_at=NOW, ends_at=NOW + timedelta(minutes=30)))


def test_the_guard_names_three_resources_and_two_events():
    """Six triggers; a new resource needs its test."""
    made = [line for line in guard.trigger_statements() if "CREATE TRIGGER" in line]
    assert len(made) == len(TRIGGERS) == 6
