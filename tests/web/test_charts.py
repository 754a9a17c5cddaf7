"""Charts: honest axes, nothing outside the picture, the same numbers for those who do not see it."""

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import html5lib
import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.web.charts import (
    Bar,
    Chart,
    DotRow,
    Goal,
    Point,
    Series,
    Spread,
    ValueAxis,
    bar_chart,
    dot_chart,
    line_chart,
)
from planner.web.formats import day_short

FIRST = date(2026, 11, 3)
NPRS = ValueAxis(0, 10, 2)


def points(*values: float) -> tuple[Point, ...]:
    """One value a week."""
    days = [FIRST + timedelta(weeks=index) for index in range(len(values))]
    return tuple(Point(day, value, f"{day_short(day)}: {value:g}") for day, value in zip(days, values, strict=True))


def pain(*values: float) -> Chart:
    """Pain over as many weeks as there are values."""
    return line_chart(
        "Pain", "Pain from 7 to 3.", [Series("Pain", points(*values))], NPRS, FIRST, FIRST + timedelta(70),
        goals=[Goal(0, 5, "Progress")], notches=[FIRST, FIRST + timedelta(7)], notch_name="Session",
    )  # fmt: skip


def test_less_pain_stands_lower_and_later_stands_further_right():
    """And equal steps are equal lengths."""
    dots = pain(8, 6, 4).wide.dots
    assert [dot.y for dot in dots] == sorted(dot.y for dot in dots)
    down = [round(after.y - before.y, 3) for before, after in pairwise(dots)]
    right = [after.x - before.x for before, after in pairwise(dots)]
    assert down[0] == pytest.approx(down[1], abs=0.2)
    assert right[0] == pytest.approx(right[1], abs=0.2)


def test_the_first_and_the_last_value_say_their_number():
    """Others are read off the axis or in the list."""
    assert [text.words for text in pain(8, 6, 4).narrow.words if "value" in text.look] == ["8", "4"]
    assert [text.words for text in pain(8).narrow.words if "value" in text.look] == ["8"]


def test_every_number_stands_in_the_list_too():
    """As it was said by whoever made the chart."""
    (listed,) = pain(8, 6).numbers
    assert listed.name == "Pain"
    assert listed.lines == ("Tue 3 Nov: 8", "Tue 10 Nov: 6")


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.booleans(), st.booleans())
def test_an_axis_holds_all_values_between_round_numbers(values: list[float], from_zero: bool, whole: bool):
    """Its ticks rise by one step, from its low end to its high one; bars start at zero."""
    axis = ValueAxis.around(values, from_zero=from_zero, whole=whole)
    hair = 1e-6 * axis.step
    assert axis.low <= min(values) + hair
    assert axis.high >= max(values) - hair
    assert axis.ticks[0] == pytest.approx(axis.low)
    assert axis.ticks[-1] == pytest.approx(axis.high)
    assert 2 <= len(axis.ticks) <= 9
    assert not whole or all(tick == int(tick) for tick in axis.ticks)
    assert not from_zero or axis.low <= 0 <= axis.high


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([7, 3], (0, 2, 4, 6, 8)),
        ([0.31], (0, 0.1, 0.2, 0.3, 0.4)),
        ([], (0, 0.2, 0.4, 0.6, 0.8, 1)),
        ([60], tuple(range(0, 61, 10))),
    ],
)
def test_ticks_are_numbers_people_count_in(values: list[float], ticks: tuple[float, ...]):
    """1, 2, 5 and their tens."""
    assert ValueAxis.around(values).ticks == pytest.approx(ticks)


@given(
    st.lists(st.tuples(st.integers(0, 400), st.floats(-5, 15)), min_size=1, max_size=30),
    st.integers(0, 400),
)
def test_nothing_of_a_line_stands_outside_the_picture(found: list[tuple[int, float]], length: int):
    """Whatever the values and however long the course."""
    series = Series("x", tuple(Point(FIRST + timedelta(days=d), v, "x") for d, v in sorted(found)))
    view = line_chart("x", "x", [series], NPRS, FIRST, FIRST + timedelta(days=length))
    for drawing in (view.wide, view.medium, view.narrow):
        assert all(0 <= dot.x <= drawing.width and 0 <= dot.y <= drawing.height for dot in drawing.dots)
        days = [text for text in drawing.words if text.look == "begin tick"]
        assert all(before.x + 8 * len(before.words) <= after.x for before, after in pairwise(days))


def test_months_are_named_as_months():
    """No weekday belongs to a point that stands for all of September."""
    months = [date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)]
    came = Series("Came", tuple(Point(month, 90, "x") for month in months))
    view = line_chart("x", "x", [came], ValueAxis(0, 100, 20), months[0], months[-1], monthly=True)
    days = [text.words for text in view.wide.words if "tick" in text.look and not text.words.isdigit()]
    assert days == ["Sep", "Oct", "Nov", "Dec", "Jan 2027"]
    alone = line_chart("x", "x", [came], ValueAxis(0, 100, 20), months[0], months[0], monthly=True)
    assert [text.words for text in alone.wide.words if text.words == "Sep"] == ["Sep"]


def test_a_goal_is_a_band_between_its_values():
    """From zero to five on an axis of ten it is the lower half."""
    (goal,) = pain(8).wide.blocks
    assert goal.height == pytest.approx(84)
    assert [key.name for key in pain(8).keys] == ["Pain", "Progress", "Session"]


def test_bars_grow_from_zero_and_a_long_name_is_cut_only_in_the_picture():
    """The list has it whole."""
    long = "Riesenschnauzer-Gedächtnisambulanz " * 6
    view = bar_chart(
        "Use", "Use.", [Bar(long, 40, f"{long}: 40 %"), Bar("Ben", 80, "Ben: 80 %")], ValueAxis(0, 100, 20, "%")
    )
    first, second = view.narrow.blocks
    assert second.width == pytest.approx(2 * first.width, abs=0.2)
    assert view.narrow.words[0].words.endswith("…")
    assert view.numbers[0].lines[0] == f"{long}: 40 %"
    with pytest.raises(ValueError, match="zero"):
        bar_chart("Use", "Use.", [Bar("Ben", 80, "80")], ValueAxis(20, 100, 20))


def test_dots_lie_in_their_range_and_each_series_has_its_own_shape():
    """Estimated beside actual."""
    row = DotRow("Chronic pain", (Spread("Estimated", 8, 9, 10, "9"), Spread("Actual", 7, 10, 13, "10")))
    view = dot_chart("Calibration", "x", [row], ValueAxis.around([13], whole=True))
    estimated, actual = view.medium.dots
    assert (estimated.shape, actual.shape) == ("circle", "square")
    spreads = [line for line in view.medium.strokes if line.look.startswith("spread series")]
    assert spreads[1].x1 < spreads[0].x1 < estimated.x < actual.x < spreads[1].x2
    with pytest.raises(ValueError, match="order"):
        Spread("Actual", 9, 8, 10, "x")


def test_a_chart_of_nothing_is_refused():
    """And one of five series, which nobody tells apart."""
    five = [Series(str(index), points(1)) for index in range(5)]
    for series in ([], [Series("x", ())], five):
        with pytest.raises(ValueError, match="series"):
            line_chart("x", "x", series, NPRS, FIRST, FIRST)


@pytest.mark.parametrize(("low", "high", "step"), [(0, 0, 1), (0, 10, 0), (0, 10, 20), (float("nan"), 10, 1)])
def test_an_axis_without_a_length_is_a_bug(low: float, high: float, step: float):
    """NaN too."""
    with pytest.raises(ValueError, match="no axis"):
        ValueAxis(low, high, step)


def test_the_drawing_names_itself_and_escapes_what_people_typed():
    """A title and a sentence for each width, and an activity somebody named with brackets."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parents[2] / "templates"), autoescape=True
    )
    view = line_chart("<b>Stairs</b>", "x", [Series("<b>", points(3, 5))], NPRS, FIRST, FIRST)
    html = str(environment.get_template("macros/charts.html").module.chart(view, "stairs", "The numbers"))
    figure = html5lib.parseFragment(html, namespaceHTMLElements=False)
    titles = [element for element in figure.iter() if element.tag.endswith("title") and element.get("id")]
    assert [(title.get("id"), title.text) for title in titles] == [
        (f"stairs-{width}-title", "<b>Stairs</b>") for width in ("wide", "medium", "narrow")
    ]
    assert [item.text for item in figure.iter("li") if item.get("dir")] == ["Tue 3 Nov: 3", "Tue 10 Nov: 5"]
    assert "<b>" not in html
