"""Every form of every page, sent with another clinic's numbers in its fields: nothing of it is shown, or changes."""

import re

import html5lib
import pytest
from sqlalchemy import select

from planner.care.assessment import Assessment
from planner.services import assessments, patients
from planner.storage.courses import CourseRow
from planner.storage.people import PatientRow, StaffRow
from planner.storage.schema import METADATA
from tests.factories import make_patient
from tests.services.many_patients import ACUTE
from tests.web.ana_course import book_ana
from tests.web.examples.scene import ANA_LINK
from tests.web.test_every_page import RULES, SIGNED_IN, address, example
from tests.web.test_reception_booking import fields

# Row numbers are made of the time; nothing else on a page is a number so long.
ROW = re.compile(r"\d{15,19}")
FOREIGN = "Southsider"
LEFT_ALONE = {"csrf_token", "seen"}


def rows_of(runtime, clinic_id):
    """All rows of a clinic, by table; those of its sessions and of who looked apart, for signing in makes some."""
    with runtime.database.reading(None) as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table).where(table.c.clinic_id == clinic_id))]
            for table in METADATA.sorted_tables
            if "clinic_id" in table.c
        }


def same_kind_there(here, there):
    """For each row number of one clinic the number of a row of the same table in the other."""
    found = {}
    for table in METADATA.sorted_tables:
        if table.name in here and "id" in table.c and there[table.name]:
            at = list(table.c.keys()).index("id")
            found |= {str(row[at]): str(there[table.name][-1][at]) for row in here[table.name]}
    return found


def forms_of(page, path):
    """(action, fields) of each form that changes something; a field is (name, value)."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    for form in tree.iter("form"):
        if form.get("method") == "post":
            fields = [(each.get("name"), each.get("value") or "") for each in form.iter("input") if each.get("name")]
            for chosen in form.iter("select"):
                options = [each.get("value") or "" for each in chosen.iter("option")]
                fields += [(chosen.get("name"), value) for value in options[-1:]]
            yield form.get("action") or path, fields


@pytest.fixture
def two(runtime, clinic, other_clinic):
    """Both clinics with a course; whoever is of the other one has a name that stands nowhere else."""
    book_ana(runtime, clinic)
    book_ana(runtime, other_clinic)
    with runtime.writing(other_clinic.system) as unit:
        for row in (*unit.session.scalars(select(StaffRow)), *unit.session.scalars(select(PatientRow))):
            row.name = f"{FOREIGN} {row.id}"
        patients.personal_link(runtime, unit, other_clinic.ana)
    return clinic, other_clinic


@pytest.mark.slow
@pytest.mark.faults
def test_fault_25_a_form_with_another_clinics_numbers_shows_and_changes_nothing_there(two, runtime, browser_of):
    """Not a 500 either: it is as if they were nonsense."""
    clinic, other = two
    browser = browser_of(clinic.mo)
    pages = [address(browser.app, rule, example(rule, runtime, clinic)) for rule in SIGNED_IN if "GET" in rule.methods]
    pages += [rule.rule.replace("<token>", ANA_LINK) for rule in RULES if rule.arguments == {"token"} and
              rule.endpoint.startswith("patient.") and "GET" in rule.methods]  # fmt: skip
    swap = same_kind_there(rows_of(runtime, clinic.id), rows_of(runtime, other.id))
    before, sent = rows_of(runtime, other.id), set()

    def swapped(value):
        return ROW.sub(lambda found: swap.get(found[0], found[0]), value)

    for page in pages:
        answer = browser.get(page)
        for action, given in forms_of(answer.text, page) if answer.mimetype == "text/html" else ():
            carried = {name: value if name in LEFT_ALONE else swapped(value) for name, value in given}
            key = (ROW.sub("#", action), tuple(sorted(carried)))
            if dict(given) == carried or key in sent or action.startswith("/sign-out"):
                continue
            sent.add(key)
            said = browser.post(action, carried)
            assert said.status_code < 500, (action, carried)
            assert FOREIGN not in said.text, (action, carried)
    assert {"/appointments/#/move", "/calendars", "/hours", "/leave"} <= {action for action, _ in sent}
    assert rows_of(runtime, other.id) == before


@pytest.mark.parametrize("field", ["assessment", "course_id", "practitioner", "shown-0"])
@pytest.mark.faults
def test_fault_25_a_booking_with_another_clinics_numbers_books_nothing_of_it(two, runtime, browser_of, field):
    """The number of its course too: a form that is sent twice is known by it, but within one clinic."""
    clinic, other = two
    with runtime.writing(clinic.system) as unit:
        dora = make_patient(unit, "Dora Ek")
    found = assessments.record(runtime, clinic.ben.actor, dora, Assessment.from_json(ACUTE))
    rosa, path = browser_of(clinic.rosa), f"/patients/{dora}/book"
    form = {**fields(rosa.get(f"{path}?assessment={found}").text), "practitioner": str(clinic.ben.id)}
    dates = fields(rosa.post(path, {**form, "do": "dates"}).text)
    swap = same_kind_there(rows_of(runtime, clinic.id), rows_of(runtime, other.id))
    with runtime.reading(other.system) as unit:
        swap[dates["course_id"][0]] = str(unit.session.scalars(select(CourseRow.id)).one())
    foreign = [ROW.sub(lambda number: swap[number[0]], text) for text in dates[field]]
    assert foreign != dates[field]
    before = rows_of(runtime, other.id)
    said = rosa.post(path, {**dates, field: foreign, "do": "book"})
    assert said.status_code in (302, 404, 409, 422)
    assert FOREIGN not in said.text
    assert rows_of(runtime, other.id) == before
