"""Calendars while the database can't be asked: what they answered last, for some hours, with how old it is."""

import pytest

from planner.services import feeds
from planner.services.feed_memory import ASK_AGAIN, STALE_FOR, FeedMemory
from tests.web.ana_course import book_ana
from tests.web.browser_without_screen import Browser
from tests.web.gone_database import GoneDatabase


@pytest.fixture
def gone(runtime, config, clinic):
    """The program with Ana's course."""
    gone = GoneDatabase(runtime, config)
    book_ana(gone.runtime, clinic)
    yield gone
    gone.end()


@pytest.fixture
def address(gone, clinic):
    """Ana's calendar."""
    made = feeds.create_feed(gone.runtime, clinic.rosa.actor, patient_id=clinic.ana)
    return made.removeprefix(gone.runtime.base_url)


def test_a_calendar_that_was_asked_for_is_answered_without_the_database(gone, address, clock):
    """The same bytes under the same tag, 304 where a program has them; Age says how old they are."""
    browser = Browser(gone.app)
    before = browser.get(address)
    assert "Age" not in before.headers
    gone.go()
    clock.advance(minutes=7)
    after = browser.get(address)
    assert after.status_code == 200
    assert (after.data, after.headers["ETag"]) == (before.data, before.headers["ETag"])
    assert after.headers["Age"] == str(7 * 60)
    again = browser.get(address, headers={"If-None-Match": before.headers["ETag"]})
    assert again.status_code == 304
    gone.come_back()
    clock.advance(seconds=ASK_AGAIN.total_seconds() + 1)
    fresh = browser.get(address)
    assert fresh.status_code == 200
    assert "Age" not in fresh.headers


def test_what_was_never_asked_for_is_503(gone, address, clinic):
    """Pages as well: an honest word is better than nothing."""
    gone.go()
    assert Browser(gone.app).get(address).status_code == 503


def test_after_some_hours_nothing_is_better_than_what_is_old(gone, address, clock):
    """A patient must not be sent to a visit that was called off yesterday."""
    browser = Browser(gone.app)
    browser.get(address)
    gone.go()
    clock.advance(seconds=STALE_FOR.total_seconds())
    assert browser.get(address).status_code == 200
    clock.advance(minutes=1)
    assert browser.get(address).status_code == 503


def test_an_address_that_was_ended_does_not_come_back_without_the_database(gone, address, clinic):
    """Whoever asked after its end has heard that there is nothing; that is remembered."""
    browser = Browser(gone.app)
    browser.get(address)
    feeds.create_feed(gone.runtime, clinic.rosa.actor, patient_id=clinic.ana)
    assert browser.get(address).status_code == 404
    gone.go()
    assert browser.get(address).status_code == 503


def test_a_silent_database_is_left_alone_for_a_moment(gone, address, clock):
    """Each question to it may take seconds: the next one is put to it a little later."""
    token, memory = feeds.token_in(address), FeedMemory()
    served = feeds.feed_for_token(gone.runtime, token, memory)
    gone.go()
    assert feeds.feed_for_token(gone.runtime, token, memory).written is served.written
    assert memory.is_silent(clock.now())
    gone.come_back()
    assert feeds.feed_for_token(gone.runtime, token, memory).stale_for is not None
    clock.advance(seconds=ASK_AGAIN.total_seconds())
    assert feeds.feed_for_token(gone.runtime, token, memory).stale_for is None
    assert not memory.is_silent(clock.now())


def test_what_is_kept_for_that_is_bounded(clock):
    """The address that was asked for longest ago goes first."""
    memory = FeedMemory(most_kept=2)
    for name in ("a", "b", "c"):
        memory.note_answer(name, 1, 1, clock.now())
    assert len(memory._answered) == 2
    assert memory.last_answer("a", clock.now()) is None
