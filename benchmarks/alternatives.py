"""How long the three best other places for a session take, in a booked clinic.

usage: python -m benchmarks.alternatives [--size 200/10] [--seed 101] [--sessions 100]
"""

import argparse
import random
import statistics
import time

from benchmarks.instances import instance
from planner.scheduling.alternatives import alternatives
from planner.scheduling.many_courses import solve

SIZE, SEED, SESSIONS = "200/10", 101, 100
GOAL = 50.0


def measure(size: str = SIZE, seed: int = SEED, sessions: int = SESSIONS) -> list[float]:
    """Return the milliseconds for each of so many sessions, chosen by chance."""
    problem = instance(size, seed)
    solution = solve(problem, iterations=0, seed=1)
    chosen = random.Random(seed).sample(solution.appointments, min(sessions, len(solution.appointments)))
    times = []
    for placed in chosen:
        begin = time.perf_counter()
        alternatives(problem, solution, placed.course, placed.session)
        times.append(1000 * (time.perf_counter() - begin))
    return times


def report(times: list[float], size: str = SIZE) -> str:
    """Return the section of the page."""
    slow = sorted(times)[int(0.95 * (len(times) - 1))]
    return "\n".join(
        [
            "## Other places for a session", "",
            f"Three, each with its cost and why, for {len(times)} sessions of a booked clinic ({size}): median"
            f" {statistics.median(times):.0f} ms, 95 of 100 within {slow:.0f} ms, slowest {max(times):.0f} ms"
            f" (goal {GOAL:g} ms).", "",
        ]
    )  # fmt: skip


def main() -> None:
    """Print the section."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--size", default=SIZE)
    ask.add_argument("--seed", type=int, default=SEED)
    ask.add_argument("--sessions", type=int, default=SESSIONS)
    wish = ask.parse_args()
    print(report(measure(wish.size, wish.seed, wish.sessions), wish.size))


if __name__ == "__main__":
    main()
