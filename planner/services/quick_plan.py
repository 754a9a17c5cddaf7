"""From an assessment to dates without a database: estimate, sessions, the best dates in typical hours, a file."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from planner.calendars.event import CalendarEvent
from planner.calendars.feed import download_bytes
from planner.care.assessment import Assessment
from planner.care.course import PlannedSession, plan_sessions
from planner.care.estimate import estimate
from planner.care.estimate_values import Estimate
from planner.care.evidence import Evidence
from planner.diary.free import to_utc
from planner.errors import InvalidInput
from planner.scheduling.many_courses import solve
from planner.scheduling.problem import Course, Gap, Placed, Problem, Session, Solution, Window
from planner.services.typical_hours import GRID_MINUTES, TypicalHours
from planner.words import say

COURSE: Final = "course"
ANY_TIME: Final = tuple(Window(weekday, 0, 24 * 60, 0) for weekday in range(7))
# The first visit soon, but a better rhythm later is worth a day or two.
_WAIT_POINTS_PER_DAY: Final = 20
# Beyond the last target, for closures and a first day in a holiday.
_SPARE_DAYS: Final = 42
_HORIZON_DAYS_MAX: Final = 1100


@dataclass(frozen=True)
class PlannedDate:
    """One session with its date.

    Args:
        number: counted from 1.
        starts_at: wall-clock time of the clinic.
        gap_days: days since the session before; None for the first.
        wanted_days: what the course asks for there.
    """

    number: int
    phase: str
    minutes: int
    starts_at: datetime
    practitioner: str
    gap_days: int | None
    wanted_days: float | None

    def to_json(self) -> dict[str, object]:
        """For programs; `start` is the clinic's wall clock."""
        return {
            "session": self.number,
            "phase": self.phase,
            "start": self.starts_at.isoformat(timespec="minutes"),
            "minutes": self.minutes,
            "practitioner": self.practitioner,
            "gap_days": self.gap_days,
            "wanted_gap_days": self.wanted_days,
        }


@dataclass(frozen=True)
class QuickPlan:
    """What a patient could expect.

    Args:
        dates: in order.
        unplaced: (number counted from 1, reason) of the sessions for which there is no date.
        optimal: whether no better dates exist in these hours.
    """

    assessment: Assessment
    estimate: Estimate
    hours: TypicalHours
    dates: tuple[PlannedDate, ...]
    unplaced: tuple[tuple[int, str], ...]
    optimal: bool

    def to_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "estimate": self.estimate.to_json(),
            "timezone": self.hours.timezone,
            "dates": [each.to_json() for each in self.dates],
            "unplaced": [{"session": number, "reason": reason} for number, reason in self.unplaced],
            "optimal": self.optimal,
        }


def quick_plan(
    assessment: Assessment,
    from_day: date,
    hours: TypicalHours | None = None,
    *,
    available: tuple[Window, ...] = ANY_TIME,
    evidence: Evidence | None = None,
) -> QuickPlan:
    """Estimate a course and find its best dates in a clinic's typical hours.

    Args:
        from_day: the first session is not before it.
        hours: Monday to Friday from 8 to 18 o'clock, one practitioner and one room, if left out.
        available: when the patient can come; the times lie on the quarter of an hour.
        evidence: a clinic's own; the shipped one if left out.
    Raises:
        InvalidInput: naming the field.
    """
    known, clinic = evidence or Evidence.load(), hours or TypicalHours()
    if not 2000 <= from_day.year <= 2100:
        raise InvalidInput(say("The year %(year)s is not between 2000 and 2100.", year=from_day.year), field="from_day")
    found = estimate(assessment, known)
    sessions = plan_sessions(
        found.phases, found.first_visit_minutes, found.visit_minutes, known["J7"].whole("sessions_ahead")
    )
    solution = solve(_problem(sessions, from_day, clinic, available, known))
    return QuickPlan(
        assessment=assessment,
        estimate=found,
        hours=clinic,
        dates=_dates(sessions, solution, clinic),
        unplaced=tuple((each.session + 1, each.reason) for each in solution.unplaced),
        optimal=solution.proved_optimal,
    )


def plan_ics(plan: QuickPlan, written_at: datetime) -> bytes:
    """The dates as an iCalendar file with neutral titles; the same plan has the same UIDs.

    Args:
        written_at: aware; when the plan was made.
    Raises:
        InvalidInput: no session has a date; with the reason.
    """
    if not plan.dates:
        raise InvalidInput(
            say("There is no date to write into a calendar file. %(reason)s", reason=plan.unplaced[0][1])
        )
    return download_bytes([_event(plan, each, written_at) for each in plan.dates])


def _problem(
    sessions: tuple[PlannedSession, ...],
    from_day: date,
    hours: TypicalHours,
    available: tuple[Window, ...],
    evidence: Evidence,
) -> Problem:
    days = min(sum(each.gap.max for each in sessions if each.gap) + _SPARE_DAYS, _HORIZON_DAYS_MAX)
    practitioners, rooms = hours.free(from_day, days)
    course = Course(
        id=COURSE,
        earliest_day=from_day,
        sessions=tuple(Session(_whole_steps(each.minutes), _gap(each)) for each in sessions),
        practitioners={person.id: 0 for person in practitioners},
        available=available,
        min_gap_hours=evidence.rest_days() * 24,
        wait_points_per_day=_WAIT_POINTS_PER_DAY,
    )
    return Problem(hours.timezone, GRID_MINUTES, from_day, days, practitioners, rooms, (course,))


def _gap(session: PlannedSession) -> Gap | None:
    return Gap(session.gap.target, session.gap.min, session.gap.max) if session.gap else None


def _whole_steps(minutes: int) -> int:
    """A length in whole quarters of an hour, so that what follows starts on one."""
    return -(-minutes // GRID_MINUTES) * GRID_MINUTES


def _dates(sessions: tuple[PlannedSession, ...], solution: Solution, hours: TypicalHours) -> tuple[PlannedDate, ...]:
    names = {person.id: person.name for person in hours.practitioners}
    placed = sorted(solution.appointments, key=lambda each: each.session)
    before: list[Placed | None] = [None, *placed]
    return tuple(
        PlannedDate(
            number=each.session + 1,
            phase=sessions[each.session].phase.value,
            minutes=sessions[each.session].minutes,
            starts_at=each.start,
            practitioner=names[each.practitioner],
            gap_days=(each.start.date() - earlier.start.date()).days if earlier else None,
            wanted_days=gap.target if (gap := sessions[each.session].gap) else None,
        )
        for earlier, each in zip(before, placed, strict=False)
    )


def _event(plan: QuickPlan, each: PlannedDate, written_at: datetime) -> CalendarEvent:
    starts_at = to_utc(each.starts_at, plan.hours.zone)
    if starts_at is None:
        raise ValueError(f"the clock skips {each.starts_at}")
    what = f"{plan.assessment.to_json()} {plan.dates[0].starts_at} {plan.hours.timezone} {each.number}"
    return CalendarEvent(
        uid=f"{uuid5(NAMESPACE_URL, what)}@course-planner",
        sequence=0,
        revised_at=written_at.replace(microsecond=0),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=each.minutes),
        timezone=plan.hours.timezone,
        # Neutral: people share their calendars with whole teams.
        summary=say("Appointment"),
        description=say(
            "Visit %(number)s of %(visits)s with %(name)s. A plan, not yet booked.",
            number=each.number,
            visits=len(plan.dates),
            name=each.practitioner,
        ),
        tentative=True,
    )
