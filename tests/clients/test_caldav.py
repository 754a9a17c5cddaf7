"""Programs that speak CalDAV read the same calendar as those that fetch the feed, and follow its changes."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from planner.app import create_app
from planner.services import attendance, feeds
from tests.clients.programs import BIN, HERE, KHAL_SETTINGS, _json_lines, _khal_line, run
from tests.clients.test_programs_read_a_feed import follow_all_changes
from tests.web.ana_course import book_ana

pytestmark = [pytest.mark.clients, pytest.mark.slow]

VDIRSYNCER_SETTINGS = """\
[general]
status_path = "{home}/status/"
[pair ana]
a = "here"
b = "clinic"
collections = null
conflict_resolution = "b wins"
[storage here]
type = "filesystem"
path = "{home}/store"
fileext = ".ics"
[storage clinic]
type = "caldav"
url = "{url}calendar/"
read_only = true
"""


@pytest.fixture
def home_url(runtime, config, clinic):
    """Ana's calendar over CalDAV, on a server of this test's own."""
    token = feeds.token_in(feeds.create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana))
    server = make_server("127.0.0.1", 0, create_app(runtime, config), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/dav/{token}/"
    server.shutdown()
    thread.join()
    server.server_close()


def booked(course):
    """What a program should show."""
    return sorted((each.current.starts_at, each.current.ends_at) for each in course.now().live)


def times(seen):
    """Start and end of each event."""
    return sorted((each.starts_at, each.ends_at) for each in seen)


def with_caldav(url: str, home: Path):
    """Discovery, a search in a time range, a first sync; and writing, which is refused."""
    return _json_lines(run(BIN / "python", HERE / "read_caldav.py", url, home=home))


def with_vdirsyncer_and_khal(url: str, home: Path):
    """vdirsyncer keeps a copy, khal shows it."""
    settings = home / "vdirsyncer"
    (home / "store").mkdir(exist_ok=True)
    settings.write_text(VDIRSYNCER_SETTINGS.format(home=home, url=url))
    program = (BIN / "vdirsyncer", "--config", settings)
    run(*program, "discover", home=home, stdin=b"y\n" * 9)
    run(*program, "sync", home=home)
    khal = home / "khal"
    khal.write_text(KHAL_SETTINGS.format(store=home / "store", database=home / "khal.db"))
    fields = "{uid}|{start-long}|{end-long}|{status}|{title}"
    options = ("--once", "--notstarted", "--day-format", "", "--format", fields)
    listed = run(BIN / "khal", "-c", khal, "list", *options, "2026-01-01", "800d", home=home)
    return [_khal_line(line) for line in listed.decode().splitlines() if line]


@pytest.mark.parametrize("read", [with_caldav, with_vdirsyncer_and_khal])
def test_a_program_sees_the_same_instants_as_the_diary_before_and_after_a_miss(
    read, home_url, runtime, clinic, clock, tmp_path
):
    """Nothing twice, nothing gone, no hour's error."""
    course = book_ana(runtime, clinic)
    first = read(home_url, tmp_path)
    assert times(first) == booked(course)
    missed = course.appointment(1)
    clock.set(missed.ends_at + timedelta(minutes=10))
    attendance.miss(runtime, clinic.rosa.actor, missed.id)
    after = read(home_url, tmp_path)
    assert times(after) == booked(course)
    assert {each.uid for each in after} == {each.uid for each in first}


@pytest.mark.parametrize("read", [with_caldav, with_vdirsyncer_and_khal])
def test_a_program_follows_a_move_a_cancellation_a_catch_up_and_a_changed_zone(
    read, home_url, runtime, clinic, tmp_path
):
    """What vdirsyncer has copied before is changed in place; the library asks anew each time."""
    course = book_ana(runtime, clinic)
    follow_all_changes(course, runtime, clinic, lambda: read(home_url, tmp_path))
