"""Driving a page without a mouse: Tab to a control by its name, then the key that a person would press."""

from playwright.sync_api import Locator, Page

# More stops than any page has: who has not arrived by then goes round in circles.
_MOST_STOPS = 250


def tab_to(page: Page, role: str, name: str, *, exact: bool = False) -> Locator:
    """Press Tab until this control has the focus, as often as it takes.

    Args:
        role: as assistive programs name it: "link", "button", "textbox", "radio".
        name: the accessible name or a part of it.
    Raises:
        AssertionError: the control is not there, or no number of Tabs reaches it.
    """
    control = page.get_by_role(role, name=name, exact=exact).locator("visible=true").first  # type: ignore[arg-type]
    control.wait_for()
    for _ in range(_MOST_STOPS):
        if control.evaluate("each => each === document.activeElement"):
            return control
        page.keyboard.press("Tab")
    raise AssertionError(f"no number of Tabs reaches the {role} {name!r}")


def press(page: Page, name: str, role: str = "button", *, exact: bool = False) -> None:
    """Go to a button or link and press Enter."""
    tab_to(page, role, name, exact=exact)
    page.keyboard.press("Enter")


def type_into(page: Page, name: str, text: str, role: str = "textbox") -> None:
    """Go to a field and type over what stands in it."""
    tab_to(page, role, name)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def tick(page: Page, name: str) -> None:
    """Go to a box and turn it with the space bar."""
    tab_to(page, "checkbox", name)
    page.keyboard.press("Space")


def unfold(page: Page, words: str) -> None:
    """Open a folded part of the page or a menu by its heading."""
    heading = page.locator("summary", has_text=words).locator("visible=true").first
    heading.wait_for()
    for _ in range(_MOST_STOPS):
        if heading.evaluate("each => each === document.activeElement"):
            page.keyboard.press("Enter")
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no number of Tabs reaches {words!r}")


def choose(page: Page, group: str, answer: str) -> None:
    """Go into a group of radios and walk to an answer with the arrows.

    Raises:
        AssertionError: the arrows came round without meeting it.
    """
    radios = page.get_by_role("group", name=group).get_by_role("radio")
    wanted = page.get_by_role("group", name=group).get_by_role("radio", name=answer).first
    for _ in range(_MOST_STOPS):
        if radios.evaluate_all("all => all.includes(document.activeElement)"):
            break
        page.keyboard.press("Tab")
    for _ in range(radios.count() + 1):
        if wanted.evaluate("each => each === document.activeElement && each.checked"):
            return
        first = radios.evaluate_all("all => all.some(each => each.checked)")
        page.keyboard.press("ArrowDown" if first else "Space")
    raise AssertionError(f"the arrows do not reach {answer!r} of {group!r}")


def fill_in(page: Page, answers: dict[str, str]) -> None:
    """Tab from field to field and type over what stands there; in a drop-down, type the words of the choice.

    Args:
        answers: by the field's id, in the order of the page.
    Raises:
        AssertionError: no number of Tabs reaches one.
    """
    for field, words in answers.items():
        page.locator(f"#{field}").wait_for()
        for _ in range(_MOST_STOPS):
            if page.evaluate("id => document.activeElement.id === id", field):
                break
            page.keyboard.press("Tab")
        else:
            raise AssertionError(f"no number of Tabs reaches #{field}")
        if page.evaluate("document.activeElement.tagName") != "SELECT":
            page.keyboard.press("Control+A")
        page.keyboard.type(words)
