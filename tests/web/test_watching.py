"""What is noted of a request: its number, one line without secrets, a count, and who asked by number."""

import json
import logging
from dataclasses import replace

import pytest
from structlog.contextvars import get_contextvars

from planner import logs, metrics
from planner.app import create_app
from planner.web.watching import HEADER
from tests.factories import ANA_LINK


@pytest.fixture
def lines():
    """The log as programs read it: a list of objects that grows."""
    found = []

    class Keeping(logging.Handler):
        def emit(self, record):
            found.append(json.loads(self.format(record)))

    handler, root = Keeping(), logging.getLogger()
    handler.setFormatter(logs.formatter("json"))
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.INFO)
    yield found
    root.setLevel(level)
    root.removeHandler(handler)


def access(lines):
    """The lines of answered requests."""
    return [line for line in lines if line["logger"] == "planner.access"]


def test_every_request_has_a_number_which_it_is_given_back(client):
    """Two requests have two."""
    numbers = {client.get("/sign-in").headers[HEADER] for _ in range(2)}
    assert len(numbers) == 2
    assert all(len(number) == 16 for number in numbers)


def test_the_number_that_a_trusted_proxy_gives_is_kept(runtime, config):
    """So a line of the proxy's log can be found in ours; a stranger's is not believed."""
    behind = create_app(runtime, replace(config, trusted_proxies=1)).test_client()
    alone = create_app(runtime, config).test_client()
    given = {HEADER: "proxy-0123456789abcdef"}
    assert behind.get("/sign-in", headers=given).headers[HEADER] == "proxy-0123456789abcdef"
    assert alone.get("/sign-in", headers=given).headers[HEADER] != "proxy-0123456789abcdef"


@pytest.mark.parametrize("number", ["short", "x" * 65, "twelve words here", "a-forged=line", "ünïcode-number"])
def test_a_number_that_could_forge_a_line_is_replaced(runtime, config, number):
    """Also from the proxy, which passes on what it got."""
    client = create_app(runtime, replace(config, trusted_proxies=1)).test_client()
    answer = client.get("/sign-in", headers={HEADER: number.encode().decode("latin-1")})
    assert len(answer.headers[HEADER]) == 16


def test_a_line_has_method_route_status_and_time(client, lines):
    """By name, for programs."""
    number = client.get("/sign-in?next=/patients").headers[HEADER]
    (line,) = access(lines)
    assert (line["method"], line["rule"], line["status"], line["request"]) == ("GET", "/sign-in", 200, number)
    assert 0 <= line["ms"] < 60_000
    assert "patients" not in json.dumps(line)


def test_a_line_says_who_asks_by_numbers(browser_of, clinic, lines):
    """Clinic and person; never a name, a token or an address."""
    browser_of(clinic.rosa).get("/patients?q=Ana")
    (line,) = access(lines)
    assert (line["clinic"], line["staff"]) == (clinic.id, clinic.rosa.id)
    assert not any(word in json.dumps(line) for word in ("Rosa", "Ana", "example.org", clinic.rosa.password))


def test_what_is_logged_within_a_request_has_its_number(client, lines, clinic, app):
    """A bug's traceback, above all."""

    def broken(**_):
        raise RuntimeError("torn")

    app.view_functions["patient.plan"] = broken
    answer = client.get(f"/p/{ANA_LINK}")
    assert answer.status_code == 500
    (bug,) = [line for line in lines if line["level"] == "error"]
    assert (bug["request"], bug["clinic"]) == (answer.headers[HEADER], clinic.id)
    assert "torn" in bug["exception"]
    assert ANA_LINK not in json.dumps(lines)


def test_nothing_of_a_request_stays_behind_in_its_thread(client):
    """The next one may be of another clinic."""
    client.get("/sign-in")
    assert get_contextvars() == {}


def test_an_address_that_does_not_exist_is_counted_but_not_told(client, lines):
    """It may be anything, a token with a typing mistake too."""
    before = metrics.REGISTRY.get_sample_value("planner_requests_total", {"status": "4xx"})
    client.get("/p/a-mistyped-secret/and-more/and-more")
    assert metrics.REGISTRY.get_sample_value("planner_requests_total", {"status": "4xx"}) == before + 1
    assert "a-mistyped-secret" not in json.dumps(lines)


def test_probes_fill_no_log(client, lines):
    """They ask every few seconds."""
    client.get("/healthz")
    client.get("/readyz")
    client.get("/sign-in")
    assert [line["rule"] for line in access(lines)] == ["/sign-in"]
