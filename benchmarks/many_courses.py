"""How good the answers for many courses are: points, proved bounds, seconds and memory, beside simple ways to book.

usage: python -m benchmarks.many_courses [--seeds 101-110] [--sizes 50/3,200/10,500/20] [--share 1.0]

Writes benchmarks/RESULTS.md and a picture of the gap over time. `--share 0.1` gives a tenth of the seconds.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.make_clinic import Wish, make_problem
from planner.scheduling import fast
from planner.scheduling.board import Board, Place
from planner.scheduling.clinic import Clinic
from planner.scheduling.judge import broken_rules
from planner.scheduling.many_courses import solve
from planner.scheduling.points import points
from planner.scheduling.problem import Placed, Problem, Unplaced

HERE = Path(__file__).parent
SECONDS = {"50/3": 30, "200/10": 60, "500/20": 120}
FLOOR = {"50/3": 5.0, "200/10": 4.0, "500/20": 5.0}
GOAL = {"50/3": 1.0, "200/10": 1.0, "500/20": 2.0}


@dataclass(frozen=True, slots=True)
class Run:
    """One instance solved: the answer, what the simple ways give, and the way there."""

    size: str
    seed: int
    points: int
    bound: int
    unplaced: int
    greedy: int
    one_by_one: int
    seconds: float
    cpu_seconds: float
    megabytes: int
    told: list[tuple[int, int, float, int]]

    @property
    def gap(self) -> float:
        """Per cent of the bound that the points are above it."""
        return 100 * (self.points / self.bound - 1)


def instance(size: str, seed: int) -> Problem:
    """Return the instance of this name: 200/10 is 200 courses with 10 practitioners, 70 % booked."""
    courses, practitioners = map(int, size.split("/"))
    return make_problem(Wish(courses=courses, practitioners=practitioners, seed=seed))


def one_by_one(problem: Problem) -> int:
    """Return the points when each course in turn, in file order, gets its exact optimum beside those before it."""
    clinic = Clinic(problem)
    for index in range(len(clinic.models)):
        clinic.put(index, clinic.best(index))
    return clinic.points


def greedy(problem: Problem) -> int:
    """Return the points when each session takes the free start nearest to its target day."""
    board = Board(problem)
    placed: list[Placed] = []
    unplaced: list[Unplaced] = []
    for index, course in enumerate(problem.courses):
        before: datetime | None = None
        for number, session in enumerate(course.sessions):
            found = None
            if number == 0 or before is not None:
                first = datetime.combine(course.earliest_day, datetime.min.time())
                wanted = first if before is None else before + timedelta(days=round(session.gap.target))
                least = first if before is None else before + timedelta(days=max(3, session.gap.min))
                found = _nearest(problem, board, index, number, wanted, least)
            if found is None:
                unplaced += [Unplaced(course.id, k, "no start") for k in range(number, len(course.sessions))]
                break
            place, start = found
            board.take(place, index)
            placed.append(board.placed(course, number, place))
            before = datetime.combine(start.date(), datetime.min.time())
    return points(problem, placed, unplaced).total


def _nearest(
    problem: Problem, board: Board, index: int, number: int, wanted: datetime, least: datetime
) -> tuple[Place, datetime] | None:
    for away in range(-30, 61):
        day = wanted + timedelta(days=(away + 30 + 1) // 2 * (1 if away % 2 else -1))
        inside = problem.first_day <= day.date() <= problem.last_day and day >= least
        found = _on_day(problem, board, index, number, day) if inside else None
        if found is not None:
            return found
    return None


def _on_day(problem: Problem, board: Board, index: int, number: int, day: datetime) -> tuple[Place, datetime] | None:
    course = problem.courses[index]
    need = board.grid.need(course.sessions[number].minutes)
    if any(begin <= day.date() < end for begin, end in course.away):
        return None
    for name in course.practitioners:
        who = board.practitioner[name]
        free = board.starts([who], need)[0, (day.date() - problem.first_day).days]
        for window in course.available:
            last = window.end_minute - course.sessions[number].minutes
            for minute in range(window.start_minute, last + 1, problem.grid_minutes):
                start = day + timedelta(minutes=minute)
                if window.weekday == day.weekday() and free[minute // problem.grid_minutes]:
                    cell = board.grid.number(start)
                    return Place(cell, need, who, board.free_room(cell, need)), start
    return None


def run_one(size: str, seed: int, share: float) -> Run:
    """Solve one instance in this process."""
    import resource

    problem, told = instance(size, seed), list[tuple[int, int, float, int]]()
    begin, cpu = time.perf_counter(), time.process_time()
    found = solve(problem, seconds=SECONDS[size] * share, seed=1, progress=lambda *now: told.append(now))
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    assert broken_rules(problem, found) == []
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Run(
        size, seed, found.points, found.lower_bound, len(found.unplaced), greedy(problem), one_by_one(problem),
        seconds, cpu, memory, told,
    )  # fmt: skip


def run_apart(size: str, seed: int, share: float) -> Run:
    """Solve one instance in a process of its own, so that its memory is its own."""
    code = (
        "import json,sys,dataclasses; from benchmarks.many_courses import run_one;"
        f" print(json.dumps(dataclasses.asdict(run_one({size!r}, {seed}, {share}))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def report(runs: list[Run], share: float) -> str:
    """Return the page of results."""
    lines = [
        "# Many courses that compete", "",
        "Written by `make bench`. Instances: `python -m benchmarks.make_clinic --courses C",
        "--practitioners P --seed S` (70 % booked). Gap: how far the points are above the proved lower bound.",
        f"Time allowed: {', '.join(f'{size} {SECONDS[size] * share:g} s' for size in SECONDS)}.", "",
    ]  # fmt: skip
    if not fast.ready():
        lines += ["The compiled search was not at hand; these are numpy's answers.", ""]
    for size in dict.fromkeys(run.size for run in runs):
        mine = [run for run in runs if run.size == size]
        lines += _table(size, mine)
    lines += ["![Gap over time](gap_over_time.svg)", ""]
    return "\n".join(lines)


def _table(size: str, runs: list[Run]) -> list[str]:
    head = "seed | points | bound | gap | unplaced | / one by one | / greedy | s | CPU s | MB"
    lines = [f"## {size}", "", f"| {head} |", "|" + " ---: |" * 10]
    for run in runs:
        lines.append(
            f"| {run.seed} | {run.points} | {run.bound} | {run.gap:.2f} % | {run.unplaced}"
            f" | {run.points / run.one_by_one:.2f} | {run.points / run.greedy:.2f}"
            f" | {run.seconds:.0f} | {run.cpu_seconds:.0f} | {run.megabytes} |"
        )
    mean = statistics.fmean(run.gap for run in runs)
    sequential = statistics.fmean(run.points / run.one_by_one for run in runs)
    naive = statistics.fmean(run.points / run.greedy for run in runs)
    lines += [
        "",
        f"Mean gap {mean:.2f} % (floor {FLOOR[size]:g} %,"
        f" goal {GOAL[size]:g} %); on average {sequential:.2f} of one by one"
        f" (floor 0.60) and {naive:.2f} of greedy (floor 0.35); at most {max(run.megabytes for run in runs)} MB.",
        "",
    ]
    return lines


def picture(runs: list[Run]) -> str:
    """Return the gap over time as SVG: one line for each instance, the time as a share of what was allowed."""
    colours = {"50/3": "#2a7", "200/10": "#27c", "500/20": "#c52"}
    lines = []
    for run in runs:
        last = max(seconds for *_, seconds, _ in run.told)
        dots = [
            f"{60 + 520 * seconds / last:.1f},{280 - 250 * min(1, (found / bound - 1) / 0.3):.1f}"
            for found, bound, seconds, _ in run.told
            if bound
        ]
        lines.append(f'<polyline fill="none" stroke="{colours[run.size]}" points="{" ".join(dots)}"/>')
    labels = [
        f'<text x="{460}" y="{40 + 18 * n}" fill="{colour}">{size}</text>'
        for n, (size, colour) in enumerate(colours.items())
    ]
    ticks = [f'<text x="8" y="{284 - 250 * share / 30}">{share} %</text>' for share in (0, 5, 10, 20, 30)]
    frame = '<rect x="60" y="30" width="520" height="250" fill="none" stroke="#999"/>'
    caption = '<text x="60" y="305">time, from the start to the last improvement</text>'
    start = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 320" font-family="sans-serif" font-size="13">'
    return "\n".join([start, frame, *ticks, *labels, caption, *lines, "</svg>", ""])


def main() -> None:
    """Run all instances, one after another, and write the page."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--seeds", default="101-110")
    ask.add_argument("--sizes", default="50/3,200/10,500/20")
    ask.add_argument("--share", type=float, default=1.0)
    wish = ask.parse_args()
    first, _, last = wish.seeds.partition("-")
    runs = []
    for size in wish.sizes.split(","):
        for seed in range(int(first), int(last or first) + 1):
            runs.append(run_apart(size, seed, wish.share))
            print(f"{size} seed {seed}: {runs[-1].points} points, gap {runs[-1].gap:.2f} %", flush=True)
            (HERE / "RESULTS.md").write_text(report(runs, wish.share), encoding="utf-8")
            (HERE / "gap_over_time.svg").write_text(picture(runs), encoding="utf-8")


if __name__ == "__main__":
    main()
