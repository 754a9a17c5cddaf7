"""How fast the compiled search plans one course: 12 sessions, 26 weeks, 4 practitioners, 48 starts a day.

The search alone, and all of it from the problem on, beside numpy: a problem must be turned into arrays first.

usage: python -m benchmarks.compiled_course [--problems 20]
"""

import argparse
import statistics
import time
from collections.abc import Callable

from benchmarks.one_course import standard_problem
from planner.scheduling.board import Board
from planner.scheduling.course_model import CourseModel
from planner.scheduling.joint import Joint
from planner.scheduling.kernel_search import plan_beside
from planner.scheduling.one_course import plan_course, solve_course
from planner.scheduling.pins import pins_of
from planner.scheduling.problem import Problem
from planner.scheduling.quick_course import load, optimum
from planner.scheduling.tables import NEVER
from planner.scheduling.warm import warm

ROUNDS = 20


def milliseconds(work: Callable[[], object]) -> float:
    """Return the median time of some rounds."""
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times)


def measured(problem: Problem) -> tuple[float, float, float, float]:
    """Return the times of the compiled search, of it with its arrays, and of numpy's likewise."""
    joint, board = Joint(problem, seed=0), Board(problem)
    model = CourseModel(board, problem.courses[0])
    pins = pins_of(model, {})
    return (
        milliseconds(lambda: plan_beside(joint.tables, joint.diary, joint.work, 0, joint.alone, NEVER)),
        milliseconds(lambda: optimum(problem)),
        milliseconds(lambda: plan_course(model, pins)),
        milliseconds(lambda: solve_course(problem, problem.courses[0].id)),
    )


def main() -> None:
    """Print the median over the problems."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--problems", type=int, default=20)
    wish = ask.parse_args()
    if not (warm() and load()):
        print("numba is not installed")
        return
    columns = zip(*(measured(standard_problem(seed)) for seed in range(1, wish.problems + 1)), strict=True)
    compiled, all_compiled, numpy, all_numpy = (statistics.median(column) for column in columns)
    print(f"one course, median of {wish.problems} problems")
    print(f"compiled: search {compiled:.3f} ms, from the problem on {all_compiled:.3f} ms")
    print(f"numpy:    search {numpy:.3f} ms, from the problem on {all_numpy:.3f} ms")


if __name__ == "__main__":
    main()
