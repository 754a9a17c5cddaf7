"""Walks the audit's chains and says where one breaks: a line changed, gone, or put in, and an end cut off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from planner.storage.audit_chain import link
from planner.storage.audit_rows import CHAINS, AuditChainRow, AuditRow
from planner.words import Text, say

FORGOTTEN: Final = "audit.forget"
"""A line of the changes that says up to where who looked at what was let go."""

_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain at some moment, as it was kept elsewhere."""

    clinic_id: int
    chain: str
    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a chain does not hold; `says` in words."""

    chain: str
    number: int
    says: Text


def heads(session: Session, clinic_id: int) -> list[Head]:
    """Where the chains of a clinic end now."""
    found = session.scalars(
        select(AuditChainRow).where(AuditChainRow.clinic_id == clinic_id).order_by(AuditChainRow.chain)
    )
    return [Head(clinic_id, row.chain, row.number, row.hash) for row in found]


def breaks(session: Session, clinic_id: int, known: Iterable[Head] = ()) -> Iterator[Break]:
    """All places where the chains of a clinic do not hold; nothing when they are whole.

    Args:
        known: ends that were kept elsewhere, in a log for instance. Without them nobody can tell a chain that was
            written anew, or cut off together with its kept end.
    """
    mine = [head for head in known if head.clinic_id == clinic_id]
    for chain in CHAINS:
        ending = session.scalar(
            select(AuditChainRow).where(AuditChainRow.clinic_id == clinic_id, AuditChainRow.chain == chain)
        )
        if ending is None:
            if _any_line(session, clinic_id, chain) or any(head.chain == chain and head.number for head in mine):
                yield Break(chain, 0, say("It is not kept where the chain ends."))
            continue
        yield from _floor(session, ending)
        yield from _lines(session, ending)
        yield from _kept_elsewhere(session, ending, [head for head in mine if head.chain == chain])


def _any_line(session: Session, clinic_id: int, chain: str) -> bool:
    query = select(AuditRow.number).where(AuditRow.clinic_id == clinic_id, AuditRow.chain == chain).limit(1)
    return session.scalar(query) is not None


def _floor(session: Session, ending: AuditChainRow) -> Iterator[Break]:
    """Lines may be let go from the beginning, if the other chain says so."""
    floor = (ending.floor_number, ending.floor_hash)
    if floor == (0, ""):
        return
    newest = session.scalar(
        select(AuditRow)
        .where(AuditRow.clinic_id == ending.clinic_id, AuditRow.chain == "changes", AuditRow.action == FORGOTTEN)
        .order_by(AuditRow.number.desc())
        .limit(1)
    )
    told = (newest.details.get("number"), newest.details.get("hash")) if newest is not None else None
    if ending.chain != "access" or told != floor:
        yield Break(ending.chain, ending.floor_number, say("Lines were let go which nobody may let go."))


def _lines(session: Session, ending: AuditChainRow) -> Iterator[Break]:
    number, previous = ending.floor_number, ending.floor_hash
    query = (
        select(AuditRow)
        .where(AuditRow.clinic_id == ending.clinic_id, AuditRow.chain == ending.chain)
        .order_by(AuditRow.number)
        .execution_options(yield_per=_AT_ONCE)
    )
    for row in session.scalars(query):
        if row.number <= number:
            yield Break(row.chain, row.number, say("This line was put in."))
            continue
        if row.number > number + 1:
            yield Break(
                row.chain,
                number + 1,
                say("Lines %(first)s to %(last)s are gone.", first=number + 1, last=row.number - 1),
            )
        elif row.previous != previous:
            yield Break(row.chain, row.number, say("This line does not follow the one before it."))
        if link(row.previous, _facts(row)) != row.hash:
            yield Break(row.chain, row.number, say("This line was changed."))
        number, previous = row.number, row.hash
    if (number, previous) != (ending.number, ending.hash):
        words = say(
            "The chain should end with line %(kept)s, and ends with line %(last)s.", kept=ending.number, last=number
        )
        yield Break(ending.chain, number, words)


def _facts(row: AuditRow) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in AuditRow.__table__.columns}


def _kept_elsewhere(session: Session, ending: AuditChainRow, known: Sequence[Head]) -> Iterator[Break]:
    at_numbers = {head.number for head in known}
    query = select(AuditRow.number, AuditRow.hash).where(
        AuditRow.clinic_id == ending.clinic_id, AuditRow.chain == ending.chain, AuditRow.number.in_(at_numbers)
    )
    there = {each.number: each.hash for each in session.execute(query)}
    there[ending.floor_number] = ending.floor_hash
    for head in known:
        if head.number >= ending.floor_number and there.get(head.number) != head.hash:
            words = say("Line %(number)s is not the one that was kept elsewhere.", number=head.number)
            yield Break(ending.chain, head.number, words)
