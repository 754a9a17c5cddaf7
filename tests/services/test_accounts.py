"""Who may come in, for how long, and what guessing costs."""

import time

import pytest

from planner.errors import InvalidInput, NotAllowed, TooManyTries
from planner.services import accounts, throttle
from planner.services.accounts import SignInRefused, change_password, normal_email, sign_in
from planner.services.runtime import Actor
from planner.services.sessions import actor_for
from planner.services.throttle import LONGEST_BLOCK
from planner.storage.doors import AttemptRow
from planner.storage.people import StaffRow
from tests.factories import PASSWORD


def fail(runtime, email, times, network=""):
    """Guess wrong so many times; how long the last one had to wait for the next, in seconds."""
    for _ in range(times):
        with pytest.raises(SignInRefused) as refusal:
            sign_in(runtime, email, "a wrong password", network=network)
    return refusal.value.seconds


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


@pytest.mark.faults
def test_fault_20_an_unknown_person_costs_the_same_time(runtime, clinic):
    """A quick no would tell which addresses have an account."""
    with runtime.writing(clinic.system) as unit:
        unit.get(StaffRow, clinic.rosa.id).password_hash = accounts.password_hash(PASSWORD)

    def seconds(email):
        begun = time.perf_counter()
        with pytest.raises(SignInRefused):
            sign_in(runtime, email, "a wrong password")
        return time.perf_counter() - begun

    seconds("warm-up@example.org")
    # In turn, and the quickest of each: what else the machine does only ever adds time.
    pairs = [(seconds("nobody@example.org"), seconds(clinic.rosa.email)) for _ in range(4)]
    unknown, known = (min(each) for each in zip(*pairs, strict=True))
    assert 1 / 2 < unknown / known < 2


@pytest.mark.faults
def test_fault_20_five_failures_block_the_account_even_for_the_right_password(runtime, clinic, clock):
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
        seconds = fail(runtime, clinic.rosa.email, 1)
        waits.append(seconds / 60)
        clock.advance(seconds=seconds)
        fail(runtime, clinic.rosa.email, 1)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.faults
def test_fault_20_an_address_without_an_account_is_blocked_like_one_with(runtime, clinic):
    """The wait tells nobody who works here."""
    known, unknown = (fail(runtime, email, 6) for email in (clinic.rosa.email, "nobody@example.org"))
    assert known == unknown == 60


@pytest.mark.faults
def test_fault_20_somebody_who_guesses_elsewhere_does_not_lock_the_person_out(runtime, clinic):
    """Six failures from another network; Rosa signs in from the clinic's."""
    fail(runtime, clinic.rosa.email, 6, network="198.51.100.7")
    assert sign_in(runtime, clinic.rosa.email, PASSWORD, network="192.0.2.1")


@pytest.mark.faults
def test_fault_20_guesses_from_many_places_block_the_account(runtime, clinic):
    """Thirty in a day, however few from each."""
    for place in range(10):
        fail(runtime, clinic.rosa.email, 3, network=f"198.51.100.{place}")
    assert fail(runtime, clinic.rosa.email, 1, network="192.0.2.1") == 60


@pytest.mark.faults
def test_fault_20_guesses_at_many_accounts_block_the_place(runtime, clinic):
    """Fifty in an hour; other places go on."""
    for number in range(50):
        fail(runtime, f"person-{number}@example.org", 1, network="198.51.100.7")
    assert fail(runtime, clinic.rosa.email, 1, network="198.51.100.7") == 60
    assert sign_in(runtime, clinic.rosa.email, PASSWORD, network="192.0.2.1")


def test_what_is_counted_can_not_be_read_back_and_ends(runtime, clinic, clock):
    """Neither addresses nor networks stand in the rows."""
    fail(runtime, "nobody@example.org", 2, network="198.51.100.7")
    with runtime.reading(clinic.system) as unit:
        rows = unit.session.query(AttemptRow).all()
    assert len(rows) == 3
    assert all("@" not in row.about and "198" not in row.about for row in rows)
    assert max(row.until for row in rows) <= clock.now() + accounts.ONE_FROM_ANYWHERE.forgotten


def test_two_processes_count_together(runtime, clinic):
    """The counts are rows, so another process that begins now knows them."""
    with runtime.writing(clinic.system) as unit:
        assert throttle.spend(unit.session, "once", unit.now, LONGEST_BLOCK)
    with runtime.writing(clinic.system) as unit:
        assert not throttle.spend(unit.session, "once", unit.now, LONGEST_BLOCK)


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


@pytest.mark.faults
def test_fault_28_changing_the_password_ends_every_session_and_opens_one(runtime, clinic):
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


def test_the_current_password_can_not_be_guessed_by_changing_it(runtime, clinic):
    """Whoever sits at an unlocked screen has five tries."""
    for _ in range(5):
        with pytest.raises(InvalidInput):
            change_password(runtime, clinic.rosa.actor, "a wrong password", "quite another password")
    with pytest.raises(TooManyTries) as refusal:
        change_password(runtime, clinic.rosa.actor, PASSWORD, "quite another password")
    assert refusal.value.seconds == 60


@pytest.mark.parametrize("email", ["", "rosa", "rosa@", "@example.org", "a@b@c", "ro sa@b.org", "a\n@b.org"])
def test_what_is_no_email_address_is_refused(email):
    """It could never sign in."""
    with pytest.raises(InvalidInput):
        normal_email(email)
