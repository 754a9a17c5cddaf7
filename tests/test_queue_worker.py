"""Jobs that wait in PostgreSQL: done by worker processes, taken over when one dies, by the same functions as here."""

import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import planner
from planner.clock import SystemClock
from planner.jobs import JOBS
from planner.queue_worker import do_jobs
from planner.services import job_rows, solve_jobs
from planner.services.plannings import WORKS
from planner.services.queued import planning_job, sweep_job
from planner.services.runtime import Runtime
from planner.services.shared_pulse import SharedPulse, timers_of
from planner.storage.database import Database
from planner.storage.ids import new_id
from planner.storage.jobs import SolveJobRow
from planner.storage.queue import Queue
from planner.sweeps import SWEEPS
from planner.worker import run_timers
from tests.databases import one_of
from tests.factories import FakeMailer
from tests.services.many_patients import finished, make_crowd
from tests.test_worker import wait_for

ROOT = Path(planner.__file__).parents[1]
# A worker whose plannings say which process thinks, and think until they are told to stop, or for a moment.
WORKER = """
import os, sys, threading, time
from functools import partial
from planner.clock import SystemClock
from planner.commands.stopping import stop_when_told
from planner.queue_worker import do_jobs
from planner.services import solve_jobs
from planner.services.runtime import Runtime
from planner.storage.database import Database
from planner.storage.queue import Queue
from tests.factories import FakeMailer

def think(runtime, actor, request, watch):
    print(os.getpid(), flush=True)
    watch.progress(9, 8, 0.1, 1)
    while not watch.stopped() and "quick" not in sys.argv:
        time.sleep(0.01)
    return {"by": os.getpid(), "for": actor.name, "staff": actor.staff_id, "role": actor.role}

def planning(runtime, args, stop):
    solve_jobs.take_up(runtime, args["clinic_id"], args["job_id"], {"test": think})

database = Database(sys.argv[1])
runtime = Runtime(database, SystemClock(), FakeMailer(), queue=Queue(database))
do_jobs(runtime, stop_when_told(), queues=["plannings"], jobs={"planning": planning})
"""


@pytest.fixture
def queued(postgresql_databases, tmp_path):
    """A program with a queue, and the clinic in its database."""
    with one_of(postgresql_databases, postgresql_databases.with_clinic(tmp_path)) as url:
        database = Database(url)
        yield Runtime(database, SystemClock(), FakeMailer(), queue=Queue(database))
        database.close()


@pytest.fixture
def people(postgresql_databases):
    """Who is in that clinic."""
    return postgresql_databases.clinic


@contextmanager
def worker(runtime, *words):
    """A worker process; it is ended at the end of the block."""
    url = runtime.database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", WORKER, url, *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def working(runtime, jobs=JOBS):
    """A worker in this process, while the block lasts."""
    stop = threading.Event()
    thread = threading.Thread(target=do_jobs, args=(runtime, stop), kwargs={"jobs": jobs})
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)
        assert not thread.is_alive()


def begun(runtime, people):
    """A planning that waits for a worker; its number."""
    job_id = new_id()
    solve_jobs.start(runtime, people.rosa.actor, "test", {}, nobody, job_id=job_id)
    return job_id


def nobody(*_):
    """A planning with a queue is not done where it was asked for."""
    raise AssertionError("this was done in the wrong process")


def seen(runtime, people, job_id):
    """The planning as its page shows it."""
    return solve_jobs.look(runtime, people.rosa.actor, job_id)


@pytest.mark.slow
def test_a_planning_is_done_by_a_worker_in_the_name_of_who_asked(queued, people):
    """The process that was asked only writes it down."""
    job_id = begun(queued, people)
    assert seen(queued, people, job_id).running
    with worker(queued, "quick") as process:
        job = finished(queued, people, job_id, seconds=60)
    assert job.status == "done", job.error
    rosa = people.rosa
    assert job.answer == {"by": process.pid, "for": "Rosa Lind", "staff": rosa.id, "role": "reception"}
    assert job.actor == "Rosa Lind"


@pytest.mark.slow
def test_a_planning_whose_worker_is_killed_is_finished_by_another(queued, people, tmp_path):
    """The leader notices that it gives no sign of life; nobody has to start it again."""
    stop = threading.Event()
    leader = threading.Thread(target=run_timers, args=(queued, tmp_path, stop, []))
    leader.start()
    job_id = begun(queued, people)
    try:
        with worker(queued) as first:
            assert first.stdout.readline() == f"{first.pid}\n"
            first.kill()
            first.wait()
            assert seen(queued, people, job_id).running
            with worker(queued, "quick") as second:
                job = finished(queued, people, job_id, seconds=60)
    finally:
        stop.set()
        leader.join(60)
    assert (job.status, job.answer["by"]) == ("done", second.pid)


@pytest.mark.slow
def test_a_worker_that_is_told_to_end_keeps_what_its_search_found(queued, people):
    """As a server does that plans by itself; its job is over and not given to another."""
    job_id = begun(queued, people)
    with worker(queued) as process:
        assert process.stdout.readline() == f"{process.pid}\n"
        process.terminate()
        assert process.wait(60) == 0
    assert seen(queued, people, job_id).answer["by"] == process.pid
    assert queued.queue.state().count("queued") == queued.queue.state().count("running") == 0


def test_a_planning_that_kills_its_workers_fails_after_some_tries(queued, people):
    """Each takes it up anew; whoever comes after the last says that it failed, and it can be started again."""
    job_id = begun(queued, people)
    runners = set()
    for _ in range(job_rows.MOST_TRIES):
        taken = job_rows.take_up(queued, people.id, job_id)
        assert taken is not None
        runners.add(taken[1].runner)
    assert len(runners) == job_rows.MOST_TRIES
    assert job_rows.take_up(queued, people.id, job_id) is None
    job = seen(queued, people, job_id)
    assert (job.status, job.error) == ("failed", job_rows.ABANDONED)
    solve_jobs.start_again(queued, people.rosa.actor, job_id, nobody)
    assert seen(queued, people, job_id).running
    assert job_rows.take_up(queued, people.id, job_id) is not None


def test_who_lost_a_planning_to_another_worker_can_not_write_it(queued, people):
    """A worker that was only cut off hears with its next sign of life that it is somebody else's."""
    job_id = begun(queued, people)
    actor, first = job_rows.take_up(queued, people.id, job_id)
    _, second = job_rows.take_up(queued, people.id, job_id)
    assert not job_rows.beat(queued, actor, first, None)
    job_rows.end(queued, actor, first, answer={"by": "the first"})
    assert seen(queued, people, job_id).running
    job_rows.end(queued, actor, second, answer={"by": "the second"})
    assert seen(queued, people, job_id).answer == {"by": "the second"}


def test_a_planning_waits_as_long_as_it_must_and_is_put_back_if_it_got_lost(queued, people, postgresql_databases):
    """However old its row: it is failed only where nobody will take it up."""
    job_id = begun(queued, people)
    later = replace(queued, clock=_Later())
    assert solve_jobs.mark_abandoned(later).done == 0
    assert seen(later, people, job_id).running
    postgresql_databases.server.ask("DELETE FROM procrastinate_jobs", queued.database.url.database)
    assert solve_jobs.mark_abandoned(later).done == 1
    assert seen(later, people, job_id).running
    with queued.database.reading(None) as session:
        assert queued.queue.has(session, planning_job(people.id, job_id).lock)
    # Without a queue nobody would: the settings may have been changed.
    assert solve_jobs.mark_abandoned(replace(later, queue=None, clock=_Later(hours=2))).done == 1
    assert seen(later, people, job_id).status == "failed"


class _Later:
    """A clock that is ahead."""

    def __init__(self, hours=1):
        self._ahead = timedelta(hours=hours)

    def now(self):
        """Some hours from now."""
        return SystemClock().now() + self._ahead


@pytest.mark.slow
def test_real_plannings_are_the_same_functions(queued, people):
    """A block of several patients, planned by a worker."""
    from planner.services.block_booking import BLOCK_JOB, book_block, plan_block

    crowd = make_crowd(queued, people, 3)
    job_id = new_id()
    day = SystemClock().now().date() + timedelta(days=1)
    with working(queued):
        plan_block(queued, people.rosa.actor, crowd.assessments, day, job_id=job_id, iterations=50)
        job = finished(queued, people, job_id)
    assert (job.status, job.kind) == ("done", BLOCK_JOB), job.error
    assert len(book_block(queued, people.rosa.actor, job_id).lines) == 3
    assert BLOCK_JOB in WORKS


def test_the_leader_puts_every_sweep_into_the_queue_and_a_worker_does_it(queued, people, tmp_path):
    """Each at once, and then when it is due; who asks from another machine sees that they run."""
    stop = threading.Event()
    leader = threading.Thread(target=run_timers, args=(queued, tmp_path, stop))
    with working(queued):
        leader.start()
        wait_for(lambda: _all_ran(timers_of(queued, tmp_path)), seconds=60)
        timers = timers_of(queued, tmp_path)
        stop.set()
        leader.join(60)
    assert timers.alive(SystemClock().now())
    assert timers.sweeps.keys() == {sweep.name for sweep in SWEEPS}
    assert not timers_of(queued, tmp_path).alive(SystemClock().now())
    assert queued.queue.state().count("failed") == 0


def _all_ran(timers):
    return timers is not None and timers.sweeps and all(each.runs for each in timers.sweeps.values())


def test_a_sweep_that_raises_counts_and_does_not_stop_the_worker(queued, tmp_path):
    """As in the process that runs them itself; the next job is done."""
    done = []

    def broken(runtime, args, stop):
        if args["name"] == "bad":
            raise ZeroDivisionError
        done.append(args["name"])

    with working(queued, {"sweep": broken}):
        queued.queue.defer_now(sweep_job("bad"), sweep_job("good"))
        wait_for(lambda: done == ["good"] and queued.queue.state().count("failed") == 1)


def test_signs_of_life_of_sweeps_that_no_longer_exist_are_forgotten(queued, tmp_path):
    """An update may drop or rename one; what is known of the others stays."""
    SharedPulse(queued, {"old": timedelta(minutes=1), "both": timedelta(minutes=1)})
    SharedPulse(queued, {"both": timedelta(minutes=1), "new": timedelta(minutes=1)}).stop()
    assert timers_of(queued, tmp_path).sweeps.keys() == {"both", "new"}


def test_a_program_without_a_queue_never_loads_procrastinate():
    """An SQLite clinic pays nothing for it."""
    words = "import sys, planner.cli, planner.commands.run, planner.worker; print('procrastinate' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"


def test_what_waits_tells_of_nobody(queued, people, postgresql_databases):
    """Numbers only: the queue's tables are outside of the clinics' wall."""
    job_id = new_id()
    request = {"note": "Ana Marin sleeps badly"}
    solve_jobs.start(queued, people.rosa.actor, "test", request, nobody, job_id=job_id)
    kept = postgresql_databases.server.ask("SELECT args::text FROM procrastinate_jobs", queued.database.url.database)
    assert "Ana" not in str(kept)
    with queued.reading(people.rosa.actor) as unit:
        row = unit.get(SolveJobRow, job_id)
        assert (row.runner, row.tries_left, row.request) == ("", job_rows.MOST_TRIES, request)
