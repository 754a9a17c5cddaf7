"""The demo clinic: every kind of course, a list for today, no old news; made whole or not at all."""

import json
import shutil
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from planner.errors import InvalidInput
from planner.services import accounts, messages, reminders, worklists
from planner.services.demo import cast, install
from planner.services.demo.install import ensure_demo
from planner.services.patient_links import patient_for_link
from planner.services.runtime import Actor, Runtime
from planner.storage.audit_rows import AuditRow
from planner.storage.courses import AppointmentRow, AssessmentRow, CourseRow, RevisionRow
from planner.storage.database import Database
from planner.storage.outward import FeedRow, OutboxRow
from planner.storage.people import ClinicRow, PatientRow, StaffRow
from tests.factories import FakeClock, FakeMailer, make_clinic

pytestmark = pytest.mark.slow

# Days on which a story could go wrong: an ordinary one, one after the clocks changed, a holiday late at night.
MOMENTS = (
    datetime(2026, 9, 16, 10, 40, tzinfo=UTC),
    datetime(2027, 3, 28, 6, 0, tzinfo=UTC),
    datetime(2026, 12, 25, 23, 50, tzinfo=UTC),
)


def runtime_on(folder, now, **options):
    """The program on a database in this folder, at this moment."""
    database = Database(f"sqlite:///{folder}/planner.sqlite")
    return Runtime(database, FakeClock(now), FakeMailer(), secret_key="s" * 32, **options)


@pytest.fixture(scope="module", params=MOMENTS, ids=lambda now: f"{now:%A}")
def made(request, tmp_path_factory, empty_database):
    """The demo on a fresh database: the program, and what was printed. Tests only look at it."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copy(empty_database, folder / "planner.sqlite")
    runtime = runtime_on(folder, request.param)
    yield runtime, ensure_demo(runtime, folder / "demo.json"), folder
    runtime.database.close()


@pytest.fixture
def look(made):
    """Rows of the demo's clinic, by a query."""
    with made[0].database.reading(None) as session:
        clinic = session.scalars(select(ClinicRow.id)).one()
    with made[0].reading(Actor.system(clinic)) as unit:
        yield lambda query: unit.session.scalars(query).all()


def test_the_cast_is_there_and_can_sign_in(made, look):
    """Three therapists, reception and a manager; forty patients with a course each."""
    runtime, demo, _ = made
    assert len(look(select(PatientRow))) == len(look(select(CourseRow))) == 40
    assert [each.role for each in demo.sign_ins].count("therapist") == 3
    assert {"reception", "manager"} <= {each.role for each in demo.sign_ins}
    _, actor = accounts.sign_in(runtime, demo.sign_ins[0].email, demo.sign_ins[0].password)
    assert actor.name == demo.sign_ins[0].name


def test_there_are_courses_in_every_state_over_every_protocol(made, look):
    """Running, repaired, stopped, over, called off, in maintenance, waiting for a person."""
    courses = look(select(CourseRow))
    assert {course.protocol for course in courses} == {each.findings[0] for each in cast.CHARACTERS}
    assert len({course.protocol for course in courses}) == 6
    assert {"active", "finished", "cancelled"} <= {course.status for course in courses}
    assert sum(course.automation == "stopped" for course in courses) == 2
    kinds = set(look(select(RevisionRow.kind)))
    assert {"booked", "missed", "cancelled", "leave", "frequency", "catch-up", "confirmed", "undone"} <= kinds
    assert {"fulfilled", "noshow", "cancelled", "booked"} <= set(look(select(AppointmentRow.status)))
    with made[0].reading(Actor.system(courses[0].clinic_id)) as unit:
        kinds = {item.kind for item in worklists.open_items(unit)}
    assert {worklists.TWO_MISSES, worklists.CATCH_UP, worklists.TO_PLACE, worklists.TELL_PATIENT} <= kinds


def test_all_that_is_over_has_an_outcome_and_nothing_ahead_has_one(made, look):
    """The first sweep finds no visit that nobody looked after."""
    now = made[0].clock.now()
    for row in look(select(AppointmentRow)):
        if row.status == "booked":
            assert row.ends_at > now
        if row.status == "fulfilled":
            assert row.starts_at <= now


def test_no_patient_is_needled_twice_within_48_hours(look):
    """As in real life."""
    row = AppointmentRow
    held = look(
        select(row).where(row.status.in_(("booked", "fulfilled", "arrived"))).order_by(row.patient_id, row.starts_at)
    )
    for before, after in pairwise(held):
        if before.patient_id == after.patient_id:
            assert after.starts_at - before.starts_at >= timedelta(hours=48)


def test_the_history_is_real(look):
    """Who did what and when is told by audit lines and revisions, spread over the weeks."""
    assert len({row.made_at.date() for row in look(select(RevisionRow))}) > 30
    assert {"staff", "patient", "planner"} == set(look(select(AuditRow.actor)))
    staff = look(select(StaffRow.id).where(StaffRow.name.in_(("Rosa Lind", "Ben Okafor"))))
    assert set(staff) <= set(look(select(AuditRow.actor_id)))
    assert len(look(select(AssessmentRow))) == 40


def test_links_and_calendar_addresses_work(made, look):
    """Each opens its own patient's page; the feeds are those of three therapists and a patient."""
    runtime, demo, _ = made
    for patient in demo.patients[:3]:
        token = patient.link.rpartition("/")[2]
        found = patient_for_link(runtime, token).patient_id
        assert look(select(PatientRow.name).where(PatientRow.id == found)) == [patient.name]
    assert sum(row.revoked_at is None for row in look(select(FeedRow))) == 4
    assert all(therapist.feed.startswith(f"{demo.url}/f/") for therapist in demo.therapists)


def test_a_second_time_says_the_same_and_changes_nothing(made, look):
    """Also on another port, but for the port."""
    runtime, demo, folder = made
    before = look(select(func.count()).select_from(AuditRow))
    assert ensure_demo(runtime, folder / "demo.json") == demo
    moved = ensure_demo(replace(runtime, base_url="http://127.0.0.1:9999"), folder / "demo.json")
    assert json.dumps(moved.to_json()) == json.dumps(demo.to_json()).replace(demo.url, "http://127.0.0.1:9999")
    assert look(select(func.count()).select_from(AuditRow)) == before
    assert stat.S_IMODE((folder / "demo.json").stat().st_mode) == 0o600


def test_the_first_sweep_mails_no_old_news(made, look):
    """What happened weeks ago counts as told."""
    runtime, _, _ = made
    old = runtime.clock.now() - timedelta(minutes=10)
    assert [row.kind for row in look(select(OutboxRow)) if row.status == "due" and row.created_at < old] == []
    assert reminders.queue_reminders(runtime).done == 0
    assert messages.send_outbox(runtime).failed == 0


def test_today_has_a_list_unless_it_is_a_holiday(made, look):
    """On whatever day of the week the demo is made."""
    now = made[0].clock.now()
    visits = [row for row in look(select(AppointmentRow)) if row.starts_at.date() == now.date()]
    if (now.month, now.day) == (12, 25):
        assert visits == []
    else:
        assert len(visits) >= 6
        assert len({row.practitioner_id for row in visits}) >= 2


@pytest.fixture
def told_shortly(monkeypatch):
    """A story of three patients: enough to see how it is copied."""
    few = tuple(each for each in cast.CHARACTERS if each.name in ("Ana Silva", "Rafael Costa", "Lucy Pemberton"))
    monkeypatch.setattr(cast, "CHARACTERS", few)
    monkeypatch.setattr(cast, "ABSENCES", ())


def test_a_clinic_of_its_own_is_left_alone(runtime, clinic, tmp_path):
    """A slip of the folder must not put invented patients among real ones."""
    with pytest.raises(InvalidInput, match="clinic of its own"):
        ensure_demo(runtime, tmp_path / "demo.json")
    with runtime.reading(clinic.system) as unit:
        assert unit.session.scalars(select(PatientRow.name)).all() == ["Ana Silva"]


def test_what_stops_it_at_the_end_leaves_nothing_and_the_next_time_makes_it(runtime, tmp_path, told_shortly):
    """The addresses can't be written: nothing was copied either."""
    kept = tmp_path / "folder" / "demo.json"
    with pytest.raises(Exception, match="can't be written"):
        ensure_demo(runtime, kept)
    with runtime.database.reading(None) as session:
        assert session.scalars(select(ClinicRow)).all() == []
    kept.parent.mkdir()
    assert ensure_demo(runtime, kept).patients


def test_lost_addresses_are_made_anew(runtime, tmp_path, told_shortly):
    """Somebody deleted demo.json: the old addresses stop working, new ones are told."""
    kept = tmp_path / "demo.json"
    first = ensure_demo(runtime, kept)
    kept.write_text("{broken")
    second = ensure_demo(runtime, kept)
    assert second.patients[0].link == first.patients[0].link
    assert second.patients[0].feed != first.patients[0].feed
    assert ensure_demo(runtime, kept) == second


def test_a_clinic_made_meanwhile_is_kept(runtime, tmp_path, told_shortly, monkeypatch):
    """Somebody set up a real clinic while the demo's story was told: it is not touched."""
    quick = install._quick_database

    def slow(path):
        make_clinic(runtime)
        return quick(path)

    monkeypatch.setattr(install, "_quick_database", slow)
    with pytest.raises(InvalidInput, match="clinic of its own"):
        ensure_demo(runtime, tmp_path / "demo.json")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopped_in_the_middle_and_started_again_it_is_whole(tmp_path, number):
    """Ctrl-C and kill −9 half-way; then once more as people run it, twice, with the same words."""
    planner = [sys.executable, "-c", "from planner.cli import main; main()"]
    environ = {"PLANNER_INSTANCE": str(tmp_path), "PATH": "/usr/bin:/bin", "PORT": "8123"}
    process = subprocess.Popen([*planner, "demo"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while not (tmp_path / "planner.sqlite").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(2)
    process.send_signal(number)
    process.communicate()
    assert process.returncode != 0
    printed = [
        subprocess.run([*planner, "demo", "--json"], env=environ, capture_output=True, check=True).stdout
        for _ in range(2)
    ]
    assert printed[0] == printed[1]
    assert len(json.loads(printed[0])["patients"]) == 40
    assert json.loads(printed[0])["url"] == "http://127.0.0.1:8123"
    check = subprocess.run([*planner, "db", "check"], env=environ, capture_output=True, text=True, check=True)
    assert "whole" in check.stdout
