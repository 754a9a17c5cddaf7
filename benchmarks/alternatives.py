"""How long the three best other places of a session take, and why a session has none, beside one plain solve.

usage: python -m benchmarks.alternatives [--problems 20]
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

from benchmarks.one_course import standard_problem
from planner.scheduling.alternatives import all_alternatives, alternatives
from planner.scheduling.many_courses import solve
from planner.scheduling.one_course import solve_course
from planner.scheduling.problem import Problem

ROUNDS = 5


def milliseconds(work: Callable[[], object]) -> float:
    """Return the median time of some rounds."""
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times)


def only_at_night(problem: Problem) -> Problem:
    """Return the problem with a patient who can only come at night, so that no session has a place."""
    course = problem.courses[0]
    nights = tuple(replace(window, start_minute=0, end_minute=60) for window in course.available)
    return replace(problem, courses=(replace(course, available=nights),))


def measured(problem: Problem) -> tuple[float, float, float, float]:
    """Return the times of a plain solve, of one session's alternatives, of all sessions', and of a reason."""
    course, solution = problem.courses[0], solve(problem)
    middle = len(course.sessions) // 2
    nowhere = only_at_night(problem)
    return (
        milliseconds(lambda: solve_course(problem, course.id)),
        milliseconds(lambda: alternatives(problem, solution, course.id, middle)),
        milliseconds(lambda: all_alternatives(problem, solution, course.id)),
        milliseconds(lambda: solve_course(nowhere, course.id)),
    )


def main() -> None:
    """Print the medians over the problems."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--problems", type=int, default=20)
    problems = [standard_problem(seed) for seed in range(1, ask.parse_args().problems + 1)]
    measured(problems[0])  # the first call pays for imports and time-zone tables
    columns = zip(*(measured(problem) for problem in problems), strict=True)
    plain, one, every, reason = (statistics.median(column) for column in columns)
    print(f"{len(problems)} problems: 26 weeks, 12 sessions, 4 practitioners, 15-minute grid; medians")
    print(f"one plain solve:               {plain:6.1f} ms")
    print(f"alternatives of one session:   {one:6.1f} ms, {one / plain:.2f} x a plain solve")
    print(f"alternatives of every session: {every:6.1f} ms, {every / plain:.2f} x")
    print(f"no place, with the reason why: {reason:6.1f} ms, {reason / plain:.2f} x")


if __name__ == "__main__":
    main()
