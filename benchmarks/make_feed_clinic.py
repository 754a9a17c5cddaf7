"""A clinic with one patient and a calendar of as many sessions as wanted, in a folder of its own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from planner import wiring
from planner.config import Config
from planner.services import clinic_setup, feeds, patients
from planner.services.clinic_setup import NewClinic
from planner.services.patients import PatientDetails
from planner.services.runtime import Actor, Runtime, Unit
from planner.storage import schema
from planner.storage.courses import AppointmentRow, AssessmentRow, CourseRow, SessionRow
from planner.storage.ids import new_id
from planner.storage.people import StaffRow

MINUTES = timedelta(minutes=30)


def make(config: Config, events: int) -> tuple[Runtime, str]:
    """The running program on a new database, and the address of a patient's calendar with so many events."""
    runtime = wiring.build(config)
    schema.upgrade(runtime.database)
    clinic = clinic_setup.create_clinic(
        runtime, NewClinic("Harbour Clinic", "Europe/London", "GB", "SCT", phone="0131 496 0000")
    )
    actor = Actor(clinic_id=clinic, name="Rosa", role="manager", staff_id=None)
    patient = patients.add(runtime, actor, PatientDetails("Ana Silva", "ana@example.org"))
    with runtime.writing(actor) as unit:
        _fill(unit, patient, events)
    return runtime, feeds.create_feed(runtime, Actor.system(clinic), patient_id=patient)


def config_in(folder: Path, port: int) -> Config:
    """Settings of an instance in this folder."""
    return Config.load({"PLANNER_INSTANCE": str(folder), "PLANNER_PORT": str(port), "PLANNER_TIMERS": "false"}, folder)


def _fill(unit: Unit, patient: int, events: int) -> None:
    room = clinic_setup.add_room(unit, "Room 1").id
    staff = StaffRow(id=new_id(), name="Ben Okafor", email="ben@example.org", role="therapist", treats=True)
    assessment = AssessmentRow(id=new_id(), patient_id=patient, findings={}, estimate={}, recorded_at=unit.now)
    unit.session.add_all([staff, assessment])
    unit.session.flush()
    course = CourseRow(
        id=new_id(), patient_id=patient, assessment_id=assessment.id, protocol="chronic_pain", status="active",
        phases=[], wishes={}, earliest_day=unit.today, first_visit_minutes=30, visit_minutes=30, started_at=unit.now,
    )  # fmt: skip
    unit.session.add(course)
    unit.session.flush()
    first = datetime.combine(unit.today, datetime.min.time(), UTC)
    sessions = [
        SessionRow(
            id=new_id(), course_id=course.id, position=number, phase="taper", minutes=30,
            uid=f"{number:032x}@course-planner", revised_at=unit.now,
        )
        for number in range(events)
    ]  # fmt: skip
    unit.session.add_all(sessions)
    unit.session.flush()
    for number, session in enumerate(sessions):
        starts_at = first + timedelta(days=number // 16) + MINUTES * (16 + number % 16)
        unit.session.add(
            AppointmentRow(
                session_id=session.id,
                course_id=course.id,
                patient_id=patient,
                practitioner_id=staff.id,
                room_id=room,
                starts_at=starts_at,
                ends_at=starts_at + MINUTES,
                booked_at=unit.now,
            )
        )
