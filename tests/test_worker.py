"""The timers: what a tick does, who leads, and how they end."""

import subprocess
import sys
import threading
import time
from datetime import timedelta
from itertools import pairwise

import pytest
from structlog.contextvars import get_contextvars

from planner.errors import DatabaseBusy, NotFound, StorageFailed
from planner.jobs import tick
from planner.services.pulse import read_pulse
from planner.services.sweeping import SweepReport, each
from planner.storage.lead import FileLead, lead_of
from planner.sweeps import SWEEPS, Sweep, sweep_named
from planner.worker import run_timers

SOON = timedelta(milliseconds=30)


def wait_for(condition, seconds=60.0):
    """Wait until something is so.

    Raises:
        AssertionError: it did not become so.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


@pytest.fixture
def started(runtime, tmp_path):
    """Starts timers with these sweeps in a thread; gives the event that ends them, and the thread."""
    running = []

    def start(*sweeps):
        stop = threading.Event()
        thread = threading.Thread(target=run_timers, args=(runtime, tmp_path, stop, sweeps))
        thread.start()
        running.append((stop, thread))
        return stop, thread

    yield start
    for stop, thread in running:
        stop.set()
        thread.join(60)


def test_a_sweep_runs_again_and_again_until_the_timers_end(started, runtime):
    """At once at the start, then at every tick; none after the end."""
    ticks = []
    sweep = Sweep("count", SOON, lambda running: ticks.append(running) or SweepReport(done=1))
    stop, thread = started(sweep)
    wait_for(lambda: len(ticks) >= 3)
    stop.set()
    thread.join(60)
    seen = len(ticks)
    time.sleep(0.1)
    assert len(ticks) == seen
    assert ticks[0] is runtime


def test_a_sweep_that_fails_is_logged_and_runs_again(started, caplog):
    """One bad night must not stop the timers; nor must it stop the other sweeps."""
    tries, others = [], []

    def fail(_):
        tries.append(1)
        raise DatabaseBusy("The database is busy.")

    failing = Sweep("failing", SOON, fail)
    healthy = Sweep("healthy", SOON, lambda _: others.append(1) or SweepReport())
    stop, thread = started(failing, healthy)
    wait_for(lambda: len(tries) >= 2 and len(others) >= 2)
    stop.set()
    thread.join(60)
    assert "sweep failing failed" in caplog.text


def test_a_sweep_that_is_running_is_finished_before_the_timers_end(started):
    """A message is not cut off in the middle."""
    begun, finished = threading.Event(), threading.Event()

    def slowly(_):
        begun.set()
        time.sleep(0.2)
        finished.set()
        return SweepReport(done=1)

    stop, thread = started(Sweep("slow", timedelta(hours=1), slowly))
    assert begun.wait(60)
    stop.set()
    thread.join(60)
    assert finished.is_set()


def test_a_sweep_begins_no_further_item_when_the_timers_end(started, runtime):
    """What is left is still due, and the next program does it."""
    begun, go_on, done = threading.Event(), threading.Event(), []

    def work(item):
        begun.set()
        assert go_on.wait(60)
        done.append(item)

    def run(running):
        return each(running, "s", range(1000), key=int, work=work)

    stop, thread = started(Sweep("s", timedelta(hours=1), run))
    assert begun.wait(60)
    stop.set()
    go_on.set()
    thread.join(60)
    assert done == [0]
    go_on.set()
    assert each(runtime, "s", range(3), key=int, work=work) == SweepReport(done=3)


def test_a_sweep_that_does_not_end_is_not_waited_for_for_ever(runtime, tmp_path):
    """The timers say that it still runs, and give up the lead."""
    begun, go_on, stop = threading.Event(), threading.Event(), threading.Event()

    def stuck(_):
        begun.set()
        go_on.wait(90)
        return SweepReport()

    threading.Thread(target=lambda: begun.wait(60) and stop.set()).start()
    sweeps = [Sweep("stuck", timedelta(hours=1), stuck)]
    assert not run_timers(runtime, tmp_path, stop, sweeps, finish_seconds=0.2)
    leader = lead_of(runtime.database, tmp_path)
    assert leader.try_to_lead()
    leader.give_up()
    go_on.set()


def test_a_slow_sweep_never_overtakes_itself(started):
    """max_instances=1, and what piled up meanwhile is one tick, not many."""
    inside, most, runs = [0], [0], [0]

    def slowly(_):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.15)
        inside[0] -= 1
        runs[0] += 1
        return SweepReport()

    stop, thread = started(Sweep("slow", timedelta(milliseconds=20), slowly))
    wait_for(lambda: runs[0] >= 2)
    stop.set()
    thread.join(60)
    assert most[0] == 1


def test_of_two_workers_one_leads_and_the_other_takes_over(started):
    """Nothing is swept twice, and the lead passes."""
    first, second = [], []
    stop_first, thread_first = started(Sweep("s", SOON, lambda _: first.append(1) or SweepReport()))
    wait_for(lambda: first)
    started(Sweep("s", SOON, lambda _: second.append(1) or SweepReport()))
    wait_for(lambda: len(first) >= 4)
    assert second == []
    stop_first.set()
    thread_first.join(60)
    wait_for(lambda: second)


def test_a_worker_that_waits_can_be_ended(started, runtime, tmp_path):
    """Without ever having led."""
    leader = lead_of(runtime.database, tmp_path)
    assert leader.try_to_lead()
    ran = []
    stop, thread = started(Sweep("s", SOON, lambda _: ran.append(1) or SweepReport()))
    time.sleep(0.05)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
    assert ran == []
    leader.give_up()


def test_the_lead_ends_with_its_process(tmp_path):
    """Also when it is killed: no file has to be cleaned up by hand."""
    lock_file = tmp_path / "worker.lock"
    words = (
        "import sys, time, pathlib\nfrom planner.storage.lead import FileLead\n"
        "leader = FileLead(pathlib.Path(sys.argv[1]))\nprint(leader.try_to_lead(), flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", words, str(lock_file)], stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"True\n"
        mine = FileLead(lock_file)
        assert not mine.try_to_lead()
        other.kill()
        other.wait()
        wait_for(mine.try_to_lead)
    mine.give_up()


def test_leading_twice_is_leading_once(runtime, tmp_path):
    """Asking again does not lose the lead."""
    leader = lead_of(runtime.database, tmp_path)
    assert leader.try_to_lead()
    assert leader.try_to_lead()
    another = lead_of(runtime.database, tmp_path)
    assert not another.try_to_lead()
    another.give_up()
    leader.give_up()
    leader.give_up()


def test_a_lock_that_can_not_be_made_is_said(tmp_path):
    """The folder is missing."""
    with pytest.raises(StorageFailed, match="lock"):
        FileLead(tmp_path / "missing" / "worker.lock").try_to_lead()


def test_a_tick_that_found_nothing_says_nothing(runtime, caplog):
    """Else the log would be full of it."""
    caplog.set_level("INFO")
    tick(runtime, Sweep("s", SOON, lambda _: SweepReport(delayed=1)))
    assert caplog.text == ""
    tick(runtime, Sweep("s", SOON, lambda _: SweepReport(done=2)))
    assert "sweep s: 2 done, 0 failed" in caplog.text


def test_whoever_leads_leaves_a_sign_of_life_with_what_failed(started, runtime, tmp_path, clock):
    """For the other processes; the last word is that the lead is given up."""

    def fail(_):
        raise DatabaseBusy("The database is busy.")

    stop, thread = started(Sweep("failing", SOON, fail), Sweep("partly", SOON, lambda _: SweepReport(failed=1)))

    def failures():
        found = read_pulse(tmp_path)
        return [sweep.failures for sweep in found.sweeps.values()] if found else []

    wait_for(lambda: len(failures()) == 2 and all(failures()))
    assert read_pulse(tmp_path).alive(clock.now())
    stop.set()
    thread.join(60)
    assert not read_pulse(tmp_path).alive(clock.now())


def test_what_a_sweep_logs_has_its_name(runtime):
    """Whichever module says it."""
    heard = []
    tick(runtime, Sweep("s", SOON, lambda _: heard.append(get_contextvars()) or SweepReport()))
    assert heard == [{"sweep": "s"}]
    assert get_contextvars() == {}


def test_every_sweep_of_the_table_runs_on_an_empty_and_on_a_quiet_clinic(runtime, clinic):
    """With nothing due, nothing is done, twice."""
    assert len({sweep.name for sweep in SWEEPS}) == len(SWEEPS)
    for sweep in SWEEPS:
        assert sweep_named(sweep.name) is sweep
        assert sweep.run(runtime) == SweepReport()
        assert sweep.run(runtime) == SweepReport()


def test_an_unknown_sweep_is_refused_with_the_list_of_those_there_are():
    """Nobody remembers names."""
    with pytest.raises(NotFound, match="tidy"):
        sweep_named("nonsense")


def test_a_sweep_that_would_tick_without_end_is_refused():
    """A zero interval is a slip."""
    with pytest.raises(ValueError, match="every"):
        Sweep("s", timedelta(), lambda _: SweepReport())


def test_one_failing_item_is_put_off_and_the_others_are_done(runtime, clock, caplog):
    """It is tried again after a minute, then after two, and so on."""
    done, tried = [], []

    def work(item):
        if item == "bad":
            tried.append(clock.now())
            raise DatabaseBusy("The database is busy.")
        done.append(item)

    def run():
        return each(runtime, "s", ["a", "bad", "b"], key=str, work=work)

    assert run() == SweepReport(done=2, failed=1)
    assert "item bad failed" in caplog.text
    assert run() == SweepReport(done=2, delayed=1)
    for _ in range(8 * 60):
        clock.advance(minutes=1)
        run()
    waits = [(later - earlier).total_seconds() / 60 for earlier, later in pairwise(tried)]
    assert waits[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert set(waits[6:]) == {60}
    assert done[:2] == ["a", "b"]


def test_an_item_that_works_again_is_forgotten(runtime, clock):
    """Its next failure waits a minute, not an hour."""
    broken = [True]

    def work(_):
        if broken[0]:
            raise ValueError("a bug")

    def run():
        return each(runtime, "s", ["x"], key=str, work=work)

    for minutes in (1, 2, 4):
        assert run().failed == 1
        clock.advance(minutes=minutes)
    broken[0] = False
    assert run().done == 1
    broken[0] = True
    assert run().failed == 1
    clock.advance(minutes=1)
    assert run().failed == 1
