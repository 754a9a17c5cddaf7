"""Assessing a patient: the estimate beside the questions, what contradicts itself, and what the therapist decides."""

import re
from urllib.parse import urlsplit

import pytest

from planner.care.assessment import OLDEST_AGE
from planner.care.fields import ASSESSMENT_FIELDS
from planner.languages import LANGUAGES
from planner.services import assessments
from planner.storage.people import ClinicRow
from planner.words import in_language, say
from tests.web.ana_course import CHRONIC

TYPED = {name: str(value) for name, value in CHRONIC.items()}


@pytest.fixture
def ben(browser_of, clinic):
    """Ben's browser."""
    return browser_of(clinic.ben)


@pytest.fixture
def address(clinic):
    """Where Ana is assessed."""
    return f"/patients/{clinic.ana}/assess"


def recorded(runtime, clinic, answer):
    """The assessment that a redirect leads to."""
    return assessments.get(runtime, clinic.ben.actor, int(urlsplit(answer.location).path.rpartition("/")[2]))


def test_every_question_is_on_the_page(ben, address):
    """The form is made of the fields, so none can be forgotten."""
    page = ben.get(address).text
    assert all(f'name="{described.name}"' in page for described in ASSESSMENT_FIELDS)


def test_the_estimate_says_what_it_waits_for(ben, address):
    """No error before anything was sent."""
    page = ben.get(address).text
    assert "It appears here as soon as these are answered" in page
    assert "Please look at this again" not in page


def test_the_estimate_follows_while_typing(ben, address, runtime, clinic):
    """Only the estimate comes; nothing is stored."""
    part = ben.post(address, TYPED, headers={"HX-Request": "true"}).text
    assert "10 sessions expected" in part or "9 sessions expected" in part
    assert "<html" not in part
    with runtime.reading(clinic.ben.actor) as unit:
        assert assessments.of_patient(unit, clinic.ana) == []


def test_the_estimate_comes_by_a_button_too(ben, address):
    """Without a script, with everything that was typed."""
    answer = ben.post(address, {**TYPED, "notes": "left side", "do": "estimate"})
    assert answer.status_code == 200
    assert "First visit: 1 h" in answer.text
    assert "left side" in answer.text
    assert re.search(r'value="chronic_pain"[^>]* checked', answer.text)


def test_every_reason_leads_to_its_evidence(ben, address):
    """By its id."""
    page = ben.post(address, {**TYPED, "do": "estimate"}).text
    assert "#E2" in page


def test_a_contradiction_is_said_and_not_refused(ben, address, runtime, clinic):
    """A chronic protocol, two weeks of symptoms."""
    odd = {**TYPED, "symptom_weeks": "2"}
    page = ben.post(address, {**odd, "do": "estimate"}).text
    assert "A chronic protocol, but symptoms for 2 weeks." in page
    assert ben.post(address, {**odd, "do": "record"}).status_code == 302


def test_what_is_missing_is_named_at_each_question(ben, address):
    """All of them at once, each a link in the summary."""
    answer = ben.post(address, {"protocol": "chronic_pain", "do": "record"})
    assert answer.status_code == 422
    for name in ("symptom_weeks", "severity", "goal"):
        assert f'id="{name}-error"' in answer.text
        assert f'href="#{name}"' in answer.text
    assert 'id="protocol-error"' not in answer.text


@pytest.mark.parametrize(
    ("field", "value"), [("symptom_weeks", "many"), ("age", "-3"), ("severity", "awful"), ("protocol", "<b>")]
)
def test_nonsense_is_refused_at_its_field(field, value, ben, address):
    """And kept where it can be corrected."""
    answer = ben.post(address, {**TYPED, field: value, "do": "record"})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_recording_leads_to_the_assessment(ben, address, runtime, clinic):
    """With everything that was found."""
    answer = ben.post(address, {**TYPED, "age": "54", "notes": "left side", "do": "record"})
    made = recorded(runtime, clinic, answer)
    assert made.assessment.age == 54
    assert made.override is None
    page = ben.get(answer.location).text
    assert "left side" in page
    assert "Ben Okafor" in page
    assert f"/patients/{clinic.ana}/book?assessment={made.id}" in page


def test_the_therapist_decides_otherwise_with_a_reason(ben, address, runtime, clinic):
    """The estimate's phases to begin with, changed, and kept beside it."""
    page = ben.post(address, {**TYPED, "do": "override"}).text
    typed = dict(re.findall(r'name="(phase-[^"]+)" type="number" value="([^"]*)"', page))
    names = re.findall(r'name="(phase-\d-name)".*?value="(\w+)" selected', page, re.S)
    form = {**TYPED, **typed, **dict(names), "phase-0-sessions": "3", "do": "record"}
    refused = ben.post(address, form)
    assert refused.status_code == 422
    assert 'id="override_reason-error"' in refused.text
    made = recorded(runtime, clinic, ben.post(address, {**form, "override_reason": "athlete"}))
    assert made.phases[0].sessions == 3
    assert made.override.reason == "athlete"
    assert made.estimate.phases[0].sessions != 3
    assert "athlete" in ben.get(f"/assessments/{made.id}").text


def test_the_estimate_can_be_kept_after_all(ben, address):
    """The own phases are gone again."""
    page = ben.post(address, {**TYPED, "do": "override"}).text
    assert "phase-0-name" in page
    page = ben.post(address, {**TYPED, "phase-0-name": "taper", "do": "as-estimated"}).text
    assert "phase-0-name" not in page


def test_phases_can_be_edited_before_the_questions_are_answered(ben, address):
    """A button that edits rows complains of nothing else."""
    answer = ben.post(address, {"phase-0-name": "intensive", "do": "weekly-0"})
    assert answer.status_code == 200
    assert 'name="phase-0-target" type="number" value="7"' in answer.text


def test_wrong_phases_are_refused_at_their_fields(ben, address):
    """The questions' answers stay."""
    form = {**TYPED, "phase-0-name": "intensive", "phase-0-sessions": "0", "do": "record", "override_reason": "why"}
    answer = ben.post(address, form)
    assert answer.status_code == 422
    assert 'id="phase-0-sessions-error"' in answer.text


def test_the_assessment_shows_the_three_courses_side_by_side(ben, address):
    """Fewest, expected, most."""
    answer = ben.post(address, {**TYPED, "do": "record"})
    page = ben.get(answer.location).text
    assert "Fewest: 8 sessions" in page
    assert "Most: 10 sessions" in page


def test_reception_reads_an_assessment_and_makes_none(browser_of, ben, address, clinic):
    """Their own page asks what they need for booking."""
    made = ben.post(address, {**TYPED, "do": "record"}).location
    rosa = browser_of(clinic.rosa)
    page = rosa.get(made)
    assert page.status_code == 200
    assert "Assess again" not in page.text
    assert rosa.get(address).status_code == 403


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_a_refused_number_is_said_in_the_therapists_language(language, ben, address, runtime, clinic):
    """Without the key that JSON readers get before it."""
    with runtime.writing(clinic.system) as unit:
        unit.session.get(ClinicRow, unit.clinic.id).language = language
    page = ben.post(address, {**TYPED, "age": "900", "do": "record"}).text
    said = say("This must be between %(low)s and %(high)s.", low=0, high=OLDEST_AGE)
    assert in_language(said, language) in page
    assert said not in page
