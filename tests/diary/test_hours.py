"""Weekly hours, closures, leave and public holidays."""

from datetime import date, datetime, time

import pytest

from planner.diary.hours import Closure, Leave, WeeklyHours, changed_from, public_holidays, working_time
from planner.diary.interval import Interval
from planner.errors import InvalidInput

MONDAY = date(2026, 3, 2)


def hours(weekday: int, start: str, end: str, from_day: date | None = None, to_day: date | None = None) -> WeeklyHours:
    return WeeklyHours(weekday, time.fromisoformat(start), time.fromisoformat(end), from_day, to_day)


def span(start: str, end: str) -> Interval:
    return Interval(datetime.fromisoformat(start), datetime.fromisoformat(end))


def test_two_stretches_on_a_day_leave_a_break_between_them() -> None:
    """Lunch is the time between two lines of weekly hours."""
    week = [hours(0, "13:00", "17:00"), hours(0, "08:00", "12:00")]
    assert working_time(week, [], [], (), MONDAY, 7) == (
        span("2026-03-02T08:00", "2026-03-02T12:00"),
        span("2026-03-02T13:00", "2026-03-02T17:00"),
    )


def test_overlapping_hours_are_worked_once() -> None:
    """A person entered twice does not work twice."""
    week = [hours(0, "08:00", "12:00"), hours(0, "11:00", "13:00"), hours(0, "13:00", "14:00")]
    assert working_time(week, [], [], (), MONDAY, 1) == (span("2026-03-02T08:00", "2026-03-02T14:00"),)


def test_hours_hold_from_their_first_day_to_their_last_inclusive() -> None:
    """A change of hours takes effect on the day it names."""
    week = [hours(0, "08:00", "12:00", to_day=date(2026, 3, 9)), hours(0, "14:00", "18:00", from_day=date(2026, 3, 16))]
    assert [stretch.start for stretch in working_time(week, [], [], (), MONDAY, 21)] == [
        datetime(2026, 3, 2, 8),
        datetime(2026, 3, 9, 8),
        datetime(2026, 3, 16, 14),
    ]


def test_a_closure_takes_its_first_and_its_last_day() -> None:
    """Both ends of a closure are shut."""
    week = [hours(day, "09:00", "17:00") for day in range(5)]
    shut = Closure(date(2026, 3, 3), date(2026, 3, 5), "painters")
    assert [stretch.start.day for stretch in working_time(week, [shut], [], (), MONDAY, 5)] == [2, 6]


def test_leave_for_part_of_a_day_leaves_the_rest() -> None:
    """A dentist's visit is no day off."""
    leave = Leave(datetime(2026, 3, 2, 10), datetime(2026, 3, 2, 11, 30), "dentist")
    assert working_time([hours(0, "09:00", "17:00")], [], [leave], (), MONDAY, 1) == (
        span("2026-03-02T09:00", "2026-03-02T10:00"),
        span("2026-03-02T11:30", "2026-03-02T17:00"),
    )


def test_leave_for_whole_days_includes_the_last() -> None:
    """Back on the day after the last."""
    week = [hours(day, "09:00", "17:00") for day in range(5)]
    leave = Leave.whole_days(date(2026, 3, 2), date(2026, 3, 4))
    assert [stretch.start.day for stretch in working_time(week, [], [leave], (), MONDAY, 5)] == [5, 6]


def test_nobody_works_on_a_public_holiday() -> None:
    """Good Friday and Easter Monday 2026 in England."""
    week = [hours(day, "09:00", "17:00") for day in range(5)]
    days_off = public_holidays("GB", "ENG", date(2026, 4, 1), date(2026, 4, 30))
    assert [s.start.day for s in working_time(week, [], [], days_off, date(2026, 3, 30), 14)] == [
        *(30, 31, 1, 2),
        *(7, 8, 9, 10),
    ]


def test_no_days_hold_no_hours() -> None:
    """An empty span is empty; a negative one is a bug."""
    week = [hours(0, "09:00", "17:00")]
    assert working_time(week, [], [], (), MONDAY, 0) == ()
    with pytest.raises(ValueError, match="-1 days"):
        working_time(week, [], [], (), MONDAY, -1)


@pytest.mark.parametrize(
    ("weekday", "start", "end", "from_day", "to_day", "field"),
    [
        (7, time(9), time(10), None, None, "weekday"),
        (-1, time(9), time(10), None, None, "weekday"),
        (0, time(10), time(9), None, None, "end"),
        (0, time(9), time(9), None, None, "end"),
        (0, time(9), time(10), date(2026, 2, 2), date(2026, 2, 1), "to_day"),
    ],
)
def test_nonsense_hours_are_refused_naming_the_field(
    weekday: int, start: time, end: time, from_day: date | None, to_day: date | None, field: str
) -> None:
    """The form shows the message at its field."""
    with pytest.raises(InvalidInput) as refusal:
        WeeklyHours(weekday, start, end, from_day, to_day)
    assert refusal.value.field == field


def test_closures_and_leave_that_run_backwards_are_refused() -> None:
    """Each names the end as the field to change."""
    with pytest.raises(InvalidInput) as closure:
        Closure(date(2026, 3, 3), date(2026, 3, 2))
    with pytest.raises(InvalidInput) as leave:
        Leave(datetime(2026, 3, 3, 9), datetime(2026, 3, 3, 9))
    assert (closure.value.field, leave.value.field) == ("last_day", "ends")


def test_england_keeps_the_days_scotland_does_not() -> None:
    """Easter Monday is English, 2 January is Scottish."""
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    england = public_holidays("GB", "ENG", first, last)
    scotland = public_holidays("GB", "SCT", first, last)
    assert date(2026, 4, 6) in england and date(2026, 4, 6) not in scotland
    assert date(2026, 1, 2) in scotland and date(2026, 1, 2) not in england


def test_bavaria_keeps_epiphany_and_names_its_days_in_german() -> None:
    """Without a language the country's own is used, whatever the machine's locale."""
    bavaria = public_holidays("DE", "BY", date(2026, 1, 1), date(2026, 1, 31))
    assert bavaria == {date(2026, 1, 1): "Neujahr", date(2026, 1, 6): "Heilige Drei Könige"}


def test_names_come_in_the_language_asked_for() -> None:
    """A language the country has no names in gives its own."""
    day = date(2026, 1, 6)
    assert public_holidays("DE", "BY", day, day, "en_US") == {day: "Epiphany"}
    assert public_holidays("DE", "BY", day, day, "xx") == {day: "Heilige Drei Könige"}


def test_a_holiday_on_a_weekend_is_kept_on_the_day_it_is_observed() -> None:
    """Independence Day 2026 is a Saturday; New Year's Day 2022 was kept in 2021."""
    july = public_holidays("US", "NY", date(2026, 7, 1), date(2026, 7, 31))
    assert list(july) == [date(2026, 7, 3), date(2026, 7, 4)]
    assert date(2021, 12, 31) in public_holidays("US", "NY", date(2021, 12, 31), date(2021, 12, 31))


@pytest.mark.parametrize(
    ("country", "subdivision", "field"),
    [("XX", None, "country"), ("gb", None, "country"), ("", None, "country"), ("GB", "BY", "subdivision")],
)
def test_an_unknown_place_is_refused_naming_the_field(country: str, subdivision: str | None, field: str) -> None:
    """A typing error must not silently mean: no holidays."""
    with pytest.raises(InvalidInput) as refusal:
        public_holidays(country, subdivision, date(2026, 1, 1), date(2026, 12, 31))
    assert refusal.value.field == field


def test_other_hours_from_a_day_on_end_all_those_before_them() -> None:
    """What holds until then stays until then, what would come later goes, what is over stays as it was."""
    open_ended, over = hours(0, "08:00", "12:00"), hours(1, "08:00", "12:00", to_day=date(2026, 3, 3))
    to_come = hours(2, "08:00", "12:00", from_day=date(2026, 4, 1))
    long_ones = hours(3, "08:00", "12:00", from_day=date(2026, 1, 1), to_day=date(2026, 12, 31))
    new = hours(0, "14:00", "18:00", to_day=date(2026, 3, 20))
    assert changed_from(date(2026, 3, 9), [open_ended, over, to_come, long_ones], [new]) == (
        hours(0, "08:00", "12:00", to_day=date(2026, 3, 8)),
        over,
        hours(3, "08:00", "12:00", from_day=date(2026, 1, 1), to_day=date(2026, 3, 8)),
        hours(0, "14:00", "18:00", from_day=date(2026, 3, 9)),
    )


def test_weekly_hours_survive_being_kept() -> None:
    """As JSON, with days of their own and without."""
    for line in (hours(0, "08:00", "12:30"), hours(6, "08:00", "12:00", date(2026, 3, 2), date(2026, 4, 1))):
        assert WeeklyHours.from_json(line.to_json()) == line
