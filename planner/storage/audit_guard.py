"""The audit only grows: triggers that refuse to change or delete a line, and a look whether they are there."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

MESSAGE: Final = "the audit only grows"
_EVENTS: Final = ("UPDATE", "DELETE")
# Lines below the floor of their chain were let go; only those of who looked at what ever are.
_LET_GO: Final = """EXISTS (
        SELECT 1 FROM audit_chain AS ending
        WHERE ending.clinic_id = OLD.clinic_id AND ending.chain = OLD.chain
          AND ending.chain = 'access' AND ending.floor_number >= OLD.number)"""


def statements(dialect: str) -> list[str]:
    """SQL that makes the triggers, or puts them in the place of those there are, as SQLite or PostgreSQL has it."""
    return _of_postgresql() if dialect == "postgresql" else _of_sqlite()


def _of_sqlite() -> list[str]:
    made = []
    for event in _EVENTS:
        name = f"audit_line_no_{event.lower()}"
        unless = f"WHEN NOT {_LET_GO}" if event == "DELETE" else ""
        made.append(f"DROP TRIGGER IF EXISTS {name}")
        made.append(
            f"CREATE TRIGGER {name} BEFORE {event} ON audit_line {unless} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        )
    return made


def _of_postgresql() -> list[str]:
    function = f"""
        CREATE OR REPLACE FUNCTION audit_line_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                IF {_LET_GO} THEN RETURN OLD; END IF;
            END IF;
            RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation';
        END $$
    """
    made = [function]
    # In place, not dropped and made: every start of a server comes by here, and whoever reads the audit may read on.
    for event in _EVENTS:
        name = f"audit_line_no_{event.lower()}"
        made.append(
            f"CREATE OR REPLACE TRIGGER {name} BEFORE {event} ON audit_line "
            "FOR EACH ROW EXECUTE FUNCTION audit_line_only_grows()"
        )
    made.append(
        "CREATE OR REPLACE TRIGGER audit_line_no_truncate BEFORE TRUNCATE ON audit_line "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_line_only_grows()"
    )
    return made


def install(connection: Connection) -> None:
    """Make the triggers anew; a migration that rebuilds the table drops them silently."""
    for statement in statements(connection.dialect.name):
        connection.execute(text(statement))


def missing(connection: Connection) -> list[str]:
    """The names of the triggers that are not there or do not fire; empty when all is well."""
    wanted = [f"audit_line_no_{event.lower()}" for event in _EVENTS]
    if connection.dialect.name == "postgresql":
        wanted.append("audit_line_no_truncate")
        # A trigger can be switched off and stay where it is; one for replicas alone does not fire here either.
        firing = "SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit_line'::regclass AND tgenabled IN ('O', 'A')"
        found = connection.execute(text(firing))
    else:
        found = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    there = {str(row[0]) for row in found}
    return [name for name in wanted if name not in there]
