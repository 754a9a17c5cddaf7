"""An assessment is read from JSON or a form, and nonsense is refused by the name of the field."""

import json

import pytest
from hypothesis import given

from planner.care.assessment import FIELD_NAMES, Assessment, Goal, Protocol, Severity
from planner.care.fields import ASSESSMENT_FIELDS, FieldKind
from planner.errors import InvalidInput
from tests.care.cases import ASSESSMENTS

GOOD = {"protocol": "chronic_pain", "symptom_weeks": 30, "severity": "moderate", "goal": "lasting"}


@given(assessment=ASSESSMENTS)
def test_an_assessment_survives_json(assessment):
    """Written, stored as text, read: the same value."""
    assert Assessment.from_json(json.loads(json.dumps(assessment.to_json()))) == assessment


@given(assessment=ASSESSMENTS)
def test_an_assessment_survives_a_form(assessment):
    """What a form sends for it reads as the same value."""
    sent = {name: str(value) for name, value in assessment.to_json().items()}
    assert Assessment.from_form({**sent, "csrf_token": "x"}) == assessment


def test_fields_that_were_not_recorded_are_left_out_of_the_json():
    """Absent and null read the same."""
    assert Assessment.from_json({**GOOD, "age": None}).to_json() == GOOD


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("protocol", "tennis"),
        ("protocol", None),
        ("protocol", ["chronic_pain"]),
        ("symptom_weeks", True),
        ("symptom_weeks", "12"),
        ("symptom_weeks", -1),
        ("symptom_weeks", 5201),
        ("symptom_weeks", float("nan")),
        ("symptom_weeks", float("inf")),
        ("symptom_weeks", 10**400),
        ("symptom_weeks", None),
        ("severity", "Severe"),
        ("goal", ""),
        ("age", -1),
        ("age", 121),
        ("age", 40.5),
        ("age", False),
        ("general_health", "great"),
        ("pain_sensitivity", "medium"),
        ("healing_response", 3),
        ("twitch_response", "none"),
        ("exercise_adherence", {}),
        ("contributing_factors", "some"),
        ("trigger_points", 4),
        ("combined_therapy", 1),
        ("combined_therapy", "true"),
        ("attendance", True),
        ("favourite_colour", "red"),
    ],
)
def test_nonsense_is_refused_by_the_name_of_the_field(field, value):
    """One wrong value, one refusal that names its field and says it."""
    with pytest.raises(InvalidInput) as refusal:
        Assessment.from_json({**GOOD, field: value})
    assert refusal.value.field == field
    assert field in refusal.value.message


@pytest.mark.parametrize("field", GOOD)
def test_what_must_be_there_is_named_when_it_is_missing(field):
    """Four fields are required."""
    with pytest.raises(InvalidInput, match="missing") as refusal:
        Assessment.from_json({name: value for name, value in GOOD.items() if name != field})
    assert refusal.value.field == field


@pytest.mark.parametrize("data", [None, [], "chronic_pain", 3])
def test_an_assessment_that_is_no_object_is_refused(data):
    """A list is no assessment."""
    with pytest.raises(InvalidInput, match="JSON object"):
        Assessment.from_json(data)


def test_a_value_built_in_code_checks_itself_too():
    """Not only JSON can be wrong."""
    with pytest.raises(InvalidInput) as refusal:
        Assessment(Protocol.CHRONIC_PAIN, 30, Severity.MILD, Goal.RELIEF, age=200)
    assert refusal.value.field == "age"


def test_a_form_leaves_empty_fields_out_and_reads_decimal_commas():
    """What a browser sends for fields nobody touched."""
    form = {**GOOD, "symptom_weeks": " 2,5 ", "age": "", "attendance": "  ", "combined_therapy": "on"}
    assessment = Assessment.from_form(form)
    assert assessment.symptom_weeks == 2.5
    assert (assessment.age, assessment.attendance, assessment.combined_therapy) == (None, None, True)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("symptom_weeks", "long"),
        ("symptom_weeks", "nan"),
        ("age", "40,5"),
        ("age", "forty"),
        ("combined_therapy", "maybe"),
        ("severity", "x" * 5000),
    ],
)
def test_a_form_is_refused_by_the_name_of_the_field(field, text):
    """So that the message can stand beside the field, and stays short."""
    with pytest.raises(InvalidInput) as refusal:
        Assessment.from_form({**GOOD, "symptom_weeks": "30", field: text})
    assert refusal.value.field == field
    assert len(refusal.value.message) < 200


def test_every_field_is_described_for_a_form_in_the_same_order():
    """Names, which are required, and every choice with a label."""
    assert tuple(field.name for field in ASSESSMENT_FIELDS) == FIELD_NAMES
    assert [field.name for field in ASSESSMENT_FIELDS if field.required] == list(GOOD)
    for field in ASSESSMENT_FIELDS:
        assert field.label
        assert field.help
        assert bool(field.choices) == (field.kind is FieldKind.CHOICE)
        assert (field.most is not None) == (field.kind is FieldKind.NUMBER)


def test_every_choice_a_form_offers_is_understood():
    """Each described value is accepted by the assessment."""
    for field in ASSESSMENT_FIELDS:
        for choice in field.choices:
            assert choice.label
            assert Assessment.from_form({**GOOD, "symptom_weeks": "3", field.name: choice.value})
