"""Why each number of an estimate is what it is, by evidence id, in the order a person reads it."""

from collections.abc import Iterator

from planner.care.assessment import Assessment, Goal, HealingResponse, PainSensitivity, Protocol
from planner.care.course import GapDays, Phase, PhaseName
from planner.care.estimate_values import CONTRADICTION, About, Courses, Reason, WeekRange
from planner.care.evidence import Evidence, EvidenceRow
from planner.care.factors import Side
from planner.care.scoring import Score


def sessions_in_words(low: int, high: int) -> str:
    """ "8–10 sessions", "1 session"."""
    return _counted(low, "session") if low == high else f"{low}–{_counted(high, 'session')}"


def range_reasons(assessment: Assessment, score: Score, evidence: Evidence) -> Iterator[Reason]:
    """Why this range, what the goal does to it, and what looks contradictory."""
    table = sessions_in_words(score.low, score.row.whole("sessions_high"))
    yield _reason(score.row, table, About.SESSIONS)
    if assessment.protocol is Protocol.PIRIFORMIS_SYNDROME:
        yield _reason(evidence["J1"], f"{score.row.id} applies", About.SESSIONS)
        if score.row.id != "E7":
            general = evidence["E2"]
            other = sessions_in_words(general.whole("sessions_low"), general.whole("sessions_high"))
            effect = f"not used: {score.row.id} is more specific than {other} for chronic pain"
            yield _reason(general, effect, About.SESSIONS)
    yield from _contradictions(assessment, evidence)
    yield _reason(score.goal, _goal_effect(assessment.goal, score), About.SESSIONS)


def _goal_effect(goal: Goal, score: Score) -> str:
    if score.goal_meets:
        return f"start at {_counted(score.start, 'session')}"
    low, high = score.goal.whole("sessions_low"), score.goal.whole("sessions_high")
    if goal is Goal.RELIEF:
        return f"the protocol's range stands; decide at sessions {low}–{high} whether the relief is enough"
    return "the protocol's range stands; decide at the last session whether it lasts"


def _contradictions(assessment: Assessment, evidence: Evidence) -> Iterator[Reason]:
    judged, weeks = evidence["J13"], assessment.symptom_weeks
    chronic = assessment.protocol in (Protocol.CHRONIC_PAIN, Protocol.CHRONIC_CONDITION)
    if chronic and weeks < judged.number("chronic_below_weeks"):
        effect = f"{CONTRADICTION}a chronic protocol, but symptoms for {_weeks_in_words(weeks)}"
        yield _reason(judged, effect, About.SESSIONS)
    if assessment.protocol is Protocol.ACUTE_INJURY and weeks > judged.number("acute_above_weeks"):
        effect = f"{CONTRADICTION}an acute injury, but symptoms for {_weeks_in_words(weeks)}"
        yield _reason(judged, effect, About.SESSIONS)


def expected_reasons(score: Score, evidence: Evidence) -> Iterator[Reason]:
    """What each factor does to the expected number, and how it comes out."""
    for influence in score.influences:
        effect = "no change"
        if influence.side is not Side.TYPICAL:
            unit = "session" if abs(influence.shift) <= 1 else "sessions"
            effect = f"{influence.shift:+g} {unit} (size: {influence.size.id})"
        yield Reason(influence.evidence.id, influence.says, effect, About.SESSIONS)
    together = f"{_counted(score.expected, 'session')} expected"
    if score.influences:
        together += f": {score.start} to start with, {score.shift:+g} from what was found"
    yield _reason(evidence["J4"], together, About.SESSIONS)
    if score.opened_by and score.expected > score.row.whole("sessions_high"):
        beyond = score.expected - score.row.whole("sessions_high")
        yield _reason(score.opened_by, f'"or more": {beyond} beyond the range', About.SESSIONS)
        yield _reason(evidence["J5"], f"at most {_counted(score.ceiling, 'session')}", About.SESSIONS)


def spread_reasons(
    assessment: Assessment, score: Score, courses: Courses, weeks: WeekRange, evidence: Evidence
) -> Iterator[Reason]:
    """Why so many weeks, and why the visits are spread like this."""
    pattern = score.row.pattern()
    spread = f"{weeks.low}–{weeks.high} weeks" if weeks.low < weeks.high else _counted(weeks.low, "week")
    follows = "" if score.row.weeks() else ", from the sessions and how often they are"
    yield _reason(score.row if score.row.weeks() else evidence[pattern.frequency], spread + follows, About.WEEKS)
    gap_rows = {PhaseName.INTENSIVE: pattern.intensive, PhaseName.TAPER: pattern.taper}
    for phase in courses.expected.phases:
        about = About(phase.name.value)
        yield _reason(evidence[pattern.frequency], _phase_effect(phase), about)
        yield _reason(evidence[gap_rows[phase.name]], f"{phase.name}: {_gap_in_words(phase.gap_days)}", about)
    yield from _thinning_reasons(assessment, score, courses, evidence)
    sensitivity = {PainSensitivity.LOW: "closer together", PainSensitivity.HIGH: "further apart"}
    if assessment.pain_sensitivity in sensitivity:
        effect = f"frequent visits {sensitivity[assessment.pain_sensitivity]}, as far as the weeks allow"
        yield Reason("E36", evidence["J12"].says, f"{effect} (size: J12)", About.INTENSIVE)
    shortest = min(phase.gap_days.min for phase in courses.expected.phases)
    yield _reason(evidence["E25"], f"never closer than {_counted(shortest, 'day')}", About.INTENSIVE)


def _thinning_reasons(assessment: Assessment, score: Score, courses: Courses, evidence: Evidence) -> Iterator[Reason]:
    phases = courses.expected.phases
    if len(phases) == 1:
        return
    frequent = phases[0].sessions or 0
    effect = f"less often from session {frequent + 1}"
    yield _reason(evidence["E24"], effect, About.TAPER)
    if assessment.healing_response in (HealingResponse.FAST, HealingResponse.SLOW):
        sooner = assessment.healing_response is HealingResponse.FAST
        moved = f"thinning out {'sooner' if sooner else 'later'}, as far as the weeks allow (size: J11)"
        yield _reason(evidence["E22"], moved, About.TAPER)
    weeks = score.row.weeks()
    if weeks and frequent != evidence["E24"].whole("larger_change_to"):
        lasting = f"{effect}, so that the course lasts {weeks[0]}–{weeks[1]} weeks"
        yield _reason(score.row, lasting, About.TAPER)


def maintenance_reasons(score: Score, maintenance: tuple[Phase, ...], evidence: Evidence) -> Iterator[Reason]:
    """Why maintenance follows, how often, and how far ahead it is booked."""
    for phase in maintenance:
        yield _reason(score.row, "maintenance follows", About.MAINTENANCE)
        yield _reason(evidence["J6"], f"{phase.name}: {_gap_in_words(phase.gap_days)}", About.MAINTENANCE)
        yield _reason(evidence["J7"], f"{evidence['J7'].whole('sessions_ahead')} booked ahead", About.MAINTENANCE)


def visit_reasons(evidence: Evidence) -> Iterator[Reason]:
    """Why the visits are that long."""
    visits = (("E26", "J2", "first visit", About.FIRST_VISIT), ("E27", "J3", "later visits", About.LATER_VISITS))
    for fact, size, label, about in visits:
        effect = f"{label} {evidence[size].whole('minutes')} minutes"
        yield _reason(evidence[fact], effect, about)
        yield _reason(evidence[size], effect, about)


def review_reasons(reviews: tuple[tuple[str, tuple[int, ...]], ...], evidence: Evidence) -> Iterator[Reason]:
    """Why the course is reviewed at these sessions; `reviews` pairs a row's id with its sessions."""
    for row_id, sessions in reviews:
        listed = " and ".join(str(session) for session in sessions)
        effect = f"review at {'session' if len(sessions) == 1 else 'sessions'} {listed}"
        yield _reason(evidence[row_id], effect, About.REVIEWS)


def advice_reasons(evidence: Evidence) -> Iterator[Reason]:
    """What an estimate is and is not."""
    yield _reason(evidence["E63"], "every number can be changed", About.ALL)


def _reason(row: EvidenceRow, effect: str, about: About) -> Reason:
    return Reason(row.id, row.says, effect, about)


def _phase_effect(phase: Phase) -> str:
    return f"{phase.name}: {_counted(phase.sessions or 0, 'session')}, about every {phase.gap_days.target:g} days"


def _gap_in_words(gap: GapDays) -> str:
    return f"every {gap.target:g} days, between {gap.min} and {gap.max}"


def _weeks_in_words(weeks: float) -> str:
    return f"{weeks:g} {'week' if weeks == 1 else 'weeks'}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
