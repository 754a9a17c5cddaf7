"""Patients' calendars that have stopped asking."""

import pytest

from planner.services import feeds, worklists
from planner.services.feed_memory import FeedMemory
from planner.services.silent_calendars import note_silent
from planner.services.sweeping import SweepReport
from planner.storage.people import PatientRow
from tests.factories import make_patient
from tests.web.ana_course import book_ana


@pytest.fixture
def address(runtime, clinic):
    """Ana's calendar address; she has visits ahead."""
    book_ana(runtime, clinic)
    return feeds.create_feed(runtime, clinic.mo.actor, patient_id=clinic.ana)


def ask(runtime, address):
    """Ana's calendar program asks."""
    served = feeds.feed_for_token(runtime, feeds.token_in(address), FeedMemory())
    feeds.note_fetch(runtime, served, "Mac OS X/14.5 CalendarAgent/1063")


def shown(runtime, clinic):
    """What staff read about silent calendars."""
    note_silent(runtime)
    with runtime.reading(clinic.mo.actor) as unit:
        return [item for item in worklists.open_items(unit) if item.kind == worklists.CALENDAR_SILENT]


def test_after_a_week_of_silence_staff_are_warned_once(runtime, clinic, clock, address):
    """With the patient, the day and the program; and that changes go by e-mail as well."""
    ask(runtime, address)
    clock.advance(days=6, hours=23)
    assert shown(runtime, clinic) == []
    clock.advance(hours=1)
    (line,) = shown(runtime, clinic)
    assert line.patient_id == clinic.ana
    assert "Ana Silva's calendar has not asked since Mon 2 Mar (Apple Calendar on a Mac)" in line.says
    assert line.says.endswith("Changes go by e-mail.")
    assert len(shown(runtime, clinic)) == 1


def test_calendars_of_those_whose_course_is_over_cost_the_hourly_look_nothing(runtime, clinic, clock, queries):
    """Their phones stay silent for good, and after years they are most of all calendars."""
    clock.advance(days=7)
    with queries() as before:
        assert shown(runtime, clinic) == []
    with runtime.writing(clinic.system) as unit:
        gone = [make_patient(unit, f"Patient {number}") for number in range(5)]
    for patient_id in gone:
        feeds.create_feed(runtime, clinic.mo.actor, patient_id=patient_id)
    clock.advance(days=8)
    with queries() as after:
        assert shown(runtime, clinic) == []
    assert len(after) == len(before)


def test_a_calendar_that_never_asked_is_silent_too(runtime, clinic, clock, address):
    """The patient may have given up on the way."""
    clock.advance(days=7)
    (line,) = shown(runtime, clinic)
    assert "has never asked" in line.says


def test_without_an_e_mail_address_somebody_has_to_call(runtime, clinic, clock, address):
    """No message can replace the calendar then."""
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).email = ""
    clock.advance(days=7)
    assert "call when something changes" in shown(runtime, clinic)[0].says


def test_the_line_goes_when_the_calendar_asks_again(runtime, clinic, clock, address):
    """And comes anew when it falls silent anew."""
    clock.advance(days=7)
    assert shown(runtime, clinic)
    ask(runtime, address)
    assert shown(runtime, clinic) == []
    clock.advance(days=7)
    assert shown(runtime, clinic)


def test_the_line_goes_with_the_address(runtime, clinic, clock, address):
    """A new one starts from nothing."""
    clock.advance(days=7)
    assert shown(runtime, clinic)
    feeds.create_feed(runtime, clinic.mo.actor, patient_id=clinic.ana)
    assert shown(runtime, clinic) == []


def test_what_was_seen_to_is_not_brought_up_again(runtime, clinic, clock, address):
    """Until the calendar was heard of."""
    clock.advance(days=7)
    worklists.dismiss(runtime, clinic.rosa.actor, shown(runtime, clinic)[0].id)
    clock.advance(days=1)
    assert shown(runtime, clinic) == []


def test_the_line_goes_when_the_last_visit_is_over(runtime, clinic, clock, address):
    """There is nothing left that could change."""
    clock.advance(days=7)
    assert shown(runtime, clinic)
    clock.advance(days=300)
    assert shown(runtime, clinic) == []


def test_without_a_visit_ahead_nobody_is_bothered(runtime, clinic, clock):
    """Nor for the calendars of staff, who would notice."""
    feeds.create_feed(runtime, clinic.mo.actor, patient_id=clinic.ana)
    feeds.create_feed(runtime, clinic.ben.actor, practitioner_id=clinic.ben.id)
    clock.advance(days=7)
    assert shown(runtime, clinic) == []


def test_where_all_is_well_nothing_is_written(runtime, clinic, clock, address):
    """The sweep takes no turn from anybody."""
    ask(runtime, address)
    clock.advance(days=1)
    assert note_silent(runtime) == SweepReport()
