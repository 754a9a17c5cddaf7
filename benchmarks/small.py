"""Instances small enough for a plain CP-SAT model, which has its own bound: ours beside it.

usage: python -m benchmarks.small [--seeds 201-203] [--sizes 5/2,10/2,20/3] [--share 1.0]
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.baselines import greedy_nearest, one_by_one
from benchmarks.cp_sat import WORKERS, installed, solve_model
from benchmarks.instances import instance, seeds_of
from benchmarks.many_courses import gap
from planner.scheduling.judge import broken_rules
from planner.scheduling.many_courses import solve

SEEDS = "201-203"
SIZES = ("2/2", "5/2", "10/2", "20/3")
MODEL_SECONDS, OUR_SECONDS = 60.0, 10.0


@dataclass(frozen=True, slots=True)
class Run:
    """One instance solved by CP-SAT, by ours and by the simple ways; `model_points` is None without an answer."""

    size: str
    seed: int
    status: str
    model_points: int | None
    model_bound: int
    model_seconds: float
    points: int
    bound: int
    seconds: float
    greedy: int
    one_by_one: int

    def to_json(self) -> dict[str, Any]:
        """Write it for the file of finished runs."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Run":
        """Read what to_json wrote."""
        return cls(**data)


def run_one(size: str, seed: int, share: float = 1.0) -> Run:
    """Solve one instance; without ortools the model has no answer."""
    problem = instance(size, seed)
    begin = time.perf_counter()
    model = solve_model(problem, MODEL_SECONDS * share) if installed() else None
    middle = time.perf_counter()
    found = solve(problem, seconds=OUR_SECONDS * share, seed=1)
    seconds = time.perf_counter() - middle
    assert broken_rules(problem, found) == []
    assert model is None or model.solution is None or broken_rules(problem, model.solution) == []
    return Run(
        size=size,
        seed=seed,
        status=model.status.lower() if model else "not installed",
        model_points=model.points if model else None,
        model_bound=model.bound if model else 0,
        model_seconds=middle - begin,
        points=found.points,
        bound=found.lower_bound,
        seconds=seconds,
        greedy=greedy_nearest(problem).points,
        one_by_one=one_by_one(problem).points,
    )


def report(runs: Sequence[Run], share: float = 1.0) -> str:
    """Return the section of the page."""
    lines = [
        "## Small instances, beside a plain CP-SAT model", "",
        "The model of `benchmarks/cp_sat.py` (intervals, choices, tables of gap points) has"
        f" {MODEL_SECONDS * share:g} s on {WORKERS} cores, ours {OUR_SECONDS * share:g} s.", "",
        "| size | seed | CP-SAT | points | bound | s | ours | bound | gap | s | CP-SAT / ours"
        " | one by one / ours | greedy / ours |",
        "| --- | ---: | --- |" + " ---: |" * 10,
    ]  # fmt: skip
    for run in runs:
        points = "none" if run.model_points is None else str(run.model_points)
        ratio = "" if run.model_points is None else f"{_ratio(run.model_points, run.points):.2f}"
        lines.append(
            f"| {run.size} | {run.seed} | {run.status} | {points} | {run.model_bound} | {run.model_seconds:.0f}"
            f" | {run.points} | {run.bound} | {gap(run.points, run.bound):.2f} % | {run.seconds:.0f} | {ratio}"
            f" | {_ratio(run.one_by_one, run.points):.2f} | {_ratio(run.greedy, run.points):.2f} |"
        )
    return "\n".join([*lines, ""])


def _ratio(points: int, ours: int) -> float:
    return points / max(1, ours)


def main() -> None:
    """Print the section."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--seeds", default=SEEDS)
    ask.add_argument("--sizes", default=",".join(SIZES))
    ask.add_argument("--share", type=float, default=1.0)
    wish = ask.parse_args()
    runs = [run_one(size, seed, wish.share) for size in wish.sizes.split(",") for seed in seeds_of(wish.seeds)]
    print(report(runs, wish.share))


if __name__ == "__main__":
    main()
