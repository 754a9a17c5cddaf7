"""A program that is told to end: requests, searches and sweeps are finished, in bounded time; told twice, at once."""

import http.client
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

import planner
from planner.services import solve_jobs
from planner.storage.ids import new_id
from tests.commands.test_run import free_port

pytestmark = pytest.mark.slow

# `planner serve`, but that its pages take as long as they are asked to, and a search runs until it is told to end.
SERVE = """
import sys, time
from planner import wiring
from planner.commands.run import keep_serving
from planner.commands.server import Server
from planner.commands.setup import load_config
from planner.commands.stopping import stop_when_told
from planner.services import solve_jobs
from planner.services.runtime import Actor

def slow(environ, start_response):
    print("asked", flush=True)
    time.sleep(float(environ["QUERY_STRING"]))
    start_response("200 OK", [("Content-Length", "4")])
    return [b"done"]

def search(runtime, actor, request, watch):
    print("searching", flush=True)
    while not watch.stopped():
        time.sleep(0.01)
    return {"best": 120}

config = load_config()
runtime = wiring.build(config)
clinic, job = map(int, sys.argv[1:])
solve_jobs.start(runtime, Actor.system(clinic), "test", {}, search, job_id=job)
keep_serving(runtime, config, Server(slow, config), stop_when_told())
"""
# `planner worker` with one sweep, which never ends.
WORK = """
import threading
from datetime import timedelta
from planner import wiring, worker
from planner.commands.setup import load_config
from planner.commands.stopping import leave_behind, stop_when_told
from planner.sweeps import Sweep

def stuck(_):
    print("sweeping", flush=True)
    threading.Event().wait()

config = load_config()
stop = stop_when_told()
sweeps = [Sweep("stuck", timedelta(hours=1), stuck)]
if not worker.run_timers(wiring.build(config), config.instance, stop, sweeps, finish_seconds=0.5):
    leave_behind("a sweep")
"""


IN_THE_MIDDLE = """
import os, signal, time
from planner.commands.stopping import stop_when_told

stop = stop_when_told()
with stop._cond:  # where `wait` is for a moment, each time that it wakes
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.2)
print(stop.wait(60), flush=True)
if os.environ["PLANNER_PORT"] == "2":
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
"""


@contextmanager
def program(words, instance, port, *arguments):
    """A process of its own on this instance; it is ended at the end of the block."""
    environ = {
        **os.environ,
        "PLANNER_INSTANCE": str(instance),
        "PLANNER_PORT": str(port),
        "PYTHONPATH": str(Path(planner.__file__).parents[1]),
    }
    command = [sys.executable, "-c", words, *map(str, arguments)]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ask(port, seconds):
    """Ask for a page that takes so long; gives the way to its answer."""
    deadline = time.monotonic() + 60
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", f"/?{seconds}")
            return connection
        except ConnectionRefusedError:
            connection.close()
            assert time.monotonic() < deadline, "it does not listen"
            time.sleep(0.05)


@pytest.fixture
def serving(runtime, clinic, config):
    """(process, port, job): it serves and searches."""
    port, job_id = free_port(), new_id()
    with program(SERVE, config.instance, port, clinic.id, job_id) as process:
        assert process.stdout.readline() == "searching\n"
        yield process, port, job_id


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_and_a_search_are_finished_before_the_end(serving, runtime, clinic, number):
    """The page arrives whole, and what was found stands in the job."""
    process, port, job_id = serving
    connection = ask(port, 1.5)
    assert process.stdout.readline() == "asked\n"
    process.send_signal(number)
    assert connection.getresponse().read() == b"done"
    connection.close()
    assert process.wait(60) == 0
    job = solve_jobs.look(runtime, clinic.rosa.actor, job_id)
    assert (job.status, job.answer) == ("done", {"best": 120})


def test_told_twice_it_ends_at_once(serving):
    """For whoever can't wait."""
    process, port, _ = serving
    connection = ask(port, 90)
    assert process.stdout.readline() == "asked\n"
    process.send_signal(signal.SIGTERM)
    # Were the second one sent at once, the system might make one of the two.
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 128 + signal.SIGTERM, "0 is said by who waited for the page"
    connection.close()


@pytest.mark.parametrize(("times", "code"), [(1, 0), (2, 128 + signal.SIGTERM)])
def test_a_signal_is_heard_whatever_the_program_does_at_that_moment(config, times, code):
    """Also while it holds the lock of the very event that the signal sets: nothing may hang by that."""
    with program(IN_THE_MIDDLE, config.instance, times) as process:
        assert process.wait(60) == code
        assert process.stdout.read() == "True\n"


def test_a_sweep_that_never_ends_is_left_behind(runtime, config):
    """Its thread would keep the process; the process does not let it."""
    with program(WORK, config.instance, free_port()) as process:
        assert process.stdout.readline() == "sweeping\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_the_end_is_bounded_though_a_page_never_comes(serving):
    """Ten seconds for the pages, and a moment more."""
    process, port, _ = serving
    connection = ask(port, 90)
    assert process.stdout.readline() == "asked\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    connection.close()
