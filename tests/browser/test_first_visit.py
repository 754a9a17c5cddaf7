"""Two who wait for a course are offered one place: each on a phone, and reception sees what became of it."""

import re

import pytest

from planner.services import backfill, clinic_setup, leave
from planner.services.backfill import Waits
from planner.services.patients import personal_link
from tests.browser.conftest import PHONE
from tests.browser.test_every_screen import WINDOWS, check_screen
from tests.services.test_leave_some import AWAY, three
from tests.services.test_newcomers import assess, full
from tests.web.ana_course import book_ana

pytestmark = [pytest.mark.browser, pytest.mark.slow]
__all__ = ["full", "three"]  # Fixtures: a full diary with a slot in it, and who waits; courses that a leave touches.
THEMES = dict.fromkeys(WINDOWS, ("light", "dark"))


def link_of(runtime, clinic, patient):
    """The path of a patient's page."""
    with runtime.writing(clinic.system) as unit:
        link = personal_link(runtime, unit, patient)
    return link[link.index("/p/") :]


def test_the_first_of_two_phones_begins_and_reception_sees_it(screen, runtime, clinic, full):
    """Both see the offer at once; who presses second is told, and can still be called."""
    assess(runtime, clinic, clinic.ana)
    desk = screen()
    desk.sign_in(clinic.rosa)
    desk.open(f"/freed-slots/{full.slot.id}")
    for name in ("Dora Ek", "Ana Silva"):
        desk.page.get_by_role("button", name=f"Offer it {name}").click()
        desk.page.get_by_text("a message tells the patient").wait_for()
    assert desk.page.get_by_text("no answer yet").count() == 2
    dora, ana = screen(PHONE), screen(PHONE, dark=True)
    for phone, patient in ((dora, full.dora), (ana, clinic.ana)):
        phone.open(link_of(runtime, clinic, patient))
        phone.page.get_by_text("It would be your first visit.").wait_for()
    dora.page.get_by_role("button", name=re.compile("^Accept")).click()
    dora.page.get_by_text("It is yours.").wait_for()
    assert dora.page.get_by_role("heading", name="All your dates").is_visible()
    ana.page.get_by_role("button", name=re.compile("^Accept")).click()
    ana.page.get_by_text("somebody else was faster").first.wait_for()
    desk.page.reload()
    assert desk.page.get_by_text("This time is not free").is_visible()
    desk.page.get_by_role("link", name="Open the course Dora Ek").click()
    desk.page.get_by_role("heading", name="Dora Ek").wait_for()
    assert [each.complaints for each in (desk, dora)] == [[], []]
    assert backfill.who_fits(runtime, clinic.rosa.actor, full.slot.id).free is False


def test_offers_to_begin_and_what_became_of_them_have_no_barrier(screen, runtime, clinic, full):
    """The patient's page, the page of the slot before and after, and that of all slots."""
    other = backfill.offer(runtime, clinic.rosa.actor, full.slot.id, Waits(assess(runtime, clinic, clinic.ana)))
    offer = backfill.offer(runtime, clinic.rosa.actor, full.slot.id, Waits(full.assessment))
    check_screen(screen(), link_of(runtime, clinic, full.dora), THEMES)
    desk = screen()
    desk.sign_in(clinic.rosa)
    backfill.decline(runtime, clinic.rosa.actor, other)
    check_screen(desk, f"/freed-slots/{full.slot.id}", THEMES)
    backfill.accept(runtime, clinic.rosa.actor, offer)
    check_screen(desk, f"/freed-slots/{full.slot.id}", THEMES)
    check_screen(desk, "/freed-slots", THEMES)


def test_proposals_for_a_leave_have_no_barrier(screen, runtime, clinic, three):
    """One line for each course, with its dates before and after."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_automation(unit, {"leave": "propose"})
    leave.record_some(runtime, clinic.rosa.actor, clinic.ben.id, AWAY, {})
    desk = screen()
    desk.sign_in(clinic.rosa)
    check_screen(desk, "/worklists", THEMES)
    assert desk.page.get_by_role("button", name="Apply").count() == len(three)


def test_wishes_for_several_courses_have_no_barrier(screen, runtime, clinic):
    """One is chosen with the keyboard alone."""
    book_ana(runtime, clinic)
    book_ana(runtime, clinic)
    phone = screen(PHONE)
    path = f"{link_of(runtime, clinic, clinic.ana)}/wishes"
    check_screen(phone, path, THEMES)
    phone.page.get_by_role("radio", name="All my visits").focus()
    phone.page.keyboard.press("ArrowDown")
    assert phone.page.get_by_role("radio", name=re.compile("^Visits with Ben Okafor")).first.is_checked()
