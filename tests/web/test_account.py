"""My account through the pages: sessions, second factors, and the second step of signing in."""

import json
import re
from dataclasses import replace
from html import unescape

import pyotp
import pytest
from itsdangerous import URLSafeTimedSerializer

from planner.app import create_app
from planner.services import second_factor
from planner.web.access import LOGIN_KEY
from tests.factories import PASSWORD
from tests.services.software_passkey import SoftwarePasskey
from tests.web.browser_without_screen import Browser

HOME = "https://planner.example.org"


@pytest.fixture
def rosa(browser_of, clinic):
    """Rosa's browser."""
    return browser_of(clinic.rosa)


def secret_on(page):
    """The key that the page shows for the app."""
    return re.search(r'class="secret">([^<]+)<', page)[1].replace(" ", "")


def codes_on(page):
    """The recovery codes that the page shows."""
    return re.findall(r"<li><code>([^<]+)</code>", page)


def set_up_app(browser, clock):
    """Set up an authenticator app; its secret and the recovery codes."""
    page = browser.post("/account/app", {"password": PASSWORD}).text
    secret = secret_on(page)
    done = browser.post("/account/app/confirm", {"code": pyotp.TOTP(secret).at(clock.now())})
    assert done.status_code == 200
    clock.advance(minutes=1)
    return secret, codes_on(done.text)


def enter(browser, person, **extra):
    """Send the sign-in form."""
    return browser.post("/sign-in", {"email": person.email, "password": person.password, **extra})


def test_my_account_shows_where_i_am_signed_in_and_ends_it(browser_of, clinic, rosa):
    """This browser is marked; the other one is out at its next page."""
    tablet = browser_of(clinic.rosa)
    page = rosa.get("/account").text
    assert "this browser" in page
    other = re.search(r"/account/sessions/(\d+)/end", page)[1]
    assert rosa.post(f"/account/sessions/{other}/end").location == "/account"
    assert tablet.get("/account").status_code == 302
    assert browser_of(clinic.rosa).post("/account/sessions/end-others").location == "/account"
    assert rosa.get("/account").status_code == 302


def test_a_colleagues_session_is_not_there(browser_of, clinic, other_clinic, rosa):
    """Not for a manager, not for another clinic."""
    browser_of(clinic.rosa)
    other = re.search(r"/account/sessions/(\d+)/end", rosa.get("/account").text)[1]
    for person in (clinic.mo, other_clinic.mo):
        assert browser_of(person).post(f"/account/sessions/{other}/end").status_code == 404


def test_an_app_is_set_up_by_its_first_code_and_asked_for_at_sign_in(client, clinic, clock, rosa):
    """The picture is part of the page; the codes are shown once; the way goes on to where one wanted to be."""
    page = rosa.post("/account/app", {"password": PASSWORD}).text
    assert 'src="data:image/svg+xml' in page
    wrong = rosa.post("/account/app/confirm", {"code": "000000"})
    assert wrong.status_code == 422
    assert secret_on(wrong.text) == secret_on(page)
    secret, codes = set_up_app(rosa, clock)
    assert len(codes) == 10
    assert codes[0] not in rosa.get("/account").text
    step = enter(client, clinic.rosa, next="/patients")
    assert step.location == "/sign-in/second?next=/patients"
    assert client.get("/patients").status_code == 302
    refused = client.post("/sign-in/second", {"code": "000000"})
    assert refused.status_code == 422
    assert 'id="code-error"' in refused.text
    done = client.post("/sign-in/second", {"code": pyotp.TOTP(secret).at(clock.now()), "next": "/patients"})
    assert done.location == "/patients"
    assert "with the authenticator app" in client.get("/account").text


def test_a_recovery_code_opens_the_account_too(client, clinic, clock, rosa):
    """And is one fewer afterwards."""
    _, codes = set_up_app(rosa, clock)
    enter(client, clinic.rosa)
    assert client.post("/sign-in/second", {"code": codes[3]}).status_code == 302
    assert "9 codes are left" in client.get("/account").text


def test_the_second_step_without_the_first_leads_back(client, clinic, clock, rosa):
    """Also when it took too long."""
    assert client.get("/sign-in/second").location == "/sign-in"
    set_up_app(rosa, clock)
    enter(client, clinic.rosa)
    clock.advance(minutes=11)
    assert client.post("/sign-in/second", {"code": "1"}).location == "/sign-in"


def test_too_many_wrong_codes_are_told_to_wait(client, clinic, clock, rosa):
    """429, with the time."""
    secret, _ = set_up_app(rosa, clock)
    enter(client, clinic.rosa)
    for _ in range(5):
        client.post("/sign-in/second", {"code": "000000"})
    refused = client.post("/sign-in/second", {"code": pyotp.TOTP(secret).at(clock.now())})
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "60"


@pytest.mark.faults
def test_fault_28_the_session_is_new_after_the_second_step(client, clinic, clock, rosa):
    """And nothing planted before it survives."""
    secret, _ = set_up_app(rosa, clock)
    enter(client, clinic.rosa)
    with client.raw.session_transaction() as session:
        session["planted"] = "by somebody else"
        assert LOGIN_KEY not in session
    client.post("/sign-in/second", {"code": pyotp.TOTP(secret).at(clock.now())})
    with client.raw.session_transaction() as session:
        assert "planted" not in session
        assert "half" not in session


@pytest.mark.parametrize("path", ["/account/app", "/account/app/remove", "/account/recovery-codes"])
def test_every_change_asks_for_the_password(rosa, clock, path):
    """A wrong one is said at its field, and changes nothing."""
    if path != "/account/app":
        set_up_app(rosa, clock)
    assert 'autocomplete="current-password"' in rosa.get(path).text
    refused = rosa.post(path, {"password": "a wrong password"})
    assert refused.status_code == 422
    assert 'id="password-error"' in refused.text


def test_whoever_needs_a_factor_is_led_to_it_and_goes_on_afterwards(browser_of, clinic, clock, runtime, rosa):
    """No other page opens meanwhile, not for a program either; signing out does."""
    mo = browser_of(clinic.mo)
    assert mo.post("/settings/signing-in", {"roles": ["reception"], "password": PASSWORD}).status_code == 302
    assert 'value="reception" id' in mo.get("/settings/signing-in").text
    for path in ("/patients", "/today"):
        assert rosa.get(path).location == "/account"
    assert rosa.get("/patients", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/account"
    assert "second factor" in rosa.get("/account").text
    set_up_app(rosa, clock)
    assert rosa.get("/patients").status_code == 200
    assert browser_of(clinic.ben).get("/patients").status_code == 200
    assert 'id="password-error"' in mo.post("/settings/signing-in", {"roles": []}).text
    assert mo.post("/settings/signing-in", {"roles": ["owner"], "password": PASSWORD}).status_code == 422


def test_the_owner_takes_a_lost_factor_away(browser_of, clinic, clock, runtime, rosa):
    """On the colleague's page."""
    mo = browser_of(clinic.mo)
    assert "Take the second factor away" not in mo.get(f"/settings/staff/{clinic.rosa.id}").text
    set_up_app(rosa, clock)
    assert "Take the second factor away" in mo.get(f"/settings/staff/{clinic.rosa.id}").text
    wrong = mo.post(f"/settings/staff/{clinic.rosa.id}/factors", {"confirm": "a wrong password"})
    assert wrong.status_code == 422
    assert "The current password is wrong" in wrong.text
    assert mo.post(f"/settings/staff/{clinic.rosa.id}/factors", {"confirm": PASSWORD}).status_code == 302
    assert rosa.get("/account").status_code == 302
    browser_of(clinic.rosa)
    assert mo.post(f"/settings/staff/{clinic.mo.id}/factors", {"confirm": PASSWORD}).status_code == 422


@pytest.fixture
def at_home(runtime, config, clinic):
    """The pages of an installation with a name, where passkeys are."""
    config = replace(config, public_url=HOME)
    app = create_app(replace(runtime, base_url=HOME), config)
    return lambda: _AtHome(app)


class _AtHome(Browser):
    """A browser that asks under a name or number of the site's own, whose forms say where they come from."""

    home = HOME

    def get(self, address, **options):
        return self.raw.get(address, base_url=self.home, buffered=True, **options)

    def post(self, address, data=None, **options):
        with self.raw.session_transaction(base_url=self.home) as session:
            session["csrf_token"] = "x"
        form = {
            **(data or {}),
            "csrf_token": URLSafeTimedSerializer(str(self.app.secret_key), "wtf-csrf-token").dumps("x"),
        }
        return self.raw.post(address, data=form, base_url=self.home, headers={"Referer": f"{self.home}/"}, **options)


def options_on(page):
    """What the page asks the browser."""
    return unescape(re.search(r'data-options="([^"]+)"', page)[1])


def test_a_passkey_is_added_used_and_removed(at_home, clinic):
    """With a name; alone, and after the password."""
    browser, key = at_home(), SoftwarePasskey(HOME)
    assert enter(browser, clinic.rosa).status_code == 302
    page = browser.post("/account/passkeys", {"password": PASSWORD, "name": "Phone"}).text
    answer = key.create(options_on(page))
    done = browser.post("/account/passkeys/add", {"answer": answer, "name": "Phone"})
    assert len(codes_on(done.text)) == 10
    again = browser.post("/account/passkeys/add", {"answer": answer, "name": "Phone"})
    assert again.status_code == 422
    account = browser.get("/account").text
    assert "Phone" in account

    alone = at_home()
    answer = key.get(options_on(alone.get("/sign-in?next=/patients").text))
    assert alone.post("/sign-in/passkey", {"answer": answer, "next": "/patients"}).location == "/patients"
    assert "with a passkey" in alone.get("/account").text

    after = at_home()
    enter(after, clinic.rosa)
    page = after.get("/sign-in/second").text
    assert json.loads(options_on(page))["allowCredentials"]
    assert after.post("/sign-in/passkey", {"answer": key.get(options_on(page))}).status_code == 302

    path = re.search(r"/account/passkeys/\d+/remove", account)[0]
    assert browser.post(path, {"password": "a wrong password"}).status_code == 422
    assert browser.post(path, {"password": PASSWORD}).location == "/account"
    assert enter(at_home(), clinic.rosa).location != "/sign-in/second"


def test_a_question_for_signing_in_adds_no_passkey(at_home, clinic):
    """Whoever finds a browser signed in gets a challenge without the password: it must not add a key of theirs."""
    browser, key = at_home(), SoftwarePasskey(HOME)
    enter(browser, clinic.rosa)
    page = browser.post("/sign-in", {"email": clinic.rosa.email, "password": "a wrong password"})
    asked = {**json.loads(options_on(page.text)), "rp": {"id": "planner.example.org"}}
    assert browser.post("/account/passkeys/add", {"answer": key.create(json.dumps(asked))}).status_code == 422
    assert "with a passkey" not in browser.get("/account").text


def test_an_answer_without_a_question_is_refused_with_the_form(at_home, clinic, client):
    """Sent by hand, too late, or where there are no passkeys."""
    assert at_home().post("/sign-in/passkey", {"answer": "{}"}).status_code == 422
    assert client.post("/sign-in/passkey", {"answer": "{}"}).status_code == 422


def test_under_an_address_of_numbers_the_page_says_why_there_are_no_passkeys(app, clinic):
    """And what to do."""
    rosa = _AtHome(app)
    rosa.home = "http://127.0.0.1:8000"
    enter(rosa, clinic.rosa)
    assert "planner.example.org" in rosa.get("/account").text
    assert rosa.get("/account/passkeys").location == "/account"
    assert rosa.post("/account/passkeys/add").location == "/account"


def test_half_a_sign_in_is_not_carried_to_another_account(client, clinic, clock, runtime, rosa):
    """Going back to the sign-in page forgets whose password it was."""
    set_up_app(rosa, clock)
    enter(client, clinic.rosa)
    client.get("/sign-in")
    assert client.get("/sign-in/second").location == "/sign-in"
    assert second_factor.HALF_WAY.total_seconds() == 600
