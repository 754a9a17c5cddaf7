"""Moving one appointment by hand: the places that break no rule, and the move itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from planner.diary.free import to_utc, to_wall
from planner.diary.interval import Interval, merged
from planner.errors import AppointmentLocked, InvalidInput, SlotTaken
from planner.scheduling.problem import Problem, Resource
from planner.services.attendance import Outcome, Visit, visit
from planner.services.diary_writer import CourseChange, write_change
from planner.services.planning import MIN_GAP_HOURS, Span, free_problem, other_starts, standing, therapists
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import Booked
from planner.services.wishes import Wishes

_LOOK_DAYS = 28
_REST = timedelta(hours=MIN_GAP_HOURS)
_MOST_A_DAY = 12


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for one session, in the clinic's wall-clock time."""

    start: datetime
    starts_at: datetime
    practitioner_id: int
    practitioner: str
    room_id: int


def legal_slots(
    runtime: Runtime,
    actor: Actor,
    appointment_id: int,
    *,
    from_day: date | None = None,
    all_therapists: bool = False,
    days: int = _LOOK_DAYS,
    most_a_day: int = _MOST_A_DAY,
) -> list[Slot]:
    """Where an appointment could go: free, between its neighbours, 48 hours from each, not too soon.

    A patient is offered the days that keep the plan's gaps; the clinic may decide on any.

    Args:
        from_day: first day looked at; None: about a fortnight around where it is.
        all_therapists: also those outside the patient's wishes (for staff).
        days: how many days are looked at.
        most_a_day: only the first so many of each day.
    """
    with runtime.reading(actor) as unit:
        found = _movable(unit, visit(unit, appointment_id))
        slots = _slots(unit, found, from_day, all_therapists=all_therapists, days=days, most_a_day=most_a_day)
        return list(slots)


def move(
    runtime: Runtime,
    actor: Actor,
    appointment_id: int,
    start: datetime,
    practitioner_id: int,
    *,
    version: int | None = None,
) -> Outcome:
    """Move an appointment to another start or therapist; the other sessions stay.

    Args:
        start: wall-clock, naive.
    Raises:
        InvalidInput: the place breaks a rule; the message says which.
        SlotTaken: somebody has it.
        AppointmentLocked: it has begun, or a patient moves it inside the notice time.
    """
    with runtime.writing(actor) as unit:
        found = _movable(unit, visit(unit, appointment_id, version=version))
        slot = _chosen(unit, found, start, practitioner_id)
        moved = replace(
            found.booked,
            starts_at=slot.starts_at,
            ends_at=slot.starts_at + (found.booked.ends_at - found.booked.starts_at),
            practitioner_id=slot.practitioner_id,
            room_id=slot.room_id,
            status="booked",
            confirmed_at=unit.now if actor.patient_id is not None else None,
        )
        target = found.snapshot.replacing(found.session.with_current(moved))
        who = "patient" if actor.patient_id is not None else "clinic"
        words = f"Session {found.session.position + 1} moved by the {who}"
        revision = write_change(unit, CourseChange(found.course, target, "moved", words))
        return Outcome(found.course.id, revision.id, repaired=False, says=words)


def _movable(unit: Unit, found: Visit) -> Visit:
    if standing(unit, found.session) is None:
        raise AppointmentLocked("This visit is not ahead any more, so it can't be moved.")
    notice = timedelta(hours=unit.clinic.notice_hours)
    if unit.actor.patient_id is not None and found.booked.starts_at - unit.now < notice:
        raise AppointmentLocked(
            f"This visit is less than {unit.clinic.notice_hours} hours away. Please call the clinic to move it."
        )
    return found


def _chosen(unit: Unit, found: Visit, start: datetime, practitioner_id: int) -> Slot:
    if start.tzinfo is not None or to_utc(start, unit.zone) is None:
        raise InvalidInput("There is no such time on that day.", field="start")
    _check_neighbours(unit, found, start)
    staff = unit.actor.patient_id is None
    if not staff:
        _check_rhythm(unit, found, start)
    for slot in _slots(unit, found, start.date(), all_therapists=staff, days=1, most_a_day=24 * 60):
        if slot.start == start and slot.practitioner_id == practitioner_id:
            return slot
    raise SlotTaken(_why_not(unit, found, start, practitioner_id), field="start")


def _why_not(unit: Unit, found: Visit, start: datetime, practitioner_id: int) -> str:
    """Say what is in the way of a place; to a patient no more than that it is not free."""
    usual = "This time is not free, or outside opening hours."
    if unit.actor.patient_id is not None:
        return usual
    problem = free_problem(unit, Span(start.date(), 1), {practitioner_id}, standing=[found.booked])
    end = start + (found.booked.ends_at - found.booked.starts_at)
    if not problem.practitioners:
        return "This therapist does not work here."
    if (start.hour * 60 + start.minute) % problem.grid_minutes:
        return f"Times go in steps of {problem.grid_minutes} minutes."
    therapist = problem.practitioners[0]
    if (start, practitioner_id) == (to_wall(found.booked.starts_at, unit.zone), found.booked.practitioner_id):
        return "The visit stands there already."
    if not _holds(therapist.free, start, end):
        # Where the visit stands now counts as free beside the hours, on whatever day that is.
        free_then = merged(Interval(*span) for span in therapist.free if span[0].date() == start.date())
        hours = ", ".join(f"{span.start:%H:%M}–{span.end:%H:%M}" for span in free_then)
        free = f"free only {hours}" if hours else "not free at all (hours, leave or bookings)"
        return f"On that day {therapist.name} is {free}."
    if not any(_holds(room.free, start, end) for room in problem.rooms):
        return f"{therapist.name} is free then, but no room is."
    return usual


def _check_neighbours(unit: Unit, found: Visit, start: datetime) -> None:
    begins = to_utc(start, unit.zone) or unit.now
    if begins <= unit.now:
        raise InvalidInput("This time has passed.", field="start")
    before, after = _neighbours(found)
    for neighbour, side in ((before, "before"), (after, "after")):
        if neighbour is None:
            continue
        apart = abs(begins - neighbour.starts_at)
        wrong_side = begins <= neighbour.starts_at if side == "before" else begins >= neighbour.starts_at
        if wrong_side:
            raise InvalidInput(f"This would pass the session {side} it.", field="start")
        _check_rest(apart, f"the session {side} it")
    for other in other_starts(unit, found.course.patient_id, but_for_course=found.course.id):
        _check_rest(abs(begins - other), "a visit of the patient's other course")


def _check_rhythm(unit: Unit, found: Visit, start: datetime) -> None:
    if not _in_rhythm(unit, found, start.date()):
        raise InvalidInput("This is too near to the visits beside it, or too far from them.", field="start")


def _in_rhythm(unit: Unit, found: Visit, day: date) -> bool:
    """Whether the plan's gaps to the sessions beside it hold on a day, or are no worse than they are now."""
    here = to_wall(found.booked.starts_at, unit.zone).date()
    before, after = _neighbours(found)
    gaps = {session.current.id: session.gap for session in found.snapshot.live if session.current is not None}
    first, last = date.min, date.max
    if before is not None and (gap := found.session.gap):
        from_day = to_wall(before.starts_at, unit.zone).date()
        first, last = from_day + timedelta(days=gap.min), from_day + timedelta(days=gap.max)
    if after is not None and (gap := gaps[after.id]):
        to_day = to_wall(after.starts_at, unit.zone).date()
        first = max(first, to_day - timedelta(days=gap.max))
        last = min(last, to_day - timedelta(days=gap.min))
    return min(first, here) <= day <= max(last, here)


def _check_rest(apart: timedelta, what: str) -> None:
    if apart < _REST:
        hours = int(apart.total_seconds() // 3600)
        raise InvalidInput(f"{hours} hours from {what}: {MIN_GAP_HOURS} are needed.", field="start")


def _neighbours(found: Visit) -> tuple[Booked | None, Booked | None]:
    """The appointments of the same course that come next to this one in time."""
    here = found.booked.starts_at
    others = [
        session.current
        for session in found.snapshot.live
        if session.id != found.session.id and session.current is not None and session.current.occupies
    ]
    before = max((each for each in others if each.starts_at < here), key=lambda each: each.starts_at, default=None)
    after = min((each for each in others if each.starts_at > here), key=lambda each: each.starts_at, default=None)
    return before, after


def _slots(
    unit: Unit,
    found: Visit,
    from_day: date | None,
    *,
    all_therapists: bool,
    days: int = _LOOK_DAYS,
    most_a_day: int = _MOST_A_DAY,
) -> Iterator[Slot]:
    here = to_wall(found.booked.starts_at, unit.zone).date()
    first = max(unit.today, from_day or here - timedelta(days=_LOOK_DAYS // 2))
    span = Span(first, days)
    wishes = Wishes.from_json(found.course.wishes)
    people = {found.booked.practitioner_id, *wishes.practitioners}
    if all_therapists:
        people |= {row.id for row in therapists(unit)}
    problem = free_problem(unit, span, people, standing=[found.booked])
    others = other_starts(unit, found.course.patient_id, but_for_course=found.course.id)
    minutes = round((found.booked.ends_at - found.booked.starts_at).total_seconds() / 60)
    neighbours = _neighbours(found)
    counted: dict[date, int] = {}
    for start, person, room in _starts(problem, minutes):
        starts_at = to_utc(start, unit.zone)
        if starts_at is None or starts_at <= unit.now or not _between(neighbours, starts_at):
            continue
        if any(abs(starts_at - other) < _REST for other in others):
            continue
        if unit.actor.patient_id is not None and not _in_rhythm(unit, found, start.date()):
            continue
        if (start, int(person.id)) == (to_wall(found.booked.starts_at, unit.zone), found.booked.practitioner_id):
            continue
        counted[start.date()] = counted.get(start.date(), 0) + 1
        if counted[start.date()] <= most_a_day:
            yield Slot(start, starts_at, int(person.id), person.name, int(room.id))


def _between(neighbours: tuple[Booked | None, Booked | None], starts_at: datetime) -> bool:
    before, after = neighbours
    return (before is None or starts_at - before.starts_at >= _REST) and (
        after is None or after.starts_at - starts_at >= _REST
    )


def _starts(problem: Problem, minutes: int) -> Iterator[tuple[datetime, Resource, Resource]]:
    """Every free start, by time, with a practitioner and the first room that is free too."""
    step, length = timedelta(minutes=problem.grid_minutes), timedelta(minutes=minutes)
    starts = sorted(
        (start, index)
        for index, person in enumerate(problem.practitioners)
        for start in _steps(person.free, step, length)
    )
    for start, index in starts:
        room = next((room for room in problem.rooms if _holds(room.free, start, start + length)), None)
        if room is not None:
            yield start, problem.practitioners[index], room


def _steps(free: Iterable[tuple[datetime, datetime]], step: timedelta, length: timedelta) -> Iterator[datetime]:
    for start, end in free:
        while start + length <= end:
            yield start
            start += step


def _holds(free: Iterable[tuple[datetime, datetime]], start: datetime, end: datetime) -> bool:
    return any(first <= start and end <= last for first, last in free)
