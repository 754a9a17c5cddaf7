"""The log: one line an event, for people or as JSON, with the numbers of what it belongs to, and never with a name.

Modules log with `logging`, as everywhere; what surrounds them says by `about` or `begin` which request, job, sweep,
clinic and person every line until then is about.
"""

import json
import logging.config
import re
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from structlog.contextvars import bind_contextvars, bound_contextvars, clear_contextvars, get_contextvars

FORMATS: Final = ("console", "json")
IDS: Final = frozenset({"request", "job", "sweep", "clinic", "staff", "queued"})
"""What a line may be about: numbers and names of our own, nothing that tells of a person."""

FACTS: Final = ("method", "rule", "status", "ms")
"""What the line of an answered request says besides its words, all of it, in `extra`."""

_QUIET: Final = ("apscheduler", "alembic", "waitress", "procrastinate")
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, default=str).encode

# In the words of an error stand values: what somebody typed, an address, the row that a database refused.
_VALUES: Final = re.compile(r"""'[^']*'?|"[^"]*"?|“[^”]*”?|\S+@\S+""")
_SERVED: Final = re.compile(r"serving /.*", re.DOTALL)
_MOST_CAUSES: Final = 20


def start(form: str = "console", level: str = "INFO") -> None:
    """Log to standard error, one line an event; libraries only when something is wrong.

    Args:
        form: one of FORMATS.
    """
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"()": lambda: formatter(form)}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "filters": {"no address": {"()": _NoAddress}},
            "loggers": {name: {"level": "WARNING", "filters": ["no address"]} for name in _QUIET},
            "root": {"level": level, "handlers": ["stderr"]},
        }
    )


def is_json() -> bool:
    """Whether what this process writes to standard error is for programs, since `start` said so."""
    return any(
        isinstance(handler.formatter, _Lines) and handler.formatter.write is _ENCODE
        for handler in logging.getLogger().handlers
    )


def formatter(form: str) -> logging.Formatter:
    """What makes a line of each event.

    Raises:
        ValueError: not one of FORMATS.
    """
    if form not in FORMATS:
        raise ValueError(f"no form of a log: {form}")
    return _Lines(_ENCODE if form == "json" else _as_words)


def about(**ids: object) -> AbstractContextManager[None]:
    """Let every line of this thread within the block say what it is about; None is left out.

    Raises:
        ValueError: not one of IDS.
    """
    return bound_contextvars(**_allowed(ids))


def begin(**ids: object) -> None:
    """Let every line of this thread from now on say what it is about, and nothing else."""
    clear_contextvars()
    bind_contextvars(**_allowed(ids))


def also(**ids: object) -> None:
    """Add to what `begin` said."""
    bind_contextvars(**_allowed(ids))


def end() -> None:
    """The lines to come are about nothing in particular."""
    clear_contextvars()


def _allowed(ids: Mapping[str, object]) -> dict[str, object]:
    if unknown := sorted(ids.keys() - IDS):
        raise ValueError(f"not for the log: {', '.join(unknown)}")
    return {name: value for name, value in ids.items() if value is not None}


class _NoAddress(logging.Filter):
    """The server names the address of a request whose answer breaks off; links and calendars are opened by theirs."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let it pass without the address."""
        if record.name == "waitress":
            record.msg, record.args = _SERVED.sub("serving a request", record.getMessage()), None
        return True


class _Lines(logging.Formatter):
    """Puts an event together and has it written down.

    Calendars are answered in some fifty microseconds, each with its line: structlog's own formatter, which copies each
    record and hands it from one processor to the next, would take half as long again.
    """

    def __init__(self, write: Callable[[dict[str, Any]], str]) -> None:
        super().__init__()
        self.write = write

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name that logging has for it
        """Where it happened, its causes first; of each error's words no value, and not what a database says below."""
        told: list[str] = []
        error = ei[1]
        while error is not None and len(told) < _MOST_CAUSES:
            words = _VALUES.sub("…", next(iter(str(error).splitlines()), ""))
            kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
            frames = "".join(traceback.format_tb(error.__traceback__))
            told.append(f"Traceback (most recent call last):\n{frames}{kind}: {words}".rstrip(": "))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n\nwhich led to:\n\n".join(reversed(told))

    def format(self, record: logging.LogRecord) -> str:
        """One line, and below it the traceback where the form has no other place for it."""
        event: dict[str, Any] = {
            "timestamp": f"{_second(int(record.created))}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **get_contextvars(),
        }
        given = record.__dict__
        if "rule" in given:
            event.update({name: given[name] for name in FACTS})
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return self.write(event)


@lru_cache(maxsize=4)
def _second(since_epoch: int) -> str:
    return datetime.fromtimestamp(since_epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _as_words(event: dict[str, Any]) -> str:
    """The facts stand in the words already."""
    ids = "".join(f" {name}={event[name]}" for name in sorted(IDS & event.keys()))
    # One event is one line, whatever is in it; only a traceback has more.
    words = str(event["event"]).replace("\n", "\\n").replace("\r", "\\r")
    line = f"{event['timestamp']} {event['level'].upper()} {event['logger']}: {words}{ids}"
    return f"{line}\n{event['exception']}" if "exception" in event else line
