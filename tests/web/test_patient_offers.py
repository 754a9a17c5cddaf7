"""A time that became free, as patients hear of it: a message with their link, Accept or No thanks, the first has it."""

import html
import re
import threading

import pytest
from sqlalchemy import select

from planner.services import backfill, moving
from planner.services.backfill import Waits
from planner.services.messages import send_outbox
from planner.services.patients import personal_link
from planner.storage.courses import AppointmentRow, CourseRow
from planner.storage.outward import OutboxRow
from planner.storage.people import PatientRow
from tests.services.test_backfill import session, two
from tests.services.test_newcomers import assess, full
from tests.web.browser_without_screen import Browser

__all__ = ["full", "two"]  # Fixtures: who waits beside a full diary; two courses which a freed slot would help.


def words(answer):
    """The page as a person reads it, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


@pytest.fixture
def offered(runtime, clinic, two):
    """The slot offered to both: (path of the patient's page, offer, course) of each."""
    first, second, slot = two
    found = []
    for course in (first, second):
        offer = backfill.offer(runtime, clinic.rosa.actor, slot.id, course)
        with runtime.writing(clinic.system) as unit:
            link = personal_link(runtime, unit, unit.get(CourseRow, course).patient_id)
        found.append((link[link.index("/p/") :], offer, course))
    return found, slot


def offer_mails(runtime, mailer):
    """The messages about free times that go out now."""
    before = len(mailer.sent)
    send_outbox(runtime)
    return [each for each in mailer.sent[before:] if "earlier time" in each.subject]


def test_an_offer_goes_out_at_once_with_the_link_and_its_time_limit(runtime, mailer, offered):
    """Neutral words: nothing tells a stranger what the appointment is for."""
    mails = offer_mails(runtime, mailer)
    assert len(mails) == 2
    text = mails[0].text
    assert "You can take it until Monday 2 March 2026, 12:00" in text
    assert "the first to take it has it" in text
    assert not re.search("needl|physio|treat|pain|therap", text, re.IGNORECASE)


def test_the_link_in_the_message_takes_the_offer_and_opens_little_else(runtime, mailer, client, clock, offered):
    """No calendar, no wishes; two days after the offer it opens nothing."""
    (_, offer, _), _ = offered[0]
    path = re.search(r"/p/\S+", offer_mails(runtime, mailer)[0].text)[0]
    page = client.get(path).text
    assert f"{path}/offers/{offer}/accept" in page
    assert f"{path}/calendar" not in page
    assert client.get(f"{path}/wishes").status_code == 403
    assert "It is yours." in words(client.post(f"{path}/offers/{offer}/accept", follow_redirects=True))
    clock.advance(days=3)
    assert client.get(path).status_code == 404


def test_an_offer_that_has_ended_is_not_sent(runtime, clinic, mailer, clock, offered):
    """Declined at the desk, or past its time, before the message went out."""
    (_, first, _), _ = offered[0]
    backfill.decline(runtime, clinic.rosa.actor, first)
    assert len(offer_mails(runtime, mailer)) == 1
    with runtime.reading(clinic.rosa.actor) as unit:
        rows = unit.session.scalars(select(OutboxRow).where(OutboxRow.kind == "slot_offered"))
        assert sorted(row.status for row in rows) == ["sent", "skipped"]


def test_whoever_has_no_address_is_called(runtime, clinic, mailer, two):
    """The worklist says so, and the slot's page too."""
    first, _, slot = two
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, unit.get(CourseRow, first).patient_id).email = ""
    taker = next(
        each for each in backfill.who_fits(runtime, clinic.rosa.actor, slot.id).takers if each.course_id == first
    )
    assert not taker.has_email
    backfill.offer(runtime, clinic.rosa.actor, slot.id, first)
    assert offer_mails(runtime, mailer) == []


def test_an_offer_made_again_is_sent_once_while_it_waits(runtime, clinic, mailer, offered):
    """Prolonged before the message went out, it tells the new limit."""
    found, slot = offered
    backfill.offer(runtime, clinic.rosa.actor, slot.id, found[0][2], hours=6)
    mails = offer_mails(runtime, mailer)
    assert len(mails) == 2
    assert "14:00" in mails[0].text


def test_the_page_shows_the_offer_and_accepting_moves_the_visit(runtime, clinic, client, offered):
    """When, instead of what, until when; then the new date and a way back."""
    ((link, offer, course), _), slot = offered
    page = words(client.get(link))
    assert "An earlier time is free" in page
    assert "You can take it until Mon 2 Mar, 12:00" in page
    answer = client.post(f"{link}/offers/{offer}/accept", follow_redirects=True)
    assert "It is yours." in words(answer)
    assert "Take it back" in words(answer)
    assert "An earlier time is free" not in words(answer)
    assert session(runtime, clinic, course, 3).starts_at == slot.starts_at


def test_the_others_see_that_it_is_already_taken(runtime, clinic, client, offered):
    """On their page, and as the answer to a late press."""
    (one, two_), _ = offered
    client.post(f"{one[0]}/offers/{one[1]}/accept")
    assert "Already taken:" in words(client.get(two_[0]))
    late = client.post(f"{two_[0]}/offers/{two_[1]}/accept")
    assert late.status_code == 409
    assert "already taken" in words(late)


def test_a_slot_given_away_by_hand_is_shown_as_taken(runtime, clinic, client, offered):
    """Reception puts somebody there; the offer was not told."""
    (one, two_), slot = offered
    moving.move(runtime, clinic.rosa.actor, session(runtime, clinic, one[2], 3).id, slot.start, slot.practitioner_id)
    assert "Already taken:" in words(client.get(two_[0]))


def test_no_thanks_leaves_everything_as_it_is(runtime, clinic, client, offered):
    """The others may still take it."""
    (one, two_), _ = offered
    before = session(runtime, clinic, one[2], 3)
    page = words(client.post(f"{one[0]}/offers/{one[1]}/decline", follow_redirects=True))
    assert "Your dates stay as they are." in page
    assert "An earlier time" not in page
    assert session(runtime, clinic, one[2], 3) == before
    assert client.post(f"{one[0]}/offers/{one[1]}/accept").status_code == 409
    assert client.post(f"{two_[0]}/offers/{two_[1]}/accept").status_code == 302


def test_an_offer_past_its_time_is_gone_from_the_page(client, clock, offered):
    """And can't be accepted."""
    (one, _), _ = offered
    clock.advance(hours=4)
    assert "An earlier time" not in words(client.get(one[0]))
    assert client.post(f"{one[0]}/offers/{one[1]}/accept").status_code == 409


def test_nobody_answers_for_somebody_else(client, offered):
    """Another patient's offer is not found."""
    (one, two_), _ = offered
    for what in ("accept", "decline"):
        assert client.post(f"{one[0]}/offers/{two_[1]}/{what}").status_code == 404


def test_of_two_who_press_at_one_moment_one_has_it(runtime, clinic, app, offered):
    """Each in a browser of their own; the diary has one visit there, and the other reads that it is taken."""
    found, slot = offered
    together, answers = threading.Barrier(2), {}

    def press(link, offer):
        browser = Browser(app)
        browser.get(link)
        together.wait(60)
        answers[offer] = browser.post(f"{link}/offers/{offer}/accept").status_code

    threads = [threading.Thread(target=press, args=(link, offer)) for link, offer, _ in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers.values()) == [302, 409]
    with runtime.reading(clinic.rosa.actor) as unit:
        there = select(AppointmentRow.id).where(
            AppointmentRow.starts_at == slot.starts_at,
            AppointmentRow.practitioner_id == slot.practitioner_id,
            AppointmentRow.status == "booked",
        )
        assert len(unit.session.scalars(there).all()) == 1


@pytest.fixture
def first_visit(runtime, clinic, mailer, full):
    """The slot offered to Dora, who waits for a course; the path in the message to her, and the offer."""
    offer = backfill.offer(runtime, clinic.rosa.actor, full.slot.id, Waits(full.assessment))
    send_outbox(runtime)
    (mail,) = [each for each in mailer.sent if each.to == "dora@example.org"]
    return re.search(r"/p/[\w.-]+", mail.text).group(), offer


def test_whoever_waits_begins_by_the_link_in_the_message(runtime, clinic, client, full, first_visit):
    """The page says what follows; accepted, all dates stand there, and can be taken back in time."""
    link, offer = first_visit
    page = words(client.get(link))
    assert "A time is free" in page
    assert "It would be your first visit." in page
    assert "Earlier if something frees up" in page
    answer = client.post(f"{link}/offers/{offer}/accept", follow_redirects=True)
    assert "It is yours." in words(answer)
    assert "All your dates" in words(answer)
    with runtime.reading(clinic.system) as unit:
        (course,) = unit.session.scalars(select(CourseRow.id).where(CourseRow.patient_id == full.dora)).all()
    assert session(runtime, clinic, course, 1).starts_at == full.slot.starts_at
    undo = re.search(r'action="([^"]+/undo)"', answer.text)[1]
    assert "Taken back" in words(client.post(undo, follow_redirects=True))
    with runtime.reading(clinic.system) as unit:
        assert unit.get(CourseRow, course).status == "cancelled"


def test_whoever_waits_says_no_thanks(client, first_visit):
    """There are no dates that could stay."""
    link, offer = first_visit
    page = words(client.post(f"{link}/offers/{offer}/decline", follow_redirects=True))
    assert "We look for another time for you." in page
    assert "A time is free" not in page


def test_whoever_waits_and_comes_second_is_told(runtime, clinic, client, full, first_visit):
    """By the page, and by the answer to a late press."""
    link, offer = first_visit
    other = backfill.offer(runtime, clinic.rosa.actor, full.slot.id, Waits(assess(runtime, clinic, clinic.ana)))
    backfill.accept(runtime, clinic.rosa.actor, other)
    page = words(client.get(link))
    assert "Already taken:" in page
    assert "Your dates stay" not in page
    assert client.post(f"{link}/offers/{offer}/accept").status_code == 409


def test_whoever_waits_and_wants_no_such_messages_says_so_on_the_page(runtime, clinic, client, full, first_visit):
    """From then on nobody offers them anything."""
    link, _ = first_visit
    client.post(f"{link}/earlier", {"wanted": "no"})
    assert backfill.who_fits(runtime, clinic.rosa.actor, full.slot.id).newcomers == ()
