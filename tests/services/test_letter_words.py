"""A clinic's own words in letters: kept by kind and language, escaped, and never part of a header."""

import email
import email.policy

import pytest
from sqlalchemy import select

from planner.errors import InvalidInput, NotAllowed, NotFound, StaleForm
from planner.languages import LANGUAGES
from planner.notify.message import Mailbox
from planner.notify.visit import OwnWords
from planner.services import letter_words
from planner.services.letter_words import KINDS
from planner.services.messages import send_outbox
from planner.storage.audit_rows import AuditRow
from planner.storage.people import PatientRow
from tests.web.ana_course import book_ana

MARKUP = OwnWords("<script>alert(1)</script> {{ 7 * 7 }} {% if x %}", "Bcc: eve@evil.example\r\n\r\n<b>Bye</b>")


def keep(runtime, person, words, kind="course_booked", language="en", seen=None):
    """Keep words as the page does."""
    desk = letter_words.letter_desk(runtime, person.actor, kind, language)
    letter_words.keep_words(runtime, person.actor, kind, language, words, seen=seen or desk.seen)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_letter_shows_the_words_about_what_it_tells(runtime, clinic, kind, language):
    """In text and HTML, with paragraphs; code in them is mere words."""
    plain = letter_words.sample(runtime, clinic.mo.actor, kind, language, OwnWords())
    found = letter_words.sample(runtime, clinic.mo.actor, kind, language, OwnWords("One\nTwo\n\nThree", "The end"))
    assert "One\nTwo\n\nThree\n" in found.text
    assert found.text.index("Three") < found.text.index("10:00") < found.text.index("The end")
    assert "One<br>Two</p>" in found.html
    assert found.subject == plain.subject
    nasty = letter_words.sample(runtime, clinic.mo.actor, kind, language, MARKUP)
    assert "<script>" not in nasty.html
    assert "&lt;script&gt;" in nasty.html
    assert "{{ 7 * 7 }}" in nasty.text


def test_a_letter_without_words_of_ones_own_is_as_it_was(runtime, clinic):
    """Not even an empty line more."""
    letter = letter_words.sample(runtime, clinic.mo.actor, "reminder", "en", OwnWords())
    assert letter.text.startswith("Hello Ana,\n\nWe expect you at Northside Clinic:\n")
    assert "\n\n\n" not in letter.text


def test_what_goes_out_has_the_words_of_its_kind_and_language(runtime, clinic, clock, mailer):
    """A patient who reads German gets the German ones, and none where there are none."""
    keep(runtime, clinic.mo, OwnWords("Willkommen bei uns", ""), language="de")
    keep(runtime, clinic.mo, OwnWords("Welcome here", ""))
    keep(runtime, clinic.mo, OwnWords("Only in reminders", ""), kind="reminder")
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).language = "de-AT"
    book_ana(runtime, clinic)
    clock.advance(minutes=6)
    send_outbox(runtime)
    (sent,) = mailer.sent
    assert "Willkommen bei uns" in sent.text
    assert "Welcome here" not in sent.text
    assert "Only in reminders" not in sent.text


def test_no_word_of_the_clinics_becomes_a_header(runtime, clinic, clock, mailer):
    """Whatever line breaks are in it."""
    keep(runtime, clinic.mo, MARKUP)
    book_ana(runtime, clinic)
    clock.advance(minutes=6)
    send_outbox(runtime)
    message = email.message_from_bytes(
        mailer.sent[0].to_mime(Mailbox("planner@mail.example")).as_bytes(), policy=email.policy.default
    )
    assert "Bcc" not in message
    assert message["To"].addresses[0].addr_spec == "ana@example.org"


def test_empty_words_are_ours_again(runtime, clinic):
    """Nothing of them is kept, and the change stands in the audit."""
    keep(runtime, clinic.mo, OwnWords("Hello", ""))
    keep(runtime, clinic.mo, OwnWords("  ", "\n"))
    with runtime.reading(clinic.system) as unit:
        assert unit.clinic.letter_words == {}
        assert unit.session.scalars(select(AuditRow.action)).all().count("change letter") == 2


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (OwnWords("x" * 601, ""), "opening"),
        (OwnWords("", "x" * 601), "closing"),
        (OwnWords("bell\u0007", ""), "opening"),
        (OwnWords("", "over\u202eride"), "closing"),
    ],
)
def test_words_that_can_not_be_shown_are_refused(runtime, clinic, words, field):
    """Also in the preview."""
    for refused in (
        lambda: keep(runtime, clinic.mo, words),
        lambda: letter_words.sample(runtime, clinic.mo.actor, "reminder", "en", words),
    ):
        with pytest.raises(InvalidInput) as refusal:
            refused()
        assert refusal.value.field == field


def test_words_in_any_script_are_kept(runtime, clinic):
    """Right to left, Thai, and emoji of several parts."""
    words = OwnWords("مرحبا \u200fبكم\nสวัสดี", "🧑‍⚕️ À bientôt")
    keep(runtime, clinic.mo, words)
    assert letter_words.letter_desk(runtime, clinic.mo.actor, "course_booked", "en").own == words


def test_two_who_write_one_letter_do_not_overwrite_each_other(runtime, clinic):
    """And only a manager writes any, of those there are."""
    seen = letter_words.letter_desk(runtime, clinic.mo.actor, "reminder", "es").seen
    keep(runtime, clinic.mo, OwnWords("Hola", ""), "reminder", "es")
    with pytest.raises(StaleForm):
        keep(runtime, clinic.mo, OwnWords("Buenos días", ""), "reminder", "es", seen)
    with pytest.raises(NotAllowed):
        keep(runtime, clinic.rosa, OwnWords("Hello", ""))
    for kind, language in (("bill", "en"), ("reminder", "fr")):
        with pytest.raises(NotFound):
            letter_words.letter_desk(runtime, clinic.mo.actor, kind, language)
