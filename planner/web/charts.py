"""Charts: values in, a view model of an SVG out (lines over time, bars, dots with ranges); templates only draw."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from planner.web.chart_values import (
    SHAPES,
    Bar,
    Block,
    Chart,
    Dot,
    DotRow,
    Drawing,
    Goal,
    Key,
    Listed,
    Path,
    Point,
    Series,
    Spread,
    Stroke,
    ValueAxis,
    Words,
)
from planner.web.formats import day_short, month_short, number

__all__ = [
    "Bar",
    "Chart",
    "DotRow",
    "Goal",
    "Point",
    "Series",
    "Spread",
    "ValueAxis",
    "bar_chart",
    "dot_chart",
    "line_chart",
]

# All lengths are SVG user units, about CSS pixels: the stylesheet shows the widest picture that fits.
_WIDE: Final = 880
_MEDIUM: Final = 560
_NARROW: Final = 320

_PLOT: Final = 168
# A number above a mark at the very top still stands in the picture.
_TOP: Final = 26
_FOOT: Final = 26
_AFTER: Final = 14
_LINE: Final = 22
_BAR: Final = 16
_SPREAD: Final = 18
_ROW_GAP: Final = 12
_MARK_REACH: Final = 14
# A course of one day still has a length.
_FEWEST_DAYS: Final = 14


def line_chart(
    title: str,
    summary: str,
    series: Sequence[Series],
    axis: ValueAxis,
    first: date,
    last: date,
    *,
    goals: Sequence[Goal] = (),
    notches: Sequence[date] = (),
    notch_name: str = "",
    monthly: bool = False,
) -> Chart:
    """Values over time.

    Args:
        summary: one sentence for those who do not see the picture.
        series: up to four, each with a point or more.
        first: the first day of the picture; `last`: its last. Points outside are drawn at its edge.
        goals: stretches of the value axis to be marked.
        notches: days marked on the axis of time, such as those of treatments; `notch_name` says what they are.
        monthly: each point stands for the month that begins on its day.
    Raises:
        ValueError: there is nothing to draw, or more series than can be told apart.
    """
    _check_series(len(series), all(each.points for each in series))
    last = max(last, first + timedelta(days=_FEWEST_DAYS))

    def drawn(width: int) -> Drawing:
        return _lines(series, axis, first, last, goals, notches, width, _month if monthly else day_short)

    keys = [Key(SHAPES[index], f"series-{index}", each.name) for index, each in enumerate(series) if each.name]
    keys += [Key("band", "goal", goal.name) for goal in goals]
    keys += [Key("notch", "notch", notch_name)] if notches and notch_name else []
    numbers = tuple(Listed(each.name, tuple(point.words for point in each.points)) for each in series)
    return _chart(title, summary, drawn, keys, numbers)


def bar_chart(title: str, summary: str, bars: Sequence[Bar], axis: ValueAxis) -> Chart:
    """Values by name, the longest bar the largest; the axis has to hold zero, from which bars grow.

    Raises:
        ValueError: there is no bar, or the axis does not hold zero.
    """
    if not bars or not axis.low <= 0 <= axis.high:
        raise ValueError("bars grow from zero, and there has to be one")

    def drawn(width: int) -> Drawing:
        return _bars(bars, axis, width)

    return _chart(title, summary, drawn, [], (Listed("", tuple(bar.words for bar in bars)),))


def dot_chart(title: str, summary: str, rows: Sequence[DotRow], axis: ValueAxis) -> Chart:
    """Ranges with their middle by name, a line each for every series.

    Raises:
        ValueError: there is nothing to draw, or more series than can be told apart.
    """
    names = tuple(dict.fromkeys(spread.name for row in rows for spread in row.spreads))
    _check_series(len(names), all(row.spreads for row in rows))

    def drawn(width: int) -> Drawing:
        return _dots(rows, names, axis, width)

    keys = [Key(SHAPES[index], f"series-{index}", name) for index, name in enumerate(names)]
    numbers = tuple(Listed(row.name, tuple(spread.words for spread in row.spreads)) for row in rows)
    return _chart(title, summary, drawn, keys, numbers)


def _check_series(found: int, drawable: bool) -> None:
    if not 1 <= found <= len(SHAPES) or not drawable:
        raise ValueError(f"a chart shows 1 to {len(SHAPES)} series with values, not {found}")


def _chart(
    title: str, summary: str, drawn: Callable[[int], Drawing], keys: Sequence[Key], numbers: tuple[Listed, ...]
) -> Chart:
    return Chart(title, summary, drawn(_WIDE), drawn(_MEDIUM), drawn(_NARROW), tuple(keys), numbers)


def _wide(words: str) -> float:
    """About how wide words in 14 units are; a little too much rather than too little."""
    return 8.4 * len(words) + 2


def _tick_words(axis: ValueAxis) -> list[str]:
    """The numbers of the axis, the unit behind the highest."""
    words = [number(tick) for tick in axis.ticks]
    return [*words[:-1], words[-1] + axis.unit]


def _cut(words: str, width: float) -> str:
    """As much of the words as fits; all of them stand in the list below the picture."""
    room = int((width - 2) / 8.4)
    return words if len(words) <= room else f"{words[: max(room - 1, 1)].rstrip()}…"


def _lines(
    series: Sequence[Series],
    axis: ValueAxis,
    first: date,
    last: date,
    goals: Sequence[Goal],
    notches: Sequence[date],
    width: int,
    named: Callable[[date], str],
) -> Drawing:
    ticks = _tick_words(axis)
    left = round(max(map(_wide, ticks)) + 8)
    bottom = _TOP + _PLOT

    def across(day: date) -> float:
        share = min(max((day - first).days / (last - first).days, 0.0), 1.0)
        return round(left + _MARK_REACH + share * (width - left - 2 * _MARK_REACH), 1)

    def up(value: float) -> float:
        return round(bottom - axis.share(value) * _PLOT, 1)

    blocks = tuple(
        Block(left, up(goal.high), width - left, round(up(goal.low) - up(goal.high), 1), "goal", goal.name)
        for goal in goals
        if up(goal.low) > up(goal.high)
    )
    grid = [Stroke(left, up(tick), width, up(tick), "grid") for tick in axis.ticks[1:]]
    base = Stroke(left, bottom, width, bottom, "axis")
    cuts = [Stroke(across(day), bottom, across(day), bottom + 7, "notch") for day in sorted(set(notches))]
    paths, dots, values = _drawn_series(series, across, up)
    labels = [Words(left - 8, up(tick) + 5, said, "end tick") for tick, said in zip(axis.ticks, ticks, strict=True)]
    days = _days(first, last, named, across, bottom + _FOOT - 2, left, width)
    return Drawing(
        width,
        bottom + _FOOT + 4,
        blocks=blocks,
        strokes=(*grid, base, *cuts),
        paths=paths,
        dots=dots,
        words=(*labels, *days, *values),
    )


def _drawn_series(
    series: Sequence[Series], across: Callable[[date], float], up: Callable[[float], float]
) -> tuple[tuple[Path, ...], tuple[Dot, ...], tuple[Words, ...]]:
    """Each series as a line with a mark at every value; the first and the last one say their number."""
    paths, dots = [], []
    for index, each in enumerate(series):
        look = f"series-{index}"
        places = [(across(point.day), up(point.value), point) for point in each.points]
        if len(places) > 1:
            paths.append(Path(" ".join(f"{x:g},{y:g}" for x, y, _ in places), look))
        dots += [Dot(x, y, SHAPES[index], look, point.words) for x, y, point in places]
    ends = [[each.points[0] for each in series], [each.points[-1] for each in series if len(each.points) > 1]]
    values = tuple(words for points in ends for words in _said(points, across, up))
    return tuple(paths), tuple(dots), values


def _said(points: Sequence[Point], across: Callable[[date], float], up: Callable[[float], float]) -> Iterator[Words]:
    """The number of the highest value above its mark, of the lowest below; those between would run into them."""
    if not points:
        return
    highest, lowest = max(points, key=lambda point: point.value), min(points, key=lambda point: point.value)
    x, y = across(highest.day), up(highest.value)
    yield Words(x, round(y - 11, 1), number(highest.value), "middle value")
    if lowest.value < highest.value:
        yield Words(across(lowest.day), round(up(lowest.value) + 22, 1), number(lowest.value), "middle value")


def _days(
    first: date,
    last: date,
    named: Callable[[date], str],
    across: Callable[[date], float],
    y: float,
    left: float,
    width: float,
) -> tuple[Words, ...]:
    """The first and the last day, and the months between them where there is room."""
    begin, end = named(first), named(last)
    texts = [Words(left, y, begin, "begin tick")]
    free_from, free_to = left + _wide(begin) + 8, width - _wide(end) - 8
    for offset in range(1, (last - first).days):
        day = first + timedelta(days=offset)
        words = _month(day)
        if day.day == 1 and free_from <= across(day) <= free_to - _wide(words):
            texts.append(Words(across(day), y, words, "begin tick"))
            free_from = across(day) + _wide(words) + 8
    # All of it may be one month.
    return (*texts, Words(width, y, end, "end tick")) if end != begin else tuple(texts)


def _month(day: date) -> str:
    """A month's name; January's with the year that begins."""
    return f"{month_short(day)} {day.year}" if day.month == 1 else month_short(day)


def _bars(bars: Sequence[Bar], axis: ValueAxis, width: int) -> Drawing:
    values = [number(bar.value) + axis.unit for bar in bars]
    # The numbers stand behind the bars, so the axis ends before the widest of them.
    length = width - max(map(_wide, values)) - 8

    def across(value: float) -> float:
        return round(axis.share(value) * length, 1)

    blocks, words = [], []
    y = 0
    for bar, value in zip(bars, values, strict=True):
        words.append(Words(0, y + 15, _cut(bar.name, width), "begin name"))
        start, end = sorted((across(0.0), across(bar.value)))
        blocks.append(Block(start, y + _LINE, round(end - start, 1), _BAR, f"bar tone-{bar.tone}", bar.words))
        words.append(Words(round(end + 6, 1), y + _LINE + 13, value, "begin value"))
        y += _LINE + _BAR + _ROW_GAP
    grid, ticks = _bottom_axis(axis, across, y, length)
    return Drawing(width, y + _FOOT, blocks=tuple(blocks), strokes=grid, words=(*words, *ticks))


def _dots(rows: Sequence[DotRow], names: Sequence[str], axis: ValueAxis, width: int) -> Drawing:
    length = width - _AFTER

    def across(value: float) -> float:
        return round(_AFTER / 2 + axis.share(value) * (length - _AFTER / 2), 1)

    strokes, dots, words = [], [], []
    y = 0
    for row in rows:
        words.append(Words(0, y + 15, _cut(row.name, width), "begin name"))
        y += _LINE
        for spread in row.spreads:
            index = names.index(spread.name)
            look, middle = f"series-{index}", y + _SPREAD / 2
            strokes.append(Stroke(across(spread.low), middle, across(spread.high), middle, f"spread {look}"))
            strokes += [
                Stroke(across(end), middle - 4, across(end), middle + 4, f"spread-end {look}")
                for end in (spread.low, spread.high)
            ]
            dots.append(Dot(across(spread.middle), middle, SHAPES[index], look, f"{row.name}: {spread.words}"))
            y += _SPREAD
        y += _ROW_GAP
    grid, ticks = _bottom_axis(axis, across, y, width)
    return Drawing(width, y + _FOOT, strokes=(*grid, *strokes), dots=tuple(dots), words=(*words, *ticks))


def _bottom_axis(
    axis: ValueAxis, across: Callable[[float], float], y: float, width: float
) -> tuple[tuple[Stroke, ...], tuple[Words, ...]]:
    """Lines down from the top at every tick, with the numbers that have room below them."""
    grid = [Stroke(across(tick), 0, across(tick), y, "grid") for tick in axis.ticks]
    words: list[Words] = []
    free_from = 0.0
    for tick, said in zip(axis.ticks, _tick_words(axis), strict=True):
        half = _wide(said) / 2
        x = round(min(max(across(tick), half), width - half), 1)
        if x - half >= free_from:
            words.append(Words(x, y + 18, said, "middle tick"))
            free_from = x + half + 6
    return (*grid, Stroke(0, y, round(width, 1), y, "axis")), tuple(words)
