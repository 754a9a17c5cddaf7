"""Whose language a page is in."""

import pytest
from flask import flash, g, get_flashed_messages, session
from markupsafe import Markup

from planner.languages import LANGUAGES
from planner.storage.people import ClinicRow, PatientRow
from planner.web import reader
from planner.words import say
from tests.factories import ANA_LINK

FREE = "A time has become free"


def html_language(answer) -> str:
    """What `<html lang>` says."""
    return answer.text.partition('<html lang="')[2].partition('"')[0]


def test_a_stranger_reads_what_the_browser_asks_for(client) -> None:
    """The first language that there are texts in, dialects among them; else English."""
    asked = {"fr,de-AT;q=0.8,es;q=0.5": "de", "es-419": "es", "fr": "en-GB", "de;q=0, es": "es", "": "en-GB"}
    for header, language in asked.items():
        assert html_language(client.get("/", headers={"Accept-Language": header})) == language


def test_a_stranger_may_choose_and_the_choice_is_kept(client) -> None:
    """Whatever the browser says; a language without texts changes nothing."""
    assert html_language(client.get("/?lang=es", headers={"Accept-Language": "de"})) == "es"
    assert html_language(client.get("/", headers={"Accept-Language": "de"})) == "es"
    assert html_language(client.get("/?lang=xx")) == "es"


def test_a_patient_reads_the_language_of_their_record(runtime, clinic, client) -> None:
    """Not that of the browser, which may be a relative's."""
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).language = "de"
    answer = client.get(f"/p/{ANA_LINK}?lang=es", headers={"Accept-Language": "es"})
    assert html_language(answer) == "de"


def test_staff_read_the_clinics_language(runtime, clinic, browser_of) -> None:
    """On every page, also where a stranger could be."""
    with runtime.writing(clinic.system) as unit:
        unit.session.get(ClinicRow, unit.clinic.id).language = "es"
    rosa = browser_of(clinic.rosa)
    assert html_language(rosa.get("/today")) == "es"
    assert html_language(rosa.get("/?lang=de", headers={"Accept-Language": "de"})) == "es"


def test_a_page_that_is_not_there_is_in_the_readers_language(client) -> None:
    """Though no route knows who asks."""
    assert html_language(client.get("/nowhere", headers={"Accept-Language": "de"})) == "de"


@pytest.fixture
def rendered(app):
    """A template in words, in a language, with values."""

    def render(source: str, language: str = "de", **values: object) -> str:
        with app.test_request_context("/"):
            g.language = language
            # By a name with .html, so that it is escaped as the pages are.
            return app.jinja_env.from_string("{% autoescape true %}" + source + "{% endautoescape %}").render(values)

    return render


def test_a_template_speaks_one_language_after_the_other(rendered) -> None:
    """No language belongs to the process."""
    said = [rendered("{{ _('A time has become free') }}", language) for language in LANGUAGES]
    assert said == ["A time has become free", "Eine Zeit ist frei geworden", "Ha quedado libre una hora"]


def test_a_text_made_in_python_is_put_into_the_readers_language(rendered) -> None:
    """Wherever a template shows it."""
    assert rendered("{{ text }}", text=say(FREE)) == "Eine Zeit ist frei geworden"
    assert rendered("<p title='{{ text }}'></p>", text=say(FREE)) == "<p title='Eine Zeit ist frei geworden'></p>"


def test_what_fills_a_blank_is_escaped_once(rendered) -> None:
    """Names are typed by people, our own sentences are not."""
    text = say("With %(name)s.", name="<b>&</b>")
    assert rendered("{{ text }}", text=text) == "Bei &lt;b&gt;&amp;&lt;/b&gt;."
    assert rendered("{% trans name=name %}With {{ name }}.{% endtrans %}", name="<b>") == "Bei &lt;b&gt;."
    assert rendered("{{ _('With %(name)s.', name=name) }}", name=Markup("<i>B</i>")) == "Bei <i>B</i>."


def test_a_text_fills_a_blank_of_a_template(rendered) -> None:
    """In the reader's language."""
    assert rendered("{{ _('With %(name)s.', name=text) }}", text=say(FREE)) == "Bei Eine Zeit ist frei geworden."


def test_a_plural_in_a_template_follows_the_number(rendered) -> None:
    """Both ways to write one."""
    call = "{{ ngettext('Your appointment is booked', 'Your %(num)s appointments are booked', n) }}"
    more = "{% pluralize num %}Your {{ num }} appointments are booked{% endtrans %}"
    tag = "{% trans num=n %}Your appointment is booked" + more
    for source in (call, tag):
        assert rendered(source, n=1) == "Ihr Termin ist gebucht"
        assert rendered(source, n=3) == "Ihre 3 Termine sind gebucht"


def test_markup_passes_untouched(rendered) -> None:
    """Macros give it, and it has its words already."""
    assert rendered("{{ text }}", text=Markup("<b>1</b>")) == "<b>1</b>"


def test_news_are_said_in_the_language_of_the_page_that_shows_them(app, client) -> None:
    """The cookie keeps the sentence with its blanks, not the words."""
    with app.test_request_context("/"):
        flash(say("With %(name)s.", name="Ben"), "good")
        kept = app.session_interface.serializer.dumps(dict(session))
    with app.test_request_context("/"):
        session.update(app.session_interface.serializer.loads(kept))
        ((_, text),) = get_flashed_messages(with_categories=True)
        g.language = "es"
        assert reader.shown(text) == "Con Ben."
