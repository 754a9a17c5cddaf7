"""The buttons of a visit: what each does, what it says, the way back, and what happens when it is too late."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from planner.services import attendance, worklists
from tests.web.ana_course import book_ana


@pytest.fixture
def course(runtime, clinic):
    """Ana's ten sessions with Ben."""
    return book_ana(runtime, clinic)


@pytest.fixture
def rosa(browser_of, clinic, course):
    """Rosa's browser."""
    return browser_of(clinic.rosa)


def press(browser, course, event, number=1, **form):
    """Press a session's button as the page has it now; follow to the page after."""
    booked = course.appointment(number)
    values = {"version": course.version(number), **form}
    return browser.post(f"/appointments/{booked.id}/{event}", values, follow_redirects=True)


@pytest.fixture
def after_visit(clock, course, rosa, clinic):
    """Lets time pass to just after a session; Rosa signs in again, since a night has passed."""

    def go(number=1):
        clock.set(course.appointment(number).ends_at + timedelta(minutes=5))
        rosa.sign_in(clinic.rosa)

    return go


def test_arriving_and_being_treated_are_two_buttons(rosa, course, clinic, clock, after_visit):
    """Each says what was done, and shows it."""
    clock.set(course.appointment(1).starts_at - timedelta(minutes=5))
    rosa.sign_in(clinic.rosa)
    assert "Session 1: the patient is here." in press(rosa, course, "arrive").text
    after_visit()
    assert "Session 1 is done." in press(rosa, course, "fulfil").text
    assert course.appointment(1).status == "fulfilled"


def test_a_miss_says_where_the_session_went_and_that_nothing_else_moved(rosa, course, after_visit):
    """In one sentence, with an undo."""
    after_visit()
    page = press(rosa, course, "miss").text
    assert "Session 1 is marked as missed. It was rebooked to Wednesday 4 March, 08:00; nothing else moved." in page
    assert f"/revisions/{course.revisions()[-1][0]}/undo" in page


def test_undoing_a_miss_returns_to_the_page_it_was_made_on(rosa, course, after_visit):
    """The undo button carries the way back, and all is as before."""
    before = course.now()
    after_visit()
    press(rosa, course, "miss", next="/my-day")
    revision = course.revisions()[-1][0]
    answer = rosa.post(f"/revisions/{revision}/undo?next=/account/password")
    assert urlsplit(answer.location).path == "/account/password"
    assert [each.current for each in course.now().sessions] == [each.current for each in before.sessions]


def test_what_was_undone_is_not_undone_twice(rosa, course, after_visit):
    """A second click shows the course as it stands, and why."""
    after_visit()
    press(rosa, course, "miss")
    revision = course.revisions()[-1][0]
    rosa.post(f"/revisions/{revision}/undo")
    answer = rosa.post(f"/revisions/{revision}/undo")
    assert answer.status_code == 409
    assert "This change was undone already." in answer.text
    assert "Nothing was changed." in answer.text


def test_the_way_back_leads_nowhere_else(rosa, course, after_visit):
    """An address of another site is not followed."""
    after_visit()
    booked = course.appointment(1)
    form = {"version": course.version(1), "next": "https://elsewhere.example/"}
    answer = rosa.post(f"/appointments/{booked.id}/fulfil", form)
    assert urlsplit(answer.location).netloc in ("", "localhost")
    assert urlsplit(answer.location).path == f"/courses/{course.id}"


def test_an_old_page_gets_the_course_as_it_stands(rosa, course, runtime, clinic):
    """A colleague confirmed it meanwhile: nothing is done, and the page says so."""
    booked = course.appointment(3)
    old = course.version(3)
    attendance.confirm(runtime, clinic.ben.actor, booked.id)
    answer = rosa.post(f"/appointments/{booked.id}/cancel", {"version": old, "next": "/my-day"})
    assert answer.status_code == 409
    assert "This appointment was changed meanwhile." in answer.text
    assert 'href="/my-day"' in answer.text
    assert course.appointment(3).status == "booked"


def test_a_form_without_a_version_counts_as_old(rosa, course):
    """No page of ours sends one."""
    answer = rosa.post(f"/appointments/{course.appointment(3).id}/cancel")
    assert answer.status_code == 409


def test_a_visit_to_come_can_not_be_missed_yet(rosa, course):
    """The refusal says why, above the course."""
    booked = course.appointment(1)
    answer = rosa.post(f"/appointments/{booked.id}/miss", {"version": course.version(1)})
    assert answer.status_code == 422
    assert "This visit has not begun yet." in answer.text
    assert course.appointment(1) == booked


def test_cancelling_finds_another_date(rosa, course):
    """The session keeps its place in the course."""
    before = course.appointment(3)
    page = press(rosa, course, "cancel", 3, reason="bus strike").text
    assert "Session 3 is cancelled. It was rebooked to" in page
    assert "bus strike" in page
    assert course.appointment(3).starts_at == before.starts_at or course.appointment(3).status == "booked"
    assert course.appointment(3).id != before.id


def test_cancelling_for_good_drops_the_session(rosa, course):
    """No other date is looked for."""
    page = press(rosa, course, "cancel", 3, rebook="no").text
    assert "Session 3 is cancelled. It is not rebooked; nothing else moved." in page
    assert course.now().sessions[2].dropped


def test_confirming_twice_is_said_and_changes_nothing(rosa, course):
    """The second press finds it done."""
    assert "Session 2 is confirmed." in press(rosa, course, "confirm", 2).text
    count = len(course.revisions())
    assert "Already confirmed." in press(rosa, course, "confirm", 2).text
    assert len(course.revisions()) == count


def test_the_second_miss_in_a_row_books_nothing_until_somebody_resumes(rosa, course, after_visit):
    """The page asks to talk to the patient; one button books what is owed."""
    for _ in range(2):
        after_visit()
        page = press(rosa, course, "miss").text
    assert "Nothing is rebooked by itself: talk to the patient first." in page
    assert f"/courses/{course.id}/resume" in page
    assert course.now().automation == "stopped"
    rosa.post(f"/courses/{course.id}/resume")
    assert course.now().automation == "apply"
    assert course.appointment(1).status == "booked"


def test_a_proposed_catch_up_session_is_added_by_one_button(rosa, course, runtime, clinic):
    """The notice stands on the course's page, and goes when it was acted on."""
    with runtime.writing(clinic.system) as unit:
        worklists.open_item(unit, worklists.CATCH_UP, "catch-up", "49 days without treatment.", course.id)
    assert "49 days without treatment." in rosa.get(f"/courses/{course.id}").text
    count = len(course.now().live)
    page = rosa.post(f"/courses/{course.id}/catch-up", {"reason": "as proposed"}, follow_redirects=True).text
    assert "as proposed: 1 added." in page
    assert len(course.now().live) == count + 1
    assert course.notices() == []


def test_a_notice_can_be_taken_off_the_list(rosa, course, runtime, clinic):
    """Somebody has seen to it in another way."""
    with runtime.writing(clinic.system) as unit:
        worklists.open_item(unit, worklists.TELL_PATIENT, "tell", "There is no e-mail address.", course.id)
    item = course.notices()[0]
    page = rosa.post(f"/courses/{course.id}/notices/{item.id}/dismiss", follow_redirects=True).text
    assert "Taken off the worklist." in page
    assert course.notices() == []


def test_a_course_ends_with_a_reason_and_the_click_can_be_taken_back(rosa, course, after_visit):
    """What was given stays, what is ahead is called off; undone, all stands again."""
    after_visit()
    press(rosa, course, "fulfil")
    before = course.now()
    page = rosa.post(f"/courses/{course.id}/end", {"reason": "free of pain"}, follow_redirects=True).text
    assert "Course ended: free of pain: " in page
    after = course.now()
    assert (after.status, len(after.live)) == ("finished", 1)
    assert "Why it ends" not in page
    undone = rosa.post(f"/revisions/{course.revisions()[-1][0]}/undo", follow_redirects=True).text
    assert "Why it ends" in undone
    restored = course.now()
    assert [each.current for each in restored.live] == [each.current for each in before.live]


def test_a_course_is_not_ended_without_a_reason_nor_twice(rosa, course):
    """Said at the field, and as a refusal."""
    nothing = rosa.post(f"/courses/{course.id}/end", {"reason": "  "})
    assert (nothing.status_code, course.now().status) == (422, "active")
    assert 'id="reason-error"' in nothing.text
    rosa.post(f"/courses/{course.id}/end", {"reason": "moved away"})
    again = rosa.post(f"/courses/{course.id}/end", {"reason": "moved away"})
    assert again.status_code == 422
    assert "This course has ended already." in again.text
