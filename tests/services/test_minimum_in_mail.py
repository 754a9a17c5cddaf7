"""What stands in mail: when, with whom, where, and no more."""

from datetime import timedelta

import pytest

from planner.services import attendance, messages, notes, reminders
from planner.storage.courses import AssessmentRow, CourseRow
from planner.storage.people import PatientRow
from planner.web.protocols import protocol_words
from planner.words import in_language
from tests.factories import make_patient
from tests.web.ana_course import book_ana


@pytest.fixture
def mails(runtime, clinic, clock, mailer):
    """All letters of a course, as they go out: booked, changed, reminded."""

    def of(language):
        with runtime.writing(clinic.rosa.actor) as unit:
            ana = unit.get(PatientRow, clinic.ana)
            ana.notes, ana.language, ana.phone = "MARKED remark", language, "0131 777"
            make_patient(unit, "Zora Fremd", "zora@example.org")
        course = book_ana(runtime, clinic)
        with runtime.writing(clinic.ben.actor) as unit:
            unit.get(CourseRow, course.id).wish_note = "MARKED wish"
            unit.get(AssessmentRow, course.assessment_id).notes = "MARKED finding"
        notes.write(runtime, clinic.ben.actor, course.id, "MARKED note")
        clock.advance(minutes=10)
        messages.send_outbox(runtime)
        attendance.cancel(runtime, clinic.rosa.actor, course.appointment(3).id, reason="MARKED reason")
        clock.advance(minutes=10)
        messages.send_outbox(runtime)
        clock.set(course.appointment(2).starts_at - timedelta(hours=20))
        reminders.queue_reminders(runtime)
        messages.send_outbox(runtime)
        return [f"{each.subject}\n{each.text}\n{each.html}" for each in mailer.sent]

    return of


@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_no_letter_tells_of_health_or_of_others(mails, language):
    """No diagnosis, no note, no wish, no reason that staff typed, nobody else's name."""
    letters = mails(language)
    assert len(letters) == 3
    whole = "\n".join(letters)
    diagnosis = in_language(protocol_words("chronic_pain"), language)
    for mark in ("MARKED", diagnosis, "chronic", "Zora", "zora@", "0131 777"):
        assert mark.casefold() not in whole.casefold(), mark


@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_a_subject_tells_least_of_all(mails, language):
    """It stands on a locked phone: neither the name nor what is treated."""
    for subject in [letter.splitlines()[0] for letter in mails(language)]:
        assert "Ana" not in subject
        assert "needling" not in subject.casefold()
