"""The figures of a clinic that was counted by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest

from planner.diary.hours import Leave
from planner.errors import NotAllowed
from planner.services import attendance, clinic_setup
from planner.services.dashboard import Figures, dashboard, month_starts
from planner.services.runtime import Actor
from tests.web.ana_course import book_ana

WEEKDAY_MINUTES = 600


@pytest.fixture
def march(runtime, clinic, clock):
    """Ana's course: two visits given, the third missed and rebooked, the next one called off late by her."""
    course = book_ana(runtime, clinic)
    for number in (1, 2):
        clock.set(course.appointment(number).ends_at)
        attendance.fulfil(runtime, clinic.ben.actor, course.appointment(number).id)
    clock.set(course.appointment(3).ends_at)
    attendance.miss(runtime, clinic.ben.actor, course.appointment(3).id)
    again = next(each.current for each in course.now().sessions if each.current.starts_at > clock.now())
    clock.set(again.starts_at - timedelta(hours=3))
    attendance.confirm(runtime, clinic.rosa.actor, again.id)
    ana = Actor(clinic_id=clinic.id, name="Ana Silva", patient_id=clinic.ana)
    assert attendance.cancel(runtime, ana, again.id).late
    return course


def test_visits_are_counted_by_what_became_of_them(runtime, clinic, march):
    """Two came, one did not, one called off too late: half of what was expected."""
    (month,) = dashboard(runtime, clinic.mo.actor, months=1).months
    figures = month.figures
    assert (month.first_day, month.going_on) == (date(2026, 3, 1), True)
    assert (figures.came, figures.missed, figures.late) == (2, 1, 1)
    assert (figures.attendance, figures.no_shows) == (0.5, 0.25)


def test_utilisation_is_the_visits_share_of_the_working_time(runtime, clinic, march):
    """March 2026 has 22 weekdays of ten hours; what Ana missed or called off fills nothing."""
    figures = dashboard(runtime, clinic.mo.actor, months=1).months[0].figures
    booked = [each.current for each in march.now().sessions if each.current and each.current.occupies]
    in_march = [each for each in booked if each.starts_at.month == 3]
    assert figures.filled_minutes == sum((each.ends_at - each.starts_at) // timedelta(minutes=1) for each in in_march)
    assert figures.open_minutes == 22 * WEEKDAY_MINUTES
    assert figures.utilisation == figures.filled_minutes / (22 * WEEKDAY_MINUTES)


def test_leave_and_holidays_are_no_working_time(runtime, clinic, clock, march):
    """April 2026 has 22 weekdays, one of them Good Friday, and Ben took one more."""
    with runtime.writing(clinic.system) as unit:
        clinic_setup.add_leave(unit, clinic.ben.id, Leave.whole_days(date(2026, 4, 14), date(2026, 4, 14)))
    clock.set(datetime(2026, 5, 20, 9, tzinfo=UTC))
    april = dashboard(runtime, clinic.mo.actor, months=3).months[1]
    assert april.first_day == date(2026, 4, 1)
    assert not april.going_on
    assert april.figures.open_minutes == 20 * WEEKDAY_MINUTES


def test_the_months_begin_with_the_first_visit(runtime, clinic, march):
    """Before it there was nothing to fill the diary with."""
    found = dashboard(runtime, clinic.mo.actor, months=12)
    assert [month.first_day for month in found.months] == [date(2026, 3, 1)]
    assert found.total.open_minutes == 22 * WEEKDAY_MINUTES


def test_the_wait_runs_from_the_assessment_to_the_first_visit(runtime, clinic, march):
    """Assessed on Monday, treated on Tuesday; the rebooked sessions are no first visits."""
    assert dashboard(runtime, clinic.mo.actor, months=1).total.waits == (1,)


def test_a_course_that_was_ended_early_is_not_complete(runtime, clinic, march):
    """It ended all the same."""
    attendance.end_course(runtime, clinic.ben.actor, march.id, reason="moves away")
    total = dashboard(runtime, clinic.mo.actor, months=1).total
    assert (total.ended, total.completed, total.completion) == (1, 0, 0.0)


def test_a_course_whose_every_session_was_given_is_complete(runtime, clinic, clock):
    """It counts in the month of its last visit."""
    findings = {"protocol": "acute_injury", "symptom_weeks": 1, "severity": "mild", "goal": "relief"}
    course = book_ana(runtime, clinic, findings)
    for number in range(1, len(course.now().sessions) + 1):
        clock.set(course.appointment(number).ends_at)
        attendance.fulfil(runtime, clinic.ben.actor, course.appointment(number).id)
    assert course.now().status == "finished"
    last = dashboard(runtime, clinic.mo.actor, months=6).months[-1].figures
    assert (last.ended, last.completed, last.completion) == (1, 1, 1.0)


def test_nothing_is_no_share_of_nothing(runtime, clinic):
    """A new clinic has no rate, not a rate of zero."""
    total = dashboard(runtime, clinic.mo.actor).total
    assert (total.attendance, total.no_shows, total.completion, total.wait_days) == (None, None, None, None)
    assert total.utilisation == 0.0


def test_the_total_adds_the_months_up(runtime, clinic, march):
    """However they are cut."""
    found = dashboard(runtime, clinic.mo.actor, months=4)
    assert found.total == Figures.together(month.figures for month in found.months)
    assert found.total.came == 2


def test_another_clinic_counts_for_itself(runtime, clinic, other_clinic, march):
    """Cy's clinic had no visit."""
    assert dashboard(runtime, other_clinic.mo.actor).total.expected == 0


@pytest.mark.parametrize("who", ["rosa", "ben"])
def test_the_figures_are_the_managers(runtime, clinic, who):
    """A therapist's hours are nobody else's business."""
    with pytest.raises(NotAllowed):
        dashboard(runtime, getattr(clinic, who).actor)


def test_the_number_of_queries_does_not_grow(runtime, clinic, march, queries):
    """Twelve months ask no more than one."""
    with queries() as asked:
        dashboard(runtime, clinic.mo.actor, months=12)
    assert len(asked) <= 10


def test_months_begin_on_their_first_day():
    """Across the end of a year, with the day after the last."""
    assert month_starts(date(2026, 1, 31), 2) == [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
    with pytest.raises(ValueError, match="0 months"):
        dashboard(None, None, months=0)
