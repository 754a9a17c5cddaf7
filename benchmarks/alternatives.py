"""How long other places for a session take, and the reason why one has none, in a booked clinic and beside one solve.

usage: python -m benchmarks.alternatives [--size 200/10] [--seed 101] [--sessions 100] [--problems 20]
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from benchmarks.instances import instance
from benchmarks.one_course import standard_problem
from planner.scheduling.alternatives import all_alternatives, alternatives
from planner.scheduling.many_courses import solve
from planner.scheduling.one_course import solve_course
from planner.scheduling.problem import Problem

SIZE, SEED, SESSIONS, PROBLEMS = "200/10", 101, 100, 20
GOAL = 50.0
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Beside:
    """Milliseconds for one course alone: a plain solve, one session's other places, all sessions', a reason."""

    plain: float
    one: float
    every: float
    reason: float


def milliseconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median time of some rounds."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times)


def measure(size: str = SIZE, seed: int = SEED, sessions: int = SESSIONS) -> list[float]:
    """Return the milliseconds for each of so many sessions of a booked clinic, chosen by chance."""
    problem = instance(size, seed)
    solution = solve(problem, iterations=0, seed=1)
    chosen = random.Random(seed).sample(solution.appointments, min(sessions, len(solution.appointments)))
    return [milliseconds(partial(alternatives, problem, solution, at.course, at.session), rounds=1) for at in chosen]


def measure_beside(problems: int = PROBLEMS) -> Beside:
    """Return the medians over so many courses, each alone in its diary."""
    made = [standard_problem(seed) for seed in range(1, problems + 1)]
    _beside(made[0])  # the first call pays for imports and time-zone tables
    found = [_beside(problem) for problem in made]
    return Beside(*(statistics.median(column) for column in zip(*found, strict=True)))


def _beside(problem: Problem) -> tuple[float, float, float, float]:
    course, solution = problem.courses[0], solve(problem)
    middle = len(course.sessions) // 2
    nowhere = _only_at_night(problem)
    return (
        milliseconds(lambda: solve_course(problem, course.id)),
        milliseconds(lambda: alternatives(problem, solution, course.id, middle)),
        milliseconds(lambda: all_alternatives(problem, solution, course.id)),
        milliseconds(lambda: solve_course(nowhere, course.id)),
    )


def _only_at_night(problem: Problem) -> Problem:
    """Return the problem with a patient who can only come at night, so that no session has a place."""
    course = problem.courses[0]
    nights = tuple(replace(window, start_minute=0, end_minute=60) for window in course.available)
    return replace(problem, courses=(replace(course, available=nights),))


def report(times: list[float], beside: Beside, size: str = SIZE) -> str:
    """Return the section of the page."""
    slow = sorted(times)[int(0.95 * (len(times) - 1))]
    rows = [
        ("a plain solve", beside.plain), ("three other places of one session", beside.one),
        ("three other places of every session", beside.every), ("no place, and the reason why", beside.reason),
    ]  # fmt: skip
    return "\n".join(
        [
            "## Other places for a session", "",
            f"Three, each with its cost and why, for {len(times)} sessions of a booked clinic ({size}): median"
            f" {statistics.median(times):.0f} ms, 95 of 100 within {slow:.0f} ms, slowest {max(times):.0f} ms"
            f" (goal {GOAL:g} ms).", "",
            "One course of 12 sessions alone, 26 weeks, 4 practitioners, 15-minute grid, numpy:", "",
            "| | ms | beside a plain solve |", "| --- | ---: | ---: |",
            *(f"| {name} | {value:.1f} | {value / beside.plain:.2f} |" for name, value in rows), "",
        ]
    )  # fmt: skip


def main() -> None:
    """Print the section."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--size", default=SIZE)
    ask.add_argument("--seed", type=int, default=SEED)
    ask.add_argument("--sessions", type=int, default=SESSIONS)
    ask.add_argument("--problems", type=int, default=PROBLEMS)
    wish = ask.parse_args()
    print(report(measure(wish.size, wish.seed, wish.sessions), measure_beside(wish.problems), wish.size))


if __name__ == "__main__":
    main()
