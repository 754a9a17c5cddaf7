"""What a kind of database has to offer, and the sentences that all kinds refuse with."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Engine, Row, Select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from planner.errors import DatabaseBusy, PlannerError, SlotTaken, StorageFailed
from planner.storage.glance import Glance
from planner.words import Text, say

WAIT_SECONDS = 10.0
OUTSIDE: Final[Mapping[str, Any]] = MappingProxyType({"clinic_id": None, "outside": True})
"""What a session knows of itself that may write no clinic's rows."""
_TAKEN: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "practitioner": say("The therapist already has an appointment at that time."),
        "room": say("The room already has an appointment at that time."),
        "patient": say("The patient already has an appointment at that time."),
    }
)


class Kind(Protocol):
    """SQLite or PostgreSQL, behind one face.

    A clinic_id is the clinic whose rows a transaction may touch; None stands for all of them.
    """

    engine: Engine
    write_engine: Engine
    """Of the transactions that write; `engine` is of all others."""

    @property
    def name(self) -> str:
        """What a person knows the database by; without a password."""

    def reading(self, clinic_id: int | None) -> AbstractContextManager[Session]:
        """A session that sees one moment."""

    def writing(self, clinic_id: int | None) -> AbstractContextManager[Session]:
        """A transaction that is alone in writing this clinic; it is committed at the end of the block."""

    def outside(self) -> AbstractContextManager[Session]:
        """A transaction on rows that belong to no clinic, which keeps no clinic from writing; committed at the end."""

    def look(self, statement: Select[*tuple[Any, ...]], values: dict[str, Any]) -> Row[*tuple[Any, ...]] | None:
        """The first row of a statement, which is a moment of its own."""

    def glance(self, glance: Glance, values: dict[str, Any]) -> tuple[Any, ...] | None:
        """The first row if it is to be had without any wait."""

    def trying(self) -> AbstractContextManager[Connection]:
        """A connection for what is taken back in the end."""

    def migrating(self) -> AbstractContextManager[Connection]:
        """A connection alone in changing the schema, all or nothing."""

    def check_there(self) -> None:
        """Raise StorageFailed where there is no database, or something else in its place."""

    def faults(self) -> list[str]:
        """What is wrong with the database itself, a line each."""

    def refusal(self, error: DatabaseError) -> PlannerError | None:
        """What a person is told; None for an error of ours."""

    def close(self) -> None:
        """Give all connections back."""


def no_turn(seconds: float) -> DatabaseBusy:
    """Somebody else was writing all the time."""
    return DatabaseBusy(
        say(
            "The database is busy: no turn to write within %(seconds)s seconds. Try again in a moment.",
            seconds=f"{seconds:g}",
        )
    )


def slot_taken(resource: str) -> SlotTaken:
    """The guard refused an appointment; `resource` is "practitioner", "room" or "patient"."""
    return SlotTaken(_TAKEN[resource], field=resource)


def no_tables() -> StorageFailed:
    """The database is empty."""
    return StorageFailed("The database has no tables yet. Run `planner db upgrade`.")
