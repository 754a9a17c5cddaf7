"""Reads a calendar with the caldav library, by discovery and by a search; prints one JSON line an event."""

import json
import sys
from datetime import UTC, datetime

import caldav

client = caldav.DAVClient(url=sys.argv[1])
(calendar,) = client.principal().calendars()
events = calendar.search(
    start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2028, 1, 1, tzinfo=UTC), event=True, expand=False
)
for found in events:
    event = found.icalendar_component
    print(
        json.dumps(
            {
                "uid": str(event["UID"]),
                "title": str(event["SUMMARY"]),
                "status": str(event["STATUS"]),
                "start": event["DTSTART"].dt.timestamp(),
                "end": event["DTEND"].dt.timestamp(),
            }
        )
    )
objects = calendar.objects_by_sync_token(load_objects=True)
assert len(list(objects)) == len(events), "sync-collection tells of other events"
try:
    calendar.save_event(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:x\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
except caldav.lib.error.DAVError as refusal:
    assert "403" in str(refusal) or "Forbidden" in str(refusal) or "AuthorizationError" in repr(refusal), repr(refusal)
else:
    raise SystemExit("writing was not refused")
