"""All benchmarks, and the page they write together: benchmarks/RESULTS.md and gap_over_time.svg.

usage: python -m benchmarks [--share 1.0] [--seeds 201-210] [--sizes 50/3,200/10,500/20] [--anew]

Finished runs are kept in benchmarks/results.json, so that an interrupted run goes on where it was; a run of other
sources, or with another share, is not used, and sources that change while it runs end it. The page is written anew
after each run. `--share 0.1` gives every search a tenth of its time; `--seeds 101` takes one instance of each size.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import alternatives, many_courses, propose, repair, small
from benchmarks.finished import Finished
from benchmarks.instances import seeds_of
from benchmarks.limits import limits
from benchmarks.machine import machine
from benchmarks.picture import picture

HERE = Path(__file__).parent
PAGE, PICTURE, KEPT = HERE / "RESULTS.md", HERE / "gap_over_time.svg", HERE / "results.json"
ONE_COURSE = ("benchmarks.one_course", "benchmarks.compiled_course")
HEAD = """# Benchmarks

Written by `make bench`. {machine}

Every answer, ours and those it is measured against, was checked by `planner/scheduling/judge.py`, which knows nothing
of the search. Instances are made by `benchmarks/make_clinic.py`, the same for the same words; printed as files they can
be given to any other solver. Fewer points are better.{share}
"""


def printed(modules: Sequence[str]) -> str:
    """Return what these modules print, run by themselves."""
    out = []
    for module in modules:
        done = subprocess.run([sys.executable, "-m", module], stdout=subprocess.PIPE, text=True, check=True)
        out.append(done.stdout.rstrip())
    return "\n".join(["## One course", "", "```", *out, "```", ""])


class Bench:
    """Measures what is asked for and writes the page after each run."""

    def __init__(self, wish: argparse.Namespace) -> None:
        self.share: float = wish.share
        self.sizes = wish.sizes.split(",")
        self.seeds = seeds_of(wish.seeds)
        self.finished = Finished(KEPT, wish.share, anew=wish.anew)
        self.texts: list[str] = []
        self.runs: dict[str, list[Any]] = {}

    def run(self) -> None:
        """Measure everything, the quick parts first."""
        self._text("one course", lambda: printed(ONE_COURSE))
        self._text("proposing", lambda: propose.report(propose.measure(propose.APPOINTMENTS, propose.ROUNDS)))
        self._text("alternatives", lambda: alternatives.report(alternatives.measure(), alternatives.measure_beside()))
        self._series("small", small, small.SIZES, seeds_of(small.SEEDS))
        self._series("repair", repair, self._asked(repair.SIZES), seeds_of(repair.SEEDS))
        self._series("many", many_courses, self._asked(many_courses.SECONDS), self.seeds)

    def _asked(self, sizes: Sequence[str]) -> list[str]:
        return [size for size in sizes if size in self.sizes]

    def _text(self, name: str, measure: Any) -> None:
        self.texts.append(self._get(name, measure))
        self._write()

    def _series(self, name: str, module: Any, sizes: Sequence[str], seeds: Sequence[int]) -> None:
        runs = self.runs.setdefault(name, [])
        for size in sizes:
            for seed in seeds:
                if seed in self.seeds:
                    data = self._get(
                        f"{name} {size} {seed}", lambda s=size, n=seed: module.run_one(s, n, self.share).to_json()
                    )
                    runs.append(module.Run.from_json(data))
                    self._write()

    def _get(self, name: str, measure: Any) -> Any:
        begin = time.monotonic()
        found = self.finished.get(name, measure)
        print(f"{name}: {time.monotonic() - begin:.0f} s", flush=True)
        return found

    def _write(self) -> None:
        share = "" if self.share == 1 else f"\n\n**A quick run: every search had only {self.share:g} of its time.**"
        parts = [HEAD.format(machine=machine(), share=share)]
        sections = {"many": many_courses, "small": small, "repair": repair}
        for name, module in sections.items():
            if self.runs.get(name):
                parts.append(module.report(self.runs[name], self.share))
            if name == "many" and self.runs.get(name):
                parts += limits(self.runs[name])
                parts.append("![Gap over time, a line for each instance](gap_over_time.svg)\n")
                PICTURE.write_text(picture(self.runs[name]), encoding="utf-8")
        PAGE.write_text("\n".join([*parts, *self.texts]), encoding="utf-8")


def main() -> None:
    """Measure, and write the page."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--share", type=float, default=1.0)
    ask.add_argument("--seeds", default=many_courses.SEEDS)
    ask.add_argument("--sizes", default=",".join(many_courses.SECONDS))
    ask.add_argument("--anew", action="store_true")
    Bench(ask.parse_args()).run()


if __name__ == "__main__":
    main()
