"""The diary in a real browser: its buttons act where one is, its free places open by mouse, finger and keyboard."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from planner.services import attendance, clinic_setup
from tests.browser.conftest import Screen
from tests.browser.test_diary import NUMBER, Diary, wall
from tests.factories import make_person, weekly
from tests.web.ana_course import book_ana

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TABLET = (1180, 820)
HOUR = 88
"""Pixels."""


@pytest.fixture
def course(runtime, clinic):
    """Ana's ten sessions with Ben."""
    return book_ana(runtime, clinic)


@pytest.fixture
def cleo(runtime, clinic):
    """A second therapist with the same hours."""
    with runtime.writing(clinic.system) as unit:
        cleo = make_person(unit, "Cleo Marsh", "cleo@example.org", "therapist", treats=True).id
        clinic_setup.set_practitioner_hours(unit, cleo, weekly())
    return cleo


@pytest.fixture
def rosa(screen, clinic, course, cleo):
    """Rosa's diary, on a page that would forget this mark if it were loaded anew."""
    diary = Diary(screen, clinic, course, cleo).open()
    diary.page.evaluate("window.stays = true")
    return diary


@pytest.fixture
def tablet(chromium, served, clinic, course, cleo):
    """Rosa's diary on a tablet that lies on the side, under her finger."""
    context = chromium.new_context(
        viewport={"width": TABLET[0], "height": TABLET[1]},
        has_touch=True,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/London",
    )
    yield Diary(lambda: Screen(context.new_page(), served), clinic, course, cleo).open()
    context.close()


class Finger:
    """One finger on the screen."""

    def __init__(self, page):
        self._session = page.context.new_cdp_session(page)
        self._page = page

    def down(self, x, y):
        """Touch, and rest there."""
        self._send("touchStart", [{"x": x, "y": y}])

    def to(self, x, y):
        """Slide there."""
        self._send("touchMove", [{"x": x, "y": y}])

    def up(self):
        """Let go."""
        self._send("touchEnd", [])

    def swipe(self, x, y, by):
        """As one scrolls: at once, without resting."""
        self.down(x, y)
        for step in range(1, 11):
            self.to(x, y + by * step / 10)
        self.up()

    def _send(self, kind, points):
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def middle(diary):
    """Where the card is."""
    diary.card.scroll_into_view_if_needed()
    box = diary.card.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def face(diary):
    """What of the card takes the focus, once it does."""
    return diary.card.get_by_role("button")


def stayed(diary):
    """Whether the page is still the one that was opened."""
    return diary.page.evaluate("window.stays === true")


def test_a_button_of_the_menu_does_its_work_and_the_focus_stays_on_the_visit(rosa):
    """By keyboard alone; the page shows what is so now, and is not loaded anew."""
    face(rosa).focus()
    rosa.page.keyboard.press("Enter")
    rosa.page.get_by_role("button", name="Confirmed by phone").press("Enter")
    expect(rosa.page.locator("#flashes")).to_contain_text(f"Session {NUMBER} is confirmed.")
    expect(rosa.page.locator(".diary-menu")).to_have_count(0)
    expect(rosa.card).to_contain_text("Confirmed")
    expect(face(rosa)).to_be_focused()
    assert stayed(rosa)
    assert rosa.now().confirmed_at is not None
    assert rosa.screen.complaints == []


def test_what_was_cancelled_is_gone_and_comes_back_with_undo(rosa, course):
    """Both without leaving the page."""
    rosa.card.click()
    rosa.page.get_by_role("button", name="Cancel for good").click()
    expect(rosa.page.locator("#flashes")).to_contain_text(f"Session {NUMBER} is cancelled.")
    expect(rosa.card).to_have_count(0)
    assert course.now().sessions[NUMBER - 1].dropped
    rosa.page.get_by_role("button", name="Undo").click()
    expect(rosa.card).to_have_count(1)
    expect(rosa.page.locator("#flashes")).to_contain_text("Undone")
    assert stayed(rosa)
    assert rosa.now() == rosa.visit


def test_a_refusal_stands_in_the_menu_with_what_may_be_done_now(rosa, runtime, clinic):
    """A colleague was quicker: nothing is done, and the menu is that of the present state."""
    rosa.card.click()
    menu = rosa.page.get_by_role("dialog")
    button = menu.get_by_role("button", name="Confirmed by phone")
    expect(button).to_be_visible()
    attendance.confirm(runtime, clinic.ben.actor, rosa.visit.id)
    menu.get_by_role("button", name="Cancel for good").click()
    expect(menu.get_by_role("alert")).to_contain_text("This appointment was changed meanwhile.")
    expect(button).to_have_count(0)
    expect(rosa.card).to_contain_text("Confirmed")
    assert rosa.now().status == "booked"
    menu.get_by_role("button", name="Cancel for good").click()
    expect(rosa.page.locator("#flashes")).to_contain_text(f"Session {NUMBER} is cancelled.")
    assert stayed(rosa)


def test_the_buttons_work_without_a_script(chromium, served, clinic, course, cleo):
    """The visit's own page has them as forms that lead back to the diary."""
    context = chromium.new_context(java_script_enabled=False, locale="en-GB")
    rosa = Diary(lambda: Screen(context.new_page(), served), clinic, course, cleo).open()
    rosa.page.locator(f'#diary-list [data-visit="{rosa.visit.id}"] a').click()
    rosa.page.get_by_role("button", name="Confirmed by phone").click()
    expect(rosa.page.locator("#flashes")).to_contain_text(f"Session {NUMBER} is confirmed.")
    assert "/diary?" in rosa.page.url
    context.close()


def empty_place(diary, hours=2):
    """A point of Ben's column, so many hours after the visit."""
    _, y = middle(diary)
    return diary.column("Ben Okafor"), y + hours * HOUR


def test_a_click_on_an_empty_place_asks_who_fits_there(rosa):
    """With the time that was pointed at, and the therapist."""
    rosa.page.mouse.click(*empty_place(rosa))
    menu = rosa.page.get_by_role("dialog")
    expect(menu).to_contain_text("Ben Okafor")
    expect(menu.get_by_role("link", name="Book a course here")).to_be_visible()
    menu.get_by_role("link", name="Who fits here?").click()
    rosa.page.wait_for_url("**practitioner=**")
    assert f"start={rosa.start:%Y-%m-%d}" in rosa.page.url


def test_the_arrow_keys_reach_free_places_and_enter_asks_who_fits(rosa):
    """They are named with their hours and their therapist; Escape leads back to them."""
    page = rosa.page
    face(rosa).focus()
    page.keyboard.press("ArrowDown")
    place = page.locator("[data-place]:focus")
    expect(place).to_have_attribute("aria-label", re.compile(r"\d\d:\d\d–\d\d:\d\d, Free, Ben Okafor"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("link", name="Who fits here?")).to_be_focused()
    page.keyboard.press("Escape")
    expect(place).to_have_count(1)
    page.keyboard.press("ArrowUp")
    expect(face(rosa)).to_be_focused()


@pytest.mark.parametrize(("place", "words"), [(middle, "Ana Silva"), (empty_place, "Who fits here?")])
def test_a_tap_opens_a_visit_or_an_empty_place(tablet, place, words):
    """As a click does."""
    tablet.page.touchscreen.tap(*place(tablet))
    expect(tablet.page.get_by_role("dialog")).to_contain_text(words)
    assert tablet.screen.complaints == []


def test_a_finger_that_rests_on_a_visit_takes_it_along(tablet):
    """No menu comes between; the reason or the time stands above the finger."""
    finger, (x, y) = Finger(tablet.page), middle(tablet)
    finger.down(x, y)
    tip = tablet.page.locator("#diary-tip")
    expect(tip).to_be_visible()
    for step in range(1, 9):
        finger.to(x, y + step * HOUR / 8)
    later = tablet.start + timedelta(hours=1)
    expect(tip).to_contain_text(f"{later:%H:%M}–")
    expect(tip).to_have_attribute("data-tone", "good")
    tablet.page.wait_for_timeout(700)
    expect(tablet.page.locator(".diary-menu")).to_have_count(0)
    finger.up()
    expect(tablet.page.locator("#flashes")).to_contain_text(f"Session {NUMBER} is moved to")
    assert wall(tablet.now().starts_at) == later
    assert tablet.screen.complaints == []


def test_a_finger_that_swipes_over_a_visit_scrolls(tablet):
    """Nothing is taken up, nothing moves, nothing is asked of the server."""
    asked = []
    tablet.page.on("request", lambda request: asked.append(request.url))
    Finger(tablet.page).swipe(*middle(tablet), -100)
    tablet.page.wait_for_function("() => document.querySelector('.ec-main').scrollTop + scrollY > 50")
    expect(tablet.page.locator("#diary-tip")).to_be_hidden()
    assert not [url for url in asked if "/places" in url]
    assert tablet.now() == tablet.visit


def test_a_tablet_that_is_turned_has_the_calendar_one_way_and_the_list_the_other(tablet):
    """The calendar is made when there is room for it."""
    tablet.page.set_viewport_size({"width": TABLET[1], "height": TABLET[0]})
    tablet.open()
    expect(tablet.page.locator("#diary-list")).to_be_visible()
    expect(tablet.card).to_have_count(0)
    tablet.page.set_viewport_size({"width": TABLET[0], "height": TABLET[1]})
    expect(tablet.card).to_be_visible()
    expect(tablet.page.locator("#diary-list")).to_be_hidden()


def test_a_visit_is_dragged_to_another_room_with_its_clashes_explained_on_the_way(rosa, runtime, clinic, course):
    """Time and therapist stay; where the room is shut, that is said before the drop."""
    with runtime.writing(clinic.system) as unit:
        clinic_setup.set_room_hours(unit, clinic.rooms[1], weekly("12:00", "20:00"))
    rosa.open("&by=room")
    x, y = rosa.take()
    rosa.page.mouse.move(x + 6, y + 6)
    rosa.page.mouse.move(rosa.column("Room 2"), y, steps=8)
    tip = rosa.page.locator("#diary-tip")
    expect(tip).to_have_text("Room 2 is not open then.")
    expect(tip).to_have_attribute("data-tone", "bad")
    later = 12 - rosa.start.hour
    rosa.page.mouse.move(rosa.column("Room 2"), y + later * HOUR, steps=8)
    expect(tip).to_have_attribute("data-tone", "good")
    rosa.page.mouse.up()
    expect(rosa.page.locator("#flashes")).to_contain_text(f"Session {NUMBER} is moved to")
    now = rosa.now()
    assert (now.room_id, now.practitioner_id) == (clinic.rooms[1], clinic.ben.id)
