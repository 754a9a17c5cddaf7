"""A repair that waits for a person: what the planner would do after a loss, kept with its worklist line, then done.

The loss itself is in the diary already. What was proposed is done as it was shown, if the course has not changed and
its new places are still free; else the line shows what is proposed now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from planner.care.evidence import Evidence
from planner.diary.free import to_wall
from planner.errors import SlotTaken, StaleForm
from planner.scheduling.events import CalledOff, Event, Missed, Pause, PractitionerAway
from planner.services import worklists
from planner.services.attendance_aftermath import note_unplaced, propose_catch_up
from planner.services.attention_courses import note_now, visits_in_leave
from planner.services.diary_writer import CourseChange, write_changes
from planner.services.difference import Change, difference
from planner.services.joint import Asked, Planned, scene_of, still_good
from planner.services.making_room import repaired_among_others
from planner.services.replan import dates_told
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import CourseSnapshot, take, take_all
from planner.storage.courses import CourseRow, WorklistRow
from planner.storage.ids import new_id
from planner.storage.people import PatientRow, StaffRow
from planner.words import Text, day_said, listing, say, text_from

OVERTAKEN: Final = say("The diary changed since this was proposed. Here is what would be done now.")
NOT_AT_ALL: Final = say("Nothing is rebooked by itself here; somebody has to find a date.")
PROPOSED: Final = say("A new date is proposed on the worklists.")
MADE_ROOM: Final = say("Made room for another patient")


@dataclass(frozen=True, slots=True)
class Loss:
    """What a course lost.

    Args:
        about: "miss", "cancel", or "leave" for visits that still stand in their therapist's leave.
        session_ids: the sessions that are owed again.
        words: what happened, for the history of the course and for the line.
        starts_at: when the first of them stood.
    """

    about: str
    session_ids: tuple[int, ...]
    words: Text
    starts_at: datetime

    @property
    def key(self) -> str:
        """Names its line of the worklist: one for each lost session, one for all of a course that lie in a leave."""
        first = min(self.session_ids)
        return f"proposal-leave-{first}" if self.about == "leave" else f"proposal-{first}"

    def closed(self, before: CourseSnapshot) -> CourseSnapshot:
        """The course with the loss in it."""
        if self.about != "leave":
            return before
        return before.replacing(*(before.session(each).closed("cancelled", by="clinic") for each in self.session_ids))

    def events(self, unit: Unit, course: CourseRow) -> list[Event]:
        """What it means for the engine; nobody is asked to come back on the day that they could not."""
        name, keys = str(course.id), frozenset(map(str, self.session_ids))
        if self.about == "miss":
            return [Missed(name, keys)]
        if self.about == "leave":
            return [CalledOff(name, keys)]
        day = to_wall(self.starts_at, unit.zone).date()
        return [CalledOff(name, keys), Pause(name, day, day + timedelta(days=1))]


@dataclass(frozen=True, slots=True)
class Applied:
    """The revision that a proposal became, which can be undone, and what it says."""

    course_id: int
    revision_id: int
    says: str


def propose(unit: Unit, course: CourseRow, loss: Loss) -> None:
    """Put what the planner would do after a loss on the worklist; a miss or cancellation is written already."""
    before = take(unit, course)
    found = repaired_among_others(unit, course, loss.closed(before), loss.events(unit, course))
    others = take_all(unit, [change.course for change in found.others])
    plan = [
        Planned(course.id, course.revision_number, before, found.target),
        *(
            Planned(change.course.id, change.course.revision_number, others[change.course.id], change.target)
            for change in found.others
        ),
    ]
    _keep(unit, course, loss, plan)


def _keep(unit: Unit, course: CourseRow, loss: Loss, plan: Sequence[Planned]) -> None:
    """Open the line; the course itself comes first in the plan."""
    details = {
        "about": loss.about,
        "sessions": list(loss.session_ids),
        "words": loss.words.as_json(),
        "starts_at": loss.starts_at.isoformat(),
        "plan": [each.to_json() for each in plan],
        "lines": [line.as_json() for line in _lines(unit, plan)],
        "digest": _digest(plan),
    }
    says = say("%(what)s. Nothing is rebooked yet.", what=loss.words)
    worklists.open_item(unit, worklists.PROPOSAL, loss.key, says, course.id, **details)


def propose_for_leave(unit: Unit, course: CourseRow, planned: Planned | None = None) -> None:
    """Put new dates for a course's visits that lie in their therapist's leave on the worklist; nothing moves.

    Args:
        planned: the course as it was planned together with others, so that none of them has the same place; None, or
            where the course has changed since, for the best dates of this course alone.
    """
    visits = list(visits_in_leave(unit, [course.id]))
    if not visits:
        return
    names = listing(sorted({each.therapist for each in visits}), "and")
    words = say("%(name)s is away", name=names)
    loss = Loss("leave", tuple(each.session_id for each in visits), words, visits[0].starts_at)
    if planned is not None and planned.revision == course.revision_number:
        _keep(unit, course, loss, [planned])
    else:
        propose(unit, course, loss)
    note_now(unit, worklists.LEAVE_CLASH)


def apply_proposal(runtime: Runtime, actor: Actor, item_id: int, *, digest: str | None = None) -> Applied:
    """Do what a line proposes.

    Args:
        digest: of the proposal as the form showed it; None to take it as it is.
    Raises:
        StaleForm: somebody has seen to it, or it can't be done any more; the line shows what is proposed now.
        NotFound: there is no such line here.
    """
    try:
        with runtime.writing(actor) as unit:
            actor.must_be("reception", "therapist")
            return _apply(unit, _open(unit, item_id), digest)
    except (_OvertakenError, SlotTaken):
        with runtime.writing(actor) as unit:
            propose_anew(unit, _open(unit, item_id))
        raise StaleForm(OVERTAKEN) from None


def leave_proposal(runtime: Runtime, actor: Actor, item_id: int) -> None:
    """Do nothing of it: the session stays without a date, on the list of those to place, or in the leave.

    Raises:
        StaleForm: somebody has seen to it.
        NotFound: there is no such line here.
    """
    with runtime.writing(actor) as unit:
        actor.must_be("reception", "therapist")
        item = _open(unit, item_id)
        course = unit.get(CourseRow, item.course_id or 0)
        worklists.close(unit, item)
        note_unplaced(unit, course, take(unit, course))
        note_now(unit, worklists.LEAVE_CLASH)
        unit.audit("proposal.leave", f"course/{course.id}")


class _OvertakenError(Exception):
    """The diary changed, so that the proposal can't be done as it was shown."""


def _open(unit: Unit, item_id: int) -> WorklistRow:
    item = unit.get(WorklistRow, item_id)
    if item.kind != worklists.PROPOSAL or item.closed_at is not None:
        raise StaleForm(say("Somebody has seen to this meanwhile."))
    return item


def _apply(unit: Unit, item: WorklistRow, digest: str | None) -> Applied:
    if digest is not None and digest != item.details["digest"]:
        raise StaleForm(OVERTAKEN)
    plan = [Planned.from_json(each) for each in item.details["plan"]]
    asked = [
        Asked(unit.get(CourseRow, each.course_id), each.before, each.before, bystander=number > 0)
        for number, each in enumerate(plan)
    ]
    nothing_befalls = PractitionerAway("-", unit.wall_now, unit.wall_now)
    if len(still_good(scene_of(unit, asked, nothing_befalls), plan)) < len(plan):
        raise _OvertakenError
    words = say("%(what)s; the rest repaired as proposed", what=text_from(item.details["words"]))
    changes = [
        CourseChange(each.course, planned.after, "repaired", MADE_ROOM if each.bystander else words)
        for each, planned in zip(asked, plan, strict=True)
    ]
    revisions = write_changes(unit, changes, batch=new_id() if len(changes) > 1 else None)
    course, after = changes[0].course, changes[0].target
    if item.closed_at is None:
        worklists.close(unit, item)
    note_unplaced(unit, course, after)
    propose_catch_up(unit, course, after, Evidence.load(unit.clinic.evidence_overrides))
    return Applied(course.id, revisions[0].id, revisions[0].reason)


def propose_anew(unit: Unit, item: WorklistRow) -> None:
    """Bring a line to what would be done now, or take it off where nothing is to be done any more."""
    kept = item.details
    course = unit.get(CourseRow, item.course_id or 0)
    if kept["about"] == "leave":
        # Other visits may lie there by now, which is another line.
        worklists.close(unit, item)
        propose_for_leave(unit, course)
        return
    session = take(unit, course).session(kept["sessions"][0])
    if session.dropped or session.done or session.upcoming is not None:
        worklists.close(unit, item)
        return
    starts_at = datetime.fromisoformat(kept["starts_at"])
    propose(unit, course, Loss(kept["about"], tuple(kept["sessions"]), text_from(kept["words"]), starts_at))


def _lines(unit: Unit, plan: Sequence[Planned]) -> Iterator[Text]:
    """What would change, course by course; others than the first make room."""
    names = dict(unit.session.execute(select(StaffRow.id, StaffRow.name)).all())
    for number, planned in enumerate(plan):
        course = unit.get(CourseRow, planned.course_id)
        patient = unit.get(PatientRow, course.patient_id).name if number else ""
        for change in difference(planned.before, planned.after).told:
            words = _line(unit, change, names)
            yield say("%(patient)s makes room: %(what)s", patient=patient, what=words) if patient else words


def _line(unit: Unit, change: Change, names: Mapping[int, str]) -> Text:
    if change.after is None:
        return say("session %(number)s finds no date", number=change.number)
    after, name = _moment(unit, change.after.starts_at), names.get(change.after.practitioner_id, "")
    if change.before is None:
        return say("session %(number)s: %(after)s with %(name)s", number=change.number, after=after, name=name)
    before = _moment(unit, change.before.starts_at)
    return say("session %(number)s: %(before)s → %(after)s with %(name)s",
               number=change.number, before=before, after=after, name=name)  # fmt: skip


def _moment(unit: Unit, instant: datetime) -> Text:
    wall = to_wall(instant, unit.zone)
    return say("%(day)s, %(time)s", day=day_said(wall.date(), "short"), time=f"{wall:%H:%M}")


def _digest(plan: Sequence[Planned]) -> str:
    words = [(each.course_id, dates_told(difference(each.before, each.after))) for each in plan]
    return hashlib.sha256(repr(words).encode()).hexdigest()
