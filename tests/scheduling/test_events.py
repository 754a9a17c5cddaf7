"""What befalls a clinic becomes a problem in which as much stays as the event, the prices and the policy allow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

import pytest

from planner.errors import InvalidInput
from planner.scheduling.difference import Difference, difference
from planner.scheduling.events import (
    CalledOff,
    ClinicEvent,
    EarlierWanted,
    Event,
    Missed,
    NewFrequency,
    NewHours,
    Pause,
    PractitionerAway,
    befallen,
    course_after,
    displaced,
    free_after,
    repair_of,
)
from planner.scheduling.judge import broken_rules
from planner.scheduling.policy import MOVE_POINTS, MOVE_POINTS_NEAR, RHYTHM_MOVE_POINTS, Policy, bystander, move_points
from planner.scheduling.problem import Current, Gap, Placed, Problem, Resource, Solution, Unplaced, Window
from planner.scheduling.repair import OwedSession, Place, RepairCase, Repaired, as_course, repair
from planner.scheduling.taken import lessened
from planner.scheduling.together import Budget, solve_together
from tests.scheduling.problems import MONDAY, at, open_days, problem

T = TypeVar("T")
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


@dataclass(frozen=True)
class Outcome:
    """Where everybody stands after an event, and why some have no place, by course and the session's key."""

    placed: Mapping[tuple[str, str], Placed]
    unplaced: Mapping[tuple[str, str], str]


def outcome_of(event: Event, cases: Sequence[RepairCase], policy: Policy, free: Problem) -> Outcome:
    """Planned as the product does: what befalls a clinic for all courses together, else its course beside the others.

    Whoever could not be planned without losing what stands is left standing.
    """
    if isinstance(event, PractitionerAway | NewHours):
        return together(event, cases, policy, free)
    placed = {(each.course_id, key): here for each in cases for key, here in standing(each).items()}
    (own,) = (each for each in cases if each.course_id == event.course_id)
    others = [(here, 30) for (name, _), here in placed.items() if name != own.course_id]
    after = course_after(own, [event])
    waiting = {owed.key for owed in after.owed if owed.place is None}
    try:
        answer = repair(lessened(free, others), after)
    except InvalidInput as refusal:
        answer = Repaired({}, dict.fromkeys(waiting, refusal.message), 0)
    mine = answer.placed if set(answer.unplaced) <= waiting and answer.placed else standing(after)
    reason = next(iter(answer.unplaced.values()), "")
    for owed in own.owed:
        placed.pop((own.course_id, owed.key), None)
    placed |= {(own.course_id, key): here for key, here in mine.items()}
    lost = {owed.key for owed in own.owed} - set(mine)
    return Outcome(placed, {(own.course_id, key): answer.unplaced.get(key, reason) for key in lost})


def together(event: ClinicEvent, cases: Sequence[RepairCase], policy: Policy, free: Problem) -> Outcome:
    """All courses that stand, as one problem; no rule is broken, and the points are never below what is proved."""
    made = repair_of(free, cases, event, policy)
    patients = {each.course_id: each.course_id for each in cases}
    steady = {each.course_id for each in cases if not displaced(event, each)}
    answer = solve_together(made.problem, patients, Budget(iterations=20), steady=steady)
    assert answer.lower_bound <= answer.points
    if not answer.untouched:
        places = tuple(here for mine in answer.placed.values() for here in mine.values())
        waiting = (Unplaced(name, n, why) for name, mine in answer.unplaced.items() for n, why in mine.items())
        solution = Solution(places, tuple(waiting), answer.points, answer.lower_bound)
        assert broken_rules(made.problem, solution) == []

    def by_key(found: Mapping[str, Mapping[int, T]]) -> dict[tuple[str, str], T]:
        return {
            (name, made.orders[name][number].key): each for name, mine in found.items() for number, each in mine.items()
        }

    return Outcome(by_key(answer.placed), by_key(answer.unplaced))


def standing(case: RepairCase) -> dict[str, Placed]:
    """Where a course stands, by the session's key."""
    return {
        owed.key: Placed(case.course_id, number, owed.place.practitioner, owed.place.room, owed.place.start)
        for number, owed in enumerate(case.owed)
        if owed.place is not None
    }


def repaired(event: Event, *cases: RepairCase, policy: Policy = "never", free: Problem | None = None) -> Difference:
    """What changes for people."""
    return difference_since(event, cases, outcome_of(event, cases, policy, free or clinic()))


def difference_since(event: Event, cases: Sequence[RepairCase], outcome: Outcome) -> Difference:
    """What an outcome changes of what stood before the event; what was missed or called off did not stand any more."""
    courses, placed, unplaced = [], [], []
    for each in cases:
        lost = isinstance(event, Missed | CalledOff) and event.course_id == each.course_id
        gone = event.keys if lost else ()
        stood = {key: here for key, here in standing(each).items() if key not in gone}
        number = {owed.key: place for place, owed in enumerate(each.owed)}
        current = tuple(
            Current(number[key], here.practitioner, here.room, here.start, False, 0) for key, here in stood.items()
        )
        courses.append(replace(as_course(each, each.owed), current=current))
        for (name, key), here in outcome.placed.items():
            if name == each.course_id:
                placed.append(replace(here, session=number[key]))
        for (name, key), reason in outcome.unplaced.items():
            if name == each.course_id:
                unplaced.append(Unplaced(name, number[key], reason))
    solution = Solution(tuple(placed), tuple(unplaced), 0, 0)
    return difference(replace(clinic(), courses=tuple(courses)), solution)


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
    assert not displaced(PractitionerAway("ben", at(0, "08:00"), at(0, "09:00")), ANA)


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


def test_a_pause_leaves_what_stands_before_it():
    """Ana comes on Monday and is away for three weeks then: she does not wait for all of it."""
    change = repaired(Pause("ana", MONDAY + timedelta(days=1), MONDAY + timedelta(days=22)), ANA, free=clinic(60))
    assert [each.session for each in change.kept] == [0]
    assert {each.before.session for each in change.moved} == {1, 2}


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


def test_a_missed_session_goes_behind_one_that_stays_where_nothing_fits_before_it():
    """48 hours after the treatment is Tuesday, where a locked one stands: that one stays, Thursday makes it up."""
    first = replace(ANA.owed[0], place=place(1), locked=True)
    third = replace(ANA.owed[2], place=place(10))
    ana = replace(ANA, owed=(first, ANA.owed[1], third), previous_start=at(-1, "09:00"))
    event = Missed("ana", frozenset({"2"}))
    change = repaired(event, ana)
    assert [(each.session, each.start.date()) for each in change.added] == [(1, MONDAY + timedelta(days=3))]
    assert not change.moved


def test_what_is_confirmed_stays_in_a_repair_of_its_own_course():
    """A promise is only broken by who is not there, or by the patient."""
    owed = (ANA.owed[0], replace(ANA.owed[1], confirmed=True), ANA.owed[2])
    sure = replace(ANA, owed=owed)
    whole = Pause("ana", MONDAY, MONDAY + timedelta(days=13))
    assert displaced(whole, sure) == {"1"}
    assert [each.locked for each in course_after(sure, [whole]).owed] == [False, True, False]
    assert displaced(PractitionerAway("ben", at(7, "00:00"), at(8, "00:00")), sure) == {"2"}
    assert not course_after(sure, [EarlierWanted("ana", "2")]).owed[1].locked


def test_an_absence_off_the_grid_takes_every_step_that_it_touches():
    """Away from 09:10 to 09:40 with steps of half an hour: free again at ten."""
    free = free_after(PractitionerAway("ben", at(0, "09:10"), at(0, "09:40")), clinic(1))
    assert tuple(free.practitioners[0].free) == ((at(0, "10:00"), at(0, "12:00")),)


def test_new_hours_give_no_time_that_is_taken():
    """Ben works until four from now on, but the problem knows him free until noon only."""
    free = free_after(NewHours("ben", open_days(1, "10:00", "16:00")), clinic(2))
    assert tuple(free.practitioners[0].free) == ((at(0, "10:00"), at(0, "12:00")),)


def test_moving_costs_more_when_near_and_little_for_another_rhythm():
    """The prices of one's own course, in one place."""
    assert move_points(at(13, "09:00"), at(0, "09:00")) == MOVE_POINTS_NEAR > MOVE_POINTS
    assert move_points(at(14, "09:00"), at(0, "09:00")) == MOVE_POINTS
    changed = befallen(NewFrequency("ana", {}), ANA)
    assert {owed.move_points for owed in changed.owed} == {RHYTHM_MOVE_POINTS}


def test_who_was_treated_elsewhere_or_today_may_stay_there():
    """What stands was agreed: with somebody who is not wished, and on the day itself."""
    ana = replace(ANA, practitioners={"eve": 0}, earliest_day=MONDAY + timedelta(days=1))
    after = course_after(ana, [])
    assert after.practitioners == {"eve": 0, "ben": 0}
    assert after.earliest_day == MONDAY
    ill = PractitionerAway("ben", at(0, "00:00"), at(28, "00:00"))
    assert course_after(ana, [ill]).practitioners == {"eve": 0}
