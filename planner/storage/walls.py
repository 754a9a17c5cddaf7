"""PostgreSQL's own wall between clinics: row-level security on every table of a clinic's rows.

The first wall is the program's: it adds the clinic to every query (see database.py). This one holds where the program
forgets to: the server shows a transaction only the rows of the clinic that it has said it is for.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

ALL = "all"
"""What a transaction of all clinics, such as a sweep, says in the place of a clinic's number."""

NOBODY = ""
"""What a transaction says that has to do with no clinic's rows."""

_POLICY = "clinic_wall"
# In brackets of its own, so that the setting is looked up once for a query and not for each row. A transaction that has
# said nothing sees nothing.
_SAID = "(SELECT current_setting('planner.clinic_id', true))"
_HOLDS = f"""
    {_SAID} = '{ALL}' OR clinic_id = (SELECT CAST(NULLIF(NULLIF({_SAID}, '{ALL}'), '') AS bigint))
"""
_TABLES = text(f"""
    SELECT quote_ident(relname) AS name, relrowsecurity AND relforcerowsecurity AS stands,
           EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = pg_class.oid AND polname = '{_POLICY}') AS has_policy
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'clinic_id' AND NOT attisdropped
    WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace ORDER BY relname
""")  # noqa: S608 - every part is a constant of this module
_PASSES_WALLS = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
_TEXTS = text("""
    SELECT quote_ident(relname) AS name, string_agg(
               'ALTER COLUMN ' || quote_ident(attname) || ' TYPE ' || format_type(atttypid, atttypmod)
               || ' COLLATE "C"', ', ') AS changes
    FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid JOIN pg_collation ON attcollation = pg_collation.oid
    WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace AND relname <> 'alembic_version'
      AND NOT starts_with(relname, 'procrastinate_') AND attnum > 0 AND NOT attisdropped AND collname <> 'C'
    GROUP BY relname ORDER BY relname
""")


def install(connection: Connection) -> None:
    """Put the wall around every table of a clinic's rows that has none, those of later migrations too."""
    for table in connection.execute(_TABLES).all():
        if not table.has_policy:
            connection.exec_driver_sql(
                f"CREATE POLICY {_POLICY} ON {table.name} USING ({_HOLDS}) WITH CHECK ({_HOLDS})"
            )
        if not table.stands:
            connection.exec_driver_sql(f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY")
            # Without FORCE it would not hold for the tables' owner, which the program is.
            connection.exec_driver_sql(f"ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY")


def spell_alike(connection: Connection) -> None:
    """Let texts be compared byte by byte, as SQLite does, whatever the server's language.

    Lists are then in the same order on both, and no update of the system's language tables can spoil an index.
    """
    for table in connection.execute(_TEXTS).all():
        connection.exec_driver_sql(f"ALTER TABLE {table.name} {table.changes}")


def gaps(connection: Connection) -> list[str]:
    """Where the wall does not stand, a line each; empty when all is well."""
    found = [f"no wall between clinics: {table.name}" for table in connection.execute(_TABLES)
             if not (table.stands and table.has_policy)]  # fmt: skip
    if connection.scalar(_PASSES_WALLS):
        found.append(
            "no wall between clinics: the database's user is a superuser or has BYPASSRLS; give the planner a user "
            "without these rights"
        )
    return found
