"""Guessing the secret addresses of calendars and personal pages."""

from datetime import UTC, datetime, timedelta

import pytest

from planner.app import create_app
from planner.errors import TooManyTries
from planner.services import feeds
from planner.storage.doors import AttemptRow
from planner.web.guessing import MOST_WRONG, WITHIN, Guesses, network_of
from tests.factories import ANA_LINK
from tests.web.browser_without_screen import Browser

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def guess(client, times, pattern="/f/wrong-{}.ics", start=0):
    """The statuses of so many different wrong addresses."""
    return [client.get(pattern.format(number)).status_code for number in range(start, start + times)]


@pytest.mark.faults
@pytest.mark.parametrize("pattern", ["/f/wrong-{}.ics", "/p/wrong-{}", "/p/wrong.{}", "/dav/wrong-{}/"])
def test_fault_19_after_many_wrong_ones_the_next_must_wait(client, pattern):
    """404 each, all alike, then 429 with the time after which to come back."""
    assert set(guess(client, MOST_WRONG, pattern)) == {404}
    refused = client.get(pattern.format("one-more"))
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "600"


def test_guesses_at_pages_and_calendars_count_together(client):
    """Whichever door is tried."""
    guess(client, MOST_WRONG // 2)
    guess(client, MOST_WRONG // 2, "/p/wrong-{}", start=MOST_WRONG // 2)
    assert client.get("/dav/wrong/").status_code == 429


@pytest.mark.faults
def test_fault_19_a_right_one_is_not_told_while_guessing(client, runtime, clinic):
    """Or the wait would hinder nobody."""
    path = feeds.create_feed(runtime, clinic.mo.actor, patient_id=clinic.ana).removeprefix(runtime.base_url)
    guess(client, MOST_WRONG)
    assert client.get(path).status_code == 429
    assert client.get(f"/p/{ANA_LINK}").status_code == 429


@pytest.mark.faults
def test_fault_19_several_processes_count_together(client, runtime, config, clinic):
    """Half of the guesses at each; every process lets at most one more pass than if it were alone."""
    other = Browser(create_app(runtime, config))
    guess(client, MOST_WRONG - 5)
    assert set(guess(other, 5, start=MOST_WRONG)) == {404}
    assert other.get("/f/one-more.ics").status_code == 429
    assert client.get("/f/another.ics").status_code == 404
    assert client.get("/f/yet-another.ics").status_code == 429


def test_a_flood_of_guesses_does_not_fill_the_database(client, runtime, clinic):
    """Of each network at most thirty are written down, and of all together so many a second."""
    for number in range(3):
        for guessed in range(2 * MOST_WRONG):
            client.get(f"/f/wrong-{guessed}.ics", environ_overrides={"REMOTE_ADDR": f"198.51.100.{number}"})
    with runtime.reading(clinic.system) as unit:
        assert MOST_WRONG <= unit.session.query(AttemptRow).count() <= 3 * MOST_WRONG


@pytest.mark.wide
def test_guesses_are_counted_although_the_database_is_busy(client, runtime, clinic):
    """By each process for itself."""
    runtime.database.wait_seconds = 0.01
    with runtime.database.writing(None):
        guess(client, 1)
    assert set(guess(client, MOST_WRONG - 1, start=1)) == {404}
    assert client.get("/f/one-more.ics").status_code == 429


def test_whoever_was_answered_before_goes_on_being_answered(client, runtime, clinic):
    """All patients of a large calendar program come from its few addresses."""
    path = feeds.create_feed(runtime, clinic.mo.actor, patient_id=clinic.ana).removeprefix(runtime.base_url)
    assert client.get(path).status_code == 200
    assert client.get(f"/p/{ANA_LINK}").status_code == 200
    guess(client, MOST_WRONG + 1)
    assert client.get(path).status_code == 200
    assert client.get(f"/p/{ANA_LINK}").status_code == 200


def test_after_a_while_the_door_opens_again(client, clock):
    """Ten minutes after the last counted try."""
    guess(client, MOST_WRONG)
    clock.advance(minutes=9)
    assert client.get("/f/wrong.ics").status_code == 429
    clock.advance(minutes=1)
    assert client.get("/f/wrong.ics").status_code == 404


def test_a_calendar_that_keeps_asking_for_an_ended_one_is_no_guesser(client):
    """Programs never give up by themselves."""
    assert {client.get("/f/ended.ics").status_code for _ in range(3 * MOST_WRONG)} == {404}


def test_others_do_not_wait_for_a_guesser(client):
    """Each network counts by itself."""
    guess(client, MOST_WRONG)
    elsewhere = client.get("/f/wrong.ics", environ_overrides={"REMOTE_ADDR": "198.51.100.7"})
    assert elsewhere.status_code == 404


def test_an_ended_address_is_not_known_any_more():
    """It opened something once; now it counts like any wrong one."""
    guesses = Guesses()
    guesses.found("ended")
    for number in range(MOST_WRONG):
        guesses.missed("net", f"wrong-{number}", NOW)
    guesses.admit("net", "ended", NOW)
    guesses.missed("net", "ended", NOW)
    with pytest.raises(TooManyTries):
        guesses.admit("net", "ended", NOW)
    guesses.admit("net", "ended", NOW + WITHIN + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        (None, ""),
        ("nonsense", ""),
    ],
)
def test_one_network_is_one_guesser(address, network):
    """Who has one IPv6 address has as many of them as anybody could guess."""
    assert network_of(address) == network
