"""A clinic with a second therapist and as many patients as a test wants, each with an assessment and no course."""

import time
from dataclasses import dataclass
from datetime import date

from planner.care.assessment import Assessment
from planner.services import assessments, clinic_setup, solve_jobs
from planner.services.block_booking import book_block, plan_block
from planner.services.job_rows import Job
from planner.services.runtime import Runtime
from planner.storage.ids import new_id
from tests.factories import Clinic, make_patient, make_person, weekly

ACUTE = {"protocol": "acute_injury", "symptom_weeks": 1, "severity": "moderate", "goal": "relief"}
TOMORROW = date(2026, 3, 3)
STEPS = 300


@dataclass(frozen=True)
class Crowd:
    """The patients and their assessments, in the same order, and the second therapist."""

    patients: tuple[int, ...]
    assessments: tuple[int, ...]
    clara: int


def make_crowd(runtime: Runtime, clinic: Clinic, count: int, findings: dict[str, object] = ACUTE) -> Crowd:
    """So many patients, assessed by Ben."""
    with runtime.writing(clinic.system) as unit:
        clara = make_person(unit, "Clara Novak", f"clara{clinic.id}@example.org", "therapist", treats=True).id
        clinic_setup.set_practitioner_hours(unit, clara, weekly())
        people = tuple(make_patient(unit, f"Patient {number:03}", f"p{number}@example.org") for number in range(count))
    found = Assessment.from_json(findings)
    return Crowd(people, tuple(assessments.record(runtime, clinic.ben.actor, who, found) for who in people), clara)


def finished(runtime: Runtime, clinic: Clinic, job_id: int, seconds: float = 60) -> Job:
    """Wait for a job to end."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job = solve_jobs.look(runtime, clinic.rosa.actor, job_id)
        if not job.running:
            return job
        time.sleep(0.02)
    raise AssertionError("the job did not end")


def book_crowd(runtime: Runtime, clinic: Clinic, crowd: Crowd, first_day: date = TOMORROW) -> list[int]:
    """Book all of them as one block; their courses. A busy computer finds the same dates: steps count, not seconds."""
    job_id = new_id()
    plan_block(runtime, clinic.rosa.actor, crowd.assessments, first_day, job_id=job_id, iterations=STEPS)
    job = finished(runtime, clinic, job_id)
    assert job.status == "done", job.error
    return [line.course.course_id for line in book_block(runtime, clinic.rosa.actor, job_id).lines]
