"""Fixtures that every test may use: a fresh database, a clock that stands, the cast, and a browser without a screen."""

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import settings
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import event

from planner.app import create_app
from planner.config import Config
from planner.services.fetching import Fetcher
from planner.services.runtime import Runtime
from planner.storage.database import Database
from tests import compiled_once
from tests.databases import Databases, PostgresqlDatabases, SqliteFiles, one_of
from tests.factories import Clinic, FakeClock, FakeMailer, Person, make_clinic
from tests.postgresql import Server
from tests.web.browser_without_screen import Browser

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("planner", deadline=None)
settings.load_profile("planner")
compiled_once.install()
pytest_plugins = ("tests.faults.report", "tests.strangers.report", "tests.wide")


def pytest_collection_finish() -> None:
    """All modules stay until the end: looking through them for garbage took a tenth of the tests' time."""
    gc.collect()
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--database postgresql` runs on PostgreSQL every test that asks for a database, and no other."""
    kinds, usual = ("sqlite", "postgresql"), os.environ.get("PLANNER_TEST_DATABASE", "sqlite")
    parser.addoption("--database", choices=kinds, default=usual, help="the database of the tests")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL leave out what would be the same as on SQLite, and what is about SQLite's file."""
    if config.getoption("database") == "sqlite":
        return
    chosen = [item for item in items if "databases" in _fixtures(item) and not item.get_closest_marker("sqlite")]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
    items[:] = chosen


def _fixtures(item: pytest.Item) -> Sequence[str]:
    return getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    """Database files, on whatever the other tests run."""
    return SqliteFiles(tmp_path_factory.mktemp("database"))


@pytest.fixture(scope="session")
def postgresql_databases() -> Iterator[PostgresqlDatabases]:
    """Databases of a PostgreSQL server, on whatever the other tests run; it is started when the first is asked for."""
    server = Server()
    try:
        yield PostgresqlDatabases(server.make())
    finally:
        server.remove()


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Databases:
    """Databases of the kind that this run is for."""
    kinds = {"sqlite": "sqlite_files", "postgresql": "postgresql_databases"}
    made: Databases = request.getfixturevalue(kinds[request.config.getoption("database")])
    return made


@pytest.fixture(scope="session")
def empty_database(sqlite_files: SqliteFiles) -> Path:
    """A database file with all tables and no rows, made once."""
    return sqlite_files.empty_file


@pytest.fixture(scope="session")
def clinic_database(sqlite_files: SqliteFiles) -> tuple[Path, Clinic]:
    """A database file with Ana's, Ben's, Rosa's and Mo's clinic, made once, and who is in it."""
    return sqlite_files.clinic_file


@pytest.fixture
def clock() -> FakeClock:
    """A clock that goes only when told; it stands at `factories.NOW`."""
    return FakeClock()


@pytest.fixture
def mailer(tmp_path: Path) -> FakeMailer:
    """A way out that keeps what was sent."""
    return FakeMailer(folder=tmp_path / "outtray")


@pytest.fixture
def config(request: pytest.FixtureRequest, tmp_path: Path, databases: Databases) -> Iterator[Config]:
    """The settings of an instance in a folder of its own, with a database that is ready.

    The clinic is in it where the test asks for one: copying costs less than writing it anew a thousand times.
    """
    ready = databases.with_clinic if "clinic" in request.fixturenames else databases.empty
    with one_of(databases, ready(tmp_path)) as url:
        yield Config(instance=tmp_path, database_url=url, secret_key="s" * 32)


@pytest.fixture(scope="session")
def fetcher() -> Fetcher:
    """What fetches calendars, made once: it reads the certificates of the whole world."""
    return Fetcher()


@pytest.fixture
def runtime(config: Config, clock: FakeClock, mailer: FakeMailer, fetcher: Fetcher) -> Iterator[Runtime]:
    """The running program on that database."""
    database = Database(config.database_url, wait_seconds=5)
    yield Runtime(database, clock, mailer, config.base_url, config.secret_key, fetcher)
    database.close()


@pytest.fixture
def queries(runtime: Runtime) -> Callable[[], AbstractContextManager[list[str]]]:
    """What the database is asked meanwhile: `with queries() as asked: …`, then `len(asked)`."""

    @contextmanager
    def counted() -> Iterator[list[str]]:
        asked: list[str] = []

        def note(*facts: Any) -> None:
            asked.append(facts[2])

        event.listen(runtime.database.engine, "before_cursor_execute", note)
        try:
            yield asked
        finally:
            event.remove(runtime.database.engine, "before_cursor_execute", note)

    return counted


@pytest.fixture
def clinic(runtime: Runtime, databases: Databases) -> Clinic:
    """Ana's, Ben's, Rosa's and Mo's clinic, which `config` has put into the database of `runtime`."""
    return databases.clinic


@pytest.fixture
def other_clinic(runtime: Runtime) -> Clinic:
    """Cy's clinic in the same database: its people may see nothing of the first."""
    return make_clinic(runtime, prefix="cy-", name="Cy's Clinic")


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates compiled once for all programs of a run, not anew for each test."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(runtime: Runtime, config: Config, compiled_templates: FileSystemBytecodeCache) -> Flask:
    """The pages on that database."""
    app = create_app(runtime, config)
    app.jinja_env.bytecode_cache = compiled_templates
    return app


@pytest.fixture
def client(app: Flask) -> Browser:
    """A browser in which nobody is signed in."""
    return Browser(app)


@pytest.fixture
def browser_of(app: Flask) -> Callable[[Person | None], Browser]:
    """Makes browsers, each with a person signed in, or with nobody."""

    def make(person: Person | None) -> Browser:
        browser = Browser(app)
        if person is not None:
            browser.sign_in(person)
        return browser

    return make
