"""What a server answers to programs that look after it: does it live, can it serve, what did it measure."""

from collections import namedtuple
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from planner import metrics
from planner.app import create_app, create_probes
from planner.services import feeds, readiness
from planner.web.context import DOOR, READINESS
from planner.web.feed_answer import Asked
from tests.web.ana_course import book_ana
from tests.web.gone_database import GoneDatabase

TOKEN = "t" * 40


def figures(client, **headers):
    """What is measured, by name and labels; None where it is not shown."""
    answer = client.get("/metrics", headers=headers)
    if answer.status_code != 200:
        return None
    families = text_string_to_metric_families(answer.text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


@pytest.fixture
def watched(runtime, config):
    """A browser of programs that may read what was measured."""
    return create_app(runtime, replace(config, metrics_from="127.0.0.1")).test_client()


def test_a_process_that_lives_says_so_without_its_database(client, gone, queries):
    """A restart would not mend a database, so nothing is asked of it."""
    with queries() as asked:
        assert client.get("/healthz").text == "alive\n"
    assert asked == []
    gone.go()
    assert gone.app.test_client().get("/healthz").status_code == 200


@pytest.fixture
def gone(runtime, config):
    """A program whose database can go."""
    gone = GoneDatabase(runtime, config)
    yield gone
    gone.end()


def test_a_server_that_can_serve_is_ready(client):
    """And what stands in front sends requests."""
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"ready": True, "wrong": []})


def test_a_server_that_was_told_to_end_takes_no_more(app, client):
    """It finishes what it has."""
    app.extensions[READINESS].stop()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["wrong"]) == (503, ["The server is stopping."])


def test_a_server_on_a_full_disk_is_not_ready(client, monkeypatch):
    """Its bookings would fail."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(readiness.free_bytes.__globals__["shutil"], "disk_usage", lambda _: usage(10, 10, 0))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["wrong"]) == (503, ["The disk is full."])


def test_an_older_schema_is_not_ready(client, runtime):
    """A new program on an old database, in the middle of an upgrade."""
    with runtime.database.writing(None) as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["wrong"] == ["The database is at step 0001, this program needs a newer one."]


def test_a_server_goes_on_serving_while_the_next_version_upgrades_the_schema(client, runtime):
    """Else all servers would be taken out of service at the same moment."""
    with runtime.database.writing(None) as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert client.get("/readyz").status_code == 200


def test_a_database_without_its_guard_is_not_ready(client, runtime):
    """Two patients at one time would be booked."""
    lost = {
        "sqlite": "DROP TRIGGER appointment_one_room_insert",
        "postgresql": "ALTER TABLE appointment DROP CONSTRAINT appointment_one_room",
    }
    with runtime.database.writing(None) as session:
        session.execute(text(lost[runtime.database.engine.dialect.name]))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["wrong"]) == (503, ["The database can't be used (StorageFailed)."])


def test_the_guard_is_tested_once_and_not_at_every_question(client, runtime, queries):
    """A question costs a read."""
    client.get("/readyz")
    with queries() as asked:
        client.get("/readyz")
    assert len([each for each in asked if not each.startswith("PRAGMA")]) <= 4
    assert not any("INSERT" in each for each in asked)


def test_a_database_that_does_not_answer_is_told_without_its_path(gone):
    """Strangers may ask, too."""
    gone.go()
    answer = gone.app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert "gone-" not in answer.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_a_probe_may_call_the_server_by_any_name(runtime, config, path):
    """A balancer knows its number, Prometheus its name among containers; only links need the public one."""
    settings = replace(config, public_url="https://planner.example.org", metrics_from="127.0.0.1", trusted_proxies=1)
    client = create_app(runtime, settings).test_client()
    for headers in ({"Host": "10.0.0.7:8000"}, {"X-Forwarded-Host": "planner:8000"}):
        assert client.get(path, headers=headers).status_code == 200
        assert client.get("/sign-in", headers=headers).status_code == 400


def test_strangers_find_no_figures(client):
    """Without a setting, not even this machine: behind a proxy everybody comes from there."""
    assert figures(client) is None


def test_figures_are_for_the_networks_that_are_named(runtime, config):
    """By where the request really comes from."""
    settings = replace(config, metrics_from="10.1.0.0/16, ::1", trusted_proxies=1)
    client = create_app(runtime, settings).test_client()
    assert figures(client, **{"X-Forwarded-For": "10.1.2.3"})
    assert figures(client, **{"X-Forwarded-For": "::1"})
    assert figures(client, **{"X-Forwarded-For": "10.2.2.3"}) is None
    assert figures(client, **{"X-Forwarded-For": "nonsense"}) is None


def test_figures_are_for_who_has_the_token(runtime, config):
    """From anywhere."""
    client = create_app(runtime, replace(config, metrics_token=TOKEN)).test_client()
    assert figures(client, Authorization=f"Bearer {TOKEN}")
    for wrong in ("", TOKEN, f"Bearer {TOKEN}x", "Bearer ", "Bearer ü"):
        assert figures(client, Authorization=wrong) is None


def test_the_figures_say_how_the_clinic_runs(watched, runtime, clinic, clock):
    """A booked course waits to be told, then it is overdue."""
    book_ana(runtime, clinic)
    assert figures(watched)[("planner_outbox_messages", "held")] == 1
    clock.advance(minutes=15)
    found = figures(watched)
    assert found[("planner_outbox_messages", "held")] == 0
    assert found[("planner_outbox_messages", "due")] == 1
    assert found[("planner_outbox_age_seconds",)] == 600
    assert found[("planner_database_up",)] == 1
    assert found[("planner_database_bytes",)] > 100_000
    assert found[("planner_timers_alive",)] == 0
    assert found[("planner_bookings_total",)] >= 1


def test_figures_are_shown_while_the_database_is_gone(runtime, gone, config):
    """That is when they are looked at."""
    watched = create_app(gone.runtime, replace(config, metrics_from="127.0.0.1")).test_client()
    gone.go()
    found = figures(watched)
    assert found[("planner_database_up",)] == 0
    assert ("planner_requests_total", "2xx") in found


def test_figures_are_looked_up_with_few_short_queries(watched, runtime, clinic, queries):
    """They are asked for every fifteen seconds, for years."""
    figures(watched)
    with queries() as asked:
        figures(watched)
    assert len(asked) <= 14


def test_no_figure_is_about_a_person(watched, runtime, clinic, browser_of):
    """Neither a name nor an address stands in a label."""
    book_ana(runtime, clinic)
    browser_of(clinic.rosa).get("/patients?q=Ana")
    text = watched.get("/metrics").text
    assert not any(word in text for word in ("Ana", "Rosa", "example.org"))


@pytest.mark.sqlite
def test_calendars_are_counted_on_the_short_way_and_on_the_long_one(app, client, runtime, clinic):
    """By what they were answered."""
    book_ana(runtime, clinic)
    path = urlsplit(feeds.create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana)).path
    before = metrics.feed_counts()
    tag = client.get(path).headers["ETag"]
    assert metrics.feed_counts()["200"] == before["200"] + 1
    answer = app.extensions[DOOR].at_once(path, Asked(tag, None, None))
    assert answer.status == 304
    assert metrics.feed_counts()["304"] == before["304"] + 1
    client.get("/f/nonsense.ics")
    assert metrics.feed_counts()["404"] == before["404"] + 1
    assert sum(metrics.feed_counts().values()) == sum(before.values()) + 3


def test_a_worker_without_pages_answers_probes_alone(runtime, config):
    """And figures to whom the settings name; nothing else."""
    client = create_probes(runtime, replace(config, metrics_from="127.0.0.1")).test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json == {"ready": True, "wrong": []}
    assert figures(client)[("planner_database_up",)] == 1
    assert client.get("/sign-in").status_code == 404
