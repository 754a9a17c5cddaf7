"""Reminders: one for each visit, at its time, never twice."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from planner.notify.delivery import UnknownOutcome
from planner.services import attendance, messages, moving, reminders, worklists
from tests.services.course_life import ACUTE, CHRONIC, attend, book, snapshot
from tests.services.mail_server import NOTHING, SENT, DiesAfterSending, PulledOutError, booked_and_told, rows, work


def to_be_reminded(posted, clinic, clock, findings=ACUTE):
    """A told course whose second visit begins in 23 hours."""
    course_id = booked_and_told(posted, clinic, clock, findings)
    visit = snapshot(posted, clinic, course_id).sessions[1].current
    attend(posted, clinic, clock, course_id, 0)
    clock.set(visit.starts_at - timedelta(hours=23))
    return course_id, visit


def test_a_visit_is_reminded_of_once(posted, clinic, clock, server):
    """Within the clinic's reminder time, however often the sweep runs."""
    _, visit = to_be_reminded(posted, clinic, clock)
    clock.set(visit.starts_at - timedelta(hours=24, minutes=1))
    assert reminders.queue_reminders(posted) == NOTHING
    clock.advance(minutes=2)
    assert reminders.queue_reminders(posted) == SENT
    assert reminders.queue_reminders(posted) == NOTHING
    assert messages.send_outbox(posted) == SENT
    assert reminders.queue_reminders(posted) == NOTHING
    assert messages.send_outbox(posted) == NOTHING
    assert f"{visit.starts_at:%H:%M}" in server.taken[-1].text
    assert server.taken[-1].text.count("Ben Okafor") == 1


def test_a_missed_tick_is_made_up(posted, clinic, clock, server):
    """The machine was off when the day came: the reminder goes out late, but before the visit."""
    _, visit = to_be_reminded(posted, clinic, clock)
    clock.set(visit.starts_at - timedelta(hours=2))
    assert reminders.queue_reminders(posted) == SENT
    assert messages.send_outbox(posted) == SENT


def test_a_moved_visit_is_reminded_of_at_its_new_time_only(posted, clinic, clock, server):
    """The reminder of the old time is dropped; the new time has its own."""
    course_id, visit = to_be_reminded(posted, clinic, clock, CHRONIC)
    reminders.queue_reminders(posted)
    later = [
        slot
        for slot in moving.legal_slots(posted, clinic.rosa.actor, visit.id)
        if slot.starts_at - clock.now() > timedelta(hours=26)
    ]
    moving.move(posted, clinic.rosa.actor, visit.id, later[-1].start, later[-1].practitioner_id)
    messages.send_outbox(posted)
    assert [row.status for row in rows(posted, clinic) if row.kind == "reminder"] == ["skipped"]
    clock.set(later[-1].starts_at - timedelta(hours=23))
    assert reminders.queue_reminders(posted).done == 1
    assert snapshot(posted, clinic, course_id).sessions[1].current.id == visit.id


def test_who_has_just_booked_is_not_reminded(posted, clinic, clock, server):
    """A visit that was booked within the reminder time was told of minutes ago."""
    course_id = book(posted, clinic, ACUTE)
    first = snapshot(posted, clinic, course_id).sessions[0].current
    assert first.starts_at - clock.now() < timedelta(hours=36)
    with posted.writing(clinic.system) as unit:
        unit.clinic.reminder_hours = 48
    assert reminders.queue_reminders(posted) == NOTHING


def test_a_cancelled_visit_is_not_reminded_of(posted, clinic, clock, server):
    """Not even when the reminder was waiting already."""
    _, visit = to_be_reminded(posted, clinic, clock)
    reminders.queue_reminders(posted)
    attendance.cancel(posted, clinic.rosa.actor, visit.id, rebook=False)
    count = len(server.taken)
    messages.send_outbox(posted)
    assert len(server.taken) == count


def test_a_reminder_is_worth_nothing_after_the_visit_began(posted, clinic, clock, server):
    """Mail was away until then: it expires."""
    _, visit = to_be_reminded(posted, clinic, clock)
    reminders.queue_reminders(posted)
    clock.set(visit.starts_at)
    count = len(server.taken)
    messages.send_outbox(posted)
    assert len(server.taken) == count
    assert rows(posted, clinic)[-1].status == "expired"


def test_a_reminder_that_was_cut_off_is_never_sent_twice(posted, clinic, clock, server):
    """The worker died after the text began to go out: a person sees it, and nothing is sent again."""
    to_be_reminded(posted, clinic, clock)
    reminders.queue_reminders(posted)
    with pytest.raises(PulledOutError):
        messages.send_outbox(replace(posted, mailer=DiesAfterSending(server)))
    count = len(server.taken)
    clock.advance(minutes=10)
    messages.send_outbox(posted)
    messages.send_outbox(posted)
    assert len(server.taken) == count
    assert rows(posted, clinic)[-1].status == "unknown"
    assert [kind for kind, _ in work(posted, clinic)] == [worklists.MESSAGE_FAILED]


def test_a_reminder_whose_worker_died_earlier_is_sent_once(posted, clinic, clock, server):
    """Nothing had gone out yet, so the next worker sends it."""
    to_be_reminded(posted, clinic, clock)
    reminders.queue_reminders(posted)
    server.before_data = PulledOutError()
    with pytest.raises(PulledOutError):
        messages.send_outbox(posted)
    server.before_data = None
    clock.advance(minutes=10)
    assert messages.send_outbox(posted) == SENT


def test_a_reminder_of_unknown_fate_is_not_repeated_but_a_course_message_is(posted, clinic, clock, server):
    """The line broke after the text: a second reminder would confuse, a second copy of dates does not."""
    course_id, _ = to_be_reminded(posted, clinic, clock)
    reminders.queue_reminders(posted)
    server.after_data = UnknownOutcome("the line broke")
    assert messages.send_outbox(posted).failed == 1
    assert rows(posted, clinic)[-1].status == "unknown"
    last = snapshot(posted, clinic, course_id).sessions[-1].current
    attendance.cancel(posted, clinic.rosa.actor, last.id, rebook=False)
    clock.advance(minutes=5)
    messages.send_outbox(posted)
    assert rows(posted, clinic)[-1].status == "due"


def test_a_worker_that_lost_its_lease_sends_no_reminder(posted, clinic, clock, server):
    """It hung for longer than its lease, and another one took over: only one of them sends."""
    to_be_reminded(posted, clinic, clock)
    reminders.queue_reminders(posted)
    count = len(server.taken)
    slow = replace(posted, mailer=Hangs(posted, clock))
    messages.send_outbox(slow)
    assert len(server.taken) == count + 1
    assert rows(posted, clinic)[-1].status == "sent"


@dataclass
class Hangs:
    """A mailer that hangs before the text goes out; meanwhile another worker does its work."""

    posted: object
    clock: object

    def send(self, message, *, on_data_started=None):
        self.clock.advance(minutes=11)
        assert messages.send_outbox(self.posted) == SENT
        on_data_started()
        raise AssertionError("it was allowed to send")
