"""Letters in words: golden files, zones, names from strangers, and what they never say."""

import re
from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

import html5lib
import pytest

from planner.languages import LANGUAGES
from planner.notify.letters import ChangeReason, CourseBooked, CourseChanged, Letter, Reminder
from planner.notify.render import MailTemplates, Rendered
from planner.notify.visit import Letterhead, Visit
from tests.notify import letters
from tests.notify.write_golden import GOLDEN, TEMPLATES, golden_files

EVERY_LETTER = [
    letters.course_booked,
    letters.course_changed,
    letters.reminder,
    letters.slot_offered,
    letters.invited,
]
NASTY = '100%(num)s %s <script>alert("x")</script>\r\nBcc: eve@evil.example\u2028& "Söhne"'


@pytest.fixture(scope="module")
def templates() -> MailTemplates:
    return MailTemplates(TEMPLATES)


def render(letter: Letter) -> Rendered:
    return MailTemplates(TEMPLATES).render(letter)


def test_every_letter_reads_as_its_golden_file() -> None:
    """A change of words is seen in review; `python -m tests.notify.write_golden` writes them anew."""
    files = (path for path in GOLDEN.rglob("*") if path.is_file())
    kept = {path.relative_to(GOLDEN).as_posix(): path.read_bytes() for path in files}
    assert golden_files() == kept


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("make", EVERY_LETTER)
def test_the_html_is_valid(make: Callable[..., Letter], language: str, templates: MailTemplates) -> None:
    """And so are names that look like markup."""
    plain = letters.head(language=language)
    for header in (plain, replace(plain, clinic_name=NASTY, greeting=NASTY, clinic_phone=NASTY)):
        html = templates.render(make(header)).html
        html5lib.HTMLParser(strict=True).parse(html)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("make", EVERY_LETTER)
def test_fault_22_a_name_is_shown_and_never_obeyed(
    make: Callable[..., Letter], language: str, templates: MailTemplates
) -> None:
    """No markup and no second line comes out of a name or a phone number, nor is it taken for a blank."""
    nasty = replace(letters.head(language=language), clinic_name=NASTY, greeting=NASTY, clinic_phone=NASTY)
    rendered = templates.render(make(nasty))
    assert "100%(num)s" in rendered.text
    assert "<script>" not in rendered.html
    assert "&lt;script&gt;" in rendered.html
    assert "\n" not in rendered.subject
    assert not any(line.startswith("Bcc:") for line in rendered.text.splitlines())


@pytest.mark.parametrize("make", EVERY_LETTER)
def test_a_letter_tells_a_stranger_nothing_about_health(make: Callable[..., Letter], templates: MailTemplates) -> None:
    """Appointments, times and names; no word of why somebody comes."""
    rendered = templates.render(make())
    said = (rendered.subject + rendered.text + rendered.html).lower()
    for word in ("needl", "physio", "therap", "treat", "session", "pain", "diagnos", "patient", "health", "missed"):
        assert word not in said


def test_every_reason_has_its_own_neutral_sentence() -> None:
    """None of them blames anybody."""
    texts = {
        reason: render(replace(letters.course_changed(), reasons=(reason,))).text.splitlines()[3]
        for reason in ChangeReason
    }
    assert len(set(texts.values())) == len(ChangeReason)
    assert not any("you did not" in text.lower() or "missed" in text.lower() for text in texts.values())


def test_a_reason_that_came_twice_is_told_once() -> None:
    """Two misses in one message."""
    assert render(letters.course_changed()).text.count("did not take place") == 1


def test_the_reason_follows_from_the_kind_of_revision() -> None:
    """Kinds the patient needs no particular word for are told plainly."""
    assert ChangeReason.of("leave") is ChangeReason.LEAVE
    assert ChangeReason.of("undone") is ChangeReason.OTHER


def test_times_are_the_patients_with_the_clinics_beside_them() -> None:
    """10:00 in London is five in the morning in New York."""
    text = render(letters.reminder(letters.head(patient_zone=letters.NEW_YORK))).text
    assert "Tuesday 24 November 2026, 05:00 (10:00 at the clinic)" in text
    assert "Times are your local time (New York)" in text


@pytest.mark.parametrize(
    ("make", "subject"),
    [
        (letters.reminder, "Your appointment on Tuesday 24 November, 05:00 (10:00 at the clinic)"),
        (letters.invited, "Tuesday 24 November, 05:00 (10:00 at the clinic) at Harbour Clinic"),
        (letters.slot_offered, "An earlier time for your appointment: Friday 27 November, 05:00 (10:00 at the clinic)"),
    ],
)
def test_a_subject_gives_both_clocks_too(make: Callable[..., Letter], subject: str) -> None:
    """It is all that many people read; a time alone would be taken for the clinic's."""
    assert render(make(letters.head(patient_zone=letters.NEW_YORK))).subject == subject


@pytest.mark.parametrize(
    ("language", "beside"), [("en", "at the clinic"), ("de", "in der Praxis"), ("es", "en la clínica")]
)
@pytest.mark.parametrize("make", EVERY_LETTER)
def test_every_time_in_every_letter_has_the_clinics_beside_it(
    make: Callable[..., Letter], language: str, beside: str, templates: MailTemplates
) -> None:
    """Also the one in the subject, the one that was before a move, and the one until which an offer stands."""
    rendered = templates.render(make(letters.head(patient_zone=letters.NEW_YORK, language=language)))
    html = " ".join(re.sub(r"<[^>]+>", " ", rendered.html.partition("<body")[2]).split())
    counted = []
    for words in (rendered.subject, rendered.text, html):
        times = re.findall(r"\d\d:\d\d", words)
        pairs = re.findall(rf"\d\d:\d\d \(\d\d:\d\d {beside}\)", words)
        assert len(times) == 2 * len(pairs)
        counted.append(len(pairs))
    assert min(counted[1:]) > 0


def test_the_clinics_day_is_named_where_it_is_another() -> None:
    """At 14:00 in London it is tomorrow in Auckland."""
    header = letters.head(patient_zone=ZoneInfo("Pacific/Auckland"))
    assert header.visit_words(letters.visit(0, 4)).clinic_time == "Tuesday 24 November, 14:00"
    assert header.visit_words(letters.visit(0, 4)).day == "Wednesday 25 November 2026"


def test_another_zone_with_the_same_time_is_not_worth_a_word() -> None:
    """Lisbon's clocks show what London's do."""
    assert "at the clinic" not in render(letters.reminder(letters.head(patient_zone=ZoneInfo("Europe/Lisbon")))).text


def test_each_visit_is_told_by_the_clocks_of_its_own_day() -> None:
    """New York changes its clocks a week after London: for that week the difference is four hours."""
    header = letters.head(patient_zone=letters.NEW_YORK)
    week_between = Visit(letters.FIRST.replace(month=10, day=27), 30, "Ben", "")
    assert (header.visit_words(week_between).time, header.visit_words(week_between).clinic_time) == ("06:00", "10:00")


def test_one_appointment_is_not_told_in_the_plural() -> None:
    """Nor numbered."""
    rendered = render(replace(letters.course_booked(), visits=(letters.visit(0),)))
    assert rendered.subject == "Your appointment at Harbour Clinic"
    assert "Your appointment at Harbour Clinic is booked:" in rendered.text


def test_a_course_that_was_called_off_whole_says_so() -> None:
    """In the subject too."""
    whole = replace(letters.course_changed(), moved=(), added=(), upcoming=())
    rendered = render(whole)
    assert rendered.subject == "Your appointments at Harbour Clinic are cancelled"
    assert "You have no other appointments in this plan now." in rendered.text
    assert "Your appointments are cancelled" in rendered.html


def test_nothing_is_said_about_what_is_not_there() -> None:
    """No phone, no page, no calendar file, no name, no notice time."""
    bare = Letterhead("Harbour Clinic", "", letters.LONDON, "", letters.LONDON, None)
    rendered = render(replace(letters.course_booked(bare), calendar_attached=False, notice_hours=0))
    assert rendered.text.startswith("Hello,\n")
    assert rendered.text.endswith("If you can’t come, please tell us.\n\nHarbour Clinic\n")
    for words in (rendered.text, rendered.html):
        assert not any(absent in words for absent in ("http", "attached", "href", "None", "hours before"))


def test_a_confirmed_visit_is_not_asked_to_be_confirmed() -> None:
    """The button leads to the plan all the same."""
    rendered = render(replace(letters.reminder(), confirmed=True))
    assert "onfirm" not in rendered.text + rendered.html
    assert 'href="https://plan.example/p/T0k3n"' in rendered.html


def test_a_language_without_texts_is_answered_in_english(templates: MailTemplates) -> None:
    """And the HTML says that it is English, so that it is read aloud right."""
    for language in ("en-GB", "xx", ""):
        assert '<html lang="en">' in templates.render(letters.reminder(letters.head(language=language))).html


def test_a_patient_is_written_to_in_their_language(templates: MailTemplates) -> None:
    """Words, days and places, and the HTML says which language it is."""
    header = letters.head(language="de-AT", patient_zone=ZoneInfo("Asia/Tokyo"))
    rendered = templates.render(letters.reminder(header))
    assert '<html lang="de">' in rendered.html
    assert rendered.subject == "Ihr Termin am Dienstag, 24. November, 19:00 (10:00 in der Praxis)"
    assert "Dienstag, 24. November 2026, 19:00 (10:00 in der Praxis)" in rendered.text
    assert "Alle Zeiten sind Ihre Ortszeit (Tokio)" in rendered.text


def test_an_addressed_letter_has_clean_names_and_an_identity() -> None:
    """Names come from forms; the Message-ID comes from the outbox key."""
    rendered = render(letters.reminder())
    first, second = (
        rendered.addressed(
            to="ana@example.org",
            to_name="Ana\r\nBcc: eve@evil.example",
            from_name="Harbour\u2028Clinic",
            key="reminder-7",
            domain="mail.example",
            date=letters.WRITTEN,
        )
        for _ in range(2)
    )
    assert (first.to_name, first.from_name) == ("Ana Bcc: eve@evil.example", "Harbour Clinic")
    assert first == second


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/plan", "data:text/html,x", ""])
def test_a_plan_page_that_is_no_web_address_is_a_bug(url: str) -> None:
    """A button must not run anything."""
    with pytest.raises(ValueError, match="http"):
        letters.head(plan_url=url)


def test_letters_that_tell_nothing_are_bugs() -> None:
    """No visits, no change, no length, no zone."""
    with pytest.raises(ValueError, match="visits to tell of"):
        CourseBooked(letters.head(), (), 24, calendar_attached=False)
    with pytest.raises(ValueError, match="nothing changed"):
        CourseChanged(letters.head(), (), (), (), (), (letters.visit(0),), calendar_attached=False)
    with pytest.raises(ValueError, match="0 minutes"):
        Reminder(letters.head(), letters.visit(0, minutes=0), confirmed=False)
