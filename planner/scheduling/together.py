"""Several courses placed together for people: nobody comes twice a day, and nothing that stands is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from planner.errors import InvalidInput
from planner.scheduling.many_courses import solve
from planner.scheduling.points import course_points
from planner.scheduling.problem import Course, Placed, Problem, Solution
from planner.scheduling.siblings import days_apart, hours_apart
from planner.scheduling.taken import fits_beside, lessened, with_rooms
from planner.scheduling.telling import Progress
from planner.words import say

_MOST_TRIES = 3
_WAITS = say("It waits for a place, and nothing that stands was moved for it.")
_LEAST_SECONDS = 1.0
_BOUND_SHARE = 0.2
"""So much of the time goes into the bound where some patients have several courses."""

_MOST_REFINED = 60
"""So many courses of patients with several are planned again by the hour; each takes some milliseconds."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a search may take, whom it tells, and how it is stopped; see `many_courses.solve`.

    No iterations at all: the first whole answer, quick enough to be made while the diary waits. Where something stands
    already, each course is then planned beside all that stands, so that nobody moves for what somebody else likes.
    """

    seconds: float | None = None
    iterations: int | None = None
    seed: int = 0
    progress: Progress | None = None
    stop: Callable[[], bool] | None = None


@dataclass(slots=True)
class Together:
    """Where each session of each course stands, by course and the session's number there.

    Attributes:
        unplaced: the reasons of the sessions without a place.
        untouched: courses that could not be planned without losing what stands; that stays, for a person to look at.
        lower_bound: no answer for the courses that were planned has fewer points; 0 where nothing was proved.
    """

    placed: dict[str, dict[int, Placed]] = field(default_factory=dict)
    unplaced: dict[str, dict[int, str]] = field(default_factory=dict)
    untouched: set[str] = field(default_factory=set)
    points: int = 0
    lower_bound: int = 0


def solve_together(
    problem: Problem,
    patients: Mapping[str, str],
    budget: Budget | None = None,
    *,
    visits: Mapping[str, Collection[datetime]] | None = None,
    steady: Collection[str] = (),
) -> Together:
    """Place all courses of a problem beside one another.

    The engine knows courses, not people: of somebody with several courses one is planned after another, away about
    the days the earlier ones took, while the places in which the later ones stand are held. At the end each of these
    is planned again alone, where whole days become the exact hours.

    Args:
        patients: whose course it is, by the course's id.
        visits: wall-clock starts of visits for courses that are not planned here, by the id of the course whose
            patient they are of.
        steady: ids of courses that move only to make room, however much better off they would be elsewhere.
    """
    budget, others = budget or Budget(), visits or {}
    answer, started = Together(), time.monotonic()
    rounds = list(_rounds(problem.courses, patients))
    # Whole days between the visits of one patient would prove too much, so that no round's bound counts.
    several = len(rounds) > 1 or any(others.values())
    for courses in rounds:
        spent = time.monotonic() - started
        left = _telling(budget, answer.points, 0 if several else None, spent)
        if budget.seconds is not None:
            ends = (1 - _BOUND_SHARE) * budget.seconds if several else budget.seconds
            left = replace(left, seconds=max(min(_LEAST_SECONDS, budget.seconds), ends - spent))
        here = {course.id for course in courses}
        held = {each.id: answer.placed.get(each.id, _standing(each)) for each in problem.courses if each.id not in here}
        free = lessened(problem, _all(held, problem))
        beside = [days_apart(course, _others(course, patients, held, others)) for course in courses]
        _solve_round(replace(free, courses=tuple(beside)), left, answer)
    _by_the_hour(problem, patients, others, answer, budget)
    if several and not answer.untouched:
        answer.lower_bound = _bound_without_rests(problem, budget, answer.points, time.monotonic() - started)
    # Planned around those who were set aside, the others have less room than an answer that moves them might give.
    answer.lower_bound = 0 if answer.untouched else min(answer.points, answer.lower_bound)
    _let_stay(problem, patients, steady, answer)
    answer.placed = with_rooms(problem, answer.placed) or answer.placed  # What the search itself gave is valid.
    return answer


def _bound_without_rests(problem: Problem, budget: Budget, points: int, spent: float) -> int:
    """What no answer is below, however near the visits of one patient may be to one another."""
    if budget.seconds is None:
        return 0
    told = budget.progress

    def tell(_points: int, lower_bound: int, seconds: float, iteration: int) -> None:
        if told is not None:
            told(points, min(points, lower_bound), spent + seconds, iteration)

    seconds = _BOUND_SHARE * budget.seconds
    try:
        found = solve(problem, seconds=seconds, seed=budget.seed, progress=tell, stop=budget.stop)
    except InvalidInput:
        return 0
    return found.lower_bound


def _telling(budget: Budget, points: int, bound: int | None, spent: float) -> Budget:
    """The budget of one round, telling of all rounds so far."""
    told = budget.progress
    if told is None:
        return budget

    def tell(now: int, lower_bound: int, seconds: float, iteration: int) -> None:
        told(points + now, lower_bound if bound is None else min(bound, points + now), spent + seconds, iteration)

    return replace(budget, progress=tell)


def _rounds(courses: Sequence[Course], patients: Mapping[str, str]) -> Iterator[list[Course]]:
    waiting = list(courses)
    while waiting:
        seen: set[str] = set()
        turn = []
        for course in waiting:
            if patients[course.id] not in seen:
                seen.add(patients[course.id])
                turn.append(course)
        taken = {course.id for course in turn}
        waiting = [course for course in waiting if course.id not in taken]
        yield turn


def _others(
    course: Course,
    patients: Mapping[str, str],
    held: Mapping[str, Mapping[int, Placed]],
    visits: Mapping[str, Collection[datetime]],
) -> set[datetime]:
    """When the patient of a course comes for other courses."""
    mine = (places for name, places in held.items() if name != course.id and patients[name] == patients[course.id])
    return {*visits.get(course.id, ()), *(placed.start for places in mine for placed in places.values())}


def _by_the_hour(
    problem: Problem,
    patients: Mapping[str, str],
    visits: Mapping[str, Collection[datetime]],
    answer: Together,
    budget: Budget,
) -> None:
    """Plan those again, each alone, who were kept whole days away from other visits, where by the hour it is better."""
    worst_first = sorted(
        problem.courses, key=lambda course: (course.id not in answer.untouched, not answer.unplaced[course.id])
    )
    refined = 0
    for course in worst_first:
        starts = _others(course, patients, answer.placed, visits)
        if not starts:
            continue
        if refined == _MOST_REFINED or (budget.stop is not None and budget.stop()):
            break
        refined += 1
        held = {name: places for name, places in answer.placed.items() if name != course.id}
        alone = hours_apart(lessened(problem, _all(held, problem)), course, starts)
        try:
            solution = solve(alone)
        except InvalidInput:
            continue  # What is locked by the hour contradicts a rule; the plan by whole days stands.
        _take_if_better(answer, alone, solution)


def _take_if_better(answer: Together, alone: Problem, solution: Solution) -> None:
    """Let the only course of a problem stand as in this solution if that costs less, or it could not be planned."""
    (course,) = alone.courses
    unplaced = {each.session: each.reason for each in solution.unplaced}
    untouched = course.id in answer.untouched
    before = 0 if untouched else course_points(alone, course, answer.placed[course.id]).total
    if _loses(course, unplaced) or not (untouched or solution.points < before):
        return
    answer.placed[course.id] = {placed.session: placed for placed in solution.appointments}
    answer.unplaced[course.id] = unplaced
    answer.untouched.discard(course.id)
    answer.points += solution.points - before


def _let_stay(problem: Problem, patients: Mapping[str, str], steady: Collection[str], answer: Together) -> None:
    """Put those back who moved though nobody needed their place."""
    moved = [each for each in problem.courses if each.id in steady and each.id not in answer.untouched]
    again = True
    while again:
        again = False
        for course in moved:
            stands, now = _standing(course), answer.placed[course.id]
            if _times(stands) == _times(now) or not fits_beside(problem, course, answer.placed):
                continue
            if _near_a_sibling(problem, course, patients, answer):
                continue
            trial = with_rooms(problem, {**answer.placed, course.id: stands})
            if trial is not None:
                reasons = {n: answer.unplaced[course.id].get(n, _WAITS) for n in range(len(course.sessions))}
                answer.points += (
                    course_points(problem, course, stands).total - course_points(problem, course, now).total
                )
                answer.placed = trial
                answer.unplaced[course.id] = {n: why for n, why in reasons.items() if n not in stands}
                again = True


def _times(places: Mapping[int, Placed]) -> dict[int, tuple[datetime, str]]:
    return {number: (placed.start, placed.practitioner) for number, placed in places.items()}


def _near_a_sibling(problem: Problem, course: Course, patients: Mapping[str, str], answer: Together) -> bool:
    """Whether another course of the patient comes too near to where this one stands."""
    starts = _others(course, patients, answer.placed, {})
    least = timedelta(hours=course.min_gap_hours + 1)  # An hour more, whatever the clocks do.
    return any(abs(each.start - start) < least for each in course.current for start in starts)


def _solve_round(problem: Problem, budget: Budget, answer: Together) -> None:
    """Plan courses of different patients; those that would lose what stands are set aside and planned around."""
    if budget.iterations == 0 and any(course.current for course in problem.courses):
        _one_by_one(problem, answer)
        return
    untouched: set[str] = set()
    for _ in range(_MOST_TRIES):
        asked = _setting_aside(problem, untouched)
        try:
            solution = _searched(asked, _proving_nothing(budget) if untouched else budget)
        except InvalidInput:
            break  # What is locked contradicts the rules somewhere; one by one it shows where.
        unplaced: dict[str, dict[int, str]] = {course.id: {} for course in asked.courses}
        for each in solution.unplaced:
            unplaced[each.course][each.session] = each.reason
        losers = {course.id for course in asked.courses if _loses(course, unplaced[course.id])}
        if losers:
            untouched |= losers
            continue
        for course in asked.courses:
            answer.placed[course.id] = {}
            answer.unplaced[course.id] = unplaced[course.id]
        for placed in solution.appointments:
            answer.placed[placed.course][placed.session] = placed
        _leave_standing(problem, untouched, answer)
        answer.points += solution.points
        answer.lower_bound += solution.lower_bound
        return
    _one_by_one(problem, answer)


def _proving_nothing(budget: Budget) -> Budget:
    """The budget of a search around courses that were set aside: its bound holds only while they stay."""
    told = budget.progress
    if told is None:
        return budget
    return replace(budget, progress=lambda points, bound, seconds, iteration: told(points, 0, seconds, iteration))


def _searched(problem: Problem, budget: Budget) -> Solution:
    """The engine's answer, at least its first whole one however early the search is stopped."""
    if budget.iterations == 0:
        return _first_answer(problem, budget)
    first, began = None, time.monotonic()
    if budget.seconds is not None or budget.stop is not None:
        # A search that is cut off before its first answer leaves out all whose turn had not come.
        first = _first_answer(problem, budget)
        budget = _telling(budget, 0, None, time.monotonic() - began)
    found = solve(
        problem,
        seconds=budget.seconds,
        iterations=budget.iterations,
        seed=budget.seed,
        progress=budget.progress,
        stop=budget.stop,
    )
    if first is None or found.points <= first.points:
        return found
    return replace(first, lower_bound=max(first.lower_bound, found.lower_bound))


def _first_answer(problem: Problem, budget: Budget) -> Solution:
    """Every course at its best beside those before it, and nothing after that: no prices, no search."""
    there: list[bool] = []

    def tell(points: int, lower_bound: int, seconds: float, iteration: int) -> None:
        if budget.progress is not None and not there:
            budget.progress(points, lower_bound, seconds, iteration)
        if iteration >= 0:  # Before that, not every course has had its turn.
            there.append(True)

    return solve(problem, iterations=0, seed=budget.seed, progress=tell, stop=lambda: bool(there))


def _setting_aside(problem: Problem, untouched: Collection[str]) -> Problem:
    """The problem without these courses, whose places stay taken."""
    if not untouched:
        return problem
    standing = {course.id: _standing(course) for course in problem.courses if course.id in untouched}
    free = lessened(problem, _all(standing, problem))
    return replace(free, courses=tuple(course for course in problem.courses if course.id not in untouched))


def _one_by_one(problem: Problem, answer: Together) -> None:
    """Plan one course after another, the urgent first; every place that stands is held until its course has moved."""
    order = sorted(problem.courses, key=lambda course: (-course.wait_points_per_day, course.earliest_day, course.id))
    held = {course.id: _standing(course) for course in order}
    for course in order:
        others = {name: places for name, places in held.items() if name != course.id}
        alone = replace(lessened(problem, _all(others, problem)), courses=(course,))
        try:
            solution = solve(alone)
        except InvalidInput as refusal:
            _leave_standing(problem, [course.id], answer, refusal.message)
            continue
        reasons = {each.session: each.reason for each in solution.unplaced}
        if _loses(course, reasons):
            _leave_standing(problem, [course.id], answer, reasons[min(reasons)])
            continue
        held[course.id] = {placed.session: placed for placed in solution.appointments}
        answer.placed[course.id], answer.unplaced[course.id] = held[course.id], reasons
        answer.points += solution.points


def _leave_standing(
    problem: Problem,
    names: Collection[str],
    answer: Together,
    reason: str = say("Another date would take away one that stands."),
) -> None:
    for course in problem.courses:
        if course.id in names:
            stands = _standing(course)
            answer.placed[course.id] = stands
            answer.unplaced[course.id] = {n: reason for n in range(len(course.sessions)) if n not in stands}
            answer.untouched.add(course.id)


def _loses(course: Course, unplaced: Mapping[int, str]) -> bool:
    return any(current.session in unplaced for current in course.current)


def _standing(course: Course) -> dict[int, Placed]:
    return {
        each.session: Placed(course.id, each.session, each.practitioner, each.room, each.start)
        for each in course.current
    }


def _all(places: Mapping[str, Mapping[int, Placed]], problem: Problem) -> Iterator[tuple[Placed, int]]:
    minutes = {course.id: [session.minutes for session in course.sessions] for course in problem.courses}
    for name, mine in places.items():
        for session, placed in mine.items():
            yield placed, minutes[name][session]
