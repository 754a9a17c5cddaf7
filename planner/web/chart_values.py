"""The values of charts: what goes in, and the view model that templates/macros/charts.html draws."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

# One drawing, one colour and one dash per series; more of them nobody tells apart.
SHAPES: Final = ("circle", "square", "triangle", "diamond")
_STEPS: Final = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class ValueAxis:
    """The numbers a chart is measured by, from `low` to `high`, with a tick every `step`.

    Args:
        unit: what stands behind the highest number, such as "%" or "°"; empty for bare numbers.
    Raises:
        ValueError: the axis has no length, or its step none.
    """

    low: float
    high: float
    step: float
    unit: str = ""

    def __post_init__(self) -> None:
        # Written so that NaN fails too.
        if not (self.low < self.high and 0 < self.step <= self.high - self.low):
            raise ValueError(f"no axis from {self.low:g} to {self.high:g} by {self.step:g}")

    @classmethod
    def around(
        cls, values: Iterable[float], *, unit: str = "", from_zero: bool = True, whole: bool = False, most: int = 6
    ) -> "ValueAxis":
        """An axis of round numbers that holds all values; it starts at zero unless `from_zero` is off.

        Args:
            whole: whether only whole numbers make sense, such as sessions.
            most: how many steps it may have.
        """
        found = list(values) or [0.0]
        low, high = min(found), max(found)
        if from_zero:
            low, high = min(low, 0.0), max(high, 0.0)
        if low == high:
            high += 1
        step = nice_step((high - low) / most, whole=whole)
        # A hair less, so that a value on a tick needs no further one.
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        return cls(first * step, max(last, first + 1) * step, step, unit)

    @property
    def ticks(self) -> tuple[float, ...]:
        """Every step from the lowest number to the highest."""
        steps = math.floor((self.high - self.low) / self.step + 1e-9)
        return tuple(round(self.low + index * self.step, 9) for index in range(steps + 1))

    def share(self, value: float) -> float:
        """How far along the axis a value is, 0 to 1; one beyond an end stands at the end."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


def nice_step(least: float, *, whole: bool = False) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is no smaller than `least`, down to a tenth.

    Numbers on pages have one decimal, so a finer step would have two ticks say the same.
    """
    least = max(least, 1.0 if whole else 0.1)
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (*_STEPS, 20.0) if step * power >= least * (1 - 1e-9))


@dataclass(frozen=True)
class Point:
    """A value on a day, and how it is said: "Tue 24 Nov: 6 of 10, before session 3"."""

    day: date
    value: float
    words: str


@dataclass(frozen=True)
class Series:
    """Values of one kind over time, in order of their days."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Goal:
    """A stretch of the value axis to be marked, such as what counts as progress."""

    low: float
    high: float
    name: str


@dataclass(frozen=True)
class Bar:
    """One value by its name, and how it is said; `tone` is a tone of the stylesheet."""

    name: str
    value: float
    words: str
    tone: str = "accent"


@dataclass(frozen=True)
class Spread:
    """A middle with its range, such as the median and the middle half.

    Raises:
        ValueError: they are not in order.
    """

    name: str
    low: float
    middle: float
    high: float
    words: str

    def __post_init__(self) -> None:
        if not self.low <= self.middle <= self.high:
            raise ValueError(f"{self.low:g}, {self.middle:g}, {self.high:g} are not in order")


@dataclass(frozen=True)
class DotRow:
    """What stands on one line of a dot chart: one spread for each series, below its name."""

    name: str
    spreads: tuple[Spread, ...]


@dataclass(frozen=True)
class Stroke:
    """A straight line; `look` is its class."""

    x1: float
    y1: float
    x2: float
    y2: float
    look: str


@dataclass(frozen=True)
class Path:
    """A line through points, as the attribute of an SVG polyline."""

    points: str
    look: str


@dataclass(frozen=True)
class Block:
    """A rectangle, with what is said of it."""

    x: float
    y: float
    width: float
    height: float
    look: str
    title: str = ""


@dataclass(frozen=True)
class Words:
    """A text on the base line y; `look` says where it starts: begin, middle or end, and what it is."""

    x: float
    y: float
    words: str
    look: str


@dataclass(frozen=True)
class Dot:
    """A mark around x, y."""

    x: float
    y: float
    shape: str
    look: str
    title: str


@dataclass(frozen=True)
class Drawing:
    """One SVG, its parts from back to front."""

    width: int
    height: int
    blocks: tuple[Block, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    paths: tuple[Path, ...] = ()
    dots: tuple[Dot, ...] = ()
    words: tuple[Words, ...] = ()

    @property
    def view_box(self) -> str:
        """The SVG's viewBox, with room for a line's thickness at both sides."""
        return f"-2 0 {self.width + 4} {self.height}"


@dataclass(frozen=True)
class Key:
    """One line of the legend: a shape (or `band`, `notch`), its class and what it stands for."""

    shape: str
    look: str
    name: str


@dataclass(frozen=True)
class Listed:
    """The same numbers in words: a name (empty where there is only one series) and its lines."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Chart:
    """A chart for every reader: pictures for three widths, one sentence, a legend, and the numbers as lists."""

    title: str
    summary: str
    wide: Drawing
    medium: Drawing
    narrow: Drawing
    keys: tuple[Key, ...]
    numbers: tuple[Listed, ...]
