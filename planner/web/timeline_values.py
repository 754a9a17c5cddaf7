"""The values of the course picture: what goes in, and the view model an SVG macro draws."""

from dataclasses import dataclass
from datetime import date

from planner.web.looks import phase_look, state_look


@dataclass(frozen=True)
class TimelineSession:
    """One session to draw.

    Args:
        position: its number in the course as people count, from 1.
        day: clinic-local date it is on; for one that is `unplaced`, its target.
        target_day: its ideal date, or None where none was set.
        state: a FHIR Appointment status, or `unplaced`.
        phase: intensive, taper or maintenance.
        label: what is said of it, e.g. "Session 3, Tue 24 Nov, 10:00 with Ben".
    Raises:
        ValueError: the position is below 1, or state or phase is unknown.
    """

    position: int
    day: date
    target_day: date | None
    state: str
    phase: str
    label: str

    def __post_init__(self) -> None:
        if self.position < 1:
            raise ValueError(f"positions count from 1, not {self.position}")
        state_look(self.state)
        phase_look(self.phase)


@dataclass(frozen=True)
class TimelineLine:
    """One course on the axis; a name only where there are two, such as Before and After."""

    name: str
    sessions: tuple[TimelineSession, ...]


@dataclass(frozen=True)
class Segment:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True)
class Text:
    """Words, starting at x on the base line y."""

    x: float
    y: float
    words: str


@dataclass(frozen=True)
class Band:
    """The stretch of one phase, with its edge along the bottom."""

    x: float
    y: float
    width: float
    height: float
    phase: str
    label: Text | None
    edge: Segment


@dataclass(frozen=True)
class Mark:
    """A session: a 16 × 16 shape with its corner at x, y, and its number above where there is room."""

    x: float
    y: float
    shape: str
    tone: str
    phase: str
    title: str
    number: Text | None


@dataclass(frozen=True)
class Strip:
    """One line of a row: bands with the marks on them and the targets under them."""

    name: Text | None
    bands: tuple[Band, ...]
    marks: tuple[Mark, ...]
    targets: tuple[Segment, ...]
    shifts: tuple[Segment, ...]


@dataclass(frozen=True)
class Row:
    """One stretch of the time axis with all its lines."""

    strips: tuple[Strip, ...]
    moves: tuple[Segment, ...]
    axis: Segment
    weeks: tuple[Segment, ...]
    months: tuple[Text, ...]
    today: Segment | None
    today_label: Text | None


@dataclass(frozen=True)
class Picture:
    """One SVG."""

    width: int
    height: int
    rows: tuple[Row, ...]

    @property
    def view_box(self) -> str:
        """The SVG's viewBox, with room for a line's thickness at both sides."""
        return f"-2 0 {self.width + 4} {self.height}"


@dataclass(frozen=True)
class Timeline:
    """The course for every reader: pictures for three widths, one sentence, and the lines as a list."""

    title: str
    summary: str
    lines: tuple[TimelineLine, ...]
    wide: Picture
    medium: Picture
    narrow: Picture

    @property
    def states(self) -> tuple[str, ...]:
        """The states that occur, each once, for the legend."""
        return tuple(dict.fromkeys(session.state for line in self.lines for session in line.sessions))
