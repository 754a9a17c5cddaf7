"""From an assessment to dates without a database."""

from datetime import UTC, date, datetime, time, timedelta

import icalendar
import pytest

from planner.care.assessment import Assessment
from planner.care.estimate import estimate
from planner.diary.free import to_utc
from planner.errors import InvalidInput
from planner.scheduling.problem import Window
from planner.services.quick_plan import plan_ics, quick_plan
from planner.services.typical_hours import TypicalHours

WRITTEN = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
ACUTE = Assessment.from_json({"protocol": "acute_injury", "symptom_weeks": 2, "severity": "moderate", "goal": "relief"})
CHRONIC = Assessment.from_json(
    {"protocol": "chronic_pain", "symptom_weeks": 40, "severity": "moderate", "goal": "lasting"}
)
MORNINGS = {
    "timezone": "Europe/London",
    "country": "GB",
    "subdivision": "SCT",
    "practitioners": [{"id": "ben", "name": "Ben", "hours": [{"weekday": 0, "from": "08:00", "to": "12:30"}]}],
    "closures": [{"first_day": "2026-03-09", "last_day": "2026-03-09"}],
}


def changed(path, value):
    """MORNINGS with one value another; None takes it away."""
    result = {**MORNINGS, "practitioners": [dict(MORNINGS["practitioners"][0])]}
    target = result
    for key in path[:-1]:
        target = target[key]
    if value is None:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return result


def test_every_session_of_the_estimate_gets_a_date():
    """On the first days that fit its rhythm, in working hours, never within 48 hours."""
    plan = quick_plan(CHRONIC, date(2026, 3, 2))
    fixed = estimate(CHRONIC).sessions.expected
    assert [each.number for each in plan.dates] == list(range(1, fixed + 4))
    assert plan.unplaced == ()
    assert plan.optimal
    assert plan.dates[0].starts_at == datetime.fromisoformat("2026-03-02T08:00")
    for each in plan.dates:
        assert each.starts_at.weekday() < 5
        assert time(8) <= each.starts_at.time() <= time(17, 30)
        assert each.gap_days is None or each.gap_days >= 2


def test_the_clinics_own_hours_holidays_and_closures_are_kept():
    """Monday mornings, but neither on the closed one nor on the spring holiday of Scotland."""
    plan = quick_plan(CHRONIC, date(2026, 3, 2), TypicalHours.from_json(MORNINGS))
    days = [each.starts_at.date() for each in plan.dates]
    assert {day.weekday() for day in days} == {0}
    assert date(2026, 3, 9) not in days
    assert date(2026, 5, 4) not in days
    assert {each.practitioner for each in plan.dates} == {"Ben"}


def test_the_patients_times_are_kept():
    """Only Thursdays after four."""
    plan = quick_plan(CHRONIC, date(2026, 3, 2), available=(Window(3, 16 * 60, 18 * 60, 0),))
    assert {each.starts_at.weekday() for each in plan.dates} == {3}
    assert min(each.starts_at.time() for each in plan.dates) >= time(16)


def test_what_has_no_place_has_a_reason():
    """Nobody works on Sundays."""
    plan = quick_plan(ACUTE, date(2026, 3, 2), available=(Window(6, 0, 24 * 60, 0),))
    assert plan.dates == ()
    assert [number for number, _ in plan.unplaced] == list(range(1, len(plan.unplaced) + 1))
    assert all(reason for _, reason in plan.unplaced)
    with pytest.raises(InvalidInput):
        plan_ics(plan, WRITTEN)


@pytest.mark.parametrize(
    ("zone", "day"), [("Europe/London", date(2026, 3, 20)), ("America/New_York", date(2026, 10, 20))]
)
def test_the_file_has_the_same_instants_across_a_clock_change(zone, day):
    """Eight o'clock stays eight o'clock."""
    plan = quick_plan(ACUTE, day, TypicalHours(timezone=zone))
    events = icalendar.Calendar.from_ical(plan_ics(plan, WRITTEN)).walk("VEVENT")
    assert [event.decoded("DTSTART").astimezone(UTC) for event in events] == [
        to_utc(each.starts_at, plan.hours.zone) for each in plan.dates
    ]
    for event, each in zip(events, plan.dates, strict=True):
        assert event.decoded("DTEND") - event.decoded("DTSTART") == timedelta(minutes=each.minutes)
        assert "needl" not in event.to_ical().decode().lower()


def test_the_file_does_not_claim_that_anything_is_booked():
    """Nobody holds these times: a calendar that shows them as settled would lie."""
    data = plan_ics(quick_plan(ACUTE, date(2026, 3, 2)), WRITTEN)
    events = icalendar.Calendar.from_ical(data).walk("VEVENT")
    assert {(event["STATUS"], event["TRANSP"]) for event in events} == {("TENTATIVE", "TRANSPARENT")}


def test_the_same_plan_makes_the_same_file():
    """So that a second import replaces the first."""
    files = {plan_ics(quick_plan(ACUTE, date(2026, 3, 2)), WRITTEN) for _ in range(2)}
    assert len(files) == 1


def test_a_year_nobody_plans_for_is_refused():
    """A slip of the keyboard."""
    with pytest.raises(InvalidInput) as refusal:
        quick_plan(ACUTE, date(1026, 3, 2))
    assert refusal.value.field == "from_day"


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("timezone",), "Europe/Nowhere", "timezone"),
        (("timezone",), None, "timezone"),
        (("country",), "XX", "country"),
        (("country",), None, "country"),
        (("subdivision",), "XX", "subdivision"),
        (("holidays",), True, "holidays"),
        (("practitioners",), [], "practitioners"),
        (("practitioners",), [MORNINGS["practitioners"][0]] * 2, "practitioners"),
        (("practitioners", 0, "hours"), None, "practitioners[0].hours"),
        (
            ("practitioners", 0, "hours"),
            [{"weekday": 7, "from": "08:00", "to": "09:00"}],
            "practitioners[0].hours[0].weekday",
        ),
        (
            ("practitioners", 0, "hours"),
            [{"weekday": 0, "from": "08:05", "to": "09:00"}],
            "practitioners[0].hours[0].from",
        ),
        (
            ("practitioners", 0, "hours"),
            [{"weekday": 0, "from": "08:00", "to": "24:00"}],
            "practitioners[0].hours[0].to",
        ),
        (
            ("practitioners", 0, "hours"),
            [{"weekday": 0, "from": "09:00", "to": "08:00"}],
            "practitioners[0].hours[0].to",
        ),
        (("rooms",), [], "rooms"),
        (("closures",), [{"first_day": "2026-02-30", "last_day": "2026-03-01"}], "closures[0].first_day"),
        (("closures",), [{"first_day": "2026-03-02", "last_day": "2026-03-01"}], "closures[0].last_day"),
    ],
)
def test_hours_that_make_no_sense_are_refused_at_their_place(path, value, field):
    """The person can go straight to it."""
    with pytest.raises(InvalidInput) as refusal:
        TypicalHours.from_json(changed(path, value))
    assert refusal.value.field == field


def test_a_room_that_is_open_less_than_people_work_limits_the_dates():
    """And a room without hours does not."""
    rooms = [{"id": "r", "hours": [{"weekday": 0, "from": "11:00", "to": "12:30"}]}]
    plan = quick_plan(CHRONIC, date(2026, 3, 2), TypicalHours.from_json({**MORNINGS, "rooms": rooms}))
    assert min(each.starts_at.time() for each in plan.dates) >= time(11)


def test_a_plan_reads_back_as_numbers_for_programs():
    """Wall-clock starts beside the zone."""
    data = quick_plan(ACUTE, date(2026, 3, 2)).to_json()
    assert data["timezone"] == "Europe/London"
    assert data["dates"][0]["start"] == "2026-03-02T08:00"
    assert data["estimate"] == estimate(ACUTE).to_json()
