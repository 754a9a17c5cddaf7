"""Two servers and two workers on one PostgreSQL, each as on a machine of its own, and who kills them."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.postgresql import Server

PROGRAM = (sys.executable, "-c", "from planner.cli import main; main()")
NAMES = ("server 1", "server 2", "worker 1", "worker 2")
PAUSES = (1.0, 6.0)
"""Seconds from the moment at which a killed program is back until the next kill; at random."""

IMPATIENT = 0.25
"""So often the next one is killed before the last is back."""

_START_SECONDS = 60
_STOP_SECONDS = 40
_WATCH_SECONDS = 0.02
_LEADER = """
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = 1 AND objid = 2 AND objsubid = 2 AND granted
"""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass
class Program:
    """One of the four, with an instance folder of its own, as on another machine."""

    name: str
    words: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str]
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it is not waited for."""
        self.folder.mkdir(exist_ok=True)
        environ = {**os.environ, **self.environ, "PLANNER_INSTANCE": str(self.folder)}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([*PROGRAM, *self.words], env=environ, stdout=log, stderr=log)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Let it finish what it does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(_STOP_SECONDS)

    @property
    def ended(self) -> bool:
        """Whether it ended by itself."""
        return self.process is not None and self.process.poll() is not None


@dataclass
class Cluster:
    """The four programs.

    Args:
        settings: of all of them, as environment.
    """

    folder: Path
    settings: Mapping[str, str]
    ports: tuple[int, int] = field(default_factory=lambda: (free_port(), free_port()))
    programs: dict[str, Program] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Name them."""
        for name, port in zip(NAMES, (*self.ports, free_port(), free_port()), strict=True):
            words = ("worker",) if name.startswith("worker") else ("serve", "--no-timers", "--port", str(port))
            settings = {**self.settings, "PLANNER_WORKER_PORT": str(port)}
            self.programs[name] = Program(name, words, self.folder / name.replace(" ", "-"), settings, port)

    def start(self) -> None:
        """Start all, and wait until they answer."""
        for program in self.programs.values():
            program.start()
        for program in self.programs.values():
            wait_for_answer(program.port)

    def stop(self) -> None:
        """Let all of them finish, one after the other."""
        for program in self.programs.values():
            if program.process is not None and not program.ended:
                program.stop()

    def kill(self) -> None:
        """End whatever still runs."""
        for program in self.programs.values():
            if program.process is not None and not program.ended:
                program.kill()


def wait_for_answer(port: int) -> None:
    """Wait until a program answers whether it lives. Raises AssertionError where it never does."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            assert time.monotonic() < deadline, "it does not answer"
            time.sleep(0.1)


@dataclass
class Killer(threading.Thread):
    """Kills one of the four at random, starts it again, and so on until it is told to stop."""

    cluster: Cluster
    chance: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """A thread of its own."""
        super().__init__(name="killer")

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Until `over` is set; all run at the end."""
        while not self.over.wait(self.chance.uniform(*PAUSES)):
            program = self.cluster.programs[self.chance.choice(NAMES)]
            assert not program.ended, f"{program.name} ended by itself"
            program.kill()
            self.kills[program.name] += 1
            # As long as who looks after programs takes to notice.
            time.sleep(self.chance.uniform(0.0, 1.0))
            program.start()
            if self.chance.random() >= IMPATIENT:
                wait_for_answer(program.port)


@dataclass
class LeaderWatch(threading.Thread):
    """Looks who leads the timers, and how long nobody does after the leader was killed."""

    server: Server
    database: str
    gaps: list[float] = field(default_factory=list)
    leaders: set[int] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """A thread of its own."""
        super().__init__(name="leader-watch")

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Until `over` is set."""
        last_seen, leader = 0.0, 0
        with self.server.connect(self.database) as connection:
            while not self.over.wait(_WATCH_SECONDS):
                found = connection.execute(_LEADER).fetchone()
                now = time.monotonic()
                if found is None:
                    continue
                if leader and found[0] != leader:
                    self.gaps.append(now - last_seen)
                leader, last_seen = found[0], now
                self.leaders.add(leader)
