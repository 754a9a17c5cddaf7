"""Faults 9 to 12: mail fails, workers die. Nothing is lost silently, no reminder comes twice, no clock makes a mass."""

import asyncio
import random
import socket
import sqlite3
import time
from collections import Counter
from contextlib import closing, contextmanager
from datetime import timedelta
from email import message_from_bytes

import pytest
from aiosmtpd.controller import Controller

from planner.notify.message import Mailbox, message_id
from planner.notify.smtp import SmtpMailer
from planner.services import messages, reminders
from planner.services.assessments import of_patient
from planner.services.booking import BookingRequest, book_course, propose
from planner.services.wishes import Wishes
from planner.storage.ids import new_id
from tests.faults.checks import ask, assert_whole, number
from tests.faults.processes import CONTEXT, insert_row, pattern_of, send_until_done
from tests.faults.scenes import FIRST_DAY, NOW, make_busy_clinic

pytestmark = pytest.mark.faults

# The day before most patients' second visit.
THURSDAY = NOW + timedelta(days=3)
DUE = 1000
LEASE_OVER = messages.LEASE + timedelta(minutes=1)


class SlowPostOffice:
    """Takes every message after a moment in which its sender can be killed, and remembers whose it was."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds
        self.begun = 0
        self.taken = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  (aiosmtpd's name)
        self.begun += 1
        await asyncio.sleep(self.seconds)
        self.taken.append(message_from_bytes(envelope.content)["Message-ID"])
        await asyncio.sleep(self.seconds)
        return "250 taken"


def free_port():
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def open_post_office(office, port):
    """It is open while the block lasts."""
    controller = Controller(office, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


def mailer(port):
    """The way there."""
    return SmtpMailer("127.0.0.1", port, "none", Mailbox("desk@busy.example"), timeout=5)


@pytest.fixture
def busy(tmp_path):
    """A clinic in which ten patients have booked, so that ten messages are owed."""
    clinic = make_busy_clinic(tmp_path / "planner.sqlite", patients=10, therapists=3)
    for patient in clinic.patients:
        book(clinic, patient)
    return clinic


def book(clinic, patient):
    """A course for one patient."""
    runtime = clinic.runtime()
    with runtime.reading(clinic.actor) as unit:
        found = of_patient(unit, patient)[0]
    request = BookingRequest(
        course_id=new_id(), patient_id=patient, assessment_id=found.id, phases=found.phases,
        first_visit_minutes=60, visit_minutes=30, wishes=Wishes(clinic.therapists), earliest_day=FIRST_DAY,
    )  # fmt: skip
    places = propose(runtime, clinic.actor, request, with_alternatives=False).places
    book_course(runtime, clinic.actor, request, places)
    runtime.database.close()


def states(clinic, kind):
    """How many messages of a kind are in which state."""
    return dict(ask(clinic.file, f"SELECT status, count(*) FROM outbox WHERE kind = '{kind}' GROUP BY status"))  # noqa: S608


@pytest.mark.slow
def test_fault_10_workers_killed_while_sending_lose_nothing_and_remind_nobody_twice(busy, record_fault):
    """Twelve workers are killed at some moment each. Course messages may come twice, as copies; reminders never.

    Seen to fail with rows marked as sent before they go out, and with reminders that commit nothing before their text.
    """
    office, port, chance = SlowPostOffice(0.03), free_port(), random.Random(3)
    now, cut_off = THURSDAY + timedelta(hours=6), Counter()
    with open_post_office(office, port):
        for turn in range(12):
            now += LEASE_OVER
            if turn == 4:
                assert reminders.queue_reminders(busy.runtime(now)).done >= 5
            cut_off += _send_and_kill(busy, now, office, port, chance)
        for _ in range(4):
            now += timedelta(hours=1)
            _send_to_the_end(busy, now, port)
    assert cut_off["leased"] >= 2, "no worker was killed while it sent a course message"
    assert cut_off["sending"] >= 1, "no worker was killed while it sent a reminder"
    reminded, copies = states(busy, "reminder"), Counter(office.taken)
    assert states(busy, "course_booked") == {"sent": 10}
    assert set(reminded) <= {"sent", "unknown"}
    assert len(copies) >= 10 + reminded.get("sent", 0)
    assert max(copies[identity] for identity in _reminder_identities(busy)) == 1
    flagged = number(busy.file, "SELECT count(*) FROM worklist_item WHERE kind = 'message_failed'")
    assert flagged == reminded.get("unknown", 0) == cut_off["sending"]
    assert_whole(busy.file)
    copied = sum(count - 1 for count in copies.values())
    record_fault(
        "worker killed while it sends; course messages again with one Message-ID, reminders never",
        times=12, double=f"{copied} copies (same Message-ID), {flagged} reminders flagged unknown",
    )  # fmt: skip


def _send_and_kill(clinic, now, office, port, chance):
    """Kill a worker shortly after it began to hand over a message; gives what it left in the middle."""
    worker = CONTEXT.Process(target=send_until_done, args=(clinic, now, port))
    begun = office.begun + chance.randint(1, 3)
    worker.start()
    while office.begun < begun and worker.is_alive():
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.07))
    worker.kill()
    worker.join()
    assert worker.exitcode in (0, -9)
    left = (
        "SELECT status, count(*) FROM outbox WHERE status IN ('leased', 'sending') AND leased_until > '{}' GROUP BY 1"
    )
    return Counter(dict(ask(clinic.file, left.format(f"{now:%Y-%m-%d %H:%M:%S}"))))


def _send_to_the_end(clinic, now, port):
    messages.send_outbox(clinic.runtime(now, mailer(port)))


def _reminder_identities(clinic):
    """The Message-IDs of all reminders, worked out anew."""
    rows = ask(clinic.file, "SELECT clinic_id, key FROM outbox WHERE kind = 'reminder'")
    return [message_id(f"{clinic_id}/{key}", "127.0.0.1") for clinic_id, key in rows]


def test_fault_09_an_hour_without_mail_holds_up_no_booking_and_everything_is_sent_once(busy, record_fault):
    """The mail server is away for an hour. People book on; when it is back each message comes once.

    Seen to fail with a refused message marked as failed instead of put off: it never comes.
    """
    port, now = free_port(), NOW + timedelta(minutes=5)
    away = busy.runtime(now, mailer(port))
    for _ in range(60):
        away.clock.advance(minutes=1)
        messages.send_outbox(away)
    assert states(busy, "course_booked") == {"due": 10}
    book(busy, busy.patients[0])
    office = SlowPostOffice()
    with open_post_office(office, port):
        for _ in range(61):
            away.clock.advance(minutes=1)
            messages.send_outbox(away)
    assert states(busy, "course_booked") == {"sent": 11}
    assert set(Counter(office.taken).values()) == {1}
    assert len(office.taken) == 11
    assert_whole(busy.file)
    record_fault("mail server away for an hour: bookings unaffected, every message sent once", times=11)


def test_fault_09_reminders_that_came_to_nothing_are_dropped_and_not_sent_late(busy, record_fault):
    """The mail server is away until the visits have begun: nobody is reminded of what is over."""
    port = free_port()
    away = busy.runtime(THURSDAY + timedelta(hours=6), mailer(port))
    assert reminders.queue_reminders(away).done >= 5
    messages.send_outbox(away)
    away.clock.advance(days=2)
    office = SlowPostOffice()
    with open_post_office(office, port):
        for _ in range(3):
            messages.send_outbox(away)
            away.clock.advance(minutes=1)
    assert set(states(busy, "reminder")) == {"expired"}
    assert not set(_reminder_identities(busy)) & set(office.taken)
    record_fault("reminders that are over are dropped", times=len(_reminder_identities(busy)))


@pytest.mark.slow
def test_fault_11_a_thousand_messages_that_are_due_at_a_restart_go_out_once_each(busy, record_fault):
    """Two workers start at once, each with all of them before it.

    Seen to fail with both claims of a row taken out (in `_lease` and `_settle`): each goes out twice.
    """
    now = THURSDAY + timedelta(hours=6)
    assert reminders.queue_reminders(busy.runtime(now)).done >= 5
    _fill_up(busy.file, DUE)
    office, port = SlowPostOffice(), free_port()
    with open_post_office(office, port):
        workers = [CONTEXT.Process(target=send_until_done, args=(busy, now, port)) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(150)
            assert worker.exitcode == 0
    assert states(busy, "reminder") == {"sent": DUE}
    sent = Counter(office.taken)
    assert {sent[identity] for identity in _reminder_identities(busy)} == {1}
    assert_whole(busy.file)
    record_fault("1,000 messages due at a restart of two workers: each once", times=DUE)


def _fill_up(file, wanted):
    """Reminders owed under other keys, so that there are so many."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        some = pattern_of(connection, "outbox", "kind = 'reminder'")
        there = connection.execute("SELECT count(*) FROM outbox WHERE kind = 'reminder'").fetchone()[0]
        connection.execute("BEGIN")
        for count in range(wanted - there):
            insert_row(connection, "outbox", {**some, "id": 1_000_000 + count, "key": f"{some['key']}-{count}"})
        connection.execute("COMMIT")


@pytest.mark.parametrize("hours", [2, -2])
def test_fault_12_a_clock_that_jumps_two_hours_and_back_sends_no_mass(busy, hours, record_fault):
    """What is due in those two hours is sent early, and nothing else; nothing comes again when the clock is right.

    Seen to fail without the key of a reminder's time, which lets a second look owe it once more.
    """
    office, port = SlowPostOffice(), free_port()
    running = busy.runtime(NOW, mailer(port))
    with open_post_office(office, port):
        while running.clock.now() < THURSDAY + timedelta(hours=2):
            running.clock.advance(minutes=30)
            _tick(running)
        right, sent = running.clock.now(), len(office.taken)
        reach = right + timedelta(hours=24)
        early = _visits_between(busy, reach, reach + timedelta(hours=max(hours, 0)))
        running.clock.advance(hours=hours)
        _tick(running)
        assert len(office.taken) == sent + early
        running.clock.set(right)
        _tick(running)
        assert len(office.taken) == sent + early
    assert sent > 15
    assert set(Counter(office.taken).values()) == {1}
    record_fault("the clock jumps two hours ahead or back, and is right again: no mass of messages")


def _tick(running):
    reminders.queue_reminders(running)
    messages.send_outbox(running)


def _visits_between(clinic, start, end):
    query = "SELECT count(*) FROM appointment WHERE starts_at > '{}' AND starts_at <= '{}' AND status = 'booked'"
    return number(clinic.file, query.format(f"{start:%Y-%m-%d %H:%M:%S}", f"{end:%Y-%m-%d %H:%M:%S}"))
