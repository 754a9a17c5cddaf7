"""Wishes come from a form or from the course, and only sensible ones get through."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.errors import InvalidInput
from planner.services.wishes import PARTS_OF_DAY, Wishes

STAFF = (11, 12, 13)
ALL_WEEK = ("0", "1", "2", "3", "4")

wishes = st.builds(
    Wishes,
    practitioners=st.lists(st.sampled_from(STAFF), min_size=1, unique=True).map(tuple),
    weekdays=st.lists(st.integers(0, 6), min_size=1, unique=True).map(lambda days: tuple(sorted(days))),
    start=st.sampled_from([time(0, 0), time(8, 0), time(9, 20)]),
    end=st.sampled_from([time(12, 0), time(17, 45), time(23, 59)]),
    preferred=st.sampled_from(PARTS_OF_DAY),
    away=st.lists(
        st.tuples(st.dates(date(2026, 1, 1), date(2026, 6, 1)), st.dates(date(2026, 6, 1), date(2026, 12, 1))),
        max_size=2,
    ).map(tuple),
    liked=st.integers(1, 3),
)


@given(wishes)
def test_wishes_survive_being_kept(wished):
    """What a course keeps is what was wished."""
    assert Wishes.from_json(wished.to_json()) == wished


@given(wishes, st.sampled_from([5, 10, 15, 30, 60]))
def test_windows_lie_on_the_grid_inside_the_times(wished, grid):
    """Each window starts and ends on the grid, not before the earliest nor after the latest time."""
    for window in wished.windows(grid):
        assert window.start_minute % grid == window.end_minute % grid == 0
        assert window.start_minute >= wished.start.hour * 60 + wished.start.minute
        assert window.end_minute <= wished.end.hour * 60 + wished.end.minute + 1
        assert window.weekday in wished.weekdays


def test_a_form_reads_as_a_person_filled_it():
    """The preferred therapist first, the others after; one day away is a day."""
    form = {
        "practitioner": "12",
        "earliest": "09:00",
        "latest": "17:00",
        "preferred": "morning",
        "away_from": "2026-04-06",
    }
    wished = Wishes.from_form(form, ALL_WEEK, STAFF)
    assert wished.practitioners == (12, 11, 13)
    assert wished.away == ((date(2026, 4, 6), date(2026, 4, 6)),)
    assert wished.practitioner_points()["12"] < wished.practitioner_points()["11"]


def test_only_the_preferred_therapist_when_asked_for():
    """Ticking "only this one" leaves nobody else."""
    assert Wishes.from_form({"practitioner": "12", "only_preferred": "yes"}, ALL_WEEK, STAFF).practitioners == (12,)


def test_several_therapists_are_tried_in_the_order_of_liking():
    """Each costs a little more than the one before; all who are not named cost the same."""
    everybody = (11, 12, 13, 14, 15)
    form = {"practitioner": "13", "practitioner_2": "11", "practitioner_3": "13"}
    wished = Wishes.from_form(form, ALL_WEEK, everybody)
    assert wished.practitioners == (13, 11, 12, 14, 15)
    assert wished.wished_for == (13, 11)
    assert not wished.only_these
    assert [wished.practitioner_points()[str(each)] for each in wished.practitioners] == [0, 20, 40, 40, 40]


def test_only_those_named_may_treat_when_asked_for():
    """Two of three, the first one rather."""
    form = {"practitioner": "13", "practitioner_2": "11", "only_preferred": "1"}
    wished = Wishes.from_form(form, ALL_WEEK, STAFF)
    assert wished.practitioners == (13, 11)
    assert wished.only_these


def test_putting_everybody_in_order_leaves_nobody_out():
    """Whoever is named last may treat, and so may somebody who comes to the clinic later."""
    form = {"practitioner": "13", "practitioner_2": "11", "practitioner_3": "12"}
    assert not Wishes.from_form(form, ALL_WEEK, STAFF).only_these


def test_several_absences_are_kept_by_their_days():
    """In any order; one day alone is a day."""
    form = {"away_from_3": "2026-03-02", "away_to_3": "2026-03-06", "away_to": "2026-04-06"}
    away = Wishes.from_form(form, ALL_WEEK, STAFF).away
    assert away == ((date(2026, 3, 2), date(2026, 3, 6)), (date(2026, 4, 6), date(2026, 4, 6)))


def test_wishes_that_were_kept_before_there_was_an_order_are_read():
    """Older courses say nothing of it: the first is preferred."""
    kept = Wishes((12, 11), liked=2).to_json()
    del kept["liked"]
    assert Wishes.from_json(kept).wished_for == (12,)


@pytest.mark.parametrize(
    ("form", "weekdays", "field"),
    [
        ({"practitioner": "99"}, ALL_WEEK, "practitioner"),
        ({"practitioner": "x"}, ALL_WEEK, "practitioner"),
        ({}, (), "weekdays"),
        ({}, ("7",), "weekdays"),
        ({"earliest": "25:00"}, ALL_WEEK, "earliest"),
        ({"earliest": "12:00", "latest": "09:00"}, ALL_WEEK, "latest"),
        ({"preferred": "night"}, ALL_WEEK, "preferred"),
        ({"practitioner": "12", "practitioner_2": "99"}, ALL_WEEK, "practitioner_2"),
        ({"away_from": "tomorrow"}, ALL_WEEK, "away_from"),
        ({"away_from_2": "2026-05-02", "away_to_2": "2026-05-01"}, ALL_WEEK, "away_to_2"),
        ({"away_from": "2026-05-02", "away_to": "2026-05-01"}, ALL_WEEK, "away_to"),
    ],
)
def test_nonsense_is_refused_at_its_field(form, weekdays, field):
    """The person learns which field to change."""
    with pytest.raises(InvalidInput) as refusal:
        Wishes.from_form(form, weekdays, STAFF)
    assert refusal.value.field == field
