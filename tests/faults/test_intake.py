"""Five hundred courses are planned and booked at once on the demo's database, while eight people work in it."""

import random
import shutil
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from planner.care.assessment import Assessment
from planner.services import assessments, solve_jobs
from planner.services.block_booking import book_block, plan_block, planned_block
from planner.services.demo.install import ensure_demo
from planner.services.runtime import Actor, Runtime
from planner.services.snapshot import CourseSnapshot
from planner.storage import schema
from planner.storage.courses import RevisionRow
from planner.storage.database import Database
from planner.storage.people import StaffRow
from tests.factories import FakeClock, FakeMailer, Person, make_patient
from tests.faults.checks import assert_whole
from tests.faults.processes import CONTEXT, Tally
from tests.faults.scenes import FINDINGS, NOW, BusyClinic, Hands

# None of the thirty: `make test` runs it among the slow ones.
pytestmark = pytest.mark.slow

PROCESSES = 8
INTAKE = 500
_WAIT = 120
ORDINARY = {"SlotTaken", "StaleForm", "AppointmentLocked", "InvalidInput"}


@pytest.fixture
def demo(tmp_path):
    """A copy of the demo's database: its clinic with twelve more patients for those who work in it."""
    original = Runtime(Database(f"sqlite:///{tmp_path}/demo.sqlite"), FakeClock(NOW), FakeMailer(), secret_key="s" * 32)
    schema.upgrade(original.database)
    ensure_demo(original, tmp_path / "demo.json")
    original.database.close()
    shutil.copy(tmp_path / "demo.sqlite", tmp_path / "copy.sqlite")
    database = Database(f"sqlite:///{tmp_path}/copy.sqlite")
    with database.reading(None) as session:
        staff = session.scalars(select(StaffRow)).all()
        rosa = next(row for row in staff if row.role == "reception")
    reception = Person(Actor(rosa.clinic_id, rosa.name, "reception", rosa.id), rosa.email)
    therapists = tuple(row.id for row in staff if row.treats)
    clinic = BusyClinic(tmp_path / "copy.sqlite", reception, therapists, ())
    patients = tuple(patient for patient, _ in add_patients(clinic.runtime(), clinic, 12))
    database.close()
    return BusyClinic(clinic.file, reception, therapists, patients)


def add_patients(runtime, clinic, count):
    """So many new patients, assessed: (patient, assessment)."""
    with runtime.writing(Actor.system(clinic.actor.clinic_id)) as unit:
        people = [make_patient(unit, f"New patient {number}") for number in range(count)]
    found = Assessment.from_json(FINDINGS)
    return [(patient, assessments.record(runtime, clinic.actor, patient, found)) for patient in people]


def work_until(number, ready, stop, results, clinic):
    """Book, move, cancel and confirm until the intake is through."""
    hands = Hands(clinic, clinic.runtime(wait_seconds=60), random.Random(number))
    ready.wait(_WAIT)
    while not stop.is_set():
        hands.do_something()
        time.sleep(0.05)
    results.put(Tally(hands.done, hands.refused, hands.seconds))


def test_an_intake_of_500_courses_is_booked_while_eight_others_work(demo, capsys):
    """Nobody is double-booked, every date that is shown is the one that was booked, and whose dates changed is said."""
    runtime = demo.runtime(wait_seconds=60)
    intake = [assessment for _, assessment in add_patients(runtime, demo, INTAKE)]
    ready, stop, results = CONTEXT.Barrier(PROCESSES + 1), CONTEXT.Event(), CONTEXT.Queue()
    others = [
        CONTEXT.Process(target=work_until, args=(number, ready, stop, results, demo)) for number in range(PROCESSES)
    ]
    for process in others:
        process.start()
    ready.wait(_WAIT)
    try:
        job_id, started = solve_jobs.new_job_id(), time.monotonic()
        first_day = (NOW + timedelta(days=1)).date()
        plan_block(runtime, demo.actor, intake, first_day, job_id=job_id, seconds=2)
        while (job := solve_jobs.look(runtime, demo.actor, job_id)).running:
            time.sleep(0.1)
        planned, before = time.monotonic(), planned_block(runtime, demo.actor, job)
        block = book_block(runtime, demo.actor, job_id)
        booked = time.monotonic()
        after = planned_block(runtime, demo.actor, solve_jobs.look(runtime, demo.actor, job_id))
    finally:
        stop.set()
    tallies = [results.get(timeout=_WAIT) for _ in others]
    for process in others:
        process.join(_WAIT)
        assert process.exitcode == 0

    assert job.status == "done", job.error
    assert_whole(demo.file)
    assert len(block.lines) == INTAKE
    assert after == block.lines
    shown = {line.course.course_id: line for line in before}
    changed = {line.patient for line in block.lines if line.starts != shown[line.course.course_id].starts}
    assert changed <= set(block.changed)
    assert_told_as_booked(runtime, demo, block)
    done, refused = (sum((getattr(each, name) for each in tallies), Counter()) for name in ("done", "refused"))
    assert sum(done.values()) > PROCESSES
    assert set(refused) <= ORDINARY
    with capsys.disabled():
        print(
            f"\n{INTAKE} courses planned in {planned - started:.1f} s and booked in {booked - planned:.1f} s beside "
            f"{sum(done.values())} changes by {PROCESSES} others; {len(changed)} got other dates than were planned"
        )


def assert_told_as_booked(runtime, demo, block):
    """The first revision of each course, which the message is made of, has the dates that the page shows."""
    with runtime.reading(demo.actor) as unit:
        ids = [line.course.course_id for line in block.lines]
        rows = unit.session.scalars(select(RevisionRow).where(RevisionRow.course_id.in_(ids), RevisionRow.number == 1))
        told = {
            row.course_id: tuple(
                session.current.starts_at.astimezone(unit.zone).replace(tzinfo=None)
                for session in CourseSnapshot.from_json(row.after).sessions
                if session.current
            )
            for row in rows
        }
    assert told == {line.course.course_id: tuple(start for _, start, _ in line.starts) for line in block.lines}
