"""Every page in a real browser, large and small, light and dark: readable, quiet, still, no wider than its window."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import update

from planner.languages import LANGUAGES
from planner.storage.people import PatientRow, StaffRow
from planner.web.access import ACCESS
from tests.browser.conftest import DESKTOP, PHONE
from tests.web.test_every_page import PAGES, address, example, named, whom

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WINDOWS = {"desktop": DESKTOP, "phone": PHONE}
# What is left of a desk's window when everything in it is twice as large.
ENLARGED = (DESKTOP[0] // 2, DESKTOP[1] // 2)
SCREENS = [rule for rule in PAGES if rule.endpoint != "static"]
AXE = Axe().axe_script
_BARRIERS = """async () => (await axe.run({ resultTypes: ["violations"] })).violations.map(
    (each) => [each.id, ...each.nodes.map((node) => node.html.slice(0, 160))])"""
# What moved by itself after it had been painted; moving by a click or by a new size of the window does not count. Asked
# for afterwards: a script that is there from the beginning would be refused in frames that may run none.
_SHIFTS = """() => new Promise((done) => {
    const found = [];
    new PerformanceObserver((list) => {
        for (const shift of list.getEntries()) {
            if (shift.hadRecentInput) continue;
            const moved = shift.sources.map(({ node }) => (node?.outerHTML ?? node?.textContent ?? "").slice(0, 120));
            found.push([shift.value, ...moved]);
        }
    }).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(found), 50);
})"""
# Long enough that what moves after the first picture has moved.
_SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"


def resize(page, size):
    """Make the window this large."""
    page.set_viewport_size({"width": size[0], "height": size[1]})


def overhang(page):
    """By how much the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def check_screen(window, path, themes):
    """No barrier that axe knows, no sideways scrolling, nothing that moves by itself, a silent console.

    Args:
        themes: which of light and dark are looked at, by the name of the window.
    Raises:
        AssertionError: with what was found, and in which window.
    """
    page = window.page
    for name, size in WINDOWS.items():
        page.emulate_media(color_scheme="light")
        resize(page, size)
        window.open(path)
        page.evaluate(_SETTLED)
        assert page.evaluate(_SHIFTS) == [], name
        page.evaluate(AXE)
        for theme in themes[name]:
            page.emulate_media(color_scheme=theme)
            assert page.evaluate(_BARRIERS) == [], f"{name}, {theme}"
        assert overhang(page) <= 0, name
    resize(page, ENLARGED)
    assert overhang(page) <= 0, "enlarged"
    assert window.complaints == []


def look_at(rule, standing):
    """The rule's page in the window of the first who may open it, and its path; None where it is no page."""
    path = address(standing.app, rule, example(rule, standing.runtime, standing.clinic))
    public = ACCESS[rule.endpoint] == "public"
    window = standing.window_of(None if public else whom(rule, standing.clinic))
    answer = window.page.request.get(window.url + path)
    assert answer.status == 200
    # A file, or a part that htmx puts into a page which is looked at by itself.
    whole = "text/html" in answer.headers["content-type"] and answer.text().lstrip().startswith("<!doctype")
    return window, path if whole else None


@pytest.mark.parametrize("rule", SCREENS, ids=named)
def test_a_screen_has_no_barrier_no_complaint_and_no_overhang(rule, standing):
    """In either theme, at a desk, on a phone and enlarged."""
    window, path = look_at(rule, standing)
    if path is not None:
        check_screen(window, path, dict.fromkeys(WINDOWS, ("light", "dark")))


@pytest.fixture(scope="module", params=[language for language in LANGUAGES if language != "en"])
def spoken_here(request, standing):
    """Everybody at the clinic reads this language, and strangers choose it."""
    speak(standing, request.param)
    yield request.param
    speak(standing, "en")


def speak(standing, language):
    """Let everybody read this language."""
    with standing.runtime.writing(standing.clinic.system) as unit:
        unit.session.execute(update(StaffRow).values(language=language))
        unit.session.execute(update(PatientRow).values(language=language))
    standing.window_of(None).open(f"/?lang={language}")


@pytest.mark.parametrize("rule", SCREENS, ids=named)
def test_a_screen_is_as_good_in_every_language(rule, standing, spoken_here):
    """Longer words break nothing; colours are the same, so each theme is looked at in one window."""
    window, path = look_at(rule, standing)
    if path is not None:
        check_screen(window, path, {"desktop": ("light",), "phone": ("dark",)})
        assert window.page.get_attribute("html", "lang") == spoken_here


def test_the_check_of_screens_finds_faults(standing):
    """What moves, what is too wide and what has no name is seen; else a check that finds nothing proves nothing."""
    window = standing.window_of(None)
    resize(window.page, DESKTOP)
    window.open("/")
    window.page.evaluate(
        """() => {
            const wide = document.createElement("input");
            wide.setAttribute("size", "900");
            document.querySelector("main").prepend(wide);
            wide.style.cssText = "min-width: 3000px; min-height: 300px";
        }"""
    )
    window.page.evaluate(_SETTLED)
    assert window.page.evaluate(_SHIFTS) != []
    assert overhang(window.page) > 0
    window.page.evaluate(AXE)
    assert "label" in [each[0] for each in window.page.evaluate(_BARRIERS)]


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
