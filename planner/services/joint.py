"""Many courses of the diary planned at once: the problem made of them, and its answer as it will stand in the diary.

A plan is made in three steps: a short look at the diary (`scene_of`), thinking without a transaction (`solved`), and
the writing, which first checks against the diary as it is by then (`still_good`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any, Final

from planner.diary.free import to_wall
from planner.errors import InvalidInput
from planner.scheduling.events import ClinicEvent, displaced, repair_of
from planner.scheduling.policy import Policy
from planner.scheduling.problem import Placed, Problem
from planner.scheduling.repair import OwedSession, RepairCase, Repaired
from planner.scheduling.taken import lessened, misfits
from planner.scheduling.together import Budget, Together, solve_together
from planner.services.planning import (
    MIN_GAP_HOURS,
    Span,
    ahead,
    free_problem,
    instant,
    policy_of,
    standing,
    therapists,
    untouched_case,
    visits_of,
)
from planner.services.repairing import with_places
from planner.services.runtime import Unit
from planner.services.snapshot import Booked, CourseSnapshot
from planner.services.work_time import HoursToCome
from planner.storage.courses import CourseRow
from planner.words import say

_REST: Final = timedelta(hours=MIN_GAP_HOURS)


@dataclass(frozen=True)
class Asked:
    """One course that takes part.

    Args:
        before: as it stands.
        target: with the event in it: appointments that can't stay are closed.
        bystander: the event does not concern it, its appointments only may make room as far as the clinic allows.
    """

    course: CourseRow
    before: CourseSnapshot
    target: CourseSnapshot
    bystander: bool = False


@dataclass(frozen=True)
class Planned:
    """One course before and after; `revision` tells whether it changed since it was planned."""

    course_id: int
    revision: int
    before: CourseSnapshot
    after: CourseSnapshot

    def to_json(self) -> dict[str, Any]:
        """What a job keeps."""
        return {
            "course_id": self.course_id,
            "revision": self.revision,
            "before": self.before.to_json(),
            "after": self.after.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Planned:
        """The inverse of `to_json`."""
        before, after = (CourseSnapshot.from_json(data[name]) for name in ("before", "after"))
        return cls(data["course_id"], data["revision"], before, after)


@dataclass(frozen=True)
class JointScene:
    """The diary's part in a joint plan; it stays readable after its transaction.

    Attributes:
        asked: the courses that take part, by id.
        orders: their owed sessions as the engine counts them.
        visits: wall-clock starts of what their patients come for beside that.
        refused: why some can't be planned.
    """

    unit: Unit
    problem: Problem
    asked: Mapping[str, Asked]
    orders: Mapping[str, Sequence[OwedSession]]
    visits: Mapping[str, Sequence[datetime]]
    refused: dict[str, str]

    @property
    def patients(self) -> dict[str, str]:
        """Whose each course is."""
        return {name: str(each.course.patient_id) for name, each in self.asked.items()}


def struck(unit: Unit, event: ClinicEvent, course: CourseRow, before: CourseSnapshot) -> Asked | None:
    """A course which an event drives from some of its places, called off by the clinic; None where it does not."""
    gone = displaced(event, untouched_case(unit, course, before))
    if not gone:
        return None
    closed = (session.closed("cancelled", by="clinic") for session in before.live if session.key in gone)
    return Asked(course, before, before.replacing(*closed))


def scene_of(
    unit: Unit, asked: Sequence[Asked], event: ClinicEvent, *, hours_to_come: HoursToCome | None = None
) -> JointScene:
    """Everything the planning of these courses needs of the diary.

    Args:
        event: what befalls the clinic; the problem is made of it by `repair_of`.
        hours_to_come: a therapist's working hours that are not recorded yet.
    """
    cases = {
        str(each.course.id): untouched_case(unit, each.course, each.before)
        for each in asked
        if ahead(unit, each.before)
    }
    stays = [booked for each in asked for booked in _standing(unit, each.target)]
    freeing = {booked.id for each in asked for booked in _standing(unit, each.before) if booked.id is not None}
    # Everybody is in view, so that what finds no place says who could help.
    people = {int(name) for case in cases.values() for name in case.practitioners} | {
        *(booked.practitioner_id for booked in stays),
        *(row.id for row in therapists(unit)),
    }
    ends = [_about_the_end(case) for case in cases.values()]
    span = Span.covering(unit, *ends, *(to_wall(booked.starts_at, unit.zone).date() for booked in stays))
    free = free_problem(unit, span, people, standing=stays, freeing=freeing, hours_to_come=hours_to_come)
    try:
        made = repair_of(free, cases.values(), event, policy_of(unit))
    except InvalidInput:
        refused = dict(_refused(free, cases, event, policy_of(unit)))
        if not refused:
            raise
        # Their time is not free, so the others are planned around it.
        rest = [each for each in asked if str(each.course.id) not in refused]
        inner = scene_of(unit, rest, event, hours_to_come=hours_to_come)
        everybody = {str(each.course.id): each for each in asked}
        nobody: Sequence[datetime] = ()
        visits = {**dict.fromkeys(refused, nobody), **inner.visits}
        return replace(inner, asked=everybody, visits=visits, refused=inner.refused | refused)
    own = _visits(unit, asked, freeing)
    return JointScene(unit, made.problem, {str(each.course.id): each for each in asked}, made.orders, own, {})


def _standing(unit: Unit, snapshot: CourseSnapshot) -> list[Booked]:
    """The appointments in which a course's sessions are still to happen."""
    return [booked for session in ahead(unit, snapshot) if (booked := standing(unit, session))]


def solved(
    scene: JointScene,
    budget: Budget,
    *,
    only: Collection[str] | None = None,
    visits: Mapping[str, Collection[datetime]] | None = None,
) -> tuple[list[Planned], Together]:
    """Think: every course as it should stand, in the order in which they were asked; needs no transaction.

    Args:
        only: ids of the courses that are planned; the others are left out.
        visits: wall-clock starts of their patients' other visits; None for those of the scene.
    """
    wanted = tuple(each for each in scene.problem.courses if only is None or each.id in only)
    answer = solve_together(
        replace(scene.problem, courses=wanted),
        scene.patients,
        budget,
        visits=scene.visits if visits is None else visits,
        steady={name for name, each in scene.asked.items() if each.bystander},
    )
    planned = [
        Planned(each.course.id, each.course.revision_number, each.before, _after(scene, name, each, answer))
        for name, each in scene.asked.items()
        if only is None or name in only
    ]
    return planned, answer


def settled(scene: JointScene, plan: Iterable[Planned], budget: Budget | None = None) -> list[Planned]:
    """A plan as it can go into the diary now: what is still good as planned, the rest planned anew beside it.

    Whoever could make room and was not asked to by the plan stays where they are, and is not in the answer.

    Args:
        budget: for the rest; None for the first answer there is, while the diary is locked.
    """
    plan = list(plan)
    good = still_good(scene, plan)
    taken = {str(each.course_id): places_of(scene.unit, each.after) for each in good}
    moving = {str(each.course_id) for each in plan if each.before != each.after}
    for name, each in scene.asked.items():
        if each.bystander and name not in moving:
            taken.setdefault(name, places_of(scene.unit, each.target))
    rest = set(scene.asked) - set(taken)
    if not rest:
        return good
    courses = tuple(each for each in scene.problem.courses if each.id in rest)
    beside = replace(lessened(scene.problem, chain.from_iterable(taken.values())), courses=courses)
    patients = scene.patients
    visits = {
        name: [
            *scene.visits[name],
            *(placed.start for other in taken if patients[other] == patients[name] for placed, _ in taken[other]),
        ]
        for name in rest
    }
    anew, _ = solved(replace(scene, problem=beside), budget or Budget(iterations=0), only=rest, visits=visits)
    return good + anew


def still_good(scene: JointScene, plan: Iterable[Planned]) -> list[Planned]:
    """The part of a plan that can go into the diary as it is: its courses did not change, its new places are free.

    Whoever is planned anew may stay where they stand, so nobody else gets these places.
    """
    good = {str(each.course_id): each for each in plan if _unchanged(scene, each) and _possible_now(scene, each)}
    while True:
        standing_still = {
            name: places_of(scene.unit, each.target) for name, each in scene.asked.items() if name not in good
        }
        wanted = {name: places_of(scene.unit, each.after) for name, each in good.items()}
        wrong = (misfits(scene.problem, {**standing_still, **wanted}) & set(good)) | _too_near(scene, good)
        if not wrong:
            return list(good.values())
        good = {name: each for name, each in good.items() if name not in wrong}


def _unchanged(scene: JointScene, planned: Planned) -> bool:
    asked = scene.asked.get(str(planned.course_id))
    return asked is not None and asked.course.revision_number == planned.revision


def places_of(unit: Unit, snapshot: CourseSnapshot) -> list[tuple[Placed, int]]:
    """Where a course's sessions are still to happen, with their minutes."""
    return [
        (
            Placed(
                "-",
                session.position,
                str(booked.practitioner_id),
                str(booked.room_id),
                to_wall(booked.starts_at, unit.zone),
            ),
            round((booked.ends_at - booked.starts_at).total_seconds() / 60),
        )
        for session in ahead(unit, snapshot)
        if (booked := standing(unit, session))
    ]


def _possible_now(scene: JointScene, planned: Planned) -> bool:
    """Whether no new place lies in the past by now, or on a day away."""
    course = next((each for each in scene.problem.courses if each.id == str(planned.course_id)), None)
    if course is None:
        return False
    now, first = scene.unit.wall_now, scene.problem.first_day
    for start in _new_starts(scene, planned):
        away = any(begins <= start.date() < back for begins, back in course.away)
        if start <= now or start.date() < first or away:
            return False
    return True


def _new_starts(scene: JointScene, planned: Planned) -> list[datetime]:
    stood = {placed.start for placed, _ in places_of(scene.unit, planned.before)}
    return [placed.start for placed, _ in places_of(scene.unit, planned.after) if placed.start not in stood]


def _too_near(scene: JointScene, good: Mapping[str, Planned]) -> set[str]:
    """Those with a new place within 48 hours of a visit of another course of the patient, wherever that is by then."""
    starts = {
        name: [placed.start for placed, _ in places_of(scene.unit, good[name].after if name in good else each.target)]
        for name, each in scene.asked.items()
    }
    patients, zone = scene.patients, scene.unit.zone
    wrong = set()
    for name, planned in good.items():
        mine = [instant(start, zone) for start in _new_starts(scene, planned)]
        siblings = (starts[other] for other in starts if other != name and patients[other] == patients[name])
        others = [instant(start, zone) for start in chain(scene.visits[name], *siblings)]
        if any(abs(one - two) < _REST for one in mine for two in others):
            wrong.add(name)
    return wrong


def _after(scene: JointScene, name: str, each: Asked, answer: Together) -> CourseSnapshot:
    owed = ahead(scene.unit, each.target)
    if name in scene.refused:
        return _left(scene, each, scene.refused[name])
    if name not in scene.orders:
        return each.target
    if name in answer.untouched:
        return _left(scene, each, min(answer.unplaced[name].values(), default=say("No other date is possible.")))
    order = scene.orders[name]
    repaired = Repaired(
        placed={order[number].key: placed for number, placed in answer.placed[name].items()},
        unplaced={order[number].key: reason for number, reason in answer.unplaced[name].items()},
        points=0,
    )
    return with_places(scene.unit, each.target, owed, repaired, rooms=True)


def _left(scene: JointScene, each: Asked, reason: str) -> CourseSnapshot:
    """Nothing that stands is touched; what is owed says why it has no place."""
    return each.target.replacing(
        *(
            replace(session, unplaced_reason=reason)
            for session in ahead(scene.unit, each.target)
            if standing(scene.unit, session) is None
        )
    )


def _visits(unit: Unit, asked: Sequence[Asked], planned: Collection[int]) -> dict[str, list[datetime]]:
    """When the patient of each course comes for others, but for what is planned anew: wall-clock starts (one query)."""
    patients = {each.course.patient_id for each in asked}
    found = [row for row in visits_of(unit, patients) if row.appointment_id not in planned]
    return {
        str(each.course.id): [
            to_wall(row.starts_at, unit.zone)
            for row in found
            if row.patient_id == each.course.patient_id and row.course_id != each.course.id
        ]
        for each in asked
    }


def _refused(
    free: Problem, cases: Mapping[str, RepairCase], event: ClinicEvent, policy: Policy
) -> Iterator[tuple[str, str]]:
    """The courses that make no sense as they stand, by id, and why."""
    for name, case in cases.items():
        try:
            repair_of(free, [case], event, policy)
        except InvalidInput as refusal:
            yield name, refusal.message


def _about_the_end(case: RepairCase) -> date:
    """About where a course would end if every gap were as wide as it may be."""
    days = sum(session.gap.max if session.gap else 7 for session in case.owed)
    days += sum((end - start).days for start, end in case.away)
    return case.earliest_day + timedelta(days=days + MIN_GAP_HOURS // 24)
