"""A freed slot on reception's pages: seen, offered, taken by the first who accepts."""

import html
import re

import pytest

from planner.services import moving
from planner.services.backfill_sweep import look_for_takers
from tests.services.test_backfill import session, slot_at, two
from tests.services.test_newcomers import full

__all__ = ["full", "two"]  # Fixtures: who waits beside a full diary; two courses which a freed slot would help.


@pytest.fixture
def rosa(browser_of, clinic):
    """Rosa's browser."""
    return browser_of(clinic.rosa)


def hidden(page, name):
    """The values of a hidden field, in the order of the page."""
    return re.findall(rf'name="{name}" value="(\d+)"', page)


def test_a_slot_goes_from_the_worklist_over_an_offer_to_a_patient(rosa, runtime, clinic, two):
    """The line says whom to ask; the course moves there and can be put back."""
    _, _, slot = two
    look_for_takers(runtime)
    assert f"/freed-slots/{slot.id}" in rosa.get("/worklists").text
    assert f"/freed-slots/{slot.id}" in rosa.get("/freed-slots").text
    page = rosa.get(f"/freed-slots/{slot.id}").text
    best = int(hidden(page, "course_id")[0])
    page = rosa.post(f"/freed-slots/{slot.id}/offer", {"course_id": best, "hours": 6}, follow_redirects=True).text
    assert "The offer stands for 6 hours" in page
    assert "offered until Mon 2 Mar, 14:00" in page
    (offer,) = hidden(page, "offer_id")[:1]
    page = rosa.post(f"/freed-slots/{slot.id}/accept", {"offer_id": offer}, follow_redirects=True).text
    assert "moved into a slot that became free" in page
    assert "Undo" in page
    assert session(runtime, clinic, best, 3).starts_at == slot.starts_at
    assert "This time is not free" in rosa.get(f"/freed-slots/{slot.id}").text
    assert f"/freed-slots/{slot.id}" not in rosa.get("/worklists").text


def test_who_comes_second_is_told(rosa, runtime, clinic, two):
    """409, with the slot as it is now."""
    first, second, slot = two
    for course in (first, second):
        rosa.post(f"/freed-slots/{slot.id}/offer", {"course_id": course})
    offers = sorted(set(hidden(rosa.get(f"/freed-slots/{slot.id}").text, "offer_id")))
    assert rosa.post(f"/freed-slots/{slot.id}/accept", {"offer_id": offers[0]}).status_code == 302
    answer = rosa.post(f"/freed-slots/{slot.id}/accept", {"offer_id": offers[1]})
    assert answer.status_code == 409
    assert "somebody else was faster" in answer.text


def test_a_declined_offer_leaves_the_slot_to_others(rosa, two):
    """And can be made again."""
    first, _, slot = two
    page = rosa.post(f"/freed-slots/{slot.id}/offer", {"course_id": first}, follow_redirects=True).text
    (offer,) = set(hidden(page, "offer_id"))
    page = rosa.post(f"/freed-slots/{slot.id}/decline", {"offer_id": offer}, follow_redirects=True).text
    assert "Declined" in page
    assert str(first) in hidden(page, "course_id")
    assert rosa.post(f"/freed-slots/{slot.id}/accept", {"offer_id": offer}).status_code == 409


def test_an_offer_to_somebody_whom_it_does_not_help_is_refused(rosa, runtime, clinic, two):
    """422; and 409 when the slot is taken."""
    first, second, slot = two
    assert rosa.post(f"/freed-slots/{slot.id}/offer", {"course_id": 1}).status_code == 422
    late = session(runtime, clinic, second, 3)
    moving.move(runtime, clinic.rosa.actor, late.id, slot.start, slot.practitioner_id)
    assert rosa.post(f"/freed-slots/{slot.id}/offer", {"course_id": first}).status_code == 409


def test_whoever_waits_for_a_course_is_booked_from_the_slot_on(rosa, runtime, clinic, full):
    """By one link: the first session stands fixed in the slot, the others follow, and one button books them."""
    page = rosa.get(f"/freed-slots/{full.slot.id}").text
    assert "Dora Ek" in page
    assert "waits since" in page
    address = html.unescape(re.search(rf'href="(/patients/{full.dora}/book\?[^"]+)"', page)[1])
    answer = rosa.get(address)
    assert answer.status_code == 200
    assert "Fixed by you" in answer.text
    form = {name: html.unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', answer.text)}
    assert form["shown-0"].endswith(full.slot.start.isoformat(timespec="minutes"))
    booked = {name: value for name, value in form.items() if name.startswith(("shown-", "place-"))}
    kept = {name: form[name] for name in ("assessment", "course_id", "with")}
    first_day = full.slot.start.date().isoformat()
    wishes = {
        "practitioner": clinic.ben.id,
        "first_day": first_day,
        "weekdays": ["0", "1", "2", "3", "4"],
        "do": "book",
    }
    rosa.post(f"/patients/{full.dora}/book", {**booked, **kept, **wishes})
    assert session(runtime, clinic, int(form["course_id"]), 1).starts_at == full.slot.starts_at
    assert "This time is not free" in rosa.get(f"/freed-slots/{full.slot.id}").text
    late = rosa.get(address)
    assert "not free any more, or too short" in late.text


def test_a_slot_of_another_clinic_is_not_there(browser_of, runtime, clinic, other_clinic, two):
    """Its number opens nothing."""
    _, _, slot = two
    theirs = browser_of(other_clinic.rosa)
    assert theirs.get(f"/freed-slots/{slot.id}").status_code == 404
    assert theirs.post(f"/freed-slots/{slot.id}/offer", {"course_id": 1}).status_code == 404
    assert str(slot.id) not in theirs.get("/freed-slots").text
    assert slot_at(runtime, clinic, slot)


def place_query(slot):
    """How the diary names a free place."""
    return {"practitioner": slot.practitioner_id, "start": slot.start.isoformat(timespec="minutes")}


def test_a_click_into_the_diary_shows_who_fits_and_an_offer_makes_it_a_slot(rosa, runtime, clinic, two):
    """The clinic's usual hours stand in the field; a refused number stays there."""
    first, _, slot = two
    page = rosa.get("/slots", query_string=place_query(slot)).text
    assert "Free time of Ben Okafor" in page or "Free time of Clara Novak" in page
    assert 'name="hours" type="number" min="1" max="168" value="4"' in page
    form = {**place_query(slot), "course_id": first}
    refused = rosa.post("/slots/offer", {**form, "hours": "1000"})
    assert refused.status_code == 422
    assert "An offer stands for up to 168 hours." in refused.text
    assert 'value="1000"' in refused.text
    page = rosa.post("/slots/offer", {**form, "hours": "2"}, follow_redirects=True).text
    assert "The offer stands for 2 hours" in page
    assert "Takes it" in page


@pytest.mark.parametrize("change", [{"start": "soon"}, {"practitioner": "x"}, {"minutes": "4"}, {"start": ""}])
def test_an_address_that_names_no_place_is_not_found(rosa, two, change):
    """Nobody types it by hand."""
    assert rosa.get("/slots", query_string={**place_query(two[2]), **change}).status_code == 404


def test_somebody_who_waits_is_booked_from_a_free_place_on(rosa, runtime, clinic, full):
    """The first session stands fixed there, though the place has no row."""
    page = rosa.get("/slots", query_string=place_query(full.slot)).text
    address = html.unescape(re.search(rf'href="(/patients/{full.dora}/book\?[^"]+)"', page)[1])
    answer = rosa.get(address)
    assert answer.status_code == 200
    assert "Fixed by you" in answer.text


def test_whoever_waits_is_offered_the_slot_by_message_like_anybody(rosa, runtime, clinic, full):
    """The desk sees what becomes of it, on the page of the slot and on that of all slots."""
    path = f"/freed-slots/{full.slot.id}"
    form = {"assessment_id": full.assessment, "hours": 6}
    page = rosa.post(f"{path}/offer", form, follow_redirects=True).text
    assert "The offer stands for 6 hours" in page
    assert "no answer yet" in page
    (offer,) = set(hidden(page, "offer_id"))
    page = rosa.post(f"{path}/accept", {"offer_id": offer}, follow_redirects=True).text
    assert "Begun in a slot that became free" in page
    assert "Undo" in page
    for where in (path, "/freed-slots"):
        page = rosa.get(where).text
        assert "Dora Ek" in page
        assert "accepted" in page


def test_any_free_place_is_offered_to_whoever_waits(rosa, full):
    """The click into the diary; nonsense is refused."""
    form = {**place_query(full.slot), "assessment_id": full.assessment, "hours": "2"}
    assert rosa.post("/slots/offer", {**form, "assessment_id": "12345"}).status_code == 422
    assert rosa.post("/slots/offer", {**form, "assessment_id": "x"}).status_code == 422
    page = rosa.post("/slots/offer", form, follow_redirects=True).text
    assert "Takes it" in page
