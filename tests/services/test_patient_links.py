"""Personal links: what each opens, and until when."""

from datetime import timedelta

import pytest

from planner.errors import NotFound
from planner.services import patients
from planner.services.patient_links import end_link, narrow_link, patient_for_link
from planner.services.runtime import Actor
from tests.factories import ANA_LINK


def token_of(address):
    """The secret part."""
    return address.rpartition("/")[2]


@pytest.fixture
def narrow(runtime, clinic, clock):
    """A link for one visit of Ana's, good for a day."""
    with runtime.writing(clinic.system) as unit:
        patients.personal_link(runtime, unit, clinic.ana)
        return token_of(narrow_link(runtime, unit, clinic.ana, "visit", clock.now() + timedelta(days=1)))


def test_a_personal_link_stands_for_its_patient(runtime, clinic, other_clinic):
    """In her clinic, without any role, for all that is hers."""
    ana = patient_for_link(runtime, ANA_LINK)
    assert ana == Actor(clinic.id, "patient", patient_id=clinic.ana)
    assert ana.purpose == "plan"


def test_an_unknown_personal_link_is_not_found(runtime, clinic):
    """The same answer as for one that was replaced."""
    for token in ("nonsense", "non.sense", "W10.x", ""):
        with pytest.raises(NotFound):
            patient_for_link(runtime, token)


def test_a_link_for_a_visit_says_so_and_ends(runtime, clinic, clock, narrow):
    """An old reminder in a mailbox opens nothing."""
    assert patient_for_link(runtime, narrow).purpose == "visit"
    clock.advance(days=1)
    with pytest.raises(NotFound, match="ended"):
        patient_for_link(runtime, narrow)


def test_a_changed_link_is_nobodys(runtime, clinic, narrow):
    """Whatever is changed in it."""
    # A payload that was packed begins with a dot of its own.
    payload, _, signature = narrow.rpartition(".")
    for token in (f"{payload}x.{signature}", f"{payload}.{signature[::-1]}", f".{signature}", f"{payload}."):
        with pytest.raises(NotFound):
            patient_for_link(runtime, token)


@pytest.mark.parametrize("how", [patients.new_link, end_link])
def test_reception_ends_all_links_of_a_patient_at_once(runtime, clinic, how, narrow):
    """By a new one, or without."""
    with runtime.writing(clinic.system) as unit:
        plans = token_of(patients.personal_link(runtime, unit, clinic.ana))
    how(runtime, clinic.rosa.actor, clinic.ana)
    for token in (plans, narrow):
        with pytest.raises(NotFound):
            patient_for_link(runtime, token)


def test_after_the_end_the_next_message_brings_a_link_that_works(runtime, clinic):
    """Another one."""
    end_link(runtime, clinic.rosa.actor, clinic.ana)
    with runtime.writing(clinic.system) as unit:
        fresh = token_of(patients.personal_link(runtime, unit, clinic.ana))
    assert patient_for_link(runtime, fresh).patient_id == clinic.ana


def test_a_link_of_one_clinic_is_nothing_in_another(runtime, clinic, other_clinic):
    """Ending Ana's leaves the other patient's."""
    end_link(runtime, clinic.rosa.actor, clinic.ana)
    assert patient_for_link(runtime, f"cy-{ANA_LINK}").clinic_id == other_clinic.id
    with pytest.raises(NotFound):
        end_link(runtime, other_clinic.rosa.actor, clinic.ana)
