"""What only PostgreSQL has: its guard, its wall between clinics, writers side by side, and a server that goes away."""

import threading
import time
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DatabaseError, ProgrammingError

from planner.errors import DatabaseBusy, InvalidInput, SlotTaken, StorageFailed
from planner.services import account_letters, accounts, sessions, throttle
from planner.services.runtime import Runtime
from planner.storage import audit_guard, schema, walls
from planner.storage.courses import AppointmentRow
from planner.storage.database import Database
from planner.storage.doors import AttemptRow
from planner.storage.guard import GUARDED, constraint_statements
from planner.storage.people import ClinicRow, PatientRow, RoomRow
from tests.databases import one_of
from tests.factories import NOW, FakeClock, FakeMailer, make_clinic, make_patient
from tests.storage.bookings import add, make_stage


@pytest.fixture
def address(postgresql_databases, tmp_path):
    """The address of a database with the clinic."""
    with one_of(postgresql_databases, postgresql_databases.with_clinic(tmp_path)) as url:
        yield url


@pytest.fixture
def program(address):
    """The program on it, which waits only shortly."""
    database = Database(address, wait_seconds=0.3)
    yield Runtime(database, FakeClock(), FakeMailer(), secret_key="s" * 32)
    database.close()


@pytest.fixture
def northside(program, postgresql_databases):
    """Ana's, Ben's, Rosa's and Mo's clinic."""
    return postgresql_databases.clinic


@pytest.fixture
def neighbours(program):
    """Cy's clinic in the same database."""
    return make_clinic(program, prefix="cy-", name="Cy's Clinic")


def names(session):
    """Of all patients that plain SQL sees, past the program's own wall."""
    return set(session.connection().scalars(text("SELECT name || ' of ' || clinic_id FROM patient")))


@pytest.mark.parametrize("name", ["audit_line_no_update", "audit_line_no_delete", "audit_line_no_truncate"])
def test_a_guard_of_the_audit_that_is_switched_off_is_told(program, name):
    """It is still there, and refuses nothing; so is one that is gone."""
    for how, again in (("DISABLE", "ENABLE"), ("ENABLE REPLICA", "ENABLE")):
        with program.database.migrating() as connection:
            assert audit_guard.missing(connection) == []
            connection.exec_driver_sql(f"ALTER TABLE audit_line {how} TRIGGER {name}")
            assert audit_guard.missing(connection) == [name]
            connection.exec_driver_sql(f"ALTER TABLE audit_line {again} TRIGGER {name}")
    with program.database.migrating() as connection:
        connection.exec_driver_sql(f"DROP TRIGGER {name} ON audit_line")
        assert audit_guard.missing(connection) == [name]
        audit_guard.install(connection)
        assert audit_guard.missing(connection) == []


@pytest.mark.parametrize("constraint", constraint_statements())
def test_the_self_test_misses_any_single_constraint(program, constraint):
    """Without it the program does not start; the next upgrade makes it again."""
    with program.database.migrating() as connection:
        connection.execute(text(f"ALTER TABLE appointment DROP CONSTRAINT {constraint}"))
    with pytest.raises(StorageFailed, match="two appointments"):
        program.database.check_guard()
    schema.upgrade(program.database)
    program.database.check_guard()


def test_two_clinics_may_have_the_same_numbers(program, northside):
    """The guard is a clinic's own: rows that were moved here from elsewhere keep their keys."""
    stage = make_stage(program, northside)
    first = add(stage, 0, NOW, 30)
    with program.database.writing(None) as session:
        session.add(ClinicRow(id=5, name="Copy", timezone="UTC", country="GB"))
        for table in ("staff", "room", "patient", "assessment", "course", "session", "appointment"):
            _copy_into_clinic_5(session, table)
        clinics = session.scalars(select(AppointmentRow.clinic_id).where(AppointmentRow.id == first))
        assert sorted(clinics) == [5, northside.id]


def _copy_into_clinic_5(session, table):
    row = next(mapper for mapper in schema.Base.registry.mappers if mapper.local_table.name == table).local_table
    for found in session.execute(select(row).where(row.c.clinic_id != 5)).mappings().all():
        unique = {name: f"{found[name]}-5" for name in ("email", "uid", "link_hash") if found.get(name)}
        session.execute(insert(row).values({**found, "clinic_id": 5, **unique}))


def test_plain_sql_sees_only_the_clinic_of_its_transaction(program, northside, neighbours):
    """The second wall: the program's own adds the clinic to its queries, this one needs no query to be right."""
    with program.database.reading(northside.id) as session:
        assert names(session) == {f"Ana Silva of {northside.id}"}
    with program.database.reading(None) as session:
        assert names(session) == {f"Ana Silva of {northside.id}", f"Ana Silva of {neighbours.id}"}


def test_plain_sql_can_neither_change_nor_add_rows_of_another_clinic(program, northside, neighbours):
    """An UPDATE without a condition touches one clinic; a row of another is refused."""
    with program.database.writing(northside.id) as session:
        session.connection().execute(text("UPDATE patient SET notes = 'changed'"))
        session.connection().execute(text("DELETE FROM hours"))
    with program.database.reading(neighbours.id) as session:
        assert session.connection().scalar(text("SELECT notes FROM patient")) == ""
        assert session.connection().scalar(text("SELECT count(*) FROM hours")) > 0
    with pytest.raises(ProgrammingError, match="row-level security"), program.database.writing(northside.id) as session:
        session.connection().execute(insert(RoomRow).values(clinic_id=neighbours.id, id=1, name="theirs"))


def test_a_connection_that_names_no_clinic_sees_nothing(program, northside, postgresql_databases):
    """Somebody who has the program's password and forgets to say for whom."""
    name = program.database.url.database
    with closing(postgresql_databases.server.connect(name, "planner")) as connection:
        assert connection.execute("SELECT count(*) FROM patient").fetchone() == (0,)


def test_the_wall_is_around_every_table_of_a_clinics_rows(program):
    """Also around one that a later step brings, from the upgrade on that brought it."""
    with program.database.migrating() as connection:
        assert walls.gaps(connection) == []
        connection.execute(text("CREATE TABLE later (clinic_id bigint, name varchar)"))
        assert walls.gaps(connection) == ["no wall between clinics: later"]
    schema.upgrade(program.database)
    assert program.database.faults() == []


def test_a_user_who_passes_walls_is_named_as_a_fault(program, postgresql_databases):
    """A superuser sees all clinics whatever the tables say."""
    database = Database(str(program.database.url).replace("planner@", "postgres@"))
    assert ["superuser" in fault for fault in database.faults()] == [True]
    database.close()


def test_texts_are_compared_byte_by_byte_in_every_column(program):
    """So that lists are in the same order as on SQLite, in whatever language the server was set up."""
    with program.database.migrating() as connection:
        spelled = connection.execute(
            text("""SELECT DISTINCT collation_name FROM information_schema.columns
                    WHERE table_schema = 'public' AND data_type = 'character varying'
                      AND table_name <> 'alembic_version'
                      AND NOT starts_with(table_name, 'procrastinate_')""")
        ).all()
    assert [tuple(row) for row in spelled] == [("C",)]


def test_two_clinics_write_at_the_same_time(program, northside, neighbours):
    """While one has its turn, the other neither waits nor sees what is not committed."""
    with program.writing(northside.system) as unit:
        make_patient(unit, "Eve Ito")
        with program.writing(neighbours.system) as other:
            make_patient(other, "Flo Park")
        with program.database.reading(None) as session:
            assert len(names(session)) == 3
    with program.database.reading(None) as session:
        assert len(names(session)) == 4


def test_two_people_of_one_clinic_write_one_after_the_other(program, northside):
    """What one of them has read holds until they have written."""
    refused = pytest.raises(DatabaseBusy, match=r"0\.3 seconds")
    with program.writing(northside.system), refused, program.writing(northside.system):
        pass


def test_who_writes_for_all_clinics_waits_for_each_and_each_waits_for_them(program, northside):
    """A sweep that tidies up must not meet a half-done booking."""
    with program.writing(northside.system), pytest.raises(DatabaseBusy), program.database.writing(None):
        pass
    with program.database.writing(None), pytest.raises(DatabaseBusy), program.writing(northside.system):
        pass


def test_what_belongs_to_no_clinic_is_written_beside_all_clinics(program, northside, neighbours):
    """Nobody waits; but a transaction of all clinics is still alone, and no row of a clinic can be touched."""
    with program.writing(northside.system), program.writing(neighbours.system), program.database.outside() as session:
        session.add(AttemptRow(about="a", failures=1, until=NOW))
    with program.database.outside() as session:
        assert session.scalar(select(AttemptRow.failures)) == 1
        assert session.scalars(select(PatientRow)).all() == []
        assert session.connection().execute(text("UPDATE patient SET notes = 'changed'")).rowcount == 0
    with program.database.writing(None), pytest.raises(DatabaseBusy), program.database.outside():
        pass
    with program.database.outside(), pytest.raises(DatabaseBusy), program.database.writing(None):
        pass


def test_people_come_in_and_go_out_while_another_clinic_writes(program, northside, neighbours):
    """A right password, a wrong one, an unknown address, a forgotten one, and the way out; their own clinic counts."""
    with program.writing(neighbours.system):
        token, _ = accounts.sign_in(program, northside.rosa.email, northside.rosa.password)
        for email in (northside.rosa.email, "nobody@example.org"):
            with pytest.raises(accounts.SignInRefused):
                accounts.sign_in(program, email, "not the password", network="203.0.113.7")
        account_letters.ask_for_link(program, northside.rosa.email, "203.0.113.7")
        account_letters.send_account_letters(program)
        sessions.sign_out(program, token)
    assert sessions.actor_for(program, token) is None
    assert len(program.mailer.sent) == 1
    with program.writing(northside.system), pytest.raises(DatabaseBusy):
        accounts.sign_in(program, northside.rosa.email, northside.rosa.password)


def test_failures_at_one_moment_are_all_counted(program):
    """Nothing but the rows themselves keeps those apart that write for no clinic."""
    database = Database(program.database.url, wait_seconds=60)
    counters = tuple(throttle.Counter(about, accounts.ONE_FROM_ANYWHERE) for about in ("b", "a"))
    together = threading.Barrier(6)

    def fail():
        together.wait(60)
        with database.outside() as session:
            throttle.wait_left(session, counters, NOW)
            throttle.count_failure(session, counters, NOW)

    threads = [threading.Thread(target=fail) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with database.outside() as session:
        assert session.scalars(select(AttemptRow.failures)).all() == [6, 6]
    database.close()


def test_a_reader_sees_one_moment_whatever_is_written_meanwhile(program, northside):
    """A page shows no half of a change."""
    with program.reading(northside.rosa.actor) as unit:
        assert unit.session.scalar(select(PatientRow.notes)) == ""
        with program.writing(northside.system) as writer:
            writer.session.execute(update(PatientRow).values(notes="changed"))
        assert unit.session.scalar(select(PatientRow.notes)) == ""


def test_a_reader_can_not_write(program, northside):
    """Also not by mistake."""
    with pytest.raises(StorageFailed), program.reading(northside.rosa.actor) as unit:
        unit.session.execute(update(PatientRow).values(notes="changed"))


def test_a_booking_that_waits_for_another_program_ends_as_a_refusal(program, northside):
    """Plain SQL without a turn holds the same slot and is not committed yet: wait, but not for ever."""
    stage = make_stage(program, northside)
    with program.database.engine.connect() as rude:
        rude.exec_driver_sql("SELECT set_config('planner.clinic_id', 'all', true)")
        row = stage.row(0, NOW, 30)
        values = {column.name: getattr(row, column.name) for column in AppointmentRow.__table__.columns}
        values |= {"clinic_id": northside.id, "superseded": False, "late_cancellation": False, "cancelled_by": ""}
        rude.execute(insert(AppointmentRow).values({**values, "version": 1}))
        with pytest.raises(DatabaseBusy):
            add(stage, 1, NOW + timedelta(minutes=15), 30, shared="room")
        rude.commit()
    with pytest.raises(SlotTaken) as refusal:
        add(stage, 1, NOW + timedelta(minutes=15), 30, shared="room")
    assert refusal.value.field == "room"


def test_a_deadlock_with_another_program_is_a_refusal_not_a_bug(address, northside, neighbours):
    """Each waits for the row that the other one has: PostgreSQL ends one of the two."""
    patient, refused = Database(address, wait_seconds=60), []

    def change(connection, clinic):
        connection.execute(update(PatientRow).where(PatientRow.clinic_id == clinic.id).values(notes="x"))

    def change_both(first, second, begun, other):
        try:
            # Not our way to write: nobody takes a turn.
            with patient._translated(), patient.engine.begin() as connection:
                connection.exec_driver_sql("SELECT set_config('planner.clinic_id', 'all', true)")
                change(connection, first)
                begun.set()
                other.wait(60)
                change(connection, second)
        except DatabaseBusy as refusal:
            refused.append(refusal)

    here, there = threading.Event(), threading.Event()
    threads = [
        threading.Thread(target=change_both, args=(northside, neighbours, here, there)),
        threading.Thread(target=change_both, args=(neighbours, northside, there, here)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    patient.close()
    assert len(refused) == 1


def test_a_sign_that_postgresql_can_not_keep_is_the_persons_to_change(program, northside):
    """A NUL; everything else may be a name."""
    with pytest.raises(InvalidInput), program.writing(northside.system) as unit:
        make_patient(unit, "Eve\x00Ito")


def test_nothing_of_a_refused_row_comes_into_a_message(program, northside):
    """The server quotes keys in its errors, and an address is somebody's."""
    with pytest.raises(DatabaseError) as error, program.writing(northside.system) as unit:
        unit.session.execute(text("INSERT INTO staff SELECT * FROM staff"))
    assert "unique" in str(error.value)
    assert "example.org" not in f"{error.value} {error.value.orig}"


def test_a_connection_that_died_while_it_lay_idle_is_replaced_unseen(program, northside, postgresql_databases):
    """After a restart of the server nobody sees an error."""
    with program.reading(northside.rosa.actor):
        pass
    statement = select(ClinicRow.name).where(ClinicRow.id == northside.id)
    program.database.look(statement)
    _cut_off(postgresql_databases.server, program.database.url.database)
    with program.writing(northside.system) as unit:
        make_patient(unit, "Eve Ito")
    _cut_off(postgresql_databases.server, program.database.url.database)
    assert program.database.look(statement) == ("Northside Clinic",)


def _cut_off(server, name):
    server.ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608


def test_a_connection_lost_in_the_middle_is_a_refusal_and_nothing_is_kept(program, northside, postgresql_databases):
    """Try again in a moment."""
    with pytest.raises(DatabaseBusy, match="lost"), program.writing(northside.system) as unit:
        make_patient(unit, "Eve Ito")
        _cut_off(postgresql_databases.server, program.database.url.database)
        make_patient(unit, "Flo Park")
    with program.database.reading(None) as session:
        assert names(session) == {f"Ana Silva of {northside.id}"}


def test_a_server_that_is_not_there_is_a_refusal(tmp_path):
    """Not a traceback; a page says no more than that, and whoever starts the program why."""
    database = Database(f"postgresql+psycopg://planner:hush@/planner?host={tmp_path}")
    with pytest.raises(DatabaseBusy, match="lost"), database.reading(None):
        pass
    with pytest.raises(StorageFailed, match="No such file or directory") as refusal:
        database.check_there()
    assert "hush" not in refusal.value.message
    database.close()


def test_a_database_that_does_not_exist_is_named_without_the_password(postgresql_databases):
    """Which is what one looks for first."""
    url = postgresql_databases.server.url("nowhere").replace("planner@", "planner:hush@")
    database = Database(url)
    with pytest.raises(StorageFailed, match="nowhere") as refusal:
        database.check_there()
    assert "hush" not in str(refusal.value)
    assert "hush" not in f"{database.name} {database.url!r} {database.engine!r}"
    database.close()


def test_two_servers_that_start_at_once_upgrade_once(postgresql_databases, tmp_path):
    """The second waits for the first and finds nothing left to do."""
    with one_of(postgresql_databases, postgresql_databases.bare(tmp_path)) as url:
        failed = []

        def upgrade():
            database = Database(url)
            try:
                schema.upgrade(database)
            except Exception as error:
                failed.append(error)
            database.close()

        threads = [threading.Thread(target=upgrade) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        database = Database(url)
        assert schema.differences(database) == []
        database.close()


def test_a_migration_that_can_not_have_its_table_gives_up_and_changes_nothing(program, address):
    """It must not make the whole clinic wait behind it."""
    with psycopg.connect(address.replace("+psycopg", "")) as rude:
        rude.execute("LOCK TABLE patient IN ACCESS SHARE MODE")
        begun = time.monotonic()
        with pytest.raises(DatabaseBusy), program.database.migrating() as connection:
            connection.execute(text("CREATE TABLE half (id bigint)"))
            connection.execute(text("ALTER TABLE patient ADD COLUMN more varchar"))
        assert time.monotonic() - begun < 30
        assert rude.execute("SELECT to_regclass('half')").fetchone() == (None,)


@pytest.mark.parametrize(("busy_for", "becomes"), [(2, "upgraded"), (3, "refused")])
def test_an_upgrade_whose_table_is_in_use_lets_the_others_pass_and_tries_again(program, address, busy_for, becomes):
    """Each try waits a moment only; between them the clinic works. When none succeeds, nothing is changed."""
    with psycopg.connect(address.replace("+psycopg", "")) as rude:
        rude.execute("LOCK TABLE audit_line IN ROW EXCLUSIVE MODE")
        pauses = []

        def pause(seconds):
            pauses.append(seconds)
            if len(pauses) == busy_for:
                rude.rollback()

        if becomes == "refused":
            with pytest.raises(DatabaseBusy, match="in use"):
                schema.upgrade(program.database, tries=3, pause=pause)
        else:
            schema.upgrade(program.database, tries=3, pause=pause)
    assert pauses == [schema.PAUSE_SECONDS] * 2


def test_who_reads_the_audit_is_not_disturbed_by_a_server_that_starts(program, address):
    """A long export holds the table for reading; an upgrade with nothing to change passes it by."""
    with psycopg.connect(address.replace("+psycopg", "")) as exporting:
        exporting.execute("SELECT count(*) FROM audit_line")
        schema.upgrade(program.database, tries=1)


def test_the_guard_has_a_constraint_for_each_resource():
    """A new resource needs its test."""
    assert [name.removeprefix("appointment_one_") for name in constraint_statements()] == list(GUARDED)
