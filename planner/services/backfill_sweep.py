"""Timed work about freed slots: old offers end; for one that would help somebody they are asked, or a line says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from planner.services import worklists
from planner.services.backfill import Whom, end_offer, worklist_key
from planner.services.backfill_rounds import LEAST_AHEAD, ask, asks_from, whom_to_ask
from planner.services.clinic_setup import automation_level
from planner.services.fitting import fitting
from planner.services.freed_slots import FreedSlot, slot_of, still_free
from planner.services.house import House
from planner.services.offer_lines import slot_with_offers
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.sweeping import SweepReport, each
from planner.storage.courses import WorklistRow
from planner.storage.jobs import FreedSlotRow, SlotOfferRow
from planner.storage.people import ClinicRow
from planner.words import day_said, say_many

_Key = tuple[int, int]


def look_for_takers(runtime: Runtime) -> SweepReport:
    """End offers past their time, offer useful freed slots or put them on the worklist, take gone ones off it."""
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
            end_offer(unit, row, "expired")


def _unexamined(runtime: Runtime) -> list[_Key]:
    row, now = FreedSlotRow, runtime.clock.now()
    with runtime.database.reading(None) as session:
        clinics = {clinic.id: clinic for clinic in session.scalars(select(ClinicRow))}
        found = session.scalars(
            select(row).where(row.examined_at.is_(None), row.starts_at > now).order_by(row.starts_at)
        )
        return [(slot.clinic_id, slot.id) for slot in found if not _waits(clinics[slot.clinic_id], slot, now)]


def _waits(clinic: ClinicRow, slot: FreedSlotRow, now: datetime) -> bool:
    """Whether patients are to hear of a place by themselves, but not yet.

    What was given up a moment ago may be a mistake that is undone; and nobody is written to at night, unless the place
    would be over by the time at which somebody may be.
    """
    if automation_level(clinic, "backfill") != "apply":
        return False
    asks = asks_from(now, ZoneInfo(clinic.timezone))
    asleep = asks > now and slot.starts_at - asks >= LEAST_AHEAD
    return asleep or slot.freed_at + timedelta(minutes=clinic.hold_minutes) > now


def _examine(runtime: Runtime, clinic_id: int, slot_id: int) -> None:
    """Who would gain is found with nothing locked; then they are asked, or one line says so."""
    actor = Actor.system(clinic_id)
    with runtime.reading(actor) as unit:
        house = House.of(unit)
        slot, offers = slot_with_offers(unit, slot_id, house)
        level = automation_level(unit.clinic, "backfill")
        found = fitting(unit, slot, house) if level != "off" else None
        whom = whom_to_ask(unit, slot, found, offers) if found is not None and level == "apply" else ()
    with runtime.writing(actor) as unit:
        unit.get(FreedSlotRow, slot_id).examined_at = unit.now
        if found is None or not found.count or _is_asked(unit, slot, whom):
            worklists.close_key(unit, worklist_key(slot_id))
            return
        says = say_many(
            "%(day)s, %(time)s with %(name)s is free: it would help %(num)s patient.",
            "%(day)s, %(time)s with %(name)s is free: it would help %(num)s patients.",
            found.count, day=day_said(slot.start.date(), "short"), time=f"{slot.start:%H:%M}", name=slot.practitioner,
        )  # fmt: skip
        worklists.open_item(unit, worklists.FREED_SLOT, worklist_key(slot_id), says, None, slot_id=slot_id)


def _is_asked(unit: Unit, slot: FreedSlot, whom: Sequence[Whom]) -> bool:
    """Whether somebody holds an offer of the place that was made by the planner, from now on or already."""
    row = SlotOfferRow
    stands = unit.session.scalar(
        select(row.offered_by)
        .where(row.slot_id == slot.id, row.status == "offered", row.expires_at > unit.now)
        .limit(1)
    )
    if stands is not None:
        return stands == unit.actor.name
    return bool(whom) and automation_level(unit.clinic, "backfill") == "apply" and ask(unit, slot, whom) > 0


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
