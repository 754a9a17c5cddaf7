"""The main job from end to end: ten sessions booked, one missed, the rest repaired, calendars and messages after it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.request import urlopen

import pytest
from icalendar import Calendar

from planner.services.feeds import create_feed
from planner.services.messages import send_outbox
from tests.browser.conftest import PHONE
from tests.factories import ANA_LINK

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def rosa(screen):
    """Rosa's window."""
    return screen()


@pytest.fixture
def feed(runtime, clinic, served):
    """Reads Ana's calendar address as her phone does: {uid: (start, sequence)}."""
    address = create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana)

    def read():
        with urlopen(address, timeout=10) as answer:
            events = Calendar.from_ical(answer.read()).walk("VEVENT")
        assert all(event.get("STATUS") == "CONFIRMED" for event in events)
        assert not any("needling" in str(event).casefold() for event in events)
        return {str(event["UID"]): (event["DTSTART"].dt, int(event["SEQUENCE"])) for event in events}

    return read


def book_ten(rosa, clinic):
    """Reception books Ana a ten-session course: who, what was found, wishes, dates."""
    page = rosa.page
    rosa.sign_in(clinic.rosa)
    page.fill("#search-q", "silva")
    page.click("button:has-text('Find')")
    page.click("a:has-text('Ana Silva')")
    page.click("main >> text=Book a course")
    for question, answer in {"protocol": "chronic_pain", "severity": "severe", "goal": "relief"}.items():
        page.check(f"input[name={question}][value={answer}]")
    page.fill("#symptom_weeks", "40")
    # The estimate appears beside the questions while they are answered.
    page.wait_for_selector("#estimate :text('10 sessions expected')", state="attached")
    page.click("text=Record and go on to the wishes")
    page.select_option("#practitioner", label="Ben Okafor")
    page.click(".step button:has-text('Find dates')")
    page.wait_for_selector("text=No better dates exist for these wishes.")
    page.click("text=Book 10 sessions")
    page.wait_for_selector("text=10 sessions booked for Ana Silva.")


def on_the_day(rosa, clinic, clock, moment):
    """It is another day; Rosa signs in and sees its list."""
    clock.set(moment.astimezone(UTC))
    rosa.sign_in(clinic.rosa)
    rosa.page.wait_for_selector("h1:has-text('Today')")


def attend_and_miss(rosa, clinic, clock, times):
    """Ana comes to her first visit, and not to her second."""
    page = rosa.page
    on_the_day(rosa, clinic, clock, times[0] + timedelta(minutes=1))
    page.click("button:has-text('Arrived')")
    page.click("button:has-text('Done')")
    page.wait_for_selector("text=1 visit: 1 done")
    on_the_day(rosa, clinic, clock, times[1] + timedelta(minutes=40))
    page.click("summary:has-text('More')")
    page.click("button:has-text('Missed')")
    page.wait_for_selector("text=Session 2 is marked as missed.")


def assert_48_hours_apart(times):
    """No two needlings closer than the muscle's rest allows."""
    assert all(after - before >= timedelta(hours=48) for before, after in pairwise(sorted(times)))


def test_a_missed_session_is_rebooked_everywhere_and_told_once(rosa, clinic, runtime, clock, feed, outtray):
    """Page and feed show the repaired course at once; the patient hears of it when the hold time is over."""
    book_ten(rosa, clinic)
    before = feed()
    assert len(before) == 10
    times = sorted(start for start, _ in before.values())
    clock.advance(minutes=6)
    send_outbox(runtime)
    told = len(outtray())
    assert told == 1, "the booking itself"

    attend_and_miss(rosa, clinic, clock, times)
    after = feed()
    assert after.keys() == before.keys()
    (missed,) = [uid for uid, (start, _) in before.items() if start == times[1]]
    assert after[missed][0] > times[1]
    assert all(after[uid][1] > sequence for uid, (start, sequence) in before.items() if after[uid][0] != start)
    assert all(after[uid] == before[uid] for uid in before if after[uid][0] == before[uid][0])
    # The missed visit needled nobody; what counts is the distance between those that did and those to come.
    assert_48_hours_apart(start for start, _ in after.values())

    rosa.open("/patients")
    rosa.page.click("a:has-text('Ana Silva')")
    rosa.page.click("a:has-text('Pain that has lasted')")
    assert words(after[missed][0]) in rosa.page.inner_text("main")

    send_outbox(runtime)
    assert len(outtray()) == told, "the hold time is not over"
    clock.advance(minutes=6)
    send_outbox(runtime)
    send_outbox(runtime)
    assert len(outtray()) == told + 1
    newest = max(outtray(), key=lambda message: (message.sent_at, message.name))
    assert words(after[missed][0]).split(",")[0].split(" ", 1)[1] in newest.text
    assert rosa.complaints == []


def test_an_undo_within_the_hold_time_restores_all_and_sends_nothing(rosa, clinic, runtime, clock, feed, outtray):
    """One click too many is as if it had never been."""
    book_ten(rosa, clinic)
    before = feed()
    times = sorted(start for start, _ in before.values())
    clock.advance(minutes=6)
    send_outbox(runtime)
    told = len(outtray())

    attend_and_miss(rosa, clinic, clock, times)
    assert feed() != before
    rosa.page.click("#flashes button:has-text('Undo')")
    rosa.page.wait_for_selector("text=Undone: everything is as it was before.")
    rosa.page.wait_for_selector("text=Did they come?")
    after = feed()
    assert {uid: start for uid, (start, _) in after.items()} == {uid: start for uid, (start, _) in before.items()}
    clock.advance(minutes=30)
    send_outbox(runtime)
    assert len(outtray()) == told


def test_the_patient_sees_the_repaired_plan_on_the_phone(rosa, screen, clinic, clock, feed):
    """The same dates under the personal link, without signing in."""
    book_ten(rosa, clinic)
    times = sorted(start for start, _ in feed().values())
    attend_and_miss(rosa, clinic, clock, times)
    ana = screen(PHONE)
    ana.open(f"/p/{ANA_LINK}")
    shown = ana.page.inner_text("main")
    coming = [start for start, _ in feed().values() if start > clock.now()]
    assert len(coming) == 9
    assert [words(start) for start in coming if f"{start.day} {start:%b}" not in shown] == []
    assert ana.complaints == []


def words(start: datetime) -> str:
    """A date as the pages say it: `Tue 10 Mar, 09:00`."""
    return f"{start:%a} {start.day} {start:%b}, {start:%H:%M}"
