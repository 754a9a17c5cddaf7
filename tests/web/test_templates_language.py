"""No template freezes a text in the language of its first reader, and pages, refusals and fragments are in each."""

from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from planner.languages import LANGUAGES, texts
from planner.storage.people import ClinicRow

TEMPLATES = Path(__file__).parents[2] / "templates"
PARSER = Environment(extensions=["jinja2.ext.i18n"])  # noqa: S701  Nothing is rendered.
TEXT_CALLS = {"_", "gettext", "ngettext"}


def parsed(file: Path) -> nodes.Template:
    """The template's tree."""
    return PARSER.parse(file.read_text(encoding="utf-8"))


def imported() -> set[str]:
    """Templates whose macros others import: what stands outside their macros is evaluated once per process."""
    trees = [parsed(file) for file in TEMPLATES.rglob("*.html")]
    froms = [node for tree in trees for node in tree.find_all((nodes.FromImport, nodes.Import))]
    names = {node.template.value for node in froms if isinstance(node.template, nodes.Const)}
    # Letters have an environment for each language, in which nothing can freeze.
    return {name for name in names if (TEMPLATES / name).exists()}


@pytest.mark.parametrize("name", sorted(imported()))
def test_an_imported_template_has_no_text_outside_its_macros(name) -> None:
    """It would stay in the language of whoever read it first."""
    outside = [node for node in parsed(TEMPLATES / name).body if not isinstance(node, nodes.Macro)]
    calls = [call for node in outside for call in node.find_all(nodes.Call)]
    assert [call.lineno for call in calls if getattr(call.node, "name", "") in TEXT_CALLS] == []


@pytest.fixture(params=[language for language in LANGUAGES if language != "en"])
def language(request) -> str:
    """Each language but the one that the texts are written in."""
    return str(request.param)


def said(language: str, text: str) -> str:
    """The text as the language has it."""
    return texts(language).gettext(text)


def test_the_sign_in_is_in_the_visitors_language(client, language) -> None:
    """Also when it refuses."""
    header = {"Accept-Language": language}
    assert said(language, "E-mail address") in client.get("/sign-in", headers=header).text
    refused = client.post("/sign-in", {"email": "x@example.org", "password": "x"}, headers=header)
    assert refused.status_code == 422
    assert said(language, "Please look at this again") in refused.text


def test_a_refusal_is_in_the_readers_language(client, language) -> None:
    """As a page, as a fragment for htmx and as JSON."""
    header = {"Accept-Language": language}
    assert said(language, "There is nothing here") in client.get("/nowhere", headers=header).text
    fragment = client.get("/nowhere", headers={**header, "HX-Request": "true"}).text
    assert said(language, "That did not work. Load the page again and repeat the last step.") in fragment
    answer = client.get("/p/no-such-link", headers={**header, "Accept": "application/json"})
    refusal = "This link is not valid, or a newer one has replaced it."
    assert answer.json["error"] in (said(language, refusal), refusal)


def test_a_live_update_is_in_the_readers_language(client, language) -> None:
    """The estimate of the first page, as htmx asks for it."""
    header = {"Accept-Language": language, "HX-Request": "true"}
    answers = {"protocol": "acute_injury", "symptom_weeks": "2", "severity": "mild", "goal": "relief"}
    answer = client.post("/estimate", answers, headers=header)
    assert said(language, "Dates that would suit") in answer.text
    assert "Dates that would suit" not in answer.text


def test_staff_read_the_clinics_language_in_the_whole_frame(runtime, clinic, browser_of, language) -> None:
    """Navigation, headings and words made in Python."""
    with runtime.writing(clinic.system) as unit:
        unit.session.get(ClinicRow, unit.clinic.id).language = language
    page = browser_of(clinic.rosa).get("/patients").text
    for text in ("Sign out", "Skip to the content", "Add a patient", "Today", "Menu"):
        assert said(language, text) in page
    assert "Skip to the content" not in page
