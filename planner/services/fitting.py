"""Who would be better off in a free place: one look at the diary serves the courses and those who wait for one."""

from __future__ import annotations

from dataclasses import dataclass

from planner.services.freed_slots import FreedSlot, holds, narrowed
from planner.services.house import House
from planner.services.newcomers import Beginners, Newcomer, Newcomers, newcomers_among
from planner.services.planning import Span, free_problem, visits_of
from planner.services.runtime import Unit
from planner.services.takers import Candidates, Taker, Takers, takers_among


@dataclass(frozen=True, slots=True)
class Fitting:
    """Courses that would be better off in a place, and patients in no course yet who would begin there."""

    courses: Takers
    beginners: Newcomers

    @property
    def ranked(self) -> tuple[Taker | Newcomer, ...]:
        """All of them, the one who gains most first."""
        both: tuple[Taker | Newcomer, ...] = (*self.courses.takers, *self.beginners.newcomers)
        return tuple(sorted(both, key=lambda each: -each.saved_points))

    @property
    def more(self) -> int:
        """So many fit too and gain less than those listed."""
        return self.courses.more + self.beginners.more

    @property
    def unseen(self) -> int:
        """So many were not looked at; see `Takers` and `Newcomers`."""
        return self.courses.unseen + self.beginners.unseen

    @property
    def count(self) -> int:
        """How many it would help."""
        return len(self.ranked) + self.more


def fitting(unit: Unit, slot: FreedSlot, house: House) -> Fitting | None:
    """Who would be better off in a place; None where it is not free (nine queries, one more in a large clinic)."""
    if slot.starts_at <= unit.now:
        return None
    beginners = Beginners.of(unit, slot, house=house)
    span = beginners.span(unit) if beginners.waiting else None
    if span is None or slot.start.date() >= span.end:
        beginners = Beginners(slot, (), (), beginners.unseen)
        free = free_problem(unit, Span(slot.start.date(), 1), {slot.practitioner_id}, house=house)
    else:
        free = free_problem(unit, span, house.therapists, house=house)
    place = narrowed(free, slot)
    if not holds(place, slot):
        return None
    candidates = Candidates.of(unit, slot)
    patients = candidates.patients | beginners.patients
    visits = visits_of(unit, patients) if patients else []
    courses = takers_among(unit, candidates, place, visits) if candidates.rows else Takers(())
    return Fitting(courses, newcomers_among(unit, beginners, free, visits))
