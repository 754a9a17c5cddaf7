"""Timed work about freed slots: old offers end, and a slot that would help somebody comes onto the worklist."""

from __future__ import annotations

from sqlalchemy import select

from planner.services import worklists
from planner.services.backfill import worklist_key
from planner.services.clinic_setup import automation_level
from planner.services.freed_slots import FreedSlot, slot_of, still_free
from planner.services.newcomers import newcomers_of
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.sweeping import SweepReport, each
from planner.services.takers import takers_of
from planner.storage.courses import WorklistRow
from planner.storage.jobs import FreedSlotRow, SlotOfferRow
from planner.words import day_said, say_many

_Key = tuple[int, int]


def look_for_takers(runtime: Runtime) -> SweepReport:
    """End offers past their time, put useful freed slots on the worklist, take gone ones off it."""
    reports = (
        each(runtime, "offers", _ended(runtime), key=_id, work=lambda item: _end(runtime, *item)),
        each(runtime, "freed-slots", _unexamined(runtime), key=_id, work=lambda item: _examine(runtime, *item)),
        each(runtime, "freed-slot-lines", _listed(runtime), key=_id, work=lambda item: _close_if_gone(runtime, *item)),
    )
    return SweepReport(
        done=sum(report.done for report in reports),
        failed=sum(report.failed for report in reports),
        delayed=sum(report.delayed for report in reports),
    )


def _id(item: _Key) -> int:
    return item[1]


def _ended(runtime: Runtime) -> list[_Key]:
    row = SlotOfferRow
    with runtime.database.reading(None) as session:
        found = session.execute(
            select(row.clinic_id, row.id).where(row.status == "offered", row.expires_at <= runtime.clock.now())
        )
        return [(clinic, offer) for clinic, offer in found]


def _end(runtime: Runtime, clinic_id: int, offer_id: int) -> None:
    with runtime.writing(Actor.system(clinic_id)) as unit:
        row = unit.get(SlotOfferRow, offer_id)
        if row.status == "offered" and row.expires_at <= unit.now:
            row.status, row.ended_at = "expired", unit.now


def _unexamined(runtime: Runtime) -> list[_Key]:
    row = FreedSlotRow
    with runtime.database.reading(None) as session:
        found = session.execute(
            select(row.clinic_id, row.id)
            .where(row.examined_at.is_(None), row.starts_at > runtime.clock.now())
            .order_by(row.starts_at)
        )
        return [(clinic, slot) for clinic, slot in found]


def _examine(runtime: Runtime, clinic_id: int, slot_id: int) -> None:
    """Who would gain is found with nothing locked; then one line says so, unless the clinic wants none."""
    actor = Actor.system(clinic_id)
    with runtime.reading(actor) as unit:
        slot, wanted = slot_of(unit, slot_id), automation_level(unit.clinic, "backfill") != "off"
        helped = _helped(unit, slot) if wanted and still_free(unit, [slot]) else 0
    with runtime.writing(actor) as unit:
        unit.get(FreedSlotRow, slot_id).examined_at = unit.now
        if not helped:
            worklists.close_key(unit, worklist_key(slot_id))
            return
        says = say_many(
            "%(day)s, %(time)s with %(name)s is free: it would help %(num)s patient.",
            "%(day)s, %(time)s with %(name)s is free: it would help %(num)s patients.",
            helped, day=day_said(slot.start.date(), "short"), time=f"{slot.start:%H:%M}", name=slot.practitioner,
        )  # fmt: skip
        worklists.open_item(unit, worklists.FREED_SLOT, worklist_key(slot_id), says, None, slot_id=slot_id)


def _helped(unit: Unit, slot: FreedSlot) -> int:
    """How many it would help: courses, and patients who wait for one."""
    courses, beginners = takers_of(unit, slot), newcomers_of(unit, slot)
    return len(courses.takers) + courses.more + len(beginners.newcomers) + beginners.more


def _listed(runtime: Runtime) -> list[_Key]:
    row = WorklistRow
    with runtime.database.reading(None) as session:
        found = session.execute(
            select(row.clinic_id, row.id, row.details).where(row.kind == worklists.FREED_SLOT, row.closed_at.is_(None))
        )
        lines = [(clinic, details["slot_id"]) for clinic, _, details in found]
    return [(clinic, slot) for clinic, slot in lines if _gone(runtime, clinic, slot)]


def _gone(runtime: Runtime, clinic_id: int, slot_id: int) -> bool:
    with runtime.reading(Actor.system(clinic_id)) as unit:
        row = unit.session.get(FreedSlotRow, (clinic_id, slot_id))
        return row is None or row.starts_at <= unit.now or not still_free(unit, [slot_of(unit, slot_id)])


def _close_if_gone(runtime: Runtime, clinic_id: int, slot_id: int) -> None:
    with runtime.writing(Actor.system(clinic_id)) as unit:
        worklists.close_key(unit, worklist_key(slot_id))
