"""Booking a whole course: dates proposed with alternatives, then all booked in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from planner.care.assessment import Assessment
from planner.care.course import Phase, PlannedSession, phases_to_json, plan_sessions
from planner.care.evidence import Evidence
from planner.care.factors import is_chronic
from planner.errors import InvalidInput, NotFound, SlotTaken
from planner.scheduling.alternatives import Alternative, follow_on, follow_on_with_alternatives
from planner.scheduling.judge import broken_rules
from planner.scheduling.one_course import CourseSolution
from planner.scheduling.points import points
from planner.scheduling.problem import Course, Placed, Problem, Session, Solution, Unplaced
from planner.services.attendance import note_unplaced
from planner.services.booked_once import booked_before, fingerprint
from planner.services.diary_writer import CourseChange, write_change
from planner.services.patients import refuse_if_erased
from planner.services.planning import (
    MIN_GAP_HOURS,
    Span,
    booked_at,
    free_problem,
    other_starts,
    therapists,
    wanted_gap,
    whole_steps,
)
from planner.services.proposal import Proposal, proposal_of
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import CourseSnapshot, SessionState
from planner.services.wishes import NOTE_LENGTH_MAX, Wishes
from planner.storage.courses import AssessmentRow, CourseRow, RevisionRow
from planner.storage.people import PatientRow
from planner.words import say

_WAIT_POINTS = 20
_WAIT_POINTS_CHRONIC = 8


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """A course as it is to be booked.

    Args:
        course_id: chosen when the form is first shown (`planner.storage.ids.new_id`), so that sending the form twice
            books one course.
        phases: the estimate's, or what the therapist made of them.
        earliest_day: clinic-local; no session before it.
        note: wishes in words, for people.
        service_id: what is booked of the clinic's services, None where none was chosen.
    """

    course_id: int
    patient_id: int
    assessment_id: int
    phases: tuple[Phase, ...]
    first_visit_minutes: int
    visit_minutes: int
    wishes: Wishes
    earliest_day: date
    note: str = ""
    service_id: int | None = None

    def __post_init__(self) -> None:
        if len(self.note) > NOTE_LENGTH_MAX:
            raise InvalidInput(say("A note has at most %(most)s characters.", most=NOTE_LENGTH_MAX), field="note")


def propose(
    runtime: Runtime,
    actor: Actor,
    request: BookingRequest,
    pinned: Mapping[int, Placed] | None = None,
    *,
    with_alternatives: bool = True,
) -> Proposal:
    """The best dates there are for a course, around those a person has pinned.

    Raises:
        InvalidInput: a wish or phase makes no sense, or a pinned place breaks a rule.
    """
    with runtime.reading(actor) as unit:
        planned = planned_sessions(unit, request)
        problem = problem_of(unit, request, planned)
        best, others = _best(problem, pinned or {}, with_alternatives)
        if best.unplaced:
            # The same dates again, but with everybody in view who could help.
            problem = problem_of(unit, request, planned, everybody=True)
            best, others = _best(problem, pinned or {}, with_alternatives)
        solution = Solution(best.appointments, best.unplaced, best.points, best.lower_bound)
        return proposal_of(problem, request.earliest_day, request.wishes, planned, solution, others)


def _best(
    problem: Problem, pinned: Mapping[int, Placed], with_alternatives: bool
) -> tuple[CourseSolution, Mapping[int, tuple[Alternative, ...]]]:
    course_id = problem.courses[0].id
    if with_alternatives:
        return follow_on_with_alternatives(problem, course_id, pinned)
    return follow_on(problem, course_id, pinned), {}


def book_course(runtime: Runtime, actor: Actor, request: BookingRequest, places: Mapping[int, Placed]) -> int:
    """Book a course at these places in one transaction, or nothing.

    Sessions without a place are kept as still to place. Sending the same request twice books one course.

    Returns:
        The course's id.
    Raises:
        SlotTaken: a place was taken meanwhile, or no longer fits; nothing is booked.
        InvalidInput: this `course_id` has booked something else before.
        NotFound: the patient or assessment is not of this clinic.
    """
    asked_for = fingerprint(request, sorted(places.items()))
    with runtime.writing(actor) as unit:
        if booked_before(unit, request.course_id, asked_for):
            return request.course_id
        assessment = unit.get(AssessmentRow, request.assessment_id)
        if assessment.patient_id != request.patient_id:
            raise NotFound(say("This assessment is not of this patient."))
        refuse_if_erased(unit.get(PatientRow, request.patient_id))
        planned = planned_sessions(unit, request)
        problem = problem_of(unit, request, planned, everybody=len(places) < len(planned))
        reasons = _check(problem, places)
        write_course(unit, request, planned, places, reasons, asked_for)
        return request.course_id


def write_course(
    unit: Unit,
    request: BookingRequest,
    planned: Sequence[PlannedSession],
    places: Mapping[int, Placed],
    reasons: Mapping[int, str],
    asked_for: str = "",
) -> RevisionRow:
    """Put a new course into the diary: places by session, counted from 0, and the reasons of those without one.

    Args:
        asked_for: what names the request, so that the same one sent again is known.
    Raises:
        SlotTaken: a place is not free.
    """
    course = new_course(unit, request, unit.get(AssessmentRow, request.assessment_id), asked_for)
    sessions = tuple(
        first_state(unit, session, places.get(session.position), reasons.get(session.position, ""))
        for session in planned
    )
    target = CourseSnapshot("active", "apply", tuple(phases_to_json(request.phases)), sessions)
    booked = sum(1 for session in sessions if session.current)
    says = say("%(booked)s of %(sessions)s sessions booked", booked=booked, sessions=len(sessions))
    revision = write_change(unit, CourseChange(course, target, "booked", says))
    note_unplaced(unit, course, target)
    return revision


def planned_sessions(unit: Unit, request: BookingRequest) -> tuple[PlannedSession, ...]:
    """The sessions the phases owe, maintenance a few ahead."""
    evidence = Evidence.load(unit.clinic.evidence_overrides)
    return plan_sessions(
        request.phases, request.first_visit_minutes, request.visit_minutes, evidence["J7"].whole("sessions_ahead")
    )


def problem_of(
    unit: Unit, request: BookingRequest, planned: Sequence[PlannedSession], *, everybody: bool = False
) -> Problem:
    """The course among the free time of those the patient wants, or of everybody, to see who could help."""
    span = span_of(unit, request, planned)
    others = other_starts(unit, request.patient_id)
    people = [*request.wishes.practitioners, *(row.id for row in therapists(unit) if everybody)]
    problem = free_problem(unit, span, people, apart_from=others)
    return replace(problem, courses=(course_for(unit, request, planned, problem),))


def span_of(unit: Unit, request: BookingRequest, planned: Sequence[PlannedSession]) -> Span:
    """The days to look at for a course.

    Raises:
        InvalidInput: its first day lies in the past, or too far ahead.
    """
    if request.earliest_day < unit.today:
        raise InvalidInput(say("The first day lies in the past."), field="earliest_day")
    away = sum((end - start).days for start, end in request.wishes.away_days())
    last = request.earliest_day + timedelta(days=away + sum(each.gap.max if each.gap else 7 for each in planned))
    span = Span.covering(unit, last)
    if request.earliest_day >= span.end:
        raise InvalidInput(say("The first day lies more than a year ahead."), field="earliest_day")
    return span


def course_for(
    unit: Unit,
    request: BookingRequest,
    planned: Sequence[PlannedSession],
    problem: Problem,
    *,
    findings: Assessment | None = None,
) -> Course:
    """What a course asks of the diary; the patient's other courses are the caller's to keep away from.

    Raises:
        InvalidInput: none of its therapists works here.
    """
    known = {practitioner.id for practitioner in problem.practitioners}
    prices = {name: cost for name, cost in request.wishes.practitioner_points().items() if name in known}
    if not prices:
        raise InvalidInput(say("This therapist does not work here."), field="practitioner")
    return Course(
        id=str(request.course_id),
        earliest_day=request.earliest_day,
        sessions=tuple(Session(whole_steps(unit, each.minutes), wanted_gap(each)) for each in planned),
        practitioners=prices,
        available=request.wishes.windows(unit.clinic.grid_minutes),
        min_gap_hours=MIN_GAP_HOURS,
        wait_points_per_day=_wait_points(findings or _findings(unit, request)),
        away=request.wishes.away_days(),
    )


def _findings(unit: Unit, request: BookingRequest) -> Assessment:
    return Assessment.from_json(unit.get(AssessmentRow, request.assessment_id).findings)


def _wait_points(findings: Assessment) -> int:
    chronic = is_chronic(findings.protocol, findings.symptom_weeks)
    return _WAIT_POINTS_CHRONIC if chronic else _WAIT_POINTS


def _check(problem: Problem, places: Mapping[int, Placed]) -> dict[int, str]:
    """Reasons of the sessions without a place. Raises SlotTaken when a place breaks a rule by now."""
    course = problem.courses[0]
    if any(place.course != course.id or session != place.session for session, place in places.items()):
        raise InvalidInput(say("These dates are for another course."), field="places")
    missing = [session for session in range(len(course.sessions)) if session not in places]
    best = follow_on(problem, course.id, {}).unplaced if missing else ()
    reasons = {each.session: each.reason for each in best}
    unplaced = tuple(
        Unplaced(course.id, session, reasons.get(session, say("Left open when the course was booked.")))
        for session in missing
    )
    appointments = tuple(places[session] for session in sorted(places))
    try:
        # A place before the first day would wait less than no time; the judge names the rule.
        total = max(0, points(problem, appointments, unplaced).total)
    except (ValueError, KeyError):
        total = 0  # A place that breaks a rule has no price; the judge names the rule.
    # The judge's words name the engine's own numbers, which say nothing to reception.
    if broken_rules(problem, Solution(appointments, unplaced, total, 0)):
        raise SlotTaken(say("These dates do not fit any more, because the diary has changed."), field="places")
    return {each.session: each.reason for each in unplaced}


def new_course(unit: Unit, request: BookingRequest, assessment: AssessmentRow, asked_for: str = "") -> CourseRow:
    """The row of a course that is booked now, before it has any session."""
    course = CourseRow(
        id=request.course_id,
        patient_id=request.patient_id,
        assessment_id=assessment.id,
        protocol=str(assessment.findings["protocol"]),
        status="planned",
        phases=[],
        wishes=request.wishes.to_json(),
        wish_note=request.note,
        service_id=request.service_id,
        earliest_day=request.earliest_day,
        first_visit_minutes=request.first_visit_minutes,
        visit_minutes=request.visit_minutes,
        started_at=unit.now,
        asked_for=asked_for,
    )
    unit.session.add(course)
    return course


def first_state(unit: Unit, planned: PlannedSession, placed: Placed | None, reason: str) -> SessionState:
    """A session as it is first booked, or waits for a place with the reason why."""
    minutes = whole_steps(unit, planned.minutes)
    return SessionState(
        id=None,
        position=planned.position,
        phase=planned.phase.value,
        minutes=minutes,
        gap=wanted_gap(planned),
        unplaced_reason="" if placed else reason,
        appointments=(booked_at(unit, placed, minutes),) if placed else (),
    )
