"""The look: colours that can be read, macros that draw every state, no style or script inside a page."""

import re
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import html5lib
import jinja2
import pytest
from flask import Flask, render_template

from planner.web import assets, reader
from planner.web.formats import FILTERS
from planner.web.looks import FITS, PHASES, STATES, fit_look, phase_look
from planner.web.navigation import Navigation, NavLink
from planner.web.timeline import TimelineLine, TimelineSession, build_timeline

ROOT = Path(__file__).parents[2]
SHEETS = sorted((ROOT / "planner/static/css").glob("*.css"))
CSS = (ROOT / "planner/static/css/planner.css").read_text()
THEMES = re.findall(r"\{([^{}]*--ground[^{}]*)\}", CSS)[:3]
LIGHT, DARK_BY_DEVICE, DARK_BY_CHOICE = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", theme)) for theme in THEMES)

TEXTS = ["ink", "muted", "accent", "accent-strong", "intensive", "taper", "maintenance", "good", "warn", "bad"]
PAIRS = [
    *product(TEXTS, ["ground", "card"]),
    *((text, f"{text}-tint") for text in ["accent", "intensive", "taper", "maintenance", "good", "warn", "bad"]),
    *product(["ink"], [name for name in LIGHT if name.endswith("-tint")]),
    ("muted", "quiet-tint"),
    ("accent", "quiet-tint"),
    ("accent-strong", "accent-tint"),
    ("accent-strong", "quiet-tint"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("on-bad", "bad"),
]


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` by WCAG 2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def macros(name: str):
    """A macro file as the pages see it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "templates"), autoescape=True, undefined=jinja2.Undefined
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.add_extension("jinja2.ext.i18n")
    environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(FILTERS)
    environment.add_extension("jinja2.ext.i18n")
    environment.install_null_translations(newstyle=True)
    return environment.get_template(f"macros/{name}.html").module


def test_contrast_is_measured_as_the_standard_does():
    """Black on white is 21, and the standard's grey just passes."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("tokens", [LIGHT, DARK_BY_DEVICE], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_every_text_colour_can_be_read_on_its_ground(tokens: dict[str, str], text: str, ground: str):
    """At least 4.5 : 1, in both themes."""
    assert contrast(tokens[text], tokens[ground]) >= 4.5


@pytest.mark.parametrize("tokens", [LIGHT, DARK_BY_DEVICE], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["card", "ground"])
def test_the_edges_of_fields_can_be_seen(tokens: dict[str, str], ground: str):
    """At least 3 : 1 for what is not text."""
    assert contrast(tokens["line-strong"], tokens[ground]) >= 3


def test_dark_is_the_same_by_device_and_by_choice():
    """The two blocks of the stylesheet say the same."""
    assert DARK_BY_DEVICE == DARK_BY_CHOICE
    assert set(LIGHT) == set(DARK_BY_DEVICE)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
def test_colours_stand_only_among_the_tokens(sheet: Path):
    """A colour written anywhere else would not follow the theme; a scanner's square needs white."""
    rules = re.sub(r"\{[^{}]*--ground[^{}]*\}", "", sheet.read_text())
    assert set(re.findall(r"#[0-9a-f]{3,8}\b", rules)) <= {"#ffffff"}


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
def test_every_stylesheet_is_linked_by_a_page(sheet: Path):
    """An area's rules that no page loads would rot unseen."""
    assert any(f"css/{sheet.name}" in path.read_text() for path in PAGES)


def test_what_is_typed_may_run_in_either_direction():
    """A name in Arabic begins at the right while it is typed; an address never does."""
    forms = macros("forms")
    assert 'dir="auto"' in str(forms.field("Name", "name"))
    assert 'dir="auto"' in str(forms.textarea("Notes", "notes"))
    assert 'dir="auto"' not in str(forms.field("E-mail", "email", type="email"))


def test_a_name_in_any_script_leaves_its_neighbours_in_place():
    """It is set apart and escaped."""
    assert str(macros("text").person("<עליזה>")) == "<bdi>&lt;עליזה&gt;</bdi>"


@pytest.mark.parametrize("status", STATES)
def test_a_chip_says_its_status_in_a_word_beside_a_shape(status: str):
    """Colour never speaks alone, and every shape is drawn."""
    chip = str(macros("status").chip(status))
    assert STATES[status].word in chip
    assert re.search(r'<path class="shape shape-\w+" d="M', chip)


def test_no_two_fits_or_phases_look_alike():
    """Each has its own word, and its own shape or letter."""
    assert len({(look.word, look.shape) for look in FITS.values()}) == len(FITS)
    assert {phase_look(name).letter for name in PHASES} == {"I", "T", "M"}
    with pytest.raises(ValueError, match="unknown fit"):
        fit_look("perfect")


def test_a_field_ties_its_error_and_hint_to_the_box():
    """A reader of the box hears both; what was typed is kept and escaped."""
    html = str(macros("forms").field("Name", "name", '<"Ana">', "Give a name.", "As on the card.", autocomplete="name"))
    box = html5lib.parseFragment(html, namespaceHTMLElements=False).find(".//input")
    assert box.get("aria-describedby") == "name-hint name-error"
    assert box.get("aria-invalid") == "true"
    assert box.get("value") == '<"Ana">'
    assert box.get("autocomplete") == "name"


def test_a_choice_marks_what_was_chosen():
    """Exactly one radio is checked, numbers and words alike."""
    html = str(macros("forms").choice("Pain", "pain", [(0, "0"), (1, "1")], 1, layout="scale"))
    boxes = html5lib.parseFragment(html, namespaceHTMLElements=False).findall(".//input")
    assert [box.get("checked") is not None for box in boxes] == [False, True]


def test_empty_worklists_are_folded_away():
    """Only what waits stands open; an all-clear says so."""
    items = [{"count": 2, "label": "Misses", "href": "/m"}, {"count": 0, "label": "Leave", "href": "/l"}]
    html = str(macros("cards").worklist(items))
    assert html.index("Misses") < html.index("<details") < html.index("Leave")
    assert "Nothing waits" in str(macros("cards").worklist([{"count": 0, "label": "Leave", "href": "/l"}]))


def test_an_undo_stands_beside_what_was_done():
    """A message with a way back carries a form with a token; plain words carry none."""
    html = str(macros("flash").flash("good", {"text": "Moved.", "undo_url": "/undo/7"}, "token-1"))
    form = html5lib.parseFragment(html, namespaceHTMLElements=False).find(".//form")
    assert form.get("action") == "/undo/7"
    assert form.find(".//input").get("value") == "token-1"
    assert "<form" not in str(macros("flash").flash("good", "Moved.", "token-1"))


def test_an_estimate_shows_a_cell_for_every_session_and_a_source_for_every_number():
    """Maintenance, which has no end, goes on with two."""
    gap = {"target": 3.5, "min": 2, "max": 5}
    estimate = {
        "sessions": {"low": 3, "expected": 4, "high": 5},
        "weeks": {"low": 2, "high": 3},
        "first_visit_minutes": 60,
        "visit_minutes": 45,
        "review_at_sessions": [3],
        "phases": [
            {"name": "intensive", "sessions": 4, "gap_days": gap},
            {"name": "maintenance", "sessions": None, "gap_days": gap},
        ],
        "reasons": [{"evidence": "E1", "says": "A recent strain.", "effect": "3–5 sessions"}],
    }
    html = str(macros("estimate").estimate_card(estimate, "/evidence"))
    assert html.count("<i></i>") == 6
    assert 'href="/evidence#E1"' in html
    assert "every 3½ days" in html


def test_a_course_is_drawn_for_three_widths_and_told_in_a_list():
    """Three pictures with their own names, and every session as an item for readers."""
    day = date(2026, 11, 3)
    sessions = (
        TimelineSession(1, day, day, "fulfilled", "intensive", "Session 1"),
        TimelineSession(2, day + timedelta(days=9), day + timedelta(days=7), "booked", "taper", "Session 2"),
    )
    view = build_timeline("Ana's course", [TimelineLine("", sessions)], day)
    figure = html5lib.parseFragment(str(macros("timeline").timeline(view)), namespaceHTMLElements=False)
    titles = [element.get("id") for element in figure.iter() if element.tag.endswith("title") and element.get("id")]
    assert titles == ["timeline-wide-title", "timeline-medium-title", "timeline-narrow-title"]
    assert [item.text.split() for item in figure.iter("li")] == [
        ["Session", "1:", "Done"],
        ["Session", "2:", "Booked,", "target", "Tue", "10", "Nov"],
    ]


@pytest.fixture(scope="module")
def pages() -> Flask:
    """A bare application around the base page."""
    app = Flask("look", static_folder=None, template_folder=str(ROOT / "templates"))
    app.secret_key = "only for this test"
    app.jinja_env.filters.update(FILTERS)
    reader.install(app)
    assets.install(app, ROOT / "planner" / "static")
    return app


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503, 418])
def test_every_refusal_says_what_happened_and_what_to_do(pages: Flask, status: int):
    """One valid page for all, also for a status nobody thought of."""
    with pages.test_request_context():
        html = render_template("errors/error.html", status=status, message="Ben is away.", clinic_name="Linden Clinic")
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)
    assert page.find(".//title").text.endswith("– Linden Clinic")
    assert page.find(".//h1").text
    assert "Ben is away." in html
    assert "Sign out" not in html


def test_the_bar_shows_where_one_is_and_the_way_out(pages: Flask):
    """The current page is marked in both menus, and signing out is a form with a token."""
    with pages.test_request_context():
        html = render_template(
            "errors/error.html",
            status=404,
            clinic_name="Linden Clinic",
            person_name="Rosa",
            sign_out_url="/sign-out",
            navigation=Navigation(
                main=(NavLink("/today", "Today", True), NavLink("/patients", "Patients", False)),
                clinic=(NavLink("/leave", "Leave", False),),
                own=(NavLink("/password", "My password", False),),
            ),
            csrf_token=lambda: "token-1",
        )
    page = html5lib.parse(html, namespaceHTMLElements=False)
    assert [link.text for link in page.findall(".//a[@aria-current='page']")] == ["Today", "Today"]
    ways_out = page.findall(".//form[@action='/sign-out']")
    assert [form.find("input").get("value") for form in ways_out] == ["token-1", "token-1"]
    assert page.find("body").get("hx-headers:inherited") == '{"X-CSRFToken": "token-1"}'


# Letters are read in mail programs, which know no stylesheet.
PAGES = [path for path in (ROOT / "templates").rglob("*.html") if "emails" not in path.parts]


@pytest.mark.parametrize("path", sorted(PAGES), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_page_carries_styles_or_scripts_of_its_own(path: Path):
    """The content security policy would refuse them."""
    source = path.read_text()
    assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)", source)
