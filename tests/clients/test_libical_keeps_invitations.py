"""libical judges each invitation by its own rules: however they come in, it ends up with what the diary says."""

import re
from dataclasses import replace
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from planner.services import attendance, frequency, moving, replies, worklists
from planner.storage.courses import SessionRow
from planner.storage.people import PatientRow
from tests.clients.libical import Store
from tests.services.test_invitations import REPLIES, copy_of, send_all, work
from tests.web.ana_course import book_ana

pytestmark = [pytest.mark.clients, pytest.mark.slow]
ANA = "ana@example.org"


@pytest.fixture
def answering(runtime, clinic):
    """The program of a clinic that reads answers; Ana chose invitations."""
    with runtime.writing(clinic.system) as unit:
        patient = unit.get(PatientRow, clinic.ana)
        patient.contact, patient.email = "invitations", ANA
    return replace(runtime, reply_address=REPLIES)


@pytest.fixture
def history(answering, clinic, clock):
    """(course, steps): booked, moved, called off, one more, moved again; each step with what was mailed and stood."""
    course, steps, mailed = book_ana(answering, clinic), [], 0

    def step():
        nonlocal mailed
        send_all(answering, clock)
        sent = [each.calendar.content for each in answering.mailer.sent if each.calendar is not None]
        steps.append((sent[mailed:], standing(course)))
        mailed = len(sent)

    def move(number):
        booked = course.appointment(number)
        slot = moving.legal_slots(answering, clinic.rosa.actor, booked.id)[0]
        moving.move(answering, clinic.rosa.actor, booked.id, slot.start, slot.practitioner_id)

    step()
    move(3)
    step()
    attendance.cancel(answering, clinic.rosa.actor, course.appointment(4).id)
    step()
    attendance.cancel(answering, clinic.rosa.actor, course.now().live[-1].current.id, rebook=False)
    step()
    frequency.add_session(answering, clinic.rosa.actor, course.id, reason="Catch-up")
    step()
    move(3)
    step()
    assert all(messages for messages, _ in steps)
    return course, steps


def standing(course):
    """Start and end of what is booked."""
    booked = (each.current for each in course.now().live)
    return sorted((each.starts_at, each.ends_at) for each in booked if each is not None and each.occupies)


def test_after_every_step_it_shows_what_the_diary_says_in_any_order_and_any_number(history):
    """All that was mailed up to a step, shuffled and with repeats."""
    _, steps = history
    assert len({tuple(stands) for _, stands in steps}) == len(steps)

    @settings(max_examples=60, deadline=None)
    @given(data=st.data())
    def holds(data):
        upto = data.draw(st.integers(1, len(steps)))
        mailed = [message for messages, _ in steps[:upto] for message in messages]
        again = data.draw(st.lists(st.sampled_from(mailed), max_size=6))
        store = Store(ANA)
        for message in data.draw(st.permutations([*mailed, *again])):
            store.take(message)
        assert sorted(store.shows().values()) == steps[upto - 1][1]

    holds()


def test_in_the_order_they_were_sent_it_finds_every_one_of_them_new_and_every_repeat_old(history):
    """None is lost on it, for its number or stamp did not rise; and a second copy changes nothing."""
    store = Store(ANA)
    for messages, stands in history[1]:
        words = [store.take(message) for message in messages]
        assert not {"OBSOLETE", "MISSEQUENCED", "UNKNOWN"} & set(words)
        before = store.shows()
        assert sorted(before.values()) == stands
        for message in messages:
            store.take(message)
        assert store.shows() == before


def test_its_answers_are_understood_on_any_prefix_and_old_ones_change_nothing(history, answering, clinic, tmp_path):
    """Answers to what the program has at that moment, some of them to times that hold no more; all of them twice."""
    course, steps = history

    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(upto=st.integers(1, len(steps)), data=st.data())
    def holds(upto, data):
        store = Store(ANA)
        for messages, _ in steps[:upto]:
            for message in messages:
                store.take(message)
        uid = data.draw(st.sampled_from(sorted(store.shows())))
        answer = data.draw(st.sampled_from(["accept", "decline"]))
        raw = as_mail(store.answer(uid, answer))
        with copy_of(answering, tmp_path) as program:
            here = replace(course, runtime=program)
            before = here.now()
            with program.reading(clinic.system) as unit:
                row = unit.session.scalars(select(SessionRow).where(SessionRow.uid == uid)).one()
                session_id, sequence = row.id, row.sequence
            (now,) = (each.current for each in before.sessions if each.id == session_id)
            # By the number, not by the time: a visit may have left its time and come back to it since.
            holds_still = now is not None and now.occupies and number_in(raw) == sequence
            assert not holds_still or (now.starts_at, now.ends_at) == store.shows()[uid]
            outcomes = [replies.receive(program, raw).outcome for _ in range(2)]
            expected = {"accept": "confirmed", "decline": "declined"}[answer] if holds_still else "refused"
            assert outcomes[0] == expected
            assert outcomes[1] == ("repeated" if holds_still else "refused")
            assert bool(work(here, worklists.REPLY_DECLINED)) == (expected == "declined")
            assert [each.current and each.current.starts_at for each in here.now().sessions] == [
                each.current and each.current.starts_at for each in before.sessions
            ]

    holds()
    assert all(before != after for before, after in pairwise(stands for _, stands in steps))


def test_an_answer_to_a_time_that_was_left_and_taken_again_counts_only_to_the_newest_invitation(
    answering, clinic, clock
):
    """Three invitations, the first and the last to one time: the first holds no more, whatever its time says."""
    course, stores = book_ana(answering, clinic), []
    booked = course.appointment(3)
    there = booked.starts_at.astimezone(ZoneInfo("Europe/London")).replace(tzinfo=None)
    away = moving.legal_slots(answering, clinic.rosa.actor, booked.id)[0]
    for place in (None, (away.start, away.practitioner_id), (there, clinic.ben.id)):
        if place is not None:
            moving.move(answering, clinic.rosa.actor, course.appointment(3).id, *place)
        send_all(answering, clock)
        stores.append(Store(ANA))
        for each in answering.mailer.sent:
            if each.calendar is not None:
                stores[-1].take(each.calendar.content)
    first, _, last = stores
    (uid,) = set(first.shows()) - {uid for uid, times in stores[1].shows().items() if first.shows().get(uid) == times}
    assert first.shows()[uid] == last.shows()[uid] == (booked.starts_at, booked.ends_at)
    old, new = (as_mail(store.answer(uid, "accept")) for store in (first, last))
    assert number_in(old) < number_in(new)
    assert [replies.receive(answering, raw).outcome for raw in (old, new, old)] == ["refused", "confirmed", "refused"]
    assert course.appointment(3).confirmed_at is not None


def number_in(raw: bytes) -> int:
    """Which state of the invitation an answer is to."""
    found = re.search(rb"^SEQUENCE:(\d+)\r?$", raw, re.MULTILINE)
    return int(found[1]) if found else 0


def as_mail(calendar: bytes) -> bytes:
    """The answer as a mail program sends it."""
    head = b"From: someone@example.org\r\nSubject: Re\r\nMIME-Version: 1.0\r\n"
    return head + b"Content-Type: text/calendar; method=REPLY; charset=utf-8\r\n\r\n" + calendar
