"""Two servers and two workers on PostgreSQL, one of the four killed every few seconds while people work.

Run as `python -m benchmarks.killed` (or `make bench-killed`); writes benchmarks/KILLED.md. It needs what the tests
need: a PostgreSQL on the machine or from the tests' wheel.
"""

import argparse
import random
import statistics
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from benchmarks.killed_checks import Messages, Whole, age_leases, look, read_messages, unsettled
from benchmarks.killed_load import Client, Scene, Told
from benchmarks.killed_programs import NAMES, PAUSES, Cluster, Killer, LeaderWatch, free_port
from benchmarks.killed_scene import make_scene, open_post_office
from benchmarks.machine import machine
from tests.postgresql import Server

CLIENTS = 6
PATIENTS = 120
BOOKED = 40
REPORT = Path(__file__).with_name("KILLED.md")
_DRAIN_SECONDS = 120.0
_SETTINGS = {
    "PLANNER_SECRET_KEY": "k" * 32,
    "PLANNER_SMTP_HOST": "127.0.0.1",
    "PLANNER_SMTP_SECURITY": "none",
    "PLANNER_SMTP_SENDER": "desk@busy.example",
    "PLANNER_BASE_URL": "http://planner.example",
}


@dataclass(frozen=True)
class Result:
    """What was done, and what it came to.

    Args:
        seconds: of load.
        feeds: calendars that can be read at the end, of how many there are.
        gaps: how long nobody led, after each leader that was killed.
        again: how often the programs were asked again, because no answer came.
        slowest: the longest time that somebody waited for an answer, all their tries together.
    """

    seconds: float
    people: int
    kills: Counter[str]
    done: Counter[str]
    refused: Counter[str]
    broken: tuple[str, ...]
    again: int
    slowest: float
    gaps: tuple[float, ...]
    feeds: tuple[int, int]
    whole: Whole
    messages: Messages

    def check(self) -> None:
        """Raise AssertionError where something was lost or came twice."""
        assert not self.broken, self.broken[:5]
        assert self.whole.lost == 0, f"{self.whole.lost} bookings lost or doubled"
        assert self.whole.double == 0, f"{self.whole.double} double bookings"
        assert self.whole.not_owed == 0, f"{self.whole.not_owed} bookings that nobody is told of"
        assert not self.whole.damaged, self.whole.damaged[:5]
        assert self.whole.broken_audit == 0, "the audit is broken"
        assert self.feeds[0] == self.feeds[1], f"{self.feeds[0]} of {self.feeds[1]} calendars can be read"
        told = self.messages
        assert told.reminders_twice == 0, f"{told.reminders_twice} reminders came twice"
        assert told.not_arrived == told.of_nobody == 0, told
        assert not set(told.states) - {"sent", "skipped", "expired", "unknown", "due"}, told.states


def run(seconds: float, seed: int, *, patients: int = PATIENTS, booked: int = BOOKED, clients: int = CLIENTS) -> Result:
    """Work and kill for so long, let the workers finish, and look."""
    server = Server(settings=())
    with tempfile.TemporaryDirectory(prefix="planner-killed-") as folder:
        try:
            return _run(server.make(), Path(folder), seconds, seed, patients, booked, clients)
        finally:
            server.remove()


def _run(server: Server, folder: Path, seconds: float, seed: int, patients: int, booked: int, clients: int) -> Result:
    address, port = server.create("killed"), free_port()
    settings = {**_SETTINGS, "PLANNER_DATABASE_URL": address, "PLANNER_SMTP_PORT": str(port)}
    cluster = Cluster(folder, settings)
    clinic, scene = make_scene(folder, address, cluster.ports, seed, patients, booked)
    watch = LeaderWatch(server, make_url(address).database or "")
    with open_post_office(port) as office:
        try:
            cluster.start()
            watch.start()
            kills, people = _load(cluster, scene, seconds, seed, clients)
            # Who leads from now on ends in good order.
            watch.over.set()
            watch.join()
            _drain(cluster, address)
            feeds = _readable(scene)
            cluster.stop()
        finally:
            watch.over.set()
            cluster.kill()
        told = [person.told for person in people]
        return Result(
            seconds=seconds,
            people=clients,
            kills=kills,
            done=_sum(each.done for each in told),
            refused=_sum(each.refused for each in told),
            broken=tuple(line for each in told for line in each.broken),
            again=sum(each.repeated for each in told),
            slowest=max(each.slowest for each in told),
            gaps=tuple(watch.gaps),
            feeds=feeds,
            whole=look(clinic, _booked(told)),
            messages=read_messages(address, office.taken),
        )


def _load(cluster: Cluster, scene: Scene, seconds: float, seed: int, clients: int) -> tuple[Counter[str], list[Client]]:
    over = threading.Event()
    people = [Client(scene, 1000 * seed + number, over) for number in range(clients)]
    killer = Killer(cluster, random.Random(seed))
    for thread in (*people, killer):
        thread.start()
    time.sleep(seconds)
    killer.over.set()
    killer.join()
    over.set()
    for person in people:
        person.join()
    return killer.kills, people


def _drain(cluster: Cluster, address: str) -> None:
    """Let the workers end what they do; then the dead ones' leases run out, and the workers go on until all is done."""
    for name in NAMES:
        if name.startswith("worker"):
            cluster.programs[name].stop()
    age_leases(address)
    for name in NAMES:
        if name.startswith("worker"):
            cluster.programs[name].start()
    deadline = time.monotonic() + _DRAIN_SECONDS
    while unsettled(address):
        assert time.monotonic() < deadline, f"{unsettled(address)} messages and jobs are not over"
        time.sleep(0.2)


def _readable(scene: Scene) -> tuple[int, int]:
    """How many calendars both servers give, and how many there are."""
    good = 0
    for path in scene.feeds:
        answers = []
        for port in scene.ports:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
                answers.append(answer.read())
        good += all(each.startswith(b"BEGIN:VCALENDAR") for each in answers)
    return good, len(scene.feeds)


def _booked(told: list[Told]) -> list[int]:
    return [course for each in told for course in each.booked]


def _sum(counters: object) -> Counter[str]:
    return sum(counters, Counter())  # type: ignore[call-overload, no-any-return]


def words(result: Result, seed: int) -> str:
    """The report."""
    told, whole = result.messages, result.whole
    kills = ", ".join(f"{name}: {result.kills[name]}" for name in NAMES)
    lines = [
        ("kills (SIGKILL, one of the four at random, started again)", f"{result.kills.total()} ({kills})"),
        ("courses answered as booked", result.done["book"]),
        ("moves, cancellations, misses told, confirmations answered as done",
         ", ".join(str(result.done[name]) for name in ("move", "cancel", "miss", "confirm"))),
        ("calendars given meanwhile", result.done["poll"]),
        ("refused in good order (taken meanwhile, changed meanwhile, not possible)", result.refused.total()),
        ("other failures: no answer for a minute, status 500", len(result.broken)),
        ("requests sent again because no answer came", result.again),
        ("longest wait for an answer, all tries together", f"{result.slowest:.1f} s"),
        ("leaders killed; time until another led, median and longest (both workers dead: until one was back)",
         f"{len(result.gaps)}; {_gap(result.gaps, statistics.median)}, {_gap(result.gaps, max)}"),
        ("**bookings lost, or there twice**", whole.lost),
        ("**double bookings** (by SQL, without the guard)", whole.double),
        ("**bookings that nobody is told of**", whole.not_owed),
        ("what the integrity sweep finds", len(whole.damaged)),
        ("breaks of the audit's chain", whole.broken_audit),
        ("calendars that can be read at the end", f"{result.feeds[0]} of {result.feeds[1]}"),
        ("messages by what became of them", ", ".join(f"{count} {state}" for state, count in told.states.items())),
        ("letters that arrived", told.arrived),
        ("**sent and never arrived; arrived and owed to nobody**", f"{told.not_arrived}; {told.of_nobody}"),
        ("letters about a course that came again, with the same Message-ID", told.repeats),
        ("reminders that arrived; **twice**", f"{told.reminders}; {told.reminders_twice}"),
        ("reminders cut off in the middle, flagged for a person", told.unknown),
    ]  # fmt: skip
    table = "\n".join(f"| {name} | {value} |" for name, value in lines)
    return f"""# Killed at random

Written by `python -m benchmarks.killed --seconds {result.seconds:g} --seed {seed}`. {machine()}

Two `planner serve --no-timers` and two `planner worker`, each with an instance folder of its own, on one
PostgreSQL with its usual durability; all of them, and {result.people} people, on one machine.
One of the four is killed with SIGKILL and started again within a second; the next
{PAUSES[0]:g} to {PAUSES[1]:g} seconds after it is back, or, once in four times, without waiting for it. The people
book courses, move, cancel, tell misses and confirm over HTTP, through either server; where no answer comes they send
the same form to the other one. A letter about a course may come again with the same Message-ID, a reminder may not.
At the end the dead workers' leases on messages are aged instead of being waited for (ten minutes), and the workers
finish what is due.

| | |
|---|---|
{table}

A killed worker's jobs are given to the others 15 to 20 seconds after its last sign of life.
"""


def _gap(gaps: tuple[float, ...], of: object) -> str:
    return f"{of(gaps):.2f} s" if gaps else "–"  # type: ignore[operator]


def main() -> None:
    """Measure, write the report, and fail where something was lost or came twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    result = run(arguments.seconds, arguments.seed)
    report = words(result, arguments.seed)
    print(report)
    result.check()
    REPORT.write_text(report, encoding="utf-8")


if __name__ == "__main__":
    main()
