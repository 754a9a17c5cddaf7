"""Other places for a session, and a course that follows a session put by hand."""

from dataclasses import replace

import pytest

from benchmarks.make_clinic import Wish, make_problem
from planner.errors import InvalidInput
from planner.scheduling.alternatives import alternatives, follow_on
from planner.scheduling.judge import broken_rules
from planner.scheduling.many_courses import solve
from planner.scheduling.points import points
from planner.scheduling.problem import Current, Placed, Problem, Resource, Session, Solution
from tests.scheduling.problems import WEEKLY, at, course, odd_problem, open_days, problem

THREE = (Session(30, None), Session(30, WEEKLY), Session(30, WEEKLY))
WITH_BOTH = {"ben": 0, "eve": 40}


def with_change(case: Problem, solution: Solution, placed: Placed) -> Solution:
    """The answer with this session there instead, and its points."""
    same = (placed.course, placed.session)
    rest = [other for other in solution.appointments if (other.course, other.session) != same]
    unplaced = tuple(other for other in solution.unplaced if (other.course, other.session) != same)
    appointments = (*rest, placed)
    return Solution(appointments, unplaced, points(case, appointments, unplaced).total, 0)


def cheapest_by_trying(case: Problem, solution: Solution, session: int) -> int | None:
    """The least extra points of any other legal place for Ana's session, by asking the judge about each."""
    mine = {placed.session: placed for placed in solution.appointments}
    now = mine.get(session)
    found = []
    for person in case.courses[0].practitioners:
        for day in range(case.days):
            for minute in range(0, 1440, case.grid_minutes):
                start = at(day, f"{minute // 60:02d}:{minute % 60:02d}", case.first_day)
                if now is not None and (now.practitioner, now.start) == (person, start):
                    continue
                for room in case.rooms:
                    there = Placed("ana", session, person, room.id, start)
                    try:
                        changed = with_change(case, solution, there)
                    except (ValueError, InvalidInput):
                        continue  # the patient can't come then, or it is before the earliest day
                    if not broken_rules(case, changed):
                        found.append(changed.points - solution.points)
    return min(found, default=None)


@pytest.mark.parametrize("seed", range(0, 150, 3))
def test_the_first_alternative_is_the_cheapest_there_is(seed):
    """Every other place, tried one by one and judged, is no better."""
    case = odd_problem(seed)
    try:
        solution = solve(case)
    except InvalidInput:
        return  # no valid answer, so nothing to be moved
    locked = {now.session for now in case.courses[0].current if now.locked}
    for session in range(len(case.courses[0].sessions)):
        offered = alternatives(case, solution, "ana", session)
        later_unplaced = session > len(solution.appointments)
        expected = None if session in locked or later_unplaced else cheapest_by_trying(case, solution, session)
        assert min((other.extra_points for other in offered), default=None) == expected


def test_alternatives_are_legal_and_cost_what_they_say():
    """In a filled diary with several courses, whichever session is asked for."""
    case = make_problem(Wish(courses=5, practitioners=3, load=0.8, seed=2, days=120))
    solution = solve(case)
    for placed in solution.appointments[::3]:
        for other in alternatives(case, solution, placed.course, placed.session):
            there = replace(placed, practitioner=other.practitioner, room=other.room, start=other.start)
            changed = with_change(case, solution, there)
            assert broken_rules(case, changed) == []
            assert changed.points - solution.points == other.extra_points


def test_three_alternatives_lie_on_different_days():
    """Three starts on one morning are no choice; what each means is said."""
    ana = course(sessions=THREE, practitioners=WITH_BOTH)
    case = problem(ana)
    offered = alternatives(case, solve(case), "ana", 1)
    assert [other.says for other in offered] == [
        "Monday 9 March 09:30 with Ben: 7 days after the last, as planned",
        "Sunday 8 March 09:00 with Ben: 6 days after the last, 1 fewer than planned",
        "Tuesday 10 March 09:00 with Ben: 8 days after the last, 1 more than planned",
    ]
    assert [other.extra_points for other in offered] == [0, 50, 50]


def test_going_back_to_where_the_session_stands_now_is_offered_first():
    """It is not the first start of its day, but the only one that is no move."""
    now = Current(0, "ben", "room", at(0, "10:30"), False, 80)
    case = problem(course(sessions=THREE[:1], current=(now,)))
    moved = Solution((Placed("ana", 0, "ben", "room", at(1, "09:00")),), (), 100, 0)
    best = alternatives(case, moved, "ana", 0)[0]
    assert (best.start, best.extra_points) == (at(0, "10:30"), -100)


def test_the_first_session_is_told_by_its_earliest_day():
    """It has no session before it."""
    case = problem()
    offered = alternatives(case, solve(case), "ana", 0)
    assert offered[0].says == "Monday 2 March 09:30 with Ben: on the earliest day"
    assert offered[1].says == "Tuesday 3 March 09:00 with Ben: 1 day after the earliest day"


def test_a_fraction_is_met_on_both_sides():
    """A target of 3.5 days is kept by 3 and by 4."""
    case = problem(course(sessions=(Session(30, None), Session(30, replace(WEEKLY, target=6.5)))))
    assert alternatives(case, solve(case), "ana", 1)[0].says.endswith("days after the last, as planned")


def test_the_first_unplaced_session_may_have_a_place_after_all():
    """It was left out as too dear; the ones after it have to wait for it."""
    cheap = replace(problem().weights, unplaced_session=500)
    late = (*open_days(1), (at(27, "09:00"), at(27, "12:00")))
    case = problem(course(sessions=THREE), practitioners=(Resource("ben", late, "Ben"),), weights=cheap)
    solution = solve(case)
    offered = alternatives(case, solution, "ana", 1)
    assert [other.extra_points for other in offered] == [700] * len(offered)
    assert alternatives(case, solution, "ana", 2) == ()


def test_a_locked_session_has_no_alternatives():
    """It stays as it is."""
    locked = Current(0, "ben", "room", at(0, "09:00"), True, 0)
    case = problem(course(current=(locked,)))
    assert alternatives(case, solve(case), "ana", 0) == ()
    assert alternatives(case, solve(case), "ana", 1) != ()


def test_a_session_that_does_not_exist_is_refused():
    """By its number."""
    case = problem()
    with pytest.raises(InvalidInput, match="has no session 3"):
        alternatives(case, solve(case), "ana", 2)


def test_the_rest_follows_a_session_put_by_hand():
    """The receptionist puts the second on Thursday; those around it keep a week's distance."""
    case = problem(course(sessions=THREE))
    by_hand = Placed("ana", 1, "ben", "room", at(10, "11:00"))
    found = follow_on(case, "ana", {1: by_hand})
    assert [placed.start for placed in found.appointments] == [at(3, "09:00"), at(10, "11:00"), at(17, "09:00")]
    assert found.points == found.lower_bound == 60


def test_moving_by_hand_costs_the_points_of_moving():
    """So that the difference is honest."""
    now = Current(0, "ben", "room", at(0, "09:00"), False, 80)
    case = problem(course(sessions=THREE[:1], current=(now,)))
    assert follow_on(case, "ana", {0: Placed("ana", 0, "ben", "room", at(1, "09:00"))}).points == 100


@pytest.mark.parametrize(
    ("placed", "says"),
    [
        (Placed("ana", 1, "ben", "room", at(10, "14:00")), "session 2 is fixed on Thursday 12 March 14:00, but Ben"),
        (Placed("ana", 7, "ben", "room", at(10, "09:00")), "the course has no such session"),
        (Placed("ana", 1, "ben", "attic", at(10, "09:00")), "there is no room attic"),
        (Placed("ana", 0, "ben", "room", at(1, "09:00")), "locked and can't be put elsewhere"),
        (Placed("ana", 1, "ben", "room", at(1, "09:00")), "no legal place"),
    ],
)
def test_a_session_put_where_it_can_not_be_is_refused(placed, says):
    """With the rule it breaks."""
    locked = Current(0, "ben", "room", at(0, "09:00"), True, 0)
    with pytest.raises(InvalidInput, match=says):
        follow_on(problem(course(current=(locked,))), "ana", {placed.session: placed})


def test_a_session_put_by_hand_where_another_course_stands_is_refused():
    """Nobody is booked twice by hand either."""
    case = problem(course(), course(id="bo"))
    taken = [Placed("bo", 0, "ben", "room", at(8, "09:00"))]
    with pytest.raises(InvalidInput, match="Ben is not free then"):
        follow_on(case, "ana", {1: Placed("ana", 1, "ben", "room", at(8, "09:00"))}, taken)
