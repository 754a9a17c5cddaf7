"""The owner in a real browser: an empty instance becomes a clinic with a booked course; policies and letters live."""

import re

import pytest

from planner.app import create_app
from planner.services.first_run import setup_address
from tests.browser.conftest import DESKTOP, PHONE, Screen, answering, new_window

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def empty(chromium, runtime, config, listening):
    """Windows on an instance in which there is no clinic yet: empty(PHONE)."""
    contexts = []

    def make(size):
        contexts.append(new_window(chromium, size))
        return Screen(contexts[-1].new_page(), config.base_url)

    with answering(listening, create_app(runtime, config)):
        yield make
        for context in contexts:
            context.close()


def fits(page):
    """Whether nothing leads sideways out of the window."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def open_the_clinic(page, address):
    """Five steps, as somebody who has never seen them."""
    page.goto(address)
    page.fill("#name", "Northside Clinic")
    page.select_option("#country", label="United Kingdom")
    page.click("button:has-text('Next')")
    assert page.input_value("#timezone") == "Europe/London"
    page.select_option("#subdivision", "SCT")
    page.click("button:has-text('Next')")
    assert page.input_value("#day_0") == "09:00–12:00, 13:00–17:00"
    page.click("button:has-text('Next')")
    page.fill("#rooms", "Blue room\nGreen room")
    page.click("button:has-text('Next')")
    page.fill("#my_name", "Mo Adeyemi")
    page.fill("#my_email", "mo@example.org")
    page.fill("#my_password", "four unrelated words")
    page.fill("#my_repeated", "four unrelated words")
    page.fill("#name_0", "Ben Okafor")
    page.fill("#email_0", "ben@example.org")
    page.click("button:has-text('Open the clinic')")
    page.wait_for_selector("h1:has-text('Your clinic is open')")


def book_the_first_course(page):
    """From the page at which the first run ends."""
    page.click("text=Add the first patient")
    page.fill("#name", "Ana Silva")
    page.click("main form button.primary")
    page.click("main >> text=Book a course")
    for question, answer in {"protocol": "acute_injury", "severity": "moderate", "goal": "relief"}.items():
        page.check(f"input[name={question}][value={answer}]")
    page.fill("#symptom_weeks", "2")
    page.click("text=Record and go on to the wishes")
    page.click(".step button:has-text('Find dates')")
    page.get_by_role("button", name=re.compile(r"^Accept all and book \d+ sessions")).click()
    page.wait_for_selector("text=booked for Ana Silva.")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_an_empty_instance_becomes_a_clinic_with_a_booked_course(empty, runtime, size):
    """With the link that serve prints, and without a further sign-in."""
    mo = empty(size)
    open_the_clinic(mo.page, setup_address(runtime))
    assert fits(mo.page)
    book_the_first_course(mo.page)
    assert mo.complaints == []


def test_what_follows_from_a_policy_is_said_while_it_is_typed(screen, clinic):
    """Nothing is kept until the button is pressed; then it stands there again."""
    mo = screen()
    mo.sign_in(clinic.mo)
    mo.open("/settings/policies")
    page = mo.page
    page.fill("#hold_minutes", "30")
    page.wait_for_selector("#hold_minutes-follows:has-text('told at 10:30')")
    page.fill("#hold_minutes", "99999")
    page.wait_for_selector("#hold_minutes-follows:empty", state="attached")
    page.click("button:has-text('Keep these policies')")
    page.wait_for_selector("#hold_minutes-error")
    page.fill("#hold_minutes", "15")
    page.check("input[name=automation_miss][value=propose]")
    page.click("button:has-text('Keep these policies')")
    page.wait_for_selector("text=It holds from the next change on")
    assert page.input_value("#hold_minutes") == "15"
    assert page.is_checked("input[name=automation_miss][value=propose]")
    assert mo.complaints == [
        "Failed to load resource: the server responded with a status of 422 (UNPROCESSABLE ENTITY)"
    ]


def test_a_letter_is_seen_while_its_words_are_written(screen, clinic):
    """In a frame beside the form, with the style of the mail."""
    mo = screen()
    mo.sign_in(clinic.mo)
    mo.open("/settings/letters?kind=reminder&language=en")
    page = mo.page
    page.fill("#opening", "We look forward to <b>you</b>.")
    frame = page.frame_locator("iframe.paper")
    frame.locator("text=We look forward to <b>you</b>.").wait_for()
    page.click("button:has-text('Keep')")
    page.wait_for_selector("text=Letters have these words from now on")
    assert mo.complaints == []
