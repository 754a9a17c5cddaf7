"""How a course goes, as a therapist sees it: measured, drawn, advised, dismissed; the taper moved by keyboard."""

from datetime import timedelta

import pytest

from planner.care.course import GapDays, Phase, PhaseName
from planner.services import assessments, attendance, frequency, outcomes_measured
from planner.services.outcomes_measured import Kind, NewOutcome
from tests.browser.conftest import PHONE
from tests.web.ana_course import book_ana

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def given(runtime, clinic, clock):
    """Ana's course with two sessions given and pain measured at the first."""
    course = book_ana(runtime, clinic)
    for number in (1, 2):
        booked = course.appointment(number)
        clock.set(booked.starts_at + timedelta(minutes=40))
        attendance.fulfil(runtime, clinic.ben.actor, booked.id)
        if number == 1:
            values = [NewOutcome(Kind.PAIN, 7), NewOutcome(Kind.FUNCTION, 3, "Climbing stairs")]
            outcomes_measured.record(runtime, clinic.ben.actor, course.id, values)
    return course


def opened(screen, clinic, path, size=None, *, dark=False):
    """Ben's window on a page."""
    window = screen(size, dark=dark) if size else screen(dark=dark)
    window.sign_in(clinic.ben)
    window.page.wait_for_url("**/my-day")
    window.open(path)
    return window


@pytest.mark.parametrize("size", [None, PHONE], ids=["desk", "phone"])
def test_what_is_measured_changes_chart_and_advice_until_it_is_dismissed(screen, clinic, given, size):
    """Pain from 7 to 4 after two sessions: thin out sooner; no, for a reason; and think again."""
    window = opened(screen, clinic, f"/courses/{given.id}", size)
    page = window.page
    assert not page.is_visible("#advice")
    page.click("text=Measure >> nth=0")
    page.wait_for_url("**/measure")
    page.check("input[name=pain-value][value='4']")
    page.fill("[name=function-0-value]", "5")
    page.click("button:has-text('Keep')")
    page.wait_for_url(f"**/courses/{given.id}")
    assert "Thin out sooner" in page.inner_text("#advice h2")
    page.click("#progress .progress-chart >> nth=0 >> summary")
    values = page.inner_text("#progress .progress-chart >> nth=0 >> details ul").splitlines()
    assert [line.rpartition(": ")[2] for line in values] == ["7", "4"]
    page.click("#advice >> text=Decide otherwise")
    page.click("#advice >> text=Dismiss the advice")
    page.wait_for_selector("#advice_reason-error")
    page.fill("#advice_reason", "Marathon in May: stays close")
    page.click("#advice >> text=Dismiss the advice")
    page.wait_for_selector("text=It stays silent until the measures change.")
    assert "Marathon in May" in page.inner_text("#advice")
    page.click("#advice >> text=Think again")
    page.wait_for_selector("#advice >> text=Show what would move")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    # The browser notes the refusal of the empty reason.
    assert all("422" in said for said in window.complaints)


def test_done_leads_to_what_was_measured(screen, clinic, runtime, clock, given):
    """One screen, which can be skipped; it goes back to where Done was pressed."""
    booked = given.appointment(3)
    clock.set(booked.starts_at + timedelta(minutes=10))
    window = opened(screen, clinic, "/my-day")
    page = window.page
    page.click(f"form[action='/appointments/{booked.id}/arrive'] button")
    page.click(f"form[action='/appointments/{booked.id}/fulfil'] button")
    page.wait_for_url("**/measure?**")
    assert page.input_value("#session") == str(given.now().sessions[2].id)
    page.click("main >> text=Skip")
    page.wait_for_url("**/my-day")
    assert window.complaints == []


def test_the_tapers_start_is_moved_by_keyboard_and_its_cost_is_seen(screen, clinic, given):
    """The arrow keys move it, both phases follow, the number of sessions stays."""
    window = opened(screen, clinic, f"/courses/{given.id}/frequency")
    page = window.page
    first, then = (int(page.input_value(f"#phase-{index}-sessions")) for index in (0, 1))
    page.focus("#border")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("was => document.querySelector('#phase-0-sessions').value == was", arg=str(first - 1))
    assert page.input_value("#phase-1-sessions") == str(then + 1)
    assert page.evaluate("document.activeElement.id") == "border"
    page.wait_for_selector("#preview >> text=For the patient")
    assert "as many visits" in page.inner_text("#preview .costs")
    page.fill("#phase-0-sessions", str(first))
    page.wait_for_function("was => document.querySelector('#border').value == was", arg=str(first + 1))
    assert page.evaluate("document.activeElement.id") == "phase-0-sessions"
    assert window.complaints == []


def test_an_overridden_length_and_number_reach_the_booking(screen, clinic, runtime):
    """Six sessions of 45 minutes, because the therapist says so."""
    window = opened(screen, clinic, f"/patients/{clinic.ana}/assess")
    page = window.page
    for name, value in (("protocol", "chronic_pain"), ("severity", "moderate"), ("goal", "lasting")):
        page.check(f"input[name={name}][value={value}]")
    page.fill("#symptom_weeks", "40")
    page.wait_for_selector("#estimate .range")
    page.wait_for_selector("#side >> text=Side by side")
    page.click("button[value=override]")
    page.fill("#sessions", "6")
    page.click("button[value=spread]")
    page.fill("#visit_minutes", "45")
    page.fill("#override_reason", "Lives far away")
    page.wait_for_selector("#estimate >> text=Later visits: 45 min")
    page.click("button[value=record]")
    page.wait_for_url("**/assessments/*")
    assert "Lives far away" in page.inner_text("main")
    made = assessments.get(runtime, clinic.ben.actor, int(page.url.rpartition("/")[2]))
    assert (sum(phase.sessions or 0 for phase in made.phases), made.visit_minutes) == (6, 45)
    page.click("text=Book this course")
    page.wait_for_selector("text=6 sessions")
    assert window.complaints == []


def test_one_phase_has_no_border_to_move(screen, clinic, runtime, given):
    """Where nothing thins out the slider is not there."""
    phases = [Phase(PhaseName.INTENSIVE, 4, GapDays(7, 5, 9))]
    frequency.apply(runtime, clinic.ben.actor, given.id, phases, reason="short")
    window = opened(screen, clinic, f"/courses/{given.id}/frequency")
    assert not window.page.is_visible("#border")
