"""What the program consists of is not looked through for garbage while somebody waits for an answer."""

import gc
import weakref

import pytest

from planner.commands.garbage import settle


class Thing:
    """Something that points to itself, so that only the collector can throw it away."""

    def __init__(self):
        self.itself = self


@pytest.fixture
def settled():
    """A settled program; afterwards garbage is looked for as often as before."""
    before = gc.get_threshold()
    settle()
    yield
    gc.set_threshold(*before)


def test_a_full_collection_looks_only_at_what_came_after(settled):
    """Of the program's hundreds of thousands of objects nearly none is looked at."""
    assert gc.get_freeze_count() > 50_000
    assert len(gc.get_objects()) < gc.get_freeze_count() / 10


def test_what_came_after_is_thrown_away_as_before(settled):
    """Answers leave things behind that point to each other."""
    thing = Thing()
    gone = weakref.ref(thing)
    del thing
    gc.collect()
    assert gone() is None
