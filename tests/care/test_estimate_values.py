"""An estimate can be written as JSON and read back, and refuses what contradicts itself."""

import copy
import json

import pytest
from hypothesis import given, settings

from planner.care.estimate import Estimate, estimate
from planner.errors import InvalidInput
from tests.care.cases import ASSESSMENTS, neutral


@settings(max_examples=100)
@given(assessment=ASSESSMENTS)
def test_an_estimate_survives_json(assessment):
    """Written, stored as text, read: the same value."""
    result = estimate(assessment)
    assert Estimate.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_the_json_has_the_keys_other_programs_read():
    """The keys are a contract."""
    data = estimate(neutral("E2")).to_json()
    assert list(data) == [
        "sessions",
        "weeks",
        "first_visit_minutes",
        "visit_minutes",
        "review_at_sessions",
        "phases",
        "reasons",
        "courses",
    ]
    assert data["sessions"] == {"low": 8, "expected": 9, "high": 10}
    assert data["weeks"] == {"low": 8, "high": 12}
    assert data["phases"][0] == {
        "name": "intensive",
        "sessions": 5,
        "gap_days": {"target": 7.0, "min": 5, "max": 9},
    }
    assert data["courses"]["expected"]["targets"] == [0, 7, 14, 21, 28, 42, 56, 70, 84]


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("sessions", "low"), 0, "sessions.low"),
        (("sessions", "low"), True, "sessions.low"),
        (("sessions", "expected"), None, "sessions.expected"),
        (("sessions", "expected"), 11, "sessions.expected"),
        (("sessions", "middle"), 3, "sessions.middle"),
        (("weeks", "high"), 2, "weeks.low"),
        (("visit_minutes",), "30", "visit_minutes"),
        (("review_at_sessions", 1), 6.5, "review_at_sessions.1"),
        (("phases", 0, "gap_days", "min"), 1, "phases.0.gap_days.min"),
        (("phases", 0, "sessions"), 6, "phases"),
        (("reasons", 2, "says"), "", "reasons.2.says"),
        (("courses", "low", "targets", 1), 5, "courses.low.targets"),
        (("courses", "low", "phases", 0, "sessions"), 5, "courses.low.sessions"),
        (("colour",), "red", "colour"),
    ],
)
def test_a_broken_estimate_is_refused_by_the_name_of_the_key(path, value, field):
    """One wrong value anywhere is found and named."""
    data = copy.deepcopy(estimate(neutral("E2")).to_json())
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(InvalidInput) as refusal:
        Estimate.from_json(data)
    assert refusal.value.field == field


def test_courses_that_do_not_fit_the_range_are_refused():
    """The high course in the low one's place."""
    data = copy.deepcopy(estimate(neutral("E2")).to_json())
    data["courses"]["low"] = data["courses"]["high"]
    with pytest.raises(InvalidInput) as refusal:
        Estimate.from_json(data)
    assert refusal.value.field == "courses"
