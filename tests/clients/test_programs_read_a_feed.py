"""Real calendar programs follow a patient's feed, fetched over HTTP, from booking over a miss to an undo."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from planner.services import attendance, feeds, frequency, moving, undoing
from planner.storage.people import ClinicRow
from tests.clients.programs import PROGRAMS, Seen
from tests.web.ana_course import book_ana

pytestmark = [pytest.mark.clients, pytest.mark.slow]


def booked(course):
    """What a program should show: every session once, at its appointment."""
    times = [(each.current.starts_at, each.current.ends_at) for each in course.now().live]
    return sorted(times)


def times(seen: list[Seen]):
    """Start and end of each event, none of them cancelled."""
    assert not any(each.cancelled for each in seen)
    return [(each.starts_at, each.ends_at) for each in seen]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_that_keeps_what_it_read_follows_a_miss_and_its_undo(
    program, runtime, clinic, clock, client, tmp_path
):
    """The course spans the change of the clocks; the same entries move and come back, nothing is there twice."""
    course = book_ana(runtime, clinic)
    path = urlsplit(feeds.create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana)).path
    read = PROGRAMS[program]
    first = read(client.get(path).data, tmp_path)
    assert times(first) == booked(course)
    missed = course.appointment(1)
    clock.set(missed.ends_at + timedelta(minutes=10))
    outcome = attendance.miss(runtime, clinic.rosa.actor, missed.id)
    after = read(client.get(path).data, tmp_path)
    assert times(after) == booked(course)
    assert {each.uid for each in after} == {each.uid for each in first}
    assert times(after) != times(first)
    undoing.undo(runtime, clinic.rosa.actor, outcome.revision_id)
    assert times(read(client.get(path).data, tmp_path)) == times(first)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_follows_a_move_a_cancellation_a_catch_up_and_a_changed_zone(
    program, runtime, clinic, client, tmp_path
):
    """After each of them it shows what the diary says: nothing twice, nothing left over, no hour's error."""
    course = book_ana(runtime, clinic)
    path = urlsplit(feeds.create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana)).path

    follow_all_changes(course, runtime, clinic, lambda: PROGRAMS[program](client.get(path).data, tmp_path))


def follow_all_changes(course, runtime, clinic, read):
    """A move, a cancellation, a catch-up and another zone: after each a program shows what the diary says."""

    def shown():
        seen = read()
        assert len({each.uid for each in seen}) == len(seen)
        return sorted((each.starts_at, each.ends_at) for each in seen if not each.cancelled)

    assert shown() == booked(course)
    third = course.appointment(3)
    slot = moving.legal_slots(runtime, clinic.rosa.actor, third.id)[0]
    moving.move(runtime, clinic.rosa.actor, third.id, slot.start, slot.practitioner_id)
    assert course.appointment(3).starts_at != third.starts_at
    assert shown() == booked(course)
    last = course.now().live[-1]
    attendance.cancel(runtime, clinic.rosa.actor, last.current.id, rebook=False)
    expected = [each for each in booked(course) if each != (last.current.starts_at, last.current.ends_at)]
    assert shown() == expected
    frequency.add_session(runtime, clinic.rosa.actor, course.id, reason="Catch-up")
    now = sorted(
        (each.current.starts_at, each.current.ends_at)
        for each in course.now().live
        if each.current is not None and each.current.occupies
    )
    assert len(now) == len(expected) + 1
    assert shown() == now
    with runtime.writing(clinic.mo.actor) as unit:
        unit.session.get(ClinicRow, clinic.id).timezone = "America/New_York"
    assert shown() == now
