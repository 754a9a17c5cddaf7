"""Whom a freed slot is looked up for in a large clinic: by therapist first, then whoever is furthest behind."""

import pytest
from sqlalchemy import event, select

from planner.services import backfill
from planner.services.takers import taker_of, takers_of
from planner.storage.courses import CourseRow, SessionRow
from tests.services.test_backfill import two

__all__ = ["two"]  # The fixture: two courses which a freed slot would help.


def sees_only(runtime, clinic, course_id, therapist):
    """From now on, this patient comes to one therapist alone."""
    with runtime.writing(clinic.system) as unit:
        row = unit.get(CourseRow, course_id)
        row.wishes = {**row.wishes, "practitioners": [therapist]}


@pytest.fixture
def statements(runtime):
    """What the database is asked, while `statements` is read."""
    seen = []
    event.listen(runtime.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    event.listen(runtime.database.write_engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    return seen


def test_courses_of_other_therapists_do_not_take_the_places_of_those_it_would_help(runtime, clinic, two):
    """The older course's patient would not come to this therapist, so the newer one is looked at."""
    first, second, slot = two
    with runtime.reading(clinic.rosa.actor) as unit:
        people = unit.get(CourseRow, first).wishes["practitioners"]
    sees_only(runtime, clinic, first, next(each for each in people if each != slot.practitioner_id))
    with runtime.reading(clinic.rosa.actor) as unit:
        found = takers_of(unit, slot, most=1)
    assert [taker.course_id for taker in found.takers] == [second]
    assert found.unseen == 0


def test_where_not_all_can_be_looked_at_those_without_a_date_come_first_and_the_others_are_counted(
    runtime, clinic, two
):
    """Whichever course is older."""
    for wanted in two[:2]:
        with runtime.writing(clinic.system) as unit:
            for row in unit.session.scalars(select(SessionRow)):
                last = row.course_id == wanted and row.position == 3
                row.unplaced_reason = "No date was found." if last else ""
        with runtime.reading(clinic.rosa.actor) as unit:
            found = takers_of(unit, two[2], most=1)
        assert [taker.course_id for taker in found.takers] == [wanted]
        assert found.unseen == 1


def test_of_those_with_dates_whoever_is_furthest_past_the_wished_day_comes_first(runtime, clinic, two):
    """The one whose session is wished sooner after the last is further behind."""
    for wanted in two[:2]:
        with runtime.writing(clinic.system) as unit:
            for row in unit.session.scalars(select(SessionRow).where(SessionRow.position == 2)):
                row.gap_target = 3.0 if row.course_id == wanted else 4.0
        with runtime.reading(clinic.rosa.actor) as unit:
            assert [taker.course_id for taker in takers_of(unit, two[2], most=1).takers] == [wanted]


def test_all_are_ranked_where_there_is_room_for_all(runtime, clinic, two):
    """And one course asked for alone is told the same."""
    with runtime.reading(clinic.rosa.actor) as unit:
        found = takers_of(unit, two[2])
        assert {taker.course_id for taker in found.takers} == set(two[:2])
        assert (found.more, found.unseen) == (0, 0)
        for taker in found.takers:
            assert taker_of(unit, two[2], taker.course_id) == taker


def test_offering_looks_at_one_course_however_many_it_would_help(runtime, clinic, two, statements):
    """The diary is locked meanwhile, so the others are ranked before and not again."""
    first, second, slot = two
    offer = backfill.offer(runtime, clinic.rosa.actor, slot.id, first)
    beside_another = [each.split()[0] for each in statements]
    backfill.decline(runtime, clinic.rosa.actor, offer)
    with runtime.writing(clinic.system) as unit:
        unit.get(CourseRow, second).automation = "stopped"
    statements.clear()
    backfill.offer(runtime, clinic.rosa.actor, slot.id, first)
    assert beside_another == [each.split()[0] for each in statements]


def test_a_course_that_is_over_or_stopped_is_not_asked(runtime, clinic, two):
    """Nobody moves by themselves there."""
    first, second, slot = two
    with runtime.writing(clinic.system) as unit:
        unit.get(CourseRow, first).status = "finished"
        unit.get(CourseRow, second).automation = "stopped"
    with runtime.reading(clinic.rosa.actor) as unit:
        assert takers_of(unit, slot).takers == ()
        assert taker_of(unit, slot, first) is None
