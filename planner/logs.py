"""The log: one line an event, for people or as JSON, with the numbers of what it belongs to, and never with a name.

Modules log with `logging`, as everywhere; what surrounds them says by `about` or `begin` which request, job, sweep,
clinic and person every line until then is about.
"""

import json
import logging.config
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

from structlog.contextvars import bind_contextvars, bound_contextvars, clear_contextvars, merge_contextvars
from structlog.processors import TimeStamper, format_exc_info
from structlog.stdlib import ProcessorFormatter, add_log_level, add_logger_name
from structlog.typing import EventDict, Processor

FORMATS: Final = ("console", "json")
IDS: Final = frozenset({"request", "job", "sweep", "clinic", "staff"})
"""What a line may be about: numbers and names of our own, nothing that tells of a person."""

FACTS: Final = ("method", "rule", "status", "ms")
"""What a line may say besides its words, in `extra`."""

_QUIET: Final = ("apscheduler", "alembic", "waitress")
_HEAD: Final = ("timestamp", "level", "logger", "event")


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
            "loggers": {name: {"level": "WARNING"} for name in _QUIET},
            "root": {"level": level, "handlers": ["stderr"]},
        }
    )


def formatter(form: str) -> logging.Formatter:
    """What makes a line of each event.

    Raises:
        ValueError: not one of FORMATS.
    """
    if form not in FORMATS:
        raise ValueError(f"no form of a log: {form}")
    known: list[Processor] = [merge_contextvars, add_log_level, add_logger_name, TimeStamper("iso", utc=True), _facts]
    last: list[Processor] = [
        ProcessorFormatter.remove_processors_meta,
        format_exc_info,
        _as_json if form == "json" else _as_words,
    ]
    return ProcessorFormatter(foreign_pre_chain=known, processors=last)


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


def _facts(_logger: Any, _method: str, event: EventDict) -> EventDict:
    given = event["_record"].__dict__
    event.update({name: given[name] for name in FACTS if name in given})
    return event


def _as_json(_logger: Any, _method: str, event: EventDict) -> str:
    head = {name: event.pop(name) for name in _HEAD}
    return json.dumps({**head, **event}, ensure_ascii=False, default=str)


def _as_words(_logger: Any, _method: str, event: EventDict) -> str:
    """The facts stand in the words already."""
    ids = "".join(f" {name}={event[name]}" for name in sorted(IDS & event.keys()))
    # One event is one line, whatever is in it; only a traceback has more.
    words = str(event["event"]).replace("\n", "\\n").replace("\r", "\\r")
    line = f"{event['timestamp']} {event['level'].upper()} {event['logger']}: {words}{ids}"
    return f"{line}\n{event['exception']}" if event.get("exception") else line
