"""kill −9 in the middle of booking: what was begun is not there, what was done is there whole."""

import random
import time

import pytest

from tests.faults.checks import assert_whole, courses
from tests.faults.processes import CONTEXT, work_until_killed
from tests.faults.scenes import Hands, make_busy_clinic

pytestmark = [pytest.mark.faults, pytest.mark.slow]

KILLS = 20


def test_twenty_kills_leave_no_half_booking(tmp_path):
    """Each worker is killed at some moment; after each kill the file is whole, and the next worker goes on at once."""
    clinic = make_busy_clinic(tmp_path / "planner.sqlite", patients=12)
    chance = random.Random(1)
    for number in range(KILLS):
        worker = CONTEXT.Process(target=work_until_killed, args=(clinic, number))
        worker.start()
        time.sleep(chance.uniform(0.3, 1.0))
        worker.kill()
        worker.join()
        assert worker.exitcode == -9
        assert_whole(clinic.file)
    assert courses(clinic.file) > KILLS / 2
    runtime = clinic.runtime(wait_seconds=0.5)
    runtime.database.check_guard()
    Hands(clinic, runtime, random.Random(99)).book()
    assert_whole(clinic.file)
