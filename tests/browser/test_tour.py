"""The pictures of README.md and docs/tour.md, made by the program itself: `make pictures` writes them into docs/img."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from planner.app import create_app
from planner.services import attendance
from planner.services.demo import cast
from planner.services.demo.install import ensure_demo
from planner.services.runtime import Actor
from planner.storage.courses import CourseRow
from planner.storage.people import PatientRow
from tests.browser import tour
from tests.browser.conftest import DESKTOP, PHONE, Screen, answering, new_window
from tests.factories import Person
from tests.web.ana_course import book_ana

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MOST_BYTES = 300_000
DOCS = Path(__file__).parents[2] / "docs"
# A Tuesday in November, ten minutes past ten.
TUESDAY = datetime(2026, 11, 24, 10, 10, tzinfo=UTC)


@pytest.fixture
def pictures(tmp_path):
    """The folder that the pictures go into: $PLANNER_PICTURES if it is named."""
    folder = Path(os.environ.get("PLANNER_PICTURES", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_the_course_page_after_a_missed_visit(screen, runtime, clinic, clock, pictures):
    """Done, missed and rebooked are seen at one glance, at the width of a desk."""
    course = book_ana(runtime, clinic)
    for number in (1, 2, 3):
        clock.set(course.appointment(number).ends_at + timedelta(minutes=5))
        attendance.fulfil(runtime, clinic.ben.actor, course.appointment(number).id)
    clock.set(course.appointment(4).ends_at + timedelta(minutes=5))
    attendance.miss(runtime, clinic.ben.actor, course.appointment(4).id)
    window = screen()
    window.sign_in(clinic.ben)
    window.open(f"/courses/{course.id}")
    picture = pictures / "course.png"
    end = window.page.locator("#session-6").bounding_box()
    window.page.screenshot(path=picture, full_page=True, clip={"x": 0, "y": 0, "width": 1440, "height": end["y"]})
    assert "missed on" in window.page.inner_text("main")
    assert window.complaints == []
    assert picture.stat().st_size <= MOST_BYTES


@pytest.fixture
def demo(runtime, config, listening, clock):
    """The demo clinic on that Tuesday, answering; its people and Ana's addresses."""
    clock.set(TUESDAY)
    made = ensure_demo(runtime, config.instance / "demo.json")
    with answering(listening, create_app(runtime, config)):
        yield made


@pytest.fixture
def places(runtime, demo):
    """What stands in the addresses of the tour."""
    with runtime.database.reading(None) as session:
        patient = session.scalars(select(PatientRow).where(PatientRow.name == tour.ANA)).one()
        course = session.scalars(select(CourseRow).where(CourseRow.patient_id == patient.id)).one()
        return {"patient": patient.id, "course": course.id}


def sign_in(window, name):
    """By the form, with the password of the demo."""
    email = next(each.email for each in cast.STAFF if each.name == name)
    window.sign_in(Person(Actor(clinic_id=0, name=name), email, cast.PASSWORD))
    window.page.wait_for_url(lambda url: "sign-in" not in url)


def test_the_tour_shows_every_stop_as_it_is(demo, places, chromium, pictures):
    """A page that no longer opens, or complains, stops the tour."""
    windows = {}
    for stop in tour.STOPS:
        if stop.who not in windows:
            context = new_window(chromium, PHONE if stop.phone else DESKTOP)
            windows[stop.who] = Screen(context.new_page(), demo.url)
            if not stop.phone:
                sign_in(windows[stop.who], stop.who)
        window = windows[stop.who]
        path = stop.path.format(**places)
        window.open(link_of(demo, stop.who) + path if stop.phone else path)
        window.page.wait_for_load_state("networkidle")
        assert window.page.inner_text("h1"), stop.name
        window.page.screenshot(path=pictures / f"{stop.name}.png")
        assert window.complaints == [], stop.name
        assert (pictures / f"{stop.name}.png").stat().st_size <= MOST_BYTES, stop.name
    for window in windows.values():
        window.page.context.close()
    if "PLANNER_PICTURES" in os.environ:
        (DOCS / "tour.md").write_text(tour.words(), encoding="utf-8")


def link_of(demo, name):
    """The path of a patient's personal link."""
    return next(each.link for each in demo.patients if each.name == name).removeprefix(demo.url)


def test_the_words_of_the_tour_stand_in_the_documentation():
    """With a picture for each stop; `make pictures` writes both."""
    assert (DOCS / "tour.md").read_text(encoding="utf-8") == tour.words()
    assert [stop.name for stop in tour.STOPS if not (DOCS / "img" / f"{stop.name}.png").is_file()] == []
