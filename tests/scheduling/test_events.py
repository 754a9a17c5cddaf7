"""What befalls a clinic becomes a problem in which as much stays as the event, the prices and the policy allow."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from planner.scheduling.difference import Difference, difference
from planner.scheduling.events import (
    CalledOff,
    EarlierWanted,
    Event,
    Missed,
    NewFrequency,
    NewHours,
    Pause,
    PractitionerAway,
    Repair,
    befallen,
    course_after,
    displaced,
    free_after,
    repair_of,
)
from planner.scheduling.policy import MOVE_POINTS, MOVE_POINTS_NEAR, RHYTHM_MOVE_POINTS, Policy, bystander, move_points
from planner.scheduling.problem import Current, Gap, Problem, Resource, Solution, Unplaced, Window
from planner.scheduling.repair import OwedSession, Place, RepairCase
from planner.scheduling.together import Budget, Together, solve_together
from tests.scheduling.problems import MONDAY, at, open_days, problem

WEEKLY = Gap(7, 5, 9)
ANY_TIME = tuple(Window(weekday, 8 * 60, 18 * 60, 0) for weekday in range(7))
BOTH = {"ben": 0, "eve": 40}


def clinic(days: int = 28, **changes: object) -> Problem:
    """Mornings with Ben and Eve, a room for each, and no course."""
    rooms = tuple(Resource(name, open_days(days)) for name in ("red", "blue"))
    return replace(problem(days=days, rooms=rooms), courses=(), **changes)


def place(day: int, clock: str = "09:00", who: str = "ben", room: str = "red") -> Place:
    """So many days after the first Monday."""
    return Place(who, room, at(day, clock))


def session(key: str, there: Place | None, **changes: object) -> OwedSession:
    """Half an hour, a week after the one before."""
    return OwedSession(key, 30, WEEKLY, there, **{"move_points": 80, **changes})


def case(name: str, *owed: OwedSession, **changes: object) -> RepairCase:
    """A course that may be treated by both."""
    usual = {
        "earliest_day": MONDAY,
        "previous_start": at(-7, "09:00"),
        "practitioners": BOTH,
        "available": ANY_TIME,
    }
    return RepairCase(course_id=name, owed=owed, **{**usual, **changes})


ANA = case("ana", session("1", place(0)), session("2", place(7)), session("3", place(14)))
BO = case("bo", session("1", place(0, "09:30")), session("2", place(7, "09:30")))


def repaired(event: Event, *cases: RepairCase, policy: Policy = "never", free: Problem | None = None) -> Difference:
    """What changes for people, planned as the product does; the points are never below what is proved."""
    made = repair_of(free or clinic(), cases, event, policy)
    patients = {each.course_id: each.course_id for each in cases}
    steady = set(patients) - made.touched
    answer = solve_together(made.problem, patients, Budget(iterations=20), steady=steady)
    assert answer.lower_bound <= answer.points
    return difference_since(event, made, cases, answer)


def difference_since(event: Event, made: Repair, cases: Iterable[RepairCase], answer: Together) -> Difference:
    """What an answer changes of what stood before the event; what was missed or called off did not stand any more."""
    history = event.keys if isinstance(event, (Missed, CalledOff)) else ()
    stood = {
        each.course_id: tuple(
            Current(number, place.practitioner, place.room, place.start, False, 0)
            for number, owed in enumerate(made.orders[each.course_id])
            for place in [next(was.place for was in each.owed if was.key == owed.key)]
            if place is not None and not (owed.key in history and event.course_id == each.course_id)
        )
        for each in cases
    }
    before = tuple(replace(course, current=stood[course.id]) for course in made.problem.courses)
    placed = [here for mine in answer.placed.values() for here in mine.values()]
    unplaced = [
        Unplaced(name, number, why) for name, reasons in answer.unplaced.items() for number, why in reasons.items()
    ]
    solution = Solution(tuple(placed), tuple(unplaced), answer.points, 0)
    return difference(replace(made.problem, courses=before), solution)


def moves(change: Difference) -> dict[tuple[str, int], tuple[int, bool]]:
    """Days later, and whether somebody else treats, by course and session."""
    return {(each.course, each.before.session): (each.days, each.other_practitioner) for each in change.moved}


def test_illness_moves_whom_it_meets_and_nobody_else():
    """Ben is ill on the first Monday: both sessions of that day go elsewhere, the rest stays."""
    change = repaired(PractitionerAway("ben", at(0, "00:00"), at(1, "00:00")), ANA, BO)
    assert set(moves(change)) == {("ana", 0), ("bo", 0)}
    assert len(change.kept) == 3
    assert not (change.added or change.dropped or change.unplaced)


def test_illness_unlocks_what_was_locked():
    """Nobody can be treated by somebody who is not there."""
    locked = case("ana", session("1", place(0), locked=True, confirmed=True), practitioners={"ben": 0, "eve": 10})
    change = repaired(PractitionerAway("ben", at(0, "00:00"), at(1, "00:00")), locked)
    assert moves(change) == {("ana", 0): (0, True)}
    assert change.moved[0].minutes == 0


def test_a_course_that_only_begins_when_the_illness_ends_is_not_touched():
    """Half-open: the session at nine is outside an illness until nine."""
    made = repair_of(clinic(), [ANA], PractitionerAway("ben", at(0, "08:00"), at(0, "09:00")))
    assert made.touched == frozenset()


def test_a_missed_session_is_wanted_before_those_that_may_move():
    """Ana missed Monday; she gets Wednesday, and keeps the week after."""
    ana = replace(ANA, earliest_day=MONDAY + timedelta(days=1), previous_start=None)
    change = repaired(Missed("ana", frozenset({"1"})), ana, BO)
    assert [(each.session, each.start.date()) for each in change.added] == [(0, MONDAY + timedelta(days=1))]
    assert len(change.kept) == 4


def test_a_cancelled_session_is_still_owed():
    """Called off on the second Monday; another day of that week is found."""
    free = clinic()
    taken = tuple(span for span in free.practitioners[0].free if span[0].date() != MONDAY + timedelta(days=7))
    free = replace(free, practitioners=tuple(replace(each, free=taken) for each in free.practitioners))
    change = repaired(CalledOff("ana", frozenset({"2"})), ANA, free=free)
    assert [each.session for each in change.added] == [1]
    assert not change.moved


def test_new_hours_move_what_lies_outside_them():
    """Ben comes at ten from now on, and Eve not at all: nine o'clock becomes ten."""
    later = open_days(28, "10:00", "12:00")
    only_ben = replace(ANA, practitioners={"ben": 0})
    change = repaired(NewHours("ben", later), only_ben)
    assert moves(change) == {("ana", 0): (0, False), ("ana", 1): (0, False), ("ana", 2): (0, False)}
    assert {each.minutes for each in change.moved} == {60}


def test_a_pause_moves_what_lies_in_it_behind_it():
    """Ana is away in the second week."""
    change = repaired(Pause("ana", MONDAY + timedelta(days=6), MONDAY + timedelta(days=13)), ANA, BO)
    assert ("ana", 1) in moves(change)
    stands = [each for each in (*change.kept, *(moved.after for moved in change.moved)) if each.course == "ana"]
    assert all(not 6 <= (each.start.date() - MONDAY).days < 13 for each in stands)
    assert {each.course for each in change.moved} == {"ana"}


def test_a_pause_leaves_what_is_locked():
    """A visit agreed inside the pause all the same happens."""
    ana = replace(ANA, owed=(ANA.owed[0], replace(ANA.owed[1], locked=True), ANA.owed[2]))
    assert not repaired(Pause("ana", MONDAY + timedelta(days=6), MONDAY + timedelta(days=13)), ana).moved


def test_another_frequency_moves_only_what_it_must():
    """Every other week from the second session on: what stood closer costs points, and gives way."""
    wide = Gap(14, 11, 17)
    free = [replace(each, move_points=1) for each in ANA.owed]
    change = repaired(NewFrequency("ana", {"2": wide, "3": wide}), replace(ANA, owed=tuple(free)), free=clinic(60))
    assert moves(change) == {("ana", 1): (7, False), ("ana", 2): (14, False)}


def test_an_earlier_date_is_taken_where_it_is_better():
    """Ana's second session stands nine days after the first; the freed Monday is better."""
    late = case("ana", session("1", place(0), locked=True), session("2", place(9), move_points=500))
    assert not repaired(CalledOff("bo", frozenset({"1"})), late, BO).moved
    assert moves(repaired(EarlierWanted("ana", "2"), late, BO)) == {("ana", 1): (-2, False)}


def test_what_has_no_place_any_more_is_dropped_with_a_reason():
    """Both are ill for good, so Ana's sessions can't happen."""
    only_ben = replace(ANA, practitioners={"ben": 0})
    change = repaired(NewHours("ben", ()), only_ben)
    assert [course for course, _ in change.dropped] == ["ana"] * 3
    assert change.losing_courses == {"ana"}
    assert len(change.unplaced) == 3
    assert all(each.reason for each in change.unplaced)


CROWDED = ((at(0, "09:00"), at(0, "09:30")), (at(0, "10:00"), at(0, "10:30")), (at(2, "09:00"), at(2, "09:30")))


def crowded(policy: Policy, *, confirmed: bool = False, locked: bool = False) -> Difference:
    """Ana can only come on Monday at ten, where Bo stands; he could come on Wednesday."""
    ten = (Window(0, 600, 630, 0),)
    ana = case("ana", session("1", place(0)), practitioners={"ben": 0}, available=ten)
    bo = case("bo", session("1", place(0, "10:00"), confirmed=confirmed, locked=locked), practitioners={"ben": 0})
    free = replace(clinic(3), practitioners=(Resource("ben", CROWDED),))
    return repaired(PractitionerAway("ben", at(0, "09:00"), at(0, "10:00")), ana, bo, policy=policy, free=free)


@pytest.mark.parametrize(
    ("policy", "confirmed", "locked", "makes_room"),
    [
        ("never", False, False, False),
        ("unconfirmed", False, False, True),
        ("unconfirmed", True, False, False),
        ("any", True, False, True),
        ("any", True, True, False),
    ],
)
def test_others_make_room_only_as_the_policy_allows(policy, confirmed, locked, makes_room):
    """Never, those who have not confirmed, or anybody; who is locked stays all the same."""
    change = crowded(policy, confirmed=confirmed, locked=locked)
    assert (("bo", 0) in moves(change)) is makes_room
    assert bool(change.dropped) is not makes_room


def test_moving_who_has_confirmed_costs_most():
    """The price of a bystander rises with what they were promised."""
    first, second = bystander(replace(BO, owed=(BO.owed[0], replace(BO.owed[1], confirmed=True))), "any").owed
    assert BO.owed[0].move_points < first.move_points < second.move_points


def test_the_sessions_of_a_repair_keep_their_names():
    """A missed session goes first, so the problem's numbers are not the course's."""
    first = replace(ANA.owed[0], place=place(1))
    made = repair_of(clinic(), [replace(ANA, owed=(first, *ANA.owed[1:]))], Missed("ana", frozenset({"2"})))
    assert [owed.key for owed in made.orders["ana"]] == ["1", "2", "3"]
    assert made.touched == {"ana"}
    assert [now.start for now in made.problem.courses[0].current] == [datetime(2026, 3, 3, 9), datetime(2026, 3, 16, 9)]
