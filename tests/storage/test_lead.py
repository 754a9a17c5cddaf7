"""Who leads on PostgreSQL: one connection at a time, and whoever loses it gives up the lead."""

import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

import planner
from planner.services.runtime import Runtime
from planner.services.sweeping import SweepReport
from planner.storage.database import Database
from planner.storage.lead import FileLead, lead_of
from planner.sweeps import Sweep
from planner.worker import run_timers
from tests.databases import one_of
from tests.factories import FakeClock, FakeMailer

ROOT = Path(planner.__file__).parents[1]
# A process that leads, says so, and waits.
LEADER = """
import sys, time
from pathlib import Path
from planner.storage.database import Database
from planner.storage.lead import lead_of
lead = lead_of(Database(sys.argv[1]), Path("nowhere"))
print(lead.try_to_lead(), flush=True)
time.sleep(60)
"""


@pytest.fixture
def address(postgresql_databases, tmp_path):
    """A database of the server's."""
    with one_of(postgresql_databases, postgresql_databases.empty(tmp_path)) as url:
        yield url


@pytest.fixture
def database(address):
    """That, opened."""
    opened = Database(address)
    yield opened
    opened.close()


def cut_off(server, name):
    """Let the server end the connection of whoever leads."""
    led_by = f"application_name = 'planner lead' AND datname = '{name}'"
    server.ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {led_by}")  # noqa: S608


def wait_for(condition, seconds=60.0):
    """Wait until something is so; gives how long it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, "it did not happen"
        time.sleep(0.005)
    return time.monotonic() - begun


def test_the_kind_of_the_database_decides(database, tmp_path):
    """A file has its own lock, beside which a server's would be of no use."""
    assert isinstance(lead_of(Database(f"sqlite:///{tmp_path}/x.sqlite"), tmp_path), FileLead)
    assert not isinstance(lead_of(database, tmp_path), FileLead)


def test_a_leader_that_is_killed_is_followed_at_once(database, address, tmp_path):
    """On however many machines the programs run: the server sees the connection end."""
    command = [sys.executable, "-c", LEADER, address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as other:
        assert other.stdout.readline() == b"True\n"
        mine = lead_of(database, tmp_path)
        assert not mine.try_to_lead()
        other.kill()
        other.wait()
        assert wait_for(mine.try_to_lead) < 10
    assert mine.holds()
    mine.give_up()


def test_a_leader_whose_connection_is_lost_has_lost_the_lead(database, postgresql_databases, tmp_path):
    """It notices by itself, and may ask again."""
    lead, other = lead_of(database, tmp_path), lead_of(database, tmp_path)
    assert lead.try_to_lead()
    assert lead.holds()
    assert not other.try_to_lead()
    cut_off(postgresql_databases.server, database.url.database)
    assert not lead.holds()
    assert wait_for(other.try_to_lead) < 10
    assert not lead.try_to_lead()
    other.give_up()
    assert lead.try_to_lead()
    lead.give_up()


def test_nobody_leads_while_the_server_does_not_answer(tmp_path):
    """That is no reason to end: it is asked again."""
    lead = lead_of(Database(f"postgresql+psycopg://planner@/none?host={tmp_path}"), tmp_path)
    assert not lead.try_to_lead()
    assert not lead.holds()
    lead.give_up()


def test_timers_whose_lead_is_lost_stop_and_begin_again(database, postgresql_databases, tmp_path, caplog):
    """In one process: it leads, is cut off, and leads again."""
    caplog.set_level("INFO")
    stop, ticks = threading.Event(), []
    sweep = Sweep("count", timedelta(milliseconds=30), lambda _: ticks.append(1) or SweepReport())
    runtime = Runtime(database, FakeClock(), FakeMailer())
    thread = threading.Thread(target=run_timers, args=(runtime, tmp_path, stop, [sweep]))
    thread.start()
    wait_for(lambda: ticks)
    cut_off(postgresql_databases.server, database.url.database)
    wait_for(lambda: caplog.text.count("leading: the timers run here") == 2)
    assert "the lead is lost" in caplog.text
    seen = len(ticks)
    wait_for(lambda: len(ticks) > seen)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
