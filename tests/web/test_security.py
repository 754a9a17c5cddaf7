"""What every answer carries, and what never leaves the house."""

import logging
from dataclasses import replace

import pytest
from flask import Flask

from planner import errors as refusals
from planner.app import create_app
from planner.errors import DatabaseBusy, InvalidInput, NotAllowed, NotFound, PlannerError, SlotTaken, StorageFailed
from planner.web import errors, security
from tests.factories import ANA_LINK
from tests.web.browser_without_screen import Browser


def failing_app(config, error):
    """A small app whose only page fails so."""
    app = Flask("failing")
    security.install(app, config)
    errors.install(app)

    @app.get("/<token>/page")
    def page(token):
        raise error

    return app


def ask(config, error):
    """What a program is answered when a page fails."""
    client = failing_app(config, error).test_client()
    return client.get(f"/{ANA_LINK}/page", headers={"Accept": "application/json"})


def test_every_page_carries_the_safe_headers(client):
    """No inline script, no frame, no guessing of types, nothing kept by the browser."""
    headers = client.get("/sign-in").headers
    for name, value in security.HEADERS.items():
        assert headers[name] == value
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ],
)
def test_a_header_says_what_it_should(client, name, value):
    """Whatever the table of headers says."""
    assert client.get("/sign-in").headers[name] == value
    assert "camera=()" in client.get("/sign-in").headers["Permissions-Policy"]


def test_the_cookie_can_be_read_by_no_script_and_sent_by_no_other_site(client, clinic):
    """HttpOnly, SameSite=Lax; without encryption it can't be Secure."""
    line = client.post("/sign-in", {"email": clinic.rosa.email, "password": clinic.rosa.password}).headers["Set-Cookie"]
    assert line.startswith("planner=")
    assert "HttpOnly" in line
    assert "SameSite=Lax" in line
    assert "Secure" not in line


def test_behind_https_the_cookie_is_secure_and_bound_to_the_host(runtime, config):
    """And the browser is told to keep to https."""
    app = create_app(runtime, replace(config, public_url="https://planner.example.org"))
    answer = app.test_client().get("/sign-in", base_url="https://planner.example.org")
    line = answer.headers["Set-Cookie"]
    assert line.startswith("__Host-planner=")
    assert "Secure" in line
    assert "Path=/" in line
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


OWN = "https://planner.example.org"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        # A browser which is told to send no referrer hides its origin too.
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 302),
        ({}, 302),
        ({"Origin": OWN, "Referer": f"{OWN}/sign-in"}, 302),
        ({"Sec-Fetch-Site": "none"}, 302),
        ({"Origin": "https://evil.example"}, 400),
        ({"Referer": "https://evil.example/"}, 400),
        ({"Origin": "https://planner.example.org.evil.example"}, 400),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 400),
        ({"Sec-Fetch-Site": "same-site"}, 400),
    ],
    ids=str,
)
def test_a_form_is_accepted_from_our_own_pages_only(runtime, config, clinic, headers, status):
    """Also one that brings a token along."""
    client = create_app(runtime, replace(config, public_url=OWN)).test_client()
    page = client.get("/sign-in", base_url=OWN).text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"email": clinic.rosa.email, "password": clinic.rosa.password, "csrf_token": token}
    assert client.post("/sign-in", data=form, base_url=OWN, headers=headers).status_code == status


def test_a_form_behind_a_proxy_that_hides_our_name_is_accepted(runtime, config, clinic):
    """The settings know it."""
    client = create_app(runtime, replace(config, public_url=OWN)).test_client()
    inside = {"Host": "127.0.0.1:8000"}
    page = client.get("/sign-in", base_url="https://127.0.0.1:8000").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"email": clinic.rosa.email, "password": clinic.rosa.password, "csrf_token": token}
    answer = client.post("/sign-in", data=form, base_url="https://127.0.0.1:8000", headers={**inside, "Origin": OWN})
    assert answer.status_code == 302


def test_another_host_name_is_refused_when_the_public_address_is_known(runtime, config):
    """Else a forged Host header could end up in links."""
    client = create_app(runtime, replace(config, public_url="https://planner.example.org")).test_client()
    assert client.get("/sign-in", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/sign-in", headers={"Host": "127.0.0.1:8000"}).status_code == 200


@pytest.mark.parametrize("public_url", [None, "https://planner.example.org"])
@pytest.mark.parametrize("host", ["a" * 300, "a..b", ".example.org", "x:99999", "-", "[::1"])
def test_a_host_name_that_is_none_is_refused_in_words(runtime, config, host, public_url):
    """Not by a page of ours, which would need links under it."""
    client = create_app(runtime, replace(config, public_url=public_url)).test_client()
    for path in ("/sign-in", "/nowhere", "/f/nobody.ics"):
        assert client.get(path, headers={"Host": host}).status_code < 500


def test_a_forwarded_address_is_believed_only_from_known_proxies(runtime, config):
    """With one proxy in front, what it says of https counts; with none, nobody's word does."""
    headers = {"X-Forwarded-Proto": "https"}
    behind = create_app(runtime, replace(config, trusted_proxies=1)).test_client()
    alone = create_app(runtime, config).test_client()
    assert "Strict-Transport-Security" in behind.get("/sign-in", headers=headers).headers
    assert "Strict-Transport-Security" not in alone.get("/sign-in", headers=headers).headers


def test_a_form_of_more_than_a_megabyte_is_refused(client):
    """Nobody types that much."""
    assert client.post("/sign-in", {"email": "x" * security.REQUEST_BYTES_MAX}).status_code == 413


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidInput("That day does not exist.", field="day"), 422),
        (NotFound("There is no such thing here."), 404),
        (NotAllowed("This needs the role manager."), 403),
        (SlotTaken("The room already has an appointment at that time."), 409),
        (DatabaseBusy("The database is busy."), 503),
        (StorageFailed("The disk is full."), 503),
    ],
)
def test_a_refusal_has_its_status_and_its_words(config, error, status):
    """A program reads them as JSON."""
    answer = ask(config, error)
    assert answer.status_code == status
    assert answer.json["error"] == error.message
    assert answer.json.get("field") == error.field


def test_a_busy_database_says_when_to_come_back(config):
    """With Retry-After, in seconds."""
    assert ask(config, DatabaseBusy("The database is busy.")).headers["Retry-After"] == "5"


def test_every_refusal_has_a_status():
    """A new one without would be a bug on the day it is first raised."""
    kinds = [kind for kind in vars(refusals).values() if isinstance(kind, type) and issubclass(kind, PlannerError)]
    assert len(kinds) > 5
    for kind in kinds:
        if kind is not PlannerError:
            assert 400 <= errors.status_of(kind("words")) < 600


def test_a_bug_shows_a_reference_and_nothing_of_itself(config, caplog):
    """The log has the reference and the cause; the page only the reference."""
    answer = ask(config, RuntimeError("secret inner words"))
    assert answer.status_code == 500
    assert "secret inner words" not in answer.text
    assert answer.json["reference"] in caplog.text
    assert "secret inner words" in caplog.text


def test_no_token_reaches_the_log(config, caplog):
    """Neither when all goes well nor when it fails: the log names the route."""
    caplog.set_level(logging.DEBUG)
    ask(config, RuntimeError("a bug"))
    ask(config, NotFound("gone"))
    assert "/<token>/page" in caplog.text
    assert ANA_LINK not in caplog.text


def test_a_page_that_does_not_exist_is_a_friendly_404(client):
    """With the way back."""
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


def test_a_method_that_is_not_offered_says_which_are(client):
    """405 keeps its Allow header."""
    answer = client.get("/sign-out")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_htmx_gets_a_refusal_as_one_line_among_the_news(client):
    """It must not replace the row whose button was pressed."""
    answer = client.raw.post("/sign-out", headers={"HX-Request": "true"})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert "<html" not in answer.text
    assert answer.headers["HX-Retarget"] == "#flashes"


@pytest.mark.sqlite
def test_a_database_that_can_not_be_read_still_gets_its_page(browser_of, clinic, runtime, config):
    """The page which says so must not need the database."""
    rosa = browser_of(clinic.rosa)
    runtime.database.close()
    (config.instance / "planner.sqlite").write_bytes(b"this is no database" * 100)
    for ending in ("-wal", "-shm"):
        (config.instance / f"planner.sqlite{ending}").unlink(missing_ok=True)
    answer = rosa.get("/account/password")
    assert answer.status_code == 503
    assert "<h1>" in answer.text


def test_a_static_file_is_served_to_everybody(client):
    """The stylesheet, with a type that the browser will believe."""
    answer = client.get("/static/css/planner.css")
    assert answer.status_code == 200
    assert answer.mimetype == "text/css"


def test_the_browser_of_these_tests_really_sends_the_token(client):
    """Without it the same form is refused, so the tests above mean something."""
    assert isinstance(client, Browser)
    assert client.raw.post("/sign-in", data={"email": "a@example.org"}).status_code == 400
    assert client.post("/sign-in", {"email": "a@example.org"}).status_code == 422
