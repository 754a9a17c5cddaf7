"""The database, of whichever kind its address names, and what holds for the sessions of all kinds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Row, Select, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.orm.exc import StaleDataError

from planner.errors import StaleForm
from planner.storage import guard
from planner.storage.base import ClinicScoped
from planner.storage.feed_revisions import raise_revisions
from planner.storage.glance import Glance
from planner.storage.kinds import WAIT_SECONDS, Kind, no_turn
from planner.storage.sqlite import Sqlite
from planner.words import say


class Database:
    """One database. Make it once per process; sessions come from `reading` and `writing`.

    Args:
        url: "sqlite:////path/to/file" or "postgresql+psycopg://user:password@host/name".
        wait_seconds: how long a write waits for its turn before it is refused.
    """

    def __init__(self, url: str | URL, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self.url = make_url(url)
        self.wait_seconds = wait_seconds
        self._kind = _kind(self.url, wait_seconds)
        self.engine = self._kind.engine
        self.write_engine = self._kind.write_engine

    @property
    def name(self) -> str:
        """What a person knows it by: a file, or a database and its host; never a password."""
        return self._kind.name

    @contextmanager
    def reading(self, clinic_id: int | None) -> Iterator[Session]:
        """A session that sees one moment of one clinic (None: of all) and writes nothing."""
        with self._translated(), self._kind.reading(clinic_id) as session:
            yield session

    def look(self, statement: Select[*tuple[Any, ...]], **values: Any) -> Row[*tuple[Any, ...]] | None:
        """The first row of a statement, without a session.

        Args:
            statement: names its clinic itself, or belongs to none.
            values: of its bound parameters.
        """
        with self._translated():
            return self._kind.look(statement, values)

    def glance(self, glance: Glance, **values: Any) -> tuple[Any, ...] | None:
        """The first row if it can be had at once; None where there is none, or where `look` might have to wait.

        Args:
            values: of the statement's bound parameters.
        """
        return self._kind.glance(glance, values)

    @contextmanager
    def writing(self, clinic_id: int | None) -> Iterator[Session]:
        """A transaction that is alone in writing its clinic; it commits at the end, or nothing happened.

        Raises:
            SlotTaken: a booking overlaps another one.
            StaleForm: a row changed since it was read.
            DatabaseBusy: no turn within `wait_seconds`, or no answer.
            StorageFailed: the database can't be written.
        """
        with self._translated(), self._kind.writing(clinic_id) as session:
            yield session

    @contextmanager
    def outside(self) -> Iterator[Session]:
        """A transaction on rows that belong to no clinic, such as tries at passwords; no clinic has to wait for it.

        It can write no row of a clinic, and on PostgreSQL it does not even see one. Raises as `writing` does.
        """
        with self._translated(), self._kind.outside() as session:
            yield session

    def check_guard(self) -> None:
        """Refuse to go on if the double-booking guard does not work (see `guard.self_test`)."""
        with self._translated(), self._kind.trying() as connection:
            guard.self_test(connection)

    def check_there(self) -> None:
        """Refuse to go on where there is no database, or something else in its place. Raises StorageFailed."""
        with self._translated():
            self._kind.check_there()

    def faults(self) -> list[str]:
        """What is wrong with the database itself, a line each."""
        with self._translated():
            return self._kind.faults()

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A connection alone in changing the schema, all or nothing."""
        with self._translated(), self._kind.migrating() as connection:
            yield connection

    @contextmanager
    def beside(self) -> Iterator[Connection]:
        """A transaction of PostgreSQL's that takes nobody's turn to write, for what belongs to no clinic."""
        with self._translated(), self.write_engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        self._kind.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the database's words into refusals that a person understands."""
        try:
            yield
        except StaleDataError as error:
            raise StaleForm(say("Somebody changed this meanwhile. Here is how it stands now.")) from error
        except NoConnectionFree as error:
            raise no_turn(self.wait_seconds) from error
        except DatabaseError as error:
            refusal = self._kind.refusal(error)
            if refusal is None:
                raise
            raise refusal from error


def _kind(url: URL, wait_seconds: float) -> Kind:
    if url.get_backend_name() == "postgresql":
        # Its driver is loaded only where it is used.
        from planner.storage.postgresql import Postgresql

        return Postgresql(url, wait_seconds)
    return Sqlite(url, wait_seconds)


@event.listens_for(Session, "do_orm_execute")
def _stay_inside_the_clinic(state: ORMExecuteState) -> None:
    """Scope every query to the session's clinic, here and nowhere else."""
    clinic_id = state.session.info.get("clinic_id")
    if clinic_id is not None and not state.is_column_load and not state.is_relationship_load:
        state.statement = state.statement.options(
            with_loader_criteria(ClinicScoped, lambda row: row.clinic_id == clinic_id, include_aliases=True)
        )


@event.listens_for(Session, "before_flush")
def _write_inside_the_clinic(session: Session, _context: object, _instances: object) -> None:
    """Give new rows the session's clinic; refuse rows of another."""
    clinic_id = session.info.get("clinic_id")
    if session.info.get("outside"):
        touched = (*session.new, *session.dirty, *session.deleted)
        if inside := [row for row in touched if isinstance(row, ClinicScoped)]:
            raise ValueError(f"{inside[0]!r} belongs to a clinic")
    for row in session.new:
        if clinic_id is None or not isinstance(row, ClinicScoped):
            continue
        if row.clinic_id is None:
            row.clinic_id = clinic_id
        elif row.clinic_id != clinic_id:
            raise ValueError(f"{row!r} belongs to another clinic")


@event.listens_for(Session, "after_flush")
def _age_the_feeds(session: Session, _flush: object) -> None:
    """Let calendars that programs hold be seen to have changed, whoever changed the diary."""
    raise_revisions(session)
