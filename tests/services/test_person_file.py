"""A person's copy of everything: whole, readable, theirs alone."""

import io
import json
import zipfile

import html5lib
import pytest
from sqlalchemy import select

from planner.errors import NotAllowed, NotFound
from planner.services.feeds import create_feed
from planner.services.notes import write as write_note
from planner.services.person_file import person_archive
from planner.services.person_rows import ELSEWHERE, leads_to_a_person
from planner.storage.audit_rows import AuditRow
from planner.storage.people import PatientRow
from planner.storage.schema import METADATA
from tests.factories import make_patient
from tests.web.ana_course import book_ana

# Of nobody, of staff, or of places in the diary.
OF_NO_PATIENT = {
    "clinic", "staff", "login", "room", "service", "hours", "hours_change", "closure", "leave", "busy_calendar",
    "busy_time", "audit_chain", "freed_slot", "account_letter", "attempt", "passkey", "recovery_code", "totp",
    "night_work",
}  # fmt: skip


@pytest.fixture
def course(runtime, clinic):
    """Ana's, with a note full of signs; and another patient."""
    with runtime.writing(clinic.rosa.actor) as unit:
        make_patient(unit, "Zora Fremd", "zora@example.org")
    made = book_ana(runtime, clinic)
    write_note(runtime, clinic.ben.actor, made.id, "Better <script>alert(1)</script> & “ok” עליזה")
    create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana)
    return made


def taken(runtime, clinic):
    """The JSON and the page."""
    with zipfile.ZipFile(io.BytesIO(person_archive(runtime, clinic.mo.actor, clinic.ana))) as archive:
        assert sorted(archive.namelist()) == ["person.html", "person.json"]
        return json.loads(archive.read("person.json")), archive.read("person.html").decode()


def test_it_holds_every_row_about_the_person(runtime, clinic, course):
    """Of each table, who looked and changed included."""
    data, _ = taken(runtime, clinic)
    tables = data["tables"]
    assert tables["patient"][0]["name"] == "Ana Silva"
    assert len(tables["session"]) == len(course.now().sessions)
    assert tables["note"][0]["text"].startswith("Better")
    assert {"assessment", "course", "appointment", "revision", "outbox", "feed", "audit_line"} <= tables.keys()
    assert "export person" in [line["action"] for line in tables["audit_line"]]


def test_it_holds_nothing_of_another_and_no_key_to_a_door(runtime, clinic, course):
    """Neither names nor hashes of addresses."""
    data, page = taken(runtime, clinic)
    whole = json.dumps(data) + page
    assert "Zora" not in whole
    assert "token_hash" not in whole
    assert "link_hash" not in whole


def test_the_page_is_valid_and_runs_nothing(runtime, clinic, course):
    """What people typed stays text."""
    _, page = taken(runtime, clinic)
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(page)
    assert parser.errors == []
    assert tree.findall(".//script") == []
    assert "<script>alert(1)</script>" in "".join(tree.itertext())
    assert "עליזה" in page
    assert "://" not in page.split("</head>")[0]


def test_every_table_leads_to_a_person_or_is_known_not_to():
    """Whoever adds a table decides; nothing is forgotten."""
    leading = {table.name for table in METADATA.sorted_tables if leads_to_a_person(table)}
    assert leading | OF_NO_PATIENT | set(ELSEWHERE) == set(METADATA.tables)
    assert leading & (OF_NO_PATIENT | set(ELSEWHERE)) == set()


def test_who_took_it_is_kept(runtime, clinic):
    """With whom it is about."""
    person_archive(runtime, clinic.mo.actor, clinic.ana)
    with runtime.reading(clinic.mo.actor) as unit:
        row = unit.session.scalars(select(AuditRow).where(AuditRow.action == "export person")).one()
    assert (row.actor_id, row.patient_id) == (clinic.mo.id, clinic.ana)


@pytest.mark.parametrize("who", ["rosa", "ben"])
def test_only_who_manages_the_clinic_takes_it(runtime, clinic, who):
    """It is everything at once."""
    with pytest.raises(NotAllowed):
        person_archive(runtime, getattr(clinic, who).actor, clinic.ana)


def test_another_clinic_finds_nobody(runtime, clinic, other_clinic):
    """As for a number that nobody has."""
    with pytest.raises(NotFound):
        person_archive(runtime, other_clinic.mo.actor, clinic.ana)


def test_the_page_speaks_the_persons_language(runtime, clinic, course):
    """The headings; what was kept stays as it was."""
    with runtime.writing(clinic.rosa.actor) as unit:
        unit.get(PatientRow, clinic.ana).language = "de"
    assert '<html lang="de">' in taken(runtime, clinic)[1]
