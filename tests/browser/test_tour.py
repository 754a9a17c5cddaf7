"""The picture in README.md, made by the program itself: `make pictures` writes it into docs/img, the test elsewhere."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from planner.services import attendance
from tests.web.ana_course import book_ana

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MOST_BYTES = 300_000


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
