"""The nightly look through the data: it finds what contradicts itself, tells it once, and goes on where it was."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, text, update

from planner.notify.delivery import TemporaryFailure
from planner.services import integrity, worklists
from planner.services.attendance import cancel
from planner.services.feeds import create_feed
from planner.services.sweeping import SweepReport
from planner.storage.courses import AppointmentRow, CourseRow, RevisionRow, SessionRow, WorklistRow
from planner.storage.nights import NightWorkRow
from planner.storage.outward import OutboxRow
from tests.web.ana_course import book_ana

pytestmark = pytest.mark.sqlite


@pytest.fixture
def course(runtime, clinic):
    """Ana's course with a change in it, and her calendar."""
    course = book_ana(runtime, clinic)
    cancel(runtime, clinic.rosa.actor, course.appointment(3).id)
    create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana)
    return course


def spoil(runtime, *statements):
    """Past the program, as rot or another program would; without the guard, which would refuse an overlap."""
    with runtime.database.migrating() as connection:
        for (name,) in connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'appointment'")
        ).all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        for statement in statements:
            connection.execute(statement)


def found(runtime, clinic):
    """What is found now: the beginnings of the keys."""
    return {finding.key.rpartition("-")[0] for finding in integrity.verify(runtime, clinic.system)}


def lines(course):
    """The open lines about it."""
    return [notice for notice in course.notices() if notice.kind == worklists.DAMAGE]


def test_in_a_sound_clinic_nothing_is_found(runtime, clinic, course):
    """Booked, changed, with a calendar."""
    assert found(runtime, clinic) == set()
    assert integrity.sweep_integrity(runtime) == SweepReport()


def of_session(course, number):
    """The rows of a session's appointments."""
    return AppointmentRow.session_id == course.now().sessions[number - 1].id


FAULTS = {
    "two-appointments": lambda course: update(AppointmentRow).where(of_session(course, 3)).values(superseded=False),
    "ghost": lambda course: update(AppointmentRow).where(of_session(course, 1)).values(superseded=True),
    "forgotten": lambda course: delete(AppointmentRow).where(of_session(course, 1)),
    "history": lambda course: update(AppointmentRow).where(of_session(course, 2)).values(
        starts_at=AppointmentRow.starts_at, ends_at=course.appointment(2).ends_at + timedelta(minutes=15)
    ),
    "untold": lambda course: delete(OutboxRow),
    "message": lambda course: update(OutboxRow).values(facts={"from_revision": 77}),
    "calendar": lambda course: update(SessionRow).values(sequence=-5),
}  # fmt: skip


@pytest.mark.parametrize("kind", FAULTS)
def test_what_contradicts_itself_is_found(runtime, clinic, course, kind):
    """Each by its own look."""
    spoil(runtime, FAULTS[kind](course))
    assert kind in found(runtime, clinic)


def test_an_overlap_is_found_without_the_guard(runtime, clinic, course):
    """Of the therapist, the room and the patient; each pair once."""
    first, second = course.appointment(1), course.appointment(2)
    moved = update(AppointmentRow).where(AppointmentRow.id == second.id)
    spoil(runtime, moved.values(starts_at=first.starts_at + timedelta(minutes=5), ends_at=first.ends_at))
    pair = [finding for finding in integrity.verify(runtime, clinic.system) if finding.key.startswith("overlap")]
    assert {finding.key for finding in pair} == {f"overlap-{first.id}-{second.id}"}
    assert len(pair) == 3


def test_a_change_that_is_missing_is_found(runtime, clinic, course):
    """And one that does not begin where the one before it ended."""
    spoil(
        runtime,
        update(RevisionRow)
        .where(RevisionRow.number == 2)
        .values(before={**_before(runtime, clinic), "status": "onhold"}),
    )
    assert [finding.says for finding in integrity.verify(runtime, clinic.system)] == [
        "Change 2 does not begin where the one before it ended."
    ]
    spoil(runtime, delete(RevisionRow).where(RevisionRow.number == 1))
    assert "Change 1 is missing in the course's history." in [
        finding.says for finding in integrity.verify(runtime, clinic.system)
    ]


def _before(runtime, clinic):
    with runtime.reading(clinic.system) as unit:
        return unit.session.scalar(select(RevisionRow.before).where(RevisionRow.number == 2))


def test_a_finding_is_told_once_and_goes_when_it_is_well(runtime, clinic, course, clock, mailer):
    """A line for staff and a message to Mo; not a second one the next night; none when it was put right."""
    spoil(runtime, update(CourseRow).values(status="onhold"))
    clock.advance(days=1)
    assert integrity.sweep_integrity(runtime).done == 1
    (line,) = lines(course)
    assert line.says == "The course does not stand as its history says."
    assert line.course_id == course.id
    (message,) = mailer.sent
    assert message.to == "mo@example.org"
    assert "- The course does not stand as its history says." in message.text
    clock.advance(days=1)
    assert integrity.sweep_integrity(runtime) == SweepReport()
    assert len(lines(course)) == len(mailer.sent) == 1
    spoil(runtime, update(CourseRow).values(status="active"))
    clock.advance(days=1)
    assert integrity.sweep_integrity(runtime).done == 1
    assert lines(course) == []
    assert len(mailer.sent) == 1


def test_a_manager_who_can_not_be_written_to_finds_it_on_the_worklists(runtime, clinic, course, mailer, caplog):
    """The mail server is away: the night's look is over all the same."""
    spoil(runtime, update(CourseRow).values(status="onhold"))
    mailer.fails_with = TemporaryFailure("The mail server is away.")
    assert integrity.sweep_integrity(runtime).done == 1
    assert "a manager could not be told" in caplog.text
    assert len(lines(course)) == 1


def test_a_line_that_a_person_took_off_stays_off(runtime, clinic, course, clock):
    """While it is the same thing."""
    spoil(runtime, update(CourseRow).values(status="onhold"))
    integrity.sweep_integrity(runtime)
    worklists.dismiss(runtime, clinic.rosa.actor, lines(course)[0].id)
    clock.advance(days=1)
    integrity.sweep_integrity(runtime)
    assert lines(course) == []


def test_a_look_that_is_cut_off_goes_on_where_it_was(runtime, clinic, course):
    """One stretch a tick, whoever does it; what was found before is not lost."""
    spoil(runtime, delete(OutboxRow))
    turns = 0
    while _open(runtime, clinic) and turns < 50:
        integrity.look_on(runtime, clinic.system, seconds=0)
        turns += 1
    assert len(integrity.CHECKS) <= turns < 50
    assert [line.says for line in lines(course)] == ["This course was booked, and no message about it is owed."]
    assert integrity.look_on(runtime, clinic.system) == 0


def _open(runtime, clinic):
    with runtime.reading(clinic.system) as unit:
        row = unit.session.scalar(select(NightWorkRow))
        return row is None or row.ended_at is None


def test_each_night_is_looked_at_once(runtime, clinic, course, clock):
    """Whatever hour the ticks come at; not before two in the morning."""
    nights = []
    for _ in range(4 * 24):
        integrity.sweep_integrity(runtime)
        with runtime.reading(clinic.system) as unit:
            nights.append(unit.session.scalar(select(NightWorkRow.ended_at)))
        clock.advance(minutes=30)
    assert len(set(nights)) == 3
    assert all(ended.hour == 2 for ended in set(nights) - {nights[0]})


def test_other_clinics_are_looked_at_by_themselves(runtime, clinic, other_clinic, course):
    """Cy's people see nothing of it."""
    spoil(runtime, delete(OutboxRow).where(OutboxRow.clinic_id == clinic.id))
    integrity.sweep_integrity(runtime)
    with runtime.reading(other_clinic.system) as unit:
        assert unit.session.scalars(select(WorklistRow).where(WorklistRow.kind == worklists.DAMAGE)).all() == []
    assert len(lines(course)) == 1


def test_a_night_that_is_over_costs_one_question_however_many_clinics_there_are(
    runtime, clinic, other_clinic, course, clock, queries
):
    """The sweep comes by every minute."""
    clock.advance(days=1)
    integrity.sweep_integrity(runtime)
    with queries() as asked:
        integrity.sweep_integrity(runtime)
    assert sum("night_work" in each for each in asked) == 1
    assert len(asked) <= 2
