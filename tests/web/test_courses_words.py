"""What happened to a course, said in one sentence."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from planner.services.course_history import WhatHappened
from planner.services.difference import Change, ChangeKind, Difference
from planner.services.snapshot import Booked
from planner.web.courses.words import happened_words
from tests.factories import NOW

BEN, CLEO = 1, 2
MISSED = WhatHappened(
    course_id=1,
    revision_id=1,
    kind="missed",
    reason="Session 2 missed; the rest repaired",
    number=2,
    difference=Difference(()),
    stopped=False,
    undoable=True,
    zone="Europe/London",
    practitioners={BEN: "Ben Okafor", CLEO: "Cleo Marsh"},
)


def booked(start: datetime, practitioner_id: int = BEN) -> Booked:
    """An appointment of 45 minutes."""
    return Booked(None, practitioner_id, 1, start, start + timedelta(minutes=45))


def moved(number: int, days: int = 2, practitioner_id: int = BEN) -> Change:
    """A session some days later."""
    after = booked(NOW + timedelta(days=number * 7 + days), practitioner_id)
    return Change(number, number, ChangeKind.MOVED, booked(NOW + timedelta(days=number * 7)), after)


def said(*changes: Change, **other: object) -> str:
    """The sentence for a miss of session 2 with these changes."""
    return happened_words(replace(MISSED, difference=Difference(changes), **other))


def test_a_miss_says_the_new_date_and_who_else_moved():
    """Dates by name, a changed therapist too."""
    words = said(moved(2), moved(3, practitioner_id=CLEO))
    assert words == (
        "Session 2 is marked as missed. It was rebooked to Wednesday 18 March, 08:00; "
        "session 3 moved to Wednesday 25 March, 08:00 with Cleo Marsh."
    )


def test_many_moves_are_counted_instead_of_listed():
    """Nobody reads five dates in a flash."""
    assert said(moved(2), *(moved(number) for number in range(3, 8))).endswith("; 5 other sessions changed too.")


def test_a_session_without_a_place_says_why():
    """In the words of the engine."""
    lost = Change(2, 2, ChangeKind.UNPLACED, booked(NOW), None, "Ben is away until May.")
    assert "It has no new date yet; nothing else moved. Ben is away until May." in said(lost)


def test_when_the_planner_stands_still_nobody_reads_of_a_date():
    """The patient is to be talked to."""
    assert said(stopped=True).endswith("Nothing is rebooked by itself: talk to the patient first.")


def test_clocks_are_the_clinics():
    """British summer time, after the clocks changed."""
    words = said(moved(2, days=20))
    assert "Sunday 5 April, 09:00" in words


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("frequency", "Frequency changed: better: 1 moved."),
        ("resumed", "The planner books this course by itself again: 1 moved."),
    ],
)
def test_a_change_of_the_whole_course_is_summed_up(kind, words):
    """With the reason a person gave."""
    assert said(moved(3), kind=kind, number=None, reason="Frequency changed: better") == words
