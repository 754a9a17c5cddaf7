"""Every page with names, notes and wishes that stumble over it: whole, inside their cards, and nothing of them runs."""

import pytest

from tests.browser.test_every_screen import SCREENS, WINDOWS, look_at, resize
from tests.hostile_names import CLINIC, EVERYBODY, PATIENT, STAFF, rename
from tests.web.test_every_page import named

pytestmark = [pytest.mark.browser, pytest.mark.slow]
# Every place at which a name is not whole, or leaves a box about it that it could not be scrolled in. Two are as small
# as they must be: a card of the calendar is as large as its time, and its menu and the list say all of it; the bar has
# one line, and the foot of the page and the menu of a phone say all of that.
_FAULTS = """([names]) => {
    const small = "svg, option, .visually-hidden, .ec-event, .brand, .bar-menu > summary";
    const found = [];
    const text = document.body.textContent;
    const count = (part) => text.split(part).length - 1;
    const width = document.documentElement.clientWidth;
    for (const { mark, words } of names) {
        if (count(mark) !== count(words)) found.push(`${mark}: begun ${count(mark)}, whole ${count(words)}`);
    }
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode;
        const name = names.find(({ mark }) => node.data.includes(mark));
        if (!name || !node.parentElement.checkVisibility() || node.parentElement.closest(small)) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        const boxes = [...range.getClientRects()].filter((box) => box.width > 0);
        if (!boxes.length) continue;
        const text = {
            left: Math.min(...boxes.map((box) => box.left)), right: Math.max(...boxes.map((box) => box.right)),
            bottom: Math.max(...boxes.map((box) => box.bottom)),
        };
        for (let each = node.parentElement; each !== document.body; each = each.parentElement) {
            const style = getComputedStyle(each);
            const box = each.getBoundingClientRect();
            if (["auto", "scroll"].includes(style.overflowX)) break;
            if (["inline", "contents"].includes(style.display)) continue;
            const hides = style.overflowY !== "visible" && text.bottom > box.bottom + 1;
            if (text.right > box.right + 1 || text.left < box.left - 1 || hides) {
                const from = node.parentElement.outerHTML.slice(0, 40);
                found.push(`${name.mark}: ${from} leaves <${each.tagName.toLowerCase()} class="${each.className}">`);
                break;
            }
            if (["absolute", "fixed"].includes(style.position)) break;
        }
        if (text.right > width + 1 || text.left < -1) found.push(`${name.mark}: leaves the window`);
    }
    return [...new Set(found)];
}"""
# What makes a page wider than its window.
_WIDE = """() => {
    const page = document.documentElement;
    if (page.scrollWidth <= page.clientWidth) return [];
    const leaves = (each) => each.getBoundingClientRect().right > page.clientWidth + 1;
    const wide = [...document.body.querySelectorAll("*")].filter(leaves);
    return wide.map((each) => `<${each.tagName.toLowerCase()} class="${each.className}">`);
}"""
NAMES = [[{"mark": each.mark, "words": each.words} for each in EVERYBODY]]


@pytest.fixture(scope="module")
def shown():
    """The pages on which one of the names was seen."""
    return set()


@pytest.mark.parametrize("rule", SCREENS, ids=named)
def test_any_words_are_shown_whole_and_safe(rule, standing, shown):
    """At a desk and on a phone; what a console says of a script that may not run is a complaint too."""
    # The outtray knows what this clinic sent by its name, so that one stays there.
    its_name = "Northside Clinic" if rule.endpoint.startswith("outtray") else CLINIC.words
    rename(standing.runtime, standing.clinic, its_name)
    window, path = look_at(rule, standing)
    if path is None:
        return
    rename(standing.runtime, standing.clinic, its_name)
    asked = []
    window.page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    for name, size in WINDOWS.items():
        resize(window.page, size)
        window.open(path)
        found = window.page.evaluate(_FAULTS, NAMES)
        assert found == [], "\n".join([name, *found])
        assert window.page.evaluate(_WIDE) == [], name
        text = window.page.evaluate("document.body.textContent")
        shown |= {rule.endpoint} if any(each.mark in text for each in EVERYBODY) else set()
    assert asked == []
    assert window.complaints == []


def test_most_pages_showed_a_name(shown):
    """Else the test above would have looked at nothing."""
    assert len(shown) > 50


def test_the_check_of_words_finds_faults(standing):
    """A name cut short, one that hangs out of its card, and one whose end is hidden."""
    window = standing.window_of(None)
    window.open("/")
    window.page.evaluate(
        """([cut, wide, high]) => {
            const card = document.createElement("section");
            card.className = "card";
            const lines = [[cut, ""], [wide, "white-space: nowrap"], [high, "height: 1em; overflow: hidden"]];
            for (const [words, styles] of lines) {
                const line = document.createElement("p");
                line.textContent = words;
                line.style.cssText = styles;
                card.append(line);
            }
            document.querySelector("main").prepend(card);
        }""",
        [CLINIC.words[:50], STAFF.words, PATIENT.words],
    )
    found = "\n".join(window.page.evaluate(_FAULTS, NAMES))
    assert "Qxe: begun" in found
    assert "Qxb: <p" in found
    assert "Qxa: <p" in found
