"""The timers' sign of life, as other processes read it."""

from datetime import timedelta

import pytest

from planner.services.pulse import SILENT_AFTER, Pulse, pulse_file, read_pulse

EVERY = {"often": timedelta(seconds=20), "seldom": timedelta(hours=1)}


@pytest.fixture
def pulse(tmp_path, clock):
    """Timers that have just taken the lead."""
    return Pulse(pulse_file(tmp_path), clock, EVERY)


def test_whoever_leads_is_seen_to_live(pulse, tmp_path, clock):
    """Until it has been silent for too long."""
    assert read_pulse(tmp_path).alive(clock.now())
    clock.advance(minutes=1)
    pulse.beat("often", 0.1, failed=False)
    clock.advance(seconds=SILENT_AFTER.total_seconds() - 1)
    assert read_pulse(tmp_path).alive(clock.now())
    clock.advance(seconds=1)
    assert not read_pulse(tmp_path).alive(clock.now())


def test_whoever_gave_the_lead_up_is_not_alive(pulse, tmp_path, clock):
    """Also a second later."""
    pulse.stop()
    assert not read_pulse(tmp_path).alive(clock.now())


def test_a_sweep_is_late_by_what_it_should_have_begun_before(pulse, tmp_path, clock):
    """Counted from the end of its last run; at first from the beginning of the lead."""
    clock.advance(seconds=30)
    pulse.beat("often", 0.5, failed=False)
    assert read_pulse(tmp_path).lags(clock.now()) == {"often": timedelta(), "seldom": timedelta(seconds=30)}
    clock.advance(seconds=50)
    assert read_pulse(tmp_path).lags(clock.now())["often"] == timedelta(seconds=30)


def test_failures_are_counted_sweep_by_sweep(pulse, tmp_path):
    """With the runs that went well."""
    for failed in (True, False, True):
        pulse.beat("often", 1.25, failed=failed)
    found = read_pulse(tmp_path).sweeps
    assert (found["often"].runs, found["often"].failures, found["often"].seconds) == (3, 2, 1.25)
    assert found["seldom"].runs == 0


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"leading_since": "now"}', "\xff"])
def test_a_file_that_says_nothing_is_as_good_as_none(tmp_path, content):
    """Written by another version, or cut off."""
    if content is not None:
        pulse_file(tmp_path).write_text(content, encoding="latin-1")
    assert read_pulse(tmp_path) is None


def test_the_timers_go_on_where_the_sign_can_not_be_written(tmp_path, clock, caplog):
    """On a full disk; said once, not every twenty seconds."""
    pulse = Pulse(tmp_path / "missing" / "worker.json", clock, EVERY)
    pulse.beat("often", 0.1, failed=False)
    pulse.beat("often", 0.1, failed=False)
    assert caplog.text.count("sign of life can't be written") == 1
