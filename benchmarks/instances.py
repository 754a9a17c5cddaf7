"""Instances by name: 200/10 with seed 101 is 200 courses of 10 practitioners, 70 % booked."""

from benchmarks.make_clinic import Wish, make_problem
from planner.scheduling.problem import Problem


def instance(size: str, seed: int, *, repair: bool = False) -> Problem:
    """Return the instance of this name; with `repair` it is booked, and a therapist falls ill."""
    courses, practitioners = map(int, size.split("/"))
    return make_problem(Wish(courses=courses, practitioners=practitioners, seed=seed, repair=repair))


def command(*, repair: bool = False) -> str:
    """Return the words that print an instance as a file."""
    more = " --repair" if repair else ""
    return f"python -m benchmarks.make_clinic --courses C --practitioners P --seed S{more} > problem.json"


def seeds_of(words: str) -> list[int]:
    """Read "101-105" or "101"."""
    first, _, last = words.partition("-")
    return list(range(int(first), int(last or first) + 1))
