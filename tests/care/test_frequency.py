"""Visits are frequent first and thin out; maintenance follows where it belongs."""

from itertools import pairwise

import pytest
from hypothesis import given, settings

from planner.care.course import PhaseName
from planner.care.estimate import estimate
from planner.care.evidence import Evidence
from tests.care.cases import ASSESSMENTS, neutral


def names(result):
    """The names of the phases."""
    return [phase.name.value for phase in result.phases]


def first_gap(row, **changes):
    """The gap between the first sessions."""
    return estimate(neutral(row, **changes)).phases[0].gap_days


@settings(max_examples=200)
@given(assessment=ASSESSMENTS)
def test_phases_come_in_order_thin_out_and_add_up(assessment):
    """Gaps widen from phase to phase, never below two days, and the sessions are the expected ones."""
    result = estimate(assessment)
    order = [name.value for name in PhaseName]
    assert names(result) == sorted(names(result), key=order.index)
    assert len(set(names(result))) == len(names(result))
    for before, after in pairwise(phase.gap_days.target for phase in result.phases):
        assert before < after
    for phase in result.phases:
        assert 2 <= phase.gap_days.min <= phase.gap_days.target <= phase.gap_days.max
    owed = [phase.sessions for phase in result.phases if phase.name is not PhaseName.MAINTENANCE]
    assert sum(owed) == result.sessions.expected


@settings(max_examples=200)
@given(assessment=ASSESSMENTS)
def test_every_course_of_three_or_more_sessions_thins_out(assessment):
    """Intensive first, then a taper; two sessions are too few for it."""
    for course in estimate(assessment).courses.all:
        expected = ["intensive", "taper"] if course.sessions > 2 else ["intensive"]
        assert [phase.name for phase in course.phases] == expected


@pytest.mark.parametrize(
    ("row", "goal", "maintained"),
    [
        ("E1", "lasting", False),
        ("E2", "relief", False),
        ("E2", "lasting", True),
        ("E3", "lasting", False),
        ("E4", "lasting", False),
        ("E5", "relief", True),
        ("E6", "relief", True),
        ("E7", "lasting", False),
        ("E8", "relief", True),
    ],
)
def test_maintenance_follows_where_the_protocol_says_so(row, goal, maintained):
    """Monthly and without an end; never after an acute injury."""
    result = estimate(neutral(row, goal=goal))
    assert ("maintenance" in names(result)) == maintained
    if maintained:
        last = result.phases[-1]
        assert last.sessions is None
        assert (last.gap_days.target, last.gap_days.min, last.gap_days.max) == (28, 24, 35)


@pytest.mark.parametrize(("row", "days"), [("E1", (3.5, 7)), ("E2", (7, 14)), ("E3", (3.5, 7)), ("E8", (7, 14))])
def test_acute_courses_are_twice_weekly_then_weekly_and_chronic_ones_half_of_it(row, days):
    """E20 and E21."""
    phases = estimate(neutral(row)).phases
    assert (phases[0].gap_days.target, phases[1].gap_days.target) == days


def test_a_fast_response_thins_out_sooner_and_a_slow_one_later():
    """E22, in sport, where the weeks leave room for all three."""
    frequent = [
        estimate(neutral("E3", healing_response=response)).phases[0].sessions
        for response in ("fast", "typical", "slow")
    ]
    assert frequent == [3, 4, 6]


@pytest.mark.parametrize("row", ["E1", "E8"])
def test_a_sensitive_person_is_treated_further_apart_and_a_tolerant_one_closer(row):
    """E36 moves target and limits of the frequent visits, but never below the rest of E25."""
    low, normal, high = (first_gap(row, pain_sensitivity=value) for value in ("low", "normal", "high"))
    assert low.target < normal.target < high.target
    assert 2 <= low.min <= normal.min < high.min
    assert low.max < normal.max < high.max


@settings(max_examples=100)
@given(assessment=ASSESSMENTS)
def test_sensitivity_never_shortens_the_low_course(assessment):
    """E36: gentler means longer, for the same number of sessions."""
    spans = []
    for value in ("low", "normal", "high"):
        changed = {**assessment.to_json(), "pain_sensitivity": value}
        spans.append(estimate(type(assessment).from_json(changed)).courses.low.span_days)
    assert spans == sorted(spans)


def test_a_clinics_longer_rest_reaches_every_gap():
    """A clinic that rests 72 hours has no gap of two days."""
    own = Evidence.load({"E25": {"rest_hours": 72}, "J8": {"min": 3, "target": 4.0}})
    result = estimate(neutral("E1", pain_sensitivity="low"), own)
    assert all(phase.gap_days.min >= 3 for phase in result.phases)
