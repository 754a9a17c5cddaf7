"""How good the answers for many courses are: points, proved bounds, seconds and memory, beside simple ways to book.

usage: python -m benchmarks.many_courses [--seeds 201-210] [--sizes 50/3,200/10,500/20] [--share 1.0]

`--share 0.1` gives a tenth of the seconds. Each instance is solved in a process of its own, so that its memory is.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.baselines import greedy_nearest, one_by_one
from benchmarks.instances import command, instance, seeds_of
from planner.scheduling import fast
from planner.scheduling.judge import broken_rules
from planner.scheduling.many_courses import solve

SEEDS = "201-210"
SECONDS = {"50/3": 30, "200/10": 60, "500/20": 120}
FLOOR = {"50/3": 5.0, "200/10": 4.0, "500/20": 5.0}
GOAL = {"50/3": 1.0, "200/10": 1.0, "500/20": 2.0}
MEGABYTES_FLOOR, MEGABYTES_GOAL = 600, 200
OF_ONE_BY_ONE, OF_GREEDY = 0.60, 0.35
MOST_TOLD = 300


@dataclass(frozen=True, slots=True)
class Run:
    """One instance solved: the answer, what the simple ways give, and the way there (points, bound, seconds, step)."""

    size: str
    seed: int
    points: int
    bound: int
    unplaced: int
    greedy: int
    greedy_unplaced: int
    one_by_one: int
    one_by_one_unplaced: int
    seconds: float
    cpu_seconds: float
    megabytes: int
    told: list[tuple[int, int, float, int]]

    @property
    def gap(self) -> float:
        """Per cent of the bound that the points are above it."""
        return gap(self.points, self.bound)

    def to_json(self) -> dict[str, Any]:
        """Write it for the file of finished runs."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Run":
        """Read what to_json wrote."""
        return cls(**data)


def gap(points: int, bound: int) -> float:
    """Return by how many per cent of the bound points are above it; 100 where nothing is proved."""
    if points == bound:
        return 0.0
    return 100 * (points / bound - 1) if bound else 100.0


def solve_here(size: str, seed: int, share: float) -> Run:
    """Solve one instance in this process."""
    problem, told = instance(size, seed), list[tuple[int, int, float, int]]()
    begin, cpu = time.perf_counter(), time.process_time()
    found = solve(problem, seconds=SECONDS[size] * share, seed=1, progress=lambda *now: told.append(now))
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    assert broken_rules(problem, found) == []
    memory = most_megabytes()
    greedy, sequential = greedy_nearest(problem), one_by_one(problem)
    return Run(
        size=size,
        seed=seed,
        points=found.points,
        bound=found.lower_bound,
        unplaced=len(found.unplaced),
        greedy=greedy.points,
        greedy_unplaced=greedy.unplaced,
        one_by_one=sequential.points,
        one_by_one_unplaced=sequential.unplaced,
        seconds=seconds,
        cpu_seconds=cpu,
        megabytes=memory,
        told=_thinned(told),
    )


def most_megabytes() -> int:
    """Return the most memory that this process ever had.

    What `getrusage` says counts the process that started this one as well, so the kernel's own word comes first.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        peak = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) // 1024
    import resource  # not on every system

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _thinned(told: list[tuple[int, int, float, int]]) -> list[tuple[int, int, float, int]]:
    """Return the way there with so few points that a picture can show them all."""
    least, kept = told[-1][2] / MOST_TOLD, told[:1]
    for now in told[1:]:
        if now[2] - kept[-1][2] >= least or now is told[-1]:
            kept.append(now)
    return kept


def run_one(size: str, seed: int, share: float = 1.0) -> Run:
    """Solve one instance in a process of its own."""
    code = (
        "import json; from benchmarks.many_courses import solve_here;"
        f" print(json.dumps(solve_here({size!r}, {seed}, {share}).to_json()))"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    return Run.from_json(json.loads(done.stdout.splitlines()[-1]))


def report(runs: Sequence[Run], share: float = 1.0) -> str:
    """Return the section of the page."""
    lines = [
        "## Many courses that compete", "",
        f"Instances: `{command()}`, 70 % booked.",
        "Gap: how far the points are above the proved lower bound. Ratios: ours to one by one exact (each course its",
        "optimum beside those before it, in file order) and to greedy nearest (each session the free start nearest to",
        "its target day), and theirs to the best of the run. Time allowed:",
        f"{', '.join(f'{size} {SECONDS[size] * share:g} s' for size in SECONDS)}.", "",
    ]  # fmt: skip
    if not fast.ready():
        lines += ["The compiled search was not at hand; these are numpy's answers.", ""]
    for size in dict.fromkeys(run.size for run in runs):
        lines += _table(size, [run for run in runs if run.size == size])
    return "\n".join(lines)


def _table(size: str, runs: Sequence[Run]) -> list[str]:
    head = (
        "seed | points | bound | gap | unplaced | ours / one by one | ours / greedy | one by one / best"
        " | greedy / best | unplaced by them | s | CPU s | MB"
    )
    lines = [f"### {size}", "", f"| {head} |", "|" + " ---: |" * 13]
    for run in runs:
        best = min(run.points, run.one_by_one, run.greedy)
        lines.append(
            f"| {run.seed} | {run.points} | {run.bound} | {run.gap:.2f} % | {run.unplaced}"
            f" | {run.points / run.one_by_one:.2f} | {run.points / run.greedy:.2f}"
            f" | {run.one_by_one / best:.2f} | {run.greedy / best:.2f}"
            f" | {run.one_by_one_unplaced}, {run.greedy_unplaced}"
            f" | {run.seconds:.0f} | {run.cpu_seconds:.0f} | {run.megabytes} |"
        )
    return [*lines, "", *(f"- {each.says}" for each in measured(size, runs)), ""]


@dataclass(frozen=True, slots=True)
class Aim:
    """One figure of a size beside the floor it must not exceed and the goal it should reach, if there is one."""

    name: str
    figure: float
    floor: float
    goal: float | None = None
    unit: str = ""
    digits: int = 2

    @property
    def missed(self) -> bool:
        """Whether there is a goal, and it was not reached."""
        return self.goal is not None and self.figure > self.goal

    @property
    def says(self) -> str:
        """The figure, and what follows from it."""
        told = f"{self.name}: {self.figure:.{self.digits}f}{self.unit}; floor {self.floor:g}{self.unit}"
        told += " held" if self.figure <= self.floor else " **not held**"
        if self.goal is None:
            return told
        return f"{told}, goal {self.goal:g}{self.unit} {'**missed**' if self.missed else 'reached'}"


def measured(size: str, runs: Sequence[Run]) -> list[Aim]:
    """Return the figures of one size that have a floor or a goal."""
    return [
        Aim(f"Mean gap of {len(runs)}", statistics.fmean(run.gap for run in runs), FLOOR[size], GOAL[size], " %"),
        Aim("Ours / one by one, mean", statistics.fmean(run.points / run.one_by_one for run in runs), OF_ONE_BY_ONE),
        Aim("Ours / greedy, mean", statistics.fmean(run.points / run.greedy for run in runs), OF_GREEDY),
        Aim(
            "Most memory",
            max(run.megabytes for run in runs),
            MEGABYTES_FLOOR,
            MEGABYTES_GOAL if size == "500/20" else None,
            " MB",
            0,
        ),
    ]


def main() -> None:
    """Solve the instances one after another and print the section."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--seeds", default=SEEDS)
    ask.add_argument("--sizes", default=",".join(SECONDS))
    ask.add_argument("--share", type=float, default=1.0)
    wish = ask.parse_args()
    sizes, seeds = wish.sizes.split(","), seeds_of(wish.seeds)
    print(report([run_one(size, seed, wish.share) for size in sizes for seed in seeds], wish.share))


if __name__ == "__main__":
    main()
