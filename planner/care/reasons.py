"""Why each number of an estimate is what it is, by evidence id, in the order a person reads it."""

from collections.abc import Iterator
from functools import reduce

from planner.care.assessment import Assessment, Goal, HealingResponse, PainSensitivity, Protocol
from planner.care.course import PHASE_WORDS, GapDays, Phase, PhaseName
from planner.care.estimate_values import About, Courses, Reason, WeekRange
from planner.care.evidence import Evidence, EvidenceRow
from planner.care.factors import Side
from planner.care.scoring import Score
from planner.words import Text, decimal_said, say, say_many


def sessions_in_words(low: int, high: int) -> Text:
    """ "8–10 sessions", "1 session"."""
    if low == high:
        return _sessions(low)
    return say_many("%(low)s–%(num)s session", "%(low)s–%(num)s sessions", high, low=low)


def range_reasons(assessment: Assessment, score: Score, evidence: Evidence) -> Iterator[Reason]:
    """Why this range, what the goal does to it, and what looks contradictory."""
    table = sessions_in_words(score.low, score.row.whole("sessions_high"))
    yield _reason(score.row, table, About.SESSIONS)
    if assessment.protocol is Protocol.PIRIFORMIS_SYNDROME:
        yield _reason(evidence["J1"], say("%(row)s applies", row=score.row.id), About.SESSIONS)
        if score.row.id != "E7":
            general = evidence["E2"]
            other = sessions_in_words(general.whole("sessions_low"), general.whole("sessions_high"))
            effect = say(
                "not used: %(row)s is more specific than %(sessions)s for chronic pain",
                row=score.row.id,
                sessions=other,
            )
            yield _reason(general, effect, About.SESSIONS)
    yield from _contradictions(assessment, evidence)
    yield _reason(score.goal, _goal_effect(assessment.goal, score), About.SESSIONS)


def _goal_effect(goal: Goal, score: Score) -> Text:
    if score.goal_meets:
        return say("start at %(sessions)s", sessions=_sessions(score.start))
    low, high = score.goal.whole("sessions_low"), score.goal.whole("sessions_high")
    if goal is Goal.RELIEF:
        return say(
            "the protocol's range stands; decide at sessions %(low)s–%(high)s whether the relief is enough",
            low=low,
            high=high,
        )
    return say("the protocol's range stands; decide at the last session whether it lasts")


def _contradictions(assessment: Assessment, evidence: Evidence) -> Iterator[Reason]:
    judged, weeks = evidence["J13"], assessment.symptom_weeks
    chronic = assessment.protocol in (Protocol.CHRONIC_PAIN, Protocol.CHRONIC_CONDITION)
    if chronic and weeks < judged.number("chronic_below_weeks"):
        what = say("a chronic protocol, but symptoms for %(weeks)s", weeks=_weeks_in_words(weeks))
        yield _reason(judged, say("contradiction: %(what)s", what=what), About.SESSIONS)
    if assessment.protocol is Protocol.ACUTE_INJURY and weeks > judged.number("acute_above_weeks"):
        what = say("an acute injury, but symptoms for %(weeks)s", weeks=_weeks_in_words(weeks))
        yield _reason(judged, say("contradiction: %(what)s", what=what), About.SESSIONS)


def expected_reasons(score: Score, evidence: Evidence) -> Iterator[Reason]:
    """What each factor does to the expected number, and how it comes out."""
    for influence in score.influences:
        effect = say("no change")
        if influence.side is not Side.TYPICAL:
            effect = say_many(
                "%(shift)s session (size: %(row)s)",
                "%(shift)s sessions (size: %(row)s)",
                1 if abs(influence.shift) <= 1 else 2,
                shift=_signed(influence.shift),
                row=influence.size.id,
            )
        yield Reason(influence.evidence.id, influence.says, effect, About.SESSIONS)
    together = say("%(sessions)s expected", sessions=_sessions(score.expected))
    if score.influences:
        together = say(
            "%(sessions)s expected: %(start)s to start with, %(shift)s from what was found",
            sessions=_sessions(score.expected),
            start=score.start,
            shift=_signed(score.shift),
        )
    yield _reason(evidence["J4"], together, About.SESSIONS)
    if score.opened_by and score.expected > score.row.whole("sessions_high"):
        beyond = score.expected - score.row.whole("sessions_high")
        yield _reason(score.opened_by, say('"or more": %(sessions)s beyond the range', sessions=beyond), About.SESSIONS)
        yield _reason(evidence["J5"], say("at most %(sessions)s", sessions=_sessions(score.ceiling)), About.SESSIONS)


def spread_reasons(
    assessment: Assessment, score: Score, courses: Courses, weeks: WeekRange, evidence: Evidence
) -> Iterator[Reason]:
    """Why so many weeks, and why the visits are spread like this."""
    pattern = score.row.pattern()
    spread = _weeks_in_words(weeks.low)
    if weeks.low < weeks.high:
        spread = say("%(low)s–%(high)s weeks", low=weeks.low, high=weeks.high)
    if score.row.weeks():
        yield _reason(score.row, spread, About.WEEKS)
    else:
        follows = say("%(weeks)s, from the sessions and how often they are", weeks=spread)
        yield _reason(evidence[pattern.frequency], follows, About.WEEKS)
    gap_rows = {PhaseName.INTENSIVE: pattern.intensive, PhaseName.TAPER: pattern.taper}
    for phase in courses.expected.phases:
        about = About(phase.name.value)
        yield _reason(evidence[pattern.frequency], _phase_effect(phase), about)
        yield _reason(
            evidence[gap_rows[phase.name]],
            say("%(phase)s: %(gap)s", phase=PHASE_WORDS[phase.name], gap=_gap_in_words(phase.gap_days)),
            about,
        )
    yield from _thinning_reasons(assessment, score, courses, evidence)
    sensitivity = {
        PainSensitivity.LOW: say("frequent visits closer together, as far as the weeks allow (size: J12)"),
        PainSensitivity.HIGH: say("frequent visits further apart, as far as the weeks allow (size: J12)"),
    }
    if assessment.pain_sensitivity in sensitivity:
        yield Reason("E36", evidence["J12"].says, sensitivity[assessment.pain_sensitivity], About.INTENSIVE)
    shortest = min(phase.gap_days.min for phase in courses.expected.phases)
    yield _reason(
        evidence["E25"],
        say_many("never closer than %(num)s day", "never closer than %(num)s days", shortest),
        About.INTENSIVE,
    )


def _thinning_reasons(assessment: Assessment, score: Score, courses: Courses, evidence: Evidence) -> Iterator[Reason]:
    phases = courses.expected.phases
    if len(phases) == 1:
        return
    frequent = phases[0].sessions or 0
    effect = say("less often from session %(session)s", session=frequent + 1)
    yield _reason(evidence["E24"], effect, About.TAPER)
    if assessment.healing_response in (HealingResponse.FAST, HealingResponse.SLOW):
        sooner = assessment.healing_response is HealingResponse.FAST
        thinning = (
            say("thinning out sooner, as far as the weeks allow (size: J11)")
            if sooner
            else say("thinning out later, as far as the weeks allow (size: J11)")
        )
        yield _reason(evidence["E22"], thinning, About.TAPER)
    weeks = score.row.weeks()
    if weeks and frequent != evidence["E24"].whole("larger_change_to"):
        lasting = say(
            "%(effect)s, so that the course lasts %(low)s–%(high)s weeks", effect=effect, low=weeks[0], high=weeks[1]
        )
        yield _reason(score.row, lasting, About.TAPER)


def maintenance_reasons(score: Score, maintenance: tuple[Phase, ...], evidence: Evidence) -> Iterator[Reason]:
    """Why maintenance follows, how often, and how far ahead it is booked."""
    for phase in maintenance:
        yield _reason(score.row, say("maintenance follows"), About.MAINTENANCE)
        yield _reason(
            evidence["J6"],
            say("%(phase)s: %(gap)s", phase=PHASE_WORDS[phase.name], gap=_gap_in_words(phase.gap_days)),
            About.MAINTENANCE,
        )
        yield _reason(
            evidence["J7"],
            say("%(sessions)s booked ahead", sessions=evidence["J7"].whole("sessions_ahead")),
            About.MAINTENANCE,
        )


def visit_reasons(evidence: Evidence) -> Iterator[Reason]:
    """Why the visits are that long."""
    first = say("first visit %(minutes)s minutes", minutes=evidence["J2"].whole("minutes"))
    later = say("later visits %(minutes)s minutes", minutes=evidence["J3"].whole("minutes"))
    visits = (("E26", "J2", first, About.FIRST_VISIT), ("E27", "J3", later, About.LATER_VISITS))
    for fact, size, effect, about in visits:
        yield _reason(evidence[fact], effect, about)
        yield _reason(evidence[size], effect, about)


def review_reasons(reviews: tuple[tuple[str, tuple[int, ...]], ...], evidence: Evidence) -> Iterator[Reason]:
    """Why the course is reviewed at these sessions; `reviews` pairs a row's id with its sessions."""
    for row_id, sessions in reviews:
        listed = reduce(
            lambda one, other: say("%(name)s and %(other)s", name=one, other=other), [str(each) for each in sessions]
        )
        effect = say_many("review at session %(list)s", "review at sessions %(list)s", len(sessions), list=listed)
        yield _reason(evidence[row_id], effect, About.REVIEWS)


def advice_reasons(evidence: Evidence) -> Iterator[Reason]:
    """What an estimate is and is not."""
    yield _reason(evidence["E63"], say("every number can be changed"), About.ALL)


def _reason(row: EvidenceRow, effect: str, about: About) -> Reason:
    return Reason(row.id, row.says, effect, about)


def _phase_effect(phase: Phase) -> Text:
    return say(
        "%(phase)s: %(sessions)s, about every %(days)s days",
        phase=PHASE_WORDS[phase.name],
        sessions=_sessions(phase.sessions or 0),
        days=decimal_said(phase.gap_days.target),
    )


def _gap_in_words(gap: GapDays) -> Text:
    days = decimal_said(gap.target)
    return say("every %(days)s days, between %(low)s and %(high)s", days=days, low=gap.min, high=gap.max)


def _weeks_in_words(weeks: float) -> Text:
    return say_many("%(weeks)s week", "%(weeks)s weeks", 1 if weeks == 1 else 2, weeks=decimal_said(weeks))


def _sessions(number: int) -> Text:
    return say_many("%(num)s session", "%(num)s sessions", number)


def _signed(number: float) -> Text:
    if number < 0:
        return say("-%(number)s", number=decimal_said(-number))
    return say("+%(number)s", number=decimal_said(number))
