"""Reception's desk in a browser: worklists by keyboard, a leave for some, and two patients who want one place."""

from datetime import date

import pytest

from planner.diary.hours import Leave
from planner.services import backfill, leave, worklists
from planner.services.attention import note_attention
from planner.services.patients import personal_link
from planner.storage.courses import CourseRow
from tests.browser.conftest import PHONE
from tests.browser.keyboard import press, tick
from tests.services.many_patients import book_crowd, make_crowd
from tests.services.test_backfill import session, two
from tests.web.ana_course import assess_ana, book_ana

pytestmark = [pytest.mark.browser, pytest.mark.slow]
__all__ = ["two"]  # The fixture: two courses which a freed slot would help.

AWAY = Leave.whole_days(date(2026, 3, 3), date(2026, 3, 3))


def test_the_worklists_are_worked_off_by_keyboard(screen, runtime, clinic, clock):
    """From the home page to the list, one line closed by its action, another taken off; no mouse."""
    course = book_ana(runtime, clinic)
    clock.set(course.appointment(1).starts_at.replace(day=4))
    note_attention(runtime)
    with runtime.writing(clinic.system) as unit:
        worklists.open_item(unit, worklists.TELL_PATIENT, "call", "Call her.", course.id)
    rosa = screen()
    rosa.sign_in(clinic.rosa)
    rosa.open("/today")
    press(rosa.page, "Unresolved from the days before", "link")
    rosa.page.wait_for_url("**/worklists#unresolved")
    press(rosa.page, "Done Ana Silva")
    rosa.page.locator("#flashes .flash").wait_for()
    assert course.appointment(1).status == "fulfilled"
    press(rosa.page, "Told Ana Silva")
    rosa.page.get_by_text("Taken off the worklist.").wait_for()
    assert worklists.TELL_PATIENT not in {item.kind for item in course.notices()}
    assert rosa.complaints == []


@pytest.mark.parametrize("size", [(1440, 900), PHONE], ids=["desktop", "phone"])
def test_a_leave_changes_what_is_ticked_and_leaves_the_rest_on_the_list(screen, runtime, clinic, size):
    """One course unticked by the space bar: it stays, and its line leads to the page where it is moved."""
    book_crowd(runtime, clinic, make_crowd(runtime, clinic, 3))
    touched = leave.preview_leave(runtime, clinic.rosa.actor, clinic.ben.id, AWAY).courses
    rosa = screen(size)
    rosa.sign_in(clinic.rosa)
    rosa.open("/leave")
    rosa.page.select_option("#staff_id", str(clinic.ben.id))
    rosa.page.fill("#first_day", "2026-03-03")
    rosa.page.get_by_role("button", name="Show what changes").click()
    rosa.page.get_by_role("heading", name="what changes").wait_for()
    tick(rosa.page, touched[0].patient)
    press(rosa.page, "Record the leave and change what is ticked")
    rosa.page.get_by_text("The leave is recorded.").wait_for()
    rosa.open("/worklists")
    row = rosa.page.locator("#leave_clash tbody tr")
    assert row.count() == 1
    assert touched[0].patient in row.inner_text()
    assert rosa.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    row.get_by_role("link", name="Move").click()
    rosa.page.wait_for_url("**/move?**")
    assert rosa.complaints == []


def test_a_date_typed_halfway_is_not_sent_as_no_date(screen, clinic):
    """The last day of a leave: the form stays, at that field; else a leave of one day would be planned."""
    rosa = screen()
    rosa.sign_in(clinic.rosa)
    rosa.open("/leave")
    rosa.page.select_option("#staff_id", str(clinic.ben.id))
    rosa.page.fill("#first_day", "2026-03-03")
    rosa.page.locator("#last_day").click(position={"x": 15, "y": 20})
    rosa.page.keyboard.type("02")  # The day or the month, as the browser has it; the rest stays empty.
    assert rosa.page.locator("#last_day").evaluate("field => field.validity.badInput")
    rosa.page.get_by_role("button", name="Show what changes").click()
    assert rosa.page.locator("#last_day").evaluate("field => field === document.activeElement")
    assert not rosa.page.get_by_role("heading", name="what changes").is_visible()
    rosa.page.fill("#last_day", "2026-03-04")
    rosa.page.get_by_role("button", name="Show what changes").click()
    rosa.page.get_by_role("heading", name="what changes").wait_for()
    assert rosa.complaints == []


def test_two_patients_want_one_place_and_one_has_it(screen, runtime, clinic, two):
    """Both have the offer open on their phones and press at once; the second is told that somebody was faster."""
    first, second, slot = two
    windows = []
    for course in (first, second):
        backfill.offer(runtime, clinic.rosa.actor, slot.id, course)
        with runtime.writing(clinic.system) as unit:
            link = personal_link(runtime, unit, unit.get(CourseRow, course).patient_id)
        window = screen(PHONE)
        window.open(link[link.index("/p/") :])
        windows.append(window)
    # Sent by both before either has its answer.
    for window in windows:
        window.page.evaluate("window.asked = true; document.querySelector('form[action$=\"/accept\"]').requestSubmit()")
    for window in windows:
        window.page.wait_for_function("!window.asked && document.readyState === 'complete'")
    there = [course for course in (first, second) if session(runtime, clinic, course, 3).starts_at == slot.starts_at]
    assert len(there) == 1
    loser = windows[1 - (first, second).index(there[0])]
    assert "somebody else was faster" in loser.page.inner_text("main").lower()


def test_who_waits_is_booked_from_the_list(screen, runtime, clinic):
    """One press leads to the booking of that assessment."""
    assess_ana(runtime, clinic)
    note_attention(runtime)
    rosa = screen()
    rosa.sign_in(clinic.rosa)
    rosa.open("/worklists")
    press(rosa.page, "Book Ana Silva", "link")
    rosa.page.wait_for_url(f"**/patients/{clinic.ana}/book?**")
    assert rosa.complaints == []
