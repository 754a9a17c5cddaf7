"""When a feed is written anew, and when its kept bytes answer."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, select

from planner.services import attendance, feeds
from planner.services.feed_memory import FeedMemory
from planner.services.feed_owners import FeedOwner
from planner.storage.outward import FeedRow
from planner.storage.people import PatientRow, StaffRow
from tests.factories import make_patient
from tests.services.feed_reading import patients_feed, token_of
from tests.web.ana_course import book_ana


def test_point_16_the_memory_writes_a_feed_anew_only_when_it_changed(runtime, clinic, clock):
    """The date of the bytes is never before they changed, and stays while they do."""
    course = book_ana(runtime, clinic)
    address, memory = patients_feed(runtime, clinic), FeedMemory()

    def fetch():
        return feeds.feed_for_token(runtime, token_of(address), memory).written

    first = fetch()
    clock.advance(hours=3)
    assert fetch() is first
    attendance.cancel(runtime, clinic.rosa.actor, course.appointment(3).id)
    again = fetch()
    assert again.etag != first.etag
    assert again.changed_at > clock.now() > first.changed_at


def test_the_memory_forgets_what_was_not_asked_for_longest(runtime, clinic, clock):
    """It does not grow with the number of patients."""
    book_ana(runtime, clinic)
    feed = feeds.feed_for_token(runtime, token_of(patients_feed(runtime, clinic)), FeedMemory()).written.feed
    memory = FeedMemory(most_kept=2)
    one = memory.written(1, 0, feed, clock.now())
    memory.written(2, 0, feed, clock.now())
    assert memory.known(1, 0, clock.now()) is one
    memory.written(3, 0, feed, clock.now())
    assert memory.known(1, 0, clock.now()) is one
    assert memory.known(2, 0, clock.now()) is None
    clock.advance(hours=1)
    assert memory.written(2, 0, feed, clock.now()).changed_at > one.changed_at


def selects(work):
    """The SELECT statements that some work sends."""
    seen = []

    def note(_connection, _cursor, statement, *_):
        seen.append(statement)

    # Of all engines: a database may have one of its own for looks.
    event.listen(Engine, "before_cursor_execute", note)
    work()
    event.remove(Engine, "before_cursor_execute", note)
    return [each for each in seen if each.startswith("SELECT")]


def test_point_16_a_kept_feed_is_answered_from_one_look_at_its_own_row(runtime, clinic):
    """No appointment is read, whatever is asked, while nothing of that person changed."""
    book_ana(runtime, clinic)
    address, memory = patients_feed(runtime, clinic), FeedMemory()
    feeds.feed_for_token(runtime, token_of(address), memory)
    (only,) = selects(lambda: feeds.feed_for_token(runtime, token_of(address), memory))
    assert "FROM feed" in only
    assert "appointment" not in only


def revisions(runtime, clinic):
    """The revision of each feed in use, by its kind."""
    with runtime.reading(clinic.mo.actor) as unit:
        rows = unit.session.scalars(select(FeedRow).where(FeedRow.revoked_at.is_(None)))
        return {FeedOwner.of(row).subject: row.revision for row in rows}


def test_a_change_raises_the_revision_of_those_it_concerns_and_of_nobody_else(runtime, clinic):
    """Bea's calendar is not written anew because Ana's visit moved."""
    with runtime.writing(clinic.system) as unit:
        bea = make_patient(unit, "Bea Moss")
    course = book_ana(runtime, clinic)
    for owner in (
        {"patient_id": clinic.ana}, {"patient_id": bea}, {"practitioner_id": clinic.ben.id}, {"whole_clinic": True},
        {"room_id": course.appointment(3).room_id},
    ):  # fmt: skip
        feeds.create_feed(runtime, clinic.mo.actor, **owner)
    before = revisions(runtime, clinic)
    attendance.cancel(runtime, clinic.rosa.actor, course.appointment(3).id)
    after = revisions(runtime, clinic)
    assert {name for name in before if after[name] == before[name]} == {f"patient/{bea}"}


@pytest.mark.parametrize(
    ("row", "column", "value", "shown"),
    [
        ("staff", "name", "Benedict Okafor", True),
        ("staff", "password_once", True, False),
        ("patient", "name", "Ana Sousa", True),
        ("patient", "language", "de", True),
        ("patient", "notes", "Left-handed", False),
    ],
)
def test_what_stands_in_no_calendar_ages_none(runtime, clinic, row, column, value, shown):
    """A name does, a wrong password does not."""
    feeds.create_feed(runtime, clinic.mo.actor, practitioner_id=clinic.ben.id)
    kind, row_id = {"staff": (StaffRow, clinic.ben.id), "patient": (PatientRow, clinic.ana)}[row]
    before = revisions(runtime, clinic)
    with runtime.writing(clinic.system) as unit:
        setattr(unit.get(kind, row_id), column, value)
    assert (revisions(runtime, clinic) != before) is shown


def test_a_kept_feed_is_written_anew_when_an_old_visit_drops_out(runtime, clinic, clock):
    """Nobody changed anything; time did."""
    course = book_ana(runtime, clinic)
    address, memory = patients_feed(runtime, clinic), FeedMemory()
    first = feeds.feed_for_token(runtime, token_of(address), memory).written
    clock.set(course.appointment(1).ends_at + timedelta(days=90))
    assert feeds.feed_for_token(runtime, token_of(address), memory).written is first
    clock.advance(seconds=1)
    assert len(feeds.feed_for_token(runtime, token_of(address), memory).written.feed.events) < len(first.feed.events)
