"""Writes a whole calendar, the feed or the file to download, and tells whether a program's copy is still good."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Final

from icalendar import Calendar, Timezone, vDuration, vUri

from planner.calendars.event import CalendarEvent, check_url, vevent_bytes, written_in_utc
from planner.calendars.text import ExactText, clean_line, clean_text
from planner.calendars.transitions import find_zone
from planner.calendars.zone import vtimezone
from planner.errors import InvalidInput
from planner.words import say

PRODID: Final = "-//Course Planner//Course Planner//EN"
# A feed without events has no span of its own; any years do, as no time in it is read with them.
_SPAN_WITHOUT_EVENTS: Final = (date(2025, 1, 1), date(2035, 12, 31))

_END: Final = b"END:VCALENDAR\r\n"
_ENTITY_TAG: Final = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
# Each blank can be matched in one way only, so a hostile header takes no longer than a good one.
_ENTITY_TAGS: Final = re.compile(rf"[ \t,]*{_ENTITY_TAG.pattern}[ \t]*(?:,[ \t]*(?:{_ENTITY_TAG.pattern}[ \t]*)?)*")


@dataclass(frozen=True)
class CalendarFeed:
    """A calendar that programs fetch again and again.

    Args:
        name: shown as the calendar's name, one line.
        events: in any order; each uid once.
        refresh: how often a program should ask again; most take it as a hint or ignore it.
        source_url: the feed's own address, or None where it shall not be told.
        timezone: IANA name of the clinic's zone.
        description: any number of lines, or empty.
    Raises:
        ValueError: no name, a uid twice, `refresh` under a minute, or `source_url` is no address.
        InvalidInput: there is no such zone.
    """

    name: str
    events: Sequence[CalendarEvent]
    refresh: timedelta
    source_url: str | None
    timezone: str
    description: str = ""

    def __post_init__(self) -> None:
        if not clean_line(self.name):
            raise ValueError("The calendar has no name.")
        if self.refresh < timedelta(minutes=1):
            raise ValueError(f"Nobody can fetch a calendar every {self.refresh}.")
        if self.source_url is not None:
            check_url(self.source_url)
        find_zone(self.timezone)
        _check_uids(self.events)


def feed_bytes(feed: CalendarFeed) -> bytes:
    """Write the feed: UTF-8, CRLF, lines of at most 75 octets; the same feed gives the same bytes."""
    calendar = _calendar(feed.events)
    name, description = ExactText(clean_line(feed.name)), ExactText(clean_text(feed.description))
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    if description:
        calendar.add("description", description)
        calendar.add("x-wr-caldesc", description)
    calendar.add("x-wr-timezone", ExactText(feed.timezone))
    calendar.add("refresh-interval", vDuration(feed.refresh), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(feed.refresh))
    if feed.source_url:
        calendar.add("source", vUri(feed.source_url), parameters={"VALUE": "URI"})
    if not feed.events:
        # RFC 5545 §3.4 wants at least one component.
        calendar.add_component(vtimezone(feed.timezone, *_SPAN_WITHOUT_EVENTS))
    return _with_events(calendar, feed.events)


def download_bytes(events: Sequence[CalendarEvent]) -> bytes:
    """Write a file to be opened once, of one appointment or a whole course.

    It carries no name, because Outlook then makes a new calendar, and no METHOD, because it invites nobody.

    Raises:
        InvalidInput: there is no event, and an empty calendar is no valid file.
        ValueError: a uid twice.
    """
    if not events:
        raise InvalidInput(say("There is no appointment to download."))
    _check_uids(events)
    return _with_events(_calendar(events), events)


def calendar_around(events: Sequence[CalendarEvent], body: bytes, *, method: str) -> bytes:
    """A VCALENDAR with a METHOD and the zones these events need, around VEVENTs that are written already."""
    calendar = _calendar(events)
    calendar.add("method", method)
    return bytes(calendar.to_ical()).removesuffix(_END) + body + _END


def _check_uids(events: Sequence[CalendarEvent]) -> None:
    repeated = [uid for uid, count in Counter(event.uid for event in events).items() if count > 1]
    if repeated:
        raise ValueError(f"Two events share the uid {repeated[0]!r}; a program would show only one of them.")


def _calendar(events: Sequence[CalendarEvent]) -> Calendar:
    """A VCALENDAR with the zones that the events need; no UID of its own and no METHOD."""
    # Not Calendar.new(): that adds a UID, by which vdirsyncer takes the whole feed for one item.
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    for zone in _zones(events):
        calendar.add_component(zone)
    return calendar


def _with_events(calendar: Calendar, events: Sequence[CalendarEvent]) -> bytes:
    """The calendar's bytes with the events after its zones."""
    frame = bytes(calendar.to_ical()).removesuffix(_END)
    in_order = sorted(events, key=lambda event: (event.starts_at, event.uid))
    return b"".join([frame, *(vevent_bytes(event) for event in in_order), _END])


def _zones(events: Sequence[CalendarEvent]) -> list[Timezone]:
    days: dict[str, list[date]] = {}
    for event in events:
        if not written_in_utc(event):
            zone = find_zone(event.timezone)
            days.setdefault(event.timezone, []).extend(
                [event.starts_at.astimezone(zone).date(), event.ends_at.astimezone(zone).date()]
            )
    return [vtimezone(key, min(days[key]), max(days[key])) for key in sorted(days)]


def etag(data: bytes) -> str:
    """The strong entity tag of these bytes, in its quotes."""
    return f'"{sha256(data).hexdigest()}"'


def is_unchanged(
    if_none_match: str | None, if_modified_since: str | None, etag: str, last_modified: datetime | None
) -> bool:
    """Whether 304 is the right answer to a GET or HEAD.

    If-None-Match, when sent, decides alone and is compared weakly; a header that can't be read matches nothing.

    Args:
        if_none_match: the header's value, or None where it was not sent.
        if_modified_since: the header's value, or None where it was not sent.
        etag: the tag of the bytes we would send, in its quotes.
        last_modified: aware; when those bytes last became different (not merely the newest event's revision: an
            event that is dropped changes the bytes too), or None where that is not known.
    Raises:
        ValueError: `last_modified` is naive.
    Source: RFC 9110 §13.1.2, §13.1.3, §13.2.2.
    """
    if last_modified is not None and last_modified.utcoffset() is None:
        raise ValueError("last_modified is naive.")
    if if_none_match is not None:
        return _names(if_none_match, etag)
    if if_modified_since is None or last_modified is None:
        return False
    since = _http_date(if_modified_since)
    # HTTP dates have whole seconds.
    return since is not None and last_modified.replace(microsecond=0) <= since


def _names(if_none_match: str, etag: str) -> bool:
    if if_none_match.strip(" \t") == "*":
        return True
    if not _ENTITY_TAGS.fullmatch(if_none_match):
        return False
    return etag.removeprefix("W/") in _ENTITY_TAG.findall(if_none_match)


def _http_date(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
