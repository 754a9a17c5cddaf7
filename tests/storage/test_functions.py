"""Words that SQLite and PostgreSQL each have their own way to say: the answers are the same."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from planner.storage.courses import AppointmentRow, CourseRow
from planner.storage.functions import days_between, id_among, instants_joined, json_list_has
from tests.factories import NOW
from tests.storage.bookings import add, make_stage


@pytest.fixture
def stage(runtime, clinic):
    """Two of each resource, and a course to book for."""
    return make_stage(runtime, clinic)


@pytest.fixture
def asked(stage):
    """All answers to a query."""

    def ask(query):
        with stage.runtime.database.reading(stage.clinic.id) as session:
            return [tuple(row) for row in session.execute(query)]

    return ask


def test_the_time_between_two_instants_is_told_in_days(stage, asked):
    """Three quarters of an hour."""
    add(stage, 0, NOW, 45)
    ((days,),) = asked(select(days_between(AppointmentRow.starts_at, AppointmentRow.ends_at)))
    assert days * 1440 == pytest.approx(45)


def test_instants_are_joined_in_utc_and_two_columns_in_the_same_order(stage, asked):
    """Read back they are what was written."""
    starts = [NOW + timedelta(days=day) for day in range(5)]
    for start in starts:
        add(stage, 0, start, 30)
    ((first, second),) = asked(
        select(*(instants_joined(getattr(AppointmentRow, name)) for name in ("starts_at", "ends_at")))
    )
    begins, ends = ([datetime.fromisoformat(each) for each in joined.split(",")] for joined in (first, second))
    assert sorted(begins) == [start.replace(tzinfo=None) for start in starts]
    assert [end - begin for begin, end in zip(begins, ends, strict=True)] == [timedelta(minutes=30)] * 5


def test_a_column_is_among_numbers_however_many(stage, asked):
    """More than a database takes parameters."""
    ids = [add(stage, 0, NOW + timedelta(days=day), 30) for day in range(3)]
    query = select(AppointmentRow.id).order_by(AppointmentRow.id)
    assert asked(query.where(id_among(AppointmentRow.id, [*range(100_000), ids[1]]))) == [(ids[1],)]
    assert asked(query.where(~id_among(AppointmentRow.id, ids[:2]))) == [(ids[2],)]
    assert asked(query.where(~id_among(AppointmentRow.id, []))) == [(each,) for each in ids]


def test_a_number_is_found_in_a_list_of_a_json_column(stage, asked):
    """And only there; where there is no list, nothing is found."""
    ben, di = stage.practitioner
    query = select(CourseRow.id).where(json_list_has(CourseRow.wishes, "practitioners", ben))
    assert asked(query) == []
    with stage.writing() as session:
        session.get(CourseRow, (stage.clinic.id, stage.course)).wishes = {"practitioners": [di], "others": [ben]}
    assert asked(query) == []
    with stage.writing() as session:
        session.get(CourseRow, (stage.clinic.id, stage.course)).wishes = {"practitioners": [di, ben]}
    assert asked(query) == [(stage.course,)]
