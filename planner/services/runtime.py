"""What every use case is given: the database, the clock, the way out for messages, and who is asking."""

from collections.abc import Iterator
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
from planner.services.backup_folder import BackupFolder
from planner.services.fetching import Fetcher
from planner.storage.database import Database
from planner.storage.outward import AuditRow
from planner.storage.people import ClinicRow
from planner.words import say

Role = Literal["reception", "therapist", "manager"]
RowT = TypeVar("RowT")
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
    """

    clinic_id: int
    name: str
    role: Role | None = None
    staff_id: int | None = None
    patient_id: int | None = None
    language: str = field(default="en", compare=False)
    password_once: bool = field(default=False, compare=False)

    @classmethod
    def system(cls, clinic_id: int) -> "Actor":
        """The timers of one clinic."""
        return cls(clinic_id=clinic_id, name="the planner")

    @property
    def is_system(self) -> bool:
        """True for work nobody asked for by hand."""
        return self.staff_id is None and self.patient_id is None

    def must_be(self, *roles: Role) -> None:
        """Raise NotAllowed unless the person has one of these roles (a manager may do all)."""
        if self.role != "manager" and self.role not in roles:
            raise NotAllowed(say("This needs the role %(roles)s.", roles=" or ".join(roles)))


@dataclass(frozen=True)
class Unit:
    """One transaction of one clinic."""

    session: Session
    clinic: ClinicRow
    actor: Actor
    now: datetime
    zone: ZoneInfo = field(init=False)

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

    def get(self, row: type[RowT], row_id: int) -> RowT:
        """The clinic's row with this id, or NotFound, whoever else may have one."""
        found = self.session.get(row, (self.clinic.id, row_id)) if 0 < row_id <= LAST_ID else None
        if found is None:
            raise NotFound(say("There is no such thing here."))
        return found

    def audit(self, action: str, subject: str, **details: Any) -> None:
        """Keep who did what to which thing."""
        self.session.add(
            AuditRow(
                at=self.now,
                actor=self.actor.name,
                staff_id=self.actor.staff_id,
                action=action,
                subject=subject,
                details=details,
            )
        )


@dataclass(frozen=True)
class Runtime:
    """The running program as the use cases see it; made by wiring, faked in tests."""

    database: Database
    clock: Clock
    mailer: Mailer
    base_url: str = "http://127.0.0.1:8000"
    secret_key: str = field(default="", repr=False)
    fetcher: Fetcher = field(default_factory=Fetcher)
    reply_address: str | None = None
    inbox: Inbox | None = None
    backups: BackupFolder | None = None

    @contextmanager
    def reading(self, actor: Actor) -> Iterator[Unit]:
        """Look at the actor's clinic; nothing is written."""
        with self.database.reading(actor.clinic_id) as session:
            yield self._unit(session, actor)

    @contextmanager
    def writing(self, actor: Actor) -> Iterator[Unit]:
        """Change the actor's clinic, all or nothing."""
        with self.database.writing(actor.clinic_id) as session:
            yield self._unit(session, actor)

    def _unit(self, session: Session, actor: Actor) -> Unit:
        clinic = session.get(ClinicRow, actor.clinic_id)
        if clinic is None:
            raise NotFound(say("There is no such clinic."))
        return Unit(session=session, clinic=clinic, actor=actor, now=self.clock.now())
