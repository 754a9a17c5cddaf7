"""The diary's pages: what they show, what a drag is answered, and when anything changed since they were shown."""

import json
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from planner.services import clinic_setup, moving
from planner.storage.opening import ClosureRow, LeaveRow
from tests.factories import NOW, make_person, weekly
from tests.web.ana_course import book_ana
from tests.web.examples import block_bens_time

LONDON = ZoneInfo("Europe/London")
NUMBER = 3


def wall(instant):
    """On the clinic's wall clock."""
    return instant.astimezone(LONDON).replace(tzinfo=None)


@pytest.fixture
def course(runtime, clinic):
    """Ana's ten sessions with Ben."""
    return book_ana(runtime, clinic)


@pytest.fixture
def rosa(browser_of, clinic, course):
    """Rosa's browser."""
    return browser_of(clinic.rosa)


@pytest.fixture
def visit(course):
    """Ana's third session as it is booked at first."""
    return course.appointment(NUMBER)


def drag(browser, course, visit, at, whom, **form):
    """What the script sends when a card is dropped."""
    sent = {"start": f"{at:%Y-%m-%dT%H:%M}", "practitioner": whom, "version": course.version(NUMBER), **form}
    return browser.post(f"/diary/visits/{visit.id}/move", sent, headers={"Accept": "application/json"})


def test_a_day_shows_every_therapist_with_what_is_booked_free_and_off(rosa, runtime, clinic, course, visit):
    """Leave has its word, the free time between has its hours, and the visit all that one must know of it."""
    day = wall(visit.starts_at).date()
    with runtime.writing(clinic.system) as unit:
        start = datetime.combine(day, datetime.min.time())
        unit.session.add(
            LeaveRow(
                practitioner_id=clinic.ben.id,
                starts=start.replace(hour=15),
                ends=start.replace(hour=18),
                recorded_at=NOW,
            )
        )
    page = rosa.get(f"/diary?day={day}").text
    assert f'data-visit="{visit.id}"' in page
    assert "Ana Silva" in page
    assert f"{NUMBER}/" in page
    assert "Booked" in page
    assert "On leave" in page
    assert "Free" in page
    assert json.loads(page.partition("data-off=\"")[2].partition('"')[0].replace("&#34;", '"'))[-1] == [
        "18:00", "24:00", "hours",
    ]  # fmt: skip


def test_a_closed_day_and_a_private_engagement_are_seen(rosa, runtime, clinic, course, visit):
    """Closed for all; busy by Ben's own calendar without a word of what it is."""
    day = wall(visit.starts_at).date()
    with runtime.writing(clinic.system) as unit:
        unit.session.add(ClosureRow(first_day=day, last_day=day, reason="Painting"))
    assert "Closed" in rosa.get(f"/diary?day={day}").text


def test_a_week_by_room_has_the_rooms_as_columns_and_names_the_therapist(rosa, clinic, visit):
    """Monday to Sunday; the day and the side are kept by the links beside."""
    day = wall(visit.starts_at).date()
    page = rosa.get(f"/diary?day={day}&span=week&by=room").text
    assert page.count('data-day="') == 7
    for room in clinic.rooms:
        assert f'data-column="{room}"' in page
    assert "Ben Okafor" in page
    later = day + timedelta(days=7 - day.weekday())
    assert f"day={later}&amp;span=week&amp;by=room" in page


@pytest.mark.parametrize(
    "query", ["day=soon", "day=9999-12-31", "day=0001-01-01", "only=7", "only=x", "by=patient&span=year"]
)
def test_nonsense_in_the_address_shows_today(query, rosa):
    """A link somebody cut short."""
    page = rosa.get(f"/diary?{query}")
    assert page.status_code == 200
    assert 'data-day="2026-03-02"' in page.text


def test_a_column_alone_is_shown_on_request(rosa, runtime, clinic):
    """The others are left out."""
    with runtime.writing(clinic.system) as unit:
        cleo = make_person(unit, "Cleo Marsh", "cleo@example.org", "therapist", treats=True).id
        clinic_setup.set_practitioner_hours(unit, cleo, weekly())
    page = rosa.get(f"/diary?only={cleo}").text
    assert f'data-column="{cleo}"' in page
    assert f'data-column="{clinic.ben.id}"' not in page


def test_the_script_is_given_only_the_part_that_changes(rosa):
    """No head, no bar."""
    part = rosa.get("/diary", headers={"X-Part": "days"}).text
    assert "data-tag" in part
    assert "<html" not in part


def test_the_menu_offers_what_may_be_done_and_leads_back(rosa, visit):
    """As a part for the script and as a page without it."""
    address = f"/diary/visits/{visit.id}?next=/diary%3Fspan%3Dweek"
    part = rosa.get(address, headers={"X-Part": "menu"}).text
    assert "<html" not in part
    for page in (part, rosa.get(address).text):
        assert f"/appointments/{visit.id}/move?next=/diary?span%3Dweek" in page
        assert "Confirmed by phone" in page
        assert "Cancel, find another date" in page
        assert 'name="next" value="/diary?span=week"' in page


def test_the_places_of_a_week_come_as_runs_of_numbers(rosa, clinic, visit):
    """Nought is midnight of the first day; each sentence stands once."""
    monday = wall(visit.starts_at).date() - timedelta(days=wall(visit.starts_at).weekday())
    found = rosa.get(f"/diary/visits/{visit.id}/places?first={monday}&days=7").json
    assert set(found["columns"]) == {str(clinic.ben.id)}
    assert (found["grid"], found["practitioner"]) == (15, str(clinic.ben.id))
    night = found["columns"][str(clinic.ben.id)][0]
    assert night[:2] == [0, 31]
    assert "free only 08:00–18:00" in found["words"][night[2]]
    assert len(set(found["words"])) == len(found["words"])
    assert max(last for _, last, _ in found["everywhere"] + found["columns"][str(clinic.ben.id)]) < 7 * 96


@pytest.mark.parametrize(
    "query", ["first=soon&days=7", "first=2026-03-09&days=8", "first=2026-03-09&days=7&minutes=999"]
)
def test_places_of_no_days_are_refused(query, rosa, visit):
    """422 in words a program reads."""
    answer = rosa.get(f"/diary/visits/{visit.id}/places?{query}", headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert answer.json["error"]


def test_a_drop_moves_the_visit_and_offers_to_undo(rosa, clinic, course, visit):
    """The news come as they stand on the page."""
    start = wall(visit.starts_at) + timedelta(hours=1)
    answer = drag(rosa, course, visit, start, clinic.ben.id, next="/diary?span=week")
    assert answer.status_code == 200
    assert answer.json["says"].startswith(f"Session {NUMBER} is moved to")
    assert "/undo?next=/diary?span%3Dweek" in answer.json["told"]
    assert wall(course.appointment(NUMBER).starts_at) == start


def test_another_room_or_length_is_said_in_its_own_words(rosa, clinic, course, visit):
    """The time stays, so nothing is said of a move."""
    start = wall(visit.starts_at)
    other = next(room for room in clinic.rooms if room != visit.room_id)
    answer = drag(rosa, course, visit, start, clinic.ben.id, room=other)
    assert answer.json["says"] == f"Session {NUMBER} is now in another room."
    answer = drag(rosa, course, visit, start, clinic.ben.id, minutes=90)
    assert answer.json["says"] == f"Session {NUMBER} now takes 90 minutes."
    answer = drag(rosa, course, visit, start + timedelta(hours=1), clinic.ben.id, minutes=60)
    assert answer.json["says"].startswith(f"Session {NUMBER} is moved to")
    assert answer.json["says"].endswith(f"Session {NUMBER} now takes 60 minutes.")


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"start": "2026-03-01T10:00"}, 422, "passed"),
        ({"start": "soon"}, 422, "Write the time"),
        ({"start": "2026-03-18T10:00+02:00"}, 422, "Write the time"),
        ({"practitioner": "Ben"}, 422, "Choose a therapist."),
        ({"room": "nowhere"}, 422, "Choose a room."),
        ({"room": "77"}, 409, "There is no such room."),
        ({"minutes": "long"}, 422, "Write the length"),
        ({"minutes": "3"}, 422, "5 to 480 minutes"),
        ({"version": "-1"}, 409, "changed meanwhile"),
    ],
)
def test_a_drop_that_can_not_be_is_refused_and_nothing_moves(change, status, says, rosa, clinic, course, visit):
    """In the words of the move form."""
    answer = drag(rosa, course, visit, wall(visit.starts_at) + timedelta(hours=1), clinic.ben.id, **change)
    assert answer.status_code == status
    assert says in answer.json["error"]
    assert course.appointment(NUMBER) == visit


def press(browser, visit, version, event, **form):
    """What the script sends when a button of the menu is pressed."""
    values = {"version": version, "next": "/diary?span=week", **form}
    return browser.post(f"/appointments/{visit.id}/{event}", values, headers={"Accept": "application/json"})


def test_a_button_of_the_menu_answers_the_script_with_the_news_and_its_undo(rosa, course, visit):
    """The page stays; what happened comes in words and as it is shown, and may be taken back in the same way."""
    answer = press(rosa, visit, course.version(NUMBER), "cancel", rebook="no")
    assert answer.status_code == 200
    assert answer.json["says"].startswith(f"Session {NUMBER} is cancelled.")
    assert answer.json["says"] in answer.json["told"]
    revision = course.revisions()[-1][0]
    assert f"/revisions/{revision}/undo?next=/diary?span%3Dweek" in answer.json["told"]
    back = rosa.post(f"/revisions/{revision}/undo", headers={"Accept": "application/json"})
    assert back.json["says"] == "Undone: everything is as it was before."
    assert course.appointment(NUMBER) == visit


def test_a_button_that_changes_nothing_says_so_in_place(rosa, course, visit):
    """A second press finds it done; that is no success and no refusal."""
    assert press(rosa, visit, course.version(NUMBER), "confirm").json["says"] == f"Session {NUMBER} is confirmed."
    answer = press(rosa, visit, course.version(NUMBER), "confirm")
    assert answer.json["says"] == "Already confirmed."
    assert "flash-accent" in answer.json["told"]


def test_a_refused_button_tells_the_script_why_and_a_form_with_the_course(rosa, course, visit):
    """In the same words; without the script they stand above the course as it is."""
    stale = press(rosa, visit, course.version(NUMBER) - 1, "confirm")
    assert stale.status_code == 409
    assert stale.json["error"] == "This appointment was changed meanwhile. Here is how it stands now."
    early = press(rosa, visit, course.version(NUMBER), "miss")
    assert (early.status_code, early.json["error"]) == (422, "This visit has not begun yet.")
    page = rosa.post(f"/appointments/{visit.id}/miss", {"version": course.version(NUMBER)})
    assert page.status_code == 422
    assert "This visit has not begun yet." in page.text
    assert "<html" in page.text
    assert course.appointment(NUMBER) == visit


def test_what_can_not_be_undone_any_more_is_told_in_place(rosa, course, visit):
    """A second press of Undo."""
    press(rosa, visit, course.version(NUMBER), "confirm")
    undo = f"/revisions/{course.revisions()[-1][0]}/undo"
    rosa.post(undo, headers={"Accept": "application/json"})
    answer = rosa.post(undo, headers={"Accept": "application/json"})
    assert answer.status_code == 409
    assert "This change was undone already." in answer.json["error"]


def test_a_therapist_who_has_treated_is_led_on_to_what_was_measured(browser_of, clinic, clock, course, visit):
    """By a link beside the news where the page stays, at once where it does not."""
    clock.set(visit.ends_at)
    ben = browser_of(clinic.ben)
    told = press(ben, visit, course.version(NUMBER), "fulfil").json["told"]
    assert "What was measured" in told
    assert f"/courses/{course.id}/measure" in told
    ben.post(f"/revisions/{course.revisions()[-1][0]}/undo")
    page = ben.post(f"/appointments/{visit.id}/fulfil", {"version": course.version(NUMBER)})
    assert page.status_code == 302
    assert page.location.startswith(f"/courses/{course.id}/measure")


def test_free_places_are_given_to_the_script_where_somebody_can_be_booked(rosa, clinic, visit):
    """By therapist; a room alone treats nobody."""
    day = wall(visit.starts_at).date()
    page = rosa.get(f"/diary?day={day}").text
    assert f'class="diary-free" data-column="{clinic.ben.id}" data-start="{day}T' in page
    rooms = rosa.get(f"/diary?day={day}&by=room").text
    assert '<li class="diary-free">' in rooms


def tag(browser):
    """The tag of the diary as a page has it."""
    return browser.get("/diary", headers={"X-Part": "days"}).text.partition('data-tag="')[2].partition('"')[0]


def test_the_state_is_another_one_as_soon_as_anything_changed(rosa, runtime, clinic, course, visit, clock):
    """A move, leave, hours, a calendar of one's own; and nothing comes while nothing did."""

    def unchanged(shown):
        return rosa.get("/diary/state", headers={"If-None-Match": f'"{shown}"'}).status_code == 304

    def move():
        slot = moving.legal_slots(runtime, clinic.ben.actor, visit.id)[0]
        moving.move(runtime, clinic.ben.actor, visit.id, slot.start, slot.practitioner_id)

    def go_away():
        with runtime.writing(clinic.system) as unit:
            unit.session.add(
                LeaveRow(
                    practitioner_id=clinic.ben.id, starts=datetime(2026, 5, 1, 9), ends=datetime(2026, 5, 1, 10),
                    recorded_at=unit.now,
                )
            )  # fmt: skip

    def close():
        with runtime.writing(clinic.system) as unit:
            unit.session.add(ClosureRow(first_day=date(2026, 5, 4), last_day=date(2026, 5, 4)))

    for change in (move, go_away, close, lambda: block_bens_time(runtime, clinic)):
        shown = tag(rosa)
        assert unchanged(shown)
        change()
        assert not unchanged(shown), change
    shown = tag(rosa)
    clock.advance(minutes=16)
    assert not unchanged(shown)


def queries(runtime, run):
    """How many statements it takes."""
    seen = []
    listener = lambda *facts: seen.append(facts[2])  # noqa: E731
    event.listen(runtime.database.engine, "before_cursor_execute", listener)
    run()
    event.remove(runtime.database.engine, "before_cursor_execute", listener)
    return len([each for each in seen if each.lstrip().upper().startswith(("SELECT", "WITH"))])


@pytest.mark.parametrize("by", ["therapist", "room"])
def test_a_diary_takes_a_bounded_number_of_queries(by, rosa, runtime, visit):
    """However much is in it: who asks, the clinic, and eight for the diary."""
    address = f"/diary?day={wall(visit.starts_at):%Y-%m-%d}&span=week&by={by}"
    rosa.get(address)
    assert queries(runtime, lambda: rosa.get(address)) <= 14


def test_reception_alone_is_led_from_free_time_to_a_booking(rosa, browser_of, clinic):
    """Whoever may open the page of patients."""
    assert "data-book=" in rosa.get("/diary").text
