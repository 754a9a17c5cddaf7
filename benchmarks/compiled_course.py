"""How fast the compiled search plans one course: 12 sessions, 26 weeks, 4 practitioners, 48 starts a day.

usage: python -m benchmarks.compiled_course [--problems 20]
"""

import argparse
import statistics
import time

from benchmarks.one_course import standard_problem
from planner.scheduling.joint import Joint
from planner.scheduling.kernel_search import plan_beside
from planner.scheduling.tables import NEVER
from planner.scheduling.warm import warm

ROUNDS = 50


def milliseconds(joint: Joint) -> float:
    """Return the median time of one search in a diary without this course."""
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        plan_beside(joint.tables, joint.diary, joint.work, 0, joint.alone, NEVER)
        times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times)


def main() -> None:
    """Print the median over the problems."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--problems", type=int, default=20)
    wish = ask.parse_args()
    if not warm():
        print("numba is not installed")
        return
    times = [milliseconds(Joint(standard_problem(seed), seed=0)) for seed in range(1, wish.problems + 1)]
    print(f"one course, compiled, median of {len(times)} problems: {statistics.median(times):.3f} ms")


if __name__ == "__main__":
    main()
