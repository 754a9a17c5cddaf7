"""What Ana does with her personal link."""

import html
import logging
import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, func, select

from planner.services import attendance, moving
from planner.services.patient_plan import free_days
from planner.services.runtime import Actor
from planner.storage.outward import OutboxRow
from planner.storage.people import ClinicRow, PatientRow
from tests.factories import ANA_LINK, make_patient
from tests.web.ana_course import book_ana
from tests.web.test_every_page import check_html

PLAN = f"/p/{ANA_LINK}"


@pytest.fixture
def course(runtime, clinic):
    """Ana's booked course."""
    return book_ana(runtime, clinic)


def words(answer):
    """The page as a person reads it, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def seen_on(page):
    """What the page showed of what would follow, as its form sends it."""
    shown = re.search(r'name="seen" value="([^"]*)"', page.text)
    return shown.group(1) if shown else ""


def act(client, course, number, what, **form):
    """Press a button of a visit, as the page shows it now; follow to the page that comes."""
    path = f"{PLAN}/appointments/{course.appointment(number).id}/{what}"
    if what == "cancel":
        form = {"seen": seen_on(client.get(path)), **form}
    return client.post(path, {"version": course.version(number), **form}, follow_redirects=True)


def first_slot(runtime, clinic, course, number):
    """The first time the page offers for a visit."""
    patient = Actor(clinic_id=clinic.id, name="patient", patient_id=clinic.ana)
    return free_days(runtime, patient, course.appointment(number).id).alone[0].slots[0]


def test_the_next_visit_stands_on_top_with_its_two_buttons(client, course):
    """Day in words, time, with whom, where."""
    answer = client.get(PLAN)
    seen = words(answer)
    assert "Your next visit, tomorrow Tuesday 3 March 08:00" in seen
    assert "with Ben Okafor Room 1" in seen
    assert "Confirm that I will come" in seen
    assert "I can't come" in seen
    assert "Visit 1 of 9 with Ben Okafor" in seen
    assert "Visit 10 with Ben Okafor" in seen, "one of maintenance is not out of anything"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_patient_without_a_course_is_told_what_will_come(client, clinic):
    """An empty page says what to expect."""
    assert "No visit is booked" in words(client.get(PLAN))


def test_the_page_names_no_treatment_in_its_title(client, course):
    """Titles stand in histories and on lock screens."""
    title = re.search(r"<title>(.*?)</title>", client.get(PLAN).text).group(1)
    assert html.unescape(title) == "Your plan – Northside Clinic"


def test_confirming_is_shown_and_keeps_the_date(client, course):
    """The button gives way to the word."""
    answer = act(client, course, 1, "confirm")
    assert "Thank you" in words(answer)
    assert "You said you will come" in words(answer)
    assert course.appointment(1).confirmed_at is not None


def test_who_can_not_come_sees_the_new_date_at_once_and_can_take_it_back(client, course):
    """The session is placed again without anybody's doing, and undone while nothing was sent."""
    before = course.now()
    answer = act(client, course, 3, "cancel")
    seen = words(answer)
    assert "is cancelled. The new date is" in seen
    assert "late" not in seen
    assert course.appointment(3).id != before.sessions[2].current.id
    (undo,) = re.findall(r'action="([^"]+/undo)"', answer.text)
    back = client.post(undo, follow_redirects=True)
    assert "Taken back" in words(back)
    assert [each.current for each in course.now().sessions] == [each.current for each in before.sessions]


def test_cancelling_within_the_notice_time_is_said_to_be_late_before_and_after(client, course, clock):
    """Nobody is surprised by the rule."""
    clock.set(course.appointment(1).starts_at - timedelta(hours=3))
    page = words(client.get(PLAN))
    assert "It is less than 24 hours away: to move it, please call 0131 496 0000" in page
    assert "Choose another time" not in page
    assert "counts as a late cancellation" in words(act(client, course, 1, "cancel"))


@pytest.mark.wide
def test_what_would_follow_is_shown_while_somebody_else_writes(client, runtime, clinic, course):
    """The page only reads: no turn to write is waited for, and none is refused."""
    path = f"{PLAN}/appointments/{course.appointment(3).id}/cancel"
    with runtime.writing(clinic.system):
        page = client.get(path)
    assert page.status_code == 200
    assert "Cancel and take the new date" in words(page)


def test_a_visit_is_moved_to_one_of_the_times_shown(client, runtime, clinic, course):
    """One tap; the others stay."""
    before, slot = course.now(), first_slot(runtime, clinic, course, 3)
    page = client.get(f"{PLAN}/appointments/{course.appointment(3).id}/move")
    value = f"{slot.start.isoformat(timespec='minutes')} {slot.practitioner_id}"
    assert f'value="{value}"' in page.text
    answer = act(client, course, 3, "move", slot=value)
    assert "Your visit is now on" in words(answer)
    after = course.now()
    assert after.sessions[2].current.starts_at == slot.starts_at
    assert [each.current for each in after.sessions if each.position != 2] == [
        each.current for each in before.sessions if each.position != 2
    ]


def test_the_times_of_a_day_are_spread_over_it(runtime, clinic, course):
    """Not only the early ones."""
    patient = Actor(clinic_id=clinic.id, name="patient", patient_id=clinic.ana)
    day = free_days(runtime, patient, course.appointment(3).id).alone[0]
    hours = [slot.start.hour for slot in day.slots]
    assert len(hours) <= 6
    assert hours[0] < 10
    assert hours[-1] >= 16


def test_a_later_day_can_be_asked_for(client, runtime, clinic, course):
    """Where no other visit sets a distance, the link at the end leads on; nonsense in it is no error."""
    for number in (1, 2, *range(4, 13)):
        attendance.cancel(runtime, clinic.rosa.actor, course.appointment(number).id, rebook=False)
    path = f"{PLAN}/appointments/{course.appointment(3).id}/move"
    later = html.unescape(re.search(r'href="([^"]+from=[^"]+)"', client.get(path).text).group(1))
    assert client.get(later).status_code == 200
    assert client.get(f"{path}?from=nonsense").status_code == 200


def test_inside_the_notice_time_the_page_gives_the_phone_number(client, course, clock):
    """And moves nothing."""
    clock.set(course.appointment(1).starts_at - timedelta(hours=3))
    page = client.get(f"{PLAN}/appointments/{course.appointment(1).id}/move")
    assert page.status_code == 200
    assert "Please call the clinic to move it" in words(page)
    answer = act(client, course, 1, "move", slot="2026-03-05T10:00 1")
    assert answer.status_code == 409
    assert course.appointment(1).starts_at == clock.now() + timedelta(hours=3)


def test_a_patient_keeps_the_distance_that_the_plan_wants(client, runtime, clinic, course):
    """Two weeks apart may be a few days more or less; two days after the visit before is for the clinic to decide."""
    patient = replace(clinic.system, name="patient", patient_id=clinic.ana)
    before, here, after = (course.appointment(number).starts_at.date() for number in (6, 7, 8))
    days = [each.day for each in free_days(runtime, patient, course.appointment(7).id).alone]
    gap = course.now().sessions[6].gap
    assert here + timedelta(days=2) in days
    assert all(gap.min <= (day - before).days <= gap.max and gap.min <= (after - day).days <= gap.max for day in days)
    early = f"{before + timedelta(days=3)}T12:00 {clinic.ben.id}"
    answer = act(client, course, 7, "move", slot=early)
    assert answer.status_code == 422
    assert "too near to the visits beside it" in answer.text
    start = datetime.fromisoformat(early.split()[0])
    assert moving.move(runtime, clinic.rosa.actor, course.appointment(7).id, start, clinic.ben.id).revision_id


@pytest.mark.parametrize("slot", ["", "nonsense", "2026-03-05T10:00", "2026-03-05T10:00 x"])
def test_a_move_without_a_time_is_refused_with_the_page(client, course, slot):
    """422, and the times are there again."""
    answer = act(client, course, 3, "move", slot=slot)
    assert answer.status_code == 422
    assert "Choose one of the times" in words(answer)
    assert 'name="slot"' in answer.text


def test_a_time_that_breaks_the_rest_between_visits_is_refused_with_the_reason(client, course, clinic):
    """Whoever types the address by hand learns the rule."""
    near = course.appointment(2).starts_at.replace(tzinfo=None) + timedelta(days=1)
    answer = act(client, course, 3, "move", slot=f"{near.isoformat(timespec='minutes')} {clinic.ben.id}")
    assert answer.status_code == 422
    assert "48 are needed" in words(answer)


def test_a_time_that_somebody_took_meanwhile_is_refused_with_those_that_are_left(client, runtime, clinic, course):
    """409, the present times, nothing changed: Bea has the half-hour after Ana's."""
    with runtime.writing(clinic.system) as unit:
        bea = make_patient(unit, "Bea")
    taken = book_ana(runtime, replace(clinic, ana=bea)).appointment(3).starts_at.replace(tzinfo=None)
    before = course.appointment(3)
    answer = act(client, course, 3, "move", slot=f"{taken.isoformat(timespec='minutes')} {clinic.ben.id}")
    assert answer.status_code == 409
    assert "not free" in words(answer)
    assert 'name="slot"' in answer.text
    assert course.appointment(3) == before


@pytest.mark.parametrize("what", ["confirm", "cancel", "move"])
def test_an_old_form_is_answered_with_the_plan_as_it_is(client, runtime, clinic, course, what):
    """409 and the present state, also for a form without a version."""
    booked, version = course.appointment(3), course.version(3)
    attendance.confirm(runtime, clinic.rosa.actor, booked.id)
    path = f"{PLAN}/appointments/{booked.id}/{what}"
    for form in ({"version": version}, {}):
        answer = client.post(path, {**form, "slot": "2026-03-20T10:00 1"})
        assert answer.status_code == 409
        assert "how it stands now" in words(answer)
        check_html(answer.text, whole=True)


def test_a_visit_that_was_replaced_leads_back_to_the_plan(client, course):
    """The page of last week's e-mail still opens something useful."""
    old = course.appointment(3).id
    act(client, course, 3, "cancel")
    answer = client.get(f"{PLAN}/appointments/{old}/move")
    assert answer.status_code == 409
    assert "Your plan" in words(answer)


def test_another_patients_things_do_not_exist(client, runtime, clinic, other_clinic, course):
    """Whether in this clinic or in another: 404."""
    stranger_link = "bos-personal-link-00000000000000000"
    with runtime.writing(clinic.system) as unit:
        make_patient(unit, "Bo", link=stranger_link)
    revision = course.revisions()[0][0]
    for link in (stranger_link, f"cy-{ANA_LINK}"):
        base = f"/p/{link}"
        booked = course.appointment(2).id
        form = {"version": course.version(2), "slot": "2026-03-20T10:00 1"}
        for what in ("confirm", "cancel", "move"):
            assert client.post(f"{base}/appointments/{booked}/{what}", form).status_code == 404
        assert client.get(f"{base}/appointments/{booked}/move").status_code == 404
        assert client.post(f"{base}/revisions/{revision}/undo").status_code == 404


@pytest.mark.parametrize("after", ["/", ".", ",", ")", "%3E", "%E2%80%9D", "%22).", "%20"])
def test_a_link_copied_with_what_stood_after_it_still_opens_the_plan(client, course, after):
    """Messages end a sentence behind it, or put it in brackets."""
    answer = client.get(PLAN + after, follow_redirects=True)
    assert (answer.status_code, "Your next visit" in answer.text) == (200, True)


@pytest.mark.parametrize("path", ["/p/no-such-link", f"{PLAN}/appointments/4711/move"])
def test_a_link_that_leads_nowhere_says_where_there_is_one_that_works(client, course, path):
    """A patient has no first page to search from."""
    answer = client.get(path)
    assert (answer.status_code, "newest message from your clinic" in answer.text) == (404, True)
    assert "first page" not in answer.text


def test_a_patient_can_not_undo_what_the_clinic_did(client, course):
    """The booking is Rosa's."""
    answer = client.post(f"{PLAN}/revisions/{course.revisions()[0][0]}/undo")
    assert answer.status_code == 409
    assert "please call" in words(answer)


def test_nothing_is_sent_for_what_was_taken_back(client, runtime, clinic, course):
    """One message is owed for the booking, and it waits for its hold time."""
    with runtime.reading(clinic.rosa.actor) as unit:
        owed = unit.session.scalar(select(func.count(OutboxRow.id)))
    answer = act(client, course, 3, "cancel")
    client.post(re.search(r'action="([^"]+/undo)"', answer.text).group(1))
    with runtime.reading(clinic.rosa.actor) as unit:
        due = select(func.count(OutboxRow.id)).where(OutboxRow.status == "due")
        assert unit.session.scalar(due) == owed


def test_past_visits_are_folded_away_and_advice_for_the_first_goes(client, runtime, clinic, clock, course):
    """After the first visit nobody needs to be told what it will be like."""
    assert "Before your first visit" in words(client.get(PLAN))
    first = course.appointment(1)
    clock.set(first.starts_at + timedelta(minutes=1))
    attendance.arrive(runtime, clinic.rosa.actor, first.id)
    attendance.fulfil(runtime, clinic.rosa.actor, first.id)
    clock.set(first.ends_at)
    seen = words(client.get(PLAN))
    assert "1 visit behind you" in seen
    assert "Before your first visit" not in seen
    assert "Being sore for a day or two is normal" in seen


def test_a_session_without_a_date_is_not_hidden(client, runtime, clinic, course, clock):
    """After two misses a person talks to the patient; until then the page says that a date is owed."""
    for number in (1, 1):
        booked = course.appointment(number)
        clock.set(booked.ends_at + timedelta(minutes=40))
        attendance.miss(runtime, clinic.rosa.actor, booked.id)
    assert "1 visit has no date yet" in words(client.get(PLAN))


def test_the_end_of_a_course_is_said_kindly(client, runtime, clinic, course, clock):
    """Not as if nothing had ever been booked."""
    for number in range(1, len(course.now().live) + 1):
        booked = course.appointment(number)
        clock.set(booked.starts_at + timedelta(minutes=1))
        attendance.arrive(runtime, clinic.rosa.actor, booked.id)
        attendance.fulfil(runtime, clinic.rosa.actor, booked.id)
    seen = words(client.get(PLAN))
    assert "No visit ahead" in seen
    assert f"{len(course.now().live)} visits behind you" in seen


def test_a_patient_far_away_reads_their_own_time_with_the_clinics_beside(client, runtime, clinic, course):
    """Ana is in New York; the clinic in Edinburgh."""
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).timezone = "America/New_York"
    seen = words(client.get(PLAN))
    assert "Tuesday 3 March 03:00 08:00 at the clinic" in seen


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland", "Asia/Kolkata"])
def test_every_time_on_every_page_of_a_patient_far_away_has_the_clinics_beside_it(
    client, runtime, clinic, clock, course, zone
):
    """The plan, what is over, the times to choose from, and what is said after a move and a cancellation."""
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).timezone = zone
    form = client.get(f"{PLAN}/appointments/{course.appointment(3).id}/move")
    slot = re.search(r'name="slot" value="([^"]+)"', form.text).group(1)
    assert_both_clocks(form, at_least=6)
    moved = act(client, course, 3, "move", slot=slot)
    assert "Your visit is now on" in words(moved)
    assert_both_clocks(moved)
    cancelled = act(client, course, 4, "cancel")
    assert "The new date is" in words(cancelled)
    assert_both_clocks(cancelled)
    clock.set(course.appointment(1).ends_at + timedelta(minutes=5))
    attendance.fulfil(runtime, clinic.rosa.actor, course.appointment(1).id)
    assert_both_clocks(client.get(PLAN))


def assert_both_clocks(page, at_least=3):
    """The clinic's clock stands within a few words of each time; the clock time of a button's label is said aloud."""
    text = re.sub(r" aria-label=\"[^\"]*\"|<span class=\"visually-hidden\">[^<]*</span>", "", page.text)
    shown = " ".join(re.sub(r"<[^>]+>", " ", text).split())
    # The hours of one visit follow its time at once, so they need no second one.
    shown = re.sub(r"\d\d:\d\d–\d\d:\d\d", "", shown)
    times = re.findall(r"\d\d:\d\d", shown)
    pairs = re.findall(r"\d\d:\d\d \(?(?:\w+ \d+ \w+, )?\d\d:\d\d at the clinic", shown)
    assert len(pairs) >= at_least
    assert len(times) == 2 * len(pairs), shown


def test_names_are_escaped_wherever_they_stand(client, runtime, clinic, course):
    """A name is never markup."""
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).name = "<script>alert(1)</script> & نور"
        unit.session.get(ClinicRow, clinic.id).address = "<b>Quay</b> 1"
    for path in (PLAN, f"{PLAN}/calendar", f"{PLAN}/appointments/{course.appointment(2).id}/move"):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "<b>Quay" not in text


def test_the_plan_needs_a_bounded_number_of_queries(client, runtime, course):
    """However long the course is."""
    # The first look is noted once the answer is out.
    client.get(PLAN)
    seen = []
    event.listen(runtime.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    client.get(PLAN)
    assert len([line for line in seen if line.startswith("SELECT")]) <= 14


def test_the_personal_link_reaches_no_log(client, course, caplog):
    """Only the route does."""
    caplog.set_level(logging.DEBUG)
    client.get(PLAN)
    client.post(f"{PLAN}/calendar")
    assert "/p/<token>" in caplog.text
    assert ANA_LINK not in caplog.text
