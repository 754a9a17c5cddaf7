"""Why a session has no place, in a sentence a receptionist understands."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from planner.scheduling import words
from planner.scheduling.board import Place
from planner.scheduling.course_model import CourseModel
from planner.scheduling.grid import Yes
from planner.scheduling.problem import Unplaced
from planner.scheduling.wall import gap_seconds


def unplaced_of(model: CourseModel, places: Sequence[Place]) -> tuple[Unplaced, ...]:
    """Return the sessions after the placed ones, each with its reason.

    The model's board must show the diary as it is with all other appointments.
    """
    course, first = model.course, len(places)
    if first == model.count:
        return ()
    why = _why(model, places)
    rest = f"Session {first + 1} has no place, and session {{}} comes after it."
    later = (Unplaced(course.id, number, rest.format(number + 1)) for number in range(first + 1, model.count))
    return Unplaced(course.id, first, why), *later


def _why(model: CourseModel, places: Sequence[Place]) -> str:
    """Count the starts that survive each filter in turn, and say the first filter that leaves none."""
    if not model.who:
        return "No start is left: the course names no practitioner."
    problem, number = model.board.problem, len(places)
    minutes = model.course.sessions[number].minutes
    need = model.board.grid.need(minutes)
    names = words.several(words.practitioner(problem, name) for name in model.course.practitioners)
    left: Yes = allowed_after(model, places)[None, :, :]
    if not left.any():
        return f"No start is left: {_frame(model, places)}, and the plan ends on {words.day(problem.last_day)}."
    period = _period(model, left)
    left = left & model.board.hours(model.who, need)
    if not left.any():
        return f"No start is left: {names} {_have(model)} no {minutes} free minutes in a row {period}."
    for passes, trouble in _filters(model, minutes):
        days = int(left.any(axis=(0, 2)).sum())
        left = left & passes
        if not left.any():
            free = f"{names} {_are(model)} free for {minutes} minutes on {words.days(days)} {period}"
            return f"No start is left: {free}, but {trouble}."
    return _too_dear(model, left)


def _have(model: CourseModel) -> str:
    return "has" if len(model.who) == 1 else "have"


def _are(model: CourseModel) -> str:
    return "is" if len(model.who) == 1 else "are"


def _filters(model: CourseModel, minutes: int) -> list[tuple[Yes, str]]:
    """Return what else a start must pass, and what to say when none does."""
    board, course = model.board, model.course
    need = board.grid.need(minutes)
    return [
        (board.people_free(model.who, need), "other appointments of this plan take all of it"),
        (board.starts(model.who, need), "no room is free then"),
        (model.patient_costs(minutes, ()) < model.never, f"never while the patient can come ({words.times(course)})"),
        (model.patient_costs(minutes, course.away) < model.never, "only while the patient is away"),
    ]


def allowed_after(model: CourseModel, places: Sequence[Place]) -> Yes:
    """Return (days, cells) of the horizon: the starts that the sessions before, or the first day, allow at all."""
    grid, course = model.board.grid, model.course
    session = course.sessions[len(places)]
    if not places:
        return model.first_costs(np.arange(grid.days), grid.instant) < model.never
    before = places[-1]
    numbers = np.arange(grid.days * grid.cells).reshape(grid.days, grid.cells)
    moment = grid.instant.reshape(-1)[before.cell]
    out: Yes = grid.exists & (grid.instant >= moment + gap_seconds(course.min_gap_hours))
    least = session.gap.min if session.gap else 0
    return out & (numbers >= before.cell + before.need) & (numbers // grid.cells >= before.cell // grid.cells + least)


def _frame(model: CourseModel, places: Sequence[Place]) -> str:
    """Say from when on the session may be."""
    course = model.course
    if not places:
        earliest = f"the first session may not be before {words.day(course.earliest_day)}"
        if course.previous_start is None:
            return earliest
        return f"{earliest} and comes after the one on {words.moment(course.previous_start)}"
    gap = course.sessions[len(places)].gap
    days = f" and {words.days(gap.min)}" if gap else ""
    last = model.board.grid.wall(places[-1].cell)
    return f"it comes at least {course.min_gap_hours:g} hours{days} after {words.moment(last)}"


def _period(model: CourseModel, left: Yes) -> str:
    days = np.flatnonzero(left.any(axis=(0, 2)))
    first, last = (model.board.grid.first_day + timedelta(days=int(days[end])) for end in (0, -1))
    if first == last:
        return f"on {words.day(first)}"
    return f"from {words.day(first)} to {words.day(last)}"


def _too_dear(model: CourseModel, left: Yes) -> str:
    """Say where the session could be, when leaving it out costs less than that."""
    by_day = left.transpose(1, 0, 2)
    day, who, cell = (int(i) for i in np.unravel_index(int(by_day.argmax()), by_day.shape))
    problem = model.board.problem
    start = model.board.grid.wall(day * model.board.grid.cells + cell)
    name = problem.practitioners[model.who[who]].name
    return (
        f"The first free start is {words.moment(start)} with {name}, but with it and the sessions after it the plan"
        " costs more points than without them."
    )
