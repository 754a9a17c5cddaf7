"""Fault 18: ten thousand polls a minute of calendars that change meanwhile, and not one error."""

import threading
import time
import urllib.error
import urllib.request
from dataclasses import replace

import pytest
from sqlalchemy import event

from planner.app import create_app
from planner.commands.server import Server
from planner.services import attendance, feeds
from planner.services.feed_memory import FeedMemory
from planner.web.context import DOOR
from tests.commands.test_run import free_port
from tests.web.ana_course import book_ana

pytestmark = [pytest.mark.faults, pytest.mark.slow]

POLLERS, EACH = 4, 420
SECONDS = POLLERS * EACH * 60 / 10_000
CHANGES = (3, 4, 5)
# After a change each poller may find the bytes too old at the same time; writing them takes two looks at that table.
MOST_READ = 2 * POLLERS * (len(CHANGES) + 1)


@pytest.fixture
def address(runtime, config, clinic):
    """Ana's calendar on the server that ships."""
    port = free_port()
    app = create_app(runtime, config)
    server = Server(app, replace(config, port=port), app.extensions[DOOR].at_once)
    server.start()
    token = feeds.token_in(feeds.create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana))
    yield f"http://127.0.0.1:{port}/f/{token}.ics"
    server.finish()


def poll(address, statuses):
    """Ask as a program does, with the tag of its copy."""
    tag = ""
    for _ in range(EACH):
        asked = urllib.request.Request(address, headers={"If-None-Match": tag} if tag else {})
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                statuses.append(answer.status)
                tag = answer.headers["ETag"]
        except urllib.error.HTTPError as answer:
            statuses.append(answer.code)
            answer.close()


@pytest.fixture
def read_anew(runtime):
    """The looks at appointments that the server took, as they are taken."""
    looks: list[str] = []

    def note(_connection, _cursor, statement, *_):
        if threading.current_thread().name.startswith("waitress") and "FROM appointment" in statement:
            looks.append(statement)

    event.listen(runtime.database.engine, "before_cursor_execute", note)
    yield looks
    event.remove(runtime.database.engine, "before_cursor_execute", note)


def test_fault_18_ten_thousand_polls_a_minute_are_answered_while_the_diary_changes(address, runtime, clinic, read_anew):
    """Most by 304; what changed is there at once, and is not written for each of those who ask."""
    course = book_ana(runtime, clinic)
    statuses: list[int] = []
    pollers = [threading.Thread(target=poll, args=(address, statuses)) for _ in range(POLLERS)]
    begun = time.monotonic()
    for poller in pollers:
        poller.start()
    for number in CHANGES:
        attendance.cancel(runtime, clinic.rosa.actor, course.appointment(number).id)
    for poller in pollers:
        poller.join()
    took = time.monotonic() - begun
    assert set(statuses) == {200, 304}
    assert len(statuses) == POLLERS * EACH
    assert statuses.count(304) > statuses.count(200)
    assert 0 < len(read_anew) <= MOST_READ
    with urllib.request.urlopen(address) as answer:
        assert answer.read() == feeds.feed_for_token(runtime, feeds.token_in(address), FeedMemory()).written.data
    assert took < SECONDS, f"{len(statuses) / took * 60:.0f} polls a minute"
