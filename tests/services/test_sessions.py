"""Signed-in browsers: for how long, as what, and how they end."""

import pytest
from sqlalchemy import select

from planner.errors import DatabaseBusy, NotFound
from planner.services import accounts, sessions
from planner.services.accounts import sign_in
from planner.services.clinic_setup import deactivate_staff
from planner.services.devices import device_words
from planner.services.sessions import actor_for, entered, note_seen, sign_out
from planner.services.tokens import hashed
from planner.storage.audit_rows import AuditRow
from planner.storage.database import Database
from planner.storage.people import LoginRow, StaffRow
from tests.factories import PASSWORD

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def logins(runtime, clinic):
    """The clinic's sessions."""
    with runtime.reading(clinic.system) as unit:
        return unit.session.query(LoginRow).all()


def enter(runtime, person, agent=FIREFOX):
    """Sign in and ask for a page; the token, and who it stands for."""
    token, _ = sign_in(runtime, person.email, PASSWORD, agent)
    return token, actor_for(runtime, token)


def ask(runtime, token):
    """Ask for a page, and note it afterwards as the pages do; whether the session was open."""
    found = entered(runtime, token)
    if found is not None and found.seen_due:
        note_seen(runtime, found.actor)
    return found is not None


def test_only_hashes_are_stored(runtime, clinic):
    """Whoever reads the database can neither sign in nor take over a session."""
    token, _ = sign_in(runtime, clinic.rosa.email, PASSWORD)
    (login,) = logins(runtime, clinic)
    assert login.token_hash == hashed(token) != token
    with runtime.reading(clinic.system) as unit:
        assert unit.get(StaffRow, clinic.rosa.id).password_hash.startswith("$argon2id$")


@pytest.mark.faults
def test_fault_28_every_sign_in_has_its_own_token(runtime, clinic):
    """A token planted in a browser beforehand is worth nothing."""
    assert sign_in(runtime, clinic.rosa.email, PASSWORD)[0] != sign_in(runtime, clinic.rosa.email, PASSWORD)[0]


def test_a_session_ends_after_twelve_idle_hours(runtime, clinic, clock):
    """At the very instant, not a minute later."""
    token, _ = sign_in(runtime, clinic.rosa.email, PASSWORD)
    clock.advance(hours=11, minutes=59)
    assert ask(runtime, token)
    clock.advance(hours=12)
    assert not ask(runtime, token)


def test_a_session_that_is_used_lives_on_but_not_longer_than_a_week(runtime, clinic, clock):
    """Seven days after the sign-in everybody types the password again."""
    token, _ = sign_in(runtime, clinic.rosa.email, PASSWORD)
    hours = 0
    while ask(runtime, token):
        clock.advance(hours=6)
        hours += 6
    assert hours == 7 * 24


def test_a_session_in_use_is_written_every_few_minutes_only(runtime, clinic, clock):
    """Looking at pages must not make the database write."""
    token, _ = sign_in(runtime, clinic.rosa.email, PASSWORD)
    first = clock.now()
    clock.advance(minutes=4, seconds=59)
    ask(runtime, token)
    assert logins(runtime, clinic)[0].seen_at == first
    clock.advance(seconds=1)
    ask(runtime, token)
    assert logins(runtime, clinic)[0].seen_at == clock.now()


def test_who_asks_is_found_by_one_query(runtime, clinic, queries):
    """Also what the role needs, and the language."""
    token, _ = sign_in(runtime, clinic.rosa.email, PASSWORD)
    with queries() as asked:
        actor_for(runtime, token)
    assert len([each for each in asked if each.startswith("SELECT")]) == 1


def test_a_busy_database_leaves_the_session_as_it_is(runtime, clinic, clock):
    """The next request notes it."""
    _, rosa = enter(runtime, clinic.rosa)
    clock.advance(minutes=10)
    impatient = Database(str(runtime.database.url), wait_seconds=0.05)
    busy = type(runtime)(impatient, clock, runtime.mailer)
    with runtime.database.writing(None):
        with pytest.raises(DatabaseBusy), impatient.writing(None):
            pass
        note_seen(busy, rosa)
    impatient.close()
    assert logins(runtime, clinic)[0].seen_at < clock.now()


def test_signing_out_ends_one_session_only(runtime, clinic):
    """The tablet stays signed in."""
    desk, tablet = (sign_in(runtime, clinic.rosa.email, PASSWORD)[0] for _ in range(2))
    sign_out(runtime, desk)
    sign_out(runtime, desk)
    assert actor_for(runtime, desk) is None
    assert actor_for(runtime, tablet)
    with runtime.reading(clinic.mo.actor) as unit:
        said = unit.session.scalars(select(AuditRow.action).where(AuditRow.subject == f"staff/{clinic.rosa.id}")).all()
    assert said.count("sign out") == 1


@pytest.mark.faults
def test_fault_28_somebody_who_left_is_out_at_once(runtime, clinic):
    """In every browser, on every server: what is asked is the row."""
    token, _ = enter(runtime, clinic.rosa)
    with runtime.writing(clinic.mo.actor) as unit:
        deactivate_staff(unit, clinic.rosa.id)
    assert actor_for(runtime, token) is None


@pytest.mark.faults
def test_fault_28_a_person_whose_row_is_gone_is_out_too(runtime, clinic):
    """Their sessions go with them."""
    token, _ = enter(runtime, clinic.rosa)
    with runtime.writing(clinic.system) as unit:
        unit.session.delete(unit.get(StaffRow, clinic.rosa.id))
    assert actor_for(runtime, token) is None


def test_a_session_opens_on_another_server(runtime, clinic):
    """One that was started later and has only the database in common."""
    token, _ = enter(runtime, clinic.rosa)
    other = Database(str(runtime.database.url))
    assert actor_for(type(runtime)(other, runtime.clock, runtime.mailer), token) == clinic.rosa.actor
    other.close()


def test_a_nonsense_token_is_nobody(runtime, clinic):
    """Neither an error nor a person."""
    assert actor_for(runtime, "nonsense") is None
    sign_out(runtime, "nonsense")


def test_a_person_sees_where_they_are_signed_in(runtime, clinic, clock):
    """This browser first, in plain words; nobody else's."""
    enter(runtime, clinic.ben)
    enter(runtime, clinic.rosa, "")
    clock.advance(minutes=1)
    _, rosa = enter(runtime, clinic.rosa)
    with runtime.reading(rosa) as unit:
        here, there = sessions.sessions_of(unit)
    assert (str(here.device), here.here, here.since) == ("Firefox on Windows", True, clock.now())
    assert (str(there.device), there.here, there.factor) == ("An unknown device", False, "")


def test_one_or_all_other_sessions_are_ended(runtime, clinic):
    """This one stays."""
    (one, _), (two, _), (here, rosa) = (enter(runtime, clinic.rosa) for _ in range(3))
    with runtime.reading(rosa) as unit:
        others = [each.id for each in sessions.sessions_of(unit) if not each.here]
    sessions.end_session(runtime, rosa, others[0])
    assert sorted(actor_for(runtime, token) is None for token in (one, two)) == [False, True]
    sessions.end_others(runtime, rosa)
    assert [actor_for(runtime, token) is None for token in (one, two, here)] == [True, True, False]


def test_nobody_ends_a_colleagues_session(runtime, clinic, other_clinic):
    """Not even by its number, and not in another clinic."""
    enter(runtime, clinic.ben)
    (bens,) = logins(runtime, clinic)
    for person in (clinic.rosa, other_clinic.mo):
        with pytest.raises(NotFound):
            sessions.end_session(runtime, person.actor, bens.id)


def test_an_ended_account_opens_nothing_with_the_right_password(runtime, clinic):
    """And says what a wrong one says."""
    with runtime.writing(clinic.mo.actor) as unit:
        deactivate_staff(unit, clinic.rosa.id)
    with pytest.raises(accounts.SignInRefused):
        sign_in(runtime, clinic.rosa.email, PASSWORD)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Chrome/140 Safari/537.36 Edg/140", "Edge on Mac"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl (Windows)", "A browser (Windows)"),
        ("", "An unknown device"),
    ],
)
def test_a_device_is_named_in_plain_words(agent, words):
    """As its owner would say."""
    assert device_words(agent) == words
