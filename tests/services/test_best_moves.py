"""The best other places of a booked visit: each can be taken, and says what it means for the course."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from planner.diary.free import to_wall
from planner.services import attendance, moving
from planner.services.best_moves import best_moves
from tests.web.ana_course import book_ana


def stands(course, number) -> datetime:
    """Where a session stands, in London's wall-clock time."""
    return to_wall(course.appointment(number).starts_at, ZoneInfo("Europe/London"))


def test_the_best_places_are_other_days_and_say_what_they_mean(runtime, clinic):
    """Beside the visits before and after, which stay."""
    course = book_ana(runtime, clinic)
    offers = best_moves(runtime, clinic.rosa.actor, course.appointment(3).id)
    assert len(offers) == 3
    now = stands(course, 3)
    assert all((offer.start, offer.practitioner_id) != (now, clinic.ben.id) for offer in offers)
    assert all("after the last" in offer.says and "later session" not in offer.says for offer in offers)
    assert len({offer.start.date() for offer in offers}) == 3
    assert all(offer.cost.endswith(("points more", "point more", "fewer")) for offer in offers)
    assert not any("agreed visit" in offer.says for offer in offers)


def test_each_of_the_best_places_can_be_taken_with_nothing_else_moving(runtime, clinic):
    """The service that moves finds nothing wrong with them."""
    course = book_ana(runtime, clinic)
    for number in (1, 3, 10):
        for offer in best_moves(runtime, clinic.rosa.actor, course.appointment(number).id):
            others = [course.appointment(other).starts_at for other in range(1, 11) if other != number]
            moving.move(runtime, clinic.rosa.actor, course.appointment(number).id, offer.start, offer.practitioner_id)
            assert [course.appointment(other).starts_at for other in range(1, 11) if other != number] == others
            assert stands(course, number) == offer.start


def test_a_visit_that_is_over_has_no_other_place(runtime, clinic, clock):
    """It was given."""
    course = book_ana(runtime, clinic)
    given = course.appointment(1)
    clock.set(given.starts_at + timedelta(minutes=1))
    attendance.arrive(runtime, clinic.rosa.actor, given.id)
    attendance.fulfil(runtime, clinic.rosa.actor, given.id)
    assert best_moves(runtime, clinic.rosa.actor, given.id) == ()
