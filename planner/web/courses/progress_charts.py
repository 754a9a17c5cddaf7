"""The outcomes of a course as charts: one for each kind, with what counts as progress marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from planner.care.evidence import Evidence
from planner.care.outcomes import MEASURES, PROGRESS, Kind, Measure
from planner.services.course_view import CourseView
from planner.services.outcomes_measured import Recorded
from planner.web.chart_values import SHAPES
from planner.web.charts import Chart, Goal, Point, Series, ValueAxis, line_chart
from planner.web.formats import day_short, local_day
from planner.words import Text, say, say_many

# A course looked at long after its end is drawn as if today were not there.
_TODAY_REACH: Final = timedelta(days=28)
_MOST_SERIES: Final = len(SHAPES)
_TEN_BY: Final = 2.0


@dataclass(frozen=True)
class ProgressChart:
    """One kind of outcome as a chart.

    Args:
        left_out: how many things of this kind the picture leaves out, those measured longest ago.
    """

    kind: Kind
    label: Text
    chart: Chart
    left_out: int


def progress_charts(view: CourseView) -> tuple[ProgressChart, ...]:
    """A chart for each kind that was measured, in their order."""
    found = []
    for kind in PROGRESS:
        measured = [each for each in view.measured if each.outcome.kind is kind]
        if measured:
            found.append(_chart(view, MEASURES[kind], measured))
    return tuple(found)


def _chart(view: CourseView, measure: Measure, measured: Sequence[Recorded]) -> ProgressChart:
    things: dict[str, list[Recorded]] = {}
    for each in measured:
        # Taken out and put in again, so that what was measured last stands last.
        things[each.outcome.thing[1]] = [*things.pop(each.outcome.thing[1], []), each]
    shown = list(things.values())[-_MOST_SERIES:]
    series = [Series(each[-1].outcome.about, tuple(_point(view, one) for one in each)) for each in shown]
    first, last = _extent(view)
    chart = line_chart(
        measure.label,
        _summary(measure, shown[-1], view.zone),
        series,
        _axis(measure, [each.outcome.value for each in measured]),
        first,
        last,
        goals=_goals(measure, shown, view.evidence),
        notches=[local_day(line.booked.starts_at, view.zone) for line in view.given if line.booked],
        notch_name=say("Session given"),
    )
    return ProgressChart(measure.kind, measure.label, chart, len(things) - len(shown))


def _point(view: CourseView, recorded: Recorded) -> Point:
    outcome = recorded.outcome
    day = local_day(outcome.measured_at, view.zone)
    values = {"day": day_short(day), "value": outcome.measure.said(outcome.value)}
    words = say("%(day)s: %(value)s", **values)
    if outcome.by_patient:
        words = say("%(day)s: %(value)s, by the patient", **values)
    elif recorded.session is not None:
        words = say("%(day)s: %(value)s, session %(number)s", **values, number=recorded.session)
    return Point(day, outcome.value, words)


def _extent(view: CourseView) -> tuple[date, date]:
    days = [local_day(each.outcome.measured_at, view.zone) for each in view.measured]
    days += [local_day(line.booked.starts_at, view.zone) for line in view.given if line.booked]
    last = max(days)
    return min(days), view.today if last < view.today <= last + _TODAY_REACH else last


def _axis(measure: Measure, values: Sequence[float]) -> ValueAxis:
    if measure.high == 10:
        return ValueAxis(measure.low, measure.high, _TEN_BY, measure.unit)
    return ValueAxis.around(values, unit=measure.unit)


def _goals(measure: Measure, shown: Sequence[Sequence[Recorded]], evidence: Evidence) -> tuple[Goal, ...]:
    """From where a change counts, in a chart of one thing; in one of several each would need its own."""
    size = measure.significant(evidence)
    if len(shown) != 1 or size is None or measure.evidence is None:
        return ()
    start = shown[0][0].outcome.value
    name = say("Progress that counts (%(row)s)", row=measure.evidence[0])
    if measure.lower_is_better:
        return (Goal(measure.low, start - size, name),) if start - size > measure.low else ()
    return (Goal(start + size, measure.high, name),) if start + size < measure.high else ()


def _summary(measure: Measure, measured: Sequence[Recorded], zone: str) -> Text:
    """One sentence for those who do not see the picture, of what was measured last."""
    first, last = measured[0].outcome, measured[-1].outcome
    said = say_many(
        "%(num)s value, from %(before)s on %(first)s to %(now)s on %(last)s.",
        "%(num)s values, from %(before)s on %(first)s to %(now)s on %(last)s.",
        len(measured),
        before=measure.said(first.value),
        first=day_short(local_day(first.measured_at, zone)),
        now=measure.said(last.value),
        last=day_short(local_day(last.measured_at, zone)),
    )
    return say("%(about)s: %(values)s", about=last.about, values=said) if last.about else said
