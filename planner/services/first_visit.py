"""A patient who waited for a course begins it in a free place: that visit and all that follow, booked in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from planner.care.course import PlannedSession
from planner.errors import InvalidInput, SlotTaken, StaleForm
from planner.scheduling.alternatives import follow_on
from planner.scheduling.one_course import CourseSolution
from planner.services.booking import BookingRequest, planned_sessions, problem_of, write_course
from planner.services.decision import Outcome
from planner.services.freed_slots import FreedSlot, room_for
from planner.services.runtime import Unit
from planner.services.waiting import request_of, who_waits
from planner.storage.courses import SessionRow
from planner.storage.ids import new_id
from planner.storage.jobs import SlotOfferRow
from planner.words import say


def begin_there(unit: Unit, slot: FreedSlot, offer: SlotOfferRow) -> Outcome:
    """Book the course of an accepted offer with its first session in the slot; the offer names it from then on.

    Raises:
        StaleForm: the patient has a course by now, or can't come then any more.
        SlotTaken: the first visit is too long for what is free there by now.
    """
    waiting = who_waits(unit, offer.assessment_id or 0)
    if waiting is None:
        raise StaleForm(say("The visits are booked already, so this time is not needed any more."))
    request = request_of(new_id(), waiting.recorded, waiting.wishes, slot.start.date())
    planned = planned_sessions(unit, request)
    best = _dates(unit, slot, request, planned)
    if best.unplaced:
        # The same dates again, but with everybody in view who could help.
        best = _dates(unit, slot, request, planned, everybody=True)
    places = {placed.session: placed for placed in best.appointments}
    revision = write_course(unit, request, planned, places, {each.session: each.reason for each in best.unplaced})
    first = select(SessionRow.id).where(SessionRow.course_id == request.course_id, SessionRow.position == 0)
    offer.course_id, offer.session_id = request.course_id, unit.session.scalars(first).one()
    words = say("Begun in a slot that became free: %(what)s", what=revision.reason)
    return Outcome(request.course_id, revision.id, repaired=False, says=words)


def _dates(
    unit: Unit, slot: FreedSlot, request: BookingRequest, planned: Sequence[PlannedSession], *, everybody: bool = False
) -> CourseSolution:
    """The best dates of the whole course after a first session in the slot."""
    problem = problem_of(unit, request, planned, everybody=everybody)
    course = problem.courses[0]
    first = room_for(problem, slot, course.sessions[0].minutes)
    if first is None:
        raise SlotTaken(say("This time is already taken."))
    try:
        return follow_on(problem, course.id, {0: replace(first, course=course.id)})
    except InvalidInput:
        # The engine's words name the rule that the place breaks by its own numbers.
        raise StaleForm(say("This time does not suit the wishes or the other visits any more.")) from None
