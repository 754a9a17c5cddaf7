"""Patients at reception: found, added once, changed by one person at a time, given their link."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import event

from planner.services import patients
from planner.services.patients import PatientDetails
from tests.web.ana_course import CHRONIC, book_ana


@pytest.fixture
def rosa(browser_of, clinic):
    """Rosa's browser."""
    return browser_of(clinic.rosa)


def add(runtime, clinic, name, **details):
    """A patient through the service."""
    return patients.add(runtime, clinic.rosa.actor, PatientDetails(name, **details))


def test_a_few_letters_find_a_patient_without_accents_and_case(rosa, runtime, clinic):
    """As one types at the desk."""
    add(runtime, clinic, "Jürgen Müller")
    page = rosa.get("/patients?q=MULL").text
    assert "Jürgen Müller" in page
    assert "Ana Silva" not in page


def test_typing_fetches_the_lines_alone(rosa, clinic):
    """htmx replaces the list and nothing else."""
    part = rosa.get("/patients?q=ana", headers={"HX-Request": "true"}).text
    assert "Ana Silva" in part
    assert "<html" not in part


def test_who_is_not_found_can_be_added_by_that_name(rosa):
    """The name typed is not typed again."""
    assert "/patients/new?name=Zoe" in rosa.get("/patients?q=Zoe").text
    assert 'value="Zoe"' in rosa.get("/patients/new?name=Zoe").text


def test_the_next_visit_stands_beside_the_name(rosa, runtime, clinic):
    """Most calls ask for it."""
    book_ana(runtime, clinic)
    assert "Tue 3 Mar" in rosa.get("/patients?q=ana").text


def test_a_patient_is_added_with_all_details(rosa, runtime, clinic):
    """And their page follows."""
    form = {"name": " Zoe  Martin ", "phone": "0131 1", "birth_date": "1980-05-24", "timezone": "Europe/Lisbon"}
    page = rosa.post("/patients/new", form, follow_redirects=True).text
    assert "<h1><bdi>Zoe Martin</bdi></h1>" in page
    assert "Sat 24 May 1980" in page
    assert "Europe/Lisbon" in page


def test_somebody_known_is_noticed_before_a_second_one_is_added(rosa, runtime, clinic):
    """It is this one, or it is not: both with one click, nothing typed again."""
    answer = rosa.post("/patients/new", {"name": "ana silva", "phone": "0131 2"})
    assert answer.status_code == 409
    assert f'href="/patients/{clinic.ana}"' in answer.text
    assert 'value="0131 2"' in answer.text
    assert len(patients.find(runtime, clinic.rosa.actor, "ana silva")) == 1
    assert rosa.post("/patients/new", {"name": "ana silva", "anyway": "yes"}).status_code == 302
    assert len(patients.find(runtime, clinic.rosa.actor, "ana silva")) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", " "), ("email", "nobody"), ("birth_date", "in May"), ("birth_date", "2999-01-01"), ("timezone", "Moon")],
)
def test_a_wrong_detail_is_said_at_its_field_and_everything_typed_stays(rosa, field, value):
    """422, with the error summary above."""
    answer = rosa.post("/patients/new", {"name": "Zoe", "phone": "0131 3", field: value})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert 'value="0131 3"' in answer.text


def test_details_are_changed(rosa, runtime, clinic):
    """With the version that the form was shown with."""
    version = patients.get(runtime, clinic.rosa.actor, clinic.ana).version
    form = {"name": "Ana Silva-Reis", "version": version}
    assert "Ana Silva-Reis" in rosa.post(f"/patients/{clinic.ana}/edit", form, follow_redirects=True).text


def test_a_stale_change_shows_how_it_stands_and_keeps_what_was_typed(rosa, runtime, clinic):
    """Somebody else was faster: both versions are on the page, and saving again decides."""
    old = patients.get(runtime, clinic.rosa.actor, clinic.ana)
    patients.update(runtime, clinic.ben.actor, clinic.ana, PatientDetails("Ana Reis"), version=old.version)
    answer = rosa.post(f"/patients/{clinic.ana}/edit", {"name": "Ana Costa", "version": old.version})
    assert answer.status_code == 409
    assert "Ana Reis" in answer.text
    assert 'value="Ana Costa"' in answer.text
    now = re.search(r'name="version" value="(\d+)"', answer.text)
    again = {"name": "Ana Costa", "version": now[1]}
    assert rosa.post(f"/patients/{clinic.ana}/edit", again).status_code == 302


def test_a_stale_change_shows_everything_that_saving_again_would_replace(rosa, runtime, clinic):
    """The zone, the language and the way of the dates as well: else Rosa takes back unseen what Ben has just set."""
    old = patients.get(runtime, clinic.rosa.actor, clinic.ana)
    moved = replace(old.details, timezone="America/New_York", language="es", contact="mail")
    patients.update(runtime, clinic.ben.actor, clinic.ana, moved, version=old.version)
    page = rosa.post(f"/patients/{clinic.ana}/edit", {"name": "Ana Costa", "version": old.version}).text
    stands = page[page.index("This is how it stands now") : page.index("</dl>")]
    for words in ("America/New_York", "Español", "not at all: in words only"):
        assert words in stands


def test_the_page_shows_courses_assessments_and_the_next_visit(rosa, runtime, clinic):
    """Everything about Ana in one place."""
    course = book_ana(runtime, clinic)
    page = rosa.get(f"/patients/{clinic.ana}").text
    for words in (f"/courses/{course.id}", f"/assessments/{course.assessment_id}", "0 of 9 done", "Tuesday 3 March"):
        assert words in page


def test_the_page_needs_a_bounded_number_of_queries(rosa, runtime, clinic):
    """As many for two courses as for one."""
    # The first look is noted once the answer is out.
    rosa.get(f"/patients/{clinic.ana}")
    seen = []
    event.listen(runtime.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    counts = []
    for findings in (CHRONIC, {**CHRONIC, "protocol": "chronic_condition"}):
        book_ana(runtime, clinic, findings)
        seen.clear()
        rosa.get(f"/patients/{clinic.ana}")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_the_link_can_be_shown_again_and_a_new_one_ends_it(rosa, client, clinic):
    """Showing changes nothing; a new one is for a lost phone."""
    first = link_in(rosa.post(f"/patients/{clinic.ana}/link").text)
    assert link_in(rosa.post(f"/patients/{clinic.ana}/link").text) == first
    assert client.get(first).status_code == 200
    second = link_in(rosa.post(f"/patients/{clinic.ana}/link", {"new": "yes"}).text)
    assert second != first
    assert client.get(first).status_code == 404
    assert client.get(second).status_code == 200


def test_a_patient_is_written_to_in_the_language_that_was_chosen(rosa, runtime, clinic):
    """In the clinic's own where nobody chose; one without texts is refused."""
    with runtime.writing(clinic.system) as unit:
        unit.clinic.language = "de-CH"
    rosa.post("/patients/new", {"name": "Ilse Kern"})
    rosa.post("/patients/new", {"name": "Inés Mar", "language": "es"})
    (ilse,) = patients.find(runtime, clinic.rosa.actor, "Ilse")
    (ines,) = patients.find(runtime, clinic.rosa.actor, "Ines")
    assert (ilse.details.language, ines.details.language) == ("de", "es")
    assert '<option value="es" selected>Español</option>' in rosa.get(f"/patients/{ines.id}/edit").text
    rosa.post(f"/patients/{ines.id}/edit", {"name": "Inés Mar", "language": "en", "version": ines.version})
    assert patients.get(runtime, clinic.rosa.actor, ines.id).details.language == "en"
    assert rosa.post("/patients/new", {"name": "Xu", "language": "xx"}).status_code == 422


def test_a_name_with_a_script_in_it_is_only_words(rosa, runtime, clinic):
    """On every page that shows it."""
    patient_id = add(runtime, clinic, "<script>alert(1)</script>", notes="<b>x</b>")
    for path in (f"/patients/{patient_id}", "/patients?q=script", f"/patients/{patient_id}/book"):
        page = rosa.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_a_therapist_may_look_a_patient_up_but_not_run_the_desk(browser_of, clinic):
    """Patients and worklists are everybody's, the day and leave are reception's."""
    ben = browser_of(clinic.ben)
    assert ben.get(f"/patients/{clinic.ana}").status_code == 200
    assert ben.get("/worklists").status_code == 200
    assert ben.get("/today").status_code == 403
    assert ben.get("/leave").status_code == 403


def link_in(page):
    """The path of the personal link on the page."""
    return re.search(r'value="http://127\.0\.0\.1:8000(/p/[^"]+)"', page)[1]
