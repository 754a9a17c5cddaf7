"""A whole feed: the points of good behaviour that concern its content, each by its number."""

import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from planner.calendars.feed import download_bytes, feed_bytes
from planner.errors import InvalidInput
from tests.calendars.samples import FIRST_START, a_feed, an_event, unfolded, values_of

ROOT = Path(__file__).parents[2]


def calendar_properties(data: bytes) -> list[str]:
    """The names of the VCALENDAR's own properties, those of its components left out."""
    depth, names = 0, []
    for line in unfolded(data):
        name = line.partition(":")[0].partition(";")[0]
        depth += {"BEGIN": 1, "END": -1}.get(name, 0)
        if depth == 1 and name != "END":
            names.append(name)
    return names


def test_point_1_a_feed_has_one_vtimezone_for_each_zone_its_events_use() -> None:
    """In order of their names."""
    data = feed_bytes(a_feed(an_event(1), an_event(2, timezone="America/New_York"), an_event(3)))
    assert values_of(data, "TZID") == ["America/New_York", "Europe/London"]


def test_point_1_events_in_utc_need_no_vtimezone() -> None:
    """Neither in the zone UTC nor in an hour that comes twice."""
    twice = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
    data = feed_bytes(a_feed(an_event(1, timezone="UTC"), an_event(2, starts_at=twice)))
    assert b"VTIMEZONE" not in data


def test_point_1_the_vtimezone_covers_the_last_event_of_a_zone_without_rules() -> None:
    """Casablanca's Ramadan of 2025 is told where a session lies in it."""
    near = an_event(1, starts_at=datetime(2023, 6, 5, 9, tzinfo=UTC), timezone="Africa/Casablanca")
    far = an_event(2, starts_at=datetime(2025, 3, 10, 9, tzinfo=UTC), timezone="Africa/Casablanca")
    starts = values_of(feed_bytes(a_feed(near, far)), "DTSTART")
    assert {"20250223T030000", "20230605T100000", "20250310T090000"} <= set(starts)


def test_point_2_the_calendar_has_no_uid_of_its_own() -> None:
    """Vdirsyncer would take the whole feed for one item."""
    assert "UID" not in calendar_properties(feed_bytes(a_feed(an_event())))
    assert "UID" not in calendar_properties(download_bytes([an_event()]))


@pytest.mark.parametrize("name", ["METHOD", "ORGANIZER", "ATTENDEE"])
def test_point_3_a_feed_invites_nobody(name: str) -> None:
    """Programs would send answers to the clinic, and show addresses."""
    assert values_of(feed_bytes(a_feed(an_event())), name) == []
    assert values_of(download_bytes([an_event()]), name) == []


def test_point_4_a_feed_with_a_uid_twice_is_a_bug() -> None:
    """A program would show one of the two."""
    with pytest.raises(ValueError, match="share the uid"):
        a_feed(an_event(1), an_event(1, starts_at=FIRST_START + timedelta(days=1)))
    with pytest.raises(ValueError, match="share the uid"):
        download_bytes([an_event(1), an_event(1)])


def test_point_5_writing_a_feed_again_later_stamps_nothing_with_the_present() -> None:
    """All stamps come from the events."""
    data = feed_bytes(a_feed(an_event(1), an_event(2)))
    assert {*values_of(data, "DTSTAMP"), *values_of(data, "LAST-MODIFIED")} == {"20260928T143005Z"}


def test_point_6_the_same_events_in_any_order_give_the_same_bytes() -> None:
    """So that a program that asks again is told: nothing new."""
    events = [an_event(number) for number in range(1, 9)] + [an_event(9, timezone="America/New_York")]
    shuffled = random.Random(6).sample(events, len(events))
    assert feed_bytes(a_feed(*events)) == feed_bytes(a_feed(*shuffled))
    assert download_bytes(events) == download_bytes(shuffled)


def test_point_6_another_process_with_another_hash_seed_gives_the_same_bytes() -> None:
    """Several server processes answer for one feed."""
    script = (
        "import sys; from tests.calendars.samples import *; from planner.calendars.feed import feed_bytes;"
        "sys.stdout.buffer.write(feed_bytes(a_feed(an_event(1), an_event(2, timezone='Asia/Gaza'))))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert outputs == {feed_bytes(a_feed(an_event(1), an_event(2, timezone="Asia/Gaza")))}


def test_point_6_the_product_is_ours() -> None:
    """Programs show it in their error reports."""
    assert values_of(feed_bytes(a_feed()), "PRODID") == ["-//Course Planner//Course Planner//EN"]


def test_point_7_a_cancelled_event_stays_in_the_feed_and_is_marked() -> None:
    """In the language of its reader."""
    cancelled = an_event(2, cancelled=True, sequence=1, cancelled_prefix="Abgesagt: ")
    data = feed_bytes(a_feed(an_event(1), cancelled))
    assert values_of(data, "STATUS") == ["CONFIRMED", "CANCELLED"]
    assert values_of(data, "SUMMARY")[1] == "Abgesagt: Appointment\\, Riverside Clinic"
    assert values_of(download_bytes([cancelled]), "SUMMARY")[0].startswith("Abgesagt: ")


def test_point_8_each_session_is_an_event_of_its_own() -> None:
    """Ten weekly sessions are ten events."""
    data = feed_bytes(a_feed(*(an_event(number) for number in range(1, 11))))
    assert data.count(b"BEGIN:VEVENT") == len(set(values_of(data, "UID"))) == 10


def test_point_9_the_name_and_the_hints_are_written_in_both_dialects() -> None:
    """RFC 7986's properties and the ones older than it."""
    lines = unfolded(feed_bytes(a_feed(description="Your sessions,\nall of them")))
    assert {
        "NAME:Riverside Clinic",
        "X-WR-CALNAME:Riverside Clinic",
        "DESCRIPTION:Your sessions\\,\\nall of them",
        "X-WR-CALDESC:Your sessions\\,\\nall of them",
        "X-WR-TIMEZONE:Europe/London",
        "REFRESH-INTERVAL;VALUE=DURATION:PT12H",
        "X-PUBLISHED-TTL:PT12H",
        "SOURCE;VALUE=URI:https://clinic.example/feeds/token.ics",
    } <= set(lines)


def test_point_9_a_download_has_no_name() -> None:
    """Outlook would make a new calendar for it."""
    assert calendar_properties(download_bytes([an_event()])) == ["BEGIN", "VERSION", "PRODID", "CALSCALE"]


def test_point_9_a_feed_that_keeps_its_address_to_itself_names_no_source() -> None:
    """The address holds the token."""
    assert values_of(feed_bytes(a_feed(source_url=None)), "SOURCE") == []


@pytest.mark.parametrize("optimised", [[], ["-O"]])
def test_point_9_a_name_with_line_breaks_commas_and_semicolons_stays_one_escaped_line(optimised: list[str]) -> None:
    """The library's own check is an assertion, which -O removes."""
    script = (
        "import sys; from tests.calendars.samples import *; from planner.calendars.feed import feed_bytes;"
        "sys.stdout.buffer.write(feed_bytes(a_feed(name='A, B; C\\nMETHOD:REQUEST\\x85D')))"
    )
    data = subprocess.run([sys.executable, *optimised, "-c", script], cwd=ROOT, capture_output=True, check=True).stdout
    assert values_of(data, "NAME") == values_of(data, "X-WR-CALNAME") == ["A\\, B\\; C METHOD:REQUEST D"]
    assert values_of(data, "METHOD") == []


def test_point_12_a_feed_without_events_still_has_a_component() -> None:
    """RFC 5545 §3.4 wants one; a VTIMEZONE will do."""
    for zone in ("Europe/London", "UTC", "Africa/Casablanca"):
        calendar = Calendar.from_ical(feed_bytes(a_feed(timezone=zone)))
        assert [part.name for part in calendar.subcomponents] == ["VTIMEZONE"]


def test_point_12_a_download_without_events_is_refused() -> None:
    """It would be an invalid file."""
    with pytest.raises(InvalidInput, match="no appointment"):
        download_bytes([])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": " \n"}, "no name"),
        ({"refresh": timedelta(seconds=59)}, "fetch a calendar every"),
        ({"source_url": "ftp://clinic.example/a.ics"}, "web address"),
    ],
)
def test_a_feed_that_no_program_could_use_is_a_bug(changes: dict[str, Any], words: str) -> None:
    """Each names what is wrong."""
    with pytest.raises(ValueError, match=words):
        a_feed(**changes)


def test_a_feed_in_a_zone_that_does_not_exist_is_refused() -> None:
    """Even when it has no events yet."""
    with pytest.raises(InvalidInput, match="Europe/Atlantis"):
        a_feed(timezone="Europe/Atlantis")


def test_the_library_reads_back_the_same_instants_and_texts() -> None:
    """Round trip through icalendar, over both clock changes."""
    events = [an_event(number, description=f"Session {number};\nC:\\New") for number in range(1, 30)]
    read = Calendar.from_ical(feed_bytes(a_feed(*events))).walk("VEVENT")
    assert [(str(e["UID"]), e.decoded("DTSTART"), e.decoded("DTEND"), str(e["DESCRIPTION"])) for e in read] == [
        (e.uid, e.starts_at, e.ends_at, e.description) for e in events
    ]


def test_point_16_a_feed_of_2000_events_is_written_within_three_seconds() -> None:
    """It takes less than half of one on a quiet machine; each person's bytes are then kept until they change."""
    events = [an_event(n, starts_at=FIRST_START + timedelta(hours=n), description="Bring shoes.") for n in range(2000)]
    start = time.process_time()
    assert feed_bytes(a_feed(*events)).count(b"BEGIN:VEVENT") == 2000
    assert time.process_time() - start < 3
