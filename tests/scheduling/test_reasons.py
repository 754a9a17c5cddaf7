"""Why a session has no place: the first rule that leaves no start, in a receptionist's words."""

from datetime import date, timedelta

import pytest

from planner.diary.interval import Interval, without
from planner.errors import InvalidInput
from planner.scheduling import words
from planner.scheduling.many_courses import solve
from planner.scheduling.problem import Gap, Resource, Session, Weights, Window
from planner.scheduling.withheld import Withheld
from tests.scheduling.problems import MONDAY, at, course, open_days, problem

ONE = (Session(30, None),)
NONE_LEFT = "No place by Sunday 29 March: "


def reason(*courses, **changes):
    """The reason for the last unplaced session."""
    return solve(problem(*courses, **changes)).unplaced[-1].reason


def test_nobody_works():
    """Hours, leave and bookings leave no gap long enough."""
    said = reason(course(sessions=(Session(240, None),), practitioners={"ben": 0, "eve": 0}))
    assert said == (
        f"{NONE_LEFT}Ben and Eve have no 240 free minutes in a row from Monday 2 March to Sunday 29 March."
        " It would fit if there were a free room and Ben, never free at such hours, had time"
        " (such as Monday 2 March 08:00 with Ben)."
    )


def test_the_patients_times_never_meet_the_practitioners():
    """The times are told with the weekdays that share them."""
    evenings = tuple(Window(weekday, 17 * 60, 18 * 60, 0) for weekday in (0, 1, 2, 4))
    assert reason(course(sessions=ONE, available=evenings)) == (
        f"{NONE_LEFT}Ben is free for 30 minutes on 28 days from Monday 2 March to Sunday 29 March,"
        " but never while the patient can come (Mon, Tue, Wed, Fri 17:00–18:00)."
        " It would fit if the patient could also come on a Monday morning (such as Monday 2 March 11:30 with Ben)."
    )


def test_the_window_is_shorter_than_the_session():
    """It is the patient's time that is missing."""
    short = (Window(0, 540, 570, 0),)
    said = reason(course(sessions=(Session(60, None),), available=short))
    assert "never while the patient can come (Mon 09:00–09:30)" in said


def test_the_patient_is_away_all_the_time():
    """The windows would do, the days do not."""
    said = reason(course(sessions=ONE, away=((MONDAY, MONDAY + timedelta(days=60)),)))
    assert "but only while the patient is away. It would fit if the patient could come on a day marked as away" in said


def test_there_is_no_room():
    """Practitioner and patient could."""
    assert reason(course(sessions=ONE), rooms=()).endswith(
        "but no room is free then. It would fit if there were a free room (such as Monday 2 March 09:00 with Ben)."
    )


def test_another_course_of_the_plan_took_the_time():
    """Ana was first."""
    one = (Resource("ben", ((at(0, "09:00"), at(0, "09:30")),), "Ben"),)
    said = reason(course(sessions=ONE), course(id="bo", sessions=ONE), practitioners=one)
    assert said == (
        f"{NONE_LEFT}Ben is free for 30 minutes on 1 day from Monday 2 March to Sunday 29 March,"
        " but other appointments of this plan take all of it."
        " It would fit if other appointments of this plan made room (such as Monday 2 March 09:00 with Ben);"
        " or if the plan went on after Sunday 29 March and the weeks stayed as they are (such as Monday 30 March 09:00"
        " with Ben); or if Ben, on leave or fully booked that day, had time (such as Monday 9 March 09:00 with"
        " Ben)."
    )


def test_the_plan_ends_before_the_session_may_be():
    """48 hours and the least days reach beyond the horizon."""
    said = reason(days=4)
    assert said == (
        "No place by Thursday 5 March: it comes at least 48 hours and 5 days after Monday 2 March 09:00, and the plan"
        " ends then. It would fit if the plan went on after Thursday 5 March and the weeks stayed as they are (such as"
        " Monday 9 March 09:00 with Ben); or if the phase let it follow the session before sooner (such as Thursday 5"
        " March 09:00 with Ben)."
    )


def test_the_earliest_day_is_after_the_plan():
    """The first session has nothing before it but its earliest day."""
    said = reason(course(sessions=ONE, earliest_day=date(2026, 6, 1)))
    assert said == (
        f"{NONE_LEFT}the first session may not be before Monday 1 June, and the plan ends then. It would fit if the"
        " plan went on after Sunday 29 March and the weeks stayed as they are (such as Monday 1 June 09:00 with Ben);"
        " or if the course could begin before Monday 1 June (such as Sunday 29 March 09:00 with Ben)."
    )
    after = reason(course(sessions=ONE, previous_start=at(27, "10:00")))
    assert "and comes after the one on Sunday 29 March 10:00" in after


def test_the_course_names_nobody():
    """Then nobody can treat."""
    assert reason(course(sessions=ONE, practitioners={})) == (
        f"{NONE_LEFT}the course names no practitioner. It would fit if Ben could treat as well (such as Monday 2 March"
        " 09:00 with Ben)."
    )


def test_a_place_costs_more_than_leaving_the_session_out():
    """The place is named, so that a person can decide otherwise."""
    late = (*open_days(1), (at(20, "09:00"), at(20, "10:00")))
    soon = course(sessions=(Session(30, None), Session(30, Gap(2, 2, 2))))
    said = reason(soon, practitioners=(Resource("ben", late, "Ben"),), weights=Weights(60, 100))
    assert said == (
        "The best place left, Sunday 22 March 09:00 with Ben, breaks no rule, but goes so far against the wishes that"
        " it costs 1100 points more than leaving the session out."
    )


def test_nothing_is_promised_where_nothing_would_help():
    """No clinic treats for a whole day."""
    said = reason(course(sessions=(Session(1440, None),)))
    assert said == f"{NONE_LEFT}Ben has no 1440 free minutes in a row from Monday 2 March to Sunday 29 March."


def test_why_the_practitioner_has_no_time_is_told_as_far_as_the_diary_shows():
    """Never free at that time of the week, not at all on that day, or only not at that hour."""
    ten = (Window(0, 10 * 60, 10 * 60 + 30, 0),)
    far = ((MONDAY + timedelta(days=6), MONDAY + timedelta(days=400)),)
    monday = course(sessions=ONE, available=ten, away=far)
    always_then = [(at(day, "10:00"), at(day, "11:00")) for day in (7, 14)]

    def said(*today):
        free = (*today, *always_then)
        return reason(monday, practitioners=(Resource("ben", free, "Ben"),))

    assert "Ben, booked then, had time (such as Monday 2 March 10:00" in said((at(0, "08:00"), at(0, "10:00")))
    assert "Ben, on leave or fully booked that day, had time (such as Monday 2 March 10:00" in said()
    always_then = [(at(7, "08:00"), at(7, "09:00"))]
    assert "Ben, never free at such hours, had time (such as Monday 2 March 10:00" in said()


def ben(worked: tuple, **withheld: tuple) -> Resource:
    """Ben, who works at these times, but for what is withheld."""
    taken = [Interval(*span) for spans in withheld.values() for span in spans]
    free = without((Interval(*span) for span in worked), taken)
    return Resource("ben", tuple((each.start, each.end) for each in free), "Ben", Withheld(worked, **withheld))


def test_leave_that_is_known_is_told_as_leave():
    """Ben works each morning; but he is away, or the clinic is shut, or Ana comes for another course."""
    all_of_it = ((at(0, "00:00"), at(28, "00:00")),)
    far = (MONDAY + timedelta(days=28), MONDAY + timedelta(days=400))
    ana = course(sessions=ONE, away=(far,))

    def ways(**withheld):
        said = reason(ana, practitioners=(ben(open_days(28), **withheld),))
        return said.partition(" It would fit if ")[2]

    example = " (such as Monday 2 March 09:00 with Ben)"
    assert ways(leave=all_of_it) == f"Ben were not on leave{example}."
    assert ways(closed=all_of_it) == f"the clinic were not closed that day{example}."
    assert ways(leave=all_of_it, closed=all_of_it) == (
        f"Ben were not on leave and the clinic were not closed that day{example}."
    )
    assert ways(rest=all_of_it) == (
        f"it could come less than 48 hours from a visit for another course of the patient{example}."
    )


def test_a_day_that_is_known_to_be_no_leave_is_told_as_fully_booked():
    """The diary knows of all leave."""
    ana = course(sessions=ONE, away=((MONDAY + timedelta(days=1), MONDAY + timedelta(days=400)),))
    said = reason(ana, practitioners=(ben(open_days(28)[1:], leave=()),))
    assert "Ben, fully booked that day, had time (such as Monday 2 March 09:00 with Ben)" in said


def test_only_the_hours_about_another_course_leave_no_time():
    """Practitioner and room could, and the patient is not away."""
    all_of_it = ((at(0, "00:00"), at(28, "00:00")),)
    near = "but only within 48 hours of a visit for another course of the patient"
    assert near in reason(course(sessions=ONE), practitioners=(ben(open_days(28), rest=all_of_it),))
    days = ((MONDAY, MONDAY + timedelta(days=28)),)
    by_days = reason(course(sessions=ONE, away=days, resting=days))
    assert near in by_days
    assert "while the patient is away" not in by_days


def test_48_hours_are_a_rule_of_their_own_beside_the_days_of_the_phase():
    """The phase would let the second session follow on the next day, 48 hours would not."""
    two = (Session(30, None), Session(30, Gap(1, 1, 3)))
    assert "or if it could come less than 48 hours after the session before (such as Tuesday 3 March 09:00" in reason(
        course(sessions=two), days=2
    )


def test_days_of_rest_are_days_away():
    """Otherwise the engine would not keep them."""
    with pytest.raises(InvalidInput, match="days away as well"):
        course(resting=((MONDAY, MONDAY),))


def test_the_sessions_after_one_without_place_say_so():
    """Each session has its own reason."""
    sessions = (Session(30, None), *[Session(30, Gap(7, 5, 9))] * 2)
    assert reason(course(sessions=sessions), days=4) == "It comes after a session that has no place."


@pytest.mark.parametrize(
    ("windows", "said"),
    [
        ((Window(0, 480, 540, 0), Window(1, 480, 540, 0), Window(2, 480, 540, 0)), "Mon–Wed 08:00–09:00"),
        ((Window(0, 480, 600, 5), Window(0, 540, 720, 0), Window(3, 480, 720, 0)), "Mon, Thu 08:00–12:00"),
        ((Window(0, 480, 540, 0), Window(0, 600, 1440, 0)), "Mon 08:00–09:00, Mon 10:00–24:00"),
        ((), "at no time"),
    ],
)
def test_the_patients_times_read_like_a_note_on_the_file(windows, said):
    """Windows that overlap are one span, weekdays in a row are joined."""
    assert words.times(course(available=windows)) == said


def test_names_and_days_are_english_whatever_the_computer_speaks():
    """No locale is asked."""
    assert words.moment(at(22, "14:00")) == "Tuesday 24 March 14:00"
    assert words.several(["Ben"]) == "Ben"
    assert words.several(["Ben", "Ann", "Eve"]) == "Ben, Ann and Eve"
    assert (words.days(1), words.days(2.5)) == ("1 day", "2.5 days")
