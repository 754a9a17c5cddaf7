"""The values of an estimate and their JSON: ranges, phases, courses side by side, and the reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from planner.care.course import (
    LONGEST_VISIT_MINUTES,
    MOST_SESSIONS,
    Phase,
    PhaseName,
    fixed_sessions,
    phases_from_json,
    phases_to_json,
    plan_sessions,
    target_days,
)
from planner.care.reading import read_choice, read_each, read_object, read_text, read_whole, required, within
from planner.errors import InvalidInput
from planner.words import part_of, say

LONGEST_COURSE_WEEKS = 520
CONTRADICTION = "contradiction: "
"""Begins the effect of a reason that says which answers do not go together."""


class About(StrEnum):
    """Which number of an estimate a reason is about; the names of phases are those of `PhaseName`."""

    SESSIONS = "sessions"
    WEEKS = "weeks"
    INTENSIVE = "intensive"
    TAPER = "taper"
    MAINTENANCE = "maintenance"
    FIRST_VISIT = "first_visit"
    LATER_VISITS = "later_visits"
    REVIEWS = "reviews"
    ALL = "all"


@dataclass(frozen=True)
class Reason:
    """Why a number is what it is: the evidence row's id, what it says, its effect here, and which number it moved."""

    evidence: str
    says: str
    effect: str
    about: About = About.ALL

    @classmethod
    def from_json(cls, data: object) -> "Reason":
        """Read {"evidence", "says", "effect"}, and "about" if there. Raises: InvalidInput naming the key."""
        names = ("evidence", "says", "effect")
        values = read_object(data, (*names, "about"), "A reason")
        about = within("about", read_choice, values.get("about", About.ALL.value), About)
        return cls(**{name: within(name, read_text, required(values, name)) for name in names}, about=about)

    def to_json(self) -> dict[str, object]:
        """As `from_json` reads it."""
        return {"evidence": self.evidence, "says": self.says, "effect": self.effect, "about": self.about.value}


@dataclass(frozen=True)
class SessionRange:
    """Fewest, expected and most sessions. Raises: InvalidInput if they are not in that order."""

    low: int
    expected: int
    high: int

    def __post_init__(self) -> None:
        if not 1 <= self.low <= self.expected <= self.high <= MOST_SESSIONS:
            raise InvalidInput(say("The sessions must rise from low over expected to high."), field="expected")


@dataclass(frozen=True)
class WeekRange:
    """Fewest and most weeks. Raises: InvalidInput if they are not in that order."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if not 1 <= self.low <= self.high <= LONGEST_COURSE_WEEKS:
            raise InvalidInput(say("The weeks must rise from low to high."), field="low")


@dataclass(frozen=True)
class CourseOutline:
    """One course of the range: its phases without maintenance."""

    phases: tuple[Phase, ...]

    @property
    def sessions(self) -> int:
        """How many sessions it has."""
        return fixed_sessions(self.phases)

    @property
    def targets(self) -> tuple[int, ...]:
        """Each session's target in whole days from the first session."""
        # The lengths of the visits do not change their days.
        return target_days(plan_sessions(self.phases, 1, 1, 0))

    @property
    def span_days(self) -> int:
        """Days from the first session to the last."""
        return self.targets[-1]

    @classmethod
    def from_json(cls, data: object) -> "CourseOutline":
        """Read {"sessions", "targets", "phases"}. Raises: InvalidInput, also if they contradict each other."""
        values = read_object(data, ("sessions", "targets", "phases"), "A course")
        outline = cls(within("phases", phases_from_json, required(values, "phases")))
        for name, value in outline.to_json().items():
            if required(values, name) != value:
                raise InvalidInput(say("%(name)s does not follow from the phases.", name=name), field=name)
        return outline

    def to_json(self) -> dict[str, object]:
        """As `from_json` reads it."""
        return {"sessions": self.sessions, "targets": list(self.targets), "phases": phases_to_json(self.phases)}


@dataclass(frozen=True)
class Courses:
    """The low, the expected and the high course."""

    low: CourseOutline
    expected: CourseOutline
    high: CourseOutline

    @property
    def all(self) -> tuple[CourseOutline, CourseOutline, CourseOutline]:
        """Low, expected, high."""
        return self.low, self.expected, self.high


@dataclass(frozen=True)
class Estimate:
    """What a patient probably needs, and why.

    Args:
        phases: the expected course, with maintenance where it follows.
        review_at_sessions: sessions counted from 1 at which the therapist reviews the course, rising.
        courses: the low, expected and high course side by side.
        reasons: one for each number and each factor, in an order to be read.
    Raises:
        InvalidInput: the parts contradict each other.
    """

    sessions: SessionRange
    weeks: WeekRange
    first_visit_minutes: int
    visit_minutes: int
    review_at_sessions: tuple[int, ...]
    phases: tuple[Phase, ...]
    courses: Courses
    reasons: tuple[Reason, ...]

    def __post_init__(self) -> None:
        if tuple(course.sessions for course in self.courses.all) != (
            self.sessions.low,
            self.sessions.expected,
            self.sessions.high,
        ):
            raise InvalidInput(say("The courses do not have the sessions of the range."), field="courses")
        if (
            tuple(phase for phase in self.phases if phase.name is not PhaseName.MAINTENANCE)
            != self.courses.expected.phases
        ):
            raise InvalidInput(say("The phases are not those of the expected course."), field="phases")

    @property
    def contradictions(self) -> tuple[str, ...]:
        """What does not go together in the answers, and is said without being refused."""
        effects = (reason.effect for reason in self.reasons)
        return tuple(
            part_of(effect, "what") or effect.removeprefix(CONTRADICTION)
            for effect in effects
            if effect.startswith(CONTRADICTION)
        )

    @classmethod
    def from_json(cls, data: object) -> "Estimate":
        """Read an estimate as `to_json` wrote it. Raises: InvalidInput naming the key, dotted where nested."""
        values = read_object(data, _KEYS, "An estimate")
        low, expected, high = _wholes(values, "sessions", ("low", "expected", "high"), MOST_SESSIONS)
        weeks_low, weeks_high = _wholes(values, "weeks", ("low", "high"), LONGEST_COURSE_WEEKS)
        return cls(
            sessions=within("sessions", SessionRange, low, expected, high),
            weeks=within("weeks", WeekRange, weeks_low, weeks_high),
            first_visit_minutes=_minutes(values, "first_visit_minutes"),
            visit_minutes=_minutes(values, "visit_minutes"),
            review_at_sessions=within("review_at_sessions", _reviews, required(values, "review_at_sessions")),
            phases=within("phases", phases_from_json, required(values, "phases")),
            courses=within("courses", _courses, required(values, "courses")),
            reasons=within("reasons", _reasons, required(values, "reasons")),
        )

    def to_json(self) -> dict[str, object]:
        """As `from_json` reads it."""
        return {
            "sessions": {"low": self.sessions.low, "expected": self.sessions.expected, "high": self.sessions.high},
            "weeks": {"low": self.weeks.low, "high": self.weeks.high},
            "first_visit_minutes": self.first_visit_minutes,
            "visit_minutes": self.visit_minutes,
            "review_at_sessions": list(self.review_at_sessions),
            "phases": phases_to_json(self.phases),
            "reasons": [reason.to_json() for reason in self.reasons],
            "courses": {
                "low": self.courses.low.to_json(),
                "expected": self.courses.expected.to_json(),
                "high": self.courses.high.to_json(),
            },
        }


_KEYS = (
    "sessions",
    "weeks",
    "first_visit_minutes",
    "visit_minutes",
    "review_at_sessions",
    "phases",
    "reasons",
    "courses",
)


def _minutes(values: Mapping[str, object], name: str) -> int:
    return within(name, read_whole, required(values, name), 1, LONGEST_VISIT_MINUTES)


def _wholes(values: Mapping[str, object], key: str, names: tuple[str, ...], most: int) -> tuple[int, ...]:
    def read(data: object) -> tuple[int, ...]:
        inner = read_object(data, names, key)
        return tuple(within(name, read_whole, required(inner, name), 1, most) for name in names)

    return within(key, read, required(values, key))


def _reviews(data: object) -> tuple[int, ...]:
    return read_each(data, _session_number, "The reviews")


def _session_number(value: object) -> int:
    return read_whole(value, 1, MOST_SESSIONS)


def _reasons(data: object) -> tuple[Reason, ...]:
    return read_each(data, Reason.from_json, "The reasons")


def _courses(data: object) -> Courses:
    names = ("low", "expected", "high")
    values = read_object(data, names, "The courses")
    return Courses(*(within(name, CourseOutline.from_json, required(values, name)) for name in names))
