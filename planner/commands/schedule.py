"""`schedule`: solve a scheduling problem file and write the solution file."""

import json
import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import click

from planner.commands.files import check_can_write, contents_of, read_json, write_whole
from planner.scheduling.difference import difference
from planner.scheduling.gap import gap_percent
from planner.scheduling.many_courses import solve
from planner.scheduling.problem import Problem, Solution, Unplaced

_MOST_LINES = 20
_SAY_EVERY = 0.5


@click.command()
@click.argument("problem")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="SOLUTION.json", help="Where to write.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Go on improving for so long.")
@click.option("--iterations", type=click.IntRange(1), help="Or for so many steps, the same answer on every machine.")
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same choices.")
def schedule(problem: str, out: Path, seconds: float | None, iterations: int | None, seed: int) -> None:
    """Find dates for all courses of PROBLEM (a JSON file, or -). Ctrl-C keeps the best answer so far.

    Without a budget the search ends when no course alone can be placed better. With both, the first to be used up
    ends it.
    """
    check_can_write(out)
    data = read_json(problem)
    with contents_of(problem):
        stated = Problem.from_json(data)
    with _interruptible() as stop, contents_of(problem):
        solution = solve(
            stated, seconds=seconds, iterations=iterations, seed=seed, progress=_Progress(), stop=stop.is_set
        )
    write_whole(out, (json.dumps(solution.to_json(), indent=1, ensure_ascii=False) + "\n").encode())
    proved = ", proved optimal" if solution.proved_optimal else f", proved that none is below {solution.lower_bound}"
    click.echo(
        f"{len(solution.appointments)} sessions placed, {len(solution.unplaced)} not, {solution.points} points{proved}."
    )
    for line in (*_changed_lines(stated, solution), *_unplaced_lines(solution)):
        click.echo(line)


def _changed_lines(problem: Problem, solution: Solution) -> Iterator[str]:
    """Where courses stand already: what becomes of their appointments."""
    if any(course.current for course in problem.courses):
        change = difference(problem, solution)
        yield (
            f"{len(change.kept)} kept, {len(change.moved)} moved, {len(change.added)} added, "
            f"{len(change.dropped)} dropped."
        )


def _unplaced_lines(solution: Solution) -> Iterator[str]:
    """For each course that has sessions without a place: how many, and what is in the way of the first."""
    by_course: dict[str, list[Unplaced]] = {}
    for each in solution.unplaced:
        by_course.setdefault(each.course, []).append(each)
    for course, waiting in islice(by_course.items(), _MOST_LINES):
        after = f" and {len(waiting) - 1} after it" if len(waiting) > 1 else ""
        yield f"{course}, session {waiting[0].session + 1}{after}: {waiting[0].reason}"
    if len(by_course) > _MOST_LINES:
        yield f"... and {len(by_course) - _MOST_LINES} more courses; the solution file has every reason."


class _Progress:
    """Says on standard error how far the search is: the first answer at once, then what is better every half second."""

    def __init__(self) -> None:
        self.said = -math.inf

    def __call__(self, points: int, bound: int, seconds: float, iteration: int) -> None:
        """Say it, unless something was said just now."""
        if seconds - self.said < _SAY_EVERY:
            return
        self.said = seconds
        percent = gap_percent(points, bound)
        gap = "      ?" if percent is None else f"{percent:6.2f}%"
        click.echo(
            f"{seconds:8.1f} s  step {iteration:>8}  {points:>9} points, at least {bound:>9}, gap {gap}", err=True
        )


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C or termination sets; the second one ends the program as usual."""
    stop = threading.Event()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def interrupted(*_: object) -> None:
        stop.set()
        restore()

    before = {number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        restore()
