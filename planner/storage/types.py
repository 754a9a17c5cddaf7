"""Column types: instants that are refused without a zone, and sentences that are kept with their blanks."""

from datetime import UTC, datetime

from sqlalchemy import JSON, DateTime, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from planner.storage.text_json import dumps, loads
from planner.words import Text

# Nobody can type it: a form takes no control characters.
_KEPT = "\x02"


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware datetimes go in and come out, in UTC. A naive one raises ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values; SQLite stores no offset, so it gets UTC without one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive datetime is no instant: {value!r}")
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the instant back aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonText(TypeDecorator[str]):
    """A sentence of ours, kept as JSON to be said in any language later; what a person typed is kept as it is."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Mark a Text, so that it is known again."""
        if isinstance(value, Text):
            return _KEPT + dumps(value)
        return value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Give back the Text, or the words as they were written."""
        return str_or_text(value) if value is not None and value.startswith(_KEPT) else value


def str_or_text(kept: str) -> str:
    """The Text that was kept; the words behind the mark where it can't be read."""
    try:
        found = loads(kept.removeprefix(_KEPT))
    except ValueError:
        found = None
    return found if isinstance(found, Text) else kept.removeprefix(_KEPT)


JsonObject = JSON
