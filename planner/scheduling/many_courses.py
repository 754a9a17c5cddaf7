"""Courses that compete for the same slots: a valid answer at once, then improvement while there is time."""

import random
import time
from collections.abc import Callable, Sequence
from itertools import count

from planner.errors import InvalidInput
from planner.scheduling import fast, quick_course
from planner.scheduling.clinic import Clinic
from planner.scheduling.judge import broken_rules
from planner.scheduling.one_course import solve_course
from planner.scheduling.problem import Problem, Solution
from planner.scheduling.telling import Progress, Teller
from planner.words import say

MOST_TOGETHER = 8


def solve(
    problem: Problem,
    *,
    seconds: float | None = None,
    iterations: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    slow: Callable[[str], None] | None = None,
    timer: Callable[[], float] = time.monotonic,
) -> Solution:
    """Return a valid answer and a proved lower bound; for one course the answer is the optimum.

    Every course gets its exact optimum beside those before it, then again beside all others until nothing improves.
    With `seconds` or `iterations` courses then make room for one another for that long.

    Args:
        iterations: a budget with which the same program on the same kind of machine gives the same answer again, as
            long as it has its machine code both times or neither; seconds promise nothing of that kind.
        progress: called with points, lower bound, seconds and iteration, at the start, at every improvement, and at
            least every `TELL_SECONDS`. The iteration is -1 until every course has had its turn.
        stop: asked between two steps; the best answer so far is returned once it says yes. Whoever had no turn yet
            and stands nowhere is then left out.
        slow: called with the reason where several courses are planned without machine code.
        timer: seconds that only rise.
    Raises:
        InvalidInput: locked appointments break the rules, so that there is no valid answer.
    """
    if len(problem.courses) == 1:
        return _alone(problem, progress, timer)
    found = _jointly(problem, seconds, iterations, seed, progress, stop, timer)
    if isinstance(found, Solution):
        return judged(problem, found)
    if slow is not None and problem.courses:
        slow(found)
    teller = Teller(progress, timer)

    def stopped() -> bool:
        return stop is not None and stop()

    def tell(iteration: int) -> None:
        teller.tell(clinic.points, clinic.lower_bound, iteration)

    def enough() -> bool:
        late = seconds is not None and teller.spent() >= seconds
        return late or clinic.points == clinic.lower_bound or stopped()

    clinic = Clinic(problem)
    _build(clinic, stopped, tell)
    tell(0)
    _settle(clinic, enough, tell)
    if seconds is not None or iterations is not None:
        _make_room(clinic, random.Random(seed), iterations, enough, tell)  # noqa: S311 - a search, not a secret
    return judged(problem, clinic.solution())


def _jointly(
    problem: Problem,
    seconds: float | None,
    iterations: int | None,
    seed: int,
    progress: Progress | None,
    stop: Callable[[], bool] | None,
    timer: Callable[[], float],
) -> Solution | str:
    """Return the answer by machine code, or why that way is not open."""
    if seconds is None and iterations is None:
        return "no budget is given"
    missing = fast.missing()
    if missing:
        return missing
    from planner.scheduling.joint import Joint, TooLarge  # loading machine code takes a second

    try:
        joint = Joint(problem, seed)
    except TooLarge as refusal:
        return str(refusal)  # numpy's search counts in 64 bits
    return joint.run(seconds=seconds, iterations=iterations, stop=stop, progress=progress, timer=timer)


def _alone(problem: Problem, progress: Progress | None, timer: Callable[[], float]) -> Solution:
    """Solve one course: its optimum is the answer, whatever time there is."""
    started = timer()
    best = quick_course.optimum(problem) or solve_course(problem, problem.courses[0].id)
    if progress is not None:
        progress(best.points, best.lower_bound, timer() - started, 0)
    return judged(problem, Solution(best.appointments, best.unplaced, best.points, best.lower_bound))


def judged(problem: Problem, solution: Solution) -> Solution:
    """Return the answer if an independent check finds nothing wrong.

    Raises:
        ValueError: a rule is broken, which is a bug of the search.
    """
    broken = broken_rules(problem, solution)
    if broken:
        raise ValueError(f"the search broke {len(broken)} rules: {'; '.join(broken[:3])}")
    return solution


def _build(clinic: Clinic, stopped: Callable[[], bool], tell: Callable[[int], None]) -> None:
    """Plan one course after another. A course that finds its locked appointments impossible to keep goes first."""
    for index in range(len(clinic.plans)):
        if not stopped() or clinic.stands(index):
            clinic.try_alone(index)
        tell(-1)
    order = _order(clinic)
    clinic.hold_current()
    for _ in range(len(order) + 1):
        stuck = _plan_in_turn(clinic, order, stopped, tell)
        if stuck is None:
            return
        # The places held for others may be what is in its way, so the next try holds none.
        clinic.clear()
        order.remove(stuck)
        order.insert(0, stuck)
    raise InvalidInput(say("No valid answer was found that keeps every locked appointment."), field="courses")


def _order(clinic: Clinic) -> list[int]:
    """Return whose turn it is: courses squeezed by locked appointments, then the urgent, then who starts first."""

    def urgency(index: int) -> tuple[bool, int, int, int]:
        course = clinic.problem.courses[index]
        squeezed = clinic.squeezed(index)
        return (not squeezed, -course.wait_points_per_day, course.earliest_day.toordinal(), index)

    return sorted(range(len(clinic.plans)), key=urgency)


def _plan_in_turn(
    clinic: Clinic, order: Sequence[int], stopped: Callable[[], bool], tell: Callable[[int], None]
) -> int | None:
    """Plan all courses in this order; return the one that has no valid plan, or None."""
    for index in order:
        if stopped() and not clinic.stands(index):
            clinic.passed_over.add(index)
            continue
        tell(-1)
        clinic.lift(index)
        try:
            clinic.put(index, clinic.best(index))
        except InvalidInput:
            return index
    return None


def _settle(clinic: Clinic, enough: Callable[[], bool], tell: Callable[[int], None]) -> None:
    """Re-plan one course at a time beside all others until none of them improves."""
    better = True
    while better:
        better = False
        for index, plan in enumerate(clinic.plans):
            if enough():
                return
            if plan.points > clinic.alone[index].points and clinic.replan([index]):
                better = True
            tell(0)


def _make_room(
    clinic: Clinic, dice: random.Random, iterations: int | None, enough: Callable[[], bool], tell: Callable[[int], None]
) -> None:
    """Let a course that is worse off than alone go before those in its way, and keep what costs no more."""
    for iteration in count(1):
        if enough() or (iterations is not None and iteration > iterations):
            return
        regrets = [plan.points - alone.points for plan, alone in zip(clinic.plans, clinic.alone, strict=True)]
        wronged = dice.choices(range(len(regrets)), weights=regrets)[0]
        clinic.replan(_group(clinic, dice, wronged))
        tell(iteration)


def _group(clinic: Clinic, dice: random.Random, wronged: int) -> list[int]:
    """Return a course and those which stand where it would best stand, in the order in which they choose."""
    in_the_way: set[int] = set()
    for place in clinic.alone[wronged].places:
        in_the_way |= clinic.board.owners(place)
    others = sorted(in_the_way - {wronged})
    dice.shuffle(others)
    return [wronged, *others[: dice.randint(1, MOST_TOGETHER)]]
