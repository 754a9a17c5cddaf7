"""Sessions that must stay exactly where they are: the locked ones, and those a person has put somewhere by hand."""

from collections.abc import Mapping
from dataclasses import dataclass

from planner.errors import InvalidInput
from planner.scheduling import words
from planner.scheduling.board import Place
from planner.scheduling.course_model import CourseModel
from planner.scheduling.problem import Placed


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
    return Pins({number: model.board.place_of(course, placed) for number, placed in sorted(fixed.items())})


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
