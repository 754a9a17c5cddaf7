"""How it is, told by the patient: kept once a day, corrected by another tap, taken back by the same one."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from planner.errors import InvalidInput, NotFound
from planner.services import attendance, patient_log
from planner.services.patient_plan import plan_of
from planner.services.runtime import Actor
from planner.storage.people import PatientRow
from planner.storage.progress import OutcomeRow
from tests.web.ana_course import book_ana


@pytest.fixture
def ana(clinic):
    """Whoever has Ana's personal link."""
    return Actor(clinic_id=clinic.id, name="patient", patient_id=clinic.ana)


@pytest.fixture
def visited(runtime, clinic, clock):
    """Ana was here once, an hour ago."""
    course = book_ana(runtime, clinic)
    first = course.appointment(1)
    clock.set(first.starts_at)
    attendance.fulfil(runtime, clinic.rosa.actor, first.id)
    clock.set(first.ends_at + timedelta(hours=1))
    return course


def session_of(course):
    """The visit that is told about."""
    return course.now().sessions[0].id


def kept(runtime, clinic):
    """(kind, value) of what counts."""
    with runtime.reading(clinic.rosa.actor) as unit:
        rows = unit.session.scalars(select(OutcomeRow).where(OutcomeRow.removed_at.is_(None)).order_by(OutcomeRow.id))
        return [(row.kind, row.value, row.measured_by, row.session_id) for row in rows]


def test_before_the_first_visit_there_is_nothing_to_tell(runtime, clinic, ana):
    """Nobody is asked how a treatment was that they did not have."""
    book_ana(runtime, clinic)
    assert plan_of(runtime, ana).log is None


def test_two_taps_tell_pain_and_exercises(runtime, clinic, ana, visited):
    """For the therapist's chart, by the patient, after this visit."""
    session = session_of(visited)
    assert patient_log.tell(runtime, ana, session, "pain", 4.0)
    assert patient_log.tell(runtime, ana, session, "exercises", 1.0)
    assert kept(runtime, clinic) == [("pain", 4.0, "patient", session), ("exercises", 1.0, "patient", session)]
    log = plan_of(runtime, ana).log
    assert (log.pain, log.exercises) == (4, 1.0)


def test_another_tap_corrects_and_the_same_one_takes_back(runtime, clinic, ana, visited):
    """No question is asked."""
    session = session_of(visited)
    patient_log.tell(runtime, ana, session, "pain", 4.0)
    patient_log.tell(runtime, ana, session, "pain", 6.0)
    assert kept(runtime, clinic) == [("pain", 6.0, "patient", session)]
    assert not patient_log.tell(runtime, ana, session, "pain", 6.0)
    assert kept(runtime, clinic) == []
    assert plan_of(runtime, ana).log.pain is None


def test_the_next_day_is_another_entry(runtime, clinic, ana, clock, visited):
    """So that a line can be drawn."""
    session = session_of(visited)
    patient_log.tell(runtime, ana, session, "pain", 6.0)
    clock.advance(days=1)
    assert plan_of(runtime, ana).log.pain is None
    patient_log.tell(runtime, ana, session, "pain", 6.0)
    assert len(kept(runtime, clinic)) == 2


def test_a_day_ends_at_the_patients_midnight(runtime, clinic, ana, clock, visited):
    """Ana lives in Auckland, where it is past midnight when it is noon in Edinburgh."""
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).timezone = "Pacific/Auckland"
    session = session_of(visited)
    patient_log.tell(runtime, ana, session, "pain", 6.0)
    clock.advance(hours=3)
    assert plan_of(runtime, ana).log.pain is None


@pytest.mark.parametrize(
    ("kind", "value"), [("pain", 11.0), ("pain", 4.5), ("pain", -1.0), ("exercises", 0.5), ("function", 3.0), ("", 1.0)]
)
def test_only_what_the_buttons_say_is_kept(runtime, clinic, ana, visited, kind, value):
    """Whoever sends something else is told so."""
    with pytest.raises(InvalidInput):
        patient_log.tell(runtime, ana, session_of(visited), kind, value)
    assert kept(runtime, clinic) == []


def test_only_the_own_last_visit_is_told_about(runtime, ana, visited):
    """Not a later one, not somebody else's."""
    with pytest.raises(NotFound):
        patient_log.tell(runtime, ana, visited.now().sessions[1].id, "pain", 3.0)
