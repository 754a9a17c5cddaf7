"""How long a clinic keeps what: persons for years after their last visit, messages and looks for days."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from typing import cast as typed

from sqlalchemy import CursorResult, delete, func, select

from planner.errors import InvalidInput
from planner.services.clinic_setup import LEVELS, manage
from planner.services.erasure import AHEAD, erase
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.seen import must_be_as_seen, seen_of
from planner.services.sweeping import SweepReport, each
from planner.storage.audit_rows import AuditChainRow, AuditRow
from planner.storage.audit_walk import FORGOTTEN
from planner.storage.courses import AppointmentRow
from planner.storage.outward import OutboxRow
from planner.storage.people import ClinicRow, PatientRow
from planner.words import say

LIMITS: Final = {"keep_years": (1, 50), "keep_message_days": (1, 3650), "keep_access_days": (30, 3650)}
FINISHED: Final = ("sent", "skipped", "expired")
MOST_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class LongGone:
    """A person whose time is over; `last_seen` is their last visit, or when they were added."""

    patient_id: int
    name: str
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class PrivacyDesk:
    """How long what is kept, and whose time is over.

    Args:
        level: off, propose or apply.
        long_gone: at most `MOST_SHOWN`, the longest gone first; empty at "off".
    """

    numbers: Mapping[str, int]
    level: str
    long_gone: tuple[LongGone, ...]
    zone: str
    seen: str


def privacy_desk(runtime: Runtime, actor: Actor) -> PrivacyDesk:
    """What the owner's page shows. Raises NotAllowed."""
    with runtime.reading(actor) as unit:
        manage(unit)
        numbers = _numbers(unit.clinic)
        gone = () if unit.clinic.retention == "off" else tuple(long_gone(unit, MOST_SHOWN))
        return PrivacyDesk(numbers, unit.clinic.retention, gone, unit.clinic.timezone, _seen(unit.clinic))


def keep_settings(runtime: Runtime, actor: Actor, numbers: Mapping[str, int], level: str, *, seen: str) -> None:
    """Say how long what is kept.

    Raises:
        InvalidInput: a number outside of `LIMITS`, or no such level; `field` names it.
        StaleForm: somebody set others since the form was shown.
        NotAllowed: by somebody who does not manage the clinic.
    """
    with runtime.writing(actor) as unit:
        manage(unit)
        must_be_as_seen(seen, _values(unit.clinic))
        for name, (low, high) in LIMITS.items():
            if not low <= numbers[name] <= high:
                words = say("Write a whole number from %(low)s to %(high)s.", low=low, high=high)
                raise InvalidInput(words, field=name)
        if level not in LEVELS:
            raise InvalidInput(say("Choose off, propose or apply."), field="retention")
        for name in LIMITS:
            setattr(unit.clinic, name, numbers[name])
        unit.clinic.retention = level
        unit.audit("change retention", f"clinic/{unit.clinic.id}", level=level, **dict(numbers))


def keep_no_longer(runtime: Runtime) -> SweepReport:
    """Let go, in all clinics, what is past its time; persons only where the clinic said so."""
    with runtime.database.reading(None) as session:
        clinics = session.scalars(select(ClinicRow.id).order_by(ClinicRow.id)).all()
    let_go = [_let_go(runtime, clinic_id) for clinic_id in clinics]
    found = [(clinic_id, patient_id) for clinic_id in clinics for patient_id in _to_erase(runtime, clinic_id)]
    erased = each(runtime, "retention", found, key=lambda item: item[1], work=lambda item: _erase(runtime, *item))
    return replace(erased, done=erased.done + sum(let_go))


def long_gone(unit: Unit, most: int) -> Sequence[LongGone]:
    """Persons without a visit for as long as the clinic keeps them, and with none ahead."""
    row = AppointmentRow
    last = func.coalesce(func.max(row.ends_at), PatientRow.created_at)
    ahead = select(row.patient_id).where(row.clinic_id == unit.clinic.id, row.status.in_(AHEAD), row.ends_at > unit.now)
    query = (
        select(PatientRow.id, PatientRow.name, func.max(row.ends_at), PatientRow.created_at)
        .outerjoin(row, (row.clinic_id == PatientRow.clinic_id) & (row.patient_id == PatientRow.id))
        .where(PatientRow.erased_at.is_(None), PatientRow.id.not_in(ahead))
        .group_by(PatientRow.clinic_id, PatientRow.id, PatientRow.name, PatientRow.created_at)
        .having(last < _years_before(unit.now, unit.clinic.keep_years))
        .order_by(last, PatientRow.id)
        .limit(most)
    )
    return [LongGone(patient_id, name, visit or made) for patient_id, name, visit, made in unit.session.execute(query)]


def _years_before(now: datetime, years: int) -> datetime:
    year = now.year - years
    return now.replace(year=year, day=min(now.day, calendar.monthrange(year, now.month)[1]))


def _to_erase(runtime: Runtime, clinic_id: int) -> list[int]:
    with runtime.reading(Actor.system(clinic_id)) as unit:
        if unit.clinic.retention != "apply":
            return []
        return [found.patient_id for found in long_gone(unit, MOST_SHOWN)]


def _erase(runtime: Runtime, clinic_id: int, patient_id: int) -> None:
    erase(runtime, Actor.system(clinic_id), patient_id)


def _let_go(runtime: Runtime, clinic_id: int) -> int:
    """Old messages, and old lines of who looked at what; how many rows went."""
    with runtime.reading(Actor.system(clinic_id)) as unit:
        if _old_looks(unit) is None and not _old_messages(unit):
            return 0
    with runtime.writing(Actor.system(clinic_id)) as unit:
        return forget_messages(unit) + forget_looks(unit)


def forget_messages(unit: Unit) -> int:
    """Delete settled messages that are older than the clinic keeps them."""
    return _deleted(unit, delete(OutboxRow).where(*_is_old_message(unit)))


def forget_looks(unit: Unit) -> int:
    """Let the beginning of the chain of looks go; the other chain says up to where."""
    line = _old_looks(unit)
    if line is None:
        return 0
    ending = unit.session.scalars(select(AuditChainRow).where(AuditChainRow.chain == "access")).one()
    ending.floor_number, ending.floor_hash = line.number, line.hash
    # The trigger lets go only what lies below the floor.
    unit.session.flush()
    unit.audit(FORGOTTEN, f"clinic/{unit.clinic.id}", number=line.number, hash=line.hash)
    old = delete(AuditRow).where(AuditRow.chain == "access", AuditRow.number <= line.number)
    return _deleted(unit, old)


def _old_looks(unit: Unit) -> AuditRow | None:
    """The newest line of looks that is too old, with all before it; None: there is none."""
    limit = unit.now - timedelta(days=unit.clinic.keep_access_days)
    access = AuditRow.chain == "access"
    young = unit.session.scalar(select(func.min(AuditRow.number)).where(access, AuditRow.at >= limit))
    below = access if young is None else access & (AuditRow.number < young)
    return unit.session.scalar(select(AuditRow).where(below).order_by(AuditRow.number.desc()).limit(1))


def _is_old_message(unit: Unit) -> tuple[Any, ...]:
    limit = unit.now - timedelta(days=unit.clinic.keep_message_days)
    return OutboxRow.status.in_(FINISHED), OutboxRow.due_at < limit


def _old_messages(unit: Unit) -> bool:
    return unit.session.scalar(select(OutboxRow.id).where(*_is_old_message(unit)).limit(1)) is not None


def _deleted(unit: Unit, statement: Any) -> int:
    result = unit.session.execute(statement, execution_options={"synchronize_session": False})
    return typed(CursorResult[Any], result).rowcount


def _numbers(clinic: ClinicRow) -> dict[str, int]:
    return {name: getattr(clinic, name) for name in LIMITS}


def _values(clinic: ClinicRow) -> dict[str, Any]:
    return {**_numbers(clinic), "level": clinic.retention}


def _seen(clinic: ClinicRow) -> str:
    return seen_of(_values(clinic))
