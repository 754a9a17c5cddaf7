"""A patient with nothing but a personal link: on a phone, with and without script."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page

from planner.services import attendance, patient_wishes
from planner.services.runtime import Actor
from planner.storage.people import PatientRow
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories import ANA_LINK
from tests.web.ana_course import AnasCourse, book_ana

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PLAN = f"/p/{ANA_LINK}"


@pytest.fixture
def course(runtime, clinic, clock) -> AnasCourse:
    """Ana was here once, yesterday."""
    made = book_ana(runtime, clinic)
    first = made.appointment(1)
    clock.set(first.starts_at)
    attendance.fulfil(runtime, clinic.rosa.actor, first.id)
    clock.set(first.ends_at + timedelta(days=1))
    return made


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def phone(request, chromium: Browser, served: str) -> Iterator[Page]:
    """Ana's phone."""
    width, height = PHONE
    context = chromium.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=request.param, base_url=served, has_touch=True
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    return bool(page.locator("main").bounding_box()["width"] <= width)


def test_a_patient_does_everything_on_the_phone_with_script_and_without(phone, runtime, clinic, course):
    """Confirm, tell how it is, look at what a cancellation does, take it back, move, wish, choose a language, print."""
    phone.goto(PLAN)
    assert fits(phone)
    phone.get_by_role("button", name="Confirm that I will come").tap()
    phone.get_by_text("You said you will come").wait_for()

    phone.get_by_role("button", name="4 of 10", exact=True).tap()
    phone.get_by_text("Thank you, noted.").wait_for()
    phone.get_by_role("button", name="Partly").tap()
    phone.get_by_role("button", name="Partly", pressed=True).wait_for()
    assert phone.get_by_role("button", name="4 of 10", exact=True, pressed=True).is_visible()

    before = course.now()
    phone.get_by_role("link", name="I can't come").tap()
    phone.get_by_text("Instead you would come").wait_for()
    assert course.now() == before
    assert fits(phone)
    instead = phone.locator("section.card-accent time").get_attribute("datetime")
    phone.get_by_role("button", name="Cancel and take the new date").tap()
    phone.get_by_text("Your visit is cancelled.").wait_for()
    assert course.appointment(2).starts_at.isoformat(timespec="minutes") == instead
    phone.get_by_role("button", name="Take it back").tap()
    phone.get_by_text("Your dates are as they were.").wait_for()
    assert [each.current for each in course.now().live] == [each.current for each in before.live]

    phone.locator("ol.plan a", has_text="Change").nth(1).tap()
    phone.get_by_text("Another time", exact=True).wait_for()
    assert fits(phone)
    phone.locator("button[name=slot]").first.tap()
    phone.get_by_text("Your visit is now on").wait_for()

    phone.get_by_role("switch").tap()
    phone.get_by_role("switch", checked=False).wait_for()
    with runtime.reading(clinic.rosa.actor) as unit:
        assert not unit.get(PatientRow, clinic.ana).wants_earlier

    phone.get_by_role("link", name="Change my wishes").tap()
    assert fits(phone)
    phone.get_by_label("Monday").uncheck()
    phone.get_by_label("Anything else?").fill("عمل جديد 🙂")
    phone.get_by_role("button", name="Tell the clinic").tap()
    phone.get_by_text("We look at your wishes and tell you").wait_for()

    phone.get_by_role("button", name="Deutsch").tap()
    phone.get_by_role("heading", name="Ihr Plan").wait_for()
    assert phone.locator("html").get_attribute("lang") == "de"
    assert fits(phone)
    pdf = phone.request.get(f"{PLAN}/plan.pdf")
    assert pdf.headers["content-type"] == "application/pdf"


def test_reception_takes_over_what_a_patient_wishes(screen, runtime, clinic, course):
    """Both sides and all that moves are shown before anything does."""
    ana = Actor(clinic_id=clinic.id, name="patient", patient_id=clinic.ana)
    form = patient_wishes.known(runtime, ana).form
    patient_wishes.leave(runtime, ana, replace(form, weekdays=("3", "4")))
    rosa = screen(DESKTOP)
    rosa.sign_in(clinic.rosa)
    (item,) = [each.id for each in course.notices()]
    rosa.open(f"/worklists/wishes/{item}")
    assert "Thursday, Friday" in rosa.page.inner_text("main")
    rosa.page.get_by_role("button", name="Take over and re-plan").click()
    rosa.page.get_by_text("The new wishes hold").wait_for()
    ahead = [each.current for each in course.now().live[1:]]
    assert {booked.starts_at.weekday() for booked in ahead} <= {3, 4}
    assert rosa.complaints == []
