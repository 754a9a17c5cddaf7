"""One role's share of the time: copies of the town, each crawled through and then asked what Schemathesis thinks of."""

import random
import tempfile
import time
from pathlib import Path
from typing import Final

from planner.web.access import ACCESS
from tests.databases import Databases
from tests.factories import NOW, FakeClock
from tests.strangers.crawler import Crawler
from tests.strangers.generated import explore
from tests.strangers.harvest import Harvest
from tests.strangers.judge import opens
from tests.strangers.skills import practise
from tests.strangers.tally import Route, Tally
from tests.strangers.town import Town, walk_into
from tests.strangers.visitor import Visitor
from tests.strangers.who import Role, role_named

_ONE_TOWN: Final = 40.0
"""Seconds in one copy: after that too much of it is erased, called off or let go."""
_CRAWLING: Final = 0.55
_LATER_HOURS: Final = (25, 0, 73, 1, 9 * 24, 400)
"""How long after its making a copy is walked into: before, on the day of, and after its first visits."""


def walk(
    town: Town, databases: Databases, folder: Path, name: str, harvest: Harvest, seconds: float, seed: int
) -> Tally:
    """What came of it, within these seconds."""
    role, tally = role_named(name, town.own), Tally(name)
    rng = random.Random(f"{seed} {name}")
    ends, turn = time.monotonic() + seconds, 0
    while (left := ends - time.monotonic()) > 0.2:
        until = time.monotonic() + (left if left < _ONE_TOWN * 1.5 else _ONE_TOWN)
        clock = FakeClock(NOW)
        clock.advance(hours=_LATER_HOURS[turn % len(_LATER_HOURS)])
        with (
            tempfile.TemporaryDirectory(dir=folder) as own,
            walk_into(town, databases, Path(own), clock) as (app, runtime),
        ):
            tally.may_reach = routes_of(app, role)
            with Visitor(town, role, app, runtime, tally, rng) as visitor:
                began = time.monotonic()
                practise(visitor)
                Crawler(visitor, harvest, rng).walk(began + (until - began) * _CRAWLING)
                explore(visitor, harvest, rng, until)
        turn += 1
    return tally


def routes_of(app: object, role: Role) -> frozenset[Route]:
    """Every route and method that a role may reach."""
    rules = app.url_map.iter_rules()  # type: ignore[attr-defined]
    return frozenset(
        (rule.endpoint, method)
        for rule in rules
        if opens(role, rule.endpoint)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        # A calendar can only be read: what writes is refused.
        if ACCESS[rule.endpoint] != "feed-token" or method in ("GET", "PROPFIND", "REPORT")
    )
