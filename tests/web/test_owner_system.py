"""The page "System": how the program runs, in words."""

from datetime import timedelta

import pytest

from planner.services import integrity, worklists
from planner.services.pulse import Pulse, pulse_file
from planner.sweeps import SWEEPS
from planner.web.owner.system import SWEEP_WORDS, length, percent, size, span, sweep_words
from planner.words import Text, in_language


@pytest.fixture
def timers(config, clock):
    """The timers of the program's own table, alive."""
    return Pulse(pulse_file(config.instance), clock, {sweep.name: sweep.every for sweep in SWEEPS})


def test_the_owner_reads_that_all_is_well(browser_of, clinic, timers):
    """In one line, before any figure."""
    page = browser_of(clinic.mo).get("/settings/system").text
    assert "All is well." in page
    assert "Something needs a look." not in page
    assert "Send messages" in page
    assert "send-outbox" not in page


def test_what_was_never_looked_at_is_not_said_to_be_well(browser_of, runtime, clinic, timers):
    """The data are looked through at night; what does not fit stands here as well as on the worklists."""
    mo = browser_of(clinic.mo)
    assert ", the data fit together," not in mo.get("/settings/system").text
    integrity.look_on(runtime, clinic.system)
    assert ", the data fit together," in mo.get("/settings/system").text
    with runtime.writing(clinic.system) as unit:
        worklists.open_item(unit, worklists.DAMAGE, "damage-1", "Session 3 has two appointments.", None)
    assert "1 thing in the data contradicts itself" in mo.get("/settings/system").text


def test_the_owner_reads_what_is_wrong_and_what_to_do(browser_of, clinic, timers, clock):
    """The timers fell silent."""
    clock.advance(hours=3)
    page = browser_of(clinic.mo).get("/settings/system").text
    assert "The timed work does not run" in page
    assert "Start the program again" in page
    assert "No sign of life since Mon 2 Mar, 08:00" in page
    assert "3 hours late" in page


def test_before_the_timers_ever_ran_the_page_is_there(browser_of, clinic):
    """Right after the first start."""
    assert "Never ran" in browser_of(clinic.mo).get("/settings/system").text


def test_the_owner_finds_it_in_the_bar(browser_of, clinic):
    """Under the clinic's own."""
    assert 'href="/settings/system"' in browser_of(clinic.mo).get("/settings").text
    assert 'href="/settings/system"' not in browser_of(clinic.rosa).get("/patients").text


def test_every_sweep_is_said_in_words():
    """A new one has its line here; until then its name stands on the page."""
    assert {sweep.name for sweep in SWEEPS} <= SWEEP_WORDS.keys()
    assert all(isinstance(words, Text) for words in SWEEP_WORDS.values())
    assert sweep_words("brand-new") == "brand-new"


@pytest.mark.parametrize(
    ("said", "english", "german"),
    [
        (size(7_340_032), "7.3 MB", "7,3 MB"),
        (size(12_000), "12 kB", "12 kB"),
        (size(3_200_000_000_000), "3200 GB", "3200 GB"),
        (length(0.0123), "12 ms", "12 ms"),
        (length(1.52), "1.5 s", "1,5 s"),
        (percent(1.34), "1.3 %", "1,3 %"),
    ],
)
def test_figures_are_written_as_the_language_has_them(said, english, german):
    """Size, length and share."""
    assert (in_language(said, "en"), in_language(said, "de")) == (english, german)


@pytest.mark.parametrize(
    ("late", "words"),
    [
        (timedelta(seconds=59), "in time"),
        (timedelta(minutes=1), "1 minute late"),
        (timedelta(minutes=90), "90 minutes late"),
        (timedelta(hours=2), "2 hours late"),
    ],
)
def test_how_late_something_is_is_said_in_words(late, words):
    """No seconds: they would change at every look."""
    assert span(late) == words
