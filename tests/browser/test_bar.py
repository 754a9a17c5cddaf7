"""The bar and the figures by keyboard alone, and the archive as a browser keeps it."""

import zipfile

import pytest

from tests.browser.conftest import PHONE
from tests.browser.keyboard import press, tab_to, unfold

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def mo(screen, clinic):
    """The manager's window."""
    window = screen()
    window.sign_in(clinic.mo)
    window.page.wait_for_url("**/today")
    return window


def test_a_menu_opens_by_a_key_and_closes_by_escape(mo):
    """The focus comes back to it; going on closes it too; its links are reached one by one."""
    page = mo.page
    unfold(page, "Clinic")
    assert page.get_by_role("link", name="Leave").is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert not page.get_by_role("link", name="Leave").is_visible()
    assert page.evaluate("document.activeElement.innerText").strip() == "Clinic"
    page.keyboard.press("Enter")
    press(page, "Hours", "link")
    page.wait_for_url("**/hours")
    unfold(page, "Mo Adeyemi")
    tab_to(page, "button", "Sign out")
    page.keyboard.press("Tab")
    assert not page.get_by_role("button", name="Sign out").is_visible()
    assert mo.complaints == []


def test_a_phone_has_one_menu_for_everything(screen, clinic):
    """It opens without a script too, as all of them do."""
    window = screen(PHONE)
    window.sign_in(clinic.mo)
    window.page.wait_for_url("**/today")
    unfold(window.page, "Menu")
    press(window.page, "Figures", "link")
    window.page.wait_for_url("**/figures")
    assert window.complaints == []


def test_everything_is_downloaded_by_keyboard_and_may_be_again(mo, tmp_path):
    """The page stays, and so does the button."""
    page = mo.page
    mo.open("/figures")
    for name in ("first.zip", "second.zip"):
        with page.expect_download() as caught:
            press(page, "Download everything")
        caught.value.save_as(tmp_path / name)
        with zipfile.ZipFile(tmp_path / name) as archive:
            assert "appointment.csv" in archive.namelist()
        page.keyboard.press("Shift+Tab")
    assert mo.complaints == []
