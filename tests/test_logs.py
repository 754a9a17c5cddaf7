"""The log: one event a line, for people and for programs, with the numbers of what it is about."""

import http.client
import json
import logging
import socket
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from planner import logs
from planner.commands.server import Server
from planner.config import LOG_FORMATS, Config


@pytest.fixture
def line():
    """Gives the line that an event becomes: line("json", "words", 1, extra={…})."""

    def make(form, words, *values, level=logging.INFO, exc_info=None, **facts):
        record = logging.getLogger("planner.test").makeRecord(
            "planner.test", level, "file", 1, words, values, exc_info, extra=facts
        )
        return logs.formatter(form).format(record)

    yield make
    logs.end()


def test_for_programs_an_event_is_one_json_object(line):
    """With time, level, logger, words, ids and facts by name."""
    with logs.about(job=7, clinic=3, staff=None):
        kept = json.loads(line("json", "%s is done", "it", method="GET", rule="/today", status=200, ms=3.2))
    assert kept.pop("timestamp").endswith("Z")
    assert kept == {
        "level": "info", "logger": "planner.test", "event": "it is done", "job": 7, "clinic": 3,
        "method": "GET", "rule": "/today", "status": 200, "ms": 3.2,
    }  # fmt: skip


def test_for_people_it_is_words_with_the_ids_behind(line):
    """The facts stand in the words already."""
    with logs.about(request="abc", clinic=3):
        said = line("console", "GET /today 200 3 ms", method="GET", rule="/today", status=200, ms=3.2)
    assert said.endswith("Z INFO planner.test: GET /today 200 3 ms clinic=3 request=abc")


@pytest.mark.parametrize("form", logs.FORMATS)
def test_nobody_can_forge_a_line(line, form):
    """Whatever stands in an event, it is one line."""
    assert len(line(form, "one\nINFO planner.access: two\r\n").splitlines()) == 1


def test_a_traceback_is_kept_in_both_forms(line):
    """For people over several lines, for programs inside the object."""
    try:
        raise ValueError("torn")
    except ValueError:
        torn = sys.exc_info()
    assert "ValueError: torn" in line("console", "failed", exc_info=torn).splitlines()[-1]
    assert "ValueError: torn" in json.loads(line("json", "failed", exc_info=torn))["exception"]


class _Refusal(Exception):
    """As a driver words it."""


@pytest.mark.parametrize("form", logs.FORMATS)
def test_the_values_in_the_words_of_an_error_stay_out(line, form):
    """Where it happened and what kind of error it was; not what somebody had typed, nor the row that was refused."""
    typed, row = "Zorzi Marcata", "zorzi@marked.example"
    try:
        try:
            raise _Refusal(f'duplicate key breaks "staff"\nDETAIL:  Key (email)=({row}) already exists.')
        except _Refusal as refusal:
            raise ValueError(f"no number: {typed!r}, of {row}") from refusal
    except ValueError:
        said = line(form, "failed", exc_info=sys.exc_info())
    assert "Zorzi" not in said
    assert row not in said
    assert "_Refusal: duplicate key breaks …" in said
    assert "ValueError: no number: …, of …" in said
    assert "test_logs.py" in said


def test_an_error_without_words_is_told_by_its_kind(line):
    """And one that leads back to itself is told once too often at most."""
    error = KeyError()
    error.__context__ = error
    said = line("console", "failed", exc_info=(KeyError, error, None))
    assert said.splitlines()[-1] == "KeyError"


def test_a_line_is_about_nothing_that_could_be_a_name(line):
    """Only what IDS lists; and what a block said ends with it."""
    for say in (logs.about, logs.begin, logs.also):
        with pytest.raises(ValueError, match="patient"):
            say(patient="Ana Silva")
    with logs.about(sweep="tidy"):
        assert "sweep=tidy" in line("console", "x")
    assert "sweep" not in line("console", "x")


def test_the_next_request_begins_anew(line):
    """Threads are used again; nobody's number may stand in another one's lines."""
    logs.begin(request="first")
    logs.also(clinic=1, staff=2)
    assert "clinic=1 request=first staff=2" in line("console", "x")
    logs.begin(request="second")
    assert line("console", "x").endswith(": x request=second")
    logs.end()
    assert line("console", "x").endswith(": x")


def test_the_settings_know_the_same_forms(line):
    """Else a setting that is allowed would stop the start."""
    assert LOG_FORMATS == logs.FORMATS
    with pytest.raises(ValueError, match="xml"):
        logs.formatter("xml")


@contextmanager
def whole_program(capsys):
    """Its log, as `planner serve` sets it up; gives what tells what was said until now."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    logs.start("json")
    try:
        yield lambda: [json.loads(each)["event"] for each in capsys.readouterr().err.splitlines()]
    finally:
        root.handlers, root.level = handlers, level
        for library in map(logging.getLogger, ("apscheduler", "alembic", "waitress")):
            library.setLevel(logging.NOTSET)
            library.filters.clear()


def test_a_start_sets_up_the_whole_program(capsys):
    """Everything goes to standard error; libraries only speak when something is wrong."""
    with whole_program(capsys) as said:
        logging.getLogger("planner.test").info("heard")
        logging.getLogger("alembic").info("not heard")
        assert said() == ["heard"]


def test_an_answer_that_breaks_off_leaves_no_address_in_the_log(capsys):
    """The server, which is not ours, would name it: with it goes the secret that opens a plan or a calendar."""

    class Torn(list):
        def close(self):
            raise ValueError("after the answer")

    def app(_environ, start_response):
        start_response("200 OK", [("Content-Length", "2")])
        return Torn([b"ok"])

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(app, Config(instance=Path("/"), database_url="sqlite:////none", secret_key="s" * 32, port=port))
    with whole_program(capsys) as said:
        server.start()
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request("GET", "/p/a-secret-link?name=Ana")
            connection.getresponse().read()
        server.finish()
        assert said() == ["Exception while serving a request"]
