"""The diary in a real browser: drag, resize, the same by keyboard, and two people at one time."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from planner.services import clinic_setup, moving
from planner.storage.people import RoomRow
from tests.browser.conftest import PHONE
from tests.factories import make_person, weekly
from tests.web.ana_course import book_ana

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LONDON = ZoneInfo("Europe/London")
NUMBER = 3
expect.set_options(timeout=15_000)


def wall(instant):
    """On the clinic's wall clock."""
    return instant.astimezone(LONDON).replace(tzinfo=None)


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


class Diary:
    """Somebody in front of the diary's day or week in which Ana's third session is."""

    def __init__(self, screen, clinic, course, cleo, person=None, **window):
        self.screen, self.course = screen(**window), course
        self.visit = course.appointment(NUMBER)
        self.start = wall(self.visit.starts_at)
        self.screen.page.set_default_timeout(60_000)
        self.screen.sign_in(person or clinic.rosa)
        self.page = self.screen.page

    def open(self, query=""):
        """The day of the visit."""
        self.screen.open(f"/diary?day={self.start:%Y-%m-%d}{query}")
        return self

    @property
    def card(self):
        """The visit in the calendar."""
        return self.page.locator(f'.ec-event[data-visit="{self.visit.id}"]:not(.ec-preview)')

    def column(self, name):
        """Where a column is, left and right."""
        box = self.page.locator(".ec-header").get_by_text(name, exact=True).bounding_box()
        return box["x"] + box["width"] / 2

    def take(self):
        """Press the button of the mouse on the card; gives where."""
        self.card.scroll_into_view_if_needed()
        box = self.card.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + 12
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        return x, y

    def drag(self, *, minutes=0, column=None):
        """Move what is held: half an hour is 44 pixels."""
        x, y = self.take()
        to = self.column(column) if column else x
        self.page.mouse.move(x + 6, y + 6)
        self.page.mouse.move(to, y + minutes * 44 / 30, steps=8)
        return self.page.locator("#diary-tip")

    def now(self):
        """The appointment as the database has it."""
        return self.course.appointment(NUMBER)


@pytest.fixture
def rosa(screen, clinic, course, cleo):
    """Rosa's diary."""
    return Diary(screen, clinic, course, cleo).open()


def test_a_visit_is_dragged_to_a_free_place_and_taken_back(rosa):
    """The place glows, the tip says when, the drop writes it, and Undo stands in the news."""
    tip = rosa.drag(minutes=60)
    later = rosa.start + timedelta(hours=1)
    expect(rosa.page.locator(".may-go").first).to_be_visible()
    expect(tip).to_contain_text(f"{later:%H:%M}–")
    rosa.page.mouse.up()
    expect(rosa.page.locator("#flashes")).to_contain_text(f"Session {NUMBER} is moved to")
    expect(rosa.card).to_contain_text(f"{later:%H:%M}")
    assert wall(rosa.now().starts_at) == later
    rosa.page.get_by_role("button", name="Undo").click()
    expect(rosa.card).to_contain_text(f"{rosa.start:%H:%M}")
    assert wall(rosa.now().starts_at) == rosa.start
    assert rosa.screen.complaints == []


def test_a_visit_is_dragged_to_another_therapist(rosa, cleo):
    """Into her column, at the same time."""
    tip = rosa.drag(column="Cleo Marsh")
    expect(tip).to_have_attribute("data-tone", "good")
    rosa.page.mouse.up()
    expect(rosa.page.locator("#flashes")).to_contain_text("with Cleo Marsh")
    assert rosa.now().practitioner_id == cleo


def test_a_visit_is_dragged_to_another_room(rosa, runtime, clinic):
    """Where the columns are rooms, the time and the therapist stay."""
    with runtime.reading(clinic.system) as unit:
        names = {room: unit.get(RoomRow, room).name for room in clinic.rooms}
    other = next(room for room in clinic.rooms if room != rosa.visit.room_id)
    rosa.open("&by=room")
    tip = rosa.drag(column=names[other])
    expect(tip).to_have_attribute("data-tone", "good")
    rosa.page.mouse.up()
    expect(rosa.page.locator("#flashes")).to_contain_text("is now in another room")
    now = rosa.now()
    assert (now.room_id, now.starts_at, now.practitioner_id) == (
        other,
        rosa.visit.starts_at,
        rosa.visit.practitioner_id,
    )
    assert rosa.screen.complaints == []


def test_however_long_a_room_is_called_the_page_stays_as_wide_as_the_window(rosa, runtime, clinic):
    """The list of rooms beside the day is no wider than its place."""
    with runtime.writing(clinic.system) as unit:
        unit.get(RoomRow, clinic.rooms[0]).name = "Gemeinschaftspraxis " * 9
    rosa.open("&by=room")
    expect(rosa.card).to_be_visible()
    assert rosa.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_clash_is_explained_while_it_is_dragged_and_nothing_is_written(rosa, runtime, clinic, course):
    """The reason stands at the cursor and in the live region before the drop; after it all is as it was."""
    tip = rosa.drag(minutes=-24 * 60)
    rosa.page.mouse.move(rosa.column("Ben Okafor"), rosa.page.locator(".ec-body").bounding_box()["y"] + 8, steps=4)
    rosa.page.mouse.up()
    expect(tip).to_be_hidden()
    before = course.now()
    with runtime.writing(clinic.system) as unit:
        clinic_setup.set_practitioner_hours(unit, clinic.ben.id, weekly("08:00", "12:00"))
    rosa.open()
    tip = rosa.drag(minutes=0)
    box = rosa.page.locator(".off-hours").first.bounding_box()
    rosa.page.mouse.move(rosa.column("Ben Okafor"), box["y"] + 60, steps=8)
    expect(tip).to_contain_text("On that day Ben Okafor is free only 08:00–12:00")
    expect(tip).to_have_attribute("data-tone", "bad")
    expect(rosa.page.locator("#diary-said")).to_contain_text("is free only")
    rosa.page.mouse.up()
    expect(rosa.page.locator("#flashes")).to_contain_text("is free only")
    expect(rosa.card).to_contain_text(f"{rosa.start:%H:%M}")
    assert course.now() == before


def test_the_rest_of_48_hours_is_explained_in_the_week(screen, runtime, clinic, course, cleo):
    """Dragged from two days after the session before it to the day between."""
    before = wall(course.appointment(NUMBER - 1).starts_at)
    there = before + timedelta(days=2)
    moving.move(runtime, clinic.rosa.actor, course.appointment(NUMBER).id, there, clinic.ben.id)
    rosa = Diary(screen, clinic, course, cleo).open("&span=week")
    x, y = rosa.take()
    # Two columns a day, from Monday on.
    box = rosa.page.locator(".ec-body .ec-day").nth((there - timedelta(days=1)).weekday() * 2).bounding_box()
    rosa.page.mouse.move(x, y + 8)
    rosa.page.mouse.move(box["x"] + box["width"] / 2, y, steps=8)
    expect(rosa.page.locator("#diary-tip")).to_have_text("24 hours from the session before it: 48 are needed.")
    rosa.page.mouse.up()
    expect(rosa.page.locator("#flashes")).to_contain_text("48 are needed")
    assert rosa.now() == rosa.visit


def test_a_visit_is_made_longer_by_its_lower_edge(rosa):
    """The session takes that long from now on."""
    rosa.card.scroll_into_view_if_needed()
    box = rosa.card.bounding_box()
    x, y = box["x"] + 40, box["y"] + box["height"] - 3
    rosa.page.mouse.move(x, y)
    rosa.page.mouse.down()
    rosa.page.mouse.move(x, y + 10)
    rosa.page.mouse.move(x, y + 44, steps=6)
    length = round((rosa.visit.ends_at - rosa.visit.starts_at).total_seconds() / 60)
    rosa.page.mouse.up()
    expect(rosa.page.locator("#flashes")).to_contain_text(f"Session {NUMBER} now takes {length + 30} minutes.")
    assert rosa.now().ends_at == rosa.visit.ends_at + timedelta(minutes=30)


def test_the_same_by_keyboard_alone(rosa):
    """Tab to the card, Shift+F10, down to Move, and the form with day, time, length and room."""
    page = rosa.page
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.ec-event') !== null"):
            break
    page.keyboard.press("Shift+F10")
    menu = page.get_by_role("dialog")
    expect(menu).to_contain_text("Ana Silva")
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    assert page.evaluate("document.activeElement.closest('.ec-event') !== null")
    page.keyboard.press("Enter")
    move = menu.get_by_role("link", name="Move")
    for _ in range(6):
        if move.evaluate("each => each === document.activeElement"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_label("Time", exact=True).fill(f"{rosa.start + timedelta(hours=1):%H:%M}")
    page.get_by_label("Length").fill("45")
    page.locator("#room").select_option(label="Room 2")
    page.locator("#room").press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#flashes")).to_contain_text("now takes 45 minutes")
    now = rosa.now()
    assert (wall(now.starts_at), now.ends_at - now.starts_at) == (
        rosa.start + timedelta(hours=1),
        timedelta(minutes=45),
    )
    assert "/diary" in page.url


def test_a_colleague_sees_a_move_by_itself_and_a_stale_card_goes_to_its_present_place(
    screen, runtime, clinic, course, cleo
):
    """Rosa's diary is another one within ten seconds; where it is not yet, the drop gets the present state."""
    rosa = Diary(screen, clinic, course, cleo).open()
    ben = Diary(screen, clinic, course, cleo, clinic.ben).open()
    ben.drag(minutes=60)
    expect(ben.page.locator("#diary-tip")).to_have_attribute("data-tone", "good")
    ben.page.mouse.up()
    expect(ben.page.locator("#flashes")).to_contain_text("is moved to")
    later = rosa.start + timedelta(hours=1)
    expect(rosa.card).to_contain_text(f"{later:%H:%M}", timeout=10_000)
    rosa.drag(minutes=60)
    place = later + timedelta(hours=3)
    moving.move(runtime, clinic.ben.actor, rosa.visit.id, place, clinic.ben.id)
    rosa.page.mouse.up()
    expect(rosa.page.locator("#flashes")).to_contain_text("was changed meanwhile")
    expect(rosa.card).to_contain_text(f"{place:%H:%M}")
    assert wall(rosa.now().starts_at) == place


def test_on_a_phone_the_diary_is_a_list_and_a_visit_has_its_page(screen, clinic, course, cleo):
    """No calendar; one tap leads to what may be done."""
    rosa = Diary(screen, clinic, course, cleo, size=PHONE).open()
    expect(rosa.page.locator(".ec-event")).to_have_count(0)
    rosa.page.locator(f'#diary-list [data-visit="{rosa.visit.id}"] a').click()
    rosa.page.get_by_role("link", name="Move").click()
    expect(rosa.page.locator("h1")).to_contain_text(f"Move session {NUMBER}")
