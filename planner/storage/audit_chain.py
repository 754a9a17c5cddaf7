"""The audit's chain: what a line is, its hash, and how lines are written in the transaction of what they tell of.

Whoever writes a clinic's rows says who they are (`Who`, in the session's info). What is noted meanwhile is written as
the last thing before the commit. A change of which nobody noted anything is noted here, so none can be forgotten.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import event, insert, select, update
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from planner.storage.audit_rows import CHAINS, AuditChainRow, AuditRow
from planner.storage.courses import AppointmentRow, AssessmentRow, CourseRow, SessionRow
from planner.storage.ids import new_id
from planner.storage.opening import ClosureRow, HoursChangeRow, HoursRow, LeaveRow
from planner.storage.outward import FeedRow
from planner.storage.people import ClinicRow, PatientRow, RoomRow, ServiceRow, StaffRow
from planner.storage.progress import AdviceDecisionRow, NoteRow, OutcomeRow

Chain = Literal["changes", "access"]
Kind = Literal["staff", "patient", "planner"]
WATCHED: Final[tuple[type[Any], ...]] = (
    *(ClinicRow, StaffRow, RoomRow, ServiceRow, PatientRow, FeedRow),
    *(AssessmentRow, CourseRow, SessionRow, AppointmentRow, NoteRow, OutcomeRow, AdviceDecisionRow),
    *(HoursRow, HoursChangeRow, ClosureRow, LeaveRow),
)
"""Rows about people, their care, and what the clinic decided. The rest is bookkeeping of the program itself."""

CHANGED: Final = "change"
WITHHELD: Final = "withheld"
_MOST_UNNOTED: Final = 50
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9_.:/-]{0,79}", re.ASCII)
_ACTION: Final = re.compile(r"[a-z][a-z0-9_. -]{0,59}", re.ASCII)
_SUBJECT: Final = re.compile(r"[a-z_]+(/[A-Za-z0-9_.-]+)*", re.ASCII)
_LINES, _TOUCHED, _WHO = "audit lines", "audit touched", "audit who"


@dataclass(frozen=True, slots=True)
class Who:
    """Who acts, when, and from where: ids and classes, no name and no address.

    Args:
        network: what kind of address they came from; see planner/services/origin.py.
        session: tells the browsers of one person apart.
    """

    actor: Kind
    actor_id: int | None
    at: datetime
    network: str = ""
    session: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happened.

    Args:
        subject: a kind of thing and its id, as in course/17.
        patient_id: whom it is about; None: nobody, or nobody in particular.
        details: numbers and short words of ours; anything else is withheld.
    Raises:
        ValueError: action or subject are no short words.
    """

    clinic_id: int
    who: Who
    action: str
    subject: str
    patient_id: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    chain: Chain = "changes"

    def __post_init__(self) -> None:
        if not _ACTION.fullmatch(self.action) or not _SUBJECT.fullmatch(self.subject):
            raise ValueError(f"no action and subject for the audit: {self.action!r}, {self.subject!r}")
        # What people type stays out, whoever forgets it. But why the clinic's own number stands in place of the
        # evidence's is the clinic's to explain, and is about no patient.
        worded = ("reason",) if self.subject.startswith("evidence/") else ()
        object.__setattr__(self, "details", plain(self.details, worded))


def plain(details: Mapping[str, Any], worded: tuple[str, ...] = ()) -> dict[str, Any]:
    """Details with "withheld" in place of what is no number or short word of ours."""
    return {name: value if name in worded or _is_plain(value) else WITHHELD for name, value in details.items()}


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_plain(each) for pair in value.items() for each in pair)
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float) or bool(_WORD.fullmatch(str(value)))


def note(session: Session, line: Line) -> None:
    """Have a line written when the session commits."""
    session.info.setdefault(_LINES, []).append((session.get_nested_transaction(), line))


def acting(session: Session, who: Who) -> None:
    """Say who is at work in this session."""
    session.info[_WHO] = who


def canonical(values: Mapping[str, Any]) -> str:
    """A line without its hashes in the one spelling that is hashed: JSON, keys in order, instants in UTC."""
    at: datetime = values["at"]
    facts = {name: values[name] for name in _FACTS} | {"at": at.astimezone(UTC).isoformat(timespec="microseconds")}
    return json.dumps(facts, sort_keys=True, separators=(",", ":"))


_FACTS: Final = (
    *("clinic_id", "chain", "number", "actor", "actor_id", "action", "subject"),
    *("patient_id", "network", "session", "details"),
)


def link(previous: str, values: Mapping[str, Any]) -> str:
    """The hash of a line that follows the one of this hash ("": it is the first)."""
    return hashlib.sha256(f"{previous}\n{canonical(values)}".encode()).hexdigest()


def append(session: Session, lines: Sequence[Line]) -> None:
    """Write lines at the end of their chains; a transaction that does holds the chain until it ends."""
    for clinic_id in dict.fromkeys(line.clinic_id for line in lines):
        # Always in the same order, so that two transactions can't wait for each other.
        for chain in sorted(CHAINS):
            here = [line for line in lines if (line.clinic_id, line.chain) == (clinic_id, chain)]
            if here:
                _append(session, clinic_id, chain, here)


def _append(session: Session, clinic_id: int, chain: str, lines: Sequence[Line]) -> None:
    last, previous = _end_of(session, clinic_id, chain)
    rows = []
    for number, line in enumerate(lines, start=last + 1):
        values = _values(line, number)
        rows.append({**values, "id": new_id(), "previous": previous, "hash": (previous := link(previous, values))})
    session.connection().execute(insert(AuditRow), rows)
    session.connection().execute(
        update(AuditChainRow)
        .where(AuditChainRow.clinic_id == clinic_id, AuditChainRow.chain == chain)
        .values(number=last + len(lines), hash=previous)
    )


def _end_of(session: Session, clinic_id: int, chain: str) -> tuple[int, str]:
    """Number and hash of the last line; nobody else may add one until this transaction ends."""
    row = AuditChainRow
    where = (AuditChainRow.clinic_id == clinic_id, AuditChainRow.chain == chain)
    found = session.connection().execute(select(row.number, row.hash).where(*where).with_for_update()).first()
    if found is not None:
        return found.number, found.hash
    both = [
        {"clinic_id": clinic_id, "id": new_id(), "chain": name, "number": 0, "hash": "", "floor_number": 0,
         "floor_hash": ""}
        for name in CHAINS
    ]  # fmt: skip
    session.connection().execute(insert(AuditChainRow), both)
    return 0, ""


def _values(line: Line, number: int) -> dict[str, Any]:
    who = line.who
    return {
        "clinic_id": line.clinic_id, "chain": line.chain, "number": number, "at": who.at,
        "actor": who.actor, "actor_id": who.actor_id, "action": line.action, "subject": line.subject,
        "patient_id": line.patient_id, "network": who.network, "session": who.session,
        # As it comes back: pairs become lists.
        "details": json.loads(json.dumps(dict(line.details))),
    }  # fmt: skip


@event.listens_for(Session, "before_commit")
def _write_the_lines(session: Session) -> None:
    if session.in_nested_transaction() or not session.info.keys() & {_LINES, _TOUCHED, _WHO}:
        return
    session.flush()
    lines = [line for _, line in session.info.pop(_LINES, ())]
    touched = [each for _, each in session.info.pop(_TOUCHED, ())]
    who: Who | None = session.info.get(_WHO)
    if not lines and who is not None:
        lines = list(_unnoted(who, touched))
    append(session, lines)


@event.listens_for(Session, "after_soft_rollback")
def _forget_what_was_taken_back(session: Session, previous: SessionTransaction) -> None:
    """A look at what a change would do is rolled back to a savepoint; its lines go with it."""
    for kept in (_LINES, _TOUCHED):
        pairs = session.info.get(kept)
        if pairs:
            session.info[kept] = [pair for pair in pairs if not _within(pair[0], previous)]


def _within(made_in: SessionTransaction | None, ended: SessionTransaction) -> bool:
    if not ended.nested:
        return True
    while made_in is not None:
        if made_in is ended:
            return True
        made_in = made_in.parent
    return False


@dataclass(frozen=True, slots=True)
class _Touch:
    clinic_id: int
    subject: str
    patient_id: int | None


@event.listens_for(Session, "after_flush")
def _note_what_is_touched(session: Session, _flush: object) -> None:
    if _WHO not in session.info or session.info.get(_LINES):
        return
    kept = session.info.setdefault(_TOUCHED, [])
    nested = session.get_nested_transaction()
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, WATCHED) and (row not in session.dirty or session.is_modified(row)):
            clinic_id = row.id if isinstance(row, ClinicRow) else row.clinic_id
            about = row.id if isinstance(row, PatientRow) else getattr(row, "patient_id", None)
            kept.append((nested, _Touch(clinic_id, f"{row.__tablename__}/{row.id}", about)))


@event.listens_for(Session, "do_orm_execute")
def _note_whole_tables(state: ORMExecuteState) -> None:
    """A statement that changes rows without having read them: which table, but not which of its rows."""
    session = state.session
    if not (state.is_update or state.is_delete) or _WHO not in session.info or state.bind_mapper is None:
        return
    clinic_id, row = session.info.get("clinic_id"), state.bind_mapper.class_
    if clinic_id is not None and issubclass(row, WATCHED):
        touch = _Touch(clinic_id, row.__tablename__, None)
        session.info.setdefault(_TOUCHED, []).append((session.get_nested_transaction(), touch))


def _unnoted(who: Who, touched: Sequence[_Touch]) -> Iterator[Line]:
    """Lines of a change of which nobody noted anything; of a very large one only how large it was."""
    different = tuple(dict.fromkeys(touched))
    for each in different[:_MOST_UNNOTED]:
        yield Line(each.clinic_id, who, CHANGED, each.subject, each.patient_id)
    if len(different) > _MOST_UNNOTED:
        rest = len(different) - _MOST_UNNOTED
        yield Line(different[0].clinic_id, who, CHANGED, "clinic", details={"further": rest})
