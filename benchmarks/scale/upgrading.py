"""What an upgrade's steps hold, and how long: their dearest statements on a filled database, each taken back again."""

import time

from planner.storage import schema
from planner.storage.database import Database
from tests.postgresql import Server

STATEMENTS = {
    "a column with a value for all rows (steps 0002, 0004, 0006, 0008 to 0010)": (
        "ALTER TABLE course ADD COLUMN drill varchar NOT NULL DEFAULT ''"
    ),
    "a column with a check (steps 0002, 0004, 0006, 0009)": (
        "ALTER TABLE patient ADD COLUMN drill varchar NOT NULL DEFAULT 'feed' CHECK (drill IN ('feed', 'mail'))"
    ),
    "its texts compared byte by byte (after each new column)": (
        'ALTER TABLE course ALTER COLUMN wish_note TYPE varchar COLLATE "C"'
    ),
    "the diary's index over all appointments (step 0003)": (
        "CREATE INDEX drill ON appointment (clinic_id, starts_at, status, ends_at, practitioner_id, room_id)"
    ),
    "a table of slots made anew with its rows (step 0007)": "CREATE TABLE drill AS SELECT * FROM freed_slot",
}
NOTHING_TO_DO = "a whole upgrade that has nothing to do, as at each start"


def seconds_held(server: Server, name: str, url: str) -> dict[str, float]:
    """Seconds that each statement holds its table on this database; nothing of it stays."""
    found = {}
    with server.connect(name) as connection:
        for what, statement in STATEMENTS.items():
            connection.execute(b"BEGIN")
            begin = time.perf_counter()
            connection.execute(statement.encode())
            found[what] = time.perf_counter() - begin
            connection.execute(b"ROLLBACK")
    database = Database(url)
    begin = time.perf_counter()
    schema.upgrade(database)
    found[NOTHING_TO_DO] = time.perf_counter() - begin
    database.close()
    return found
