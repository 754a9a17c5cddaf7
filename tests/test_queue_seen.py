"""What people and programs that look after it are told of the queue; and one command that does everything."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

import planner
from planner.cli import main
from planner.commands.checks import machine
from planner.commands.checks.finding import SetUp
from planner.config import Config
from planner.errors import InvalidInput
from planner.services.busy_calendars import refresh_all
from planner.services.queued import calendar_job, planning_job, sweep_job
from planner.services.running import exposition
from planner.services.shared_pulse import timers_of
from planner.services.system_view import system
from planner.services.tidy import tidy
from planner.storage.calendars import BusyCalendarRow
from planner.storage.ids import new_id
from planner.wiring import build
from tests.databases import one_of
from tests.test_queue_worker import working
from tests.test_server import free_port
from tests.test_worker import wait_for


@pytest.fixture
def config(postgresql_databases, tmp_path):
    """The settings of an instance on PostgreSQL, with the clinic."""
    with one_of(postgresql_databases, postgresql_databases.with_clinic(tmp_path)) as url:
        yield Config(instance=tmp_path, database_url=url, secret_key="s" * 32)


@pytest.fixture
def runtime(config):
    """The program as its commands put it together."""
    running = build(config)
    yield running
    running.database.close()


def metrics(runtime, tmp_path):
    """What Prometheus reads of queues and workers."""
    lines = exposition(runtime, tmp_path).decode().splitlines()
    return {line.rpartition(" ")[0]: line.rpartition(" ")[2] for line in lines if line.startswith("planner_")}


def test_jobs_that_nobody_does_are_told_everywhere(runtime, config, postgresql_databases, tmp_path):
    """`planner check`, the page "System", /metrics."""
    set_up = SetUp(config, runtime)
    assert [found.state for found in machine.workers(set_up)] == ["good"]
    runtime.queue.defer_now(sweep_job("tidy"), planning_job(1, 2))
    (found,) = machine.workers(set_up)
    assert (found.state, found.says) == (
        "bad", "2 wait, 0 run, 0 failed within a day, and no worker was alive for a minute",
    )  # fmt: skip
    view = system(runtime, postgresql_databases.clinic.mo.actor, tmp_path)
    assert view.deserted
    assert not view.all_well
    told = metrics(runtime, tmp_path)
    assert told['planner_queue_jobs{queue="plannings",state="queued"}'] == "1.0"
    assert told["planner_workers"] == "0.0"


def test_a_worker_that_is_there_is_told(runtime, config, tmp_path):
    """And a job that failed, as something to look at."""

    def broken(*_):
        raise ZeroDivisionError

    with working(runtime, {"sweep": broken}):
        runtime.queue.defer_now(sweep_job("tidy"))
        wait_for(lambda: runtime.queue.state().count("failed") == 1)
        assert [found.state for found in machine.workers(SetUp(config, runtime))] == ["could"]
        assert metrics(runtime, tmp_path)["planner_workers"] == "3.0"


def test_failed_jobs_are_tidied_away_with_all_else(runtime, config, postgresql_databases):
    """After a day."""
    runtime.queue.defer_now(sweep_job("tidy"))
    ask = postgresql_databases.server.ask
    name = runtime.database.url.database
    ask("SELECT procrastinate_finish_job_v1(min(id), 'failed', false) FROM procrastinate_jobs", name)
    ask("UPDATE procrastinate_events SET at = at - interval '25 hours'", name)
    assert tidy(runtime).done == 1
    assert ask("SELECT count(*) FROM procrastinate_jobs", name) == [(0,)]


def test_each_calendar_is_fetched_by_a_job_of_its_own(runtime, postgresql_databases):
    """So a slow one keeps nobody waiting; asked for again while it waits, it is fetched once."""
    clinic, now = postgresql_databases.clinic, runtime.clock.now()
    calendars = [new_id(), new_id()]
    with runtime.writing(clinic.system) as unit:
        for calendar_id in calendars:
            unit.session.add(
                BusyCalendarRow(
                    id=calendar_id, practitioner_id=clinic.ben.id, name="Ben's", all_day_busy=True, added_at=now,
                    read_at=now, due_at=now - timedelta(minutes=1), address="https://192.0.2.1/a-place-in-no-network",
                )
            )  # fmt: skip
    for _ in range(2):
        assert refresh_all(runtime).done == 2
    assert runtime.queue.state().jobs["calendars", "queued"] == 2
    runtime.queue.defer_now(calendar_job(clinic.id, new_id()))
    with working(runtime):
        wait_for(lambda: runtime.queue.state().count("queued") == runtime.queue.state().count("running") == 0)
    with runtime.reading(clinic.system) as unit:
        assert all(unit.get(BusyCalendarRow, calendar_id).failing_since for calendar_id in calendars)
    assert runtime.queue.state().count("failed") == 0


def test_the_settings_choose_between_the_queue_and_this_process(config, tmp_path):
    """A queue needs PostgreSQL; PostgreSQL needs no queue."""
    assert config.queued
    assert not replace(config, jobs="embedded").queued
    assert build(replace(config, jobs="embedded")).queue is None
    file = f"sqlite:///{tmp_path}/planner.sqlite"
    assert not replace(config, database_url=file).queued
    with pytest.raises(InvalidInput, match="only PostgreSQL"):
        replace(config, database_url=file, jobs="queue")
    with pytest.raises(InvalidInput, match="embedded or queue"):
        replace(config, jobs="kitchen")


def test_a_worker_refuses_queues_that_there_are_not():
    """It would wait for ever."""
    answer = CliRunner().invoke(main, ["worker", "--queues", "sweeps,letters"])
    assert answer.exit_code == 2
    assert "sweeps, plannings, calendars" in answer.output


@pytest.mark.slow
def test_one_server_on_postgresql_does_everything_by_itself(runtime, config, tmp_path):
    """No worker is started, and all the timed work is done; told to end it ends."""
    settings = {
        "PLANNER_INSTANCE": str(tmp_path),
        "PLANNER_DATABASE_URL": config.database_url,
        "PLANNER_PORT": str(free_port()),
    }
    command = [sys.executable, "-c", "from planner.cli import main; main()", "serve"]
    root = Path(planner.__file__).parents[1]
    with subprocess.Popen(command, cwd=root, env={**os.environ, **settings}, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: _all_ran(timers_of(runtime, tmp_path)), seconds=60)
            process.terminate()
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert runtime.queue.state().workers == 0


def _all_ran(timers):
    return timers is not None and timers.sweeps and all(each.runs for each in timers.sweeps.values())
