"""Moving one visit: the free places of a week as buttons, any other time by hand, and every rule explained."""

import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from planner.diary.free import to_wall
from planner.services import clinic_setup, moving
from tests.factories import make_person, weekly
from tests.web.ana_course import book_ana


@pytest.fixture
def course(runtime, clinic):
    """Ana's ten sessions with Ben."""
    return book_ana(runtime, clinic)


@pytest.fixture
def rosa(browser_of, clinic, course):
    """Rosa's browser."""
    return browser_of(clinic.rosa)


def move(browser, course, number, **form):
    """Send the page's form."""
    address = f"/appointments/{course.appointment(number).id}/move"
    return browser.post(address, {"version": course.version(number), **form})


def places(page):
    """The buttons of the week shown: start and therapist."""
    return re.findall(r'name="slot" value="([^"]+)"', page.partition("week-title")[2])


def test_every_place_offered_is_taken_with_one_click(rosa, course):
    """The visit stands there afterwards, and the page says so with an undo."""
    page = rosa.get(f"/appointments/{course.appointment(3).id}/move").text
    place = places(page)[-1]
    answer = move(rosa, course, 3, slot=place)
    assert answer.status_code == 302
    assert f"{course.appointment(3).starts_at:%Y-%m-%dT%H:%M}" == place.partition("/")[0]
    said = rosa.get(answer.location).text
    assert "Session 3 is moved to" in said
    assert "/undo" in said


def test_the_page_shows_one_week_and_leads_to_the_next(rosa, course):
    """Only places of that week."""
    monday = date(2026, 3, 16)
    page = rosa.get(f"/appointments/{course.appointment(3).id}/move?week=2026-03-18").text
    days = {date.fromisoformat(place[:10]) for place in places(page)}
    assert days
    assert all(monday <= day < monday + timedelta(days=7) for day in days)
    assert "week=2026-03-23" in page
    assert "week=2026-03-09" in page


def test_the_best_places_for_the_course_come_first_and_say_what_they_mean(rosa, course):
    """Whatever week is shown; one click takes the best."""
    page = rosa.get(f"/appointments/{course.appointment(3).id}/move?week=2026-06-01").text
    best, _, _ = page.partition("week-title")
    assert "Best for the course" in best
    assert "days after the last" in best
    assert len(re.findall(r"\((?:no|\d+) points? (?:more|fewer)\)", best)) == 3
    offered = re.findall(r'name="slot" value="([^"]+)"', best)
    assert len(offered) == 3
    assert move(rosa, course, 3, slot=offered[0]).status_code == 302
    assert f"{course.appointment(3).starts_at:%Y-%m-%dT%H:%M}" == offered[0].partition("/")[0]


def test_a_week_without_a_place_says_what_a_place_needs(rosa, course):
    """Beyond the next session nothing is legal."""
    page = rosa.get(f"/appointments/{course.appointment(2).id}/move?week=2026-06-01").text
    assert "Nothing is free in this week" in page
    assert "48 hours" in page


def test_nonsense_in_the_address_shows_the_usual_week(rosa, course):
    """A link somebody cut short."""
    assert places(rosa.get(f"/appointments/{course.appointment(3).id}/move?week=soon").text)


def test_any_other_time_is_taken_if_it_breaks_no_rule(rosa, clinic, course):
    """Typed by hand, to the quarter of an hour."""
    answer = move(rosa, course, 3, day="2026-03-18", time="10:15", practitioner=clinic.ben.id)
    assert answer.status_code == 302
    assert f"{course.appointment(3).starts_at:%d %H:%M}" == "18 10:15"


def test_a_broken_rule_is_explained_at_the_field_and_the_typing_kept(rosa, clinic, course):
    """26 hours after the session before: 48 are needed."""
    before = course.appointment(2).starts_at
    day = to_wall(before, before.tzinfo).date() + timedelta(days=1)
    answer = move(rosa, course, 3, day=day.isoformat(), time="10:00", practitioner=clinic.ben.id)
    assert answer.status_code == 422
    assert "48 are needed" in answer.text
    assert 'id="time-error"' in answer.text
    assert f'value="{day.isoformat()}"' in answer.text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"day": "tomorrow", "time": "10:00", "practitioner": "1"}, "day"),
        ({"day": "2026-03-18", "time": "ten", "practitioner": "1"}, "time"),
        ({"day": "2026-03-18", "time": "10:00+02:00", "practitioner": "1"}, "time"),
        ({"day": "2026-03-18", "time": "10:00", "practitioner": "Ben"}, "practitioner"),
        ({"slot": "nonsense"}, "day"),
    ],
)
def test_what_can_not_be_read_is_said_at_its_field(typed, field, rosa, course):
    """And nothing moves."""
    booked = course.appointment(3)
    answer = move(rosa, course, 3, **typed)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert course.appointment(3) == booked


def test_a_time_that_is_not_free_is_refused_with_what_is_free(rosa, clinic, course):
    """409; the places of the week stand beside it."""
    answer = move(rosa, course, 3, day="2026-03-18", time="06:00", practitioner=clinic.ben.id, week="2026-03-16")
    assert answer.status_code == 409
    assert "On that day Ben Okafor is free only 08:00–18:00." in answer.text
    assert places(answer.text)


@pytest.mark.parametrize(
    ("day", "time", "says"),
    [
        ("2026-03-18", "11:00", "Ben Okafor is free then, but no room is."),
        ("2026-03-18", "14:07", "Times go in steps of 15 minutes."),
        ("2026-03-21", "14:00", "On that day Ben Okafor is not free at all (hours, leave or bookings)."),
    ],
)
def test_what_is_in_the_way_of_a_time_is_named(day, time, says, rosa, clinic, course, runtime):
    """Hours, room or grid; the rooms open at noon."""
    with runtime.writing(clinic.system) as unit:
        for room in clinic.rooms:
            clinic_setup.set_room_hours(unit, room, weekly("12:00", "20:00"))
    answer = move(rosa, course, 3, day=day, time=time, practitioner=clinic.ben.id)
    assert answer.status_code == 409
    assert says in answer.text


def test_a_place_where_the_visit_stands_and_a_therapist_who_is_none_are_named(rosa, clinic, course):
    """Neither is a matter of the diary."""
    here = f"{to_wall(course.appointment(3).starts_at, ZoneInfo('Europe/London')):%Y-%m-%dT%H:%M}"
    assert "stands there already" in move(rosa, course, 3, slot=f"{here}/{clinic.ben.id}").text
    assert "does not work here" in move(rosa, course, 3, slot="2026-03-18T10:00/77").text


def test_an_old_page_gets_the_course_as_it_stands(rosa, course, runtime, clinic):
    """A colleague moved it meanwhile."""
    booked, old = course.appointment(3), course.version(3)
    slot = moving.legal_slots(runtime, clinic.ben.actor, booked.id)[0]
    moving.move(runtime, clinic.ben.actor, booked.id, slot.start, slot.practitioner_id)
    answer = rosa.post(f"/appointments/{booked.id}/move", {"version": old, "slot": "2026-03-18T10:00/1"})
    assert answer.status_code == 409
    assert "This appointment was changed meanwhile." in answer.text


def test_a_visit_that_is_over_has_nowhere_to_go(rosa, clinic, course, clock):
    """The course is shown, and why."""
    clock.set(course.appointment(1).ends_at)
    rosa.sign_in(clinic.rosa)
    answer = rosa.get(f"/appointments/{course.appointment(1).id}/move")
    assert answer.status_code == 409
    assert "not ahead any more" in answer.text


def test_a_colleague_of_the_wished_therapist_is_offered_on_request(rosa, course, runtime, clinic):
    """Each therapist's places under their name."""
    with runtime.writing(clinic.system) as unit:
        cleo = make_person(unit, "Cleo Marsh", "cleo@example.org", "therapist", treats=True)
        clinic_setup.set_practitioner_hours(unit, cleo.id, weekly())
    address = f"/appointments/{course.appointment(3).id}/move"
    assert f"/{cleo.id}" not in "".join(places(rosa.get(address).text))
    everybody = rosa.get(f"{address}?all=yes").text
    place = next(each for each in places(everybody) if each.endswith(f"/{cleo.id}"))
    answer = move(rosa, course, 3, slot=place)
    assert "with Cleo Marsh" in rosa.get(answer.location).text
