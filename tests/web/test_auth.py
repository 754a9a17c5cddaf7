"""Signing in and out through the pages."""

import pytest

from planner.web.access import LOGIN_KEY, safe_next
from tests.factories import PASSWORD

NEW = "quite another password"
CHANGE = {"current_password": PASSWORD, "new_password": NEW, "repeated": NEW}


def enter(client, person, password=PASSWORD, **extra):
    """Send the sign-in form."""
    return client.post("/sign-in", {"email": person.email, "password": password, **extra})


def login_of(client):
    """The token in the browser's cookie."""
    with client.raw.session_transaction() as session:
        return session.get(LOGIN_KEY)


def test_the_right_password_opens_the_clinic(client, clinic):
    """The bar shows who is signed in, and where."""
    answer = enter(client, clinic.rosa)
    assert answer.status_code == 302
    page = client.get(answer.location).text
    assert "Rosa Lind" in page
    assert "Northside Clinic" in page


def test_a_wrong_password_keeps_the_address_and_says_why(client, clinic):
    """422 with the form; the password is never sent back."""
    answer = enter(client, clinic.rosa, "a wrong password")
    assert answer.status_code == 422
    assert clinic.rosa.email in answer.text
    assert "do not match" in answer.text
    assert "a wrong password" not in answer.text


def test_a_page_asks_to_sign_in_and_then_opens(client, clinic):
    """Whoever follows a link from an e-mail ends where it leads."""
    asked = client.get("/account/password?from=mail")
    assert asked.status_code == 302
    assert asked.location == "/sign-in?next=/account/password?from%3Dmail"
    form = client.get(asked.location).text
    assert 'name="next" value="/account/password?from=mail"' in form
    assert enter(client, clinic.rosa, next="/account/password?from=mail").location == "/account/password?from=mail"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "evil.example",
        " //evil.example",
        "",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(client, clinic, target):
    """An open redirect would lend our name to a phishing page."""
    assert safe_next(target) is None
    location = enter(client, clinic.rosa, next=target).location
    assert location.startswith("/")
    assert "evil" not in location


def test_the_session_changes_at_sign_in(client, clinic):
    """Neither the login nor the form secret of before survives."""
    enter(client, clinic.rosa)
    first = login_of(client)
    with client.raw.session_transaction() as session:
        session["planted"] = "by somebody else"
    enter(client, clinic.rosa)
    assert login_of(client) != first
    with client.raw.session_transaction() as session:
        assert "planted" not in session


def test_signing_out_ends_the_session_on_the_server(client, clinic):
    """A copied cookie is worth nothing afterwards."""
    enter(client, clinic.rosa)
    copied = login_of(client)
    assert client.post("/sign-out").location == "/sign-in"
    assert client.get("/account/password").status_code == 302
    with client.raw.session_transaction() as session:
        session[LOGIN_KEY] = copied
    assert client.get("/account/password").status_code == 302


def test_a_new_password_keeps_this_browser_and_ends_the_others(browser_of, clinic):
    """The person goes on working; a thief does not."""
    here, elsewhere = browser_of(clinic.rosa), browser_of(clinic.rosa)
    answer = here.post("/account/password", CHANGE)
    assert answer.status_code == 302
    assert "Your password is changed" in here.get(answer.location).text
    assert elsewhere.get("/account/password").status_code == 302


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"repeated": "something else entirely"}, "The two new passwords differ."),
        ({"current_password": "a wrong password"}, "The current password is wrong."),
        ({"new_password": "short", "repeated": "short"}, "at least 10 characters"),
    ],
)
def test_a_refused_password_says_why_at_its_field(browser_of, clinic, changed, says):
    """And the old one still works."""
    answer = browser_of(clinic.rosa).post("/account/password", {**CHANGE, **changed})
    assert answer.status_code == 422
    assert says in answer.text
    browser_of(clinic.rosa)


def test_somebody_who_is_signed_in_need_not_sign_in(browser_of, clinic):
    """The sign-in page sends her on."""
    assert browser_of(clinic.rosa).get("/sign-in").status_code == 302


def test_a_session_that_expired_asks_again(browser_of, clinic, clock):
    """And the page goes on where she was."""
    rosa = browser_of(clinic.rosa)
    clock.advance(hours=13)
    assert rosa.get("/account/password").location == "/sign-in?next=/account/password"


def test_an_htmx_request_without_a_session_leads_the_whole_page_to_sign_in(client):
    """Else the sign-in form would appear inside a table row."""
    answer = client.get("/account/password", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in"


def test_a_program_without_a_session_is_told_so(client):
    """A redirect to a page would only confuse it."""
    answer = client.get("/account/password", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert answer.json["status"] == 401
