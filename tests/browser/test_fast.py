"""What a page costs before it can be used, counted: bytes, requests and what the first picture waits for.

How long that takes is for a benchmark to say (`python -m benchmarks.cold_load`): a test would tell of its machine.
"""

import dataclasses
import gzip
import re
from datetime import UTC, datetime

import pytest

from benchmarks.cold_load import loads
from planner.app import create_app
from planner.commands.server import Server
from planner.services.demo.install import ensure_demo
from tests.browser.test_every_screen import SCREENS, look_at
from tests.notify.test_smtp import free_port

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MOST_SCRIPT = 80 * 1024
# All styles, scripts and pictures of the diary, as they go over the wire; the page itself grows with its visits.
MOST_FILES = 100 * 1024
MOST_REQUESTS = 12
MOST_BLOCKING = 3
TUESDAY = datetime(2026, 11, 24, 10, 10, tzinfo=UTC)
_SCRIPT = re.compile(r'<script\b[^>]*\bsrc="([^"]+)"[^>]*>')


def scripts_of(window, path):
    """(address, packed bytes, whether the page waits for it) of each script of a page."""
    page = window.page.request.get(window.url + path).text()
    return [
        (found[1], len(gzip.compress(window.page.request.get(window.url + found[1]).body())), "defer" not in found[0])
        for found in _SCRIPT.finditer(page)
    ]


def test_no_page_has_more_script_than_80_kilobytes_and_none_waits_for_it(standing):
    """Every screen there is; packed, as browsers get it."""
    totals = {}
    for rule in SCREENS:
        window, path = look_at(rule, standing)
        if path is not None:
            found = scripts_of(window, path)
            assert [address for address, _, waits in found if waits] == [], rule.endpoint
            totals[rule.endpoint] = sum(size for _, size, _ in found)
    print({name: f"{size / 1024:.0f} KB" for name, size in sorted(totals.items(), key=lambda each: -each[1])[:3]})
    assert len(totals) > 50
    assert {name: size for name, size in totals.items() if size >= MOST_SCRIPT} == {}
    assert min(totals.values()) > 0


@pytest.fixture
def diary(runtime, config, clock):
    """The demo's diary on a Tuesday, answered by the server that clinics use: its address and reception's cookie."""
    clock.set(TUESDAY)
    config = dataclasses.replace(config, port=free_port())
    made = ensure_demo(runtime, config.instance / "demo.json")
    app = create_app(runtime, config)
    server = Server(app, config)
    server.start()
    yield f"{config.base_url}/diary?day=2026-11-24", made, config.base_url
    server.finish()


def cookies_of(chromium, made, url):
    """Signed in, in a window that is closed again."""
    reception = next(each for each in made.sign_ins if each.role == "reception")
    page = chromium.new_page()
    page.goto(f"{url}/sign-in")
    page.fill("#email", reception.email)
    page.fill("#password", reception.password)
    page.click("main button")
    page.wait_for_url("**/today")
    cookies = page.context.cookies()
    page.close()
    return cookies


def test_a_cold_diary_is_usable_after_few_requests_and_a_warm_one_fetches_nothing_but_itself(chromium, diary):
    """Until a visit is drawn and its menu has opened; the first picture waits for stylesheets only."""
    address, made, url = diary
    cookies = cookies_of(chromium, made, url)
    pairs = [loads(chromium, address, cookies) for _ in range(3)]
    best = (min(cold.usable for cold, _ in pairs), min(warm.usable for _, warm in pairs))
    print("usable after {:.0f} ms cold, {:.0f} ms warm".format(*best))
    cold, warm = pairs[0]
    files = [file for file in cold.files if "/static/" in file.address]
    assert 1 + len(cold.files) <= MOST_REQUESTS
    assert sum(file.bytes for file in files) <= MOST_FILES
    blocking = [file.address for file in files if file.blocks]
    assert 0 < len(blocking) <= MOST_BLOCKING
    assert all(".css" in each for each in blocking)
    # The picture in the bar is the one of the tab, which is there already.
    assert [file.address for file in files if not file.sent and ".svg" not in file.address] == []
    assert [file.address for file in warm.files if "/static/" in file.address and file.sent] == []
    assert {file.address for file in warm.files if "/static/" in file.address} == {file.address for file in files}
