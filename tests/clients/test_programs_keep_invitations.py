"""A real program keeps the invitations that were mailed, follows moves and cancellations, and answers from its copy."""

from dataclasses import replace
from pathlib import Path

import pytest
from icalendar import Calendar

from planner.services import attendance, moving, replies, worklists
from planner.storage.people import PatientRow
from tests.clients.programs import BIN, KHAL_SETTINGS, Seen, _khal_line, run
from tests.services.test_invitations import REPLIES, invitations, reply_to, send_all, the_event
from tests.web.ana_course import book_ana

pytestmark = [pytest.mark.clients, pytest.mark.slow]


@pytest.fixture
def answering(runtime, clinic):
    """The program of a clinic that reads answers; Ana chose invitations."""
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).contact = "invitations"
    return replace(runtime, reply_address=REPLIES)


class Khal:
    """Ana's khal, into which she takes every invitation that comes."""

    def __init__(self, home: Path) -> None:
        self.home, self.taken = home, 0
        (home / "store").mkdir()
        self.settings = home / "settings"
        self.settings.write_text(KHAL_SETTINGS.format(store=home / "store", database=home / "khal.db"))

    def take(self, calendars: list[bytes]) -> None:
        """Import these files one after the other."""
        files = []
        for content in calendars:
            self.taken += 1
            files.append(self.home / f"invitation-{self.taken}.ics")
            files[-1].write_bytes(content)
        run(BIN / "khal", "-c", self.settings, "import", "--batch", "-a", "feed", *files, home=self.home)

    def shows(self) -> list[Seen]:
        """What it lists."""
        fields = "{uid}|{start-long}|{end-long}|{status}|{title}"
        options = ("--once", "--notstarted", "--day-format", "", "--format", fields)
        listed = run(BIN / "khal", "-c", self.settings, "list", *options, "2026-01-01", "800d", home=self.home)
        return sorted(_khal_line(line) for line in listed.decode().splitlines() if line)

    def kept(self, uid: str):
        """The event as it stands in its own store."""
        calendars = (Calendar.from_ical(file.read_bytes()) for file in (self.home / "store").glob("*.ics"))
        return next(event for each in calendars for event in each.walk("VEVENT") if event["UID"] == uid)


def standing(course):
    """What the diary says."""
    booked = (each.current for each in course.now().live)
    return sorted((each.starts_at, each.ends_at) for each in booked if each is not None and each.occupies)


def test_both_sides_agree_after_every_step_and_the_answer_comes_back(answering, clinic, clock, tmp_path):
    """Booked, moved, cancelled, the last ones once more; then an answer from the program's own copy confirms."""
    course, khal, sent = book_ana(answering, clinic), Khal(tmp_path), 0

    def sync():
        nonlocal sent
        send_all(answering, clock)
        mailed = [each.calendar.content for each in answering.mailer.sent if each.calendar is not None]
        khal.take(mailed[sent:])
        sent, fresh = len(mailed), mailed[sent:]
        seen = khal.shows()
        assert len({each.uid for each in seen}) == len(seen)
        assert sorted((each.starts_at, each.ends_at) for each in seen if not each.cancelled) == standing(course)
        return fresh

    sync()
    third = course.appointment(3)
    slot = moving.legal_slots(answering, clinic.rosa.actor, third.id)[0]
    moving.move(answering, clinic.rosa.actor, third.id, slot.start, slot.practitioner_id)
    sync()
    attendance.cancel(answering, clinic.rosa.actor, course.now().live[-1].current.id, rebook=False)
    again = sync()
    khal.take(again)
    assert sorted((each.starts_at, each.ends_at) for each in khal.shows() if not each.cancelled) == standing(course)
    moved = course.appointment(3)
    event = next(
        the_event(each) for each in reversed(invitations(answering)) if the_event(each)["DTSTART"].dt == moved.starts_at
    )
    raw = reply_to(khal.kept(str(event["UID"])), stamp=f"{clock.now():%Y%m%dT%H%M%SZ}")
    assert replies.receive(answering, raw).outcome == "confirmed"
    assert replies.receive(answering, raw).outcome == "repeated"
    assert course.appointment(3).confirmed_at is not None
    assert not [item for item in course.notices() if item.kind == worklists.REPLY_REFUSED]
