"""Sessions that must stay exactly where they are: the locked ones, and those a person has put somewhere by hand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from planner.errors import InvalidInput
from planner.scheduling import words
from planner.scheduling.board import Place
from planner.scheduling.course_model import CourseModel
from planner.scheduling.problem import Placed
from planner.scheduling.wall import gap_seconds


@dataclass(frozen=True, slots=True)
class Pins:
    """Fixed places by session."""

    places: Mapping[int, Place]


def pins_of(model: CourseModel, pinned: Mapping[int, Placed]) -> Pins:
    """Return the locked and the pinned sessions, each checked by itself against the diary.

    Raises:
        InvalidInput: one of them breaks a rule; the message says which and how.
    """
    course, fixed = model.course, dict(pinned)
    for number, current in model.current.items():
        if current.locked:
            here = Placed(course.id, number, current.practitioner, current.room, current.start)
            if fixed.setdefault(number, here) != here:
                raise InvalidInput(f"Course {course.id}: session {number + 1} is locked and can't be put elsewhere.")
    for number, placed in sorted(fixed.items()):
        trouble = _trouble(model, number, placed)
        if trouble:
            when = words.moment(placed.start)
            message = f"Course {course.id}: session {number + 1} is fixed on {when}, but {trouble}."
            raise InvalidInput(message, field=f"courses.{course.id}.current")
    for before, after in pairwise(sorted(fixed)):
        _refuse_too_near(model, fixed[before], fixed[after])
    return Pins({number: model.board.place_of(course, placed) for number, placed in sorted(fixed.items())})


def no_valid_plan(course: str, fixed: Iterable[int]) -> InvalidInput:
    """Return the refusal of a course which has no plan that keeps these sessions where they are, even alone."""
    sessions = ", ".join(f"session {number + 1}" for number in sorted(fixed))
    return InvalidInput(
        f"Course {course}: with the fixed appointments ({sessions}) where they are, the sessions between or"
        " before them have no legal place.",
        field=f"courses.{course}.current",
    )


def _refuse_too_near(model: CourseModel, before: Placed, after: Placed) -> None:
    """Refuse two fixed sessions between which there is less time than they and those between them need."""
    course, grid = model.course, model.board.grid
    between = course.sessions[before.session + 1 : after.session + 1]
    hours = course.min_gap_hours * len(between)
    days = sum(session.gap.min for session in between if session.gap)
    place, later = (model.board.place_of(course, each) for each in (before, after))
    moments = grid.instant.reshape(-1)
    rested = int(moments[later.cell]) - int(moments[place.cell]) >= len(between) * gap_seconds(course.min_gap_hours)
    if rested and (after.start.date() - before.start.date()).days >= days and later.cell >= place.cell + place.need:
        return
    raise InvalidInput(
        f"Course {course.id}: session {after.session + 1} is fixed on {words.moment(after.start)}, but that is too near"
        f" to session {before.session + 1}, fixed on {words.moment(before.start)}: at least {hours:g} hours and"
        f" {words.days(days)} must lie between them.",
        field=f"courses.{course.id}.current",
    )


def _trouble(model: CourseModel, number: int, placed: Placed) -> str | None:
    """Say which rule a fixed appointment breaks by itself, or None."""
    board, course = model.board, model.course
    if not 0 <= number < model.count:
        return "the course has no such session"
    if placed.practitioner not in course.practitioners:
        return f"{words.practitioner(board.problem, placed.practitioner)} is not one of the course's practitioners"
    if placed.room not in board.room:
        return f"there is no room {placed.room}"
    place = board.place_of(course, placed)
    if not board.inside(place) or board.grid.wall(place.cell) != placed.start:
        return "this is outside the horizon or off the grid"
    day, cell = divmod(place.cell, board.grid.cells)
    if not board.grid.exists[day, cell]:
        return "the clock skips this time"
    if not board.person_fits(place):
        return f"{words.practitioner(board.problem, placed.practitioner)} is not free then"
    if not board.fits(place):
        return f"room {words.room(board.problem, placed.room)} is not free then"
    return _patient_trouble(model, number, place)


def _patient_trouble(model: CourseModel, number: int, place: Place) -> str | None:
    spot = model.spot(place)
    minutes = model.course.sessions[number].minutes
    if spot is None or model.patient[minutes][spot[1:]] >= model.never:
        return "the patient can't come then"
    if number == 0 and model.first[spot[1:]] >= model.never:
        return "this is before the earliest day or too soon after the session before"
    return None
