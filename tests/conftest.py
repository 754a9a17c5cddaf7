"""Fixtures that every test may use: a fresh database, a clock that stands, the cast, and a browser without a screen."""

import gc
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import event

from planner.app import create_app
from planner.config import Config
from planner.services.fetching import Fetcher
from planner.services.runtime import Runtime
from planner.storage import schema
from planner.storage.database import Database
from tests.factories import Clinic, FakeClock, FakeMailer, Person, make_clinic
from tests.web.browser_without_screen import Browser

pytest_plugins = ("tests.faults.report",)


def pytest_collection_finish() -> None:
    """All modules stay until the end: looking through them for garbage took a tenth of the tests' time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables and no rows, made once."""
    path = tmp_path_factory.mktemp("database") / "empty.sqlite"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def clinic_database(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Clinic]:
    """A database file with Ana's, Ben's, Rosa's and Mo's clinic, made once, and who is in it."""
    path = tmp_path_factory.mktemp("database") / "clinic.sqlite"
    shutil.copy(empty_database, path)
    database = Database(f"sqlite:///{path}")
    made = make_clinic(Runtime(database, FakeClock(), FakeMailer()))
    database.close()
    return path, made


@pytest.fixture
def clock() -> FakeClock:
    """A clock that goes only when told; it stands at `factories.NOW`."""
    return FakeClock()


@pytest.fixture
def mailer() -> FakeMailer:
    """A way out that keeps what was sent."""
    return FakeMailer()


@pytest.fixture
def config(
    request: pytest.FixtureRequest, tmp_path: Path, empty_database: Path, clinic_database: tuple[Path, Clinic]
) -> Config:
    """The settings of an instance in a folder of its own, with a database that is ready.

    The clinic is in it where the test asks for one: copying costs less than writing it anew a thousand times.
    """
    ready = clinic_database[0] if "clinic" in request.fixturenames else empty_database
    shutil.copy(ready, tmp_path / "planner.sqlite")
    return Config(instance=tmp_path, database_url=f"sqlite:///{tmp_path}/planner.sqlite", secret_key="s" * 32)


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
def clinic(runtime: Runtime, clinic_database: tuple[Path, Clinic]) -> Clinic:
    """Ana's, Ben's, Rosa's and Mo's clinic, which `config` has put into the database of `runtime`."""
    return clinic_database[1]


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
