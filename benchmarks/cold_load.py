"""How long the diary takes to be usable in a browser that never saw it: prints a table, writes nothing.

Run as `python -m benchmarks.cold_load` after `make setup` and with Chromium on the machine. The server is the real one
in a process of its own, on the demo clinic. Usable means: a visit is drawn in the calendar, and its menu opens.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

DESKTOP = {"width": 1440, "height": 900}
PROGRAM = (sys.executable, "-c", "from planner.cli import main; main()")
CHROMIUM = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
# In the page from its beginning: notes when the first visit is drawn, presses it at once, notes when its menu is there.
_WATCH = """() => {
    const marks = (window.coldLoad = {});
    const look = () => {
        const card = document.querySelector(".ec-event[data-visit]");
        if (card && !marks.drawn) {
            marks.drawn = performance.now();
            card.click();
        }
        if (document.querySelector(".diary-menu a, .diary-menu button")) marks.usable = performance.now();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""
_FACTS = """() => {
    const page = performance.getEntriesByType("navigation")[0];
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    const files = performance.getEntriesByType("resource").map((each) => ({
        address: each.name, bytes: each.encodedBodySize, sent: each.transferSize,
        blocks: each.renderBlockingStatus === "blocking",
    }));
    const painted = paint?.startTime ?? 0;
    return { ...window.coldLoad, answered: page.responseEnd, painted, page: page.encodedBodySize, files };
}"""
_UNTIL_USABLE = """() => new Promise((done) => {
    const look = () => (window.coldLoad.usable ? done() : requestAnimationFrame(look));
    look();
})"""


@dataclass(frozen=True)
class File:
    """Something that a page fetched.

    Args:
        bytes: as packed for the way; `sent` counts what really went over it: 0 from the browser's cache.
        blocks: nothing is painted before it is there.
    """

    address: str
    bytes: int
    sent: int
    blocks: bool


@dataclass(frozen=True)
class Load:
    """One load of the diary; times are milliseconds since its address was opened.

    Args:
        answered: the page itself has arrived; `painted`: something is seen; `drawn`: the first visit is;
            `usable`: its menu has opened.
        page: bytes of the page itself.
    """

    answered: float
    painted: float
    drawn: float
    usable: float
    page: int
    files: tuple[File, ...]


def loads(browser: Browser, address: str, cookies: list[Any], size: dict[str, int] | None = None) -> tuple[Load, Load]:
    """A cold load in a window that has nothing but the cookies, and a warm one right after it."""
    context = browser.new_context(viewport=size or DESKTOP)  # type: ignore[arg-type]
    context.add_cookies(cookies)
    page = context.new_page()
    page.add_init_script(f"({_WATCH})()")
    found = []
    for _ in range(2):
        page.goto(address)
        page.evaluate(_UNTIL_USABLE)
        facts = page.evaluate(_FACTS)
        files = tuple(File(**each) for each in facts.pop("files"))
        found.append(Load(files=files, **facts))
    context.close()
    return found[0], found[1]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=7, help="so many cold loads of each view")
    tries: int = parser.parse_args().tries
    with ExitStack() as stack:
        url, sign_in = _serve_demo(stack)
        browser = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path=shutil.which("chromium"), args=list(CHROMIUM)
        )
        stack.callback(browser.close)
        cookies = _signed_in(browser, url, sign_in)
        print(f"Milliseconds until …, medians of {tries} loads ({os.cpu_count()} cores; the best in brackets)\n")
        print("| | page arrived | first paint | first visit drawn | its menu open | requests | KB |")
        print("|---|---:|---:|---:|---:|---:|---:|")
        for name, query in (("day", ""), ("week", "&span=week")):
            pairs = [loads(browser, f"{url}/diary?day={_working_day()}{query}", cookies) for _ in range(tries)]
            for state, some in zip(("cold", "warm"), zip(*pairs, strict=True), strict=True):
                print(_line(f"{name}, {state}", some))


def _line(name: str, some: tuple[Load, ...]) -> str:
    times = (_both([getattr(each, what) for each in some]) for what in ("answered", "painted", "drawn", "usable"))
    sent = some[0].page + sum(file.sent for file in some[0].files)
    requests = 1 + sum(file.sent > 0 for file in some[0].files)
    return f"| {name} | {' | '.join(times)} | {requests} | {sent / 1024:.0f} |"


def _both(times: list[float]) -> str:
    return f"{statistics.median(times):.0f} ({min(times):.0f})"


def _working_day() -> date:
    """Today, or Monday on a weekend."""
    today = date.today()  # noqa: DTZ011  The demo is made for the machine's day.
    return today + timedelta(days=max(0, 7 - today.weekday()) if today.weekday() > 4 else 0)


def _serve_demo(stack: ExitStack) -> tuple[str, dict[str, str]]:
    """The address of a served demo clinic, and who signs in to it."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    port = _free_port()
    environment = {**os.environ, "PLANNER_INSTANCE": str(folder)}
    made = subprocess.run(
        [*PROGRAM, "demo", "--json", "--port", str(port)], env=environment, capture_output=True, text=True, check=True
    )
    demo = json.loads(made.stdout)
    command = [*PROGRAM, "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return demo["url"], next(each for each in demo["sign_ins"] if each["role"] == "reception")
        time.sleep(0.1)
    raise SystemExit("the server does not listen")


def _signed_in(browser: Browser, url: str, sign_in: dict[str, str]) -> list[Any]:
    page = browser.new_page()
    page.goto(f"{url}/sign-in")
    page.fill("#email", sign_in["email"])
    page.fill("#password", sign_in["password"])
    page.click("main button")
    page.wait_for_url("**/today")
    cookies = page.context.cookies()
    page.close()
    return list(cookies)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
