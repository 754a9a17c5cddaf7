"""Answers to invitations out of a mail folder, on a timer."""

from dataclasses import replace

import pytest

from planner.notify.inbox import Inbox
from planner.services import worklists
from planner.services.inbound_mail import read_answers
from planner.services.sweeping import SweepReport
from planner.storage.people import PatientRow
from tests.notify.mail_folder import Folder, mail_folder
from tests.services.test_invitations import REPLIES, invited, reply_to, work
from tests.web.ana_course import book_ana


@pytest.fixture
def folder():
    """What is in the mailbox."""
    return Folder()


@pytest.fixture
def reading(runtime, folder):
    """The program of a clinic that reads answers from it."""
    with mail_folder(folder) as port:
        inbox = Inbox("127.0.0.1", port, "none", "planner", "right")
        yield replace(runtime, reply_address=REPLIES, inbox=inbox)


@pytest.fixture
def course(reading, clinic):
    """Ana, who chose invitations, has a course."""
    with reading.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).contact = "invitations"
    return book_ana(reading, clinic)


def test_an_answer_is_carried_out_and_marked_as_read(reading, clock, course, folder):
    """Once: the second look finds nothing."""
    folder.messages[1] = reply_to(invited(reading, clock))
    assert read_answers(reading) == SweepReport(done=1)
    assert course.appointment(2).confirmed_at is not None
    assert folder.unseen() == []
    assert read_answers(reading) == SweepReport()


def test_an_answer_whose_mark_was_lost_changes_nothing_the_second_time(reading, clock, course, folder):
    """It comes again after a crash."""
    folder.messages[1] = reply_to(invited(reading, clock), "DECLINED")
    read_answers(reading)
    folder.seen.clear()
    assert read_answers(reading) == SweepReport(done=1)
    assert len(work(course, worklists.REPLY_DECLINED)) == 1


def test_what_is_no_answer_is_shown_and_not_read_again(reading, clinic, folder):
    """Staff see it on the worklist."""
    folder.messages[1] = b"Subject: Win a prize\r\n\r\nHello"
    assert read_answers(reading) == SweepReport(done=1)
    with reading.reading(clinic.rosa.actor) as unit:
        assert [item.kind for item in worklists.open_items(unit)] == [worklists.REPLY_REFUSED]


def test_one_that_can_not_be_fetched_holds_up_no_other(reading, clock, course, folder):
    """It is tried again a while later."""
    folder.messages[2] = reply_to(invited(reading, clock))
    folder.vanishing = {1}
    assert read_answers(reading) == SweepReport(done=1, failed=1)
    assert read_answers(reading) == SweepReport(delayed=1)


def test_a_server_that_is_away_is_asked_again_later(reading, clock, folder):
    """And nothing else of the timed work suffers."""
    folder.broken = "LOGIN"
    assert read_answers(reading) == SweepReport(failed=1)
    folder.broken = ""
    assert read_answers(reading) == SweepReport(delayed=1)
    clock.advance(minutes=2)
    assert read_answers(reading) == SweepReport()


def test_without_a_folder_there_is_nothing_to_do(runtime):
    """The default."""
    assert read_answers(runtime) == SweepReport()
