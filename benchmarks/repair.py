"""A therapist is ill for a week in a booked clinic: ours beside pushing to the next free slot, and planning anew.

usage: python -m benchmarks.repair [--seeds 201-205] [--sizes 200/10,500/20] [--share 1.0]
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

from benchmarks.baselines import first_on_day
from benchmarks.instances import command, instance, seeds_of
from planner.scheduling.board import Board, Place
from planner.scheduling.difference import difference
from planner.scheduling.judge import broken_rules
from planner.scheduling.many_courses import solve
from planner.scheduling.points import points
from planner.scheduling.problem import Course, Placed, Problem, Solution, Unplaced
from planner.scheduling.wall import gap_seconds

SIZES = ("200/10", "500/20")
SEEDS = "201-205"
SECONDS = 10.0
FIRST_GOAL = 1.0


@dataclass(frozen=True, slots=True)
class Way:
    """What one way of repairing leads to.

    Attributes:
        others: appointments that could have stayed where they are, and moved.
        lost: courses with an appointment that is gone and has no other place.
        added: points more than the clinic had before the illness.
        unplaced: sessions without a place, those included which had none before.
    """

    others: int
    lost: int
    added: int
    unplaced: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Run:
    """One instance repaired in every way.

    Attributes:
        displaced: appointments of the ill therapist in that week.
        bound: points that every answer adds at least, proved.
        first: our first answer; its seconds include reading the problem into arrays and the independent check.
    """

    size: str
    seed: int
    displaced: int
    before: int
    bound: int
    first: Way
    best: Way
    others_stay: Way
    pushed: Way
    anew: Way

    def to_json(self) -> dict[str, Any]:
        """Write it for the file of finished runs."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Run":
        """Read what to_json wrote."""
        return cls(**{name: Way(**value) if isinstance(value, dict) else value for name, value in data.items()})


def run_one(size: str, seed: int, share: float = 1.0) -> Run:
    """Repair one instance in every way."""
    problem = instance(size, seed, repair=True)
    solve(instance("20/3", seed, repair=True), iterations=1)  # loads the machine code
    standing = [each for course in problem.courses for each in _standing(course)]
    before = _points(problem, standing)
    able = still_possible(problem)

    def way(solution: Solution, seconds: float) -> Way:
        assert broken_rules(problem, solution) == []
        change = difference(problem, solution)
        others = sum((moved.course, moved.before.session) in able for moved in change.moved)
        others += sum((course, current.session) in able for course, current in change.dropped)
        added = solution.points - before
        return Way(others, len(change.losing_courses), added, len(solution.unplaced), seconds)

    first = way(*_timed(lambda: first_answer(problem)))
    best_solution, seconds = _timed(lambda: solve(problem, seconds=SECONDS * share, seed=1))
    return Run(
        size=size,
        seed=seed,
        displaced=len(standing) - len(able),
        before=before,
        bound=best_solution.lower_bound - before,
        first=first,
        best=way(best_solution, seconds),
        others_stay=way(*_timed(lambda: repair_touched(problem, able, SECONDS * share))),
        pushed=way(*_timed(lambda: push(problem))),
        anew=way(*_timed(lambda: plan_anew(problem, SECONDS * share))),
    )


def first_answer(problem: Problem) -> Solution:
    """Return what our search has to say before it begins to improve."""
    told: list[int] = []
    return solve(problem, seconds=SECONDS, progress=lambda points, *_: told.append(points), stop=lambda: bool(told))


def repair_touched(problem: Problem, able: set[tuple[str, int]], seconds: float) -> Solution:
    """Return the best repair in which every course stays whose appointments can all stay."""

    def steady(course: Course) -> Course:
        if not all((course.id, now.session) in able for now in course.current):
            return course
        return replace(course, current=tuple(replace(now, locked=True) for now in course.current))

    return solve(replace(problem, courses=tuple(map(steady, problem.courses))), seconds=seconds, seed=1)


def plan_anew(problem: Problem, seconds: float) -> Solution:
    """Return the best plan for all courses as if only what is locked stood."""
    forgotten = replace(
        problem,
        courses=tuple(
            replace(course, current=tuple(now for now in course.current if now.locked)) for course in problem.courses
        ),
    )
    found = solve(forgotten, seconds=seconds, seed=1)
    return replace(found, points=points(problem, found.appointments, found.unplaced).total, lower_bound=0)


def push(problem: Problem) -> Solution:
    """Return the diary after each displaced session went to the next free slot, and pushed on what it met.

    Whoever stands well keeps the place. A session without a slot is given up with those after it.
    """
    board, stays = Board(problem), still_possible(problem)
    places: list[dict[int, Place]] = []
    for index, course in enumerate(problem.courses):
        standing = {each.session: board.place_of(course, each) for each in _standing(course)}
        places.append({session: place for session, place in standing.items() if (course.id, session) in stays})
        for place in places[-1].values():
            board.take(place, index)
    for index, course in enumerate(problem.courses):
        if len(places[index]) < len(course.current):
            _push_course(problem, board, index, places[index])
    placed = [
        board.placed(course, session, mine[session])
        for course, mine in zip(problem.courses, places, strict=True)
        for session in sorted(mine)
    ]
    unplaced = tuple(
        Unplaced(course.id, session, "no free slot")
        for course, mine in zip(problem.courses, places, strict=True)
        for session in range(len(mine), len(course.sessions))
    )
    return Solution(tuple(placed), unplaced, points(problem, placed, unplaced).total, 0)


def _push_course(problem: Problem, board: Board, index: int, mine: dict[int, Place]) -> None:
    course = problem.courses[index]
    now = {current.session: current for current in course.current}
    for session in sorted(now):
        before = mine.get(session - 1)
        if session in mine and (before is None or _may_follow(problem, board, course, session, before, mine[session])):
            continue
        if session in mine:
            board.release(mine.pop(session))
        found = None
        if session == 0 or before is not None:
            found = _next_slot(problem, board, course, session, before, now[session].start.date())
        if found is None:
            for given_up in [each for each in mine if each >= session]:
                board.release(mine.pop(given_up))
            return
        mine[session] = found
        board.take(found, index)


def _next_slot(
    problem: Problem, board: Board, course: Course, session: int, before: Place | None, day: date
) -> Place | None:
    """Return the first free place from this day on that keeps its distance from the session before."""
    while day <= problem.last_day:
        found = first_on_day(board, course, session, day) if day >= course.earliest_day else None
        if found is not None and (before is None or _may_follow(problem, board, course, session, before, found)):
            return found
        day += timedelta(days=1)
    return None


def _may_follow(problem: Problem, board: Board, course: Course, session: int, before: Place, here: Place) -> bool:
    gap, instant = course.sessions[session].gap, board.grid.instant.reshape(-1)
    days = here.cell // board.grid.cells - before.cell // board.grid.cells
    rest = gap_seconds(course.min_gap_hours)
    return days >= (gap.min if gap else 0) and bool(instant[here.cell] - instant[before.cell] >= rest)


def _standing(course: Course) -> list[Placed]:
    return [Placed(course.id, now.session, now.practitioner, now.room, now.start) for now in course.current]


def _points(problem: Problem, standing: list[Placed]) -> int:
    """Return what the clinic's plan cost before the illness."""
    placed = {(each.course, each.session) for each in standing}
    missing = [
        Unplaced(course.id, session, "not booked")
        for course in problem.courses
        for session in range(len(course.sessions))
        if (course.id, session) not in placed
    ]
    return points(problem, standing, missing).total


def still_possible(problem: Problem) -> set[tuple[str, int]]:
    """Return the standing appointments whose practitioner is still there."""
    board = Board(problem)
    return {
        (course.id, each.session)
        for course in problem.courses
        for each in _standing(course)
        if board.fits(board.place_of(course, each))
    }


def _timed(work: Callable[[], Solution]) -> tuple[Solution, float]:
    begin = time.perf_counter()
    found = work()
    return found, time.perf_counter() - begin


def report(runs: Sequence[Run], share: float = 1.0) -> str:
    """Return the section of the page."""
    lines = [
        "## Repair: a therapist is ill for a week", "",
        f"Instances: `{command(repair=True)}`:",
        "every course stands, booked greedily; the first fortnight is locked; therapist t1 is ill in the third week.",
        "Others moved: appointments that could have stayed. Lost: courses with an appointment that is gone. Added:",
        "points more than before the illness, below 0 where the repair also mends what was booked badly; the bound is",
        "what every answer adds at least. The first answer's time includes reading the problem and the check (goal",
        f"{FIRST_GOAL:g} s); the best has {SECONDS * share:g} s. With `others stay`, courses without a session in the",
        "illness may not move.", "",
        "| size | seed | ill | way | others moved | lost | added | bound | unplaced | s |",
        "| --- | ---: | ---: | --- |" + " ---: |" * 6,
    ]  # fmt: skip
    for run in runs:
        named = (
            ("ours, first", run.first),
            ("ours, best", run.best),
            ("ours, others stay", run.others_stay),
            ("push to the next slot", run.pushed),
        )
        for name, way in (*named, ("planned anew", run.anew)):
            bound = run.bound if name == "ours, best" else ""
            lines.append(
                f"| {run.size} | {run.seed} | {run.displaced} | {name} | {way.others} | {way.lost} | {way.added} |"
                f" {bound} | {way.unplaced} | {way.seconds:.2f} |"
            )
    return "\n".join([*lines, "", *_verdict(runs), ""])


def _verdict(runs: Sequence[Run]) -> list[str]:
    """Say how many of the runs keep what repair promises."""
    kept = {
        "no course lost": [run.best.lost == 0 for run in runs],
        f"a first answer within {FIRST_GOAL:g} s": [run.first.seconds <= FIRST_GOAL for run in runs],
        "no course lost while others stay": [run.others_stay.lost == 0 for run in runs],
        "fewer points than pushing": [run.best.added < run.pushed.added for run in runs],
        "fewer points than planning anew": [run.best.added < run.anew.added for run in runs],
        "fewer others moved than planning anew": [run.best.others < run.anew.others for run in runs],
    }
    return ["; ".join(f"{name}: {sum(held)} of {len(held)}" for name, held in kept.items()) + "."]


def main() -> None:
    """Print the section."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--seeds", default=SEEDS)
    ask.add_argument("--sizes", default=",".join(SIZES))
    ask.add_argument("--share", type=float, default=1.0)
    wish = ask.parse_args()
    runs = [run_one(size, seed, wish.share) for size in wish.sizes.split(",") for seed in seeds_of(wish.seeds)]
    print(report(runs, wish.share))


if __name__ == "__main__":
    main()
