"""The owner's pages by keyboard alone, and two managers in one form."""

import pytest
from playwright.sync_api import expect

from planner.services import evidence_edit, policies, services_offered, staff_desk
from planner.services.clinic_setup import automation_level
from planner.services.first_run import setup_address
from tests.browser.conftest import DESKTOP
from tests.browser.keyboard import choose, fill_in, press, tab_to, tick
from tests.browser.test_owner import empty
from tests.factories import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.slow]
__all__ = ["empty"]  # The fixture: an instance in which there is no clinic yet.


@pytest.fixture
def mo(screen, clinic):
    """The manager's window."""
    window = screen()
    window.sign_in(clinic.mo)
    window.page.wait_for_url("**/today")
    return window


def test_a_clinic_is_opened_by_keyboard(empty, runtime):
    """All five steps, with a colleague, to the page with the first passwords."""
    window = empty(DESKTOP)
    page = window.page
    page.goto(setup_address(runtime))
    fill_in(page, {"name": "Northside Clinic", "country": "United Kingdom"})
    press(page, "Next")
    tab_to(page, "combobox", "Region")
    press(page, "Next")
    fill_in(page, {"day_0": "8-12, 13-18"})
    press(page, "Next")
    fill_in(page, {"rooms": "Blue room"})
    page.keyboard.press("Enter")
    page.keyboard.type("Green room")
    press(page, "Next")
    password = "four unrelated words"
    fill_in(page, {"my_name": "Mo Adeyemi", "my_email": "mo@example.org", "my_password": password})
    fill_in(page, {"my_repeated": password})
    tick(page, "I treat patients myself")
    fill_in(page, {"name_0": "Ben Okafor", "email_0": "ben@example.org"})
    press(page, "Open the clinic")
    expect(page.locator("h1")).to_have_text("Your clinic is open")
    expect(page.locator("main")).to_contain_text("Ben Okafor")
    press(page, "Look at the settings", "link")
    page.wait_for_url("**/settings")
    assert window.complaints == []


def test_people_services_and_policies_are_set_by_keyboard(mo, runtime, clinic):
    """From the hub, each by its link; what was typed is kept."""
    page = mo.page
    mo.open("/settings")
    press(page, "People", "link")
    fill_in(page, {"name": "Di Marsh", "email": "di@example.org"})
    choose(page, "Role", "Reception")
    fill_in(page, {"password": PASSWORD})
    press(page, "Take on")
    expect(page.locator("main")).to_contain_text("Di Marsh")
    mo.open("/settings")
    press(page, "Services", "link")
    fill_in(page, {"name": "Dry needling", "protocol": "Pain that", "first_minutes": "60", "visit_minutes": "40"})
    press(page, "Add", exact=True)
    expect(page.locator("#flashes")).to_contain_text("Added.")
    mo.open("/settings")
    press(page, "Policies", "link")
    fill_in(page, {"notice_hours": "48"})
    expect(page.locator("#notice_hours-follows")).to_contain_text("can be moved by the patient until")
    choose(page, "A patient misses a visit", "Propose it")
    press(page, "Keep these policies")
    expect(page.locator("#flashes")).to_contain_text("It holds from the next change on")
    assert "Di Marsh" in [each.details.name for each in staff_desk.people(runtime, clinic.mo.actor)]
    (service,) = services_offered.service_desk(runtime, clinic.mo.actor).services
    assert (service.name, service.protocol, service.visit_minutes) == ("Dry needling", "chronic_pain", 40)
    assert policies.policy_desk(runtime, clinic.mo.actor).values.numbers["notice_hours"] == 48
    with runtime.reading(clinic.system) as unit:
        assert automation_level(unit.clinic, "miss") == "propose"
    assert mo.complaints == []


def test_evidence_letters_and_figures_by_keyboard(mo, runtime, clinic):
    """A number with its reason, words beside their letter, and the months as numbers."""
    page = mo.page
    mo.open("/settings/evidence")
    press(page, "Change E1", "link", exact=True)
    page.wait_for_url("**row_id=E1")
    for label, number in (("Fewest sessions", "3"), ("Most sessions", "6")):
        tab_to(page, "textbox", label)
        page.keyboard.press("Control+A")
        page.keyboard.type(number)
    fill_in(page, {"reason": "Our audit"})
    press(page, "Keep")
    expect(page.locator("#flashes")).to_contain_text("The next estimate follows it")
    assert evidence_edit.row_desk(runtime, clinic.mo.actor, "E1").row.own
    mo.open("/settings/letters")
    press(page, "Reminder", "link")
    page.wait_for_url("**kind=reminder**")
    fill_in(page, {"opening": "See you <soon>."})
    expect(page.frame_locator("iframe.paper").locator("body")).to_contain_text("See you <soon>.")
    press(page, "Keep")
    expect(page.locator("#flashes")).to_contain_text("Letters have these words from now on")
    mo.open("/figures")
    press(page, "Estimates", "link")
    page.wait_for_url("**/figures/estimates")
    assert mo.complaints == []


def test_two_managers_in_one_form_lose_nothing(mo, screen, clinic, runtime):
    """The second is told at each field, keeps what was typed, and a second press keeps it in the clinic."""
    other = screen()
    other.sign_in(clinic.mo)
    other.page.wait_for_url("**/today")
    for window in (mo, other):
        window.open("/settings/policies")
    mo.page.fill("#notice_hours", "48")
    mo.page.click("button:has-text('Keep these policies')")
    expect(mo.page.locator("#flashes")).to_contain_text("It holds from the next change on")
    page = other.page
    page.fill("#notice_hours", "12")
    page.fill("#hold_minutes", "20")
    page.click("button:has-text('Keep these policies')")
    expect(page.locator("[role=alert]")).to_contain_text("What you wrote is still here")
    expect(page.locator("[role=alert]")).to_be_focused()
    expect(page.locator("#notice_hours-error")).to_have_text("Now it is: 48")
    assert (page.input_value("#notice_hours"), page.input_value("#hold_minutes")) == ("12", "20")
    assert policies.policy_desk(runtime, clinic.mo.actor).values.numbers["notice_hours"] == 48
    page.click("button:has-text('Keep these policies')")
    expect(page.locator("#flashes")).to_contain_text("It holds from the next change on")
    assert policies.policy_desk(runtime, clinic.mo.actor).values.numbers["notice_hours"] == 12
    assert other.complaints == ["Failed to load resource: the server responded with a status of 409 (CONFLICT)"]
