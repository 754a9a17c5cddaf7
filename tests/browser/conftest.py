"""A real browser on a real server: the program in a thread of the test, with a clock that the test sets."""

import dataclasses
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from planner.app import create_app
from planner.config import Config
from planner.notify.outtray import OuttrayMailer, OuttrayMessage, read_outtray
from planner.services.runtime import Runtime
from tests.factories import Clinic, Person

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


@pytest.fixture
def served(runtime: Runtime, config: Config, clinic: Clinic, listening: BaseWSGIServer) -> Iterator[str]:
    """The program answering; its address."""
    listening.app = create_app(runtime, config)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield config.base_url
    listening.shutdown()
    thread.join()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium if it has one, else the one that Playwright brought."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(_CHROMIUM))
        yield browser
        browser.close()


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
        width, height = size
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            timezone_id="Europe/London",
        )
        contexts.append(context)
        return Screen(context.new_page(), served)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def outtray(config: Config) -> Callable[[], list[OuttrayMessage]]:
    """What lies in the outtray now."""
    folder: Path = config.outtray
    return lambda: read_outtray(folder)
