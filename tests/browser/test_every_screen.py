"""Every page in a real browser, large and light, small and dark: readable, quiet, never wider than its window."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from planner.web.access import ACCESS
from tests.browser.conftest import DESKTOP, PHONE
from tests.web.test_every_page import PAGES, address, example, named, whom

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WINDOWS = {"desktop": (DESKTOP, False), "phone": (PHONE, True)}


@pytest.mark.parametrize("rule", [rule for rule in PAGES if rule.endpoint != "static"], ids=named)
def test_a_screen_has_no_barrier_no_complaint_and_no_overhang(rule, screen, client, runtime, clinic):
    """axe finds nothing serious, the console stays silent, nothing scrolls sideways."""
    path = address(client.app, rule, example(rule, runtime, clinic))
    person = whom(rule, clinic)
    for name, (size, dark) in WINDOWS.items():
        window = screen(size, dark=dark)
        if person is not None and ACCESS[rule.endpoint] != "public":
            window.sign_in(person)
        answer = window.page.request.get(window.url + path)
        if "text/html" not in answer.headers["content-type"]:
            assert answer.status == 200
            return
        window.open(path)
        found = Axe().run(window.page).response["violations"]
        grave = [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")]
        assert grave == [], name
        assert window.page.evaluate("document.documentElement.scrollWidth") <= size[0], name
        assert window.complaints == [], name
