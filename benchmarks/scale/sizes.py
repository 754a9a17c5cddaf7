"""How many rows and bytes a database of a PostgreSQL server holds, table by table."""

from dataclasses import dataclass, field

from tests.postgresql import Server

_SIZES = """
    SELECT relname, pg_total_relation_size(oid), pg_indexes_size(oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
"""


@dataclass(frozen=True)
class Size:
    """By table: rows, bytes with all indexes, and bytes of the indexes alone."""

    rows: dict[str, int] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    indexes: dict[str, int] = field(default_factory=dict)

    @property
    def all_rows(self) -> int:
        """Of all tables."""
        return sum(self.rows.values())

    @property
    def all_bytes(self) -> int:
        """Of all tables and indexes."""
        return sum(self.bytes.values())


def size_of(server: Server, name: str) -> Size:
    """What is in a database now."""
    found = server.ask(_SIZES, name)
    rows = {table: int(server.ask(f'SELECT count(*) FROM "{table}"', name)[0][0]) for table, _, _ in found}  # noqa: S608
    return Size(rows, {table: int(size) for table, size, _ in found}, {table: int(size) for table, _, size in found})
