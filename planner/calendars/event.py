"""One appointment as a VEVENT: the value that describes it, and its translation."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from icalendar import Alarm, Event, vUri

from planner.calendars.text import ExactText, clean_line, clean_text, has_controls
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


def to_vevent(event: CalendarEvent, cancelled_prefix: str = CANCELLED_PREFIX) -> Event:
    """Translate one appointment; the same event gives the same VEVENT.

    Args:
        event: the appointment.
        cancelled_prefix: put before a cancelled event's title, in the reader's language, with its space.
    """
    vevent = Event()
    vevent.add("uid", ExactText(event.uid))
    vevent.add("sequence", event.sequence)
    vevent.add("dtstamp", event.revised_at.astimezone(UTC))
    vevent.add("last-modified", event.revised_at.astimezone(UTC))
    _add_times(vevent, event)
    _add_texts(vevent, event, cancelled_prefix)
    vevent.add("status", "CANCELLED" if event.cancelled else "CONFIRMED")
    vevent.add("transp", "OPAQUE")
    if event.classification:
        vevent.add("class", event.classification)
    if event.alarm_minutes is not None and not event.cancelled:
        vevent.add_component(_alarm(event))
    return vevent


def _add_times(vevent: Event, event: CalendarEvent) -> None:
    starts_at, ends_at = event.starts_at.astimezone(UTC), event.ends_at.astimezone(UTC)
    if written_in_utc(event):
        vevent.add("dtstart", starts_at)
        vevent.add("dtend", ends_at)
        return
    zone = find_zone(event.timezone)
    for name, instant in (("dtstart", starts_at), ("dtend", ends_at)):
        vevent.add(name, instant.astimezone(zone).replace(tzinfo=None), parameters={"TZID": event.timezone})


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


def _add_texts(vevent: Event, event: CalendarEvent, cancelled_prefix: str) -> None:
    prefix = clean_line(cancelled_prefix) + " " if event.cancelled else ""
    vevent.add("summary", ExactText(prefix + clean_line(event.summary)))
    if description := clean_text(event.description):
        vevent.add("description", ExactText(description))
    if location := clean_line(event.location):
        vevent.add("location", ExactText(location))
    if event.url:
        vevent.add("url", vUri(event.url))


def _alarm(event: CalendarEvent) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", ExactText(clean_line(event.summary)))
    alarm.add("trigger", -timedelta(minutes=event.alarm_minutes or 0))
    return alarm
