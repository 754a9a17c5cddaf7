"""Whether a PostgreSQL server suits: its version, the user's rights, the walls, room for connections, its clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text

from planner.commands.checks.finding import Finding, Findings, SetUp
from planner.commands.checks.settings import is_local
from planner.storage.postgresql import MOST_CONNECTIONS

_OLDEST: Final = 15
_MAY_DIFFER: Final = timedelta(seconds=2)
_MUST_NOT_DIFFER: Final = timedelta(minutes=1)
_IS: Final = text("SELECT current_setting('server_version'), current_setting('server_encoding')")
_MAY: Final = text("""
    SELECT rolsuper OR rolbypassrls AS passes,
           coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS makes_tables,
           pg_has_role(datdba, 'MEMBER') AS owns
    FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()
""")
# Superusers' and others' reserve is not for the planner; a user or a database may have a limit of its own.
_ROOM: Final = text("""
    SELECT least(
               current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                   - coalesce(current_setting('reserved_connections', true)::int, 0),
               nullif(rolconnlimit, -1), nullif(datconnlimit, -1)) AS allowed,
           (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used
    FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()
""")


def server(set_up: SetUp) -> Findings:
    """Whether it is new enough, and keeps every script."""
    if _is_file(set_up):
        return
    with set_up.runtime.database.reading(None) as session:
        version, encoding = session.execute(_IS).one()
    says = f"PostgreSQL {version}, {encoding}"
    if int(version.split(".")[0].split("beta")[0].split("rc")[0]) < _OLDEST:
        yield Finding("bad", "database server", says, f"The planner is tested from PostgreSQL {_OLDEST} on; update it.")
    elif encoding != "UTF8":
        todo = "Make a database with --encoding UTF8, and move there with `planner db copy`."
        yield Finding("bad", "database server", f"{says}: names in other scripts can't be kept", todo)
    else:
        yield Finding("good", "database server", says)


def way(set_up: SetUp) -> Findings:
    """Whether the way to it can be read by others, or lead to somebody else."""
    if _is_file(set_up):
        return
    url = set_up.runtime.database.url
    host, mode = str(url.query.get("host") or url.host or ""), url.query.get("sslmode", "prefer")
    if not host or host.startswith("/") or is_local(host):
        yield Finding("good", "way to the database", "does not leave this machine")
    elif mode in ("verify-full", "verify-ca"):
        yield Finding("good", "way to the database", f"encrypted, and {host} has to prove itself")
    else:
        says = f"sslmode is {mode}: whoever is between here and {host} can pretend to be it, or read what goes there"
        todo = "Add ?sslmode=verify-full to database_url, and sslrootcert, unless the network is nobody else's."
        yield Finding("could", "way to the database", says, todo)


def rights(set_up: SetUp) -> Findings:
    """Whether the planner's user may do what it has to, and not more."""
    if _is_file(set_up):
        return
    with set_up.runtime.database.reading(None) as session:
        may = session.execute(_MAY).one()
    about = "database user"
    if may.passes:
        says = "it is a superuser or has BYPASSRLS, so that no wall between clinics holds for it"
        yield Finding("bad", about, says, "ALTER ROLE … NOSUPERUSER NOBYPASSRLS, or give the planner another user.")
    elif not may.makes_tables:
        todo = "Make it the owner of the database: ALTER DATABASE … OWNER TO …"
        yield Finding("bad", about, "it may not make tables, so that no upgrade can work", todo)
    elif not may.owns:
        says = "it does not own the database, so that `planner restore` can't put aside what is there"
        yield Finding("could", about, says, "ALTER DATABASE … OWNER TO …, or restore into new databases only.")
    else:
        yield Finding("good", about, "owns the database, and passes no wall")


def walls(set_up: SetUp) -> Findings:
    """Whether each clinic's rows are behind the server's own wall, and every rule of the tables is in force."""
    if _is_file(set_up):
        return
    faults = set_up.runtime.database.faults()
    for fault in faults:
        yield Finding("bad", "walls", fault, "`planner db upgrade` makes walls that are missing; see also the user.")
    if not faults:
        yield Finding("good", "walls", "around each clinic's rows in every table")


def connections(set_up: SetUp) -> Findings:
    """Whether the server has room for what the processes may open."""
    if _is_file(set_up):
        return
    with set_up.runtime.database.reading(None) as session:
        allowed, used = session.execute(_ROOM).one()
    processes = allowed // MOST_CONNECTIONS
    says = f"{used} of {allowed} in use; room for {processes} servers or workers of at most {MOST_CONNECTIONS} each"
    todo = f"Set max_connections to at least {MOST_CONNECTIONS} for each server and worker, and ten more."
    if processes < 1:
        yield Finding("bad", "connections", says, todo)
    elif processes < 2 or used > 0.8 * allowed:
        yield Finding("could", "connections", says, todo)
    else:
        yield Finding("good", "connections", says)


def server_clock(set_up: SetUp) -> Findings:
    """Whether the server's clock goes as ours: then those of all machines go alike."""
    if _is_file(set_up):
        return
    with set_up.runtime.database.reading(None) as session:
        before = set_up.runtime.clock.now()
        theirs: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
        after = set_up.runtime.clock.now()
    # It was asked between the two; what the way took is no difference.
    apart = max(theirs - after, before - theirs, timedelta())
    says, todo = f"{apart.total_seconds():.1f} s apart from ours", "Let all machines set their clocks (chrony)."
    if apart > _MUST_NOT_DIFFER:
        yield Finding("bad", "database clock", says, todo)
    elif apart > _MAY_DIFFER:
        yield Finding("could", "database clock", says, todo)
    else:
        yield Finding("good", "database clock", "goes as ours")


def _is_file(set_up: SetUp) -> bool:
    return set_up.runtime.database.url.get_backend_name() == "sqlite"
