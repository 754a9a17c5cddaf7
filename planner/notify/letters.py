"""The kinds of messages a patient gets, as frozen values; each knows the words its templates show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from planner.notify.visit import Letterhead, Visit


class ChangeReason(StrEnum):
    """Why a course changed; the values are kinds of revisions. Each has a neutral sentence in the templates."""

    MISSED = "missed"
    CANCELLED = "cancelled"
    MOVED = "moved"
    LEAVE = "leave"
    PAUSED = "paused"
    FREQUENCY = "frequency"
    EXTENDED = "extended"
    OTHER = "other"

    @classmethod
    def of(cls, revision_kind: str) -> ChangeReason:
        """The reason to give for a revision of this kind; OTHER where the patient needs no particular one."""
        return next((reason for reason in cls if reason.value == revision_kind), cls.OTHER)


@dataclass(frozen=True, slots=True)
class Moved:
    """One appointment before and after."""

    before: Visit
    after: Visit


@dataclass(frozen=True, slots=True)
class CourseBooked:
    """All appointments of a new course, in one message.

    Args:
        visits: in time order, at least one.
        notice_hours: how long before a visit it can be cancelled.
        calendar_attached: a calendar file goes with the message.
    """

    kind: ClassVar[str] = "course_booked"

    head: Letterhead
    visits: tuple[Visit, ...]
    notice_hours: int
    calendar_attached: bool

    def __post_init__(self) -> None:
        if not self.visits:
            raise ValueError("a booked course has visits to tell of")

    def words(self) -> dict[str, object]:
        """What the templates show: plain values, nothing left to compute or to clean."""
        return {
            **self.head.words(self.visits),
            "visits": [self.head.visit_words(visit) for visit in self.visits],
            "notice_hours": self.notice_hours,
            "calendar_attached": self.calendar_attached,
        }


@dataclass(frozen=True, slots=True)
class CourseChanged:
    """What changed in a course since the last message.

    Args:
        reasons: why, in the order it happened; one that comes twice is told once.
        moved: appointments with another time, person or place.
        added: new ones.
        cancelled: those that do not take place.
        upcoming: all that are still to come now, in time order.
        calendar_attached: a calendar file goes with the message.
    """

    kind: ClassVar[str] = "course_changed"

    head: Letterhead
    reasons: tuple[ChangeReason, ...]
    moved: tuple[Moved, ...]
    added: tuple[Visit, ...]
    cancelled: tuple[Visit, ...]
    upcoming: tuple[Visit, ...]
    calendar_attached: bool

    def __post_init__(self) -> None:
        if not (self.moved or self.added or self.cancelled):
            raise ValueError("nothing changed, so there is nothing to tell")

    def words(self) -> dict[str, object]:
        """What the templates show: plain values, nothing left to compute or to clean."""
        words_of = self.head.visit_words
        both = [visit for move in self.moved for visit in (move.before, move.after)]
        return {
            **self.head.words([*both, *self.added, *self.cancelled, *self.upcoming]),
            "reasons": [reason.value for reason in dict.fromkeys(self.reasons)],
            "moved": [(words_of(move.before), words_of(move.after)) for move in self.moved],
            "added": [words_of(visit) for visit in self.added],
            "cancelled": [words_of(visit) for visit in self.cancelled],
            "upcoming": [words_of(visit) for visit in self.upcoming],
            "all_cancelled": not (self.moved or self.added or self.upcoming),
            "calendar_attached": self.calendar_attached,
        }


@dataclass(frozen=True, slots=True)
class Reminder:
    """The next appointment is near.

    Args:
        visit: the appointment.
        confirmed: the patient said already that they will come.
    """

    kind: ClassVar[str] = "reminder"

    head: Letterhead
    visit: Visit
    confirmed: bool

    def words(self) -> dict[str, object]:
        """What the templates show: plain values, nothing left to compute or to clean."""
        return {
            **self.head.words([self.visit]),
            "visit": self.head.visit_words(self.visit),
            "confirmed": self.confirmed,
        }


@dataclass(frozen=True, slots=True)
class SlotOffered:
    """A time has become free that would suit a patient; whoever takes it first has it.

    Args:
        visit: the time that is offered.
        instead: where the appointment stands now; None where it has no date.
        until: instant, aware; afterwards the offer has ended.
        first: it would be the patient's first appointment, and those that follow are booked with it.
    """

    kind: ClassVar[str] = "slot_offered"

    head: Letterhead
    visit: Visit
    instead: Visit | None
    until: datetime
    first: bool = False

    def words(self) -> dict[str, object]:
        """What the templates show: plain values, nothing left to compute or to clean."""
        named = [self.visit] if self.instead is None else [self.visit, self.instead]
        return {
            **self.head.words(named),
            "visit": self.head.visit_words(self.visit),
            "instead": self.head.visit_words(self.instead) if self.instead else None,
            "until": self.head.visit_words(replace(self.visit, starts_at=self.until)),
            "first": self.first,
        }


@dataclass(frozen=True, slots=True)
class Invited:
    """One appointment as an invitation, or the taking back of one.

    Args:
        visit: the appointment.
        cancelled: it does not take place.
        again: an earlier invitation to it holds no more.
        answers_read: whether accepting and declining reaches the clinic's diary.
    """

    kind: ClassVar[str] = "invitation"

    head: Letterhead
    visit: Visit
    cancelled: bool
    again: bool
    answers_read: bool

    def words(self) -> dict[str, object]:
        """What the templates show: plain values, nothing left to compute or to clean."""
        return {
            **self.head.words([self.visit]),
            "visit": self.head.visit_words(self.visit),
            "cancelled": self.cancelled,
            "again": self.again,
            "answers_read": self.answers_read,
        }


@dataclass(frozen=True, slots=True)
class AccountInvitation:
    """Somebody new of the staff chooses a password by the link in the head."""

    kind: ClassVar[str] = "account_invitation"

    head: Letterhead

    def words(self) -> dict[str, object]:
        """What the templates show: plain values, nothing left to compute or to clean."""
        return self.head.words([])


@dataclass(frozen=True, slots=True)
class PasswordLink:
    """Somebody of the staff forgot the password, and chooses another by the link in the head."""

    kind: ClassVar[str] = "account_reset"

    head: Letterhead

    def words(self) -> dict[str, object]:
        """What the templates show: plain values, nothing left to compute or to clean."""
        return self.head.words([])


@dataclass(frozen=True, slots=True)
class ContactCode:
    """A patient asked for another address or number; this code, sent to the old address, proves that it was they.

    Args:
        code: six digits.
    """

    kind: ClassVar[str] = "contact_code"

    head: Letterhead
    code: str

    def words(self) -> dict[str, object]:
        """What the templates show: plain values, nothing left to compute or to clean."""
        return {**self.head.words([]), "code": self.code}


Letter = (
    CourseBooked | CourseChanged | Reminder | SlotOffered | Invited | AccountInvitation | PasswordLink | ContactCode
)
