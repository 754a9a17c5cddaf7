"""Reads a calendar from standard input with icalendar, by its own VTIMEZONE, and prints one line of JSON an event."""

import json
import sys

from icalendar import Calendar

for event in Calendar.from_ical(sys.stdin.buffer.read()).walk("VEVENT"):
    print(
        json.dumps(
            {
                "uid": str(event["UID"]),
                "start": event.decoded("DTSTART").timestamp(),
                "end": event.decoded("DTEND").timestamp(),
                "title": str(event["SUMMARY"]),
                "status": str(event.get("STATUS", "")),
            }
        )
    )
