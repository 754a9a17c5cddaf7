"""Fault 1: kill −9 in the middle of booking. What was begun is not there, what was done is there whole."""

import random
import time

import pytest

from tests.faults.checks import assert_whole, courses, not_owed
from tests.faults.processes import CONTEXT, book_in_two_steps, folder_copy, work_until_killed
from tests.faults.scenes import Hands, make_busy_clinic

pytestmark = [pytest.mark.faults, pytest.mark.slow]

KILLS, AT_ONCE, KILLS_OF_THE_CONTROL = 100, 3, 20


def test_fault_01_a_hundred_kills_while_booking_leave_no_half_booking(tmp_path, record_fault):
    """Three work at a time; after each kill the file is whole, and another goes on at once.

    The control writes a booking and its message in two transactions: killed between them, it leaves one untold.
    """
    clinic = make_busy_clinic(tmp_path / "planner.sqlite", patients=16, therapists=3)
    Hands(clinic, clinic.runtime(), random.Random(0)).book()
    careless = folder_copy(clinic.file, "careless.sqlite")
    chance = random.Random(1)
    workers = [_started(work_until_killed, clinic, number) for number in range(AT_ONCE)]
    for number in range(KILLS):
        time.sleep(chance.uniform(0.05, 0.25))
        _kill(workers.pop(0))
        assert_whole(clinic.file)
        workers.append(_started(work_until_killed, clinic, AT_ONCE + number))
    for worker in workers:
        _kill(worker)
    assert_whole(clinic.file)
    assert courses(clinic.file) > KILLS / 5, "hardly anything was booked, so hardly any booking can have been cut off"
    _goes_on(clinic)
    assert _untold_of(careless, chance) > 0, "the control lost nothing; then this test proves nothing"
    record_fault("kill −9 while booking; booking ⇔ message, nobody twice, file sound", times=KILLS)


def _goes_on(clinic):
    """The next one neither waits for a dead one's turn nor finds the guard gone."""
    runtime = clinic.runtime(wait_seconds=0.5)
    runtime.database.check_guard()
    done = Hands(clinic, runtime, random.Random(99))
    while not done.done:
        done.do_something()
    assert_whole(clinic.file)


def _untold_of(file, chance):
    for _ in range(KILLS_OF_THE_CONTROL):
        worker = _started(book_in_two_steps, file)
        time.sleep(chance.uniform(0.1, 0.2))
        _kill(worker)
    return not_owed(file)


def _started(work, *arguments):
    worker = CONTEXT.Process(target=work, args=arguments)
    worker.start()
    return worker


def _kill(worker):
    worker.kill()
    worker.join(20)
    assert worker.exitcode == -9
