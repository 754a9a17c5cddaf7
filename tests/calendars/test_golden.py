"""Whole files, kept as they should be: a change of a single octet shows in review."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from planner.calendars.event import CalendarEvent
from planner.calendars.feed import download_bytes, feed_bytes
from tests.calendars.samples import a_feed, an_event

GOLDEN = Path(__file__).parent / "golden"
MOVED_AT = datetime(2026, 10, 9, 7, 15, tzinfo=UTC)


def the_course() -> list[CalendarEvent]:
    """Across the autumn clock change: one as booked, one moved, one cancelled, one in a far zone, one long title."""
    return [
        an_event(1, description="See your plan:\nhttps://clinic.example/plan", url="https://clinic.example/plan"),
        an_event(2, starts_at=datetime(2026, 10, 13, 15, 30, tzinfo=UTC), sequence=1, revised_at=MOVED_AT),
        an_event(3, cancelled=True, sequence=1, revised_at=MOVED_AT),
        an_event(4, starts_at=datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        an_event(5, timezone="America/New_York", location="Room 2, first floor; ring twice"),
        an_event(
            6,
            summary="Termin in der Praxis für Physiotherapie am Fluß – bitte Sportschuhe mitbringen 🦵🏽",
            alarm_minutes=60,
        ),
    ]


def test_a_feed_is_written_as_in_the_golden_file() -> None:
    """The patient's feed with everything a feed can hold."""
    feed = a_feed(*the_course(), description="Your sessions, as the clinic has them")
    assert feed_bytes(feed) == (GOLDEN / "feed.ics").read_bytes()


def test_a_feed_without_events_is_written_as_in_the_golden_file() -> None:
    """A patient whose course has not begun."""
    assert feed_bytes(a_feed(refresh=timedelta(days=1), source_url=None)) == (GOLDEN / "empty_feed.ics").read_bytes()


def test_a_download_is_written_as_in_the_golden_file() -> None:
    """One appointment."""
    assert download_bytes([an_event(1)]) == (GOLDEN / "download.ics").read_bytes()
