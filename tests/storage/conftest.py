"""A database of its own for tests that break it."""

from pathlib import Path

import pytest

from planner.storage.database import Database
from tests.databases import Databases, one_of


@pytest.fixture
def database(databases: Databases, tmp_path: Path):
    """A fresh database with all tables, which waits only shortly."""
    with one_of(databases, databases.empty(tmp_path)) as url:
        made = Database(url, wait_seconds=0.3)
        yield made
        made.close()


@pytest.fixture
def bare(databases: Databases, tmp_path: Path):
    """A database without tables."""
    with one_of(databases, databases.bare(tmp_path)) as url:
        made = Database(url, wait_seconds=0.3)
        yield made
        made.close()
