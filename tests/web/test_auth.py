"""Signing in and out through the pages."""

import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from planner.app import create_app
from planner.notify.outtray import OuttrayMailer
from planner.services.account_links import link_for
from planner.storage.people import LoginRow, StaffRow
from planner.web.access import LOGIN_KEY, safe_next
from tests.factories import PASSWORD
from tests.web.browser_without_screen import Browser

NEW = "quite another password"
# The form's and the page's; they differ from one second to the next.
TOKENS = re.compile(r'value="[^"]*"|\{"X-CSRFToken": "[^"]*"\}|[&#;"\']')
CHANGE = {"current_password": PASSWORD, "new_password": NEW, "repeated": NEW}


def enter(client, person, password=PASSWORD, **extra):
    """Send the sign-in form."""
    return client.post("/sign-in", {"email": person.email, "password": password, **extra})


def login_of(client):
    """The token in the browser's cookie."""
    with client.raw.session_transaction() as session:
        return session.get(LOGIN_KEY)


def test_who_comes_before_there_is_a_clinic_is_told_how_to_open_it(client):
    """The address stands where the program runs, because whoever has it becomes the manager."""
    page = client.get("/sign-in").text
    assert "There is no clinic here yet" in page
    assert "/setup/" not in page


def test_nobody_is_told_so_where_there_is_a_clinic(client, clinic):
    """Then it would only be in the way."""
    assert "There is no clinic here yet" not in client.get("/sign-in").text


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


@pytest.mark.faults
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
def test_fault_27_nobody_is_sent_elsewhere_after_signing_in(client, clinic, target):
    """An open redirect would lend our name to a phishing page."""
    assert safe_next(target) is None
    location = enter(client, clinic.rosa, next=target).location
    assert location.startswith("/")
    assert "evil" not in location


@pytest.mark.faults
def test_fault_28_the_session_changes_at_sign_in(client, clinic):
    """Neither the login nor the form secret of before survives."""
    enter(client, clinic.rosa)
    first = login_of(client)
    with client.raw.session_transaction() as session:
        session["planted"] = "by somebody else"
    enter(client, clinic.rosa)
    assert login_of(client) != first
    with client.raw.session_transaction() as session:
        assert "planted" not in session


@pytest.mark.faults
def test_fault_28_signing_out_ends_the_session_on_the_server(client, clinic):
    """A copied cookie is worth nothing afterwards."""
    enter(client, clinic.rosa)
    copied = login_of(client)
    answer = client.post("/sign-out")
    assert answer.location == "/sign-in"
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert client.get("/account/password").status_code == 302
    with client.raw.session_transaction() as session:
        session[LOGIN_KEY] = copied
    assert client.get("/account/password").status_code == 302


@pytest.mark.faults
def test_fault_28_a_new_password_keeps_this_browser_and_ends_the_others(browser_of, clinic):
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


def test_a_wrong_password_of_who_is_signed_in_is_told_to_the_owner(browser_of, clinic):
    """Somebody may have found the browser open."""
    rosa = browser_of(clinic.rosa)
    rosa.post("/account/password", {**CHANGE, "current_password": "a wrong password"})
    rosa.post("/sign-out")
    lines = browser_of(clinic.mo).get("/settings/audit").text
    assert "typed a wrong password" in lines
    assert "signed out" in lines


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


@pytest.mark.faults
def test_fault_20_after_five_failures_the_sixth_is_told_to_wait(client, clinic):
    """With the same words; an address without an account is told the same."""
    for email in (clinic.rosa.email, "nobody@example.org"):
        answers = [client.post("/sign-in", {"email": email, "password": "wrong"}) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [422] * 5 + [429]
        assert answers[-1].headers["Retry-After"] == "60"
        assert "do not match" in answers[-1].text


@pytest.mark.faults
@pytest.mark.parametrize("page", ["/sign-in/second", "/sign-in/passkey"])
def test_fault_27_the_second_step_sends_nobody_elsewhere_either(client, clinic, page):
    """Whatever stands in its form."""
    answer = client.post(page, {"next": "//evil.example", "code": "1", "answer": "{}"})
    assert "evil" not in answer.headers.get("Location", "") + answer.text


def test_forgetting_a_password_tells_nobody_who_has_an_account(client, clinic):
    """The same page, but for the address that was typed."""
    pages = {}
    for email in (clinic.rosa.email, "nobody@example.org"):
        answer = client.post("/sign-in/forgotten", {"email": email})
        assert answer.status_code == 200
        pages[email] = re.sub(TOKENS, "", answer.text.replace(email, "…"))
    assert len(set(pages.values())) == 1
    assert client.post("/sign-in/forgotten", {"email": "no address"}).status_code == 422


def test_a_link_chooses_a_password_and_leads_to_the_sign_in(client, clinic, runtime):
    """Once; then it is as unknown as any other."""
    with runtime.reading(clinic.system) as unit:
        address = link_for(runtime, unit.get(StaffRow, clinic.rosa.id), "invitation", unit.now)
    path = urlsplit(address).path
    assert "Rosa Lind" in client.get(path).text
    for wrong in ({"new_password": NEW, "repeated": "x"}, {"new_password": "short", "repeated": "short"}):
        assert client.post(path, wrong).status_code == 422
    assert client.post(path, {"new_password": NEW, "repeated": NEW}).location == "/sign-in"
    assert enter(client, clinic.rosa, NEW).status_code == 302
    assert client.get(path).status_code == 404


def test_guessing_links_to_passwords_is_throttled_like_all_secret_addresses(client, clinic):
    """404, then 429."""
    assert [client.get(f"/sign-in/link/{number}").status_code for number in range(31)] == [404] * 30 + [429]


def test_without_a_mail_server_the_page_says_whom_to_ask(runtime, config, clinic, tmp_path):
    """Nothing is asked for that could never come."""
    app = create_app(replace(runtime, mailer=OuttrayMailer(tmp_path / "outtray")), config)
    browser = Browser(app)
    assert "sends no mail" in browser.get("/sign-in/forgotten").text
    assert "sends no mail" in browser.post("/sign-in/forgotten", {"email": clinic.rosa.email}).text


def test_a_page_is_answered_before_it_is_noted_that_somebody_was_there(browser_of, clinic, clock, runtime):
    """A database that is busy just then costs the page nothing."""
    rosa = browser_of(clinic.rosa)
    clock.advance(minutes=10)
    answer = rosa.raw.get("/account/password", buffered=False)
    assert answer.status_code == 200
    with runtime.reading(clinic.system) as unit:
        assert unit.session.query(LoginRow).one().seen_at < clock.now()
    answer.close()
    with runtime.reading(clinic.system) as unit:
        assert unit.session.query(LoginRow).one().seen_at == clock.now()


def test_a_new_secret_key_signs_nobody_out(runtime, config, clinic, browser_of):
    """As long as the old one is named; a form that was open is taken too. Without it everybody signs in again."""
    old = browser_of(clinic.rosa)
    token = old.csrf_token()
    cookie = old.raw.get_cookie("planner").value
    renewed = replace(config, secret_key="n" * 40, secret_key_fallbacks=(config.secret_key,))
    for settings, page, sent in ((renewed, 200, 302), (replace(config, secret_key="n" * 40), 302, 400)):
        client = create_app(runtime, settings).test_client()
        client.set_cookie("planner", cookie)
        assert client.get("/account/password").status_code == page
        client.set_cookie("planner", cookie)
        answer = client.post("/account/language", data={"language": "en", "csrf_token": token})
        assert answer.status_code == sent
