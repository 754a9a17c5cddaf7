"""Our sentences in the database: kept with their blanks, old ones read as they were written."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from planner.storage.courses import WorklistRow
from planner.storage.people import ClinicRow
from planner.storage.text_json import dumps, loads
from planner.words import in_language, say

SAYS = say("With %(name)s.", name="Ben")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def clinic_id(database) -> int:
    """A clinic alone."""
    with database.writing(None) as session:
        session.add(row := ClinicRow(name="Northside", timezone="Europe/London", country="GB"))
        session.flush()
        return row.id


@pytest.fixture
def kept(database, clinic_id):
    """Writes a line of the worklist and reads it again."""

    def keep(says: str, **details: object) -> WorklistRow:
        with database.writing(clinic_id) as session:
            row = WorklistRow(
                clinic_id=clinic_id, kind="x", key=f"x{len(says)}", says=says, details=details, opened_at=NOON
            )
            session.add(row)
        with database.reading(clinic_id) as session:
            return session.get(WorklistRow, (clinic_id, row.id))

    return keep


def test_a_sentence_can_be_said_in_another_language_later(kept) -> None:
    """The column keeps what it was made of."""
    assert in_language(kept(SAYS).says, "de") == "Bei Ben."


def test_a_sentence_inside_json_too(kept) -> None:
    """However deep it stands."""
    row = kept("", rows=[{"says": SAYS, "number": 1}])
    assert row.details == {"rows": [{"says": "With Ben.", "number": 1}]}
    assert in_language(row.details["rows"][0]["says"], "es") == "Con Ben."


def test_what_a_person_typed_is_kept_as_it_is(kept) -> None:
    """Also if it looks like ours."""
    for typed in ("", "With %(name)s.", '{" text":{"say":"A time has become free"}}', "ü 👩🏽‍⚕️"):
        assert in_language(kept(typed).says, "de") == typed


def test_a_sentence_of_an_older_program_is_read_as_it_was_written(database, clinic_id, kept) -> None:
    """And one that nobody can read any more does not break the page."""
    kept(SAYS)
    for stored, says in (("With Ben.", "With Ben."), ("\x02{", "{"), ('\x02{"a":1}', '{"a":1}')):
        with database.writing(clinic_id) as session:
            session.execute(text("UPDATE worklist_item SET says = :stored"), {"stored": stored})
        with database.reading(clinic_id) as session:
            assert session.query(WorklistRow).one().says == says


def test_json_without_sentences_is_as_json_is() -> None:
    """And an object that only looks like a sentence stays an object."""
    for value in ({}, [], {"a": [1, 2.5, None, True, "ü"]}, {" text": {"a": 1}}, {" text": 1, "b": 2}):
        assert loads(dumps(value)) == value
