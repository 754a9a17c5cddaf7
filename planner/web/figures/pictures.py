"""The figures as charts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from planner.services.calibration import ProtocolCalibration
from planner.services.calibration import Spread as Range
from planner.services.dashboard import Dashboard, Figures
from planner.web.charts import Chart, DotRow, Point, Series, Spread, ValueAxis, dot_chart, line_chart
from planner.web.protocols import protocol_words
from planner.words import Text, day_said, number_said, say, say_many

_PERCENT: Final = ValueAxis(0, 100, 20, "%")
Measure = Callable[[Figures], float | None]


@dataclass(frozen=True)
class MonthChart:
    """One picture of the months, with its id on the page; None where there is nothing to draw."""

    id: str
    title: Text
    explained: Text
    chart: Chart | None


def month_name(first_day: date) -> Text:
    """`March 2026`."""
    return day_said(first_day, "month_year")


def percent(share: float | None) -> Text:
    """`87%`, a dash where there was nothing to count."""
    return say("–") if share is None else say("%(number)s%%", number=round(share * 100))


def signed(value: float) -> Text:
    """`+2`, `−1½`, `0`."""
    number = number_said(abs(value))
    if value == 0:
        return number
    return say("+%(number)s", number=number) if value > 0 else say("−%(number)s", number=number)


def month_charts(found: Dashboard) -> tuple[MonthChart, ...]:
    """Who came, how full the diary was, which courses were completed, how long one waited."""
    return (
        MonthChart(
            "attendance",
            say("Did they come?"),
            say("Of all visits whose time came: how many were given, and to how many nobody came without a word."),
            _shares(
                found,
                say("Did they come?"),
                (say("Came"), lambda each: each.attendance),
                (say("Missed"), lambda each: each.no_shows),
            ),
        ),
        MonthChart(
            "utilisation",
            say("How full is the diary?"),
            say("Minutes of visits, given and booked, of the minutes that the therapists work."),
            _shares(found, say("How full is the diary?"), (say("Filled"), lambda each: each.utilisation)),
        ),
        MonthChart(
            "completion",
            say("Are courses completed?"),
            say("Of the courses that ended: how many with every session given that was owed."),
            _shares(found, say("Are courses completed?"), (say("Completed"), lambda each: each.completion)),
        ),
        MonthChart(
            "waits",
            say("How long until the first visit?"),
            say("Days from the assessment to the first visit; half of the patients waited no longer."),
            _waits(found),
        ),
    )


def _shares(found: Dashboard, title: Text, *measures: tuple[Text, Measure]) -> Chart | None:
    series = []
    for name, measure in measures:
        points = [
            Point(month.first_day, round(share * 100), _at(month.first_day, percent(share)))
            for month in found.months
            if (share := measure(month.figures)) is not None
        ]
        if points:
            series.append(Series(name, tuple(points)))
    return _lines(found, title, series, _PERCENT)


def _waits(found: Dashboard) -> Chart | None:
    points = [
        Point(month.first_day, days, _at(month.first_day, days_words(days)))
        for month in found.months
        if (days := month.figures.wait_days) is not None
    ]
    axis = ValueAxis.around([point.value for point in points], whole=True)
    series = [Series(say("Days"), tuple(points))] if points else []
    return _lines(found, say("How long until the first visit?"), series, axis)


def days_words(days: float) -> Text:
    """`1 day`, `2½ days`."""
    return say_many("%(num)s day", "%(num)s days", 1) if days == 1 else say("%(days)s days", days=number_said(days))


def _at(month: date, value: Text) -> Text:
    return say("%(month)s: %(value)s", month=month_name(month), value=value)


def _lines(found: Dashboard, title: Text, series: Sequence[Series], axis: ValueAxis) -> Chart | None:
    if not series:
        return None
    summary = say("One point a month; the numbers stand in the table below.")
    first, last = found.months[0].first_day, found.months[-1].first_day
    return line_chart(title, summary, series, axis, first, last, monthly=True)


def calibration_chart(found: Sequence[ProtocolCalibration]) -> Chart:
    """For every protocol the middle half of what was estimated above that of what was given."""
    estimated, given = say("Estimated"), say("Given")
    rows = [
        DotRow(
            protocol_words(each.protocol),
            (_spread(estimated, each.expected), _spread(given, each.given)),
        )
        for each in found
    ]
    ends = [spread.high for row in rows for spread in row.spreads]
    return dot_chart(
        say("Sessions estimated and given"),
        say("By protocol: the median as a mark, the middle half of the courses as a line."),
        rows,
        ValueAxis.around(ends, whole=True),
    )


def _spread(name: Text, numbers: Range) -> Spread:
    words = say(
        "%(name)s: median %(middle)s, middle half %(low)s to %(high)s",
        name=name,
        middle=number_said(numbers.middle),
        low=number_said(numbers.low),
        high=number_said(numbers.high),
    )
    return Spread(name, numbers.low, numbers.middle, numbers.high, words)
