"""The course as a picture: values in, a view model of an SVG out; all arithmetic is done here, none in templates."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import Final

from planner.web.formats import counted, day_short, day_year, monday, month_short
from planner.web.looks import PHASES, state_look
from planner.web.timeline_values import (
    Band,
    Mark,
    Picture,
    Row,
    Segment,
    Strip,
    Text,
    Timeline,
    TimelineLine,
    TimelineSession,
)
from planner.words import listing, say

__all__ = ["Timeline", "TimelineLine", "TimelineSession", "build_timeline"]

# All lengths are SVG user units, about CSS pixels: the stylesheet shows the widest picture that fits.
_WIDE: Final = 880
_MEDIUM: Final = 560
_NARROW: Final = 320
# The days get no narrower than this; then the axis is folded into rows.
_LEAST_PER_DAY: Final = 5.5
# A marker is 16 wide, so two needlings at the shortest gap of two days still stand apart at this scale.
_MOST_PER_DAY: Final = 16.0
# More rows than this is no picture any more; then the days get narrower instead.
_MOST_ROWS: Final = 8

# The words of the states as they stand within a sentence.
_WITHIN: Final = MappingProxyType(
    {
        "proposed": say("proposed"),
        "pending": say("to be answered"),
        "booked": say("booked"),
        "arrived": say("arrived"),
        "checked-in": say("checked in"),
        "fulfilled": say("done"),
        "noshow": say("missed"),
        "cancelled": say("cancelled"),
        "waitlist": say("waiting list"),
        "entered-in-error": say("entered in error"),
        "unplaced": say("to place"),
    }
)

_TODAY_STRIP: Final = 20
_NAME_STRIP: Final = 24
_PHASE_STRIP: Final = 22
_BAND: Final = 46
_TICKS: Final = 16
_AXIS: Final = 26
_ROW_GAP: Final = 10

# Today further from the course than this would squeeze the sessions together.
_TODAY_REACH: Final = timedelta(days=28)


def build_timeline(title: str, lines: Sequence[TimelineLine], today: date, *, moves: bool = True) -> Timeline:
    """Draw one or more courses over the same days.

    Args:
        title: what the picture shows, e.g. "Ana's course".
        lines: each with at least one session, in the order they stand below each other.
        today: the clinic's local date.
        moves: whether the lines are one course at different times, so that a session leads from one to the next.
    Raises:
        ValueError: there is no line, or a line without sessions.
    """
    if not lines or not all(line.sessions for line in lines):
        raise ValueError("a timeline needs at least one line, and each line a session")
    ordered = tuple(TimelineLine(line.name, _in_order(line.sessions)) for line in lines)
    first, days = _extent(ordered, today)
    return Timeline(
        title=title,
        summary=listing([_summary(line, today) for line in ordered], " "),
        lines=ordered,
        wide=_picture(ordered, first, days, today, _WIDE, moves=moves),
        medium=_picture(ordered, first, days, today, _MEDIUM, moves=moves),
        narrow=_picture(ordered, first, days, today, _NARROW, moves=moves),
    )


def _in_order(sessions: Iterable[TimelineSession]) -> tuple[TimelineSession, ...]:
    return tuple(sorted(sessions, key=lambda session: (session.day, session.position)))


def _extent(lines: Iterable[TimelineLine], today: date) -> tuple[date, int]:
    """The first Monday and the number of days, in whole weeks."""
    shown = [day for line in lines for session in line.sessions for day in (session.day, session.target_day) if day]
    if min(shown) - _TODAY_REACH <= today <= max(shown) + _TODAY_REACH:
        shown.append(today)
    first = monday(min(shown))
    return first, (monday(max(shown)) - first).days + 7


def _summary(line: TimelineLine, today: date) -> str:
    """One sentence for those who do not see the picture."""
    states = [state_look(session.state).word for session in line.sessions]
    parts = listing(
        (say("%(num)s %(state)s", num=states.count(word), state=word) for word in dict.fromkeys(states)), ", "
    )
    first, last = line.sessions[0].day, line.sessions[-1].day
    said = say(
        "%(sessions)s from %(first)s to %(last)s: %(parts)s. Today is %(today)s.",
        sessions=counted(len(states), "session"),
        first=day_year(first),
        last=day_year(last),
        parts=parts,
        today=day_short(today),
    )
    return say("%(name)s: %(words)s", name=line.name, words=said) if line.name else said


@dataclass(frozen=True)
class _Scale:
    """Where a day of one row stands."""

    first: date
    days: int
    per_day: float

    def edge(self, day: date) -> float:
        """The x at which a day begins, kept inside the row."""
        inside = min(max((day - self.first).days, 0), self.days)
        return round(inside * self.per_day, 1)

    def middle(self, day: date) -> float:
        """The x of a day's noon."""
        return round(((day - self.first).days + 0.5) * self.per_day, 1)

    def holds(self, day: date) -> bool:
        """Whether the day is in this row."""
        return 0 <= (day - self.first).days < self.days

    @property
    def end(self) -> date:
        """The first day after the row."""
        return self.first + timedelta(days=self.days)

    @property
    def width(self) -> float:
        """The length of the row's axis."""
        return round(self.days * self.per_day, 1)


def _picture(lines: Sequence[TimelineLine], first: date, days: int, today: date, width: int, *, moves: bool) -> Picture:
    """Fold the days into as few rows of whole weeks as stay readable."""
    weeks = days // 7
    rows = min(math.ceil(days * _LEAST_PER_DAY / width), _MOST_ROWS)
    weeks_a_row = math.ceil(weeks / rows)
    per_day = min(width / (weeks_a_row * 7), _MOST_PER_DAY)
    drawn, top = [], 0.0
    for start in range(0, weeks, weeks_a_row):
        scale = _Scale(first + timedelta(weeks=start), min(weeks_a_row, weeks - start) * 7, per_day)
        drawn.append(_row(lines, scale, today, top, moves=moves))
        top = drawn[-1].axis.y1 + _AXIS + _ROW_GAP
    return Picture(width, round(top - _ROW_GAP), tuple(drawn))


def _row(lines: Sequence[TimelineLine], scale: _Scale, today: date, top: float, *, moves: bool) -> Row:
    has_today = scale.holds(today)
    y = top + (_TODAY_STRIP if has_today else 0)
    strips = []
    bands = []
    for line in lines:
        name_height = _NAME_STRIP if line.name else 0
        band_top = y + name_height + _PHASE_STRIP
        name = Text(0, y + _NAME_STRIP - 8, line.name) if line.name else None
        strips.append(_strip(line, scale, band_top, name))
        bands.append(band_top)
        y = band_top + _BAND + _TICKS
    axis = Segment(0, y, scale.width, y)
    noon = scale.middle(today) if has_today else 0.0
    return Row(
        strips=tuple(strips),
        moves=tuple(
            move
            for (above, below), (y1, y2) in zip(pairwise(lines), pairwise(bands), strict=True)
            if moves
            for move in _moves(above, below, scale, y1 + _BAND, y2)
        ),
        axis=axis,
        weeks=tuple(Segment(x, y, x, y + 5) for x in (scale.edge(day) for day in _weeks(scale))),
        months=tuple(_months(scale, y + _AXIS - 7, with_year=top == 0)),
        today=Segment(noon, top + _TODAY_STRIP, noon, y) if has_today else None,
        today_label=Text(min(max(noon, 22), max(scale.width - 22, 22)), top + 14, say("Today")) if has_today else None,
    )


def _weeks(scale: _Scale) -> list[date]:
    return [scale.first + timedelta(days=offset) for offset in range(0, scale.days + 1, 7)]


def _months(scale: _Scale, y: float, *, with_year: bool) -> list[Text]:
    """A label at the start of the row and of each month in it, where it does not run into the next.

    The year is said at its turn, and once at the start of the picture, by the first label that has room for it.
    """
    starts = [scale.first]
    starts += [day for offset in range(1, scale.days) if (day := scale.first + timedelta(days=offset)).day == 1]
    texts: list[Text] = []
    for day, after in pairwise([*starts, scale.end]):
        room = scale.edge(after) - scale.edge(day)
        with_year = with_year or (day.month, day.day) == (1, 1)
        wordings = [say("%(month)s %(year)s", month=month_short(day), year=day.year)] * with_year + [month_short(day)]
        fitting = [words for words in wordings if _wide(words) <= room]
        if fitting:
            texts.append(Text(scale.edge(day), y, fitting[0]))
            with_year = with_year and fitting[0] != wordings[0]
    return texts


def _wide(words: str) -> float:
    """About how wide words in 14 units are; a little too much rather than too little."""
    return 9.0 * len(words) + 2


def _strip(line: TimelineLine, scale: _Scale, band_top: float, name: Text | None) -> Strip:
    here = [session for session in line.sessions if scale.holds(session.day)]
    tick_top = band_top + _BAND + 3
    targets = sorted({session.target_day for session in line.sessions if session.target_day})
    return Strip(
        name=name,
        bands=tuple(_bands(line, scale, band_top)),
        marks=tuple(_marks(here, scale, band_top)),
        targets=tuple(
            Segment(scale.middle(day), tick_top, scale.middle(day), tick_top + 9) for day in targets if scale.holds(day)
        ),
        shifts=tuple(_shifts(here, scale, tick_top + 4.5)),
    )


def _marks(sessions: Sequence[TimelineSession], scale: _Scale, band_top: float) -> list[Mark]:
    """The sessions of a row; a number is left out where it would run into the one before."""
    marks: list[Mark] = []
    free_from = 0.0
    for session in sessions:
        middle = scale.middle(session.day)
        words = str(session.position)
        left = round(middle - _wide(words) / 2, 1)
        number = Text(middle, band_top + 17, words) if left >= free_from or not marks else None
        if number:
            free_from = left + _wide(words)
        look = state_look(session.state)
        title = say("%(session)s: %(state)s", session=session.label, state=_WITHIN[session.state])
        marks.append(Mark(round(middle - 8, 1), band_top + 22, look.shape, look.tone, session.phase, title, number))
    return marks


def _shifts(sessions: Iterable[TimelineSession], scale: _Scale, y: float) -> list[Segment]:
    """From each target to the day the session came to be on, where the two differ and both are in the row."""
    return [
        Segment(scale.middle(session.target_day), y, scale.middle(session.day), y)
        for session in sessions
        if session.target_day and session.target_day != session.day and scale.holds(session.target_day)
    ]


def _bands(line: TimelineLine, scale: _Scale, band_top: float) -> list[Band]:
    """The phases that reach into the row, each from the middle of the gap before it to the middle of the gap after."""
    runs = [(phase, list(sessions)) for phase, sessions in groupby(line.sessions, key=lambda session: session.phase)]
    borders = [_between(before[-1].day, after[0].day) for (_, before), (_, after) in pairwise(runs)]
    starts = [runs[0][1][0].day - timedelta(days=2), *borders]
    ends = [*borders, runs[-1][1][-1].day + timedelta(days=3)]
    return [
        _band(phase, scale.edge(start), scale.edge(end), band_top)
        for (phase, _), start, end in zip(runs, starts, ends, strict=True)
        if start < scale.end and end > scale.first
    ]


def _between(last: date, first: date) -> date:
    """The border of two phases, half-way between the last session of one and the first of the next."""
    return last + (first - last + timedelta(days=1)) // 2


def _band(phase: str, left: float, right: float, top: float) -> Band:
    look = PHASES[phase]
    # The word where it fits, else the letter, else the pattern of the edge alone.
    wordings = (say("%(letter)s %(word)s", letter=look.letter, word=look.word), look.letter)
    fitting = [words for words in wordings if _wide(words) <= right - left]
    label = Text(left, top - 6, fitting[0]) if fitting else None
    edge_y = top + _BAND - 2
    return Band(left, top, round(right - left, 1), _BAND, phase, label, Segment(left, edge_y, right, edge_y))


def _moves(above: TimelineLine, below: TimelineLine, scale: _Scale, y1: float, y2: float) -> list[Segment]:
    """From where a session stands in the upper line to where it stands in the lower, if that is another day."""
    days = {session.position: session.day for session in below.sessions}
    return [
        Segment(scale.middle(session.day), y1, scale.middle(days[session.position]), y2)
        for session in above.sessions
        if days.get(session.position, session.day) != session.day
        and scale.holds(session.day)
        and scale.holds(days[session.position])
    ]
