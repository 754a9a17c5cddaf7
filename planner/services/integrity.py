"""A look at night whether the data are as they must be; what is not is put before the owner, once.

The work is bounded: each tick looks at stretches for a few seconds, and the next one goes on where it was.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from planner.services import integrity_checks as checks
from planner.services import nights, worklists
from planner.services.attention_lines import Found, news_of, write_news
from planner.services.integrity_checks import Finding, Look
from planner.services.integrity_mail import tell_managers
from planner.services.nights import Position
from planner.services.runtime import Actor, Runtime
from planner.services.sweeping import SweepReport, each, told_to_stop

CHECKS: Final[Mapping[str, Look]] = MappingProxyType(
    {
        "sessions": checks.sessions_have_one_appointment,
        "histories": checks.histories_lead_to_the_present,
        "overlaps": checks.nothing_overlaps,
        "calendars": checks.calendars_can_be_read,
        "bookings": checks.bookings_are_told,
        "messages": checks.messages_have_their_reason,
        "audit": checks.the_audit_is_whole,
    }
)
"""All that is looked at, in this order. A new one is a function in integrity_checks.py and a line here."""

NAME: Final = "integrity"
TICK_SECONDS: Final = 2.0
"""So long one tick works for a clinic, and one stretch more."""

MOST_KEPT: Final = 200
"""So many findings of a night are put before the owner; a database with more is past looking at line by line."""

_log = logging.getLogger("planner.integrity")


def verify(runtime: Runtime, actor: Actor) -> Iterator[Finding]:
    """All that is wrong in a clinic now; nothing is written."""
    for look in CHECKS.values():
        after: int | None = 0
        while after is not None:
            with runtime.reading(actor) as unit:
                stretch = look(unit, after)
            yield from stretch.findings
            after = stretch.after


def sweep_integrity(runtime: Runtime) -> SweepReport:
    """The sweep: for each clinic, some of this night's look.

    Returns:
        As `done`, how many findings were put before an owner or taken back.
    """
    reported: list[int] = []
    report = each(
        runtime, NAME, nights.clinics_owing(runtime, NAME), key=lambda clinic_id: clinic_id,
        work=lambda clinic_id: reported.append(look_on(runtime, Actor.system(clinic_id))),
    )  # fmt: skip
    return SweepReport(sum(reported), report.failed, report.delayed)


def look_on(runtime: Runtime, actor: Actor, seconds: float = TICK_SECONDS) -> int:
    """Go on with a clinic's look of this night, if it is owed, for so long.

    Returns:
        How many lines of its worklists were opened or closed.
    """
    with runtime.reading(actor) as unit:
        night, reached = nights.owed(unit, NAME), nights.position(unit, NAME)
    if night is None:
        return 0
    reached = reached or _beginning()
    end = time.monotonic() + seconds
    while reached["check"] is not None:
        reached = _step(runtime, actor, reached)
        if time.monotonic() >= end or told_to_stop():
            break
    if reached["check"] is not None:
        nights.keep(runtime, actor, NAME, night, reached)
        return 0
    opened, gone = _report(runtime, actor, reached)
    nights.keep(runtime, actor, NAME, night, None)
    if opened:
        tell_managers(runtime, actor, night, opened)
    _log.info("clinic %s: looked through, %d findings", actor.clinic_id, len(reached["found"]))
    return len(opened) + gone


def _beginning() -> Position:
    return {"check": next(iter(CHECKS)), "after": 0, "found": []}


def _step(runtime: Runtime, actor: Actor, reached: Position) -> Position:
    """One stretch further. A check that is gone since it was begun, with an older program, counts as over."""
    look = CHECKS.get(reached["check"])
    if look is None:
        return _beginning()
    with runtime.reading(actor) as unit:
        stretch = look(unit, reached["after"])
    found = [*reached["found"], *map(_kept, stretch.findings)][:MOST_KEPT]
    if stretch.after is not None:
        return {**reached, "after": stretch.after, "found": found}
    names = list(CHECKS)
    following = names.index(reached["check"]) + 1
    return {"check": names[following] if following < len(names) else None, "after": 0, "found": found}


def _report(runtime: Runtime, actor: Actor, reached: Position) -> tuple[list[str], int]:
    """Open a line for each finding, close those of what is well again; one that a person took off stays off.

    Returns:
        What the new lines say, and how many went.
    """
    with runtime.writing(actor) as unit:
        news = news_of(unit, {line.key: line for line in map(_line, reached["found"])}, (worklists.DAMAGE,))
        write_news(unit, news)
        for line in news.opened:
            _log.error("clinic %s: %s (%s)", unit.clinic.id, line.says, line.key)
            unit.audit("integrity.finding", f"clinic/{unit.clinic.id}", key=line.key)
        return [line.says for line in news.opened], len(news.gone)


def _kept(finding: Finding) -> dict[str, Any]:
    return {"key": finding.key, "says": finding.says, "course_id": finding.course_id}


def _line(kept: Mapping[str, Any]) -> Found:
    return Found(worklists.DAMAGE, f"damage-{kept['key']}", kept["says"], kept["course_id"])
