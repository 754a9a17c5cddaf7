"""What follows from an answer while it is typed: the estimate beside the questions, the course before and after."""

import pytest

from tests.web.ana_course import book_ana

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def ben(screen, clinic):
    """Ben's window, signed in."""
    window = screen()
    window.sign_in(clinic.ben)
    window.page.wait_for_url("**/my-day")
    return window


def test_the_estimate_follows_every_answer_and_is_recorded_at_last(ben, clinic):
    """More trigger points, more sessions; a reason unfolds by its number; the keyboard records it."""
    page = ben.page
    ben.open(f"/patients/{clinic.ana}/assess")
    page.check("input[name=protocol][value=piriformis_syndrome]")
    page.fill("#symptom_weeks", "9")
    page.check("input[name=severity][value=moderate]")
    page.check("input[name=goal][value=lasting]")
    page.wait_for_selector("#estimate .range")
    before = page.inner_text("#estimate .range strong")
    page.click("text=questions that move the number")
    page.check("input[name=trigger_points][value=many]")
    page.check("input[name=healing_response][value=slow]")
    page.wait_for_function("old => document.querySelector('#estimate .range strong').innerText > old", arg=before)
    page.click("#estimate .range")
    assert page.is_visible("#reasons .reason-says >> nth=0")
    page.focus("button[value=record]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/assessments/*")
    assert ben.complaints == []


def test_a_changed_frequency_is_seen_before_it_is_applied(ben, runtime, clinic):
    """The preview follows the typing, keeps the focus, and is what is applied; one click undoes it."""
    course = book_ana(runtime, clinic)
    before = course.now()
    page = ben.page
    ben.open(f"/courses/{course.id}/frequency")
    page.fill("#phase-1-max", "28")
    page.fill("#phase-1-target", "21")
    page.wait_for_selector("#preview table")
    assert page.evaluate("document.activeElement.id") == "phase-1-target"
    page.fill("#reason", "settles well")
    page.click("#preview button:has-text('Apply')")
    page.wait_for_url(f"**/courses/{course.id}")
    assert page.is_visible("text=Frequency changed: settles well: ")
    assert course.now().phases != before.phases
    page.click(".flash button:has-text('Undo')")
    page.wait_for_selector("text=Undone: everything is as it was before.")
    assert course.now() == before
    assert ben.complaints == []


def test_a_visit_is_moved_by_keyboard_alone(ben, runtime, clinic):
    """Menu, place, done."""
    course = book_ana(runtime, clinic)
    before = course.appointment(3)
    page = ben.page
    ben.open(f"/courses/{course.id}")
    page.focus("#session-3 .menu summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/move*")
    page.focus("button[name=slot] >> nth=0")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Session 3 is moved to")
    assert course.appointment(3).starts_at != before.starts_at
    assert ben.complaints == []
