"""A booked session: its status, identity in calendars, and who may move it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from planner.errors import InvalidInput
from planner.words import say


class AppointmentStatus(StrEnum):
    """The statuses of FHIR R4's Appointment, with its codes as values."""

    PROPOSED = "proposed"
    PENDING = "pending"
    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"
    ENTERED_IN_ERROR = "entered-in-error"
    CHECKED_IN = "checked-in"
    WAITLIST = "waitlist"


_S = AppointmentStatus

OCCUPYING: Final = frozenset({_S.PENDING, _S.BOOKED, _S.ARRIVED, _S.CHECKED_IN, _S.FULFILLED})
"""Statuses whose time is taken from practitioner, room and patient."""

OPEN: Final = frozenset({_S.PROPOSED, _S.PENDING, _S.BOOKED, _S.WAITLIST})
"""Statuses of visits that are still to come, and may be moved."""

_HELD: Final = frozenset({_S.ARRIVED, _S.CHECKED_IN, _S.FULFILLED, _S.NOSHOW})

_FORWARD: Final[dict[AppointmentStatus, frozenset[AppointmentStatus]]] = {
    _S.PROPOSED: frozenset({_S.PENDING, _S.BOOKED, _S.WAITLIST, _S.CANCELLED, _S.ENTERED_IN_ERROR}),
    _S.WAITLIST: frozenset({_S.PROPOSED, _S.PENDING, _S.BOOKED, _S.CANCELLED, _S.ENTERED_IN_ERROR}),
    _S.PENDING: frozenset({_S.BOOKED, _S.WAITLIST, _S.CANCELLED, _S.ENTERED_IN_ERROR}),
    # Straight to fulfilled too: nobody presses "arrived" on a busy morning.
    _S.BOOKED: _HELD | {_S.CANCELLED, _S.ENTERED_IN_ERROR},
    _S.ARRIVED: frozenset({_S.CHECKED_IN, _S.FULFILLED, _S.CANCELLED, _S.ENTERED_IN_ERROR}),
    _S.CHECKED_IN: frozenset({_S.FULFILLED, _S.CANCELLED, _S.ENTERED_IN_ERROR}),
    _S.FULFILLED: frozenset({_S.ENTERED_IN_ERROR}),
    # The sweep marks a miss; the patient may have been there all the same, or have called in time.
    _S.NOSHOW: frozenset({_S.ARRIVED, _S.FULFILLED, _S.CANCELLED, _S.ENTERED_IN_ERROR}),
    _S.CANCELLED: frozenset({_S.ENTERED_IN_ERROR}),
    _S.ENTERED_IN_ERROR: frozenset(),
}


def next_statuses(status: AppointmentStatus) -> frozenset[AppointmentStatus]:
    """The statuses that may follow in the ordinary course of things."""
    return _FORWARD[status]


def earlier_statuses(status: AppointmentStatus) -> frozenset[AppointmentStatus]:
    """The statuses an undo may lead back to: those which this one may follow."""
    return frozenset(before for before, after in _FORWARD.items() if status in after)


def ical_status(status: AppointmentStatus) -> str:
    """The STATUS of the event in a calendar (RFC 5545, 3.8.1.11).

    A missed visit stays CONFIRMED: it was not called off, and nobody's past should read "cancelled" for it.
    """
    if status in (_S.CANCELLED, _S.ENTERED_IN_ERROR):
        return "CANCELLED"
    return "TENTATIVE" if status in (_S.PROPOSED, _S.PENDING, _S.WAITLIST) else "CONFIRMED"


def ical_participation(status: AppointmentStatus, *, confirmed: bool) -> str:
    """The patient's PARTSTAT (RFC 5545, 3.2.12): NEEDS-ACTION until they confirm or come."""
    if status in (_S.CANCELLED, _S.ENTERED_IN_ERROR, _S.NOSHOW):
        return "DECLINED"
    return "ACCEPTED" if confirmed or status in _HELD else "NEEDS-ACTION"


@dataclass(frozen=True, slots=True)
class Appointment:
    """A session in a slot.

    Args:
        id: of its row.
        session_id: of the session it gives a time to.
        patient_id: who comes.
        practitioner_id: who treats.
        room_id: where.
        starts_at: instant, aware.
        ends_at: instant, aware, later.
        status: FHIR R4's.
        confirmed: the patient said they will come at this time.
        uid: identity in calendars, kept across every move.
        sequence: revision in calendars, from 0; rises whenever a calendar must replace what it holds.
    Raises:
        ValueError: a value makes no sense.
    """

    id: int
    session_id: int
    patient_id: int
    practitioner_id: int
    room_id: int
    starts_at: datetime
    ends_at: datetime
    status: AppointmentStatus
    confirmed: bool
    uid: str
    sequence: int

    def __post_init__(self) -> None:
        if self.starts_at.tzinfo is None or self.ends_at.tzinfo is None:
            raise ValueError("an appointment's times are instants, with a time zone")
        if self.starts_at >= self.ends_at:
            raise ValueError(f"an appointment from {self.starts_at} to {self.ends_at}")
        if not self.uid or self.sequence < 0:
            raise ValueError(f"calendar identity {self.uid!r}, revision {self.sequence}")

    @property
    def duration(self) -> timedelta:
        """Elapsed time from start to end."""
        return self.ends_at - self.starts_at

    @property
    def occupies(self) -> bool:
        """Whether it takes time from practitioner, room and patient."""
        return self.status in OCCUPYING

    def is_locked(self, now: datetime, notice_hours: float) -> bool:
        """Whether a repair must leave it as it is.

        It is when the patient confirmed it, when it has started or is over one way or the other, and when it starts
        in less than the notice time. With exactly the notice time left it may still move.
        """
        if self.confirmed or self.status not in OPEN or self.starts_at <= now:
            return True
        return self.starts_at - now < timedelta(hours=notice_hours)

    def moved_to(
        self, starts_at: datetime, *, duration: timedelta | None = None, practitioner_id: int, room_id: int
    ) -> Appointment:
        """The same session at another time or place.

        Another time or length is a new revision for calendars, and takes back the patient's confirmation, which was
        for the old time.

        Args:
            starts_at: instant, aware.
            duration: elapsed time; None keeps it.
            practitioner_id: who treats now.
            room_id: where now.
        Raises:
            InvalidInput: the visit is over or called off.
        """
        if self.status not in OPEN:
            raise InvalidInput(
                say("A visit that is %(status)s can't be moved.", status=self.status.value), field="status"
            )
        ends_at = starts_at + (self.duration if duration is None else duration)
        place = replace(self, practitioner_id=practitioner_id, room_id=room_id)
        if (starts_at, ends_at) == (self.starts_at, self.ends_at):
            return place
        return replace(place, starts_at=starts_at, ends_at=ends_at, confirmed=False, sequence=self.sequence + 1)

    def with_status(self, status: AppointmentStatus, *, undo: bool = False) -> Appointment:
        """The same visit with another status; the calendar revision rises when calendars must show it differently.

        Args:
            status: the new one; the present one changes nothing.
            undo: take a step back instead of forward.
        Raises:
            InvalidInput: this status can't follow the present one.
        """
        if status is self.status:
            return self
        allowed = earlier_statuses(self.status) if undo else next_statuses(self.status)
        if status not in allowed:
            raise InvalidInput(
                say(
                    "A visit that is %(status)s can't become %(wanted)s.", status=self.status.value, wanted=status.value
                ),
                field="status",
            )
        shown_differently = ical_status(status) != ical_status(self.status)
        return replace(self, status=status, sequence=self.sequence + shown_differently)
