"""Whatever befalls whatever clinic: the policy says who may move, nobody is lost, and the difference adds up."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.diary.interval import Interval, merged
from planner.scheduling.events import (
    CalledOff,
    EarlierWanted,
    Event,
    Missed,
    NewFrequency,
    NewHours,
    Pause,
    PractitionerAway,
    befallen,
    displaced,
)
from planner.scheduling.policy import Policy
from planner.scheduling.problem import Gap, Problem, Resource, Window
from planner.scheduling.repair import OwedSession, Place, RepairCase
from tests.scheduling.problems import MONDAY, at, open_days, problem
from tests.scheduling.test_events import difference_since, outcome_of

DAYS = 35
POLICIES: tuple[Policy, ...] = ("never", "unconfirmed", "any")
ANY_TIME = tuple(Window(weekday, 9 * 60, 12 * 60, 0) for weekday in range(7))
WEEKLY, FORTNIGHTLY = Gap(7, 3, 11), Gap(14, 9, 18)
CLOCKS = ("09:00", "09:30", "10:00", "10:30", "11:00", "11:30")


def free_time(cases: Sequence[RepairCase], open_on: Collection[int]) -> Problem:
    """Whole mornings on a few days; else Ben and Eve, and their rooms, are free only where somebody stands."""
    free: dict[str, list[Interval]] = {
        name: [Interval(at(day, "09:00"), at(day, "12:00")) for day in open_on]
        for name in ("ben", "eve", "red", "blue")
    }
    for place, minutes in ((owed.place, owed.minutes) for case in cases for owed in case.owed):
        assert place is not None
        for name in (place.practitioner, place.room):
            free[name].append(Interval(place.start, place.start + timedelta(minutes=minutes)))
    ben, eve, red, blue = (
        Resource(name, tuple((each.start, each.end) for each in merged(spans))) for name, spans in free.items()
    )
    return replace(problem(days=DAYS), courses=(), practitioners=(ben, eve), rooms=(red, blue))


@st.composite
def one_course(draw: st.DrawFn, number: int) -> RepairCase:
    """Two to four sessions, at least three days apart, at a time of day that is this course's own."""
    first, steps = draw(st.integers(0, 6)), draw(st.lists(st.integers(3, 8), min_size=1, max_size=3))
    days = [first]
    for step in steps:
        days.append(days[-1] + step)
    who, room = ("ben", "red") if draw(st.booleans()) else ("eve", "blue")
    owed = tuple(
        OwedSession(
            key=str(index + 1),
            minutes=30,
            gap=WEEKLY,
            place=Place(who, room, at(day, CLOCKS[number])),
            locked=draw(st.integers(0, 5)) == 0,
            move_points=80,
            confirmed=draw(st.integers(0, 3)) == 0,
        )
        for index, day in enumerate(days)
    )
    others = draw(st.sampled_from(({"ben": 0, "eve": 40}, {who: 0})))
    # Whoever the event befalls can maybe come only when the next one stands.
    next_one = tuple(Window(weekday, 9 * 60 + 30, 10 * 60, 0) for weekday in range(7))
    available = next_one if number == 0 and draw(st.booleans()) else ANY_TIME
    return RepairCase(f"c{number}", owed, MONDAY, at(-4, "09:00"), others, available)


courses = st.integers(2, 4).flatmap(lambda count: st.tuples(*(one_course(number) for number in range(count))))
days = st.integers(0, 20)
c0_keys = st.sets(st.sampled_from("12"), min_size=1, max_size=1).map(frozenset)
EVENTS: dict[str, st.SearchStrategy[Event]] = {
    "miss": st.builds(Missed, st.just("c0"), c0_keys),
    "cancellation": st.builds(CalledOff, st.just("c0"), c0_keys),
    "illness": st.builds(
        lambda day, length: PractitionerAway("ben", at(day, "00:00"), at(day + length, "00:00")),
        days,
        st.integers(1, 7),
    ),
    "leave for an hour": st.builds(lambda day: PractitionerAway("eve", at(day, "09:10"), at(day, "10:10")), days),
    "new hours": st.builds(
        lambda start: NewHours("ben", open_days(DAYS, start, "12:00")), st.sampled_from(("09:30", "10:00", "11:00"))
    ),
    "another frequency": st.builds(
        lambda gap: NewFrequency("c0", dict.fromkeys("234", gap)), st.sampled_from((FORTNIGHTLY, Gap(5, 3, 7)))
    ),
    "pause": st.builds(
        lambda day, length: Pause("c0", MONDAY + timedelta(days=day), MONDAY + timedelta(days=day + length)),
        days,
        st.integers(1, 9),
    ),
    "earlier slot wanted": st.builds(EarlierWanted, st.just("c0"), st.sampled_from("12")),
}


CLINIC_WIDE = ("illness", "leave for an hour", "new hours")
# Where one course is repaired beside the others, these stay whatever the policy.
CASES = [(kind, policy) for kind in EVENTS for policy in (POLICIES if kind in CLINIC_WIDE else POLICIES[:1])]


def before_of(cases: Sequence[RepairCase]) -> dict[tuple[str, str], OwedSession]:
    """Every session by its course and key."""
    return {(case.course_id, owed.key): owed for case in cases for owed in case.owed}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "policy"), CASES)
def test_an_event_moves_nobody_whom_the_policy_protects(kind: str, policy: Policy) -> None:
    """Locked never, confirmed never but by the absent and the patient, others by the policy; all is accounted for."""

    @settings(max_examples=20, deadline=None)
    @given(cases=courses, event=EVENTS[kind], open_on=st.sets(days, max_size=3))
    def holds(cases: tuple[RepairCase, ...], event: Event, open_on: set[int]) -> None:
        outcome = outcome_of(event, cases, policy, free_time(cases, open_on))
        concerned = {case.course_id for case in cases if befallen(event, case) != case}
        was, gone = before_of(cases), {(each.course_id, key) for each in cases for key in displaced(event, each)}
        history = {("c0", key) for key in event.keys} if isinstance(event, (Missed, CalledOff)) else set()
        now = outcome.placed
        for name, owed in was.items():
            here = now.get(name)
            assert owed.place is not None
            stays = here is not None and (here.start, here.practitioner) == (owed.place.start, owed.place.practitioner)
            if name in gone:
                continue  # It can't stay.
            assert here is not None, "nothing that may stay loses its place"
            wanted = isinstance(event, EarlierWanted) and name == ("c0", event.key)
            if owed.locked or (name[0] not in concerned and policy == "never"):
                assert stays
            if owed.confirmed and not wanted and (policy != "any" or name[0] in concerned):
                assert stays

        assert len(now) + len(outcome.unplaced) == len(was), "every session is placed, or waits with a reason"
        assert all(outcome.unplaced.values())
        change = difference_since(event, cases, outcome)
        assert len(change.kept) + len(change.moved) + len(change.dropped) == len(was) - len(history)
        assert len(change.kept) + len(change.moved) + len(change.added) == len(now)
        keys = {case.course_id: [owed.key for owed in case.owed] for case in cases}
        assert {(course, keys[course][lost.session]) for course, lost in change.dropped} <= gone
        assert len(change.unplaced) == len(was) - len(now)

    holds()
