"""Every page in a real browser, large and small, light and dark: readable, quiet, still, no wider than its window."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from planner.web.access import ACCESS
from tests.browser.conftest import DESKTOP, PHONE
from tests.web.test_every_page import PAGES, address, example, named, whom

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WINDOWS = {"desktop": DESKTOP, "phone": PHONE}
# What is left of a desk's window when everything in it is twice as large.
ENLARGED = (DESKTOP[0] // 2, DESKTOP[1] // 2)
AXE = Axe().axe_script
_BARRIERS = """async () => (await axe.run({ resultTypes: ["violations"] })).violations.map(
    (each) => [each.id, ...each.nodes.map((node) => node.html.slice(0, 160))])"""
# Long enough that what moves after the first picture has moved.
_SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"


def resize(page, size):
    """Make the window this large."""
    page.set_viewport_size({"width": size[0], "height": size[1]})


def overhang(page):
    """By how much the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def check_screen(window, path):
    """No barrier that axe knows in either theme, no sideways scrolling, nothing that moves by itself, a silent console.

    Raises:
        AssertionError: with what was found, and in which window.
    """
    page = window.page
    for name, size in WINDOWS.items():
        page.emulate_media(color_scheme="light")
        resize(page, size)
        window.open(path)
        page.evaluate(_SETTLED)
        assert page.evaluate("window.shifts") == [], name
        page.evaluate(AXE)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            assert page.evaluate(_BARRIERS) == [], f"{name}, {theme}"
        assert overhang(page) <= 0, name
    resize(page, ENLARGED)
    assert overhang(page) <= 0, "enlarged"
    assert window.complaints == []


@pytest.mark.parametrize("rule", [rule for rule in PAGES if rule.endpoint != "static"], ids=named)
def test_a_screen_has_no_barrier_no_complaint_and_no_overhang(rule, standing):
    """Signed in as the first who may open it, as a stranger where everybody may."""
    path = address(standing.app, rule, example(rule, standing.runtime, standing.clinic))
    public = ACCESS[rule.endpoint] == "public"
    window = standing.window_of(None if public else whom(rule, standing.clinic))
    answer = window.page.request.get(window.url + path)
    if "text/html" in answer.headers["content-type"]:
        check_screen(window, path)
    assert answer.status == 200


@pytest.mark.parametrize("path", ["/nowhere", "/courses/999", "/sign-out"])
def test_a_refusal_is_as_readable_as_any_page(path, standing):
    """Whoever meets one is already in trouble."""
    window = standing.window_of(standing.clinic.rosa)
    window.open(path)
    # The browser itself reports the status of a page that was refused.
    check_refusal(window)


def check_refusal(window):
    """The same barriers are looked for; the console's line about the status is expected."""
    page = window.page
    page.evaluate(AXE)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        assert page.evaluate(_BARRIERS) == []
    assert overhang(page) <= 0
