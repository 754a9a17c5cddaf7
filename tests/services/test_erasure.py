"""A person erased: nothing is left that tells who they were, and the clinic's figures stay what they are."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from planner.care.assessment import Assessment
from planner.errors import InvalidInput, NotAllowed, NotFound, UndoRefused
from planner.notify.outtray import OuttrayMailer, read_outtray
from planner.services import assessments, attendance, erasure, patients, retention, undoing
from planner.services.attention import note_attention
from planner.services.audit import Asked, find_breaks, search
from planner.services.calibration import calibration
from planner.services.course_view import course_view
from planner.services.feed_memory import FeedMemory
from planner.services.feeds import create_feed, feed_for_token
from planner.services.notes import write as write_note
from planner.services.patient_view import patient_view, show_link
from planner.services.patients import PatientDetails
from planner.services.person_rows import rows_about
from planner.services.read_log import ReadLog
from planner.services.runtime import Actor
from planner.storage.courses import AppointmentRow, AssessmentRow, CourseRow, WorklistRow
from planner.storage.outward import OutboxRow
from planner.storage.people import PatientRow
from planner.storage.progress import OutcomeRow
from planner.storage.schema import METADATA
from tests.services.many_patients import ACUTE
from tests.web.ana_course import book_ana
from tests.web.examples.scene import put_into_outtray

MARKS = ("Ana", "Silva", "ana@example.org", "MARKED", "1980-05-24", "0131 777")


@pytest.fixture
def course(runtime, clinic, clock):
    """Ana with everything a person can have here; her first visit is over."""
    details = PatientDetails(
        "Ana Silva", "ana@example.org", "0131 777 0001", notes="MARKED remark", language="es",
    )  # fmt: skip
    patients.update(runtime, clinic.rosa.actor, clinic.ana, details, version=1)
    made = book_ana(runtime, clinic)
    with runtime.writing(clinic.ben.actor) as unit:
        row = unit.get(CourseRow, made.id)
        row.wish_note, row.wishes = "MARKED wish", {**row.wishes, "away": [["2026-07-01", "2026-07-09"]]}
        unit.get(AssessmentRow, made.assessment_id).notes = "MARKED finding"
        unit.session.add(
            OutcomeRow(
                patient_id=clinic.ana, course_id=made.id, kind="function", value=4.0, about="MARKED activity",
                measured_at=unit.now, measured_by="patient",
            )
        )  # fmt: skip
    write_note(runtime, clinic.ben.actor, made.id, "MARKED note")
    clock.set(made.appointment(1).starts_at)
    attendance.arrive(runtime, clinic.rosa.actor, made.appointment(1).id)
    clock.advance(hours=1)
    attendance.fulfil(runtime, clinic.rosa.actor, made.appointment(1).id)
    attendance.cancel(runtime, clinic.rosa.actor, made.appointment(3).id, reason="MARKED reason")
    return made


def everything(runtime):
    """All that is in the database, as text."""
    with runtime.database.reading(None) as session:
        tables = {table.name: [list(row) for row in session.execute(select(table))] for table in METADATA.sorted_tables}
    return json.dumps(tables, default=str, ensure_ascii=False)


def test_nothing_in_the_database_tells_who_it_was(runtime, clinic, course):
    """Every table is searched for her name, address and words."""
    before = everything(runtime)
    assert all(mark in before for mark in ("Ana Silva", "ana@example.org", "MARKED note", "MARKED finding", "0131 777"))
    erasure.erase(runtime, clinic.mo.actor, clinic.ana, cancel_visits=True)
    after = everything(runtime)
    assert [mark for mark in MARKS if mark in after] == []


def test_times_stay_for_the_figures_and_pages_still_open(runtime, clinic, course):
    """What was given was given."""
    erasure.erase(runtime, clinic.mo.actor, clinic.ana, cancel_visits=True)
    with runtime.reading(clinic.mo.actor) as unit:
        given = unit.session.scalars(select(AppointmentRow).where(AppointmentRow.status == "fulfilled")).all()
        assert len(given) == 1
    assert patient_view(runtime, clinic.rosa.actor, clinic.ana).patient.details.name.startswith("N. N.")
    assert course_view(runtime, clinic.ben.actor, course.id).patient_id == clinic.ana
    calibration(runtime, clinic.mo.actor)


def test_visits_ahead_refuse_it_unless_they_are_called_off(runtime, clinic, course):
    """Else somebody would stand before the door and nobody knew them."""
    with pytest.raises(InvalidInput, match="ahead") as refusal:
        erasure.erase(runtime, clinic.mo.actor, clinic.ana)
    assert refusal.value.field == "cancel_visits"
    assert "MARKED note" in everything(runtime)
    erasure.erase(runtime, clinic.mo.actor, clinic.ana, cancel_visits=True)
    with runtime.reading(clinic.mo.actor) as unit:
        statuses = set(unit.session.scalars(select(AppointmentRow.status)))
    assert statuses.isdisjoint(erasure.AHEAD)


def test_nobody_is_written_to(runtime, clinic, course):
    """Neither about the visits nor about the rest."""
    erasure.erase(runtime, clinic.mo.actor, clinic.ana, cancel_visits=True)
    with runtime.reading(clinic.mo.actor) as unit:
        assert unit.session.scalars(select(OutboxRow)).all() == []


def test_the_link_and_the_calendar_stop_at_once(runtime, clinic, course):
    """And no new link can be made."""
    token = create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana).rpartition("/")[2].removesuffix(".ics")
    feed_for_token(runtime, token, FeedMemory())
    erasure.erase(runtime, clinic.mo.actor, clinic.ana, cancel_visits=True)
    with runtime.reading(clinic.mo.actor) as unit:
        assert unit.get(PatientRow, clinic.ana).link_hash is None
    with pytest.raises(NotFound):
        feed_for_token(runtime, token, FeedMemory())
    with pytest.raises(InvalidInput, match="erased"):
        show_link(runtime, clinic.rosa.actor, clinic.ana)


def test_no_search_finds_the_row_and_nobody_changes_it(runtime, clinic, course):
    """Not by an empty search either."""
    erasure.erase(runtime, clinic.mo.actor, clinic.ana, cancel_visits=True)
    assert [found.id for found in patients.find(runtime, clinic.rosa.actor, "")] == []
    assert [found.id for found in patients.find(runtime, clinic.rosa.actor, "n n")] == []
    with pytest.raises(InvalidInput, match="erased"):
        patients.update(runtime, clinic.rosa.actor, clinic.ana, PatientDetails("Ana"), version=9)
    with pytest.raises(InvalidInput, match="already"):
        erasure.erase(runtime, clinic.mo.actor, clinic.ana)


def test_nobody_is_assessed_or_booked_again(runtime, clinic):
    """Whatever page was still open."""
    erasure.erase(runtime, clinic.mo.actor, clinic.ana)
    with pytest.raises(InvalidInput, match="erased"):
        book_ana(runtime, clinic)


def test_nobody_is_asked_to_book_a_person_who_is_not_there_any_more(runtime, clinic):
    """Assessed and never booked: the line goes with the person, and no sweep writes another."""
    assessments.record(runtime, clinic.ben.actor, clinic.ana, Assessment.from_json(ACUTE))
    note_attention(runtime)
    with runtime.reading(clinic.mo.actor) as unit:
        assert "worklist_item" in {each.table for each in rows_about(unit, clinic.ana)}
    erasure.erase(runtime, clinic.mo.actor, clinic.ana)
    note_attention(runtime)
    with runtime.reading(clinic.mo.actor) as unit:
        assert unit.session.scalars(select(WorklistRow)).all() == []


def test_the_audit_stays_whole_and_knows_who_erased(runtime, clinic, course):
    """By number only."""
    before = len(search(runtime, clinic.mo.actor, Asked(patient_id=clinic.ana)).lines)
    erasure.erase(runtime, clinic.mo.actor, clinic.ana, cancel_visits=True)
    assert find_breaks(runtime, clinic.id) == []
    lines = search(runtime, clinic.mo.actor, Asked(patient_id=clinic.ana)).lines
    assert len(lines) > before
    assert ("patient.erase", "Mo Adeyemi") in [(line.action, line.who) for line in lines]


@pytest.mark.parametrize("who", ["rosa", "ben"])
def test_only_who_manages_the_clinic_may(runtime, clinic, who):
    """Nor may they look what it would do."""
    with pytest.raises(NotAllowed):
        erasure.erase(runtime, getattr(clinic, who).actor, clinic.ana)
    with pytest.raises(NotAllowed):
        erasure.look(runtime, getattr(clinic, who).actor, clinic.ana)


def test_another_clinic_can_not(runtime, clinic, other_clinic):
    """She is not there for them."""
    with pytest.raises(NotFound):
        erasure.erase(runtime, other_clinic.mo.actor, clinic.ana)


def test_what_it_would_do_is_told_before(runtime, clinic, course):
    """In numbers."""
    told = erasure.look(runtime, clinic.mo.actor, clinic.ana)
    assert (told.kept, told.notes, told.outcomes, told.erased_at) == (1, 1, 1, None)
    assert told.ahead == sum(1 for each in course.now().live if each.current and each.current.occupies) - 1


def test_letters_in_the_outtray_go_too(runtime, clinic, tmp_path, course):
    """They hold her name; another one's stay."""
    put_into_outtray(runtime, "Northside", "ana@example.org")
    put_into_outtray(runtime, "Northside", "bob@example.org")
    folder = tmp_path / "outtray"
    running = replace(runtime, mailer=OuttrayMailer(folder))
    erasure.erase(running, clinic.mo.actor, clinic.ana, cancel_visits=True)
    assert ["bob@example.org" in message.to for message in read_outtray(folder)] == [True]


def test_an_undo_books_nobody_back(runtime, clinic, course):
    """What was before is not to be had any more."""
    erasure.erase(runtime, clinic.mo.actor, clinic.ana, cancel_visits=True)
    last = course.revisions()[-1][0]
    with pytest.raises(UndoRefused):
        undoing.undo(runtime, clinic.rosa.actor, last)


# --- time


def years_later(clock, years):
    """So many years and a day."""
    now = clock.now()
    clock.set(now.replace(year=now.year + years))
    clock.advance(days=1)


def test_whose_time_is_over_stands_on_the_owners_list(runtime, clinic, course, clock):
    """Not before, and not while a visit is ahead."""
    with runtime.writing(clinic.mo.actor) as unit:
        for row in unit.session.scalars(select(AppointmentRow).where(AppointmentRow.status == "booked")):
            row.status = "cancelled"
    years_later(clock, 9)
    assert retention.privacy_desk(runtime, clinic.mo.actor).long_gone == ()
    years_later(clock, 2)
    (found,) = retention.privacy_desk(runtime, clinic.mo.actor).long_gone
    assert (found.patient_id, found.name) == (clinic.ana, "Ana Silva")


@pytest.mark.parametrize(("level", "erased"), [("off", False), ("propose", False), ("apply", True)])
def test_the_sweep_erases_only_where_the_clinic_said_so(runtime, clinic, clock, level, erased):
    """And only once."""
    set_retention(runtime, clinic, level)
    years_later(clock, 11)
    report = retention.keep_no_longer(runtime)
    assert report.done == int(erased)
    with runtime.reading(clinic.mo.actor) as unit:
        assert (unit.get(PatientRow, clinic.ana).erased_at is not None) is erased
    assert retention.keep_no_longer(runtime).done == 0


def test_what_the_sweep_erases_goes_from_the_outtray_too(runtime, clinic, clock, tmp_path):
    """As when the owner does it by hand."""
    put_into_outtray(runtime, "Northside", "ana@example.org")
    running = replace(runtime, mailer=OuttrayMailer(tmp_path / "outtray"))
    set_retention(runtime, clinic, "apply")
    years_later(clock, 11)
    assert retention.keep_no_longer(running).done == 1
    assert read_outtray(tmp_path / "outtray") == []


def set_retention(runtime, clinic, level="propose", **numbers):
    """Mo sets it on the page."""
    desk = retention.privacy_desk(runtime, clinic.mo.actor)
    retention.keep_settings(runtime, clinic.mo.actor, {**desk.numbers, **numbers}, level, seen=desk.seen)


@pytest.mark.parametrize(
    ("status", "days", "kept"),
    [
        ("sent", 29, True), ("sent", 31, False), ("skipped", 31, False), ("expired", 31, False),
        ("due", 99, True), ("failed", 99, True), ("unknown", 99, True),
    ],
)  # fmt: skip
def test_a_settled_message_is_kept_as_long_as_the_clinic_says(runtime, clinic, clock, status, days, kept):
    """What failed waits for a person, however long."""
    set_retention(runtime, clinic, keep_message_days=30)
    with runtime.writing(clinic.system) as unit:
        row = OutboxRow(
            key="k", kind="reminder", patient_id=clinic.ana, status=status, due_at=unit.now, created_at=unit.now
        )
        unit.session.add(row)
    clock.advance(days=days)
    retention.keep_no_longer(runtime)
    with runtime.reading(clinic.system) as unit:
        assert bool(unit.session.scalars(select(OutboxRow)).all()) is kept


def test_old_looks_are_let_go_and_the_chain_stays_whole(runtime, clinic, clock):
    """From its beginning on, and the other chain says up to where."""
    set_retention(runtime, clinic, keep_access_days=30)
    log = ReadLog(runtime)
    for _ in range(4):
        log.saw(clinic.rosa.actor, "see", f"patient/{clinic.ana}")
        log.flush()
        clock.advance(days=15)
    assert retention.keep_no_longer(runtime).done == 2
    assert find_breaks(runtime, clinic.id) == []
    looks = search(runtime, clinic.mo.actor, Asked(chain="access")).lines
    assert [line.number for line in looks] == [4, 3]
    log.saw(clinic.rosa.actor, "see", "list/today")
    log.flush()
    assert find_breaks(runtime, clinic.id) == []


def test_looks_let_go_by_hand_are_found(runtime, clinic, clock):
    """Raising the floor without the line that says so does not help."""
    log = ReadLog(runtime)
    for number in range(3):
        log.saw(clinic.rosa.actor, "see", f"course/{number}")
    log.flush()
    with runtime.database.writing(None) as session:
        session.execute(
            text(
                "UPDATE audit_chain SET floor_number = 1, floor_hash = (SELECT hash FROM audit_line"
                " WHERE chain = 'access' AND number = 1) WHERE chain = 'access'"
            )
        )
        session.execute(text("DELETE FROM audit_line WHERE chain = 'access' AND number = 1"))
    assert [each.chain for each in find_breaks(runtime, clinic.id)] == ["access"]


def test_settings_that_make_no_sense_are_refused(runtime, clinic):
    """Each names its field; and Rosa sets nothing."""
    for field, wrong in (("keep_years", 0), ("keep_message_days", 0), ("keep_access_days", 29)):
        with pytest.raises(InvalidInput) as refusal:
            set_retention(runtime, clinic, **{field: wrong})
        assert refusal.value.field == field
    with pytest.raises(InvalidInput):
        set_retention(runtime, clinic, "sometimes")
    with pytest.raises(NotAllowed):
        retention.privacy_desk(runtime, clinic.rosa.actor)


def test_every_table_that_leads_to_a_person_is_looked_at(runtime, clinic, course):
    """After erasing, what is left of her by number is known, and has no words."""
    erasure.erase(runtime, clinic.mo.actor, clinic.ana, cancel_visits=True)
    with runtime.reading(Actor.system(clinic.id)) as unit:
        left = {each.table for each in rows_about(unit, clinic.ana)}
    assert left == {"patient", "assessment", "course", "session", "appointment", "revision", "audit_line"}
