"""Expands a stranger's calendar in a process of its own, which is killed when it takes too long or too much.

Run as a module it is that process: question and calendar on standard input, JSON on standard output.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import time
from datetime import datetime
from typing import Any, Final

from planner.calendars.busy import BusyInterval, BusyQuestion, busy_intervals, check_shape
from planner.errors import InvalidInput

CPU_SECONDS: Final = 2
"""Of computing, beyond what it takes to start: a busy machine makes nobody's calendar look hostile."""

WALL_SECONDS: Final = 20
MEMORY_BYTES: Final = 768 * 1024 * 1024
_TOO_LONG: Final = "This calendar takes too long to read: one of its events repeats too often."


def expand(data: bytes, question: BusyQuestion) -> tuple[BusyInterval, ...]:
    """`busy.busy_intervals`, in bounded time and memory whatever the calendar says.

    Raises:
        InvalidInput: it can't be understood, or had to be stopped.
    """
    check_shape(data)
    asked = json.dumps(
        {
            "start": question.start.isoformat(), "end": question.end.isoformat(),
            "timezone": question.timezone, "all_day_busy": question.all_day_busy,
        }
    )  # fmt: skip
    command = [sys.executable, "-m", "planner.calendars.expansion"]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, input=asked.encode() + b"\n" + data, capture_output=True, timeout=WALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise InvalidInput(_TOO_LONG, field="calendar") from error
    if done.returncode != 0:
        raise InvalidInput(_TOO_LONG, field="calendar")
    answer = json.loads(done.stdout)
    if "refused" in answer:
        raise InvalidInput(answer["refused"], field="calendar")
    return tuple(BusyInterval(*map(datetime.fromisoformat, pair)) for pair in answer["busy"])


def _answer(asked: dict[str, Any], data: bytes) -> dict[str, Any]:
    start, end = (datetime.fromisoformat(asked[name]) for name in ("start", "end"))
    try:
        found = busy_intervals(data, BusyQuestion(start, end, asked["timezone"], asked["all_day_busy"]))
    except InvalidInput as refusal:
        return {"refused": refusal.message}
    except (MemoryError, RecursionError):
        return {"refused": "This calendar needs too much memory."}
    return {"busy": [(interval.start.isoformat(), interval.end.isoformat()) for interval in found]}


def _main() -> None:
    most = math.ceil(time.process_time()) + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    asked = json.loads(sys.stdin.buffer.readline())
    json.dump(_answer(asked, sys.stdin.buffer.read()), sys.stdout)


if __name__ == "__main__":
    _main()
