"""Servers and workers on PostgreSQL are killed at random while people book; `make bench-killed` does so for longer."""

import pytest

from benchmarks import killed

pytestmark = [pytest.mark.faults, pytest.mark.slow]

SECONDS = 25.0


def test_killed_at_random_nothing_is_lost_and_nothing_is_double(capsys):
    """Two servers, two workers, three people: what was answered is there once, every letter came as often as it may."""
    result = killed.run(SECONDS, seed=2, patients=30, booked=10, clients=3)
    with capsys.disabled():
        print("\n" + killed.words(result, seed=2))
    result.check()
    assert result.kills.total() > 0
    assert result.done.total() > 0, "nobody got anything done; then this proves nothing"
