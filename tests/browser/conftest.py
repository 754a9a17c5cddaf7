"""A real browser on a real server: the program in a thread of the test, with a clock that the test sets."""

import dataclasses
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from planner.app import create_app
from planner.config import Config
from planner.notify.outtray import OuttrayMailer, OuttrayMessage, read_outtray
from planner.services import accounts
from planner.services.fetching import Fetcher
from planner.services.runtime import Runtime
from planner.storage.database import Database
from planner.web.access import LOGIN_KEY
from tests.factories import Clinic, FakeClock, Person

_CHROMIUM = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
DESKTOP, PHONE = (1440, 900), (390, 844)


class _Silent(WSGIRequestHandler):
    """Answers without writing every request into the test's output."""

    def log(self, type: str, message: str, *args: object) -> None:
        return


@pytest.fixture
def listening() -> Iterator[BaseWSGIServer]:
    """A server that holds a free port and does not answer yet: the program must know its address first."""
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True, request_handler=_Silent)
    yield server
    server.server_close()


@pytest.fixture
def config(config: Config, listening: BaseWSGIServer) -> Config:
    """The settings of an instance that is reached at that port."""
    return dataclasses.replace(config, port=listening.server_port)


@pytest.fixture
def mailer(config: Config) -> OuttrayMailer:
    """Messages become files in the instance's outtray, as in the demo."""
    return OuttrayMailer(config.outtray)


@contextmanager
def answering(server: BaseWSGIServer, app: Flask) -> Iterator[None]:
    """The server answers with this program."""
    server.app = app
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield
    server.shutdown()
    thread.join()


@pytest.fixture
def served(runtime: Runtime, config: Config, clinic: Clinic, listening: BaseWSGIServer) -> Iterator[str]:
    """The program answering; its address."""
    with answering(listening, create_app(runtime, config)):
        yield config.base_url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium if it has one, else the one that Playwright brought."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(_CHROMIUM))
        yield browser
        browser.close()


def new_window(chromium: Browser, size: tuple[int, int] = DESKTOP, *, dark: bool = False) -> BrowserContext:
    """A window of its own, with no cookies; nothing in it moves for the sake of moving."""
    return chromium.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/London",
    )


@dataclass
class Screen:
    """A person in front of a browser window; what the browser complains of is kept."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.set_default_timeout(10_000)

    def open(self, path: str) -> None:
        """Go to a page of the program."""
        self.page.goto(self.url + path)

    def sign_in(self, person: Person) -> None:
        """By the form, as everybody does."""
        self.open("/sign-in")
        self.page.fill("#email", person.email)
        self.page.fill("#password", person.password)
        self.page.click("main button")


@pytest.fixture
def screen(chromium: Browser, served: str) -> Iterator[Callable[..., Screen]]:
    """Opens windows: screen(PHONE, dark=True)."""
    contexts = []

    def make(size: tuple[int, int] = DESKTOP, *, dark: bool = False) -> Screen:
        contexts.append(new_window(chromium, size, dark=dark))
        return Screen(contexts[-1].new_page(), served)

    yield make
    for context in contexts:
        context.close()


@dataclass
class Standing:
    """A program that stands for a whole module, with one window for each person in it."""

    runtime: Runtime
    clinic: Clinic
    app: Flask
    url: str
    chromium: Browser
    windows: dict[str, Screen] = field(default_factory=dict)

    def window_of(self, person: Person | None) -> Screen:
        """This person's window, signed in by its cookie; a stranger's for nobody."""
        name = person.email if person is not None else ""
        if name not in self.windows:
            context = new_window(self.chromium)
            if person is not None:
                context.add_cookies([{"name": self.cookie, "value": self._signed_in(person), "url": self.url}])
            self.windows[name] = Screen(context.new_page(), self.url)
        self.windows[name].complaints.clear()
        return self.windows[name]

    @property
    def cookie(self) -> str:
        """What the session's cookie is called."""
        return str(self.app.config["SESSION_COOKIE_NAME"])

    def _signed_in(self, person: Person) -> str:
        token, _ = accounts.sign_in(self.runtime, person.email, person.password)
        signer = SecureCookieSessionInterface().get_signing_serializer(self.app)
        assert signer is not None
        return str(signer.dumps({LOGIN_KEY: token}))


@pytest.fixture(scope="module")
def standing(
    chromium: Browser, clinic_database: tuple[Path, Clinic], fetcher: Fetcher, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Standing]:
    """A clinic for tests that only look; what one of them adds, the next one sees."""
    path, clinic = clinic_database
    folder = tmp_path_factory.mktemp("standing")
    shutil.copy(path, folder / "planner.sqlite")
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True, request_handler=_Silent)
    url = f"sqlite:///{folder}/planner.sqlite"
    config = Config(instance=folder, database_url=url, secret_key="s" * 32, port=server.server_port)
    database = Database(url)
    mailer = OuttrayMailer(config.outtray)
    running = Runtime(database, FakeClock(), mailer, config.base_url, config.secret_key, fetcher)
    app = create_app(running, config)
    with answering(server, app):
        standing = Standing(running, clinic, app, config.base_url, chromium)
        yield standing
        for window in standing.windows.values():
            window.page.context.close()
    server.server_close()
    database.close()


@pytest.fixture
def outtray(config: Config) -> Callable[[], list[OuttrayMessage]]:
    """What lies in the outtray now."""
    folder: Path = config.outtray
    return lambda: read_outtray(folder)
