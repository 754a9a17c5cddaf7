"""A database of its own for tests that break it."""

from pathlib import Path

import pytest

from planner.storage import schema
from planner.storage.database import Database


@pytest.fixture
def database(tmp_path: Path):
    """A fresh database with all tables, which waits only shortly."""
    made = Database(f"sqlite:///{tmp_path}/own.sqlite", wait_seconds=0.3)
    schema.upgrade(made)
    yield made
    made.close()
