"""What limits the gap, told on the page of results where a goal was missed."""

from collections.abc import Sequence

from benchmarks.many_courses import Run, measured

LIMITS = """### What limits it

The bound is that of the linear relaxation over whole plans of a course. 1,200 rounds of pricing lift it by 0.08 % above
what 300 rounds prove, so that little more is to be had there. From above, eight times the steps change the mean gap of
50/3 by 0.1 %. What is left lies between the relaxation and whole plans: a third of the gap is dear time that stays idle
in pieces too short for a session. The widest gaps are those of clinics without time for all: there one session more or
less without a place is 5,000 points, a tenth of all; splitting the bound by their number and diving by price closed two
thirds of what these gaps were.

Tried without success: cuts over three cells (5 points more bound at 50/3, and pricing several times as slow), noise on
the prices, several sets of prices in turn, mending pushed courses session by session, planning several neighbours anew
at once, other ways of cooling, more small moves. Details are in `docs/adr/0009`.

Memory: a process that has loaded the compiled search and planned twenty courses holds 180 MB, of which numpy and
numba's own runtime are 90 and the loaded machine code as much again; 500 courses take the rest. Below 200 MB there
would have to be machine code that needs no numba where it runs.

The first answer of a repair for 500 courses stands at the edge of its second: a third of it finds the starts that each
session can reach at all, a fifth is the independent check, a quarter the reasons of what has no place. The slowest
alternatives are those during which Python collects its garbage (30 ms): other sessions in every round.
"""


def limits(runs: Sequence[Run]) -> list[str]:
    """Return the section, or nothing where every goal for the gap was reached."""
    by_size: dict[str, list[Run]] = {}
    for run in runs:
        by_size.setdefault(run.size, []).append(run)
    gaps = [measured(size, mine)[0] for size, mine in by_size.items()]
    return [LIMITS] if any(each.missed for each in gaps) else []
