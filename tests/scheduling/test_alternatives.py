"""Other places for a session, and a course that follows a session put by hand."""

from dataclasses import replace
from datetime import datetime

import pytest

from benchmarks.make_clinic import Wish, make_problem
from planner.errors import InvalidInput
from planner.scheduling.alternatives import (
    Alternative,
    all_alternatives,
    alternatives,
    follow_on,
    follow_on_with_alternatives,
)
from planner.scheduling.many_courses import solve
from planner.scheduling.one_course import CourseSolution
from planner.scheduling.points import course_points
from planner.scheduling.problem import Current, Gap, Placed, Problem, Resource, Session, Solution, Window
from tests.scheduling.problems import (
    WEEKLY,
    _far_enough,
    _places,
    _totals,
    at,
    course,
    odd_problem,
    open_days,
    problem,
)

THREE = (Session(30, None), Session(30, WEEKLY), Session(30, WEEKLY))
WITH_BOTH = {"ben": 0, "eve": 40}


def cheapest_by_trying(case: Problem, solution: Solution, session: int) -> dict[tuple[str, datetime], int]:
    """The extra points of every other legal place for Ana's session, with the best that may follow, by trying all."""
    ana = case.courses[0]
    mine = {placed.session: placed for placed in solution.appointments}
    places = [_places(case, ana, number) for number in range(len(ana.sessions))]
    before = [mine[number] for number in range(session)]
    found = {}
    for here in places[session]:
        there = here.practitioner, here.start
        if _far_enough(case, ana, before, here) and (session not in mine or there != where(mine[session])):
            totals = _totals(case, ana, places, [*before, here])
            found[there] = min(totals, default=None)
    return {there: total - solution.points for there, total in found.items() if total is not None}


def where(placed: Placed) -> tuple[str, datetime]:
    """With whom and when."""
    return placed.practitioner, placed.start


def around(case: Problem, solution: Solution, placed: Placed, other: Alternative) -> CourseSolution:
    """The course with the session at the alternative, all before it where they are, and the rest following."""
    stay = {p.session: p for p in solution.appointments if p.course == placed.course and p.session < placed.session}
    there = replace(placed, practitioner=other.practitioner, room=other.room, start=other.start)
    others = [p for p in solution.appointments if p.course != placed.course]
    return follow_on(case, placed.course, {**stay, placed.session: there}, others)


@pytest.mark.parametrize("seed", range(0, 150, 3))
def test_the_first_alternative_is_the_cheapest_there_is(seed):
    """Every other place, with every way to go on from there, is no better; and each costs what it says."""
    case = odd_problem(seed)
    try:
        solution = solve(case)
    except InvalidInput:
        return  # no valid answer, so nothing to be moved
    locked = {now.session for now in case.courses[0].current if now.locked}
    together = all_alternatives(case, solution, "ana")
    for session in range(len(case.courses[0].sessions)):
        offered = alternatives(case, solution, "ana", session)
        assert together[session] == offered
        if session in locked or session > len(solution.appointments):
            assert offered == ()
            continue
        tried = cheapest_by_trying(case, solution, session)
        assert min((other.extra_points for other in offered), default=None) == min(tried.values(), default=None)
        assert all(tried[other.practitioner, other.start] == other.extra_points for other in offered)
        assert len(offered) == min(3, len({(start.date(), who) for who, start in tried}))


@pytest.mark.parametrize("seed", [2, 5])
def test_alternatives_are_legal_and_cost_what_they_say(seed):
    """In a filled diary with several courses, whichever session is asked for."""
    case = make_problem(Wish(courses=5, practitioners=3, load=0.8, seed=seed, days=120))
    solution = solve(case)
    for placed in solution.appointments[::3]:
        course = case.course(placed.course)
        mine = {p.session: p for p in solution.appointments if p.course == placed.course}
        now = course_points(case, course, mine).total
        for other in alternatives(case, solution, placed.course, placed.session):
            found = around(case, solution, placed, other)
            assert found.points - now == other.extra_points
            after = [p for p in found.appointments if p.session > placed.session and p.session in mine]
            moved = sum(where(p) != where(mine[p.session]) for p in after)
            assert other.moved <= moved
            assert other.dropped == max(0, len(mine) - len(found.appointments))


@pytest.mark.parametrize("pinned", [(), (1,), (0, 2)])
def test_dates_and_alternatives_in_one_go_are_those_of_the_single_steps(pinned):
    """It only saves doing the same work twice."""
    case = problem(course(sessions=THREE, practitioners=WITH_BOTH))
    by_hand = {number: Placed("ana", number, "eve", "room", at(3 + 8 * number, "10:00")) for number in pinned}
    found, others = follow_on_with_alternatives(case, "ana", by_hand)
    assert found == follow_on(case, "ana", by_hand)
    solution = Solution(found.appointments, found.unplaced, found.points, found.lower_bound)
    assert others == all_alternatives(case, solution, "ana", pinned)


def test_nobody_who_treats_means_no_dates_and_no_alternatives():
    """There is nothing to search."""
    case = problem(course(practitioners={}))
    found, others = follow_on_with_alternatives(case, "ana", {})
    assert (len(found.unplaced), others) == (2, {0: (), 1: ()})


def test_sessions_put_by_hand_do_not_move_for_another_ones_sake():
    """The second would follow the first to Tuesday, but a person has put it on Monday."""
    case = problem(course(sessions=THREE[:2]))
    solution = solve(case)
    tuesday = all_alternatives(case, solution, "ana")[0][1]
    assert (tuesday.start, tuesday.extra_points, tuesday.moved) == (at(1, "09:00"), 20, 1)
    held = all_alternatives(case, solution, "ana", pinned=[1])[0][1]
    assert (held.start, held.extra_points, held.moved) == (at(1, "09:00"), 45, 0)
    assert [other.start for other in all_alternatives(case, solution, "ana", pinned=[1])[1]] == [
        other.start for other in all_alternatives(case, solution, "ana")[1]
    ]


def test_sessions_that_would_have_no_place_are_told():
    """The first may be later only if the second is left out."""
    mondays = (*open_days(2), (at(7, "09:00"), at(7, "09:30")))
    ana = course(sessions=(Session(30, None), Session(30, Gap(7, 7, 9))))
    case = problem(ana, days=8, practitioners=(Resource("ben", mondays, "Ben"),))
    tuesday = alternatives(case, solve(case), "ana", 0)[1]
    assert (tuesday.start, tuesday.dropped) == (at(1, "09:00"), 1)
    assert tuesday.says.endswith(
        "1 day after the earliest day, a wait 1 day longer; 1 later session would have no place"
    )


def test_three_alternatives_lie_on_different_days():
    """Three starts on one morning are no choice; what each means is said."""
    ana = course(sessions=THREE, practitioners=WITH_BOTH)
    case = problem(ana)
    offered = alternatives(case, solve(case), "ana", 1)
    assert [other.says for other in offered] == [
        "Monday 9 March 09:30 with Ben: 7 days after the last, as planned",
        "Sunday 8 March 09:00 with Ben: 6 days after the last, 1 fewer than planned; 1 later session moves with it",
        "Tuesday 10 March 09:00 with Ben: 8 days after the last, 1 more than planned; 1 later session moves with it",
    ]
    assert [other.extra_points for other in offered] == [0, 25, 25]


def test_a_course_that_begins_late_may_begin_at_once():
    """Two weeks away inside it: by points it waits for their end; beginning now is offered with what it costs."""
    sessions = (Session(30, None), *[Session(30, WEEKLY)] * 4)
    away = ((at(10, "00:00").date(), at(24, "00:00").date()),)
    case = problem(course(sessions=sessions, away=away, wait_points_per_day=8), days=70)
    found = solve(case)
    assert found.appointments[0].start.date() == at(24, "00:00").date()
    others = alternatives(case, found, "ana", 0)
    assert [other.start.date() < at(7, "00:00").date() for other in others] == [False, False, True]
    assert others[-1].extra_points == max(other.extra_points for other in others) > 0
    assert around(case, found, found.appointments[0], others[-1]).points == found.points + others[-1].extra_points


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
    assert offered[1].says == (
        "Tuesday 3 March 09:00 with Ben: 1 day after the earliest day, a wait 1 day longer;"
        " 1 later session moves with it"
    )
    assert [other.cost for other in offered[:2]] == ["no points more", "20 points more"]


def said(*courses, session, start, **changes):
    """What is said of one of the other places of a session of Ana's, and what it costs."""
    case = problem(*courses, **changes)
    offered = alternatives(case, solve(case), "ana", session, limit=60)
    return next((other.why, other.cost) for other in offered if other.start == start)


def test_another_therapist_than_the_neighbours_is_told():
    """Eve treats only on Tuesday; a change costs 60 points on either side, and she is not Ana's first choice."""
    only_then = Resource("eve", ((at(8, "09:00"), at(8, "12:00")),), "Eve")
    people = (Resource("ben", tuple(span for span in open_days(28) if span[0].date() != at(8, "09:00").date()), "Ben"),)
    ana = course(sessions=THREE, practitioners=WITH_BOTH)
    assert said(ana, session=1, start=at(8, "09:00"), practitioners=(*people, only_then)) == (
        "8 days after the last, 1 more than planned; another therapist than before and after;"
        " a therapist the patient likes less; 1 later session moves with it",
        "185 points more",
    )


def test_an_hour_that_the_patient_likes_less_is_told():
    """Afternoons cost 15 points."""
    wishes = tuple(
        Window(day, start, end, cost) for day in range(7) for start, end, cost in ((540, 600, 0), (600, 720, 15))
    )
    late = tuple(
        (max(start, at(8, "10:00")) if start.date() == at(8, "10:00").date() else start, end)
        for start, end in open_days(28)
    )
    ben = (Resource("ben", late, "Ben"),)
    assert said(course(sessions=THREE[:2], available=wishes), session=1, start=at(8, "10:00"), practitioners=ben) == (
        "8 days after the last, 1 more than planned; an hour the patient likes less",
        "40 points more",
    )


def test_the_gap_to_a_next_session_that_stays_is_told():
    """A person has put the third on its day, so a later second comes nearer to it."""
    case = problem(course(sessions=THREE))
    offered = all_alternatives(case, solve(case), "ana", pinned=[2], limit=60)[1]
    tuesday = next(other for other in offered if other.start == at(8, "09:00"))
    assert (tuesday.why, tuesday.cost) == (
        "8 days after the last, 1 more than planned; the next 6 days after it, 1 fewer than planned",
        "50 points more",
    )


def test_moving_what_was_agreed_is_told():
    """The patient knows the date already; going back to it is told as well."""
    now = Current(0, "ben", "room", at(0, "10:30"), False, 80)
    one = course(sessions=THREE[:1], current=(now,))
    assert said(one, session=0, start=at(0, "09:00")) == (
        "on the earliest day; an agreed visit moves",
        "80 points more",
    )
    case = problem(one)
    moved = Solution((Placed("ana", 0, "ben", "room", at(1, "09:00")),), (), 100, 0)
    back = alternatives(case, moved, "ana", 0)[0]
    assert (back.why, back.cost) == (
        "on the earliest day, a wait 1 day shorter; where it stands in the diary",
        "100 points fewer",
    )


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
        (Placed("ana", 1, "ben", "room", at(1, "09:00")), "Tuesday 3 March 09:00, but that is too near to session 1"),
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
