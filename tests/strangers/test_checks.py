"""The walks can fail: pages that are broken on purpose are found, each for what is wrong with it."""

import random
import time

import pytest
from flask import Response, abort, request

from tests.factories import FakeClock
from tests.strangers.crawler import Crawler
from tests.strangers.description import describe
from tests.strangers.generated import explore
from tests.strangers.harvest import Harvest
from tests.strangers.tally import Tally
from tests.strangers.town import MARK, NEIGHBOUR, walk_into
from tests.strangers.unpacking import words_of
from tests.strangers.visitor import Request, Visitor
from tests.strangers.who import role_named

pytestmark = pytest.mark.slow

# Of a second each, on a machine that may be busy.
_TRIES = 30


@pytest.fixture
def visit(town, databases, tmp_path):
    """`with`-like: gives a maker of visitors in a copy of the town, of which pages can be replaced."""
    with walk_into(town, databases, tmp_path, FakeClock()) as (app, runtime):

        def visitor(role="nobody", **views):
            for endpoint, view in views.items():
                app.view_functions[endpoint.replace("__", ".")] = view
            return Visitor(town, role_named(role, town.own), app, runtime, Tally(role), random.Random(1))

        yield visitor


def raising():
    """A bug."""
    raise KeyError("forgotten")


def without_a_header():
    """A page that could be framed."""
    answer = Response("", 200, {"X-Frame-Options": "ALLOWALL"})
    answer.headers["Cache-Control"] = "no-store"
    return answer


BROKEN = [
    ("500", raising),
    ("500", lambda: abort(503)),
    ("500", lambda: abort(502)),
    ("other clinic", lambda: f"<p>{MARK.upper()} Clinic"),
    ("other clinic", lambda: f"<p>{NEIGHBOUR}"),
    ("other clinic", lambda: ("", 302, {"Location": f"/?who={MARK}"})),
    ("other clinic", lambda: "Traceback (most recent call last)"),
    ("unsafe", without_a_header),
    ("unsafe", lambda: ("", 302, {"Location": "https://evil.example/"})),
    ("unsafe", lambda: Response("x", content_type="text/html")),
    ("unsafe", lambda: Response("x", content_type="application/x-sh")),
    ("unsafe", lambda: abort(418)),
]


@pytest.mark.parametrize(("kind", "view"), BROKEN)
def test_a_broken_page_is_found(kind, view, visit):
    """Under its own kind of fault, and no other page is blamed."""
    with visit(public__evidence=view) as visitor:
        visitor.ask(Request("GET", "/"))
        assert not visitor.tally.faults
        visitor.ask(Request("GET", "/evidence"))
        assert [fault.partition(":")[0] for fault in visitor.tally.faults] == [kind]


@pytest.mark.parametrize("role", ["manager", "patient link"])
def test_what_is_packed_is_looked_into(role, town, visit):
    """An archive about a person, a print, a message: were they another clinic's, it would be seen."""
    paths = {
        "manager": [("POST", f"/patients/{town.own.ana}/privacy/export"), ("GET", "{message}/download")],
        "patient link": [("GET", f"/p/{town.link}/plan.pdf")],
    }
    message = town.addresses["outtray.download"]["name"][0]
    with visit(role) as visitor:
        for method, path in paths[role]:
            form = [] if method == "POST" else None
            answer = visitor.ask(Request(method, path.replace("{message}", f"/outtray/{message}"), form))
            assert answer.status_code == 200
            assert "Ana" in words_of(answer)
            assert b"Ana Silva" not in answer.get_data()


def test_the_number_of_a_foreign_row_is_found_unless_it_is_an_echo(town, visit):
    """A page may repeat what it was asked, and tell no more."""
    number = min(town.hidden)
    with visit(public__evidence=lambda: f"There is no {number}.") as visitor:
        visitor.ask(Request("GET", f"/evidence?about={number}"))
        assert not visitor.tally.faults
        visitor.ask(Request("GET", "/evidence"))
        assert visitor.tally.counts["other clinic"] == 1


def test_a_secret_is_found(town, visit):
    """A hash, a link of the other clinic, the key."""
    for secret in (town.secret_key, max(town.secrets)):
        with visit(public__evidence=lambda told=secret: f"<p>{told}") as visitor:
            visitor.ask(Request("GET", "/evidence"))
            assert visitor.tally.counts["other clinic"] == 1


def test_the_description_has_every_route_there_is(visit):
    """With each method that it answers, and something for each part of its address."""
    with visit("manager") as visitor:
        described = describe(visitor, Harvest())["paths"]
        routes = {visitor.endpoint_of_rule(path, method) for path, methods in described.items() for method in methods}
        assert routes == {rule.endpoint for rule in visitor.app.url_map.iter_rules()}
        booked = described["/patients/{patient_id}/book"]["post"]["parameters"]
        assert [(each["name"], each["in"]) for each in booked] == [("patient_id", "path")]
        assert str(visitor.town.own.ana) in booked[0]["schema"]["enum"]


def test_a_page_that_opens_to_whom_it_is_not_for_is_found(visit, monkeypatch):
    """Were the door left open."""
    monkeypatch.setattr("planner.web.access.may", lambda *_: True)
    with visit("therapist") as visitor:
        visitor.ask(Request("GET", "/settings/staff"))
        assert visitor.tally.counts["unsafe"] == 1


def test_a_change_without_the_token_of_its_form_is_found(visit, monkeypatch):
    """Were the check of it gone."""
    with visit("reception") as visitor:
        change = Request("POST", "/patients/new", [("name", "Mia Lund")], with_token=False)
        visitor.ask(change)
        assert not visitor.tally.faults
        visitor.app.config["WTF_CSRF_CHECK_DEFAULT"] = False
        visitor.ask(change)
        assert visitor.tally.counts["unsafe"] == 1


def test_what_goes_wrong_after_an_answer_is_found(visit):
    """What is only logged, and what breaks as the answer is closed."""

    def late():
        answer = Response("x", content_type="text/plain; charset=utf-8")
        answer.call_on_close(raising)
        return answer

    with visit(public__evidence=late) as visitor:
        visitor.ask(Request("GET", "/evidence"))
        assert visitor.tally.counts["500"] == 1


def test_the_crawler_finds_a_form_that_can_not_bear_odd_words(visit):
    """It breaks on what no person would choose."""

    def form():
        if request.args.get("kind", "a") not in ("a", "b"):
            raise KeyError
        return '<form action="/evidence"><select name="kind"><option value="a">A<option value="b">B</select></form>'

    with visit(public__evidence=form) as visitor:
        crawler = Crawler(visitor, Harvest(), random.Random(1))
        for _ in range(_TRIES):
            crawler.walk(time.monotonic() + 1)
            if visitor.tally.faults:
                break
        assert visitor.tally.counts["500"] > 0


def test_schemathesis_finds_a_page_that_can_not_bear_odd_words(visit):
    """From the description alone."""

    def page():
        if not request.args.get("kind", "").isascii():
            raise KeyError
        return "<p>x"

    harvest = Harvest()
    harvest.saw_query(("public.evidence", "GET"), [("kind", "a")])
    with visit(public__evidence=page) as visitor:
        for number in range(_TRIES):
            explore(visitor, harvest, random.Random(number), time.monotonic() + 1, only="public.evidence")
            if visitor.tally.faults:
                break
        assert visitor.tally.counts["500"] > 0
