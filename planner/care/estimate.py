"""From an assessment to an estimate: sessions, weeks, phases, reviews, and the reason for each number."""

from dataclasses import replace

from planner.care.assessment import Assessment, Goal
from planner.care.course import MOST_SESSIONS, Phase
from planner.care.estimate_values import (
    CourseOutline,
    Courses,
    Estimate,
    Reason,
    SessionRange,
    WeekRange,
)
from planner.care.evidence import Evidence
from planner.care.frequency import maintenance_for, phases_for, rhythm_for
from planner.care.reading import read_whole, within
from planner.care.reasons import (
    advice_reasons,
    expected_reasons,
    maintenance_reasons,
    range_reasons,
    review_reasons,
    spread_reasons,
    visit_reasons,
)
from planner.care.scoring import Score, score
from planner.words import say

__all__ = ["CourseOutline", "Courses", "Estimate", "Reason", "SessionRange", "WeekRange", "estimate", "spread_over"]

_DAYS_A_WEEK = 7


def estimate(assessment: Assessment, evidence: Evidence | None = None) -> Estimate:
    """What this patient probably needs, by the evidence; advice, never a decision (E63).

    Args:
        evidence: a clinic's own; the shipped one if left out.
    Returns:
        An estimate whose low and high are the protocol table's (E1–E8), the high one more only where a source says
        "or more" and the factors lead there; whose three courses span the table's weeks.
    """
    known = evidence or Evidence.load()
    counted = score(assessment, known)
    rhythm = rhythm_for(assessment, counted.row, known)
    courses = Courses(*(CourseOutline(phases_for(n, rhythm)) for n in (counted.low, counted.expected, counted.high)))
    weeks = _weeks(counted, courses)
    maintenance = maintenance_for(assessment, counted.row, known)
    reviews = _reviews(assessment, counted, known)
    return Estimate(
        sessions=SessionRange(counted.low, counted.expected, counted.high),
        weeks=weeks,
        first_visit_minutes=known["J2"].whole("minutes"),
        visit_minutes=known["J3"].whole("minutes"),
        review_at_sessions=tuple(sorted({session for _, sessions in reviews for session in sessions})),
        phases=courses.expected.phases + maintenance,
        courses=courses,
        reasons=_reasons(assessment, counted, courses, weeks, maintenance, reviews, known),
    )


def spread_over(sessions: int, assessment: Assessment, evidence: Evidence | None = None) -> tuple[Phase, ...]:
    """The phases this patient's course would have with another number of sessions: its rhythm, and what follows it.

    Raises:
        InvalidInput: no such number of sessions can be.
    """
    known = evidence or Evidence.load()
    within("sessions", read_whole, sessions, 1, MOST_SESSIONS)
    row = score(assessment, known).row
    return phases_for(sessions, rhythm_for(assessment, row, known)) + maintenance_for(assessment, row, known)


def _weeks(counted: Score, courses: Courses) -> WeekRange:
    """The protocol's weeks, or the calendar weeks that its shortest and longest course touch."""
    given = counted.row.weeks()
    if given:
        return WeekRange(*given)
    touched = [course.span_days // _DAYS_A_WEEK + 1 for course in courses.all]
    return WeekRange(min(touched), max(touched))


def _reviews(assessment: Assessment, counted: Score, evidence: Evidence) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The evidence rows that ask for a review, each with its sessions counted from 1.

    Source: E9 (a decision where relief is the goal and the protocol is longer), E10 (does it last?), E28 (early
    reassessment, after the sessions that bring the larger change), E61 (stop or refer).
    """
    last = counted.expected
    early = min(evidence["E24"].whole("larger_change_to"), last)
    reviews: list[tuple[str, tuple[int, ...]]] = [("E28", (early,))]
    if not counted.goal_meets and assessment.goal is Goal.RELIEF:
        reviews = [("E9", (counted.goal.whole("sessions_low"), counted.goal.whole("sessions_high")))]
    elif not counted.goal_meets:
        reviews.append(("E10", (last,)))
    reviews.append(("E61", (evidence["E61"].whole("review_from"), evidence["E61"].whole("review_to"))))
    within_course = [(row, tuple(sorted({s for s in sessions if s <= last}))) for row, sessions in reviews]
    return tuple((row, sessions) for row, sessions in within_course if sessions)


def _reasons(
    assessment: Assessment,
    counted: Score,
    courses: Courses,
    weeks: WeekRange,
    maintenance: tuple[Phase, ...],
    reviews: tuple[tuple[str, tuple[int, ...]], ...],
    evidence: Evidence,
) -> tuple[Reason, ...]:
    reasons = (
        *range_reasons(assessment, counted, evidence),
        *expected_reasons(counted, evidence),
        *spread_reasons(assessment, counted, courses, weeks, evidence),
        *maintenance_reasons(counted, maintenance, evidence),
        *visit_reasons(evidence),
        *review_reasons(reviews, evidence),
        *advice_reasons(evidence),
    )
    return tuple(_as_own(reason) if evidence[reason.evidence].own else reason for reason in reasons)


def _as_own(reason: Reason) -> Reason:
    """The reason, saying that the clinic changed what it follows."""
    return replace(reason, says=say("%(says)s (This clinic’s own.)", says=reason.says))
