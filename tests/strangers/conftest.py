"""The town, made once for all walks of a run."""

import pytest

from tests.strangers.town import build


@pytest.fixture(scope="session")
def town(databases, tmp_path_factory):
    """Two clinics in one database; every walk goes through a copy."""
    made = build(databases, tmp_path_factory.mktemp("town"))
    yield made
    databases.drop(made.url)
