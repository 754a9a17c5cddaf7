"""Offers of a freed place that the planner makes by itself: a few at a time, by day, and nobody is asked too often."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select

from planner.errors import InvalidInput, SlotTaken
from planner.services.backfill import Waits, Whom, offer_in
from planner.services.fitting import Fitting
from planner.services.freed_slots import FreedSlot
from planner.services.newcomers import Newcomer
from planner.services.offer_lines import OfferLine
from planner.services.runtime import Actor, Unit
from planner.storage.jobs import SlotOfferRow

AT_ONCE: Final = 3
"""So many are asked at a time; the next when all of them let it pass."""

MOST_ROUNDS: Final = 3
"""So many times for one place; then a person decides."""

MESSAGE_HOURS: Final = (time(8), time(20))
"""Nobody hears of a free place outside of these, by the clinic's clock."""

_LAST_ASKED: Final = time(19, 45)
"""So late an offer is made at the latest: its message has to go out before the evening."""

LEAST_AHEAD: Final = timedelta(hours=2)
"""Nobody is asked to come sooner than that."""

ASKED_AGAIN_AFTER: Final = timedelta(hours=24)
"""So long a patient is not asked by the planner again, whatever becomes free."""


def may_ask(now: datetime, zone: ZoneInfo) -> bool:
    """Whether it is an hour at which patients are asked."""
    return MESSAGE_HOURS[0] <= now.astimezone(zone).time() < _LAST_ASKED


def asks_from(now: datetime, zone: ZoneInfo) -> datetime:
    """The instant from which patients are asked again: now, or the next morning."""
    if may_ask(now, zone):
        return now
    wall = now.astimezone(zone)
    day = wall.date() if wall.time() < MESSAGE_HOURS[0] else wall.date() + timedelta(days=1)
    return datetime.combine(day, MESSAGE_HOURS[0], tzinfo=zone).astimezone(UTC)


def whom_to_ask(unit: Unit, slot: FreedSlot, found: Fitting, offers: Sequence[OfferLine]) -> tuple[Whom, ...]:
    """The next round: those who gain most of all who can be written to and were not asked yet (one query).

    Nobody while an offer of the place stands, and after the last round.

    Args:
        offers: all that were made of it.
    """
    since = [each for each in offers if each.offered_at >= slot.freed_at]
    rounds = {each.offered_at for each in since if not each.by_hand}
    too_late = slot.starts_at - unit.now < LEAST_AHEAD or not may_ask(unit.now, unit.zone)
    if too_late or len(rounds) >= MOST_ROUNDS or any(each.open for each in offers):
        return ()
    asked = {each.patient_id for each in since} | {each.patient_id for each in offers if each.status == "declined"}
    fits = [each for each in found.ranked if each.has_email and each.patient_id not in asked]
    tired = _asked_of_late(unit, {each.patient_id for each in fits})
    chosen = {each.patient_id: each for each in reversed(fits) if each.patient_id not in tired}
    in_order = [each for each in fits if chosen.get(each.patient_id) is each]
    return tuple(
        Waits(each.assessment_id) if isinstance(each, Newcomer) else each.course_id for each in in_order[:AT_ONCE]
    )


def ask(unit: Unit, slot: FreedSlot, whom: Iterable[Whom]) -> int:
    """Offer a place to these; gives how many it still helps, and were asked: nobody, where somebody has it by now."""
    day = unit.wall_now.date()
    evening = datetime.combine(day, MESSAGE_HOURS[1], tzinfo=unit.zone).astimezone(UTC)
    asked = 0
    for each in whom:
        try:
            offer_in(unit, slot, each, told_by=min(evening, slot.starts_at))
        except InvalidInput:
            continue  # Their dates changed since the look.
        except SlotTaken:
            break
        asked += 1
    return asked


def _asked_of_late(unit: Unit, patient_ids: Iterable[int]) -> set[int]:
    """Those who hold an offer of another place, or were asked by the planner not long ago."""
    row = SlotOfferRow
    by_itself = and_(row.offered_by == Actor.system(unit.clinic.id).name, row.offered_at > unit.now - ASKED_AGAIN_AFTER)
    stands = and_(row.status == "offered", row.expires_at > unit.now)
    return set(
        unit.session.scalars(select(row.patient_id).where(row.patient_id.in_(patient_ids), or_(by_itself, stands)))
    )
