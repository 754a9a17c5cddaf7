"""Work done in processes of their own, so that it really happens at the same time and can really be killed."""

import multiprocessing
import random
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from planner.notify.message import Mailbox
from planner.notify.smtp import SmtpMailer
from planner.services import booking, messages
from tests.faults.scenes import FIRST_DAY, BusyClinic, Hands

# The server has all modules loaded and forks from there: quick to start, and without this process's threads.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])
_WAIT = 120
LEAST_ACTIONS = 6


@dataclass(frozen=True)
class Tally:
    """What one process did."""

    done: Counter[str]
    refused: Counter[str]
    seconds: list[float]


def together(work: object, count: int, *arguments: object) -> list[Tally]:
    """Run `work(number, barrier, results, *arguments)` in so many processes, which begin at one moment."""
    barrier, results = CONTEXT.Barrier(count), CONTEXT.Queue()
    processes = [CONTEXT.Process(target=work, args=(number, barrier, results, *arguments)) for number in range(count)]
    for process in processes:
        process.start()
    tallies = [results.get(timeout=_WAIT) for _ in processes]
    for process in processes:
        process.join(_WAIT)
        assert process.exitcode == 0
    return tallies


def hammer(number: int, barrier: Barrier, results: object, clinic: BusyClinic, seconds: float) -> None:
    """Book, move, cancel and confirm without a pause: for a while, and each a few times."""
    # So many on a machine with few processors may wait long for a turn; that is slow, and no fault.
    hands = Hands(clinic, clinic.runtime(wait_seconds=60), random.Random(number))
    # The first proposal of a process loads what finds dates.
    booking.propose(hands.runtime, clinic.actor, hands.request(), with_alternatives=False)
    barrier.wait(_WAIT)
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(hands.seconds) < LEAST_ACTIONS:
        hands.do_something()
    results.put(Tally(hands.done, hands.refused, hands.seconds))


def naive_hammer(number: int, barrier: Barrier, results: object, clinic: BusyClinic, seconds: float) -> None:
    """Look whether a slot is free, then take it: what a program does that forgot that others are at work."""
    chance, done = random.Random(number), Counter()
    with closing(sqlite3.connect(clinic.file, timeout=20, isolation_level=None)) as connection:
        pattern = pattern_of(connection, "appointment")
        barrier.wait(_WAIT)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            day = FIRST_DAY + timedelta(days=chance.randrange(20))
            start = datetime.combine(day, datetime.min.time()) + timedelta(hours=9, minutes=30 * chance.randrange(8))
            if _looks_free(connection, pattern, start):
                insert_row(connection, "appointment", {**pattern, "id": chance.getrandbits(60), **_times(start)})
                done["book"] += 1
    results.put(Tally(done, Counter(), []))


def _times(start: datetime) -> dict[str, str]:
    end = start + timedelta(minutes=30)
    return {"starts_at": f"{start}.000000", "ends_at": f"{end}.000000"}


def _looks_free(connection: sqlite3.Connection, pattern: dict, start: datetime) -> bool:
    query = """SELECT count(*) FROM appointment WHERE practitioner_id = ? AND status = 'booked'
               AND starts_at < ? AND ends_at > ?"""
    times = _times(start)
    found = connection.execute(query, (pattern["practitioner_id"], times["ends_at"], times["starts_at"]))
    return found.fetchone()[0] == 0


def pattern_of(connection: sqlite3.Connection, table: str, condition: str = "TRUE") -> dict:
    """Some row, by its columns."""
    some = connection.execute(f"SELECT * FROM {table} WHERE {condition} LIMIT 1")  # noqa: S608
    return dict(zip([column[0] for column in some.description], some.fetchone(), strict=True))


def insert_row(connection: sqlite3.Connection, table: str, row: dict) -> None:
    """Write a row past the program."""
    names, places = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", tuple(row.values()))  # noqa: S608


def work_until_killed(done: Any, clinic: BusyClinic, seed: int) -> None:
    """Book and move until somebody ends this process; `done` counts what is over."""
    hands = Hands(clinic, clinic.runtime(), random.Random(seed))
    while True:
        hands.do_something()
        done.value += 1


def book_in_two_steps(done: Any, file: Path) -> None:
    """Write a booking, then its message, each by itself, until somebody ends this process; `done` counts them."""
    with closing(sqlite3.connect(file, timeout=20, isolation_level=None)) as connection:
        booking, message = (pattern_of(connection, table) for table in ("revision", "outbox"))
        while True:
            fresh = random.getrandbits(40)
            insert_row(connection, "revision", {**booking, "id": fresh, "number": fresh, "kind": "booked"})
            time.sleep(0.002)
            key = f"course-{booking['course_id']}-revision-{fresh}"
            insert_row(connection, "outbox", {**message, "id": fresh, "key": key})
            done.value += 1


def send_until_done(clinic: BusyClinic, now: datetime, port: int) -> None:
    """One turn of the outbox, through a mail server on this machine."""
    mailer = SmtpMailer("127.0.0.1", port, "none", Mailbox("desk@busy.example"), timeout=20)
    messages.send_outbox(clinic.runtime(now, mailer))


def folder_copy(file: Path, name: str) -> Path:
    """A copy of a database that nobody has open."""
    target = file.with_name(name)
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return target
