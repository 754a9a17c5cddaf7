"""The owner's pages: what is set, refused at its field with what was typed, and stale forms answered with what is."""

import re
from dataclasses import replace
from datetime import date

import pytest

from planner.app import create_app
from planner.errors import InvalidInput
from planner.notify.outtray import OuttrayMailer
from planner.services import clinic_place, evidence_edit, policies, services_offered, staff_desk
from planner.services.clinic_setup import POLICY_LIMITS, automation_level
from planner.storage.people import RoomRow, StaffRow
from tests.factories import PASSWORD
from tests.web.ana_course import book_ana
from tests.web.browser_without_screen import Browser

POLICIES = {
    "notice_hours": "48", "grace_minutes": "20", "hold_minutes": "10", "reminder_hours": "48", "horizon_days": "90",
    "keep_cancelled_days": "7", "offer_hours": "6", "displacing": "unconfirmed", "automation_miss": "propose",
    "automation_cancel": "off", "automation_leave": "apply", "automation_backfill": "propose",
}  # fmt: skip
NEW = {
    "name": "Di Marsh",
    "email": "di@example.org",
    "role": "therapist",
    "treats": "1",
    "language": "",
    "password": PASSWORD,
}
SERVICE = {"name": "Dry needling", "protocol": "", "first_minutes": "60", "visit_minutes": "45", "fee": ""}


@pytest.fixture
def mo(browser_of, clinic):
    """The manager's browser."""
    return browser_of(clinic.mo)


def seen(page):
    """What the form of a page carries along."""
    return re.search(r'name="seen" value="([^"]+)"', page)[1]


def test_all_policies_are_kept_together(mo, runtime, clinic):
    """And shown when the page is opened again, each with what follows."""
    carried = seen(mo.get("/settings/policies").text)
    page = mo.post("/settings/policies", {**POLICIES, "seen": carried}, follow_redirects=True).text
    assert "It holds from the next change on" in page
    values = policies.policy_desk(runtime, clinic.mo.actor).values
    assert values.numbers == {name: int(POLICIES[name]) for name in POLICY_LIMITS}
    assert values.displacing == "unconfirmed"
    assert values.levels == {"miss": "propose", "cancel": "off", "leave": "apply", "backfill": "propose"}
    assert "Wednesday 25 March at 10:00 can be moved by the patient until Monday 23 March, 10:00" in page
    with runtime.reading(clinic.system) as unit:
        assert automation_level(unit.clinic, "miss") == "propose"


@pytest.mark.parametrize(("name", "limits"), POLICY_LIMITS.items())
def test_a_number_outside_its_limits_is_refused_at_its_field(mo, runtime, clinic, name, limits):
    """With the limits, what was typed, and nothing kept of the others."""
    carried = seen(mo.get("/settings/policies").text)
    for wrong in (str(limits[1] + 1), "-1", "", "12.5", "many"):
        answer = mo.post("/settings/policies", {**POLICIES, name: wrong, "seen": carried})
        assert answer.status_code == 422
        assert f'id="{name}-error"' in answer.text
        assert f"from {limits[0]} to {limits[1]}" in answer.text
        assert 'value="48"' in answer.text
    assert policies.policy_desk(runtime, clinic.mo.actor).values.displacing == "never"


@pytest.mark.parametrize("name", ["displacing", "automation_miss", "automation_backfill"])
def test_a_choice_that_is_none_is_refused_at_its_field(mo, runtime, clinic, name):
    """And nothing is kept of the rest."""
    carried = seen(mo.get("/settings/policies").text)
    answer = mo.post("/settings/policies", {**POLICIES, name: "sometimes", "seen": carried})
    assert answer.status_code == 422
    assert f'id="{name}-error"' in answer.text
    assert policies.policy_desk(runtime, clinic.mo.actor).values.numbers["notice_hours"] == 24


def test_the_planner_may_offer_free_places_by_itself_where_the_owner_wants_that(mo, runtime, clinic):
    """The page says within which bounds."""
    page = mo.get("/settings/policies").text
    assert "Between 08:00 and 20:00 it is offered by message" in page
    assert "3 at a time" in page
    mo.post("/settings/policies", {**POLICIES, "automation_backfill": "apply", "seen": seen(page)})
    assert policies.policy_desk(runtime, clinic.mo.actor).values.levels["backfill"] == "apply"


def test_what_follows_is_said_while_a_number_is_typed(mo):
    """For one field at a time; nothing while it makes no sense."""
    path = "/settings/policies/follows"
    typing = {"headers": {"HX-Request": "true"}}
    assert "told at 10:30" in mo.get(f"{path}?hold_minutes=30", **typing).text
    assert "at once" in mo.get(f"{path}?hold_minutes=0", **typing).text
    assert mo.get(path).location == "/settings/policies"
    for nonsense in ("", "?hold_minutes=x", "?hold_minutes=99999", "?name=1"):
        assert mo.get(path + nonsense, **typing).text.strip() == ""


def test_every_policy_says_what_follows_at_both_ends_of_its_limits(mo):
    """In whole sentences."""
    for name, limits in POLICY_LIMITS.items():
        for number in limits:
            path = f"/settings/policies/follows?{name}={number}"
            said = mo.get(path, headers={"HX-Request": "true"}).text.strip()
            assert said.endswith("."), (name, number)


def test_with_a_mail_server_a_new_colleague_is_written_to(mo, runtime):
    """And the page says so."""
    assert mo.post("/settings/staff", NEW).location == "/settings/staff"
    page = mo.get("/settings/staff").text
    assert "on its way to di@example.org" in page
    assert "Has not signed in yet" in page


def test_without_one_the_link_is_shown_once_to_hand_over(runtime, config, clinic, tmp_path):
    """The colleague chooses a password with it and comes in."""
    app = create_app(replace(runtime, mailer=OuttrayMailer(tmp_path / "outtray")), config)
    mo, di = Browser(app), Browser(app)
    mo.sign_in(clinic.mo)
    link = re.search(r'id="copy-link" value="http://[^/]+([^"]+)"', mo.post("/settings/staff", NEW).text)[1]
    assert link not in mo.get("/settings/staff").text
    chosen = {"new_password": "words of her own", "repeated": "words of her own"}
    assert di.post(link, chosen).location == "/sign-in"
    assert di.post("/sign-in", {"email": "di@example.org", "password": "words of her own"}).status_code == 302
    assert di.get("/patients").status_code == 200


def test_a_first_password_opens_only_the_page_where_it_is_changed(browser_of, runtime, clinic):
    """The first run still makes them; not for a program either."""
    with runtime.writing(clinic.system) as unit:
        unit.get(StaffRow, clinic.ben.id).password_once = True
    ben = browser_of(clinic.ben)
    for path in ("/patients", "/my-day", "/account/language"):
        assert ben.get(path).location == "/account/password"
    assert ben.post("/patients/new", {"name": "Bo"}).location == "/account/password"
    assert ben.get("/patients", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/account/password"
    chosen = {"current_password": PASSWORD, "new_password": "words of his own", "repeated": "words of his own"}
    assert ben.post("/account/password", chosen).status_code == 302
    assert ben.get("/patients").status_code == 200


def test_a_person_is_changed_let_go_and_taken_back(mo, runtime, clinic):
    """Each with its page; the second form of two is answered with what is now."""
    path = f"/settings/staff/{clinic.rosa.id}"
    carried = seen(mo.get(path).text)
    changed = {
        "name": "Rosa Lind-Berg",
        "email": "rosa@example.org",
        "role": "manager",
        "seen": carried,
        "password": PASSWORD,
    }
    assert mo.post(path, changed).status_code == 302
    assert mo.post(path, {**changed, "name": "Rosa"}).status_code == 409
    assert mo.post(f"{path}/let-go").location == "/settings/staff"
    assert "No longer here" in mo.get("/settings/staff").text
    assert mo.post(f"{path}/link").status_code == 422
    assert 'id="confirm-error"' in mo.post(f"{path}/take-back", {"confirm": "a wrong password"}).text
    assert mo.post(f"{path}/take-back", {"confirm": PASSWORD}).location == "/settings/staff"
    assert mo.post(f"{path}/link").location == "/settings/staff"


def test_what_can_not_be_done_with_a_person_is_said_on_their_page(mo, runtime, clinic):
    """Ben has visits ahead, Mo is oneself."""
    book_ana(runtime, clinic)
    answer = mo.post(f"/settings/staff/{clinic.ben.id}/let-go")
    assert answer.status_code == 422
    assert "visits are still booked with Ben Okafor" in answer.text
    assert mo.post(f"/settings/staff/{clinic.mo.id}/link").status_code == 422
    wrong = mo.post("/settings/staff", {**NEW, "email": "mo@example.org"})
    assert wrong.status_code == 422
    assert 'value="Di Marsh"' in wrong.text


def test_everybody_chooses_their_language(browser_of, runtime, clinic):
    """The pages speak it at once."""
    ben = browser_of(clinic.ben)
    assert ben.post("/account/language", {"language": "de"}).status_code == 302
    assert '<html lang="de"' in ben.get("/account/language").text
    assert ben.post("/account/language", {"language": "xx"}).status_code == 422
    ben.post("/account/language", {"language": ""})
    assert '<html lang="en-GB"' in ben.get("/account/language").text
    assert staff_desk.person(runtime, clinic.mo.actor, clinic.ben.id).details.language is None


def test_the_clinics_facts_are_kept_or_refused_at_their_field(mo, runtime, clinic):
    """Another zone only while nothing is booked."""
    facts = {
        "name": "Nordwind", "address": "Hafen 1", "phone": "030 1", "email": "n@example.org", "country": "DE",
        "subdivision": "BE", "timezone": "Europe/Berlin", "language": "de", "currency": "EUR",
    }  # fmt: skip
    carried = seen(mo.get("/settings/clinic").text)
    for field, wrong in (
        ("name", " "), ("country", "XX"), ("subdivision", "XX"), ("timezone", "Mars"), ("language", "fr"),
        ("currency", "XX"), ("phone", "1\n2"), ("address", "x" * 201),
    ):  # fmt: skip
        answer = mo.post("/settings/clinic", {**facts, field: wrong, "seen": carried})
        assert answer.status_code == 422, field
        assert f'id="{field}-error"' in answer.text
    assert mo.post("/settings/clinic", {**facts, "seen": carried}).status_code == 302
    found, now = clinic_place.facts_of(runtime, clinic.mo.actor)
    assert (found.name, found.timezone, found.currency) == ("Nordwind", "Europe/Berlin", "EUR")
    assert mo.post("/settings/clinic", {**facts, "seen": carried}).status_code == 409
    book_ana(runtime, clinic)
    answer = mo.post("/settings/clinic", {**facts, "timezone": "Europe/Paris", "seen": now})
    assert answer.status_code == 422
    assert 'id="timezone-error"' in answer.text


def test_two_rooms_are_not_called_the_same(mo, runtime, clinic):
    """Their columns and lines could not be told apart; a name that only changes its case is no other room."""
    (first, second) = (each.id for each in clinic_place.rooms(runtime, clinic.mo.actor))
    name = clinic_place.room(runtime, clinic.mo.actor, first).name
    answer = mo.post("/settings/rooms", {"name": name.upper()})
    assert answer.status_code == 422
    assert f"There is a room called {name.upper()} already." in answer.text
    other = clinic_place.room(runtime, clinic.mo.actor, second)
    with pytest.raises(InvalidInput):
        clinic_place.change_room(runtime, clinic.mo.actor, second, name, (), seen=other.seen)
    again = clinic_place.room(runtime, clinic.mo.actor, first)
    clinic_place.change_room(runtime, clinic.mo.actor, first, name.upper(), (), seen=again.seen)
    assert clinic_place.room(runtime, clinic.mo.actor, first).name == name.upper()


def test_rooms_are_added_changed_closed_and_opened_again(mo, runtime, clinic):
    """Visits that stay in a closed room are told of."""
    book_ana(runtime, clinic)
    assert mo.post("/settings/rooms", {"name": "Room 3"}).status_code == 302
    assert mo.post("/settings/rooms", {"name": ""}).status_code == 422
    path = f"/settings/rooms/{clinic.rooms[0]}"
    carried = seen(mo.get(path).text)
    new = {"name": "Blue room", "day_0": "9-12, 13-17", "day_1": "", "seen": carried}
    wrong = mo.post(path, {**new, "day_0": "nine"})
    assert wrong.status_code == 422
    assert 'id="day_0-error"' in wrong.text
    assert mo.post(path, new).status_code == 302
    assert mo.post(path, new).status_code == 409
    found = clinic_place.room(runtime, clinic.mo.actor, clinic.rooms[0])
    assert (found.name, [line.weekday for line in found.hours]) == ("Blue room", [0, 0])
    page = mo.post(f"{path}/close", follow_redirects=True).text
    assert "stay where they are" in page
    assert mo.post(f"{path}/reopen").status_code == 302
    with runtime.reading(clinic.system) as unit:
        assert unit.get(RoomRow, clinic.rooms[0]).active


def test_the_clinic_is_closed_for_some_days_and_opened_again(mo, runtime, clinic):
    """Public holidays stand beside; visits that lie in it are told of."""
    booked = book_ana(runtime, clinic).appointment(1).starts_at.date().isoformat()
    page = mo.post("/settings/closures", {"first_day": booked, "reason": "Works"}, follow_redirects=True).text
    assert "1 visit stays where it is" in page
    assert "1 visit is booked on it" in page
    assert "Good Friday" in page
    again = mo.post("/settings/closures", {"first_day": booked})
    assert again.status_code == 422
    assert 'id="first_day-error"' in again.text
    for form, field in (
        ({"first_day": ""}, "first_day"),
        ({"first_day": "2026-05-04", "last_day": "2026-05-01"}, "last_day"),
        ({"first_day": "2025-12-24"}, "last_day"),
        ({"first_day": "2026-05-04", "reason": "x" * 201}, "reason"),
    ):
        answer = mo.post("/settings/closures", form)
        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.text
    (line,) = clinic_place.closure_desk(runtime, clinic.mo.actor).lines
    assert line.closure.first_day == date.fromisoformat(booked)
    mo.post(f"/settings/closures/{line.id}/remove")
    assert clinic_place.closure_desk(runtime, clinic.mo.actor).lines == ()


def test_services_are_offered_with_lengths_and_fee(mo, runtime, clinic):
    """The fee in the clinic's currency; none without one."""
    answer = mo.post("/settings/services", {**SERVICE, "fee": "55"})
    assert answer.status_code == 422
    assert "Choose the clinic" in answer.text
    with runtime.writing(clinic.system) as unit:
        unit.clinic.currency = "GBP"
    assert "£55.50" in mo.post("/settings/services", {**SERVICE, "fee": "55,5"}, follow_redirects=True).text
    for field, wrong in (
        ("name", ""), ("first_minutes", "4"), ("visit_minutes", "481"), ("fee", "5.555"), ("fee", "-1"),
        ("protocol", "magic"),
    ):  # fmt: skip
        answer = mo.post("/settings/services", {**SERVICE, field: wrong})
        assert answer.status_code == 422, field
        assert f'id="{field}-error"' in answer.text
    (service,) = services_offered.service_desk(runtime, clinic.mo.actor).services
    path = f"/settings/services/{service.id}"
    changed = {**SERVICE, "protocol": "chronic_pain", "visit_minutes": "40", "seen": seen(mo.get(path).text)}
    assert mo.post(path, changed).status_code == 302
    assert mo.post(path, changed).status_code == 409
    with runtime.reading(clinic.system) as unit:
        assert [each.visit_minutes for each in services_offered.offered(unit, "chronic_pain")] == [40]
        assert services_offered.offered(unit, "acute_injury") == ()
    mo.post(f"{path}/offer", {"active": "0"})
    assert "Offered no more" in mo.get("/settings/services").text
    with runtime.reading(clinic.system) as unit:
        assert services_offered.offered(unit, "chronic_pain") == ()


def test_evidence_is_changed_with_a_reason_and_set_back(mo, runtime, clinic):
    """Each fault at its own field; the other way round as well."""
    path = "/settings/evidence/row?row_id=E1"
    new = {"E1.sessions_low": "3", "E1.sessions_high": "6", "E1.weeks_low": "2", "E1.weeks_high": "3"}
    new |= {"E1.says": "", "reason": "Our audit", "seen": seen(mo.get(path).text)}
    for field, wrong in (
        ("E1.sessions_low", "7"), ("E1.sessions_high", "61"), ("E1.weeks_low", "x"), ("reason", " "),
        ("E1.weeks_high", "nan"),
    ):  # fmt: skip
        answer = mo.post(path, {**new, field: wrong})
        assert answer.status_code == 422, field
        assert f'id="{field}-error"' in answer.text
    page = mo.post(path, new, follow_redirects=True).text
    assert "usually takes 3 to 6 sessions" in page
    assert mo.post(path, new).status_code == 409
    page = mo.get(path).text
    assert "Our audit" in page
    assert mo.post(path, {"do": "shipped", "reason": "", "seen": seen(page)}).status_code == 422
    assert mo.post(path, {"do": "shipped", "reason": "A mistake", "seen": seen(page)}).status_code == 302
    assert not evidence_edit.row_desk(runtime, clinic.mo.actor, "E1").row.own
    assert mo.get("/settings/evidence/row?row_id=E999").status_code == 404


def test_a_number_that_another_row_contradicts_is_said_above_the_form(mo):
    """There is no field for it here."""
    path = "/settings/evidence/row?row_id=E25"
    carried = seen(mo.get(path).text)
    answer = mo.post(path, {"E25.rest_hours": "336", "E25.says": "", "reason": "More rest", "seen": carried})
    assert answer.status_code == 422
    assert "the gap is shorter than the rest E25 asks for" in answer.text


def test_letters_are_written_beside_their_preview(mo, runtime, clinic):
    """In a frame that runs nothing, with the words as they are typed."""
    path = "/settings/letters?kind=reminder&language=de"
    page = mo.get(path)
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    words = {"opening": "Willkommen <b>", "closing": "", "seen": seen(page.text)}
    shown = mo.post(path, words, headers={"HX-Request": "true"}).text
    assert "<html" not in shown
    assert "Willkommen &lt;b&gt;" in shown
    frame = re.search(r'<iframe class="paper" src="([^"]+)"', shown)[1].replace("&amp;", "&")
    sample = mo.get(frame)
    assert "Willkommen &lt;b&gt;" in sample.text
    assert sample.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'; form-")
    assert sample.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "Willkommen" not in mo.get(path).text
    assert mo.post(path, {**words, "do": "keep"}).status_code == 302
    assert "Willkommen &lt;b&gt;" in mo.get(path).text
    assert mo.post(path, {**words, "do": "keep"}).status_code == 409
    answer = mo.post(path, {**words, "opening": "x" * 601, "do": "keep"})
    assert answer.status_code == 422
    assert 'id="opening-error"' in answer.text
    assert mo.get("/settings/letters?kind=bill").status_code == 404


def test_the_hub_says_what_is_set_and_what_is_missing(mo, runtime, clinic):
    """In few queries, and with a link for each."""
    page = mo.get("/settings").text
    assert "24 hours’ notice" in page
    assert "Before anybody can be booked" not in page
    staff_desk.take_on(
        runtime, clinic.mo.actor, staff_desk.PersonDetails("Di", "di@example.org", "therapist", True), PASSWORD
    )
    for room in clinic.rooms:
        clinic_place.close_room(runtime, clinic.mo.actor, room)
    page = mo.get("/settings").text
    assert "Di treats, but has no working hours." in page
    assert "Add a room." in page
