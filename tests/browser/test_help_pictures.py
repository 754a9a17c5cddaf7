"""The pictures on the help pages of calendar programs: `make pictures` writes them into planner/static/help."""

import os
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from planner.web.calendars import HELP
from tests.browser.conftest import PHONE
from tests.factories import ANA_LINK
from tests.web.ana_course import book_ana

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KEPT = Path(__file__).parents[2] / "planner" / "static" / "help"
MOST_BYTES = 60_000
SHOWN = "https://plan.northside.example/f/your-own-secret-address.ics"
# What is pressed in each program's picture.
PRESSED = {
    "apple": "text=Apple Calendar",
    "google": "text=Google Calendar",
    "outlook": "text=Outlook.com",
    "thunderbird": "#copy-calendar",
    "android": "#copy-calendar",
}


@pytest.fixture
def runtime(runtime):
    """A program that the internet reaches, as most clinics have it."""
    return replace(runtime, base_url="https://plan.northside.example")


@pytest.fixture
def folder(tmp_path):
    """Where the pictures go: $PLANNER_HELP_PICTURES if it is named."""
    path = Path(os.environ.get("PLANNER_HELP_PICTURES", tmp_path))
    path.mkdir(parents=True, exist_ok=True)
    return path


def mark(element):
    """Draw a frame around it, with some room."""
    element.evaluate("e => { e.style.outline = '4px solid #d9480f'; e.style.outlineOffset = '4px'; }")


def around(element, card):
    """The part of the card that shows the element and what is next to it."""
    place, frame = element.bounding_box(), card.bounding_box()
    top = max(frame["y"], place["y"] - 180)
    bottom = min(frame["y"] + frame["height"], place["y"] + place["height"] + 120)
    return {"x": frame["x"], "y": top, "width": frame["width"], "height": bottom - top}


def size_of(picture):
    """Width and height of a PNG."""
    return struct.unpack(">II", picture.read_bytes()[16:24])


def test_the_pictures_show_what_is_pressed_on_the_patients_own_page(screen, runtime, clinic, folder):
    """First the address is made; then each program has its button, or the address to copy."""
    book_ana(runtime, clinic)
    window = screen(PHONE)
    window.open(f"/p/{ANA_LINK}/calendar")
    card = window.page.locator("section", has=window.page.locator("#follow"))
    make = window.page.locator("text=Make my calendar address")
    mark(make)
    card.screenshot(path=folder / "make.png")
    make.click()
    window.page.wait_for_selector("#copy-calendar")
    window.page.locator("#copy-calendar").evaluate("(e, shown) => { e.value = shown; }", SHOWN)
    assert not window.page.locator("text=inside its own network").count()
    for program, pressed in PRESSED.items():
        element = window.page.locator(pressed).first
        mark(element)
        window.page.screenshot(path=folder / f"{program}.png", full_page=True, clip=around(element, card))
        element.evaluate("e => { e.style.outline = ''; }")
    assert window.complaints == []
    assert {picture.stem for picture in folder.glob("*.png")} == {"make", *HELP}
    assert all(picture.stat().st_size <= MOST_BYTES for picture in folder.glob("*.png"))


def test_the_kept_pictures_show_the_page_as_it_is_now(screen, runtime, clinic, folder):
    """As large as new ones, so that somebody who changes the page takes them anew."""
    test_the_pictures_show_what_is_pressed_on_the_patients_own_page(screen, runtime, clinic, folder)
    for picture in folder.glob("*.png"):
        kept, fresh = size_of(KEPT / picture.name), size_of(picture)
        # Another machine's fonts may break a line elsewhere.
        assert kept[0] == fresh[0]
        assert abs(kept[1] - fresh[1]) <= 30, picture.name


@pytest.mark.parametrize("program", HELP)
def test_a_help_page_shows_both_pictures(screen, program):
    """They are there, and have the size that the page keeps free for them."""
    window = screen(PHONE)
    window.open(f"/calendar-help/{program}")
    window.page.wait_for_load_state("networkidle")
    sizes = window.page.locator("figure img").evaluate_all(
        "images => images.map(image => [image.naturalWidth, image.naturalHeight, image.width, image.alt.length])"
    )
    assert len(sizes) == 2
    assert all(width > 300 and height > 250 and shown > 200 and words > 20 for width, height, shown, words in sizes)
    assert window.complaints == []
