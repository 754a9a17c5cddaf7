"""A new secret key: what the old one made goes on working as long as the old one is named."""

from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from planner.errors import NotFound
from planner.services import authenticator, keys, patients, sessions
from planner.services.accounts import enter, sign_in
from planner.services.first_run import check_setup_token, setup_address
from planner.services.invitations import secret_of, secrets_of
from planner.services.patient_links import narrow_link, patient_for_link
from planner.storage.doors import TotpRow
from tests.factories import PASSWORD

NEW = "n" * 40


@pytest.fixture
def rotated(runtime):
    """The same instance with a new key, which still knows the old one."""
    return replace(runtime, secret_key=NEW, old_secret_keys=(runtime.secret_key,))


@pytest.fixture
def forgetful(runtime):
    """The same instance after the old key was taken out."""
    return replace(runtime, secret_key=NEW)


def test_signed_links_go_on_working_and_end_with_the_old_key(runtime, rotated, forgetful, clinic, clock):
    """New ones are signed by the new key."""
    with runtime.writing(clinic.system) as unit:
        patients.personal_link(runtime, unit, clinic.ana)
        old, fresh = (
            narrow_link(each, unit, clinic.ana, "visit", clock.now() + timedelta(days=1)).rpartition("/")[2]
            for each in (runtime, rotated)
        )
    assert patient_for_link(rotated, old).patient_id == clinic.ana
    assert patient_for_link(forgetful, fresh).patient_id == clinic.ana
    for nobody, token in ((forgetful, old), (runtime, fresh)):
        with pytest.raises(NotFound):
            patient_for_link(nobody, token)


def test_a_patients_link_stays_the_same_until_it_is_renewed(runtime, rotated, clinic):
    """The next letter must not end the link in the last one."""
    with runtime.writing(clinic.system) as unit:
        before = patients.personal_link(runtime, unit, clinic.ana)
    with rotated.writing(clinic.system) as unit:
        assert patients.personal_link(rotated, unit, clinic.ana) == before
    renewed = patients.new_link(rotated, clinic.rosa.actor, clinic.ana)
    assert renewed != before
    assert patient_for_link(rotated, renewed.rpartition("/")[2]).patient_id == clinic.ana


def test_a_sealed_secret_is_sealed_anew_when_it_is_used(runtime, rotated, forgetful, clinic, clock):
    """So the old key can be taken out one day."""
    rosa = sessions.actor_for(runtime, sign_in(runtime, clinic.rosa.email, PASSWORD)[0])
    secret = authenticator.begin(runtime, rosa, PASSWORD).secret
    authenticator.confirm(runtime, rosa, pyotp.TOTP(secret).at(clock.now()))
    with pytest.raises(ValueError, match="none of the secret keys"):
        authenticator.prove(forgetful, enter(forgetful, clinic.rosa.email, PASSWORD), "000000")
    for each in (rotated, forgetful):
        clock.advance(minutes=1)
        code = pyotp.TOTP(secret).at(clock.now())
        assert authenticator.prove(each, enter(each, clinic.rosa.email, PASSWORD), code)
    with runtime.reading(clinic.system) as unit:
        assert keys.unsealed(rotated, "totp", unit.session.query(TotpRow).one().sealed_secret)[1]


def test_the_first_run_and_answers_to_invitations_know_the_old_key(runtime, rotated):
    """Both may have been sent before."""
    check_setup_token(rotated, setup_address(runtime).rpartition("/")[2])
    with pytest.raises(NotFound):
        check_setup_token(rotated, "nonsense")
    assert secret_of(runtime, 1, "uid", 2) in secrets_of(rotated, 1, "uid", 2)
    assert secret_of(rotated, 1, "uid", 2) != secret_of(runtime, 1, "uid", 2)


def test_each_purpose_has_signatures_of_its_own(runtime):
    """A token made for one thing is nonsense for another, and so is what is sealed."""
    token = keys.signed(runtime, "one thing", [1])
    assert keys.read_signed(runtime, "one thing", token) == [1]
    with pytest.raises(NotFound):
        keys.read_signed(runtime, "another", token)
    with pytest.raises(ValueError, match="none of the secret keys"):
        keys.unsealed(runtime, "another", keys.sealed(runtime, "one thing", "x"))
