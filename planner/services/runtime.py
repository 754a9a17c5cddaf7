"""What every use case is given: the database, the clock, the way out for messages, and who is asking."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from planner.clock import Clock
from planner.errors import NotAllowed, NotFound
from planner.notify.delivery import Mailer
from planner.notify.inbox import Inbox
from planner.services.audit_about import patient_of
from planner.services.backup_folder import BackupFolder
from planner.services.fetching import Fetcher
from planner.services.origin import NOWHERE, Origin
from planner.storage.audit_chain import Line, Who, acting, note
from planner.storage.database import Database
from planner.storage.people import ClinicRow
from planner.storage.queue import Queue
from planner.words import Text, listing, say

Role = Literal["reception", "therapist", "manager"]
RowT = TypeVar("RowT")
PLANNER: Final = "the planner"
PATIENT: Final = "patient"
_ROLES: Final[dict[Role, Text]] = {
    "reception": say("reception"),
    "therapist": say("therapist"),
    "manager": say("manager"),
}
LAST_ID: Final = 2**63 - 1
"""The largest number a row can have; the database can not even be asked for another."""


@dataclass(frozen=True)
class Actor:
    """Who asks, and inside which clinic.

    Args:
        name: as it is shown in revisions ("Rosa Lind", "patient", "the planner").
        staff_id: the signed-in person; None for a patient or a timer.
        patient_id: the patient whose personal link was used.
        language: what they read.
        password_once: they signed in with a password that somebody else has seen, and have to change it first.
        factor_missing: their role needs a second factor, and they have to set one up first.
        login_id: the session of the browser they ask with.
        purpose: what a patient's link was made for: "plan", or one visit, or one offer.
        origin: from where they act, for the audit.
    """

    clinic_id: int
    name: str
    role: Role | None = None
    staff_id: int | None = None
    patient_id: int | None = None
    language: str = field(default="en", compare=False)
    password_once: bool = field(default=False, compare=False)
    factor_missing: bool = field(default=False, compare=False)
    login_id: int | None = field(default=None, compare=False)
    purpose: str = field(default="plan", compare=False)
    origin: Origin = field(default=NOWHERE, compare=False)

    @classmethod
    def system(cls, clinic_id: int) -> "Actor":
        """The timers of one clinic."""
        return cls(clinic_id=clinic_id, name=PLANNER)

    @property
    def is_system(self) -> bool:
        """True for work nobody asked for by hand."""
        return self.staff_id is None and self.patient_id is None

    def at(self, now: datetime) -> Who:
        """Who acts at this moment, as the audit keeps it: without the name."""
        where = (self.origin.network, self.origin.session)
        if self.staff_id is not None:
            return Who("staff", self.staff_id, now, *where)
        if self.patient_id is not None:
            return Who("patient", self.patient_id, now, *where)
        return Who("planner", None, now, *where)

    def must_be(self, *roles: Role) -> None:
        """Raise NotAllowed unless the person has one of these roles (a manager may do all)."""
        if self.role != "manager" and self.role not in roles:
            raise NotAllowed(
                say("This needs the role %(roles)s.", roles=listing([_ROLES[role] for role in roles], "or"))
            )


def who(name: str) -> str:
    """The name of whoever did something, as it is kept, for people: of staff as they wrote it, else in words."""
    return {PLANNER: say("the planner"), PATIENT: say("the patient")}.get(name, name)


@dataclass(frozen=True)
class Unit:
    """One transaction of one clinic."""

    session: Session
    clinic: ClinicRow
    actor: Actor
    now: datetime
    zone: ZoneInfo = field(init=False)
    _once_kept: list[Callable[[], None]] = field(default_factory=list, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Resolve the clinic's zone once."""
        object.__setattr__(self, "zone", ZoneInfo(self.clinic.timezone))

    @property
    def today(self) -> date:
        """The clinic's calendar day."""
        return self.now.astimezone(self.zone).date()

    @property
    def wall_now(self) -> datetime:
        """The clinic's wall clock, naive."""
        return self.now.astimezone(self.zone).replace(tzinfo=None)

    def once_kept(self, note: Callable[[], None]) -> None:
        """Do this when the transaction is in the database, and not at all where it is not; it must not fail."""
        self._once_kept.append(note)

    def kept(self) -> None:
        """The transaction is in the database."""
        for told in self._once_kept:
            told()

    def get(self, row: type[RowT], row_id: int) -> RowT:
        """The clinic's row with this id, or NotFound, whoever else may have one."""
        found = self.session.get(row, (self.clinic.id, row_id)) if 0 < row_id <= LAST_ID else None
        if found is None:
            raise NotFound(say("There is no such thing here."))
        return found

    def audit(self, action: str, subject: str, *, patient_id: int | None = None, **details: Any) -> None:
        """Keep who did what to which thing; written with the change itself (see storage/audit_chain.py).

        Args:
            subject: a kind of thing and its id, as in course/17.
            patient_id: whom it is about, where the subject does not tell.
            details: numbers and short words; names and what people type are withheld.
        """
        about = patient_id or patient_of(self.session, self.clinic.id, subject)
        line = Line(self.clinic.id, self.actor.at(self.now), action, subject, about, details)
        note(self.session, line)


@dataclass(frozen=True)
class Runtime:
    """The running program as the use cases see it; made by wiring, faked in tests.

    Args:
        queue: where work waits for `planner worker`; None: it is done in this process.
    """

    database: Database
    clock: Clock
    mailer: Mailer
    base_url: str = "http://127.0.0.1:8000"
    secret_key: str = field(default="", repr=False)
    fetcher: Fetcher = field(default_factory=Fetcher)
    reply_address: str | None = None
    inbox: Inbox | None = None
    old_secret_keys: tuple[str, ...] = field(default=(), repr=False)
    backups: BackupFolder | None = None
    queue: Queue | None = None

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The key that signs, then those whose signatures are still good."""
        return (self.secret_key, *self.old_secret_keys)

    @contextmanager
    def reading(self, actor: Actor) -> Iterator[Unit]:
        """Look at the actor's clinic; nothing is written."""
        with self.database.reading(actor.clinic_id) as session:
            yield self._unit(session, actor)

    @contextmanager
    def writing(self, actor: Actor) -> Iterator[Unit]:
        """Change the actor's clinic, all or nothing."""
        with self.database.writing(actor.clinic_id) as session:
            unit = self._unit(session, actor)
            acting(session, actor.at(unit.now))
            yield unit
        unit.kept()

    def _unit(self, session: Session, actor: Actor) -> Unit:
        clinic = session.get(ClinicRow, actor.clinic_id)
        if clinic is None:
            raise NotFound(say("There is no such clinic."))
        return Unit(session=session, clinic=clinic, actor=actor, now=self.clock.now())
