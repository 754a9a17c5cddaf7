"""Runs real calendar programs on a file of ours and tells what each of them understood."""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.clients.libical import events

HERE = Path(__file__).parent
BIN = HERE.parents[1] / ".venv-clients" / "bin"
KHAL_SETTINGS = """\
[calendars]
[[feed]]
path = {store}
[locale]
local_timezone = UTC
default_timezone = UTC
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
[sqlite]
path = {database}
[default]
default_calendar = feed
"""


@dataclass(frozen=True, order=True)
class Seen:
    """One event as a program shows it; the times are aware, in UTC."""

    starts_at: datetime
    ends_at: datetime
    uid: str
    title: str
    cancelled: bool


Reader = Callable[[bytes, Path], list[Seen]]


def run(*command: str | Path, home: Path, stdin: bytes = b"") -> bytes:
    """Run a program in an empty home, in a zone that none of the events is in, and return what it prints."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, input=stdin, env=environment, cwd=home, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def khal(data: bytes, home: Path) -> list[Seen]:
    """Import the file into khal's store in that home, which may hold an earlier state, and list all it has."""
    (home / "store").mkdir(exist_ok=True)
    settings, file = home / "settings", home / "feed.ics"
    settings.write_text(KHAL_SETTINGS.format(store=home / "store", database=home / "khal.db"))
    file.write_bytes(data)
    run(BIN / "khal", "-c", settings, "import", "--batch", "-a", "feed", file, home=home)
    fields = "{uid}|{start-long}|{end-long}|{status}|{title}"
    options = ("--once", "--notstarted", "--day-format", "", "--format", fields)
    listed = run(BIN / "khal", "-c", settings, "list", *options, "2026-01-01", "800d", home=home)
    return sorted(_khal_line(line) for line in listed.decode().splitlines() if line)


def _khal_line(line: str) -> Seen:
    uid, start, end, status, title = line.split("|", 4)
    starts_at, ends_at = (datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC) for text in (start, end))
    return Seen(starts_at, ends_at, uid, title, status.strip() == "CANCELLED")


def _json_lines(output: bytes) -> list[Seen]:
    """What read.mjs and read_vobject.py print: seconds since 1970, and the rest."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return sorted(
        Seen(
            epoch + timedelta(seconds=event["start"]),
            epoch + timedelta(seconds=event["end"]),
            event["uid"],
            event["title"],
            event["status"] == "CANCELLED",
        )
        for event in map(json.loads, output.splitlines())
    )


def ical_js(data: bytes, home: Path) -> list[Seen]:
    """Read with ical.js, the parser of Thunderbird and Nextcloud, which goes by the file's own VTIMEZONE."""
    return _json_lines(run(BIN / "node", HERE / "read.mjs", "ical.js", home=home, stdin=data))


def node_ical(data: bytes, home: Path) -> list[Seen]:
    """Read with node-ical, the parser of many home screens."""
    return _json_lines(run(BIN / "node", HERE / "read.mjs", "node-ical", home=home, stdin=data))


def vobject(data: bytes, home: Path) -> list[Seen]:
    """Read with vobject, the parser of Radicale and many Python servers, which goes by the file's VTIMEZONE."""
    return _json_lines(run(BIN / "python", HERE / "read_vobject.py", home=home, stdin=data))


def icalendar(data: bytes, home: Path) -> list[Seen]:
    """Read with icalendar, the parser of khal, Plone and Home Assistant."""
    return _json_lines(run(BIN / "python", HERE / "read_icalendar.py", home=home, stdin=data))


def libical(data: bytes, home: Path) -> list[Seen]:
    """Read with libical, the library of Evolution and GNOME Calendar, which goes by the file's VTIMEZONE."""
    return sorted(Seen(*seen) for seen in events(data))


PROGRAMS: dict[str, Reader] = {
    "khal": khal,
    "ical.js": ical_js,
    "node-ical": node_ical,
    "vobject": vobject,
    "icalendar": icalendar,
    "libical": libical,
}
