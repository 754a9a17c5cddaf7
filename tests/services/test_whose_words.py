"""What is kept about who did something, and why something failed, is said in the language of whoever reads it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from planner.errors import NotAllowed
from planner.notify.delivery import PermanentFailure
from planner.services import attendance, busy_calendars, feeds, messages, worklists
from planner.services.course_view import course_view
from planner.services.feed_list import feed_list
from planner.services.feed_memory import FeedMemory
from planner.services.fetching import Fetched, FetchFailed
from planner.services.runtime import Actor, who
from planner.words import in_language, say
from tests.calendars.busy_samples import calendar
from tests.services.course_life import ACUTE, book, snapshot
from tests.services.mail_server import Server, rows
from tests.services.test_busy_calendars import ADDRESS, FakeFetcher

LANGUAGES = ("en", "de", "es")


def in_all(words):
    """English, German, Spanish."""
    return tuple(in_language(words, language) for language in LANGUAGES)


def test_the_timers_and_patients_are_named_in_words_and_staff_by_name(runtime, clinic, clock):
    """The course's history, as each reader has it."""
    course_id = book(runtime, clinic, ACUTE)
    first = snapshot(runtime, clinic, course_id).sessions[0].current
    clock.set(first.ends_at + timedelta(hours=1))
    attendance.miss(runtime, clinic.system, first.id)
    newest, *_, oldest = course_view(runtime, clinic.ben.actor, course_id).history
    assert in_all(newest.actor) == ("the planner", "der Planer", "el planificador")
    assert in_all(oldest.actor) == ("Rosa Lind",) * 3
    assert len(set(in_all(who("patient")))) == 3


def test_a_role_that_is_missing_is_named_in_words(clinic):
    """Both of them, with an "or" between."""
    with pytest.raises(NotAllowed) as refused:
        Actor(clinic.id, "Ana").must_be("reception", "therapist")
    english, german, spanish = in_all(refused.value.message)
    assert english == "This needs the role reception or therapist."
    assert "Empfang oder Therapeut·in" in german
    assert "recepción o terapeuta" in spanish


def test_a_program_without_a_name_of_its_own_is_named_in_words(runtime, clinic):
    """It is kept with the calendar's address; names of programs stay as they are."""
    address = feeds.create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana)
    served = feeds.feed_for_token(runtime, feeds.token_in(address), FeedMemory())
    feeds.note_fetch(runtime, served, "Mozilla/5.0 (X11; Linux x86_64)")
    with runtime.reading(clinic.rosa.actor) as unit:
        state = feeds.feed_state(unit, patient_id=clinic.ana)
    assert in_all(state.fetched_by) == ("a web browser", "ein Browserprogramm", "un navegador web")


def test_why_a_busy_calendar_can_not_be_read_is_kept_as_a_sentence(runtime, clinic, clock):
    """With the server's own words in it."""
    fetcher = FakeFetcher(Fetched(calendar(), ""))
    online = replace(runtime, fetcher=fetcher)
    busy_calendars.add_address(online, clinic.ben.actor, clinic.ben.id, ADDRESS)
    fetcher.answer = FetchFailed(say("The calendar's server can't be reached (%(words)s).", words="timed out"))
    clock.advance(hours=1)
    busy_calendars.refresh_all(online)
    with online.reading(clinic.ben.actor) as unit:
        (found,) = busy_calendars.calendars_of(unit, clinic.ben.id)
    assert len(set(in_all(found.last_error))) == 3
    assert all("timed out" in words for words in in_all(found.last_error))


def test_why_a_message_failed_is_kept_as_a_sentence(runtime, clinic, clock):
    """On the row of the outbox and on the worklist."""
    refusal = say("%(what)s: %(words)s", what=say("The mail server refuses the address"), words="550 nobody")
    posted = replace(runtime, mailer=Server(before_data=PermanentFailure(refusal)))
    book(posted, clinic, ACUTE)
    clock.advance(minutes=5)
    messages.send_outbox(posted)
    (row,) = rows(posted, clinic)
    with posted.reading(clinic.rosa.actor) as unit:
        (line,) = worklists.open_items(unit)
    for words in (row.last_error, line.says):
        assert len(set(in_all(words))) == 3
        assert all("550 nobody" in said for said in in_all(words))


def test_the_calendar_of_the_whole_clinic_is_called_so_in_words(runtime, clinic):
    """Where all addresses are listed."""
    feeds.create_feed(runtime, clinic.mo.actor, whole_clinic=True)
    (line,) = feed_list(runtime, clinic.mo.actor).of("clinic")
    assert in_all(line.name) == ("The whole clinic", "Die ganze Praxis", "Toda la clínica")
