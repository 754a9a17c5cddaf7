"""`planner clinic`: from a file to a clinic whose people can sign in and book, or to nothing."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from planner.care.assessment import Assessment
from planner.cli import main
from planner.clock import SystemClock
from planner.services import accounts, assessments, booking, patients
from planner.services.booking import BookingRequest
from planner.services.patients import PatientDetails
from planner.services.planning import therapists
from planner.services.runtime import Runtime
from planner.services.wishes import Wishes
from planner.storage.database import Database
from planner.storage.ids import new_id
from planner.storage.people import ClinicRow
from tests.factories import FakeMailer

HOURS = [{"weekday": day, "from": "08:00", "to": "17:00"} for day in range(5)]
CLINIC = {
    "name": "Southside Clinic",
    "timezone": "Europe/London",
    "country": "GB",
    "subdivision": "SCT",
    "rooms": ["Room 1"],
    "staff": [
        {"name": "Mo Adeyemi", "email": "mo@southside.example", "role": "manager"},
        {"name": "Ben Okafor", "email": "ben@southside.example", "role": "therapist", "hours": HOURS},
    ],
}


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """Runs the command on a file of this content; gives its result and the database."""
    monkeypatch.setenv("PLANNER_INSTANCE", str(tmp_path / "instance"))

    def run(content):
        file = tmp_path / "clinic.json"
        file.write_text(json.dumps(content))
        result = CliRunner().invoke(main, ["clinic", str(file), "--json"])
        return result, tmp_path / "instance" / "planner.sqlite"

    return run


def test_a_clinic_opened_from_a_file_books_its_first_course(opened):
    """The manager signs in with the printed password, adds a patient and books a whole course with Ben."""
    result, file = opened(CLINIC)
    assert result.exit_code == 0, result.output
    sign_in = json.loads(result.output)["sign_ins"][0]
    database = Database(f"sqlite:///{file}")
    runtime = Runtime(database=database, clock=SystemClock(), mailer=FakeMailer(), secret_key="s" * 32)
    _, mo = accounts.sign_in(runtime, sign_in["email"], sign_in["password"])
    patient = patients.add(runtime, mo, PatientDetails(name="Ana Silva"))
    findings = {"protocol": "acute_injury", "symptom_weeks": 1, "severity": "mild", "goal": "relief"}
    recorded = assessments.record(runtime, mo, patient, Assessment.from_json(findings))
    made = assessments.get(runtime, mo, recorded)
    with runtime.reading(mo) as unit:
        ben = therapists(unit)[0].id
        first_day = unit.today + timedelta(days=1)
    request = BookingRequest(
        new_id(), patient, recorded, made.phases, made.estimate.first_visit_minutes, made.estimate.visit_minutes,
        Wishes(practitioners=(ben,)), first_day,
    )  # fmt: skip
    proposal = booking.propose(runtime, mo, request)
    assert booking.book_course(runtime, mo, request, proposal.places) == request.course_id
    assert len(proposal.places) == made.estimate.sessions.expected
    database.close()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rooms": []}, "rooms"),
        ({"timezone": "Mars/Base"}, "Mars/Base"),
        ({"country": "ZZ"}, "ZZ"),
        ({"staff": CLINIC["staff"][:1]}, "treat"),
        ({"staff": CLINIC["staff"][1:]}, "manager"),
        ({"staff": [*CLINIC["staff"], {"name": "X", "email": "x@southside.example", "role": "boss"}]}, "boss"),
        ({"staff": [*CLINIC["staff"], {**CLINIC["staff"][0]}]}, "already has an account"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_file_that_makes_no_clinic_is_refused_whole(opened, change, says):
    """One line says what is wrong, and nothing was written."""
    result, file = opened({**CLINIC, **change})
    assert result.exit_code != 0
    assert says in result.output
    if file.exists():
        database = Database(f"sqlite:///{file}")
        with database.reading(None) as session:
            assert session.scalars(select(ClinicRow)).all() == []
        database.close()
