"""Links to choose a password: sent or handed over, good once and for a while; and nobody learns who has an account."""

import re
from dataclasses import replace

import pytest

from planner.errors import InvalidInput, NotFound, TooManyTries
from planner.notify.delivery import PermanentFailure, TemporaryFailure
from planner.notify.outtray import OuttrayMailer
from planner.services import account_letters, account_links, accounts, keys, sessions
from planner.services.account_letters import ask_for_link, send_account_letters
from planner.services.account_links import choose_password, holder_of, link_for
from planner.storage.doors import AccountLetterRow
from planner.storage.people import StaffRow
from tests.factories import PASSWORD

NEW = "quite another password"


def link(runtime, person, kind="reset"):
    """The token of a link for this person."""
    with runtime.reading(person.actor) as unit:
        return link_for(runtime, unit.get(StaffRow, person.id), kind, unit.now).rpartition("/")[2]


def waiting(runtime):
    """How many letters are owed."""
    with runtime.database.reading(None) as session:
        return session.query(AccountLetterRow).count()


def test_a_link_chooses_a_password_once(runtime, clinic):
    """Everywhere else the person is signed out."""
    before, _ = accounts.sign_in(runtime, clinic.rosa.email, PASSWORD)
    token = link(runtime, clinic.rosa)
    assert holder_of(runtime, token).name == "Rosa Lind"
    choose_password(runtime, token, NEW)
    assert sessions.actor_for(runtime, before) is None
    assert accounts.sign_in(runtime, clinic.rosa.email, NEW)[1] == clinic.rosa.actor
    with pytest.raises(NotFound):
        choose_password(runtime, token, "and a third password")


@pytest.mark.parametrize(
    ("kind", "length"), [("reset", {"hours": 1}), ("invitation", {"days": 7}), ("handover", {"days": 2})]
)
def test_a_link_ends_with_time(runtime, clinic, clock, kind, length):
    """At the very second."""
    token = link(runtime, clinic.rosa, kind)
    clock.advance(**length)
    clock.advance(seconds=-1)
    assert holder_of(runtime, token)
    clock.advance(seconds=1)
    with pytest.raises(NotFound):
        holder_of(runtime, token)


def test_a_link_ends_when_the_password_or_the_address_changes(runtime, clinic):
    """In whatever way: a mailbox that was lost must not win the account back."""
    token = link(runtime, clinic.rosa)
    accounts.change_password(runtime, clinic.rosa.actor, PASSWORD, NEW)
    with pytest.raises(NotFound):
        holder_of(runtime, token)
    token = link(runtime, clinic.rosa)
    with runtime.writing(clinic.system) as unit:
        unit.get(StaffRow, clinic.rosa.id).email = "rosa.lind@example.org"
    with pytest.raises(NotFound):
        choose_password(runtime, token, NEW)


def test_a_link_of_somebody_who_left_opens_nothing(runtime, clinic):
    """Until they are taken back."""
    token = link(runtime, clinic.rosa)
    with runtime.writing(clinic.system) as unit:
        unit.get(StaffRow, clinic.rosa.id).active = False
    with pytest.raises(NotFound):
        holder_of(runtime, token)


def test_nonsense_and_a_token_made_for_something_else_are_nobodys(runtime, clinic):
    """Signed by us, but not for this."""
    other = keys.signed(runtime, "patient link", ["reset", clinic.id, clinic.rosa.id, 2**40, ""])
    payload, _, signature = link(runtime, clinic.rosa).partition(".")
    for token in ("nonsense", other, f"{payload}x.{signature}", ""):
        with pytest.raises(NotFound):
            holder_of(runtime, token)


def test_an_unfit_password_leaves_the_link_good(runtime, clinic):
    """The person tries again."""
    token = link(runtime, clinic.rosa)
    with pytest.raises(InvalidInput):
        choose_password(runtime, token, "short")
    choose_password(runtime, token, NEW)


def test_whoever_forgot_gets_a_letter_with_a_link_that_works(runtime, clinic, mailer):
    """In their language, to the address that has the account."""
    with runtime.writing(clinic.system) as unit:
        unit.get(StaffRow, clinic.rosa.id).language = "de"
    ask_for_link(runtime, " Rosa@Example.org ")
    assert send_account_letters(runtime).done == 1
    (message,) = mailer.sent
    assert message.to == "rosa@example.org"
    assert "Passwort" in message.subject
    address = re.search(r"http://\S+/sign-in/link/(\S+)", message.text)[1]
    choose_password(runtime, address, NEW)
    assert send_account_letters(runtime).done == 0
    assert waiting(runtime) == 0


def test_an_address_without_an_account_gets_nothing(runtime, clinic, mailer):
    """Nor does somebody who left."""
    with runtime.writing(clinic.system) as unit:
        unit.get(StaffRow, clinic.ben.id).active = False
    for email in ("nobody@example.org", clinic.ben.email):
        ask_for_link(runtime, email)
    send_account_letters(runtime)
    assert mailer.sent == []
    assert waiting(runtime) == 0


def test_asking_tells_nobody_who_has_an_account(runtime, clinic, queries):
    """For both the database is asked the very same, so it takes the same time; who has it is looked up later."""
    statements = []
    for email, network in ((clinic.rosa.email, "192.0.2.1"), ("nobody@example.org", "192.0.2.2")):
        with queries() as asked:
            ask_for_link(runtime, email, network)
        statements.append(list(asked))
    assert statements[0] == statements[1]
    assert not any("FROM staff" in each for each in statements[0])
    assert waiting(runtime) == 2


def test_asking_is_throttled_by_place_and_by_address(runtime, clinic, clock):
    """Nobody fills a mailbox."""
    for _ in range(3):
        ask_for_link(runtime, clinic.rosa.email, "198.51.100.7")
    assert waiting(runtime) == 1
    for number in range(7):
        ask_for_link(runtime, f"nobody-{number}@example.org", "198.51.100.7")
    with pytest.raises(TooManyTries) as refusal:
        ask_for_link(runtime, clinic.ben.email, "198.51.100.7")
    ask_for_link(runtime, clinic.ben.email, "192.0.2.1")
    clock.advance(seconds=refusal.value.seconds)
    ask_for_link(runtime, clinic.mo.email, "198.51.100.7")
    with pytest.raises(InvalidInput):
        ask_for_link(runtime, "no address")


def test_a_letter_that_can_not_be_delivered_is_tried_again(runtime, clinic, clock, mailer):
    """Until it goes; one that is refused for good is dropped."""
    ask_for_link(runtime, clinic.rosa.email)
    mailer.fails_with = TemporaryFailure("away")
    send_account_letters(runtime)
    mailer.fails_with = None
    send_account_letters(runtime)
    assert mailer.sent == []
    clock.advance(minutes=5)
    send_account_letters(runtime)
    assert len(mailer.sent) == 1
    ask_for_link(runtime, clinic.ben.email)
    mailer.fails_with = PermanentFailure("no such box")
    send_account_letters(runtime)
    assert waiting(runtime) == 0


def test_without_a_mail_server_no_link_lies_in_the_outtray(runtime, clinic, tmp_path):
    """Reception reads it, and a manager's link is not for reception."""
    without = replace(runtime, mailer=OuttrayMailer(tmp_path / "outtray"))
    assert not account_letters.sends_mail(without)
    ask_for_link(without, clinic.mo.email)
    assert send_account_letters(without).done == 0
    assert not (tmp_path / "outtray").exists()


def test_a_link_can_not_be_stretched(runtime, clinic):
    """Until when it works is signed."""
    said = keys.read_signed(runtime, account_links._PURPOSE, link(runtime, clinic.rosa))
    said[3] += 10**6
    forged = replace(runtime, secret_key="another key of more than thirty-two signs")
    longer = keys.signed(forged, account_links._PURPOSE, said)
    with pytest.raises(NotFound):
        holder_of(runtime, longer)
