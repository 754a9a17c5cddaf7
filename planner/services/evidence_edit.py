"""The clinic's own numbers and words over the shipped evidence, each with a reason, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from planner.care.evidence import Evidence, EvidenceRow
from planner.errors import InvalidInput, NotFound
from planner.services import clinic_setup
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.seen import must_be_as_seen, seen_of
from planner.storage.audit_rows import AuditRow
from planner.storage.people import StaffRow
from planner.words import say

CHANGED, AS_SHIPPED = "change evidence", "evidence as shipped"
REASON_LENGTH_MAX: Final = 400
WORDING_LENGTH_MAX: Final = 600


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a row: as it was shipped, as it is, and between which a clinic may set it; `fractional` or whole."""

    name: str
    shipped: int | float
    now: int | float
    low: int | float
    high: int | float

    @property
    def fractional(self) -> bool:
        """Whether it may have a fraction."""
        return isinstance(self.low, float)


@dataclass(frozen=True, slots=True)
class Change:
    """Who changed a row, when and why; `again` where they went back to what was shipped."""

    at: datetime
    actor: str
    reason: str
    again: bool


@dataclass(frozen=True, slots=True)
class RowDesk:
    """A row as it is and as it was shipped.

    Args:
        wording: the clinic's own; "" where the shipped one stands, with the numbers as they are.
        history: newest first.
    """

    row: EvidenceRow
    shipped: EvidenceRow
    numbers: tuple[Number, ...]
    wording: str
    history: tuple[Change, ...]
    zone: str
    seen: str


def evidence_rows(runtime: Runtime, actor: Actor) -> Evidence:
    """All rows with the clinic's own numbers; `own` marks those that it changed."""
    with runtime.reading(actor) as unit:
        return Evidence.load(unit.clinic.evidence_overrides)


def row_desk(runtime: Runtime, actor: Actor, row_id: str) -> RowDesk:
    """One row. Raises NotFound."""
    with runtime.reading(actor) as unit:
        shipped = _shipped(row_id)
        known = Evidence.load(unit.clinic.evidence_overrides)
        own = unit.clinic.evidence_overrides.get(row_id, {})
        numbers = tuple(
            Number(name, value, known[row_id].numbers[name], *known.limits[name])
            for name, value in shipped.numbers.items()
        )
        return RowDesk(
            row=known[row_id],
            shipped=shipped,
            numbers=numbers,
            wording=own.get("says", ""),
            history=_history(unit, row_id),
            zone=unit.clinic.timezone,
            seen=seen_of(own),
        )


def change_row(
    runtime: Runtime,
    actor: Actor,
    row_id: str,
    numbers: Mapping[str, int | float],
    wording: str,
    reason: str,
    *,
    seen: str,
) -> None:
    """Keep the clinic's own numbers and words; the next estimate follows them.

    Args:
        wording: "" for the shipped one.
    Raises:
        InvalidInput: no reason, or a number that makes no sense, alone or beside others; `field` is "ROW.name".
        StaleForm: somebody changed it meanwhile.
        NotFound: there is no such row.
    """
    shipped = _shipped(row_id)
    with runtime.writing(actor) as unit:
        clinic_setup.manage(unit)
        must_be_as_seen(seen, unit.clinic.evidence_overrides.get(row_id, {}))
        own: dict[str, Any] = {name: value for name, value in numbers.items() if value != shipped.numbers.get(name)}
        if len(wording) > WORDING_LENGTH_MAX:
            raise InvalidInput(
                say("Write at most %(most)s characters.", most=WORDING_LENGTH_MAX), field=f"{row_id}.says"
            )
        if wording.strip():
            own["says"] = wording.strip()
        _keep(unit, row_id, own)
        unit.audit(CHANGED, f"evidence/{row_id}", reason=_checked(reason), values=_numbers(own))


def as_shipped(runtime: Runtime, actor: Actor, row_id: str, reason: str, *, seen: str) -> None:
    """Go back to what was shipped.

    Raises:
        InvalidInput: no reason, or other numbers of the clinic's own contradict it.
        StaleForm: somebody changed it meanwhile.
        NotFound: there is no such row.
    """
    _shipped(row_id)
    with runtime.writing(actor) as unit:
        clinic_setup.manage(unit)
        must_be_as_seen(seen, unit.clinic.evidence_overrides.get(row_id, {}))
        _keep(unit, row_id, {})
        unit.audit(AS_SHIPPED, f"evidence/{row_id}", reason=_checked(reason))


def _keep(unit: Unit, row_id: str, own: Mapping[str, Any]) -> None:
    others = {key: value for key, value in unit.clinic.evidence_overrides.items() if key != row_id}
    wanted = {**others, row_id: dict(own)} if own else others
    Evidence.load(wanted)
    unit.clinic.evidence_overrides = wanted


def _shipped(row_id: str) -> EvidenceRow:
    known = Evidence.load()
    if row_id not in known.rows:
        raise NotFound(say("There is no such row of evidence."))
    return known[row_id]


def _checked(reason: str) -> str:
    spelled = " ".join(reason.split())
    if not spelled:
        raise InvalidInput(say("Say why: the next who reads this number will ask."), field="reason")
    if len(spelled) > REASON_LENGTH_MAX:
        raise InvalidInput(say("Write at most %(most)s characters.", most=REASON_LENGTH_MAX), field="reason")
    return spelled


def _numbers(own: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in own.items() if name != "says"}


def _history(unit: Unit, row_id: str) -> tuple[Change, ...]:
    rows = unit.session.scalars(
        select(AuditRow)
        .where(AuditRow.subject == f"evidence/{row_id}", AuditRow.action.in_((CHANGED, AS_SHIPPED)))
        .order_by(AuditRow.number.desc())
    ).all()
    known = select(StaffRow.id, StaffRow.name).where(StaffRow.id.in_({row.actor_id for row in rows}))
    names = {each.id: each.name for each in unit.session.execute(known)}
    return tuple(
        Change(row.at, names.get(row.actor_id or 0, ""), row.details["reason"], row.action == AS_SHIPPED)
        for row in rows
    )
