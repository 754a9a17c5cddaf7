"""Who may come in, for how long, and what guessing costs."""

import statistics
import time

import pytest

from planner.errors import InvalidInput, NotAllowed, NotFound
from planner.services import accounts
from planner.services.accounts import SignInRefused, actor_for, change_password, normal_email, sign_in, sign_out
from planner.services.runtime import Actor
from planner.services.tokens import hashed
from planner.storage.people import LoginRow, StaffRow
from tests.factories import ANA_LINK, PASSWORD


def logins(runtime, clinic):
    """The clinic's sessions."""
    with runtime.reading(clinic.system) as unit:
        return unit.session.query(LoginRow).all()


def fail(runtime, email, times):
    """Guess wrong so many times."""
    for _ in range(times):
        with pytest.raises(SignInRefused):
            sign_in(runtime, email, "a wrong password")


def test_the_right_password_lets_a_person_in(runtime, clinic):
    """The token stands for her, with her role and her clinic."""
    token, actor = sign_in(runtime, clinic.rosa.email, PASSWORD)
    assert actor == clinic.rosa.actor
    assert actor_for(runtime, token) == clinic.rosa.actor


def test_the_case_of_an_email_address_does_not_matter(runtime, clinic):
    """Phones like to start with a capital."""
    assert sign_in(runtime, " ROSA@Example.Org ", PASSWORD)[1] == clinic.rosa.actor


def test_a_password_typed_with_a_composed_accent_is_the_same(runtime, clinic):
    """é is one character on one keyboard and two on another."""
    token = change_password(runtime, clinic.rosa.actor, PASSWORD, "caf\u00e9 au lait noir")
    assert token
    assert sign_in(runtime, clinic.rosa.email, "cafe\u0301 au lait noir")


@pytest.mark.parametrize("email", ["rosa@example.org", "nobody@example.org", "", "no address", "ros\x00a@example.org"])
def test_a_wrong_password_and_an_unknown_person_get_the_same_answer(runtime, clinic, email):
    """Nobody learns from it who works here."""
    with pytest.raises(SignInRefused) as refusal:
        sign_in(runtime, email, "a wrong password")
    assert refusal.value.message == SignInRefused().message


def test_an_unknown_person_costs_the_same_time(runtime, clinic):
    """A quick no would tell which addresses have an account."""
    with runtime.writing(clinic.system) as unit:
        unit.get(StaffRow, clinic.rosa.id).password_hash = accounts.password_hash(PASSWORD)

    def seconds(email):
        begun = time.perf_counter()
        with pytest.raises(SignInRefused):
            sign_in(runtime, email, "a wrong password")
        return time.perf_counter() - begun

    seconds("warm-up@example.org")
    unknown = statistics.median(seconds("nobody@example.org") for _ in range(4))
    known = statistics.median(seconds(clinic.rosa.email) for _ in range(4))
    assert 1 / 3 < unknown / known < 3


def test_five_failures_block_the_account_even_for_the_right_password(runtime, clinic, clock):
    """For a minute; then the right one works again."""
    fail(runtime, clinic.rosa.email, 5)
    with pytest.raises(SignInRefused):
        sign_in(runtime, clinic.rosa.email, PASSWORD)
    clock.advance(seconds=61)
    assert sign_in(runtime, clinic.rosa.email, PASSWORD)


def test_four_failures_block_nothing(runtime, clinic):
    """Everybody mistypes."""
    fail(runtime, clinic.rosa.email, 4)
    assert sign_in(runtime, clinic.rosa.email, PASSWORD)


def test_every_further_failure_doubles_the_wait_up_to_an_hour(runtime, clinic, clock):
    """1, 2, 4 … minutes; failures during a block do not count."""
    fail(runtime, clinic.rosa.email, 5)
    waits = []
    for _ in range(8):
        with runtime.reading(clinic.system) as unit:
            until = unit.get(StaffRow, clinic.rosa.id).sign_in_blocked_until
        waits.append((until - clock.now()).total_seconds() / 60)
        fail(runtime, clinic.rosa.email, 1)
        clock.set(until)
        fail(runtime, clinic.rosa.email, 1)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_block_touches_nobody_else(runtime, clinic):
    """Ben can work while somebody guesses Rosa's password."""
    fail(runtime, clinic.rosa.email, 6)
    assert sign_in(runtime, clinic.ben.email, PASSWORD)


def test_a_success_forgets_earlier_failures(runtime, clinic):
    """Four today and four tomorrow are not eight."""
    fail(runtime, clinic.rosa.email, 4)
    sign_in(runtime, clinic.rosa.email, PASSWORD)
    fail(runtime, clinic.rosa.email, 4)
    assert sign_in(runtime, clinic.rosa.email, PASSWORD)


def test_only_hashes_are_stored(runtime, clinic):
    """Whoever reads the database can neither sign in nor take over a session."""
    token, _ = sign_in(runtime, clinic.rosa.email, PASSWORD)
    (login,) = logins(runtime, clinic)
    assert login.token_hash == hashed(token) != token
    with runtime.reading(clinic.system) as unit:
        assert unit.get(StaffRow, clinic.rosa.id).password_hash.startswith("$argon2id$")


def test_every_sign_in_has_its_own_token(runtime, clinic):
    """A token planted in a browser beforehand is worth nothing."""
    assert sign_in(runtime, clinic.rosa.email, PASSWORD)[0] != sign_in(runtime, clinic.rosa.email, PASSWORD)[0]


def test_a_session_ends_after_twelve_idle_hours(runtime, clinic, clock):
    """At the very instant, not a minute later."""
    token, _ = sign_in(runtime, clinic.rosa.email, PASSWORD)
    clock.advance(hours=11, minutes=59)
    assert actor_for(runtime, token)
    clock.advance(hours=12)
    assert actor_for(runtime, token) is None


def test_a_session_that_is_used_lives_on_but_not_longer_than_a_week(runtime, clinic, clock):
    """Seven days after the sign-in everybody types the password again."""
    token, _ = sign_in(runtime, clinic.rosa.email, PASSWORD)
    hours = 0
    while actor_for(runtime, token) is not None:
        clock.advance(hours=6)
        hours += 6
    assert hours == 7 * 24


def test_a_session_in_use_is_written_at_most_once_a_minute(runtime, clinic, clock):
    """Looking at pages must not make the database write."""
    token, _ = sign_in(runtime, clinic.rosa.email, PASSWORD)
    first = clock.now()
    clock.advance(seconds=59)
    actor_for(runtime, token)
    assert logins(runtime, clinic)[0].seen_at == first
    clock.advance(seconds=1)
    actor_for(runtime, token)
    assert logins(runtime, clinic)[0].seen_at == clock.now()


def test_signing_out_ends_one_session_only(runtime, clinic):
    """The tablet stays signed in."""
    desk, tablet = (sign_in(runtime, clinic.rosa.email, PASSWORD)[0] for _ in range(2))
    sign_out(runtime, desk)
    assert actor_for(runtime, desk) is None
    assert actor_for(runtime, tablet)


def test_a_nonsense_token_is_nobody(runtime, clinic):
    """Neither an error nor a person."""
    assert actor_for(runtime, "nonsense") is None
    sign_out(runtime, "nonsense")


def test_changing_the_password_ends_every_session_and_opens_one(runtime, clinic):
    """Whoever had the old password is out."""
    before, _ = sign_in(runtime, clinic.rosa.email, PASSWORD)
    after = change_password(runtime, clinic.rosa.actor, PASSWORD, "quite another password")
    assert actor_for(runtime, before) is None
    assert actor_for(runtime, after) == clinic.rosa.actor
    with pytest.raises(SignInRefused):
        sign_in(runtime, clinic.rosa.email, PASSWORD)


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [
        ("a wrong password", "quite another password", "current_password"),
        (PASSWORD, "too short", "new_password"),
        (PASSWORD, "x" * 201, "new_password"),
    ],
)
def test_a_password_change_that_makes_no_sense_is_refused_at_its_field(runtime, clinic, current, new, field):
    """And nothing is changed."""
    with pytest.raises(InvalidInput) as refusal:
        change_password(runtime, clinic.rosa.actor, current, new)
    assert refusal.value.field == field
    assert sign_in(runtime, clinic.rosa.email, PASSWORD)


def test_a_patient_has_no_password_to_change(runtime, clinic):
    """A personal link is no account."""
    with pytest.raises(NotAllowed):
        change_password(runtime, Actor(clinic.id, "patient", patient_id=clinic.ana), "", "quite another password")


def test_an_account_without_a_password_lets_nobody_in(runtime, clinic):
    """An empty hash matches nothing, not even an empty password."""
    with runtime.writing(clinic.system) as unit:
        unit.get(StaffRow, clinic.rosa.id).password_hash = ""
    with pytest.raises(SignInRefused):
        sign_in(runtime, clinic.rosa.email, "")


def test_a_personal_link_stands_for_its_patient(runtime, clinic, other_clinic):
    """In her clinic, without any role."""
    assert accounts.patient_for_link(runtime, ANA_LINK) == Actor(clinic.id, "patient", patient_id=clinic.ana)


def test_an_unknown_personal_link_is_not_found(runtime, clinic):
    """The same answer as for one that was replaced."""
    with pytest.raises(NotFound):
        accounts.patient_for_link(runtime, "nonsense")


@pytest.mark.parametrize("email", ["", "rosa", "rosa@", "@example.org", "a@b@c", "ro sa@b.org", "a\n@b.org"])
def test_what_is_no_email_address_is_refused(email):
    """It could never sign in."""
    with pytest.raises(InvalidInput):
        normal_email(email)
