"""Another address or number: nobody who merely found the link turns a patient's messages to themselves."""

import re
from dataclasses import replace

import pytest

from planner.errors import InvalidInput, NotAllowed, NotFound, TooManyTries
from planner.notify.outtray import OuttrayMailer
from planner.services import contact_changes, patients, worklists
from planner.services.contact_changes import ask, contact_of, prove
from planner.services.messages import send_outbox
from planner.services.runtime import Actor
from planner.storage.people import PatientRow

NEW = "ana@elsewhere.example"


@pytest.fixture
def ana(clinic):
    """Whoever has Ana's link."""
    return Actor(clinic.id, "patient", patient_id=clinic.ana)


def code_sent(runtime, mailer):
    """The code in the newest message, and whom that went to."""
    send_outbox(runtime)
    message = mailer.sent[-1]
    return re.search(r"^(\d{6})$", message.text, re.MULTILINE)[1], message.to


def kept(runtime, clinic):
    """Ana's address and number."""
    details = patients.get(runtime, clinic.rosa.actor, clinic.ana).details
    return details.email, details.phone


def test_the_code_goes_to_the_old_address_and_the_change_waits_for_it(runtime, clinic, mailer, ana):
    """And the letter holds neither the link nor the new address."""
    assert ask(runtime, ana, NEW, "0131 496 0001") == "code"
    code, to = code_sent(runtime, mailer)
    assert to == "ana@example.org"
    assert "/p/" not in mailer.sent[-1].text
    assert NEW not in mailer.sent[-1].text
    assert kept(runtime, clinic) == ("ana@example.org", "")
    assert contact_of(runtime, ana).waiting
    prove(runtime, ana, f" {code[:3]} {code[3:]} ")
    assert kept(runtime, clinic) == (NEW, "0131 496 0001")
    with pytest.raises(InvalidInput):
        prove(runtime, ana, code)


def test_five_wrong_codes_end_it(runtime, clinic, mailer, ana):
    """Then the right one is too late."""
    ask(runtime, ana, NEW, "")
    code, _ = code_sent(runtime, mailer)
    for _ in range(contact_changes.MOST_TRIES):
        with pytest.raises(InvalidInput):
            prove(runtime, ana, f"{(int(code) + 1) % 10**6:06}")
    with pytest.raises(InvalidInput):
        prove(runtime, ana, code)
    assert kept(runtime, clinic)[0] == "ana@example.org"


def test_a_code_ends_after_half_an_hour_and_with_the_next_one(runtime, clinic, clock, mailer, ana):
    """The newest alone counts."""
    ask(runtime, ana, NEW, "")
    first, _ = code_sent(runtime, mailer)
    ask(runtime, ana, "other@elsewhere.example", "")
    second, _ = code_sent(runtime, mailer)
    if first != second:
        with pytest.raises(InvalidInput):
            prove(runtime, ana, first)
    clock.advance(minutes=30)
    with pytest.raises(InvalidInput):
        prove(runtime, ana, second)
    assert not contact_of(runtime, ana).waiting


def test_without_an_address_reception_is_asked(runtime, clinic, ana):
    """Nothing changes before a person has called."""
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).email = ""
    assert ask(runtime, ana, NEW, "") == "request"
    assert kept(runtime, clinic) == ("", "")
    with runtime.reading(clinic.rosa.actor) as unit:
        (item,) = worklists.open_items(unit)
    assert (item.kind, item.patient_id) == (worklists.CONTACT_CHANGE, clinic.ana)
    assert NEW in item.says


def test_without_a_mail_server_reception_is_asked_too(runtime, clinic, ana, tmp_path):
    """A code in the outtray would reach nobody."""
    assert ask(replace(runtime, mailer=OuttrayMailer(tmp_path / "outtray")), ana, NEW, "") == "request"


@pytest.mark.parametrize(("email", "phone"), [("", ""), ("ana@example.org", ""), ("no address", ""), ("", "1" * 41)])
def test_what_changes_nothing_or_makes_no_sense_is_refused(runtime, clinic, ana, email, phone):
    """At its field."""
    with pytest.raises(InvalidInput) as refusal:
        ask(runtime, ana, email, phone)
    assert refusal.value.field in ("email", "phone")


def test_nobody_is_flooded_with_codes(runtime, clinic, clock, ana):
    """Five a day."""
    for number in range(contact_changes.MOST_A_DAY):
        ask(runtime, ana, f"{number}@elsewhere.example", "")
    with pytest.raises(TooManyTries):
        ask(runtime, ana, NEW, "")
    clock.advance(days=1)
    assert ask(runtime, ana, NEW, "") == "code"


def test_a_link_for_one_visit_changes_no_contact(runtime, clinic, ana):
    """Nor does anybody who is no patient."""
    with pytest.raises(NotAllowed):
        ask(runtime, replace(ana, purpose="visit"), NEW, "")
    with pytest.raises(NotFound):
        ask(runtime, clinic.rosa.actor, NEW, "")


def test_a_change_can_be_left(runtime, clinic, mailer, ana):
    """Its letter is not sent any more."""
    ask(runtime, ana, NEW, "")
    contact_changes.drop(runtime, ana)
    send_outbox(runtime)
    assert mailer.sent == []


def test_the_page_shows_whoever_found_the_link_next_to_nothing(runtime, clinic, ana):
    """The first letter and the host; two digits."""
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).phone = "0131 496 0142"
    known = contact_of(runtime, ana)
    assert (known.email, known.phone) == ("a…@example.org", "… 42")
