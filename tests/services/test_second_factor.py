"""The authenticator app and the recovery codes, and who needs them."""

from datetime import timedelta

import pyotp
import pytest

from planner.errors import InvalidInput, NotAllowed, TooManyTries
from planner.services import accounts, authenticator, recovery_codes, second_factor, sessions
from planner.services.accounts import SecondFactorNeeded, enter, sign_in
from planner.services.second_factor import Half, HalfWayLost
from planner.storage.doors import RecoveryCodeRow, TotpRow
from tests.factories import PASSWORD


def signed_in(runtime, person):
    """The person as a page knows them."""
    return sessions.actor_for(runtime, sign_in(runtime, person.email, PASSWORD)[0])


def code(secret, clock):
    """What the app shows now."""
    return pyotp.TOTP(secret).at(clock.now())


@pytest.fixture
def rosa(runtime, clinic):
    """Rosa, signed in."""
    return signed_in(runtime, clinic.rosa)


@pytest.fixture
def app(runtime, rosa, clock):
    """Rosa's app: its secret and her recovery codes; the code that confirmed it is used up."""
    secret = authenticator.begin(runtime, rosa, PASSWORD).secret
    codes = authenticator.confirm(runtime, rosa, code(secret, clock))
    clock.advance(minutes=1)
    return secret, codes


def half_way(runtime, clinic):
    """Rosa after her password."""
    half = enter(runtime, clinic.rosa.email, PASSWORD)
    assert isinstance(half, Half)
    return Half.from_json(half.as_json())


def test_the_app_counts_only_after_its_first_code(runtime, clinic, clock, rosa):
    """Whoever stopped half-way is not locked out."""
    setup = authenticator.begin(runtime, rosa, PASSWORD)
    assert sign_in(runtime, clinic.rosa.email, PASSWORD)
    with pytest.raises(InvalidInput):
        authenticator.confirm(runtime, rosa, "000000")
    assert authenticator.begun(runtime, rosa) == setup
    assert len(authenticator.confirm(runtime, rosa, code(setup.secret, clock))) == 10
    with pytest.raises(SecondFactorNeeded):
        sign_in(runtime, clinic.rosa.email, PASSWORD)


def test_the_picture_says_whose_account_it_is(runtime, clinic, rosa):
    """In the app's list."""
    uri = authenticator.begin(runtime, rosa, PASSWORD).uri
    assert uri.startswith("otpauth://totp/Northside%20Clinic:rosa%40example.org?secret=")


def test_the_secret_is_sealed_in_the_database(runtime, clinic, app):
    """A copy of the database makes no codes."""
    with runtime.reading(clinic.system) as unit:
        row = unit.session.query(TotpRow).one()
        hashes = [each.code_hash for each in unit.session.query(RecoveryCodeRow)]
    secret, codes = app
    assert secret not in row.sealed_secret
    assert all(each.startswith("$argon2id$") for each in hashes)
    assert not set(codes) & set(hashes)


def test_a_right_code_lets_in_once(runtime, clinic, clock, app):
    """A code that somebody saw over the shoulder opens nothing any more, nor does an earlier one."""
    now = code(app[0], clock)
    token, actor = authenticator.prove(runtime, half_way(runtime, clinic), now)
    assert actor == clinic.rosa.actor
    assert sessions.actor_for(runtime, token)
    for used in (now, pyotp.TOTP(app[0]).at(clock.now() - timedelta(seconds=30))):
        with pytest.raises(InvalidInput):
            authenticator.prove(runtime, half_way(runtime, clinic), used)


@pytest.mark.parametrize(("seconds", "good"), [(-30, True), (0, True), (30, True), (-90, False), (90, False)])
def test_a_phone_whose_clock_is_a_little_off_is_understood(runtime, clinic, clock, app, seconds, good):
    """Half a minute either way."""
    off = pyotp.TOTP(app[0]).at(clock.now() + timedelta(seconds=seconds))
    if good:
        assert authenticator.prove(runtime, half_way(runtime, clinic), off)
        return
    with pytest.raises(InvalidInput):
        authenticator.prove(runtime, half_way(runtime, clinic), off)


def test_a_recovery_code_opens_once_whatever_its_spelling(runtime, clinic, app):
    """Capitals, blanks, no dash."""
    one, other = app[1][:2]
    typed = f" {one.upper().replace('-', ' ')} "
    assert authenticator.prove(runtime, half_way(runtime, clinic), typed)
    for wrong in (one, "aaaaa-aaaaa", ""):
        with pytest.raises(InvalidInput):
            authenticator.prove(runtime, half_way(runtime, clinic), wrong)
    assert authenticator.prove(runtime, half_way(runtime, clinic), other)


def test_new_recovery_codes_end_the_old_ones(runtime, clinic, rosa, app):
    """And ask for the password."""
    with pytest.raises(InvalidInput) as refusal:
        recovery_codes.renew(runtime, rosa, "a wrong password")
    assert refusal.value.field == "password"
    fresh = recovery_codes.renew(runtime, rosa, PASSWORD)
    with pytest.raises(InvalidInput):
        authenticator.prove(runtime, half_way(runtime, clinic), app[1][0])
    assert authenticator.prove(runtime, half_way(runtime, clinic), fresh[0])


def test_without_a_factor_there_is_nothing_to_recover(runtime, rosa):
    """Codes alone would be a second password."""
    with pytest.raises(InvalidInput):
        recovery_codes.renew(runtime, rosa, PASSWORD)


def test_codes_can_not_be_guessed(runtime, clinic, clock, app):
    """Five tries, then a wait, for the right one too; the person goes on after it."""
    for number in range(5):
        with pytest.raises(InvalidInput):
            authenticator.prove(runtime, half_way(runtime, clinic), f"00000{number}")
    with pytest.raises(TooManyTries) as refusal:
        authenticator.prove(runtime, half_way(runtime, clinic), code(app[0], clock))
    clock.advance(seconds=refusal.value.seconds)
    assert authenticator.prove(runtime, half_way(runtime, clinic), code(app[0], clock))


def test_half_way_ends_with_time_and_with_the_password(runtime, clinic, clock, rosa, app):
    """Ten minutes; or a password that was changed meanwhile."""
    half = half_way(runtime, clinic)
    clock.advance(minutes=10)
    with pytest.raises(HalfWayLost):
        authenticator.prove(runtime, half, code(app[0], clock))
    half = half_way(runtime, clinic)
    accounts.change_password(runtime, rosa, PASSWORD, "quite another password")
    with pytest.raises(HalfWayLost):
        second_factor.ways_of(runtime, half)
    for nonsense in (None, [], "x", [1, 2, 3]):
        with pytest.raises(HalfWayLost):
            Half.from_json(nonsense)


def test_setting_it_up_signs_all_other_browsers_out(runtime, clinic, clock, rosa):
    """They were opened by the password alone."""
    elsewhere, _ = sign_in(runtime, clinic.rosa.email, PASSWORD)
    secret = authenticator.begin(runtime, rosa, PASSWORD).secret
    authenticator.confirm(runtime, rosa, code(secret, clock))
    assert sessions.actor_for(runtime, elsewhere) is None


def test_removing_the_app_asks_for_the_password_and_takes_the_codes_along(runtime, clinic, rosa, app):
    """Then the password is enough again."""
    with pytest.raises(InvalidInput):
        authenticator.remove(runtime, rosa, "a wrong password")
    authenticator.remove(runtime, rosa, PASSWORD)
    assert sign_in(runtime, clinic.rosa.email, PASSWORD)
    with runtime.reading(clinic.system) as unit:
        assert unit.session.query(RecoveryCodeRow).count() == 0


def test_a_second_app_needs_the_first_one_gone(runtime, rosa, app):
    """Else whoever knows the password could swap it."""
    with pytest.raises(InvalidInput):
        authenticator.begin(runtime, rosa, PASSWORD)


def test_the_owner_says_whose_role_needs_a_second_factor(runtime, clinic, clock):
    """From the next page on; whoever sets one up is let go on at once."""
    rosa, ben = signed_in(runtime, clinic.rosa), signed_in(runtime, clinic.ben)
    second_factor.set_needed_roles(runtime, clinic.mo.actor, ["reception", "manager"])
    assert second_factor.needed_roles(runtime, clinic.mo.actor) == ("manager", "reception")
    token, _ = sign_in(runtime, clinic.rosa.email, PASSWORD)
    rosa = sessions.actor_for(runtime, token)
    assert rosa.factor_missing
    assert not signed_in(runtime, clinic.ben).factor_missing
    secret = authenticator.begin(runtime, rosa, PASSWORD).secret
    authenticator.confirm(runtime, rosa, code(secret, clock))
    assert not sessions.actor_for(runtime, token).factor_missing
    for who, roles in ((ben, []), (clinic.rosa.actor, [])):
        with pytest.raises(NotAllowed):
            second_factor.set_needed_roles(runtime, who, roles)
    with pytest.raises(InvalidInput):
        second_factor.set_needed_roles(runtime, clinic.mo.actor, ["owner"])


def test_the_owner_takes_the_factor_from_a_colleague_who_lost_it(runtime, clinic, app):
    """They are signed out everywhere, it is written down, and nobody does it for themselves or elsewhere."""
    with pytest.raises(NotAllowed):
        second_factor.reset(runtime, clinic.ben.actor, clinic.rosa.id)
    with pytest.raises(InvalidInput):
        second_factor.reset(runtime, clinic.mo.actor, clinic.mo.id)
    second_factor.reset(runtime, clinic.mo.actor, clinic.rosa.id)
    assert sign_in(runtime, clinic.rosa.email, PASSWORD)
    with runtime.reading(clinic.system) as unit:
        assert not second_factor.has_factor(unit, clinic.rosa.id)
