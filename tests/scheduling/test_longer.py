"""What the diary will probably look like beyond the end of the plan."""

from datetime import timedelta

from planner.scheduling.longer import longer, only_beyond
from planner.scheduling.many_courses import solve
from planner.scheduling.problem import Resource, Session
from tests.scheduling.problems import MONDAY, at, course, open_days, problem


def free_of(case, name):
    """The free intervals of a practitioner."""
    return next(person.free for person in case.practitioners if person.id == name)


def test_each_weekday_goes_on_as_the_last_one_with_free_time():
    """Ben's last Monday was leave, so the one before counts; on Tuesdays he never works."""
    mondays = ((at(0, "09:00"), at(0, "10:00")), (at(7, "08:00"), at(7, "09:00")), (at(7, "13:00"), at(7, "14:00")))
    wednesday = ((at(16, "09:00"), at(16, "12:00")),)
    case = problem(days=21, practitioners=(Resource("ben", (*mondays, *wednesday)),))
    more = longer(case, 7)
    assert more.days == 28
    assert free_of(more, "ben")[4:] == (
        (at(21, "08:00"), at(21, "09:00")),
        (at(21, "13:00"), at(21, "14:00")),
        (at(23, "09:00"), at(23, "12:00")),
    )


def test_whoever_is_known_to_be_free_beyond_the_end_keeps_that():
    """It is better than a guess."""
    case = problem(days=14, practitioners=(Resource("ben", open_days(20)), Resource("eve", ())))
    more = longer(case, 14)
    assert (free_of(more, "ben"), free_of(more, "eve")) == (open_days(20), ())
    beyond = only_beyond(more, 14)
    assert (beyond.first_day, beyond.days) == (MONDAY + timedelta(days=14), 14)
    assert free_of(beyond, "ben") == open_days(20)[14:]


def test_an_interval_over_midnight_goes_on_as_two():
    """No session lasts over midnight, so nothing is lost."""
    case = problem(days=7, practitioners=(Resource("ben", ((at(0, "22:00"), at(1, "02:00")),)),))
    assert free_of(longer(case, 7), "ben")[1:] == (
        (at(7, "22:00"), at(8, "00:00")),
        (at(8, "00:00"), at(8, "02:00")),
    )


def test_a_plan_can_not_be_longer_than_the_format_allows():
    """Then its end is not said to be in the way, but what is known is."""
    case = problem(days=1090)
    assert longer(case, 28) is None
    late = problem(course(sessions=(Session(30, None),), earliest_day=MONDAY + timedelta(days=1095)), days=1090)
    assert "It would fit if the course could begin before" in solve(late).unplaced[0].reason
