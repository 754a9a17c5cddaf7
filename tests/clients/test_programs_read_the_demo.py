"""Every program reads the calendars of the demo's patients at the instants that stand in its database."""

import shutil
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from planner.services import feeds
from planner.services.demo.install import ensure_demo
from planner.services.feed_memory import FeedMemory
from planner.services.runtime import Actor, Runtime
from planner.storage.courses import AppointmentRow, SessionRow
from planner.storage.database import Database
from planner.storage.people import ClinicRow, PatientRow
from tests.clients.programs import PROGRAMS
from tests.factories import FakeClock, FakeMailer

pytestmark = [pytest.mark.clients, pytest.mark.slow]

# In September the courses reach over the end of summer time.
NOW = datetime(2026, 9, 16, 10, 40, tzinfo=UTC)
TAKES_PLACE = ("booked", "pending", "arrived", "checked-in", "fulfilled", "noshow")
PATIENTS = 6


@pytest.fixture(scope="module")
def demo(tmp_path_factory, empty_database):
    """The demo in a database of its own."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copy(empty_database, folder / "planner.sqlite")
    database = Database(f"sqlite:///{folder}/planner.sqlite")
    runtime = Runtime(database, FakeClock(NOW), FakeMailer(), secret_key="s" * 32)
    ensure_demo(runtime, folder / "demo.json")
    yield runtime
    database.close()


@pytest.fixture(scope="module")
def calendars(demo):
    """(bytes, what the database says) for those patients who have most appointments."""
    with demo.database.reading(None) as session:
        system = Actor.system(session.scalars(select(ClinicRow.id)).one())
    with demo.reading(system) as unit:
        known = {patient: in_database(unit, patient) for patient in unit.session.scalars(select(PatientRow.id))}
    most = sorted(known, key=lambda patient: (-len(known[patient]), patient))[:PATIENTS]
    found = []
    for patient in most:
        address = feeds.create_feed(demo, system, patient_id=patient)
        written = feeds.feed_for_token(demo, feeds.token_in(address), FeedMemory()).written
        found.append((written.data, known[patient]))
    return found


def in_database(unit, patient):
    """(uid, start, end) of what takes place or took place lately, straight from the rows."""
    query = (
        select(SessionRow.uid, AppointmentRow.starts_at, AppointmentRow.ends_at)
        .join(AppointmentRow, AppointmentRow.session_id == SessionRow.id)
        .where(AppointmentRow.patient_id == patient, AppointmentRow.superseded.is_(False))
        .where(AppointmentRow.status.in_(TAKES_PLACE), SessionRow.dropped.is_(False))
        .where(AppointmentRow.ends_at >= unit.now - timedelta(days=90))
    )
    return sorted(tuple(row) for row in unit.session.execute(query))


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_lists_the_demos_patients_as_the_database_does(program, calendars, tmp_path):
    """Nothing twice, nothing gone, no hour's error; what was called off is marked."""
    for number, (data, expected) in enumerate(calendars):
        (home := tmp_path / str(number)).mkdir()
        seen = PROGRAMS[program](data, home)
        assert len({each.uid for each in seen}) == len(seen)
        assert sorted((each.uid, each.starts_at, each.ends_at) for each in seen if not each.cancelled) == expected
        assert all(each.title.startswith("Cancelled: ") == each.cancelled for each in seen)
        assert len(expected) > 3
