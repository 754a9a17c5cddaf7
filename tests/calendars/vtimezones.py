"""Reads a VTIMEZONE as a calendar program would, written apart from the code that makes it."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from io import StringIO

from dateutil.rrule import rrulestr
from dateutil.tz import tzical
from icalendar import Timezone


@dataclass(frozen=True)
class OffsetTable:
    """The offsets a VTIMEZONE gives, as a table of instants.

    Args:
        instants: aware, UTC, rising.
        offsets: the offset in force from each instant on.
    """

    instants: list[datetime]
    offsets: list[timedelta]

    def at(self, instants: list[datetime]) -> list[timedelta]:
        """The offset at each of these rising instants."""
        found: list[timedelta] = []
        for index, offset in enumerate(self.offsets):
            following = self.instants[index + 1] if index + 1 < len(self.instants) else datetime.max.replace(tzinfo=UTC)
            found.extend([offset] * (bisect_right(instants, following - timedelta(seconds=1)) - len(found)))
        return found


def offset_table(timezone: Timezone, until: datetime) -> OffsetTable:
    """Expand every observance up to a naive wall time."""
    changes: dict[datetime, timedelta] = {}
    observance: dict[str, str] = {}
    for line in timezone.to_ical().decode().replace("\r\n ", "").split("\r\n"):
        name, _, value = line.partition(":")
        if line in ("BEGIN:STANDARD", "BEGIN:DAYLIGHT"):
            observance = {}
        elif line in ("END:STANDARD", "END:DAYLIGHT"):
            before, after = _offset(observance["TZOFFSETFROM"]), _offset(observance["TZOFFSETTO"])
            for onset in _onsets(observance, until):
                changes[onset.replace(tzinfo=UTC) - before] = after
        else:
            observance[name] = value
    instants = sorted(changes)
    return OffsetTable(instants, [changes[instant] for instant in instants])


def _onsets(observance: dict[str, str], until: datetime) -> list[datetime]:
    start = datetime.strptime(observance["DTSTART"], "%Y%m%dT%H%M%S")  # noqa: DTZ007 - wall time
    if "RRULE" not in observance:
        return [start]
    return list(rrulestr(observance["RRULE"], dtstart=start).between(start, until, inc=True))


def _offset(text: str) -> timedelta:
    digits = text[1:].ljust(6, "0")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:]))
    return -size if text[0] == "-" else size


def as_dateutil_reads(timezone: Timezone) -> tzinfo:
    """The zone in the eyes of python-dateutil, which reads VTIMEZONEs by itself."""
    zone = tzical(StringIO(timezone.to_ical().decode().replace("\r\n", "\n"))).get()
    assert zone is not None
    return zone
