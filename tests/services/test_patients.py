"""Patients are found by a few letters, told apart from their doubles, and reached by a link of their own."""

from dataclasses import replace
from datetime import date

import pytest

from planner.errors import InvalidInput, NotFound, StaleForm
from planner.services import patient_links, patients
from planner.services.patients import PatientDetails, search_key
from planner.storage.people import PatientRow


def add(runtime, clinic, **details):
    """A patient added at reception; the id."""
    return patients.add(runtime, clinic.rosa.actor, PatientDetails(**details))


@pytest.mark.parametrize("query", ["mull", "MÜLL", "jose", "müller jos", "Jose\u0301"])
def test_a_name_is_found_without_its_accents_and_case(runtime, clinic, query):
    """Reception types what it hears."""
    add(runtime, clinic, name="José Müller")
    assert [each.details.name for each in patients.find(runtime, clinic.rosa.actor, query)] == ["José Müller"]


def test_an_address_or_number_finds_its_patient(runtime, clinic):
    """The beginning of the e-mail or phone is enough, and a percent sign finds nobody."""
    add(runtime, clinic, name="Bo Berg", email="bo@example.org", phone="0131 555  0199")
    assert patients.find(runtime, clinic.rosa.actor, "BO@exam")[0].details.name == "Bo Berg"
    assert patients.find(runtime, clinic.rosa.actor, "0131 555")[0].details.phone == "0131 555 0199"
    assert patients.find(runtime, clinic.rosa.actor, "%") == []


def test_the_other_clinic_finds_nobody_here(runtime, clinic, other_clinic):
    """Cy's reception searches for Ana and for Bo: their own Ana only."""
    add(runtime, clinic, name="Bo Berg")
    assert patients.find(runtime, other_clinic.rosa.actor, "Bo") == []
    with pytest.raises(NotFound):
        patients.get(runtime, other_clinic.rosa.actor, clinic.ana)


def likely(runtime, clinic, **details):
    """Who is known like somebody, and what is the same."""
    found = patients.duplicates_of(runtime, clinic.rosa.actor, PatientDetails(**details))
    return [(each.patient.details.name, each.why) for each in found]


def test_a_likely_double_is_noticed(runtime, clinic):
    """The same name in other letters, or the same address."""
    assert likely(runtime, clinic, name="ANA  silva", email="other@example.org") == [("Ana Silva", "the name")]
    assert likely(runtime, clinic, name="A. S.", email="ANA@example.org") == [("Ana Silva", "the e-mail address")]
    assert likely(runtime, clinic, name="Zoe Zimmer") == []


@pytest.mark.parametrize("name", ["Müller José", "Muller, Jose", "JOSE\u0301 MU\u0308LLER", "jose-muller"])
def test_a_name_is_the_same_whatever_the_order_of_its_words_and_their_accents(runtime, clinic, name):
    """Some write the family name first."""
    add(runtime, clinic, name="José Müller")
    add(runtime, clinic, name="José Müllerson")
    assert likely(runtime, clinic, name=name) == [("José Müller", "the name")]


@pytest.mark.parametrize(
    ("kept", "typed", "same"),
    [
        ("0131 496 0000", "(0131) 496-0000", True),
        ("0131 496 0000", "+44 131 496 0000", True),
        ("0044/1314960000", "0131 4960000", True),
        ("0131 496 0000", "0131 496 0001", False),
        ("0131 496 0000", "0141 496 0000", False),
        ("112", "112", False),
    ],
)
def test_a_phone_number_is_the_same_by_its_digits(runtime, clinic, kept, typed, same):
    """However it is spaced, with the country or without; too few digits say nothing."""
    add(runtime, clinic, name="Bo Berg", phone=kept)
    assert likely(runtime, clinic, name="Zoe Zimmer", phone=typed) == (
        [("Bo Berg", "the phone number")] if same else []
    )


def test_of_those_born_on_one_day_a_part_of_the_name_is_enough(runtime, clinic):
    """Who has most in common stands first."""
    born = date(1980, 5, 24)
    add(runtime, clinic, name="Maria Costa", birth_date=born)
    add(runtime, clinic, name="Maria Luisa Costa")
    add(runtime, clinic, name="Tom Becker", birth_date=born)
    add(runtime, clinic, name="Maria Costa Lima", birth_date=born, phone="0131 496 0000")
    found = likely(runtime, clinic, name="Costa Maria", birth_date=born, phone="01314960000")
    assert found == [
        ("Maria Costa Lima", "a part of the name, the phone number and the birth date"),
        ("Maria Costa", "the name and the birth date"),
    ]


@pytest.mark.parametrize(
    ("kept", "typed", "noticed"),
    [
        ("Ana Costa", "Anna Costa", True),
        ("Costa, Anna", "Ana Costa", True),
        ("José Meier", "Jose Meyer", True),
        ("Jan Petersen", "Jan Peterson", True),
        ("Ana Costa", "Ana Costeira", False),
        ("Ana Costa", "Eva Costa", False),
        ("Ali Khan", "Ari Khan", False),
        ("Ana Maria Costa", "Ana Costa", False),
        ("Anna Kosta", "Ana Costa", False),
    ],
)
def test_a_name_that_is_a_letter_off_is_noticed(runtime, clinic, kept, typed, noticed):
    """Names come by phone; two families with a name in common are two."""
    add(runtime, clinic, name=kept)
    assert likely(runtime, clinic, name=typed) == ([(kept, "the name but for a letter")] if noticed else [])


def test_nearly_one_name_with_two_birth_dates_is_two_people(runtime, clinic):
    """Where one of the dates is not known it may be one person."""
    add(runtime, clinic, name="Jan Petersen", birth_date=date(1980, 5, 24))
    assert likely(runtime, clinic, name="Jan Peterson", birth_date=date(1994, 1, 2)) == []
    assert likely(runtime, clinic, name="Jan Peterson") == [("Jan Petersen", "the name but for a letter")]


def test_a_phone_number_finds_its_patient_however_it_is_spaced(runtime, clinic):
    """Reception types what the display of the phone shows."""
    add(runtime, clinic, name="Bo Berg", phone="0131 555-0199")
    for query in ("01315550199", "+44 131 555 0199", "555 0199"):
        found = [each.details.name for each in patients.find(runtime, clinic.rosa.actor, query)]
        assert found == ["Bo Berg"]


def test_two_people_change_one_patient_and_the_second_is_told(runtime, clinic):
    """The older form is refused, the newer details stay."""
    seen = patients.get(runtime, clinic.rosa.actor, clinic.ana)
    patients.update(runtime, clinic.rosa.actor, clinic.ana, PatientDetails(name="Ana S."), version=seen.version)
    with pytest.raises(StaleForm):
        patients.update(runtime, clinic.ben.actor, clinic.ana, PatientDetails(name="Anna"), version=seen.version)
    assert patients.get(runtime, clinic.rosa.actor, clinic.ana).details.name == "Ana S."


def test_a_new_link_replaces_the_old_one(runtime, clinic):
    """The old link opens nothing; the new one opens this patient's plan and is the same each time it is asked for."""
    first = patients.new_link(runtime, clinic.rosa.actor, clinic.ana).rpartition("/")[2]
    second = patients.new_link(runtime, clinic.rosa.actor, clinic.ana).rpartition("/")[2]
    with runtime.writing(clinic.rosa.actor) as unit:
        assert patients.personal_link(runtime, unit, clinic.ana).endswith(second)
    with pytest.raises(NotFound):
        patient_links.patient_for_link(runtime, first)
    assert patient_links.patient_for_link(runtime, second).patient_id == clinic.ana


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "Bo\u202e"}, "name"),
        ({"name": "Bo", "email": "bo"}, "email"),
        ({"name": "Bo", "email": "bo@x.org\r\nBcc: all@x.org"}, "email"),
        ({"name": "Bo", "phone": "1" * 41}, "phone"),
        ({"name": "Bo", "timezone": "Mars/Base"}, "timezone"),
        ({"name": "Bo", "notes": "x" * 4001}, "notes"),
    ],
)
def test_details_nobody_could_use_are_refused_at_their_field(details, field):
    """The form shows what to change."""
    with pytest.raises(InvalidInput) as refusal:
        PatientDetails(**details)
    assert refusal.value.field == field


def test_a_phone_number_that_is_typed_has_digits(runtime, clinic):
    """Reception could not call it; a number that is kept already does not stop another change."""
    with pytest.raises(InvalidInput) as refusal:
        add(runtime, clinic, name="Bo Berg", phone="call mum")
    assert refusal.value.field == "phone"
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).phone = "see notes"
    seen = patients.get(runtime, clinic.rosa.actor, clinic.ana)
    noted = replace(seen.details, notes="By her son.")
    patients.update(runtime, clinic.rosa.actor, clinic.ana, noted, version=seen.version)
    worse = replace(noted, phone="his phone")
    with pytest.raises(InvalidInput):
        patients.update(runtime, clinic.rosa.actor, clinic.ana, worse, version=seen.version + 1)


def test_names_of_any_script_are_kept_whole():
    """Right-to-left names and those with an apostrophe are names."""
    for name in ("محمد علي", "O'Neill-Çelik", "王小明", "Þóra", "می\u200cنا", "Zoë 👩\u200d⚕️"):
        assert PatientDetails(name=name).name == name
        assert search_key(name)
