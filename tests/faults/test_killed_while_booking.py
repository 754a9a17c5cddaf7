"""Fault 1: kill −9 in the middle of booking. What was begun is not there, what was done is there whole."""

import random
import time

import pytest

from tests.faults.checks import assert_whole, courses, not_owed
from tests.faults.processes import CONTEXT, book_in_two_steps, folder_copy, work_until_killed
from tests.faults.scenes import Hands, make_busy_clinic

pytestmark = [pytest.mark.faults, pytest.mark.slow]

KILLS, AT_ONCE, KILLS_OF_THE_CONTROL = 100, 3, 20


class Worker:
    """A process at work, which is killed in the middle of what it does after its first deed."""

    def __init__(self, work, *arguments):
        self.done = CONTEXT.RawValue("i", 0)
        self.process = CONTEXT.Process(target=work, args=(self.done, *arguments))
        self.process.start()

    def kill(self, after_seconds):
        """kill −9."""
        deadline = time.monotonic() + 60
        while not self.done.value and time.monotonic() < deadline:
            time.sleep(0.002)
        assert self.done.value, "it never began"
        time.sleep(after_seconds)
        self.process.kill()
        self.process.join(20)
        assert self.process.exitcode == -9


def test_fault_01_a_hundred_kills_while_booking_leave_no_half_booking(tmp_path, record_fault):
    """Three work at a time; after each kill the file is whole, and another goes on at once.

    The control writes a booking and its message in two transactions: killed between them, it leaves one untold.
    """
    clinic = make_busy_clinic(tmp_path / "planner.sqlite", patients=16, therapists=3)
    Hands(clinic, clinic.runtime(), random.Random(0)).book()
    careless = folder_copy(clinic.file, "careless.sqlite")
    chance, deeds = random.Random(1), 0
    workers = [Worker(work_until_killed, clinic, number) for number in range(AT_ONCE)]
    for number in range(KILLS):
        workers[0].kill(chance.uniform(0, 0.1))
        deeds += workers.pop(0).done.value
        assert_whole(clinic.file)
        if number < KILLS - AT_ONCE:
            workers.append(Worker(work_until_killed, clinic, AT_ONCE + number))
    assert deeds >= KILLS
    assert courses(clinic.file) > KILLS / 10
    _goes_on(clinic)
    assert _untold_of(careless, chance) > 0, "the control lost nothing; then this test proves nothing"
    record_fault("kill −9 while booking; booking ⇔ message, nobody twice, file sound", times=KILLS)


def _goes_on(clinic):
    """The next one neither waits for a dead one's turn nor finds the guard gone."""
    runtime = clinic.runtime(wait_seconds=5)
    runtime.database.check_guard()
    hands = Hands(clinic, runtime, random.Random(99))
    while not hands.done:
        hands.do_something()
    assert_whole(clinic.file)


def _untold_of(file, chance):
    for _ in range(KILLS_OF_THE_CONTROL):
        Worker(book_in_two_steps, file).kill(chance.uniform(0, 0.02))
    return not_owed(file)
