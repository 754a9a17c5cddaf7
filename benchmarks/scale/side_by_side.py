"""The same acts at databases of different size, in turn, so that the machine's moods fall on all of them alike."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.scale.meter import percentile
from benchmarks.scale.site import KEPT, UNCHANGED, Site
from planner.commands.garbage import settle
from planner.sweeps import SWEEPS

QUICK = (KEPT, UNCHANGED)
_AT_ONCE = 20
"""Answers of a millisecond are asked for so often in each round, else their p95 would be the machine's."""

MOST = 1.5
"""A page of the large database may take so many times what it takes in the small one."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of one act at one database, sorted by nothing; and the statements of the last time."""

    milliseconds: list[float]
    questions: int

    @property
    def p50(self) -> float:
        """Half of them were faster."""
        return percentile(self.milliseconds, 0.5)

    @property
    def p95(self) -> float:
        """Nineteen of twenty were faster."""
        return percentile(self.milliseconds, 0.95)


@dataclass
class Compared:
    """By act, then by the database's name."""

    acts: dict[str, dict[str, Measured]] = field(default_factory=dict)

    def ratio(self, act: str, large: str, small: str) -> float:
        """How many times as long the slow ones take."""
        return self.acts[act][large].p95 / self.acts[act][small].p95

    def verdict(self, large: str, small: str) -> bool:
        """Whether nothing takes longer than it may."""
        return all(self.ratio(act, large, small) <= MOST for act in self.acts)


def compare(sites: Sequence[Site], rounds: int) -> Compared:
    """Each act so often at each site, all sites in each round, in another order each time."""
    found = Compared()
    settle()
    warm = max(len(site.askers) for site in sites)
    for act in sites[0].acts():
        times: dict[str, list[float]] = {site.name: [] for site in sites}
        questions = {}
        for number in range(rounds + warm):
            for site in _in_turn(sites, number):
                for _ in range(_AT_ONCE if act in QUICK else 1):
                    took, questions[site.name] = _once(site, act, number)
                    if number >= warm:
                        # The first ones pay for templates, machine code and the database's memory.
                        times[site.name].append(1000 * took)
        found.acts[act] = {name: Measured(taken, questions[name]) for name, taken in times.items()}
        line = "   ".join(f"{name} {each.p50:.1f}/{each.p95:.1f} ms" for name, each in found.acts[act].items())
        print(f"{act}: {line}", file=sys.stderr, flush=True)
    return found


def _in_turn(sites: Sequence[Site], number: int) -> list[Site]:
    first = number % len(sites)
    return [*sites[first:], *sites[:first]]


def _once(site: Site, act: str, number: int) -> tuple[float, int]:
    asker = site.askers[number % len(site.askers)]
    site.before(act, asker)
    with site.counting():
        begin = time.perf_counter()
        site.acts()[act](asker)
        took = time.perf_counter() - begin
    return took, site.questions


def sweep_rounds(site: Site) -> dict[str, float]:
    """Seconds of one round of each sweep when nothing is due any more."""
    found = {}
    for sweep in SWEEPS:
        sweep.run(site.runtime)
        begin = time.perf_counter()
        sweep.run(site.runtime)
        found[sweep.name] = time.perf_counter() - begin
        print(f"sweep {sweep.name} at {site.name}: {found[sweep.name]:.3f} s", file=sys.stderr, flush=True)
    return found
