"""What every route must have, whoever wrote it: a row in the access table, a CSRF check, clinic walls, valid pages.

The routes come from the blueprints, so a new one is tested without a line here; only an address with <...> parts needs
its example in tests/web/examples/.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import html5lib
import pytest
from flask import Flask
from html5lib.constants import E as WORDS_OF_HTML5LIB
from sqlalchemy import select

from planner.app import create_app
from planner.config import Config
from planner.services import patient_links, patients
from planner.services.runtime import Runtime
from planner.storage.database import Database
from planner.storage.people import PatientRow, StaffRow
from planner.web.access import ACCESS, may
from planner.web.admitted.narrow import NARROW
from planner.web.blueprints import BLUEPRINTS
from planner.web.security import HEADERS
from tests.factories import Clinic, FakeClock, FakeMailer
from tests.web.browser_without_screen import Browser
from tests.web.examples import EXAMPLES, LINK, Scene, united
from tests.web.examples.scene import anas_course


def routes():
    """Every rule of the application, and the methods which change something."""
    app = Flask("all routes")
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return list(app.url_map.iter_rules())


RULES = routes()
# What was measured is shown to whom the settings name; tests/web/test_operations.py has them.
PAGES = [rule for rule in RULES if "GET" in rule.methods and rule.endpoint != "operations.figures"]
# A calendar address is opened by no cookie, so there is nothing that another page could misuse.
WITH_COOKIE = [rule for rule in RULES if ACCESS.get(rule.endpoint) != "feed-token"]
CHANGES = [(rule, method) for rule in WITH_COOKIE for method in sorted(rule.methods - {"GET", "HEAD", "OPTIONS"})]
SIGNED_IN = [rule for rule in RULES if ACCESS.get(rule.endpoint) in ("staff", "reception", "therapist", "manager")]


def named(value):
    """How a rule is called in the list of tests."""
    return getattr(value, "endpoint", value)


def address(app, rule, values):
    """The path of a rule with these values."""
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, values, method=next(iter(rule.methods - {"OPTIONS"})))


def example(rule, runtime, clinic):
    """What stands in the rule's <...> parts.

    Raises:
        AssertionError: the rule has such parts and no example.
    """
    if rule.endpoint in EXAMPLES:
        return EXAMPLES[rule.endpoint](Scene(runtime, clinic))
    if rule.arguments == {"token"} and ACCESS[rule.endpoint] == "patient-link":
        return {"token": LINK}
    assert not rule.arguments, f"{rule.endpoint} ({rule.rule}) needs an example in tests/web/examples/"
    return {}


def anything(rule):
    """Values that fit the rule and mean nothing."""
    return {name: 1 if "Integer" in type(rule._converters[name]).__name__ else "x" for name in rule.arguments}


def answer_to(browser, rule, path):
    """Open the page, or send an empty form where there is no page."""
    return browser.get(path) if "GET" in rule.methods else browser.post(path)


def whom(rule, clinic):
    """The first of the cast who may open it; None where nobody needs to sign in."""
    who = ACCESS[rule.endpoint]
    if who in ("public", "patient-link", "feed-token"):
        return None
    return next(person for person in (clinic.rosa, clinic.ben, clinic.mo) if may(person.actor, who))


@pytest.fixture(scope="module")
def closed(tmp_path_factory, databases, fetcher, compiled_templates):
    """The pages of a clinic in which every test of this module is refused, so that one is enough for all of them."""
    folder = tmp_path_factory.mktemp("closed")
    url = databases.with_clinic(folder)
    config = Config(instance=folder, database_url=url, secret_key="s" * 32)
    database = Database(config.database_url)
    app = create_app(Runtime(database, FakeClock(), FakeMailer(), fetcher=fetcher), config)
    app.jinja_env.bytecode_cache = compiled_templates
    yield Closed(app, databases.clinic)
    database.close()
    databases.drop(url)


@dataclass(frozen=True)
class Closed:
    """Pages that are only ever refused."""

    app: Flask
    clinic: Clinic

    def browser_of(self, person):
        """A browser, with this person signed in."""
        browser = Browser(self.app)
        if person is not None:
            browser.sign_in(person)
        return browser


@pytest.mark.faults
@pytest.mark.parametrize("rule", RULES, ids=named)
def test_fault_25_every_route_says_who_may_open_it(rule):
    """A row in planner/web/admitted/."""
    assert rule.endpoint in ACCESS


@pytest.mark.faults
@pytest.mark.parametrize(("rule", "method"), CHANGES, ids=named)
def test_fault_21_every_change_needs_the_token_of_its_form(rule, method, closed):
    """Else any page of the web could send it in the name of whoever is signed in."""
    browser = closed.browser_of(whom(rule, closed.clinic))
    answer = browser.raw.open(address(browser.app, rule, anything(rule)), method=method)
    assert answer.status_code == 400
    assert "CSRF" in answer.text


@pytest.mark.parametrize("rule", PAGES, ids=named)
def test_every_page_opens_for_those_it_is_for(rule, browser_of, runtime, clinic):
    """It answers, and what is HTML is a whole and valid page."""
    values = example(rule, runtime, clinic)
    browser = browser_of(whom(rule, clinic))
    answer = browser.get(address(browser.app, rule, values))
    assert answer.status_code in (200, 204, 302, 303, 304)
    check_headers(rule, answer)
    if answer.status_code == 200 and answer.mimetype == "text/html":
        check_html(answer.text, whole="<html" in answer.text)


@pytest.mark.faults
@pytest.mark.parametrize("rule", SIGNED_IN, ids=named)
def test_fault_25_nobody_opens_a_staff_page_without_signing_in(rule, closed):
    """A page leads to the sign-in; a change does too, and changes nothing."""
    browser = closed.browser_of(None)
    path = address(browser.app, rule, anything(rule))
    answer = answer_to(browser, rule, path)
    assert answer.status_code == 302
    assert urlsplit(answer.location).path == "/sign-in"


@pytest.mark.faults
@pytest.mark.parametrize("rule", SIGNED_IN, ids=named)
def test_fault_25_a_page_is_shut_to_the_roles_it_is_not_for(rule, closed):
    """403, whatever the address says."""
    for person in (closed.clinic.rosa, closed.clinic.ben, closed.clinic.mo):
        if not may(person.actor, ACCESS[rule.endpoint]):
            browser = closed.browser_of(person)
            path = address(browser.app, rule, anything(rule))
            assert answer_to(browser, rule, path).status_code == 403


@pytest.mark.faults
def test_fault_25_another_clinics_things_do_not_exist(browser_of, runtime, clinic, other_clinic):
    """Cy's manager may do everything, but not here: 404, as for nonsense."""
    browser = browser_of(other_clinic.mo)
    for rule in SIGNED_IN:
        # Every clinic has a list of each kind; what stands on it is another matter.
        if rule.arguments and rule.endpoint != "reception.worklist":
            path = address(browser.app, rule, example(rule, runtime, clinic))
            # A drop is read before its visit is looked up, whether there is such a visit or not.
            refused = (404, 422) if rule.endpoint == "diary.move" else (404,)
            assert answer_to(browser, rule, path).status_code in refused, rule.endpoint


@pytest.mark.faults
def test_fault_25_a_list_shows_the_own_clinic_alone(browser_of, runtime, clinic, other_clinic):
    """Every page without an address part, for each role of Cy's clinic: nothing of the first stands on it."""
    anas_course(Scene(runtime, clinic))
    with runtime.writing(clinic.system) as unit:
        for row in unit.session.scalars(select(StaffRow)):
            row.name = f"Northsider {row.id}"
        for patient in unit.session.scalars(select(PatientRow)):
            patient.name, patient.search_name = "Northsider Ana", "northsider ana"
    for person in (other_clinic.rosa, other_clinic.ben, other_clinic.mo):
        browser = browser_of(person)
        for rule in SIGNED_IN:
            if "GET" in rule.methods and not rule.arguments and may(person.actor, ACCESS[rule.endpoint]):
                page = browser.get(f"{address(browser.app, rule, {})}?q=northsider")
                assert "Northsider" not in page.text, rule.endpoint


@pytest.mark.faults
@pytest.mark.parametrize("purpose", NARROW)
def test_fault_25_a_link_for_one_thing_opens_that_alone(purpose, browser_of, runtime, clinic):
    """Every page of a patient: those the link was made for, and no other."""
    with runtime.writing(clinic.system) as unit:
        patients.personal_link(runtime, unit, clinic.ana)
        until = unit.now + timedelta(days=1)
        token = patient_links.narrow_link(runtime, unit, clinic.ana, purpose, until).rpartition("/")[2]
    browser = browser_of(None)
    for rule in RULES:
        if ACCESS.get(rule.endpoint) == "patient-link":
            answer = answer_to(browser, rule, address(browser.app, rule, {**anything(rule), "token": token}))
            assert (answer.status_code == 403) is (rule.endpoint not in NARROW[purpose]), rule.endpoint


@pytest.mark.faults
def test_fault_25_a_guessed_token_opens_nothing(browser_of, clinic):
    """The same 404 as for any address that does not exist."""
    browser = browser_of(None)
    for rule in RULES:
        if ACCESS.get(rule.endpoint) in ("patient-link", "feed-token"):
            path = address(browser.app, rule, {**anything(rule), "token": "guessed"})
            # A drop is read before its visit is looked up, whether there is such a visit or not.
            refused = (404, 422) if rule.endpoint == "diary.move" else (404,)
            assert answer_to(browser, rule, path).status_code in refused, rule.endpoint


@pytest.mark.parametrize("status_of", ["/nowhere", "/sign-out"])
def test_an_error_page_is_as_whole_as_any_other(status_of, browser_of, clinic):
    """Title, language and valid HTML also when something is wrong."""
    check_html(browser_of(clinic.rosa).get(status_of).text, whole=True)


def check_headers(rule, answer):
    """Refuse an answer that a browser could frame, keep, guess the type of, or tell others the address of."""
    for name, value in HEADERS.items():
        # A page may say what it needs beyond, as that of the letters does, which shows one in a frame.
        assert (answer.headers.get(name) or "").startswith(value), name
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {"'self'", "'none'", "data:"} >= {word for words in policy.values() for word in words.split()}
    assert "data:" not in policy["script-src"]
    if ACCESS[rule.endpoint] == "feed-token":
        # A calendar program keeps its copy, and asks whether it is still good.
        assert answer.headers["Cache-Control"] == "private, no-cache"
    elif ACCESS[rule.endpoint] != "public":
        assert answer.headers["Cache-Control"] == "no-store"


# What makes a browser ask somewhere, or send something there, before anybody presses a link.
ASKING = ("src", "srcset", "poster", "data", "action", "formaction", "background", "ping", "hx-get", "hx-post")


def check_own_origin(elements):
    """Refuse a page that asks any other server for anything."""
    for element in elements:
        asked = [element.get(name) for name in ASKING if element.get(name)]
        if element.tag in ("link", "image", "use"):
            asked += [element.get("href", "")]
        assert element.tag not in ("base", "object", "embed"), f"<{element.tag}>"
        assert "refresh" not in element.get("http-equiv", "").lower()
        for address in asked:
            parts = urlsplit(address)
            assert parts.scheme in ("", "data") and not parts.netloc, f"<{element.tag}> asks {address}"


def check_html(text, *, whole):
    """Refuse what a browser would have to guess, and what the content security policy would block."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(text) if whole else parser.parseFragment(text)
    faults = [f"line {place[0]}: {WORDS_OF_HTML5LIB[code] % facts}" for place, code, facts in parser.errors]
    assert faults == []
    elements = [element for element in tree.iter() if isinstance(element.tag, str)]
    if whole:
        assert tree.get("lang")
        assert (tree.findtext("head/title") or "").strip(" –")
        assert [element.tag for element in elements].count("h1") == 1
    for element in elements:
        assert element.tag != "style", "inline style"
        assert "style" not in element.attrib, f"inline style on <{element.tag}>"
        assert not (element.tag == "script" and not element.get("src")), "inline script"
        handlers = [name for name in element.attrib if re.fullmatch(r"on[a-z]+|hx-on.*", name)]
        assert handlers == [], f"inline script on <{element.tag}>"
        assert not element.get("href", "").startswith("javascript:")
    check_own_origin(elements)
    ids = [element.get("id") for element in elements if element.get("id")]
    assert len(ids) == len(set(ids)), "an id twice"


GOOD_PAGE = "<!doctype html><html lang=en><head><title>T</title></head><body><h1>H</h1></body></html>"


def test_the_check_of_pages_lets_a_good_one_pass():
    """The smallest page there is."""
    check_html(GOOD_PAGE, whole=True)


@pytest.mark.parametrize(
    "page",
    [
        GOOD_PAGE.replace("<h1>", "<p style='color:red'>x</p><h1>"),
        GOOD_PAGE.replace("<h1>", "<b onclick='x()'>x</b><h1>"),
        GOOD_PAGE.replace("<h1>", "<script>x()</script><h1>"),
        GOOD_PAGE.replace("<h1>", "<p id=a><p id=a><h1>"),
        GOOD_PAGE.replace("<h1>", "<b><h1>"),
        GOOD_PAGE.replace("<h1>H</h1>", ""),
        GOOD_PAGE.replace(" lang=en", ""),
        GOOD_PAGE.replace("<title>T", "<title>"),
        GOOD_PAGE.replace("<!doctype html>", ""),
        GOOD_PAGE.replace("<h1>", "<img alt='' src='https://elsewhere.example/x.png'><h1>"),
        GOOD_PAGE.replace("<h1>", "<img alt='' src='//elsewhere.example/x.png'><h1>"),
        GOOD_PAGE.replace("</title>", "</title><link rel=stylesheet href='https://elsewhere.example/x.css'>"),
        GOOD_PAGE.replace("</title>", "</title><script src='https://elsewhere.example/x.js'></script>"),
        GOOD_PAGE.replace("<h1>", "<form action='https://elsewhere.example/'></form><h1>"),
        GOOD_PAGE.replace("<h1>", "<iframe title=x src='https://elsewhere.example/'></iframe><h1>"),
    ],
)
def test_the_check_of_pages_finds_faults(page):
    """A check that finds nothing in these would find nothing anywhere."""
    with pytest.raises(AssertionError):
        check_html(page, whole=True)


def test_two_areas_can_not_have_an_example_for_one_route():
    """One of them would never be tried."""
    with pytest.raises(ValueError, match=r"courses\.undo"):
        united([{"courses.undo": anything}, {"courses.undo": anything}])
