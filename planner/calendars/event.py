"""One appointment as a VEVENT: the value that describes it, and its bytes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from icalendar import vDuration

from planner.calendars.lines import component, content_line, text_line, utc_line
from planner.calendars.text import clean_line, clean_text, has_controls
from planner.calendars.transitions import find_zone
from planner.calendars.zone import FIRST_YEAR, LAST_YEAR, is_utc

CLASSIFICATIONS: Final = frozenset({"PUBLIC", "PRIVATE", "CONFIDENTIAL"})
CANCELLED_PREFIX: Final = "Cancelled: "


@dataclass(frozen=True)
class CalendarEvent:
    """What a calendar program is told of one appointment.

    Args:
        uid: globally unique, the same for the life of the session, across every move; 1–255 octets.
        sequence: 0 at first, one more on each move, change of length or cancellation.
        revised_at: aware; the last revision of this appointment, never the moment of writing.
        starts_at: aware, after the year 1900.
        ends_at: aware, after `starts_at`, before the year 2200.
        timezone: IANA name of the zone the times are shown in.
        summary: title, one line; neutral unless its owner chose otherwise.
        description: any number of lines.
        location: one line.
        url: http or https address in ASCII.
        cancelled: published for some weeks with its title marked, then dropped.
        cancelled_prefix: what marks it, put before the title, in the reader's language.
        tentative: only thought of, so that nobody holds the time; programs show it paler and leave the hour free.
        classification: PUBLIC, PRIVATE or CONFIDENTIAL; None leaves CLASS out.
        alarm_minutes: a reminder that long before the start; None (the default) means none.
    Raises:
        ValueError: any of the above does not hold.
        InvalidInput: there is no such zone.
    """

    uid: str
    sequence: int
    revised_at: datetime
    starts_at: datetime
    ends_at: datetime
    timezone: str
    summary: str
    description: str = ""
    location: str = ""
    url: str | None = None
    cancelled: bool = False
    cancelled_prefix: str = CANCELLED_PREFIX
    tentative: bool = False
    classification: str | None = None
    alarm_minutes: int | None = None

    def __post_init__(self) -> None:
        self._check_identity()
        self._check_times()
        if self.url is not None:
            check_url(self.url)
        if self.classification is not None and self.classification not in CLASSIFICATIONS:
            raise ValueError(f"Classification {self.classification!r} is not one of {sorted(CLASSIFICATIONS)}.")
        if self.alarm_minutes is not None and self.alarm_minutes < 0:
            raise ValueError(f"An alarm {self.alarm_minutes} minutes before the start would come after it.")

    def _check_identity(self) -> None:
        if not self.uid.strip() or has_controls(self.uid):
            raise ValueError(f"The uid {self.uid!r} is empty or holds control characters.")
        if len(self.uid.encode()) > 255:
            raise ValueError("The uid is longer than 255 octets.")
        if self.sequence < 0:
            raise ValueError(f"The sequence {self.sequence} is negative.")

    def _check_times(self) -> None:
        for name in ("revised_at", "starts_at", "ends_at"):
            if getattr(self, name).utcoffset() is None:
                raise ValueError(f"{name} is naive.")
        # iCalendar knows no fractions of a second.
        if self.ends_at.replace(microsecond=0) <= self.starts_at.replace(microsecond=0):
            raise ValueError("The event ends before it starts.")
        # A year's margin, because the local date can lie in the next or the last year.
        if self.starts_at.year <= FIRST_YEAR or self.ends_at.year >= LAST_YEAR:
            raise ValueError(f"The event is not between {FIRST_YEAR} and {LAST_YEAR}.")
        find_zone(self.timezone)


def check_url(url: str) -> None:
    """Raise ValueError unless the text can stand as a web address in a calendar file."""
    if not (url.startswith(("https://", "http://")) and url.isascii() and url.isprintable() and " " not in url):
        raise ValueError(f"{url!r} is not a web address in ASCII.")


def vevent_bytes(event: CalendarEvent, *, also: bytes = b"") -> bytes:
    """Write one appointment as a VEVENT; the same event gives the same bytes.

    Args:
        event: the appointment.
        also: further content lines, as an invitation has them.
    """
    return component("VEVENT", _lines(event, also))


def _lines(event: CalendarEvent, also: bytes) -> Iterator[bytes]:
    """Titles and times first, the rest by the alphabet."""
    prefix = clean_line(event.cancelled_prefix) + " " if event.cancelled else ""
    yield text_line("SUMMARY", prefix + clean_line(event.summary))
    yield from _times(event)
    yield utc_line("DTSTAMP", event.revised_at)
    yield text_line("UID", event.uid)
    yield content_line("SEQUENCE", str(event.sequence))
    if event.classification:
        yield content_line("CLASS", event.classification)
    if description := clean_text(event.description):
        yield text_line("DESCRIPTION", description)
    yield utc_line("LAST-MODIFIED", event.revised_at)
    if location := clean_line(event.location):
        yield text_line("LOCATION", location)
    yield content_line("STATUS", _status(event))
    yield content_line("TRANSP", "TRANSPARENT" if event.tentative else "OPAQUE")
    if event.url:
        yield content_line("URL", event.url)
    yield also
    if event.alarm_minutes is not None and not event.cancelled:
        yield _alarm(event)


def _status(event: CalendarEvent) -> str:
    if event.cancelled:
        return "CANCELLED"
    return "TENTATIVE" if event.tentative else "CONFIRMED"


def _times(event: CalendarEvent) -> Iterator[bytes]:
    moments = (("DTSTART", event.starts_at), ("DTEND", event.ends_at))
    if written_in_utc(event):
        yield from (utc_line(name, instant) for name, instant in moments)
        return
    zone = find_zone(event.timezone)
    for name, instant in moments:
        yield content_line(f"{name};TZID={event.timezone}", f"{instant.astimezone(zone):%Y%m%dT%H%M%S}")


def written_in_utc(event: CalendarEvent) -> bool:
    """Whether the event's times are written in UTC, so that it needs no VTIMEZONE.

    A wall time that comes twice, when clocks go back, would be read as its first coming (RFC 5545 §3.3.5), so an
    event that touches that hour is written in UTC.
    """
    if is_utc(event.timezone):
        return True
    zone = find_zone(event.timezone)
    walls = (instant.astimezone(zone) for instant in (event.starts_at, event.ends_at))
    return any(wall.replace(fold=0).utcoffset() != wall.replace(fold=1).utcoffset() for wall in walls)


def _alarm(event: CalendarEvent) -> bytes:
    trigger: bytes = vDuration(-timedelta(minutes=event.alarm_minutes or 0)).to_ical()  # type: ignore[no-untyped-call]
    lines = (
        content_line("ACTION", "DISPLAY"),
        text_line("DESCRIPTION", clean_line(event.summary)),
        content_line("TRIGGER", trigger),
    )
    return component("VALARM", lines)
