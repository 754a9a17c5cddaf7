"""`schedule`: solve a scheduling problem file and write the solution file."""

import json
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import click

from planner.commands.files import check_can_write, check_not_same, contents_of, printable, read_json, write_whole
from planner.scheduling import words
from planner.scheduling.difference import Difference, Moved, difference
from planner.scheduling.gap import gap_percent
from planner.scheduling.many_courses import solve
from planner.scheduling.problem import Problem, Solution, Unplaced

_MOST_LINES = 20
_SAY_EVERY = 0.5
_USUAL_SECONDS = 10.0
_PATIENCE_SECONDS = 3.0


def _finite(_context: click.Context, _option: click.Parameter, value: float | None) -> float | None:
    if value is not None and not (math.isfinite(value) and value > 0):
        raise click.BadParameter("a number of seconds above 0 is needed.")
    return value


@click.command()
@click.argument("problem")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="SOLUTION.json", help="Where to write.")
@click.option("--seconds", type=float, callback=_finite, help="Go on improving for so long.")
@click.option(
    "--iterations",
    type=click.IntRange(1),
    help="Or for so many steps: with one seed the same program gives the same answer again on the same kind of machine,"
    " as long as it has its machine code both times or neither.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same choices.")
def schedule(problem: str, out: Path, seconds: float | None, iterations: int | None, seed: int) -> None:
    """Find dates for all courses of PROBLEM (a JSON file, or -). Ctrl-C keeps the best answer so far.

    Without a budget the search ends when nothing was found to be better for 3 seconds, after 10 at most. With both,
    the first to be used up ends it. One course alone gets its best dates at once.
    """
    check_can_write(out)
    check_not_same(problem, out)
    data = read_json(problem)
    with contents_of(problem):
        stated = Problem.from_json(data)
    with _interruptible() as stop, contents_of(problem):
        asked = seconds is not None or iterations is not None
        watch = Watch(stop, patient=asked)
        solution = solve(
            stated,
            seconds=seconds if asked else _USUAL_SECONDS,
            iterations=iterations,
            seed=seed,
            progress=watch.progress,
            stop=watch.enough,
            slow=_say_slow,
        )
        watch.end()
        change = difference(stated, solution) if any(course.current for course in stated.courses) else None
        write_whole(out, (json.dumps(_file(solution, change), indent=1, ensure_ascii=False) + "\n").encode())
        for line in _told(stated, solution, change):
            click.echo(printable(line))


def _say_slow(why: str) -> None:
    click.echo(f"Planning the slow way: {why}.", err=True)


def _file(solution: Solution, change: Difference | None) -> dict[str, Any]:
    """The solution file; where courses stood already, with what becomes of that."""
    return {**solution.to_json(), **({"changes": change.to_json()} if change else {})}


def _told(problem: Problem, solution: Solution, change: Difference | None) -> Iterator[str]:
    proved = ", proved optimal" if solution.proved_optimal else f", proved that none is below {solution.lower_bound}"
    placed, without = len(solution.appointments), len(solution.unplaced)
    yield f"{placed} sessions placed, {without} not, {solution.points} points{proved}."
    if change is not None:
        yield from _changed_lines(problem, change)
    yield from _unplaced_lines(solution)


def _changed_lines(problem: Problem, change: Difference) -> Iterator[str]:
    """What becomes of the appointments that stood, and who moves by how much."""
    yield (
        f"{len(change.kept)} kept, {len(change.moved)} moved, {len(change.added)} added, {len(change.dropped)} dropped."
    )
    for moved in islice(change.moved, _MOST_LINES):
        yield _moved_line(problem, moved)
    if len(change.moved) > _MOST_LINES:
        yield f"... and {len(change.moved) - _MOST_LINES} more that move; the solution file has them all."


def _moved_line(problem: Problem, moved: Moved) -> str:
    before, after = moved.before, moved.after
    line = f"{moved.course}, session {after.session + 1}: {words.moment(before.start)} → {words.moment(after.start)}"
    by: list[str] = [words.shift(moved.days, moved.minutes)] if moved.minutes else []
    if moved.other_practitioner:
        names = [words.practitioner(problem, each) for each in (after.practitioner, before.practitioner)]
        by.append(f"with {names[0]} instead of {names[1]}")
    return f"{line}, {', '.join(by)}"


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


class Watch:
    """Says on standard error how far the search is, and ends it when somebody says stop or nothing gets better.

    Args:
        patient: go on for the whole budget, however long nothing gets better.
    """

    def __init__(self, stop: threading.Event, *, patient: bool, timer: Callable[[], float] = time.monotonic) -> None:
        self.patient = patient
        self._stop, self._timer = stop, timer
        self._said, self._best, self._better_at = -math.inf, -1, math.inf
        self._unsaid = ""

    def enough(self) -> bool:
        """Whether the search shall end."""
        tired = not self.patient and self._timer() - self._better_at >= _PATIENCE_SECONDS
        return tired or self._stop.is_set()

    def progress(self, points: int, bound: int, seconds: float, iteration: int) -> None:
        """Say it, unless something was said just now."""
        if iteration >= 0 and points != self._best:
            self._best, self._better_at = points, self._timer()
        self._unsaid = _state(points, bound, seconds, iteration)
        if seconds - self._said >= _SAY_EVERY:
            self._said = seconds
            self.end()

    def end(self) -> None:
        """Say what was left unsaid because something was said just before."""
        if self._unsaid:
            click.echo(self._unsaid, err=True)
        self._unsaid = ""


def _state(points: int, bound: int, seconds: float, iteration: int) -> str:
    if iteration < 0:
        return f"{seconds:8.1f} s  placing one course after another"
    percent = gap_percent(points, bound)
    gap = "      ?" if percent is None else f"{percent:6.2f}%"
    return f"{seconds:8.1f} s  step {iteration:>8}  {points:>9} points, at least {bound:>9}, gap {gap}"


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C or termination sets; later ones change nothing, so that no answer is lost."""
    stop = threading.Event()

    def interrupted(*_: object) -> None:
        if stop.is_set():
            click.echo("Ending already: the best answer so far is being written.", err=True)
        stop.set()

    before = {number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
