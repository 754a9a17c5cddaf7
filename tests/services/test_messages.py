"""What patients are told: after the hold time, once, the truth of that moment; and what happens when mail fails."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from planner.errors import UndoRefused
from planner.notify.delivery import PermanentFailure, TemporaryFailure
from planner.services import attendance, messages, moving, patients, undoing, worklists
from planner.services.patient_links import patient_for_link
from planner.services.sweeping import SweepReport
from planner.storage.courses import RevisionRow
from planner.storage.people import PatientRow
from tests.factories import make_patient
from tests.services.course_life import ACUTE, book, snapshot
from tests.services.mail_server import NOTHING, SENT, DiesAfterSending, PulledOutError, booked_and_told, rows, work


def test_a_new_course_is_told_in_one_message_after_the_hold_time(posted, clinic, clock, server):
    """Not a minute earlier; all visits, the personal page, and a calendar file with the feed's own entries."""
    course_id = book(posted, clinic, ACUTE)
    clock.advance(minutes=4)
    assert messages.send_outbox(posted) == NOTHING
    clock.advance(minutes=1)
    assert messages.send_outbox(posted) == SENT
    assert messages.send_outbox(posted) == NOTHING
    (message,) = server.taken
    course = snapshot(posted, clinic, course_id)
    assert message.to == "ana@example.org"
    assert message.text.count("Ben Okafor") == len(course.live)
    token = message.text.partition(f"{posted.base_url}/p/")[2].split()[0]
    assert patient_for_link(posted, token).patient_id == clinic.ana
    (file,) = message.attachments
    assert file.content.count(b"BEGIN:VEVENT") == len(course.live)
    assert file.content.count(b"SEQUENCE:0") == len(course.live)
    assert rows(posted, clinic)[0].status == "sent"


def test_what_was_told_can_not_be_undone(posted, clinic, clock):
    """Up to the moment of sending it can, then it can not."""
    booked_and_told(posted, clinic, clock)
    with posted.reading(clinic.system) as unit:
        revision = unit.session.scalars(select(RevisionRow)).one()
    assert revision.told_at == clock.now()
    with pytest.raises(UndoRefused, match="told"):
        undoing.undo(posted, clinic.rosa.actor, revision.id)


def test_a_miss_is_told_as_the_change_it_made(posted, clinic, clock, server):
    """One message after the hold time: the missed visit, moved; with the entries' next SEQUENCE in the file."""
    course_id = booked_and_told(posted, clinic, clock)
    first = snapshot(posted, clinic, course_id).sessions[0].current
    clock.set(first.ends_at + timedelta(minutes=5))
    attendance.miss(posted, clinic.rosa.actor, first.id)
    clock.advance(minutes=5)
    assert messages.send_outbox(posted) == SENT
    message = server.taken[-1]
    assert "Moved:" in message.text
    assert "did not take place" in message.text
    assert b"SEQUENCE:1" in message.attachments[0].content
    assert message.message_id != server.taken[0].message_id


def test_what_is_undone_within_the_hold_time_sends_nothing(posted, clinic, clock, server):
    """The message that was owed finds nothing to tell, and the revisions count as untold."""
    course_id = booked_and_told(posted, clinic, clock)
    first = snapshot(posted, clinic, course_id).sessions[0].current
    clock.set(first.ends_at + timedelta(minutes=5))
    outcome = attendance.miss(posted, clinic.rosa.actor, first.id)
    undoing.undo(posted, clinic.rosa.actor, outcome.revision_id)
    clock.advance(minutes=30)
    messages.send_outbox(posted)
    assert len(server.taken) == 1
    assert [row.status for row in rows(posted, clinic)] == ["sent", "skipped"]
    with posted.reading(clinic.system) as unit:
        told = [row.told_at is not None for row in unit.session.scalars(select(RevisionRow).order_by(RevisionRow.id))]
    assert told == [True, False, False]


def test_two_changes_within_the_hold_time_are_one_message_about_the_outcome(posted, clinic, clock, server):
    """Moved twice: the patient hears of the last time only."""
    course_id = booked_and_told(posted, clinic, clock)
    for _ in range(2):
        last = snapshot(posted, clinic, course_id).sessions[-1].current
        slot = moving.legal_slots(posted, clinic.rosa.actor, last.id)[-1]
        moving.move(posted, clinic.rosa.actor, last.id, slot.start, slot.practitioner_id)
        clock.advance(minutes=1)
    clock.advance(minutes=5)
    assert messages.send_outbox(posted) == SENT
    text = server.taken[-1].text
    assert text.count("  was ") == 1
    assert f"{slot.start:%H:%M}" in text


def test_a_time_that_has_passed_is_not_told_any_more(posted, clinic, clock, server):
    """The clinic's machine was off for a year: nobody gets old news."""
    book(posted, clinic, ACUTE)
    clock.advance(days=365)
    messages.send_outbox(posted)
    assert server.taken == []
    assert rows(posted, clinic)[0].status == "skipped"


def test_a_patient_without_an_address_goes_to_the_worklist_with_the_words_to_say(posted, clinic, clock, server):
    """Reception tells them by phone, so it counts as told."""
    with posted.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).email = ""
    book(posted, clinic, ACUTE)
    clock.advance(minutes=5)
    messages.send_outbox(posted)
    assert server.taken == []
    ((kind, says),) = work(posted, clinic)
    assert kind == worklists.TELL_PATIENT
    assert "booked: Tuesday 3 March" in says
    assert rows(posted, clinic)[0].status == "skipped"


def test_mail_that_fails_for_now_is_tried_again_ever_more_rarely(posted, clinic, clock, server):
    """After 1, 5, 15 and 60 minutes; the one that goes through is the only one."""
    book(posted, clinic, ACUTE)
    clock.advance(minutes=5)
    server.before_data = TemporaryFailure("421 come back later")
    for wait in (1, 5, 15, 60, 60):
        assert messages.send_outbox(posted) == SweepReport(failed=1)
        assert messages.send_outbox(posted) == NOTHING
        assert rows(posted, clinic)[0].due_at == clock.now() + timedelta(minutes=wait)
        clock.advance(minutes=wait)
    server.before_data = None
    assert messages.send_outbox(posted) == SENT
    assert len(server.taken) == 1
    assert rows(posted, clinic)[0].attempts == 6


def test_a_change_while_mail_is_away_is_held_like_any_other(posted, clinic, clock, server):
    """The message that waits is old, the change is new: it can be undone for the hold time."""
    course_id = book(posted, clinic, ACUTE)
    clock.advance(hours=1)
    server.before_data = TemporaryFailure("421 come back later")
    messages.send_outbox(posted)
    server.before_data = None
    last = snapshot(posted, clinic, course_id).sessions[-1].current
    outcome = attendance.cancel(posted, clinic.rosa.actor, last.id, rebook=False)
    clock.advance(minutes=4)
    assert messages.send_outbox(posted) == NOTHING
    undoing.undo(posted, clinic.rosa.actor, outcome.revision_id)
    clock.advance(minutes=5)
    assert messages.send_outbox(posted) == SENT
    assert server.taken[0].text.count("Ben Okafor") == len(snapshot(posted, clinic, course_id).live)


def test_mail_that_never_goes_through_ends_on_the_worklist(posted, clinic, clock, server):
    """After a day of trying a person is told, with what the patient should know."""
    book(posted, clinic, ACUTE)
    server.before_data = TemporaryFailure("421 come back later")
    for _ in range(messages.MOST_ATTEMPTS):
        clock.advance(hours=1)
        assert messages.send_outbox(posted).failed == 1
    assert rows(posted, clinic)[0].status == "failed"
    ((kind, says),) = work(posted, clinic)
    assert kind == worklists.MESSAGE_FAILED
    assert "booked: " in says
    assert "421 come back later" in says
    clock.advance(days=2)
    assert messages.send_outbox(posted) == NOTHING


def test_an_address_the_server_refuses_is_not_tried_again(posted, clinic, clock, server):
    """550 is for good."""
    book(posted, clinic, ACUTE)
    clock.advance(minutes=5)
    server.before_data = PermanentFailure("550 no such user")
    assert messages.send_outbox(posted) == SweepReport(failed=1)
    assert rows(posted, clinic)[0].status == "failed"
    assert work(posted, clinic)[0][0] == worklists.MESSAGE_FAILED


def test_a_server_that_is_away_is_not_asked_for_every_patient(posted, clinic, clock, server):
    """After three refusals in a row the others wait for the next turn, untouched."""
    with posted.writing(clinic.system) as unit:
        patients_of_today = [make_patient(unit, f"Patient {number}", f"p{number}@example.org") for number in range(5)]
    for patient_id in patients_of_today:
        book(posted, replace(clinic, ana=patient_id), ACUTE)
    clock.advance(minutes=5)
    server.before_data = TemporaryFailure("connection refused")
    assert messages.send_outbox(posted) == SweepReport(failed=3)
    assert [row.attempts for row in rows(posted, clinic)] == [1, 1, 1, 0, 0]
    server.before_data = None
    assert messages.send_outbox(posted).done == 2


def test_a_course_message_whose_worker_died_is_sent_again_under_the_same_identity(posted, clinic, clock, server):
    """Sent but not marked: the copy has the same Message-ID and the same bytes, so it changes nothing."""
    book(posted, clinic, ACUTE)
    clock.advance(minutes=5)
    dying = replace(posted, mailer=DiesAfterSending(server))
    with pytest.raises(PulledOutError):
        messages.send_outbox(dying)
    assert messages.send_outbox(posted) == NOTHING  # Its lease holds.
    clock.advance(minutes=10)
    assert messages.send_outbox(posted) == SENT
    first, second = server.taken
    assert first.message_id == second.message_id
    assert first == second


def test_another_state_of_the_course_has_another_identity(posted, clinic, clock, server):
    """Sent but not marked, then moved: the new words must not be dropped as a copy of the old ones."""
    course_id = book(posted, clinic, ACUTE)
    clock.advance(minutes=5)
    with pytest.raises(PulledOutError):
        messages.send_outbox(replace(posted, mailer=DiesAfterSending(server)))
    last = snapshot(posted, clinic, course_id).sessions[-1].current
    slot = moving.legal_slots(posted, clinic.rosa.actor, last.id)[-1]
    moving.move(posted, clinic.rosa.actor, last.id, slot.start, slot.practitioner_id)
    clock.advance(minutes=10)
    messages.send_outbox(posted)
    first, second = server.taken
    assert first.message_id != second.message_id
    assert sorted(row.status for row in rows(posted, clinic)) == ["sent", "skipped"]


def test_a_letter_that_stops_every_worker_is_given_up(posted, clinic, clock, server):
    """A bug in one letter must not be tried for ever."""
    book(posted, clinic, ACUTE)
    server.before_data = PulledOutError()
    for _ in range(messages.MOST_ATTEMPTS):
        clock.advance(minutes=10)
        with pytest.raises(PulledOutError):
            messages.send_outbox(posted)
    clock.advance(minutes=10)
    messages.send_outbox(posted)
    assert rows(posted, clinic)[0].status == "failed"
    assert work(posted, clinic)[0][0] == worklists.MESSAGE_FAILED


def test_the_log_names_neither_patient_nor_address(posted, clinic, clock, server, caplog):
    """Even where the server's answer does."""
    book(posted, clinic, ACUTE)
    clock.advance(minutes=5)
    server.before_data = PermanentFailure("550 ana@example.org is unknown")
    messages.send_outbox(posted)
    assert "was not delivered" in caplog.text
    assert "ana@" not in caplog.text
    assert "Ana" not in caplog.text


def test_each_clinic_sends_in_its_own_name(posted, clinic, other_clinic, clock, server):
    """Two clinics in one database."""
    book(posted, clinic, ACUTE)
    book(posted, other_clinic, ACUTE)
    clock.advance(minutes=5)
    assert messages.send_outbox(posted).done == 2
    assert {(message.to, message.from_name) for message in server.taken} == {
        ("ana@example.org", "Northside Clinic"),
        ("cy-ana@example.org", "Cy's Clinic"),
    }


def test_a_patient_far_away_reads_their_own_time(posted, clinic, clock, server):
    """Lisbon keeps London's time, Paris does not."""
    details = patients.get(posted, clinic.rosa.actor, clinic.ana)
    patients.update(
        posted,
        clinic.rosa.actor,
        clinic.ana,
        replace(details.details, timezone="Europe/Paris"),
        version=details.version,
    )
    course_id = book(posted, clinic, ACUTE)
    clock.advance(minutes=5)
    messages.send_outbox(posted)
    first = snapshot(posted, clinic, course_id).sessions[0].current.starts_at
    assert f"{first + timedelta(hours=1):%H:%M}" in server.taken[0].text
