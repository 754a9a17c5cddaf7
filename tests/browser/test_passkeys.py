"""Passkeys in a real browser, whose authenticator is a virtual one: added, and signed in with."""

import pytest

from tests.factories import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def rosa(screen, clinic):
    """Rosa's window, signed in under a name: a browser keeps no passkey for an address of numbers."""
    window = screen()
    window.url = window.url.replace("127.0.0.1", "localhost")
    devtools = window.page.context.new_cdp_session(window.page)
    devtools.send("WebAuthn.enable")
    window.phone = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": PHONE})["authenticatorId"]
    window.devtools = devtools
    window.sign_in(clinic.rosa)
    return window


def add(window):
    """Add a passkey by the pages."""
    window.open("/account")
    window.page.click("text=Add a passkey")
    window.page.fill("#name", "My phone")
    window.page.fill("#password", PASSWORD)
    window.page.click("main form button")
    window.page.click("text=Make the passkey")
    window.page.wait_for_selector("text=I have kept them")


def test_a_passkey_is_added_and_signs_in(rosa):
    """Without a password, under the strict content security policy, and the page never complains."""
    add(rosa)
    assert rosa.page.locator(".codes li").count() == 10
    rosa.page.context.clear_cookies()
    rosa.open("/sign-in?next=/account")
    rosa.page.click("text=Sign in with a passkey")
    rosa.page.wait_for_url("**/account")
    assert "with a passkey" in rosa.page.inner_text("main")
    assert rosa.complaints == []


def test_after_the_password_the_passkey_is_the_second_step(rosa, clinic):
    """The password alone leads only there."""
    add(rosa)
    rosa.page.context.clear_cookies()
    rosa.sign_in(clinic.rosa)
    rosa.page.wait_for_url("**/sign-in/second")
    rosa.page.click("text=Use a passkey")
    rosa.page.wait_for_selector(".bar-own")
    assert rosa.complaints == []


def test_a_passkey_that_does_not_answer_leaves_the_other_ways(rosa, clinic):
    """The page says so, and the password still works."""
    rosa.page.context.clear_cookies()
    rosa.devtools.send("WebAuthn.setUserVerified", {"authenticatorId": rosa.phone, "isUserVerified": False})
    rosa.open("/sign-in")
    rosa.page.click("text=Sign in with a passkey")
    rosa.page.wait_for_selector("text=did not get an answer")
    rosa.sign_in(clinic.rosa)
    rosa.page.wait_for_selector(".bar-own")
