"""The audit as its owner reads it, and its ends in the log."""

import csv
import io
import logging
from datetime import date

import pytest

from planner.errors import NotAllowed
from planner.services import audit
from planner.services.audit import PAGE, Asked
from planner.services.read_log import ReadLog
from planner.sweeps import sweep_named
from tests.web.ana_course import book_ana


@pytest.fixture
def busy_week(runtime, clinic, clock):
    """Ana's course, and somebody who looks at it two days later."""
    course = book_ana(runtime, clinic)
    clock.advance(days=2)
    log = ReadLog(runtime)
    log.saw(clinic.rosa.actor, "see", f"course/{course.id}")
    log.flush()
    return course


def found(runtime, clinic, **asked):
    """What Mo finds."""
    return audit.search(runtime, clinic.mo.actor, Asked(**asked)).lines


def test_lines_are_newest_first_with_the_names_of_today(runtime, clinic, busy_week):
    """Who, what and about whom."""
    newest = found(runtime, clinic)[0]
    assert (newest.who, newest.action, newest.about) == ("Rosa Lind", "see", "Ana Silva")


def test_it_is_searched_by_person_patient_action_chain_and_day(runtime, clinic, busy_week):
    """Each narrows it."""
    assert {line.who for line in found(runtime, clinic, staff_id=clinic.ben.id)} == {"Ben Okafor"}
    assert {line.about for line in found(runtime, clinic, patient_id=clinic.ana)} == {"Ana Silva"}
    assert {line.action for line in found(runtime, clinic, action="course.")} == {"course.booked"}
    assert [line.chain for line in found(runtime, clinic, chain="access")] == ["access"]
    assert len(found(runtime, clinic, first_day=date(2026, 3, 4))) == 1
    assert len(found(runtime, clinic, last_day=date(2026, 3, 3))) == len(found(runtime, clinic)) - 1
    assert found(runtime, clinic, action="%") == ()


def test_pages_follow_one_another_without_a_gap(runtime, clinic):
    """Fifty a page, whatever has the same instant."""
    for number in range(PAGE + 7):
        with runtime.writing(clinic.mo.actor) as unit:
            unit.audit("try", f"room/{number}")
    first = audit.search(runtime, clinic.mo.actor, Asked(action="try"))
    second = audit.search(runtime, clinic.mo.actor, Asked(action="try", before=first.older))
    assert len(first.lines) == PAGE
    assert [line.subject for line in (*first.lines, *second.lines)] == [f"room/{n}" for n in reversed(range(PAGE + 7))]
    assert second.older is None


def test_another_clinics_lines_are_not_found(runtime, clinic, other_clinic, busy_week):
    """Not by its patient's number either."""
    assert found(runtime, other_clinic, patient_id=clinic.ana) == ()


def test_the_file_has_every_line_with_its_hash_and_is_noted(runtime, clinic, busy_week):
    """Oldest first; whoever takes it stands in it."""
    text = b"".join(audit.as_csv(runtime, clinic.mo.actor, Asked())).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[-1]["action"] == "export audit" or rows[-2]["action"] == "export audit"
    assert all(len(row["hash"]) == 64 for row in rows)
    assert "Silva" not in text
    assert len(rows) == len(found(runtime, clinic))


@pytest.mark.parametrize("who", ["rosa", "ben"])
def test_only_the_owner_reads_it(runtime, clinic, who):
    """It tells of colleagues."""
    actor = getattr(clinic, who).actor
    with pytest.raises(NotAllowed):
        audit.search(runtime, actor, Asked())
    with pytest.raises(NotAllowed):
        audit.as_csv(runtime, actor, Asked())


def test_the_ends_of_all_chains_go_into_the_log(runtime, clinic, other_clinic, caplog):
    """Where whoever changes the database does not reach."""
    caplog.set_level(logging.INFO)
    sweep_named("audit-heads").run(runtime)
    for head in audit.all_heads(runtime):
        assert f"audit head: clinic {head.clinic_id} {head.chain} {head.number}" in caplog.text
    assert len(audit.all_heads(runtime)) == 4
