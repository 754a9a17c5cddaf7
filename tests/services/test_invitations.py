"""Invitations from booking to answer: what is sent when, what an answer does, and what proves it."""

import shutil
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from sqlalchemy import select

from planner.notify.message import Mailbox
from planner.services import attendance, messages, moving, replies, worklists
from planner.services.invitations import secret_of
from planner.storage.calendars import InvitationRow
from planner.storage.database import Database
from planner.storage.outward import OutboxRow
from planner.storage.people import PatientRow
from tests.web.ana_course import book_ana

REPLIES = "replies@northside.example"


@pytest.fixture
def answering(runtime):
    """The program of a clinic whose mail server hands answers over."""
    return replace(runtime, reply_address=REPLIES)


@pytest.fixture
def course(answering, clinic):
    """Ana, who chose invitations, has a course."""
    with answering.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).contact = "invitations"
    return book_ana(answering, clinic)


def send_all(answering, clock):
    """Let the hold time pass, and send what is due, with the invitations that follow from it."""
    clock.advance(minutes=5)
    messages.send_outbox(answering)
    clock.advance(minutes=1)
    messages.send_outbox(answering)


def invitations(answering):
    """The calendars of all invitations sent so far, oldest first."""
    sent = (message for message in answering.mailer.sent if message.calendar is not None)
    return [Calendar.from_ical(message.calendar.content) for message in sent]


def the_event(calendar):
    """The only event in it."""
    (event,) = calendar.walk("VEVENT")
    return event


def reply_to(
    event, answer="ACCEPTED", *, stamp="20260303T120000Z", sequence=None, attendee=None, organizer=None, method="REPLY",
    start=None,
):  # fmt: skip
    """What a patient's mail program sends back for an invitation."""
    lines = [
        "BEGIN:VCALENDAR", "PRODID:-//Some program//EN", "VERSION:2.0", f"METHOD:{method}", "BEGIN:VEVENT",
        f"UID:{event['UID']}", f"SEQUENCE:{event['SEQUENCE'] if sequence is None else sequence}", f"DTSTAMP:{stamp}",
        f"ORGANIZER:{organizer or event['ORGANIZER']}",
        f"ATTENDEE;PARTSTAT={answer}:{attendee or event['ATTENDEE']}",
        *([f"DTSTART:{start}"] if start else []),
        "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
    head = (
        "From: whoever@example.org\r\nTo: desk@northside.example\r\nSubject: Re\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: text/calendar; method={method}; charset="utf-8"\r\n\r\n'
    )
    return (head + "\r\n".join(lines)).encode()


def invited(answering, clock, number=2):
    """The event of the invitation to a session, after everything was sent."""
    send_all(answering, clock)
    return the_event(sorted(invitations(answering), key=lambda each: the_event(each)["DTSTART"].dt)[number - 1])


def work(course, *kinds):
    """Open lines of these kinds, in words."""
    return [item.says for item in course.notices() if item.kind in kinds]


def test_point_19_a_course_is_one_message_in_words_and_one_invitation_for_each_session(answering, clock, course):
    """The first has all dates and one file; the others are what a calendar program answers."""
    send_all(answering, clock)
    words = [message for message in answering.mailer.sent if message.calendar is None]
    assert len(words) == 1
    assert len(words[0].attachments) == 1
    found = invitations(answering)
    assert len(found) == len(course.now().live)
    assert {str(each["METHOD"]) for each in found} == {"REQUEST"}
    assert len({str(the_event(each)["ORGANIZER"]) for each in found}) == len(found)


@pytest.mark.parametrize(("language", "words"), [("de", ("Ihr Termin", "Termin –")), ("es", ("Su cita", "Cita –"))])
def test_an_invitation_is_in_the_patients_language(answering, clinic, clock, course, language, words):
    """The words around it and the entry in it, when it is booked and when it is called off."""
    with answering.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).language = language
    send_all(answering, clock)
    attendance.cancel(answering, clinic.rosa.actor, course.appointment(3).id, rebook=False)
    send_all(answering, clock)
    sent = [message for message in answering.mailer.sent if message.calendar is not None]
    assert {str(each["METHOD"]) for each in invitations(answering)} == {"REQUEST", "CANCEL"}
    for message, calendar in zip(sent, invitations(answering), strict=True):
        assert f'<html lang="{language}">' in message.html
        assert words[1] in str(the_event(calendar)["SUMMARY"])
        for english in ("ppointment", "Cancelled", "minutes with"):
            assert english not in message.subject + message.text + message.html + str(calendar.to_ical())
    assert words[0] in sent[0].text


def test_who_chose_something_else_gets_no_invitation(runtime, clinic, clock):
    """The usual way is the calendar that follows."""
    answering = replace(runtime, reply_address=REPLIES)
    book_ana(answering, clinic)
    send_all(answering, clock)
    assert invitations(answering) == []


def test_point_19_a_move_is_a_request_with_a_higher_sequence_and_a_cancellation_a_cancel(
    answering, clinic, clock, course
):
    """Of the same UID, and of no other session than those that changed."""
    before = invited(answering, clock, 3)
    sent = len(invitations(answering))
    booked = course.appointment(3)
    slot = moving.legal_slots(answering, clinic.rosa.actor, booked.id)[0]
    moving.move(answering, clinic.rosa.actor, booked.id, slot.start, slot.practitioner_id)
    send_all(answering, clock)
    (moved,) = invitations(answering)[sent:]
    event = the_event(moved)
    assert (str(moved["METHOD"]), str(event["UID"])) == ("REQUEST", str(before["UID"]))
    assert int(event["SEQUENCE"]) == int(before["SEQUENCE"]) + 1
    assert event["DTSTART"].dt == slot.starts_at
    attendance.cancel(answering, clinic.rosa.actor, course.appointment(3).id, rebook=False)
    send_all(answering, clock)
    gone = invitations(answering)[-1]
    assert str(gone["METHOD"]) == "CANCEL"
    assert str(the_event(gone)["UID"]) == str(before["UID"])
    assert int(the_event(gone)["SEQUENCE"]) == int(event["SEQUENCE"]) + 1


def test_point_19_an_overtaken_invitation_is_never_sent(answering, clinic, clock, course):
    """An old REQUEST could overwrite a newer one."""
    clock.advance(minutes=5)
    messages.send_outbox(answering)
    booked = course.appointment(3)
    slot = moving.legal_slots(answering, clinic.rosa.actor, booked.id)[0]
    moving.move(answering, clinic.rosa.actor, booked.id, slot.start, slot.practitioner_id)
    send_all(answering, clock)
    sequences = {}
    for each in invitations(answering):
        event = the_event(each)
        sequences.setdefault(str(event["UID"]), []).append(int(event["SEQUENCE"]))
    assert sorted(sequences.values())[-1] == [1]
    assert all(list(found) == sorted(set(found)) for found in sequences.values())


def test_a_second_attempt_is_the_same_message(answering, clinic, clock, course):
    """The same Message-ID and the same bytes, so that it can be recognised."""
    send_all(answering, clock)
    message = answering.mailer.sent[-1]
    with answering.writing(clinic.system) as unit:
        row = unit.session.scalars(select(OutboxRow).where(OutboxRow.kind == "invitation").order_by(OutboxRow.id)).all()
        row[-1].status, row[-1].leased_until = "due", None
    messages.send_outbox(answering)
    again = answering.mailer.sent[-1]
    sender = Mailbox("planner@northside.example")
    assert again.to_mime(sender).as_bytes() == message.to_mime(sender).as_bytes()


def test_point_20_accepting_confirms_and_a_repair_leaves_the_session_alone(answering, clock, course):
    """As the button on the personal page does."""
    event = invited(answering, clock)
    assert replies.receive(answering, reply_to(event)).outcome == "confirmed"
    assert course.appointment(2).confirmed_at is not None
    assert replies.receive(answering, reply_to(event)).outcome == "repeated"


def test_point_20_declining_asks_a_person_to_cancel_or_move(answering, clock, course):
    """The appointment stands until somebody has seen to it; a confirmation does not."""
    event = invited(answering, clock)
    replies.receive(answering, reply_to(event))
    assert replies.receive(answering, reply_to(event, "DECLINED", stamp="20260303T130000Z")).outcome == "declined"
    assert (course.appointment(2).status, course.appointment(2).confirmed_at) == ("booked", None)
    (says,) = work(course, worklists.REPLY_DECLINED)
    assert "Ana Silva declined" in says
    replies.receive(answering, reply_to(event, stamp="20260303T140000Z"))
    assert work(course, worklists.REPLY_DECLINED) == []


def test_point_20_another_time_becomes_a_wish_on_the_worklist_once(answering, clock, course):
    """In the clinic's own time."""
    event = invited(answering, clock)
    counter = reply_to(event, method="COUNTER", start="20260601T130000Z")
    assert replies.receive(answering, counter).outcome == "wish"
    assert replies.receive(answering, counter).outcome == "repeated"
    (says,) = work(course, worklists.REPLY_WISH)
    assert says.startswith("Ana Silva asks for Mon 1 Jun, 14:00 instead of ")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"organizer": "mailto:replies+aaaaaaaaaaaaaaaaaaaaaaaaaa@northside.example"}, "could not be proved"),
        ({"organizer": "mailto:replies@northside.example"}, "could not be proved"),
        ({"attendee": "mailto:eve@evil.example"}, "Somebody else answered"),
        ({"sequence": 7}, "never sent"),
        ({"answer": "NEEDS-ACTION"}, "neither accepts nor declines"),
    ],
)
def test_point_20_what_can_not_be_proved_changes_nothing_and_is_shown(answering, clock, course, changes, why):
    """Whatever its From line says."""
    event = invited(answering, clock)
    before = course.now()
    received = replies.receive(answering, reply_to(event, **changes))
    assert received.outcome == "refused"
    assert why in received.says
    assert course.now() == before
    assert [why in says for says in work(course, worklists.REPLY_REFUSED)] == [True]


def test_an_answer_to_what_was_moved_meanwhile_changes_nothing(answering, clinic, clock, course):
    """It is about a time that does not hold any more."""
    event = invited(answering, clock, 3)
    booked = course.appointment(3)
    slot = moving.legal_slots(answering, clinic.rosa.actor, booked.id)[0]
    moving.move(answering, clinic.rosa.actor, booked.id, slot.start, slot.practitioner_id)
    assert "does not hold any more" in replies.receive(answering, reply_to(event)).says
    assert course.appointment(3).confirmed_at is None


def test_the_secret_of_one_invitation_opens_no_other(answering, clock, course):
    """Each session has its own, and each patient."""
    one, other = invited(answering, clock, 2), invited(answering, clock, 3)
    received = replies.receive(answering, reply_to(one, organizer=str(other["ORGANIZER"])))
    assert "could not be proved" in received.says
    secrets = {secret_of(answering, clinic, uid, ana) for clinic in (1, 2) for uid in "ab" for ana in (1, 2)}
    assert len(secrets) == 8
    assert all(len(secret) == 26 for secret in secrets)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x00\xff", b"Subject: hello\r\n\r\nNo calendar", b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n",
     b"Content-Type: text/calendar\r\n\r\n" + b"BEGIN:VEVENT\r\n" * 50_000],
)  # fmt: skip
def test_a_broken_message_changes_nothing_and_is_shown_once(answering, clock, course, raw):
    """In the only clinic there is."""
    for _ in range(2):
        assert replies.receive(answering, raw).outcome == "refused"
    assert len(work(course, worklists.REPLY_REFUSED)) == 1


def test_of_several_clinics_none_is_shown_what_belongs_to_nobody(answering, clinic, other_clinic, course):
    """It could be the other one's patient."""
    assert replies.receive(answering, b"nonsense").outcome == "refused"
    assert work(course, worklists.REPLY_REFUSED) == []


def test_a_flood_of_forged_answers_fills_no_worklist(answering, clock, course):
    """Fifty lines are enough to notice."""
    event = invited(answering, clock)
    for number in range(replies.MOST_REFUSED + 3):
        forged = reply_to(event, stamp=f"20260303T1200{number % 60:02}Z", organizer="mailto:x@y.example")
        replies.receive(answering, forged + b"\r\n" * number)
    assert len(work(course, worklists.REPLY_REFUSED)) == replies.MOST_REFUSED


@contextmanager
def copy_of(answering, folder):
    """The program on a copy of its database."""
    source = str(answering.database.url.database)
    with answering.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    target = folder / "copy.sqlite"
    shutil.copy(source, target)
    database = Database(f"sqlite:///{target}")
    yield replace(answering, database=database)
    database.close()
    for file in folder.glob("copy.sqlite*"):
        file.unlink()


ANSWERS = st.lists(
    st.tuples(st.sampled_from(["ACCEPTED", "TENTATIVE", "DECLINED"]), st.integers(0, 3)), min_size=1, max_size=5
)


def state_after(program, clinic, course_id, session_uid, event, answers):
    """(answer, confirmed, declined line open) when these came in, in this order."""
    for answer, minute in answers:
        replies.receive(program, reply_to(event, answer, stamp=f"20260303T12{minute:02}00Z"))
    course = replace(course_id, runtime=program)
    with program.reading(clinic.system) as unit:
        row = unit.session.scalars(
            select(InvitationRow).where(InvitationRow.session_id == course.now().sessions[1].id)
        ).one()
    declined = bool(work(course, worklists.REPLY_DECLINED))
    return row.answer, course.appointment(2).confirmed_at is not None, declined


@pytest.mark.wide
@pytest.mark.sqlite
def test_answers_lead_to_the_same_state_in_any_order_and_any_number(answering, clinic, clock, course, tmp_path):
    """After every prefix the newest answer so far holds; repeats and overtaking change nothing."""
    event = invited(answering, clock)

    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(answers=ANSWERS, data=st.data())
    def holds(answers, data):
        shuffled = data.draw(st.permutations([*answers, *answers[:2]]))
        order = {"ACCEPTED": 0, "TENTATIVE": 1, "DECLINED": 2}
        newest = max(answers, key=lambda each: (each[1], order[each[0]]))[0]
        with copy_of(answering, tmp_path) as program:
            found = state_after(program, clinic, course, event["UID"], event, shuffled)
        assert found == (newest, newest == "ACCEPTED", newest == "DECLINED")

    holds()


def test_a_program_that_keeps_invitations_has_the_right_state_after_every_prefix(answering, clinic, clock, course):
    """Booked, moved, cancelled: what was sent, put together by UID and SEQUENCE, is what the diary says."""
    stored = {}

    def sync():
        send_all(answering, clock)
        for each in reversed(invitations(answering)):
            event = the_event(each)
            known = stored.get(str(event["UID"]))
            if known is None or int(event["SEQUENCE"]) >= int(known["SEQUENCE"]):
                stored[str(event["UID"])] = event
        shown = {each["DTSTART"].dt.astimezone(UTC) for each in stored.values() if each["STATUS"] != "CANCELLED"}
        assert shown == {session.current.starts_at for session in course.now().live}

    sync()
    booked = course.appointment(3)
    slot = moving.legal_slots(answering, clinic.rosa.actor, booked.id)[0]
    moving.move(answering, clinic.rosa.actor, booked.id, slot.start, slot.practitioner_id)
    sync()
    attendance.cancel(answering, clinic.rosa.actor, course.appointment(4).id)
    sync()
    attendance.cancel(answering, clinic.rosa.actor, course.now().live[-1].current.id, rebook=False)
    sync()
    starts = sorted(session.current.starts_at for session in course.now().live)
    assert all(after - before >= timedelta(hours=48) for before, after in pairwise(starts))
    assert all(isinstance(start, datetime) for start in starts)
