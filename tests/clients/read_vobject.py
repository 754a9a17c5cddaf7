"""Reads a calendar from standard input with vobject and prints one line of JSON for each event.

Runs in the calendar programs' own environment, not in the planner's.
"""

import json
import sys

import vobject

calendar = vobject.readOne(sys.stdin.read())
for event in calendar.vevent_list:
    seen = {
        "uid": event.uid.value,
        "start": event.dtstart.value.timestamp(),
        "end": event.dtend.value.timestamp(),
        "title": event.summary.value,
        "status": event.status.value,
    }
    print(json.dumps(seen))
