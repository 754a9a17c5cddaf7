"""Every page that shows somebody something is noted: who looked, at whom, from where."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from planner.services.read_log import ReadLog
from planner.storage.audit_rows import AuditRow
from planner.web.access import ACCESS
from planner.web.context import READ_LOG
from planner.web.shown import NOBODY, SHOWN, subject_of
from tests.factories import ANA_LINK
from tests.services.test_read_log import Sometimes
from tests.web.ana_course import book_ana
from tests.web.test_every_page import PAGES

LOOKED_AT = [rule for rule in PAGES if ACCESS.get(rule.endpoint) not in ("public", "feed-token", None)]


def looks(runtime, clinic):
    """What is noted, oldest first."""
    with runtime.reading(clinic.system) as unit:
        return unit.session.scalars(select(AuditRow).where(AuditRow.chain == "access").order_by(AuditRow.number)).all()


@pytest.mark.parametrize("rule", LOOKED_AT, ids=lambda rule: rule.endpoint)
def test_every_page_says_whom_it_shows(rule):
    """A row in planner/web/shown.py; without one a page is noted under its own name."""
    assert rule.endpoint in SHOWN
    subject = subject_of(rule.endpoint, dict.fromkeys(rule.arguments, 1))
    assert subject == NOBODY or "{" not in subject


def test_no_row_is_left_of_a_page_that_is_gone():
    """It would look as if something were noted."""
    assert {rule.endpoint for rule in LOOKED_AT} >= SHOWN.keys()


def test_a_page_that_nobody_thought_of_is_noted_by_its_name():
    """Forgetting must not mean that nobody learns who looked."""
    assert subject_of("auth.sign_out", {}) == "page/auth.sign_out"
    assert subject_of("public.home", {}) == NOBODY


def test_who_opens_a_patient_is_noted_with_where_from(browser_of, runtime, clinic):
    """After the answer, in the chain of looks."""
    browser_of(clinic.rosa).get(f"/patients/{clinic.ana}")
    (row,) = looks(runtime, clinic)
    assert (row.actor, row.actor_id, row.action) == ("staff", clinic.rosa.id, "see")
    assert (row.subject, row.patient_id) == (f"patient/{clinic.ana}", clinic.ana)
    assert row.network == "machine"
    assert len(row.session) == 12


def test_a_course_page_is_noted_about_its_patient(browser_of, runtime, clinic):
    """Whose course it is."""
    course = book_ana(runtime, clinic)
    browser_of(clinic.ben).get(f"/courses/{course.id}")
    assert [(row.subject, row.patient_id) for row in looks(runtime, clinic)] == [(f"course/{course.id}", clinic.ana)]


@pytest.mark.parametrize(
    ("path", "form", "status", "subject"),
    [
        ("/patients/{ana}/edit", {"name": ""}, 422, "patient/{ana}"),
        ("/courses/{course}/frequency", {"kind": "none"}, 422, "course/{course}"),
        ("/courses/{course}/notes", {"note": ""}, 422, "course/{course}"),
        ("/patients/new", {"name": "A. Silva", "email": "ana@example.org", "contact": "feed"}, 409, "list/patients"),
    ],
)
def test_a_form_that_is_shown_again_is_a_look_too(browser_of, runtime, clinic, path, form, status, subject):
    """Whoever sends a wrong form on purpose reads the page without ever opening it."""
    ids = {"ana": clinic.ana, "course": book_ana(runtime, clinic).id}
    assert browser_of(clinic.rosa).post(path.format(**ids), form, buffered=True).status_code == status
    assert [row.subject for row in looks(runtime, clinic)] == [subject.format(**ids)]


def test_what_is_kept_as_it_was_sent_shows_nobody_and_settings_never_do(browser_of, runtime, clinic):
    """A form that was good leads on; the page that follows is a look of its own."""
    course = book_ana(runtime, clinic)
    kept = browser_of(clinic.rosa).post(f"/courses/{course.id}/notes", {"note": "Better"}, buffered=True)
    refused = browser_of(clinic.mo).post(f"/settings/staff/{clinic.mo.id}/link", buffered=True)
    assert (kept.status_code, refused.status_code) == (302, 422)
    assert looks(runtime, clinic) == []


def test_the_patients_own_link_is_noted_and_never_kept(client, runtime, clinic):
    """Who has the link looked; printing is told from looking."""
    book_ana(runtime, clinic)
    client.get(f"/p/{ANA_LINK}")
    client.get(f"/p/{ANA_LINK}/plan.pdf")
    rows = looks(runtime, clinic)
    assert [(row.actor, row.actor_id, row.action) for row in rows] == [
        ("patient", clinic.ana, "see"),
        ("patient", clinic.ana, "print"),
    ]
    assert ANA_LINK not in str([vars(row) for row in rows])


def test_what_is_refused_or_not_there_is_no_look(browser_of, runtime, clinic, other_clinic):
    """Nothing was shown."""
    browser_of(clinic.rosa).get("/settings/audit")
    browser_of(other_clinic.rosa).get(f"/patients/{clinic.ana}")
    assert looks(runtime, clinic) == []


def test_two_browsers_of_one_person_are_told_apart(browser_of, runtime, clinic):
    """By the session, of which nothing can be opened."""
    for _ in range(2):
        browser_of(clinic.rosa).get(f"/patients/{clinic.ana}")
    first, second = looks(runtime, clinic)
    assert first.session != second.session


def test_a_page_is_shown_although_its_look_can_not_be_written(app, browser_of, runtime, clinic):
    """The line waits."""
    browser = browser_of(clinic.rosa)
    sometimes = Sometimes(runtime.database)
    log = app.extensions[READ_LOG] = ReadLog(replace(runtime, database=sometimes))
    sometimes.busy = True
    assert browser.get(f"/patients/{clinic.ana}").status_code == 200
    assert log.waiting == 1
    assert looks(runtime, clinic) == []
    sometimes.busy = False
    log.flush(now_or_never=True)
    assert len(looks(runtime, clinic)) == 1


def test_searching_says_that_somebody_searched_but_not_for_what(browser_of, runtime, clinic):
    """The words are a name."""
    browser_of(clinic.rosa).get("/patients?q=Silva")
    (row,) = looks(runtime, clinic)
    assert (row.subject, row.details) == ("list/patients", {})
