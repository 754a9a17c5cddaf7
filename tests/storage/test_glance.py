"""A look at one row of a file that never waits: what it sees, and what it does where there is nothing to see."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, select, update

from planner.storage.database import Database
from planner.storage.glance import Glance
from planner.storage.outward import FeedRow
from planner.storage.people import ClinicRow

pytestmark = pytest.mark.sqlite

CREATED = datetime(2026, 3, 2, 8, 0, 0, 250_000, tzinfo=UTC)
BY_HASH = Glance(
    select(FeedRow.revision, FeedRow.created_at, FeedRow.fetched_at, FeedRow.whole_clinic).where(
        FeedRow.token_hash == bindparam("token_hash")
    )
)


@pytest.fixture
def feed(database):
    """The id of a clinic with one calendar."""
    with database.writing(None) as session:
        session.add(clinic := ClinicRow(name="Northside", timezone="Europe/London", country="GB"))
        session.flush()
        session.add(FeedRow(clinic_id=clinic.id, token_hash="h", whole_clinic=True, created_at=CREATED))
    return clinic.id


def test_values_come_as_the_columns_types_have_them(database, feed):
    """Instants are aware, truths are truths, nothing is None."""
    assert database.glance(BY_HASH, token_hash="h") == (0, CREATED, None, True)
    assert database.glance(BY_HASH, token_hash="another") is None


def test_a_glance_sees_what_was_committed_a_moment_ago(database, feed):
    """The connection is kept, an old view of the rows is not; nor does it hold up those who write."""
    for revision in range(3):
        with database.writing(feed) as session:
            session.execute(update(FeedRow).values(revision=revision))
            assert database.glance(BY_HASH, token_hash="h")[0] == max(0, revision - 1)
        assert database.glance(BY_HASH, token_hash="h")[0] == revision
    with closing(sqlite3.connect(str(database.url.database))) as other:
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


def test_a_glance_at_a_file_that_is_held_back_gives_nothing_at_once(tmp_path, database, feed):
    """It is asked on the thread that all answers go through, which must not wait."""
    file = tmp_path / "planner.sqlite"
    database.close()
    patient = Database(f"sqlite:///{file}", wait_seconds=60)
    with closing(sqlite3.connect(file, isolation_level=None)) as rude:
        rude.execute("PRAGMA locking_mode=EXCLUSIVE")
        rude.execute("UPDATE feed SET revision = 5")
        begun = time.monotonic()
        assert patient.glance(BY_HASH, token_hash="h") is None
        assert time.monotonic() - begun < 30
    assert patient.glance(BY_HASH, token_hash="h")[0] == 5
    patient.close()


def test_a_glance_makes_no_database(tmp_path):
    """Where there is none, there is none afterwards."""
    database = Database(f"sqlite:///{tmp_path}/none.sqlite")
    assert database.glance(BY_HASH, token_hash="h") is None
    assert list(tmp_path.iterdir()) == []
    database.close()


def test_many_threads_may_glance_at_one_time(database, feed):
    """Each with a connection to itself."""
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: database.glance(BY_HASH, token_hash="h"), range(400)))
    assert set(found) == {(0, CREATED, None, True)}


def test_after_closing_a_glance_opens_the_file_anew(database, feed):
    """As sessions do."""
    assert database.glance(BY_HASH, token_hash="h")
    database.close()
    assert database.glance(BY_HASH, token_hash="h")
