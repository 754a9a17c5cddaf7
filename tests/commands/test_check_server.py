"""`planner check` on PostgreSQL: its version, the user's rights, the walls, room for connections, the clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.engine import make_url

from planner.clock import SystemClock
from planner.commands.checks import backups, server_database
from planner.commands.checks.finding import SetUp
from planner.config import Config
from planner.services.backup_folder import BackupFolder, name_at
from planner.services.runtime import Runtime
from planner.storage.database import Database
from tests.databases import one_of
from tests.factories import FakeClock, FakeMailer


@pytest.fixture
def server(postgresql_databases):
    """The server itself, to spoil it as its superuser."""
    return postgresql_databases.server


@pytest.fixture
def where(postgresql_databases, tmp_path):
    """A set-up on a database of a server, on a machine whose clock is right."""
    with one_of(postgresql_databases, postgresql_databases.empty(tmp_path)) as url:
        runtime = Runtime(Database(url), SystemClock(), FakeMailer())
        yield SetUp(Config(instance=tmp_path, database_url=url, secret_key="s" * 32), runtime)
        runtime.database.close()


def state(look, where):
    """What one check says, and its words."""
    (found,) = list(look(where))
    return found.state, found.says


def test_a_good_server_has_no_complaint(where):
    """A user who owns the database and nothing more, walls everywhere, room for some processes."""
    looks = (server_database.server, server_database.rights, server_database.walls, server_database.connections)
    for look in (*looks, server_database.server_clock):
        assert state(look, where)[0] == "good"
    assert "PostgreSQL " in state(server_database.server, where)[1]
    assert "at most 47 each" in state(server_database.connections, where)[1]


def test_nothing_is_said_of_a_server_where_there_is_none(tmp_path, where):
    """A file has none of this."""
    runtime = replace(where.runtime, database=Database(f"sqlite:///{tmp_path}/planner.sqlite"))
    looks = (server_database.server, server_database.rights, server_database.walls, server_database.connections)
    for look in (*looks, server_database.server_clock):
        assert list(look(SetUp(where.config, runtime))) == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("planner@/planner?host=/run/postgresql", "good"),
        ("planner@/planner", "good"),
        ("planner@localhost/planner", "good"),
        ("planner@db.example.org/planner?sslmode=verify-full", "good"),
        ("planner:hush@db.example.org/planner", "could"),
        ("planner:hush@db.example.org/planner?sslmode=require", "could"),
    ],
)
def test_a_way_on_which_others_can_listen_is_told(where, address, expected):
    """Nobody is asked for it; and no password is shown."""
    database = Database(f"postgresql+psycopg://{address}")
    found = state(server_database.way, SetUp(where.config, replace(where.runtime, database=database)))
    assert found[0] == expected
    assert "hush" not in found[1]


@pytest.mark.parametrize("right", ["SUPERUSER", "BYPASSRLS"])
def test_a_user_who_passes_walls_is_a_fault(where, server, right):
    """No clinic would be kept from another."""
    server.ask(f"ALTER ROLE planner {right}")
    try:
        assert state(server_database.rights, where)[0] == "bad"
        assert "superuser or has BYPASSRLS" in state(server_database.walls, where)[1]
    finally:
        server.ask(f"ALTER ROLE planner NO{right}")


def test_a_user_who_may_not_make_tables_or_owns_nothing_is_told(where, server):
    """The first can't be upgraded, the second can't be restored over."""
    name = make_url(where.config.database_url).database
    server.ask(f"ALTER DATABASE {name} OWNER TO postgres")
    assert state(server_database.rights, where)[0] == "bad"
    server.ask("GRANT CREATE ON SCHEMA public TO planner", name)
    assert state(server_database.rights, where)[0] == "could"


def test_a_wall_that_was_taken_down_is_a_fault(where, server):
    """Somebody wanted to see all rows in psql."""
    server.ask("ALTER TABLE patient DISABLE ROW LEVEL SECURITY", make_url(where.config.database_url).database)
    assert state(server_database.walls, where) == ("bad", "no wall between clinics: patient")


@pytest.mark.parametrize(("limit", "expected"), [(30, "bad"), (60, "could"), (100, "good")])
def test_a_server_without_room_for_the_processes_is_told(where, server, limit, expected):
    """Each may open forty-seven; a limit of the database or of the user counts as the server's own does."""
    name = make_url(where.config.database_url).database
    server.ask(f"ALTER DATABASE {name} CONNECTION LIMIT {limit}")
    assert state(server_database.connections, where)[0] == expected
    server.ask(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
    server.ask(f"ALTER ROLE planner CONNECTION LIMIT {limit}")
    try:
        assert state(server_database.connections, where)[0] == expected
    finally:
        server.ask("ALTER ROLE planner CONNECTION LIMIT -1")


@pytest.mark.parametrize(("seconds", "expected"), [(0, "good"), (20, "could"), (-20, "could"), (3600, "bad")])
def test_clocks_that_differ_are_told(where, seconds, expected):
    """What is due is decided by each machine's own."""
    clock = FakeClock(datetime.now(UTC) + timedelta(seconds=seconds)) if seconds else SystemClock()
    where = SetUp(where.config, replace(where.runtime, clock=clock))
    assert state(server_database.server_clock, where)[0] == expected


def test_backups_that_are_not_made_are_told(where, tmp_path):
    """On either kind: no folder, nothing in it, one of last week, one of last night."""
    assert state(backups.backups, where)[0] == "could"
    folder = BackupFolder(tmp_path / "backups", 3)
    where = SetUp(where.config, replace(where.runtime, backups=folder))
    assert state(backups.backups, where) == ("could", f"there is none yet in {folder.path}")
    folder.path.mkdir()
    now = where.runtime.clock.now()
    for age, expected in ((timedelta(days=7), "bad"), (timedelta(hours=30), "good")):
        (folder.path / name_at(now - age)).touch()
        assert state(backups.backups, where)[0] == expected
