"""What a patient sees behind the personal link: the next visit, the whole plan, what is over, where else it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from planner.calendars.feed import download_bytes
from planner.care.aftercare import after_a_session, before_first_visit
from planner.care.evidence import Evidence
from planner.errors import InvalidInput, NotFound, UndoRefused
from planner.languages import LANGUAGES, spoken
from planner.services import undoing
from planner.services.calendar_events import patient_events, patients_title
from planner.services.feeds import FeedState, feed_state
from planner.services.moving import Slot
from planner.services.offers import OfferedTime, offers_for
from planner.services.patient_log import Log, log_of
from planner.services.patient_moving import times_for
from planner.services.patient_visits import PlanVisit, Visits, WaitingVisit
from planner.services.patient_wishes import left_at
from planner.services.runtime import Actor, Runtime, Unit
from planner.storage.courses import CourseRow, RevisionRow
from planner.storage.people import PatientRow
from planner.words import say

_SLOTS_A_DAY: Final = 6


@dataclass(frozen=True, slots=True)
class PhaseOfPlan:
    """Visits to come that follow each other in one phase."""

    phase: str
    visits: tuple[PlanVisit, ...]


@dataclass(frozen=True, slots=True)
class ClinicCard:
    """How to reach the clinic, and its policies that concern a patient."""

    name: str
    phone: str
    email: str
    address: str
    zone: str
    notice_hours: int


@dataclass(frozen=True, slots=True)
class PatientPlan:
    """The patient's page.

    Args:
        zone: in which the patient reads times; `clinic.zone` where they live near.
        upcoming: in time order, the next one first.
        past: the latest first.
        advice: what to know before the next visit; `aftercare`: after each.
        calendar: the calendar address in use, if there is one.
        calendar_title: what the visits are called in a calendar that is made now.
        offers: times that became free and may be taken.
        wants_earlier: whether such times may be offered.
        log: how it was after the last visit; None where there is nothing to tell.
        wishes_left_at: when wishes were left that the clinic has not looked at yet.
    """

    name: str
    language: str
    clinic: ClinicCard
    zone: str
    today: date
    upcoming: tuple[PlanVisit, ...]
    waiting: tuple[WaitingVisit, ...]
    past: tuple[PlanVisit, ...]
    advice: tuple[str, ...]
    aftercare: tuple[str, ...]
    calendar: FeedState | None
    calendar_title: str
    offers: tuple[OfferedTime, ...] = ()
    wants_earlier: bool = True
    log: Log | None = None
    wishes_left_at: datetime | None = None

    @property
    def next(self) -> PlanVisit | None:
        """The visit that comes first."""
        return self.upcoming[0] if self.upcoming else None

    @property
    def phases(self) -> tuple[PhaseOfPlan, ...]:
        """The visits to come, by phase in the order in which they come."""
        parts: list[tuple[str, list[PlanVisit]]] = []
        for visit in self.upcoming:
            if not parts or parts[-1][0] != visit.phase:
                parts.append((visit.phase, []))
            parts[-1][1].append(visit)
        return tuple(PhaseOfPlan(phase, tuple(visits)) for phase, visits in parts)

    def visit(self, appointment_id: int) -> PlanVisit | None:
        """The visit to come with this id, if there is one."""
        return next((visit for visit in self.upcoming if visit.appointment_id == appointment_id), None)


@dataclass(frozen=True, slots=True)
class DayOfSlots:
    """One day on which a visit could be, with some of its free times over the whole day.

    Args:
        day: by the patient's clock.
    """

    day: date
    slots: tuple[Slot, ...]

    @property
    def clinic_day(self) -> date:
        """The day of its last time by the clinic's clock."""
        return self.slots[-1].start.date()


@dataclass(frozen=True, slots=True)
class FreeDays:
    """Where a visit could be.

    Args:
        alone: all other visits stay.
        together: later visits move too.
    """

    alone: tuple[DayOfSlots, ...] = ()
    together: tuple[DayOfSlots, ...] = ()


def plan_of(runtime: Runtime, actor: Actor) -> PatientPlan:
    """The page of the patient whose personal link was opened (a bounded number of queries)."""
    with runtime.reading(actor) as unit:
        patient = unit.get(PatientRow, actor.patient_id or 0)
        courses = list(unit.session.scalars(select(CourseRow).where(CourseRow.patient_id == patient.id)))
        visits = Visits.load(unit, [course.id for course in courses])
        evidence = Evidence.load(unit.clinic.evidence_overrides)
        upcoming, past = visits.upcoming(), visits.past()
        seen = any(visit.status == "fulfilled" for visit in past)
        return PatientPlan(
            name=patient.name,
            language=spoken(patient.language),
            clinic=_card(unit),
            zone=_zone_of(unit, patient).key,
            today=unit.now.astimezone(_zone_of(unit, patient)).date(),
            upcoming=upcoming,
            waiting=visits.waiting([course.id for course in courses if course.status in ("planned", "active")]),
            past=past,
            advice=() if seen else tuple(row.says for row in before_first_visit(evidence)),
            aftercare=tuple(row.says for row in after_a_session(evidence)),
            calendar=feed_state(unit, patient_id=patient.id),
            calendar_title=patients_title(patient.language, unit.clinic.name),
            offers=offers_for(unit, patient.id),
            wants_earlier=patient.wants_earlier,
            log=log_of(unit, patient),
            wishes_left_at=left_at(unit, [course.id for course in courses]),
        )


def plan_file(runtime: Runtime, actor: Actor) -> bytes:
    """The visits to come as a file to open once.

    Raises:
        InvalidInput: there are none.
    """
    with runtime.reading(actor) as unit:
        events = patient_events(unit, actor.patient_id or 0)
        return download_bytes([event for event in events if not event.cancelled and event.ends_at > unit.now])


def free_days(runtime: Runtime, actor: Actor, appointment_id: int, *, from_day: date | None = None) -> FreeDays:
    """Where the patient may move a visit to, by day.

    Raises:
        AppointmentLocked: inside the notice time, or over.
        NotFound: not this patient's.
    """
    times = times_for(runtime, actor, appointment_id, from_day=from_day)
    with runtime.reading(actor) as unit:
        zone = _zone_of(unit, unit.get(PatientRow, actor.patient_id or 0))
    return FreeDays(_by_day(times.alone, zone), _by_day(times.together, zone))


def set_earlier(runtime: Runtime, actor: Actor, wanted: bool) -> None:
    """Whether the patient wants to hear of times that become free."""
    with runtime.writing(actor) as unit:
        unit.get(PatientRow, actor.patient_id or 0).wants_earlier = wanted


def set_language(runtime: Runtime, actor: Actor, language: str) -> None:
    """In which language the patient reads pages, messages and calendars.

    Raises:
        InvalidInput: there are no texts in it.
    """
    if language not in LANGUAGES:
        raise InvalidInput(say("Choose one of the languages that there are texts in."), field="language")
    with runtime.writing(actor) as unit:
        unit.get(PatientRow, actor.patient_id or 0).language = language


def undo_own(runtime: Runtime, actor: Actor, revision_id: int) -> None:
    """Take back what the patient did a moment ago.

    Raises:
        NotFound: a change of another patient's course.
        UndoRefused: it was made by somebody else, told already, or something happened since.
    """
    with runtime.reading(actor) as unit:
        revision = unit.get(RevisionRow, revision_id)
        if unit.get(CourseRow, revision.course_id).patient_id != actor.patient_id:
            raise NotFound(say("There is no such change."))
        if revision.actor != actor.name or revision.staff_id is not None:
            raise UndoRefused(say("The clinic made this change; please call to have it taken back."))
    undoing.undo(runtime, actor, revision_id)


def _by_day(slots: Sequence[Slot], zone: ZoneInfo) -> tuple[DayOfSlots, ...]:
    days: dict[date, list[Slot]] = {}
    for slot in slots:
        days.setdefault(slot.starts_at.astimezone(zone).date(), []).append(slot)
    return tuple(DayOfSlots(day, _spread(each)) for day, each in days.items())


def _spread(slots: Sequence[Slot]) -> tuple[Slot, ...]:
    """At most six of a day's times, early, late and between; of two at the same time the first."""
    distinct = list({slot.start: slot for slot in reversed(slots)}.values())[::-1]
    if len(distinct) <= _SLOTS_A_DAY:
        return tuple(distinct)
    last = len(distinct) - 1
    return tuple(distinct[round(place * last / (_SLOTS_A_DAY - 1))] for place in range(_SLOTS_A_DAY))


def _zone_of(unit: Unit, patient: PatientRow) -> ZoneInfo:
    """In which the patient reads times."""
    return ZoneInfo(patient.timezone or unit.clinic.timezone)


def _card(unit: Unit) -> ClinicCard:
    clinic = unit.clinic
    return ClinicCard(clinic.name, clinic.phone, clinic.email, clinic.address, clinic.timezone, clinic.notice_hours)
