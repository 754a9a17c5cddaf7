"""From the schema before the screens, with a clinic in it, to that of the screens."""

from datetime import timedelta

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, insert, select, text
from sqlalchemy.exc import IntegrityError

from planner.services.runtime import Actor, Runtime
from planner.storage import schema
from planner.storage.courses import CourseRow
from planner.storage.database import Database
from planner.storage.people import ClinicRow, PatientRow, ServiceRow, StaffRow
from planner.storage.progress import OUTCOME_KINDS, AdviceDecisionRow, NoteRow, OutcomeRow
from tests.factories import NOW, FakeClock, FakeMailer

CLINIC, BEN, ANA, ASSESSMENT, COURSE = 1, 2, 3, 4, 5
WHOSE = {"clinic_id": CLINIC}
OLD_ROWS = [
    ("clinic", {"id": CLINIC, "name": "Northside", "timezone": "Europe/London", "country": "GB", "language": "en",
                "address": "", "phone": "", "email": "", "notice_hours": 48, "grace_minutes": 30, "hold_minutes": 5,
                "reminder_hours": 24, "grid_minutes": 15, "horizon_days": 182, "keep_cancelled_days": 28,
                "evidence_overrides": {}}),
    ("staff", WHOSE | {"id": BEN, "name": "Ben", "email": "ben@example.org", "role": "therapist", "treats": True,
                       "active": True, "password_hash": "-", "failed_sign_ins": 0}),
    ("patient", WHOSE | {"id": ANA, "name": "Ana", "search_name": "ana", "email": "", "phone": "", "language": "en",
                         "notes": "", "link_generation": 0, "created_at": NOW, "version": 1}),
    ("assessment", WHOSE | {"id": ASSESSMENT, "patient_id": ANA, "findings": {}, "estimate": {}, "overrides": {},
                            "notes": "", "recorded_at": NOW}),
    ("course", WHOSE | {"id": COURSE, "patient_id": ANA, "assessment_id": ASSESSMENT, "protocol": "chronic_pain",
                        "status": "active", "automation": "apply", "phases": [], "wishes": {},
                        "earliest_day": NOW.date(), "first_visit_minutes": 60, "visit_minutes": 45,
                        "started_at": NOW, "revision_number": 0, "version": 1}),
]  # fmt: skip


@pytest.fixture
def runtime(bare: Database) -> Runtime:
    """A database of the step before with a clinic and a course in it, brought to the newest step."""
    database = bare
    with database.migrating() as connection:
        _up_to(connection, "0005")
    old = MetaData()
    old.reflect(database.engine)
    with database.migrating() as connection:
        for table, values in OLD_ROWS:
            connection.execute(insert(old.tables[table]).values(values))
    schema.upgrade(database)
    return Runtime(database, FakeClock(), FakeMailer())


def _up_to(connection: Connection, newest: str) -> None:
    """Take the steps up to one of them, without the guard, whose test writes rows of today."""
    context = MigrationContext.configure(connection)
    scripts = ScriptDirectory.from_config(schema._config())
    with Operations.context(context):
        for script in reversed(list(scripts.iterate_revisions(newest, "base"))):
            script.module.upgrade()
    context.stamp(scripts, newest)


def test_a_clinic_keeps_what_it_had_and_gets_the_usual_choices(runtime):
    """And the tables are those of the rows."""
    assert schema.differences(runtime.database) == []
    with runtime.reading(Actor.system(CLINIC)) as unit:
        clinic = unit.session.get(ClinicRow, CLINIC)
        assert (clinic.notice_hours, clinic.automation, clinic.offer_hours) == (48, {}, 4)
        assert (clinic.letter_words, clinic.currency) == ({}, "")
        ben = unit.get(StaffRow, BEN)
        assert (ben.language, ben.password_once) == (None, False)
        assert unit.get(PatientRow, ANA).wants_earlier is True
        course = unit.get(CourseRow, COURSE)
        assert (course.visit_minutes, course.wish_note, course.service_id) == (45, "", None)


def test_what_is_new_can_be_written_and_read(runtime):
    """Each of the new tables."""
    with runtime.writing(Actor.system(CLINIC)) as unit:
        unit.session.add_all(
            [
                NoteRow(course_id=COURSE, text="Sleeps better", author="Ben", staff_id=BEN, written_at=NOW),
                AdviceDecisionRow(
                    course_id=COURSE, advice="taper", sessions_done=6, decision="dismissed", actor="Ben", decided_at=NOW
                ),
                ServiceRow(name="Dry needling", first_minutes=60, visit_minutes=45, fee=5500),
            ]
        )
        for days, kind in enumerate(OUTCOME_KINDS):
            unit.session.add(outcome(kind, measured_at=NOW + timedelta(days=days)))
    with runtime.reading(Actor.system(CLINIC)) as unit:
        assert unit.session.scalars(select(OutcomeRow.kind).order_by(OutcomeRow.measured_at)).all() == [*OUTCOME_KINDS]
        assert unit.session.scalars(select(ServiceRow.active)).all() == [True]
        assert unit.session.scalars(select(NoteRow.removed_at)).all() == [None]


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "mood"}, {"measured_by": "guess"}, {"course_id": 99}, {"session_id": 99}, {"patient_id": 99}],
    ids=str,
)
def test_a_measure_of_nothing_is_refused(runtime, wrong):
    """By the table itself."""
    with pytest.raises(IntegrityError), runtime.writing(Actor.system(CLINIC)) as unit:
        unit.session.add(outcome(**wrong))


@pytest.mark.sqlite
def test_how_measures_and_notes_are_read_is_answered_by_an_index(runtime):
    """A course and a patient with thousands of others beside them."""
    for table, column, when in (
        ("outcome", "course_id", "measured_at"),
        ("outcome", "patient_id", "measured_at"),
        ("note", "course_id", "written_at"),
        ("advice_decision", "course_id", "decided_at"),
    ):
        query = f"SELECT * FROM {table} WHERE clinic_id = 1 AND {column} = 5 ORDER BY {when}"  # noqa: S608 - ours
        with runtime.reading(Actor.system(CLINIC)) as unit:
            plan = " ".join(row.detail for row in unit.session.execute(text(f"EXPLAIN QUERY PLAN {query}")))
        assert f"ix_{table}_clinic_id_{column}_{when}" in plan
        assert "TEMP B-TREE" not in plan


def outcome(kind="pain", **values):
    """A measure of Ana's."""
    usual = {"patient_id": ANA, "course_id": COURSE, "value": 4.0, "measured_at": NOW, "measured_by": "patient"}
    return OutcomeRow(kind=kind, **(usual | values))
