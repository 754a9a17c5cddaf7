"""Whether the database is there, is the newest, and can be trusted."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import func, select, text

from planner import wiring
from planner.commands.checks.finding import Finding, Findings, SetUp
from planner.errors import PlannerError
from planner.services.opening import any_clinic
from planner.services.running import database_bytes
from planner.storage import schema
from planner.storage.audit_rows import AuditRow

_CLOCK_MAY_DIFFER: Final = timedelta(minutes=5)
_NETWORK_DISKS: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs"}
)
_MOUNTS: Final = Path("/proc/mounts")


def there(set_up: SetUp) -> Findings:
    """Whether there is one at all; nothing is made by looking."""
    set_up.runtime.database.check_there()
    return ()


def database(set_up: SetUp) -> Findings:
    """Whether it answers, has the newest schema, and refuses two appointments at one time."""
    try:
        wiring.check_ready(set_up.runtime)
    except PlannerError as refusal:
        todo = "`planner db upgrade` makes a database or brings it up to date; `planner db check` looks at each part."
        if not _is_file(set_up):
            todo = f"{todo} Where the server can't be reached, look at database_url, and whether the server runs."
        yield Finding("bad", "database", refusal.message, todo)
        return
    size = database_bytes(set_up.runtime) / 1e6
    yield Finding(
        "good", "database", f"step {schema.newest()}, {size:.1f} MB, and the guard against double booking holds"
    )


def journal(set_up: SetUp) -> Findings:
    """Whether people can read while somebody writes."""
    if not _is_file(set_up):
        return
    with set_up.runtime.database.reading(None) as session:
        mode = str(session.scalar(text("PRAGMA journal_mode")))
    if mode == "wal":
        yield Finding("good", "journal", "reading and writing do not wait for each other (WAL)")
    else:
        yield Finding(
            "bad", "journal", f"its mode is {mode}, so that reading waits for writing",
            "The file's disk allows no WAL; put the instance folder on a local disk.",
        )  # fmt: skip


def disk_kind(set_up: SetUp) -> Findings:
    """Whether locks hold where the database lies."""
    if not _is_file(set_up):
        return
    kind = _disk_of(Path(str(set_up.runtime.database.url.database)).parent.resolve(), _MOUNTS)
    if kind in _NETWORK_DISKS:
        yield Finding(
            "bad", "disk of the database", f"it is a network share ({kind}), on which SQLite's locks do not hold",
            "Move the instance folder to a local disk.",
        )  # fmt: skip
    else:
        yield Finding("good", "disk of the database", f"a local one ({kind or 'unknown kind'})")


def clinic(set_up: SetUp) -> Findings:
    """Whether there is one."""
    if any_clinic(set_up.runtime):
        yield Finding("good", "clinic", "open")
    else:
        yield Finding(
            "could", "clinic", "none is open yet",
            "Open yours by the link in the server's log, or with `planner clinic CLINIC.json`.",
        )  # fmt: skip


def clock(set_up: SetUp) -> Findings:
    """Whether the clock goes as it went: what was done can't lie in the future."""
    now = set_up.runtime.clock.now()
    with set_up.runtime.database.reading(None) as session:
        last = session.scalar(select(func.max(AuditRow.at)))
    if last is not None and last > now + _CLOCK_MAY_DIFFER:
        yield Finding(
            "bad", "clock", f"it says {now:%Y-%m-%d %H:%M} UTC, but something was done at {last:%Y-%m-%d %H:%M} UTC",
            "Set the clock by the network (timedatectl set-ntp true), then restart the planner.",
        )  # fmt: skip
    else:
        yield Finding("good", "clock", f"{now:%Y-%m-%d %H:%M} UTC, later than all that was done")


def _is_file(set_up: SetUp) -> bool:
    return set_up.runtime.database.url.drivername.startswith("sqlite")


def _disk_of(folder: Path, mounts: Path) -> str:
    """The kind of file system that a folder lies on; "" where this system does not tell."""
    try:
        lines = [line.split() for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return ""
    places = [(Path(words[1].replace("\\040", " ")), words[2]) for words in lines if len(words) > 2]
    above = [(place, kind) for place, kind in places if folder.is_relative_to(place)]
    # Of two that were put on the same place the later one is seen.
    return max(enumerate(above), key=lambda each: (len(each[1][0].parts), each[0]))[1][1] if above else ""
