"""Appointments and feeds to test with, and the ways to look at the bytes that come out."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from planner.calendars.event import CalendarEvent
from planner.calendars.feed import CalendarFeed

FIRST_START = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)
BOOKED_AT = datetime(2026, 9, 28, 14, 30, 5, tzinfo=UTC)


def an_event(number: int = 1, **changes: Any) -> CalendarEvent:
    """Ana's session of that number: 45 minutes in London, a week after the one before it."""
    starts_at = changes.pop("starts_at", FIRST_START + timedelta(weeks=number - 1))
    values: dict[str, Any] = {
        "uid": f"6f1c2d1e-0000-4000-8000-{number:012d}@clinic.example",
        "sequence": 0,
        "revised_at": BOOKED_AT,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=45),
        "timezone": "Europe/London",
        "summary": "Appointment, Riverside Clinic",
    }
    return CalendarEvent(**(values | changes))


def a_feed(*events: CalendarEvent, **changes: Any) -> CalendarFeed:
    """Ana's feed with these events."""
    values: dict[str, Any] = {
        "name": "Riverside Clinic",
        "events": events,
        "refresh": timedelta(hours=12),
        "source_url": "https://clinic.example/feeds/token.ics",
        "timezone": "Europe/London",
    }
    return CalendarFeed(**(values | changes))


def unfolded(data: bytes) -> list[str]:
    """The content lines, by RFC 5545 §3.1 and nothing else."""
    assert data.endswith(b"\r\n")
    return data.decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def values_of(data: bytes, name: str) -> list[str]:
    """The raw values of every property of that name, parameters left off."""
    found = []
    for line in unfolded(data):
        head, _, value = line.partition(":")
        if head.partition(";")[0] == name:
            found.append(value)
    return found


def texts_of(data: bytes, name: str) -> list[str]:
    """The TEXT values of every property of that name, unescaped by RFC 5545 §3.3.11 and nothing else."""
    return [re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value) for value in values_of(data, name)]
