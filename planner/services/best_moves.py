"""The best other places for one booked visit while all other visits stay, and what each would mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from planner.errors import InvalidInput
from planner.scheduling.alternatives import all_alternatives
from planner.scheduling.problem import Placed, Solution
from planner.scheduling.repair import OwedSession, as_course, standing_order
from planner.services.attendance import visit
from planner.services.planning import Span, case_for, free_problem, other_starts, standing
from planner.services.runtime import Actor, Runtime


@dataclass(frozen=True, slots=True)
class BetterPlace:
    """A place in the clinic's wall-clock time, with such as `9 days after the last, 2 more than planned`.

    `cost` says how many points that is, for staff.
    """

    start: datetime
    practitioner_id: int
    practitioner: str
    says: str
    cost: str

    @property
    def clock(self) -> str:
        """The time of day."""
        return f"{self.start:%H:%M}"


def best_moves(runtime: Runtime, actor: Actor, appointment_id: int) -> tuple[BetterPlace, ...]:
    """Up to three places that break no rule, by how well they fit the plan; none where the course contradicts itself.

    Raises:
        NotFound: there is no such appointment.
    """
    with runtime.reading(actor) as unit:
        found = visit(unit, appointment_id)
        stays = [booked for session in found.snapshot.live if (booked := standing(unit, session))]
        case = case_for(unit, found.course, found.snapshot)
        order = [_free(owed) if owed.key == found.session.key else owed for owed in standing_order(case.owed)]
        placed = [owed for owed in order if owed.place is not None]
        here = next((number for number, owed in enumerate(placed) if owed.key == found.session.key), None)
        if here is None:
            return ()
        span = Span.covering(unit, *(booked.starts_at.date() for booked in stays))
        others = other_starts(unit, found.course.patient_id, but_for_course=found.course.id)
        people = [int(name) for name in case.practitioners]
        problem = free_problem(unit, span, people, standing=stays, apart_from=others)
        names = {person.id: person.name for person in problem.practitioners}
        known = {name: cost for name, cost in case.practitioners.items() if name in names}
        course = as_course(replace(case, practitioners=known), placed)
        try:
            offers = all_alternatives(
                replace(problem, courses=(course,)),
                Solution(tuple(_places(course.id, placed)), (), 0, 0),
                course.id,
                [number for number in range(len(placed)) if number != here],
            )
        except InvalidInput:
            return ()  # what stands breaks a rule already, so no plan around it has a price
        return tuple(
            BetterPlace(offer.start, int(offer.practitioner), names[offer.practitioner], offer.why, offer.cost)
            for offer in offers[here]
        )


def _free(owed: OwedSession) -> OwedSession:
    """The same session, not locked and free to go: a person has decided to move it, so that costs nothing here."""
    return replace(owed, locked=False, move_points=0)


def _places(course_id: str, placed: list[OwedSession]) -> list[Placed]:
    return [
        Placed(course_id, number, owed.place.practitioner, owed.place.room, owed.place.start)
        for number, owed in enumerate(placed)
        if owed.place is not None
    ]
