"""The queue of jobs: deferred with what they are about, once where once is enough, given on when a worker dies."""

from importlib.resources import files
from pathlib import Path

import pytest

from planner.storage import schema
from planner.storage.database import Database
from planner.storage.queue import Queue, QueuedJob
from tests.databases import one_of

SWEEP = QueuedJob("sweep", "sweeps", {"name": "tidy"}, lock="sweep-tidy", once="sweep-tidy")
PLAN = QueuedJob("planning", "plannings", {"clinic_id": 1, "job_id": 2}, lock="planning-1-2")


@pytest.fixture
def queue(postgresql_databases, tmp_path):
    """An empty one."""
    with one_of(postgresql_databases, postgresql_databases.empty(tmp_path)) as url:
        database = Database(url)
        yield Queue(database)
        database.close()


@pytest.fixture
def ask(queue, postgresql_databases):
    """Asks the database past the program."""
    return lambda statement: postgresql_databases.server.ask(statement, queue.database.url.database)


def jobs(ask):
    """(name, state, arguments) of all of them."""
    return ask("SELECT task_name, status::text, args FROM procrastinate_jobs ORDER BY id")


def begin(ask, heartbeat="now()"):
    """A worker with this last sign of life takes a job."""
    ask(f"INSERT INTO procrastinate_workers (last_heartbeat) VALUES ({heartbeat})")  # noqa: S608
    ask("SELECT procrastinate_fetch_job_v2(NULL, max(id)) FROM procrastinate_workers")


def test_the_tables_are_those_of_the_procrastinate_that_is_installed():
    """A newer one that has others needs a step of ours first."""
    step = Path(schema.__file__).parent / "migrations/versions/0011_procrastinate_3_10_0.sql"
    assert step.read_text() == files("procrastinate").joinpath("sql/schema.sql").read_text()


def test_its_tables_are_no_difference_and_no_gap_in_the_wall(queue):
    """They carry no clinic's rows."""
    assert schema.differences(queue.database) == []
    assert queue.database.faults() == []


def test_a_job_is_there_if_and_only_if_its_transaction_is_kept(queue, ask):
    """So nothing is done that was never asked for, and nothing asked for is forgotten."""
    with pytest.raises(ZeroDivisionError), queue.database.writing(None) as session:
        queue.defer(session, PLAN)
        raise ZeroDivisionError
    assert jobs(ask) == []
    with queue.database.writing(None) as session:
        queue.defer(session, PLAN)
        assert queue.has(session, PLAN.lock)
    assert jobs(ask) == [("planning", "todo", {"clinic_id": 1, "job_id": 2})]


def test_of_a_sweep_one_waits_and_one_runs(queue, ask):
    """Ticks that pile up are one run."""
    queue.defer_now(SWEEP, SWEEP)
    begin(ask)
    queue.defer_now(SWEEP)
    queue.defer_now(SWEEP)
    begin(ask)
    assert [state for _, state, _ in jobs(ask)] == ["doing", "todo"]


def test_the_jobs_of_a_dead_worker_wait_for_another(queue, ask):
    """Those of one that lives are left alone."""
    queue.defer_now(PLAN)
    begin(ask)
    assert queue.revive() == 0
    ask("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '16 seconds'")
    assert queue.revive() == 1
    assert [state for _, state, _ in jobs(ask)] == ["todo"]
    begin(ask)
    ask("DELETE FROM procrastinate_workers")
    assert queue.revive() == 1
    assert ask("SELECT attempts FROM procrastinate_jobs") == [(2,)]


def test_a_sweep_whose_next_run_waits_already_is_not_run_twice(queue, ask):
    """What the dead one left is due still, and the next run does it."""
    queue.defer_now(SWEEP)
    begin(ask, "now() - interval '1 minute'")
    queue.defer_now(SWEEP)
    assert queue.revive() == 1
    assert [state for _, state, _ in jobs(ask)] == ["failed", "todo"]


def test_a_job_that_kills_its_workers_is_given_up(queue, ask):
    """Else it would go on for ever."""
    queue.defer_now(PLAN)
    ask("UPDATE procrastinate_jobs SET attempts = 10")
    begin(ask, "now() - interval '1 minute'")
    assert queue.revive() == 1
    assert [state for _, state, _ in jobs(ask)] == ["failed"]


def test_what_ended_a_day_ago_is_deleted(queue, ask):
    """With its events; what waits stays, however long."""
    queue.defer_now(PLAN, SWEEP)
    begin(ask)
    ask("SELECT procrastinate_finish_job_v1(min(id), 'failed', false) FROM procrastinate_jobs")
    assert queue.tidy() == 0
    ask("UPDATE procrastinate_events SET at = at - interval '25 hours'")
    assert queue.tidy() == 1
    assert [name for name, _, _ in jobs(ask)] == ["sweep"]


def test_the_state_tells_of_jobs_and_of_whether_anybody_is_there(queue, ask):
    """Jobs that wait for nobody are an operator's business."""
    assert not queue.state().deserted
    queue.defer_now(PLAN, SWEEP)
    state = queue.state()
    assert (state.jobs["plannings", "queued"], state.count("queued"), state.workers) == (1, 2, 0)
    assert state.deserted
    assert state.oldest is not None
    begin(ask)
    state = queue.state()
    assert (state.jobs["plannings", "running"], state.workers, state.deserted) == (1, 1, False)


def test_a_queue_that_nobody_looks_at_is_refused():
    """A slip in a name would wait for ever."""
    with pytest.raises(ValueError, match="no queue"):
        QueuedJob("sweep", "sweep", {}, lock="x")
