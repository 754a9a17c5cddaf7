"""A course: its planned sessions and target days, a changed frequency, maintenance, and its JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.care.course import (
    GapDays,
    Phase,
    PhaseName,
    change_frequency,
    extend_maintenance,
    fixed_sessions,
    phases_from_json,
    phases_to_json,
    plan_sessions,
    target_days,
)
from planner.care.estimate import estimate
from planner.errors import InvalidInput
from planner.words import in_language
from tests.care.cases import ASSESSMENTS

TWICE_WEEKLY = GapDays(3.5, 2, 5)
WEEKLY = GapDays(7, 5, 9)
MONTHLY = GapDays(28, 24, 35)
INTENSIVE = Phase(PhaseName.INTENSIVE, 3, TWICE_WEEKLY)
TAPER = Phase(PhaseName.TAPER, 2, WEEKLY)
MAINTENANCE = Phase(PhaseName.MAINTENANCE, None, MONTHLY)


def remaining(done, phases, ahead=2):
    """The sessions owed after so many were done."""
    return change_frequency(done, phases, first_visit_minutes=60, visit_minutes=30, maintenance_ahead=ahead)


def test_the_first_visit_is_longer_and_has_no_gap_before_it():
    """E26; the others have their phase's gap, the first of a phase too."""
    sessions = plan_sessions((INTENSIVE, TAPER), 60, 30, 0)
    assert [session.minutes for session in sessions] == [60, 30, 30, 30, 30]
    assert [session.gap for session in sessions] == [None, TWICE_WEEKLY, TWICE_WEEKLY, WEEKLY, WEEKLY]
    assert [session.position for session in sessions] == [0, 1, 2, 3, 4]
    assert [session.phase for session in sessions] == ["intensive"] * 3 + ["taper"] * 2


def test_half_days_are_added_before_rounding():
    """Twice a week stays twice a week."""
    assert target_days(plan_sessions((INTENSIVE, TAPER), 60, 30, 0)) == (0, 4, 7, 14, 21)


def test_maintenance_without_an_end_is_booked_a_few_ahead():
    """Two ahead, four weeks apart."""
    sessions = plan_sessions((TAPER, MAINTENANCE), 60, 30, 2)
    assert target_days(sessions) == (0, 7, 35, 63)
    assert [session.phase for session in sessions][2:] == ["maintenance"] * 2


def test_after_a_changed_frequency_the_done_sessions_count_against_the_first_phases():
    """Two done: one intensive and both taper sessions are left, and the first left has its gap."""
    left = remaining(2, (INTENSIVE, TAPER))
    assert [(session.position, session.phase) for session in left] == [(2, "intensive"), (3, "taper"), (4, "taper")]
    assert left[0].gap == TWICE_WEEKLY
    assert left[0].minutes == 30
    assert target_days(left) == (4, 11, 18)


def test_a_course_shortened_below_what_is_done_is_over():
    """Nothing is owed any more."""
    assert remaining(4, (INTENSIVE,)) == ()


def test_done_maintenance_does_not_use_up_the_sessions_ahead():
    """Five fixed, three of maintenance done: still two ahead, at the next places."""
    left = remaining(8, (INTENSIVE, TAPER, MAINTENANCE))
    assert [(session.position, session.phase) for session in left] == [(8, "maintenance"), (9, "maintenance")]


@given(assessment=ASSESSMENTS, ahead=st.integers(0, 6), data=st.data())
def test_changing_nothing_leaves_the_rest_of_the_plan(assessment, ahead, data):
    """The same phases after any number of done sessions give the tail of the same plan."""
    phases = estimate(assessment).phases
    done = data.draw(st.integers(0, fixed_sessions(phases)))
    assert remaining(done, phases, ahead) == plan_sessions(phases, 60, 30, ahead)[done:]


@pytest.mark.parametrize(("booked", "wanted", "further"), [(3, 3, 0), (1, 3, 2), (0, 3, 3), (5, 3, 0)])
def test_maintenance_is_extended_to_so_many_ahead(booked, wanted, further):
    """Only the difference is booked."""
    assert extend_maintenance((TAPER, MAINTENANCE), booked, wanted) == further


def test_a_course_without_open_maintenance_is_never_extended():
    """Discharge is discharge; maintenance with an end has an end."""
    assert extend_maintenance((TAPER,), 0, 3) == 0
    assert extend_maintenance((TAPER, Phase(PhaseName.MAINTENANCE, 2, MONTHLY)), 0, 3) == 0


@given(assessment=ASSESSMENTS)
def test_phases_survive_json(assessment):
    """Written, stored as text, read: the same phases."""
    phases = estimate(assessment).phases
    assert phases_from_json(json.loads(json.dumps(phases_to_json(phases)))) == phases


GAP = {"target": 7, "min": 5, "max": 9}
GOOD = {"name": "intensive", "sessions": 3, "gap_days": GAP}


@pytest.mark.parametrize(
    ("phases", "field"),
    [
        ({}, None),
        ([], None),
        ([3], "0"),
        ([{**GOOD, "name": "rest"}], "0.name"),
        ([{**GOOD, "name": None}], "0.name"),
        ([{**GOOD, "sessions": 0}], "0.sessions"),
        ([{**GOOD, "sessions": True}], "0.sessions"),
        ([{**GOOD, "sessions": 2.5}], "0.sessions"),
        ([{**GOOD, "sessions": None}], "0.sessions"),
        ([GOOD, {**GOOD, "gap": 7}], "1.gap"),
        ([{**GOOD, "gap_days": {**GAP, "min": 1}}], "0.gap_days.min"),
        ([{**GOOD, "gap_days": {**GAP, "max": 6}}], "0.gap_days.target"),
        ([{**GOOD, "gap_days": {**GAP, "min": 10}}], "0.gap_days.min"),
        ([{**GOOD, "gap_days": {**GAP, "max": 400}}], "0.gap_days.max"),
        ([{**GOOD, "gap_days": {**GAP, "target": float("nan")}}], "0.gap_days.target"),
        ([{**GOOD, "gap_days": {"min": 5, "max": 9}}], "0.gap_days.target"),
        ([{**GOOD, "gap_days": 7}], "0.gap_days"),
        ([{**GOOD, "name": "taper"}, GOOD], "1"),
        ([{**GOOD, "name": "maintenance", "sessions": None}, {**GOOD, "name": "maintenance"}], "1"),
        ([{**GOOD, "sessions": 150}, {**GOOD, "sessions": 150}], None),
    ],
)
def test_phases_that_make_no_course_are_refused_by_the_name_of_the_key(phases, field):
    """Wrong order, an open end that is none, gaps below the 48 hours, nonsense."""
    with pytest.raises(InvalidInput) as refusal:
        phases_from_json(phases)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"first_visit_minutes": 0}, "first_visit_minutes"),
        ({"visit_minutes": 1000}, "visit_minutes"),
        ({"maintenance_ahead": -1}, "maintenance_ahead"),
    ],
)
def test_lengths_that_make_no_sense_are_refused(changes, field):
    """The argument is named."""
    arguments = {"first_visit_minutes": 60, "visit_minutes": 30, "maintenance_ahead": 3, **changes}
    with pytest.raises(InvalidInput) as refusal:
        plan_sessions((INTENSIVE,), **arguments)
    assert refusal.value.field == field


def test_a_negative_number_of_done_sessions_is_a_bug():
    """No person can enter it."""
    with pytest.raises(ValueError, match="-1 sessions"):
        remaining(-1, (INTENSIVE,))


def test_phases_in_the_wrong_order_are_named_in_the_readers_language():
    """No English word is left in the sentence."""
    with pytest.raises(InvalidInput) as refused:
        plan = [MAINTENANCE.to_json() | {"sessions": 2}, TAPER.to_json()]
        phases_from_json(plan)
    assert refused.value.message == "The phase taper cannot follow maintenance."
    for language, names in {"de": ("Ausschleichen", "Erhaltung"), "es": ("espaciamiento", "mantenimiento")}.items():
        said = in_language(refused.value.message, language)
        assert all(name in said for name in names)
        assert "taper" not in said
