"""Passkeys: added, signed in with, removed; and every answer that proves nothing is refused."""

import json

import pytest

from planner.errors import InvalidInput, NotFound
from planner.services import authenticator, passkeys, sessions
from planner.services.accounts import SecondFactorNeeded, enter, sign_in
from planner.services.clinic_setup import deactivate_staff
from planner.services.passkeys import Site, site_of
from planner.services.second_factor import Half
from tests.factories import PASSWORD
from tests.services.software_passkey import SoftwarePasskey

SITE = Site("planner.example.org", "https://planner.example.org")


@pytest.fixture
def rosa(runtime, clinic):
    """Rosa, signed in."""
    return sessions.actor_for(runtime, sign_in(runtime, clinic.rosa.email, PASSWORD)[0])


def add(runtime, actor, key, name="Phone"):
    """Add a passkey as the pages do; gives the recovery codes."""
    asked = passkeys.ask_to_add(runtime, actor, SITE, PASSWORD)
    return passkeys.add(runtime, actor, SITE, asked.challenge, key.create(asked.options), name)


@pytest.fixture
def phone(runtime, rosa):
    """Rosa's phone, which is a passkey of hers."""
    key = SoftwarePasskey(SITE.origin)
    assert len(add(runtime, rosa, key)) == 10
    return key


def come_in(runtime, key, half=None):
    """Sign in by a passkey as the pages do."""
    asked = passkeys.ask_to_enter(runtime, SITE, half)
    return passkeys.enter(runtime, SITE, asked.challenge, key.get(asked.options), half, "Firefox on Linux")


def of(runtime, actor):
    """The person's passkeys."""
    with runtime.reading(actor) as unit:
        return passkeys.passkeys_of(unit, actor.staff_id)


def test_a_passkey_signs_in_without_a_password(runtime, clinic, phone):
    """It is two factors in one: the device, and the finger or PIN."""
    token, actor = come_in(runtime, phone)
    assert actor == clinic.rosa.actor
    with runtime.reading(sessions.actor_for(runtime, token)) as unit:
        (here, *_) = sessions.sessions_of(unit)
    assert (here.factor, here.here) == ("passkey", True)


def test_a_passkey_is_a_second_factor_too(runtime, clinic, phone):
    """The password alone does not open the account any more; a key without a PIN is enough beside it."""
    with pytest.raises(SecondFactorNeeded):
        sign_in(runtime, clinic.rosa.email, PASSWORD)
    half = enter(runtime, clinic.rosa.email, PASSWORD)
    assert isinstance(half, Half)
    phone.verifies = False
    assert come_in(runtime, phone, half)[1] == clinic.rosa.actor
    with pytest.raises(InvalidInput):
        come_in(runtime, phone)


def test_several_passkeys_have_names_and_the_second_brings_no_new_codes(runtime, rosa, phone):
    """The key in the drawer, the phone."""
    assert add(runtime, rosa, SoftwarePasskey(SITE.origin), "  Key in\nthe\x00drawer ") == ()
    assert add(runtime, rosa, SoftwarePasskey(SITE.origin), "") == ()
    assert [each.name for each in of(runtime, rosa)] == ["Phone", "Key in the drawer", "Passkey"]
    asked = json.loads(passkeys.ask_to_add(runtime, rosa, SITE, PASSWORD).options)
    assert len(asked["excludeCredentials"]) == 3


def test_an_answer_is_taken_once(runtime, clinic, phone):
    """Whoever records it has nothing."""
    asked = passkeys.ask_to_enter(runtime, SITE, None)
    answer = phone.get(asked.options)
    assert passkeys.enter(runtime, SITE, asked.challenge, answer, None)
    with pytest.raises(InvalidInput):
        passkeys.enter(runtime, SITE, asked.challenge, answer, None)


def test_an_answer_to_another_question_or_site_is_refused(runtime, clinic, phone):
    """A page that imitates ours gets nothing that opens this one."""
    one, other = (passkeys.ask_to_enter(runtime, SITE, None) for _ in range(2))
    with pytest.raises(InvalidInput):
        passkeys.enter(runtime, SITE, other.challenge, phone.get(one.options), None)
    phone.origin = "https://planner.example.org.evil.example"
    with pytest.raises(InvalidInput):
        come_in(runtime, phone)


def test_an_unknown_or_cloned_passkey_opens_nothing(runtime, clinic, phone):
    """A copy is noticed when its count of uses stands still."""
    with pytest.raises(InvalidInput):
        come_in(runtime, SoftwarePasskey(SITE.origin))
    assert come_in(runtime, phone)
    phone.used -= 1
    with pytest.raises(InvalidInput):
        come_in(runtime, phone)
    forged = SoftwarePasskey(SITE.origin)
    forged.id, forged.used = phone.id, 9
    with pytest.raises(InvalidInput):
        come_in(runtime, forged)


@pytest.mark.parametrize(
    "answer", ["", "no json", "[]", "[" * 20_000, "{}", '{"id": 5}', '{"id": "eA", "response": {}}']
)
def test_an_answer_that_is_none_is_refused(runtime, clinic, rosa, answer):
    """With the same words, and no error page."""
    asked = passkeys.ask_to_enter(runtime, SITE, None)
    with pytest.raises(InvalidInput):
        passkeys.enter(runtime, SITE, asked.challenge, answer, None)
    asked = passkeys.ask_to_add(runtime, rosa, SITE, PASSWORD)
    with pytest.raises(InvalidInput):
        passkeys.add(runtime, rosa, SITE, asked.challenge, answer, "Phone")


@pytest.mark.parametrize("public", [{}, {1: 2}, [], "", None, 1.5, {1: 2, 3: -7, -1: 1}])
def test_a_passkey_whose_key_is_none_is_refused(runtime, rosa, public):
    """The checks of it are a library's, which believes what a browser says of its key."""
    with pytest.raises(InvalidInput) as refusal:
        add(runtime, rosa, SoftwarePasskey(SITE.origin, public=public))
    assert refusal.value.field == "passkey"


def test_somebody_elses_passkey_is_no_second_factor(runtime, clinic, phone):
    """Ben's password and Rosa's phone are nobody."""
    ben = sessions.actor_for(runtime, sign_in(runtime, clinic.ben.email, PASSWORD)[0])
    add(runtime, ben, SoftwarePasskey(SITE.origin))
    half = enter(runtime, clinic.ben.email, PASSWORD)
    with pytest.raises(InvalidInput):
        come_in(runtime, phone, half)


def test_one_passkey_belongs_to_one_account(runtime, clinic, phone):
    """Else nobody could tell whom it opens."""
    ben = sessions.actor_for(runtime, sign_in(runtime, clinic.ben.email, PASSWORD)[0])
    with pytest.raises(InvalidInput):
        add(runtime, ben, phone)


def test_somebody_who_left_is_not_let_in_by_a_passkey(runtime, clinic, phone):
    """As by a password."""
    with runtime.writing(clinic.mo.actor) as unit:
        deactivate_staff(unit, clinic.rosa.id)
    with pytest.raises(InvalidInput):
        come_in(runtime, phone)


def test_adding_and_removing_ask_for_the_password(runtime, clinic, rosa, phone):
    """Nobody changes another's, or another clinic's."""
    with pytest.raises(InvalidInput):
        passkeys.ask_to_add(runtime, rosa, SITE, "a wrong password")
    (known,) = of(runtime, rosa)
    with pytest.raises(InvalidInput):
        passkeys.remove(runtime, rosa, known.id, "a wrong password")
    with pytest.raises(NotFound):
        passkeys.remove(runtime, clinic.ben.actor, known.id, PASSWORD)
    passkeys.remove(runtime, rosa, known.id, PASSWORD)
    assert of(runtime, rosa) == ()
    assert sign_in(runtime, clinic.rosa.email, PASSWORD)


def test_with_the_last_factor_the_recovery_codes_go_and_not_before(runtime, clinic, clock, rosa, phone):
    """An app that stays keeps them."""
    codes = authenticator.begin(runtime, rosa, PASSWORD)
    assert codes.secret
    (known,) = of(runtime, rosa)
    passkeys.remove(runtime, rosa, known.id, PASSWORD)
    assert isinstance(enter(runtime, clinic.rosa.email, PASSWORD), tuple)


def test_twenty_are_enough(runtime, rosa):
    """The list stays one that a person can read."""
    for _ in range(passkeys.MOST):
        add(runtime, rosa, SoftwarePasskey(SITE.origin))
    with pytest.raises(InvalidInput, match="20 passkeys"):
        passkeys.ask_to_add(runtime, rosa, SITE, PASSWORD)


@pytest.mark.parametrize(
    ("base_url", "asked", "site"),
    [
        ("https://planner.example.org", "evil.example", SITE),
        ("http://127.0.0.1:8000", "localhost:8000", Site("localhost", "http://localhost:8000")),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", None),
        ("http://127.0.0.1:8000", "evil.example", None),
        ("http://[::1]:8000", "[::1]:8000", None),
    ],
)
def test_a_passkey_belongs_to_the_site_and_not_to_whatever_a_header_says(base_url, asked, site):
    """A trial on this machine goes by localhost."""
    assert site_of(base_url, asked) == site
