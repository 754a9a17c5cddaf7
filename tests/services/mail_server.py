"""A mail server for tests of messages, and what the outbox and the worklists hold."""

from dataclasses import dataclass, field

from sqlalchemy import select

from planner.services import messages, worklists
from planner.services.sweeping import SweepReport
from planner.storage.outward import OutboxRow
from tests.services.course_life import ACUTE, book

SENT = SweepReport(done=1)
NOTHING = SweepReport()


@dataclass
class Server:
    """A mail server of which a test says how it answers; it keeps what it took."""

    taken: list = field(default_factory=list)
    before_data: Exception | None = None
    after_data: Exception | None = None

    def send(self, message, *, on_data_started=None):
        if self.before_data is not None:
            raise self.before_data
        if on_data_started is not None:
            on_data_started()
        if self.after_data is not None:
            raise self.after_data
        self.taken.append(message)


class PulledOutError(BaseException):
    """The power goes: nothing catches this."""


def rows(runtime, clinic):
    """The outbox, oldest first."""
    with runtime.reading(clinic.system) as unit:
        return list(unit.session.scalars(select(OutboxRow).order_by(OutboxRow.id)))


def work(runtime, clinic):
    """What is on the worklists: kind and words."""
    with runtime.reading(clinic.system) as unit:
        return [(item.kind, item.says) for item in worklists.open_items(unit)]


def booked_and_told(posted, clinic, clock, findings=ACUTE):
    """A course of which the patient knows."""
    course_id = book(posted, clinic, findings)
    clock.advance(minutes=5)
    assert messages.send_outbox(posted) == SENT
    return course_id


@dataclass
class DiesAfterSending:
    """The server took it, then this process was killed."""

    server: Server

    def send(self, message, *, on_data_started=None):
        self.server.send(message, on_data_started=on_data_started)
        raise PulledOutError
