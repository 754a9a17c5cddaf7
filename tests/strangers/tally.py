"""What came of a walk: requests, answers, routes reached, and every fault once."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.strangers.judge import Fault

HEAD: Final = "role          requests       routes 500s other clinic unsafe  answers by status"

Route = tuple[str, str]
"""Endpoint and method."""
KINDS: Final = ("500", "other clinic", "unsafe")


@dataclass
class Tally:
    """Of one role, over all its walks."""

    role: str
    may_reach: frozenset[Route] = frozenset()
    statuses: Counter[int] = field(default_factory=Counter)
    tried: set[Route] = field(default_factory=set)
    reached: set[Route] = field(default_factory=set)
    faults: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        """How many were answered."""
        return self.statuses.total()

    @property
    def unreached(self) -> list[str]:
        """Routes that the role may open and that were never answered below 400."""
        return sorted(f"{method} {endpoint}" for endpoint, method in self.may_reach - self.reached)

    def answered(self, route: Route, status: int) -> None:
        """Count an answer."""
        self.statuses[status] += 1
        self.tried.add(route)
        if status < 400:
            self.reached.add(route)

    def found(self, route: Route, fault: Fault, how: str) -> None:
        """Note a fault; of the same kind at the same route the first is kept whole."""
        self.counts[fault.kind] += 1
        self.faults.setdefault(f"{fault.kind}: {route[1]} {route[0]}: {fault.what[:60]}", f"{fault.what}\n{how}")

    def to_json(self) -> dict[str, Any]:
        """For the table that ends the run."""
        return {
            "role": self.role,
            "requests": self.requests,
            "reached": len(self.may_reach & self.reached),
            "routes": len(self.may_reach),
            "unreached": self.unreached,
            "statuses": {str(status): times for status, times in sorted(self.statuses.items())},
            "faults": {kind: self.counts[kind] for kind in KINDS},
        }


def line_of(facts: Mapping[str, Any]) -> str:
    """One row of the table."""
    answers = ", ".join(f"{status}: {times}" for status, times in facts["statuses"].items())
    faults = facts["faults"]
    return (
        f"{facts['role']:<13} {facts['requests']:>8} {facts['reached']:>7}/{facts['routes']:<4}"
        f" {faults['500']:>4} {faults['other clinic']:>12} {faults['unsafe']:>6}  {answers}"
    )
