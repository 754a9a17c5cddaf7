"""VTIMEZONEs say what zoneinfo says, in the form every calendar program reads."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.calendars.zone import is_utc, vtimezone
from planner.errors import InvalidInput
from tests.calendars.vtimezones import as_dateutil_reads, offset_table

SPAN = (date(2024, 1, 1), date(2028, 12, 31))
CHOSEN = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/New_York",
    "America/Nuuk",
    "America/Santiago",
    "Antarctica/Troll",
    "Asia/Gaza",
    "Asia/Jerusalem",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/London",
    "Pacific/Apia",
    "UTC",
]
LONDON = """\
BEGIN:VTIMEZONE
TZID:Europe/London
BEGIN:STANDARD
DTSTART:19701025T020000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZNAME:GMT
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T010000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZNAME:BST
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
END:DAYLIGHT
END:VTIMEZONE
"""


def hours(first: date, last: date) -> list[datetime]:
    """Every full hour of those days, in UTC."""
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return [start + timedelta(hours=hour) for hour in range(((last - first).days + 1) * 24)]


def disagreements(key: str, first: date, last: date) -> list[datetime]:
    """The hours of the span at which the VTIMEZONE and zoneinfo differ."""
    zone, instants = ZoneInfo(key), hours(first, last)
    table = offset_table(vtimezone(key, first, last), datetime(last.year + 1, 1, 1))
    ours, theirs = table.at(instants), [instant.astimezone(zone).utcoffset() for instant in instants]
    if ours == theirs:
        return []
    return [instant for instant, our, their in zip(instants, ours, theirs, strict=True) if our != their]


def test_point_1_london_is_one_standard_and_one_daylight_anchored_in_1970() -> None:
    """All programs measured read this form alike."""
    assert vtimezone("Europe/London", *SPAN).to_ical().decode().replace("\r\n", "\n") == LONDON


@pytest.mark.parametrize("key", CHOSEN)
def test_point_1_a_zone_agrees_with_zoneinfo_hour_by_hour(key: str) -> None:
    """Zones with yearly rules, with none, and with changes no rule describes."""
    assert disagreements(key, *SPAN) == []


@pytest.mark.sweep
@pytest.mark.parametrize("key", CHOSEN)
def test_point_1_dateutil_reads_each_wall_time_as_the_instant_zoneinfo_gives(key: str) -> None:
    """An independent reader, on the six-hourly wall times of five years and every hour near a change."""
    zone, judge = ZoneInfo(key), as_dateutil_reads(vtimezone(key, *SPAN))
    instants = hours(*SPAN)
    near = {
        index + offset
        for index in range(1, len(instants))
        if instants[index].astimezone(zone).utcoffset() != instants[index - 1].astimezone(zone).utcoffset()
        for offset in range(-24, 24)
    }
    for index in sorted(near | set(range(0, len(instants), 6))):
        wall = instants[index].astimezone(zone)
        # A wall time that comes twice is never published with a TZID.
        if wall.replace(fold=0).utcoffset() == wall.replace(fold=1).utcoffset():
            assert wall.replace(tzinfo=judge, fold=0).utcoffset() == wall.utcoffset(), wall


@pytest.mark.slow
def test_point_1_every_zone_agrees_with_zoneinfo_hour_by_hour_over_five_years() -> None:
    """Nearly six hundred zones, 26 million hours."""
    wrong = {key: found[0] for key in sorted(available_timezones()) if (found := disagreements(key, *SPAN))}
    assert wrong == {}


@given(
    key=st.sampled_from([*CHOSEN, "America/Caracas", "Europe/Istanbul", "Europe/Volgograd", "Asia/Pyongyang"]),
    first_year=st.integers(1970, 2090),
    years=st.integers(1, 4),
)
@settings(max_examples=40, deadline=None)
def test_point_1_the_span_may_lie_anywhere(key: str, first_year: int, years: int) -> None:
    """Rules that changed in the past or end in the future are told as they were or will be."""
    assert disagreements(key, date(first_year, 1, 1), date(first_year + years - 1, 12, 31)) == []


@pytest.mark.parametrize(("key", "year"), [("Europe/London", 1968), ("Pacific/Apia", 2011), ("Africa/Monrovia", 1972)])
def test_point_1_unusual_years_are_told_as_they_were(key: str, year: int) -> None:
    """A winter without winter time, a day that was left out, an offset with seconds."""
    assert disagreements(key, date(year, 1, 1), date(year, 12, 31)) == []


def test_point_1_a_zone_without_summer_time_is_one_standard() -> None:
    """Kolkata has kept +05:30 since 1945."""
    (only,) = vtimezone("Asia/Kolkata", *SPAN).subcomponents
    assert only.name == "STANDARD"
    assert "RRULE" not in only


def test_point_1_a_zone_without_a_yearly_rule_has_one_observance_for_each_change() -> None:
    """Casablanca leaves summer time for Ramadan: ten changes in five years, and what held before them."""
    parts = vtimezone("Africa/Casablanca", date(2019, 1, 1), date(2023, 12, 31)).subcomponents
    assert len(parts) == 11
    assert not any("RRULE" in part or "RDATE" in part for part in parts)


def test_point_1_no_zone_is_written_with_rdates() -> None:
    """Thunderbird reads comma-joined RDATEs wrongly."""
    assert not [key for key in CHOSEN if b"RDATE" in vtimezone(key, *SPAN).to_ical()]


def test_winter_is_dublins_standard_time() -> None:
    """The zone database calls Irish summer the standard; calendar programs expect the winter."""
    winter, summer = vtimezone("Europe/Dublin", *SPAN).subcomponents
    assert (winter.name, winter["TZNAME"]) == ("STANDARD", "GMT")
    assert (summer.name, summer["TZNAME"]) == ("DAYLIGHT", "IST")


def test_a_rule_is_told_apart_from_its_neighbour_even_in_a_span_of_one_year() -> None:
    """In 2026 the last Sunday of October is also the fourth; London means the last."""
    one_year = vtimezone("Europe/London", date(2026, 1, 1), date(2026, 1, 2))
    assert one_year.to_ical() == vtimezone("Europe/London", *SPAN).to_ical()


def test_friday_before_the_last_sunday_is_written_as_a_friday_among_seven_days() -> None:
    """Jerusalem's spring change has no number in its month."""
    _, summer = vtimezone("Asia/Jerusalem", *SPAN).subcomponents
    assert summer["RRULE"].to_ical() == b"FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=23,24,25,26,27,28,29;BYDAY=FR"


def test_the_names_of_utc_are_known() -> None:
    """Greenwich in winter is not UTC."""
    assert is_utc("UTC") and is_utc("Etc/UTC") and not is_utc("Europe/London")


@pytest.mark.parametrize("key", ["Europe/Atlantis", "Europe", "../etc/passwd", "", "a\0b"])
def test_an_unknown_zone_is_refused_by_name(key: str) -> None:
    """Whatever makes zoneinfo stumble: a missing file, a folder, a path, nothing."""
    with pytest.raises(InvalidInput) as refusal:
        vtimezone(key, *SPAN)
    assert refusal.value.field == "timezone"
    assert repr(key) in refusal.value.message


def test_a_span_that_ends_before_it_starts_is_a_bug() -> None:
    """The caller mixed up its arguments."""
    with pytest.raises(ValueError, match="before it starts"):
        vtimezone("Europe/London", date(2026, 1, 2), date(2026, 1, 1))


@pytest.mark.parametrize("year", [1899, 2201])
def test_a_span_outside_three_centuries_is_a_bug(year: int) -> None:
    """No appointment lies there."""
    with pytest.raises(ValueError, match="1900–2200"):
        vtimezone("Europe/London", date(year, 1, 1), date(year, 1, 1))
