"""Free starts as numpy counts them, beside asking each interval about each start."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from planner.scheduling.board import Board, Place
from planner.scheduling.problem import Gap, Problem, Resource, Session
from tests.scheduling.problems import at, course, open_days, problem

HALF_HOURS = st.integers(-60, 240)


@st.composite
def diaries(draw: st.DrawFn) -> Problem:
    """Four days with intervals that touch, overlap, come in any order and reach out of the horizon."""
    spans = draw(st.lists(st.tuples(HALF_HOURS, st.integers(1, 60)), max_size=12))
    free = tuple(
        (at(0, "00:00") + timedelta(minutes=30 * start), at(0, "00:00") + timedelta(minutes=30 * (start + length)))
        for start, length in spans
    )
    minutes = draw(st.sampled_from([20, 30, 60, 210]))
    return problem(course(sessions=(Session(minutes, None),)), days=4, practitioners=(Resource("ben", free),))


@settings(max_examples=100, deadline=None)
@given(case=diaries())
def test_a_session_may_start_where_one_interval_holds_it_wholly(case):
    """Nowhere else, and touching intervals are not joined."""
    board = Board(case)
    need = board.grid.need(case.courses[0].sessions[0].minutes)
    starts = board.hours([0], need).reshape(-1)
    for cell, free in enumerate(starts):
        start = at(0, "00:00") + timedelta(minutes=30 * cell)
        end = start + timedelta(minutes=30 * need)
        inside = end <= at(4, "00:00")
        assert bool(free) == (inside and any(a <= start and end <= b for a, b in case.practitioners[0].free))


def test_a_taken_place_stands_in_the_way_of_starts_about_it_until_it_is_given_back():
    """For its practitioner and its room."""
    board = Board(problem(course(sessions=(Session(60, None),)), days=1))
    place = Place(20, 2, 0, 0)
    board.take(place, 0)
    people, rooms = board.taken_of(2)
    assert [list(rows[0, 0].nonzero()[0]) for rows in (people, rooms)] == [[19, 20, 21], [19, 20, 21]]
    assert not people[1].any()
    board.release(place)
    assert not any(rows.any() for rows in board.taken_of(2))


@settings(max_examples=100, deadline=None)
@given(case=diaries())
def test_the_hours_of_the_day_in_use_are_those_in_which_somebody_works(case):
    """From the first cell of any day to the last; all of the day where somebody works through midnight."""
    cells = [
        (start // timedelta(minutes=30), end // timedelta(minutes=30))
        for start, end in ((a - at(0, "00:00"), b - at(0, "00:00")) for a, b in case.practitioners[0].free)
    ]
    worked = [(max(0, start), min(4 * 48, end)) for start, end in cells if start < 4 * 48 and end > 0]
    if not worked:
        expected = (0, 1)
    elif any(start // 48 != (end - 1) // 48 for start, end in worked):
        expected = (0, 48)
    else:
        expected = min(start % 48 for start, _ in worked), max((end - 1) % 48 for _, end in worked) + 1
    assert Board(case).used_cells() == expected


@settings(max_examples=50, deadline=None)
@given(
    taken=st.lists(
        st.tuples(st.integers(0, 95), st.integers(1, 6), st.integers(0, 1), st.integers(0, 1), st.integers(0, 3)),
        min_size=1,
        max_size=12,
    )
)
def test_taking_many_places_at_once_is_taking_one_after_another(taken):
    """Also where they overlap, or reach beyond the last day."""
    sessions = (Session(30, None), Session(90, Gap(7, 2, 14)))
    people = tuple(Resource(name, open_days(2)) for name in ("ben", "cleo"))
    rooms = tuple(Resource(name, open_days(2)) for name in ("r1", "r2"))
    case = problem(course(sessions=sessions), days=2, practitioners=people, rooms=rooms)
    places = [(Place(*place), owner) for *place, owner in taken]
    at_once, in_turn = Board(case), Board(case)
    at_once.take_all(places)
    for place, owner in places:
        in_turn.take(place, owner)
    for need in (1, 3):
        for one, other in zip(
            (*at_once.taken_of(need), *at_once.free_of(need)),
            (*in_turn.taken_of(need), *in_turn.free_of(need)),
            strict=True,
        ):
            assert (one == other).all()
        assert (at_once.starts([0, 1], need) == in_turn.starts([0, 1], need)).all()
    for place, _ in places:
        assert at_once.owners(place) == in_turn.owners(place)
