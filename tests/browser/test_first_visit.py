"""Two who wait for a course are offered one place: each on a phone, and reception sees what became of it."""

import re

import pytest

from planner.services import backfill
from planner.services.patients import personal_link
from tests.browser.conftest import PHONE
from tests.services.test_newcomers import assess, full

pytestmark = [pytest.mark.browser, pytest.mark.slow]
__all__ = ["full"]  # The fixture: a full diary, the slot in it that became free, and Dora who waits.


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
