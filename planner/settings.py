"""Settings by name, from the environment and from settings.toml, before it is known whether they can work."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from planner.errors import InvalidInput

TOP_KEYS = (
    *("database_url", "secret_key", "host", "port", "base_url", "threads", "trusted_proxies", "timers"),
    *("feed_gzip", "reply_address", "secret_key_fallbacks", "backup_folder", "backup_keep"),
)
SMTP_KEYS = ("smtp.host", "smtp.port", "smtp.user", "smtp.password", "smtp.security", "smtp.sender")
IMAP_KEYS = ("imap.host", "imap.port", "imap.user", "imap.password", "imap.security", "imap.folder")
WATCH_KEYS = ("log_format", "metrics_token", "metrics_from", "drain_seconds", "worker_port", "jobs")
KEYS = frozenset((*TOP_KEYS, *SMTP_KEYS, *IMAP_KEYS, *WATCH_KEYS))


class Settings:
    """Values by name, from the environment first, then from the file."""

    def __init__(self, environ: Mapping[str, str], in_file: Mapping[str, object]) -> None:
        given = {key: environ.get(variable(key)) for key in KEYS}
        self._values: dict[str, object] = {**in_file, **{key: value for key, value in given.items() if value}}

    def has_any(self, keys: tuple[str, ...]) -> bool:
        """Whether one of these is given."""
        return any(key in self._values for key in keys)

    def text(self, key: str) -> str | None:
        """A text; None where none is given. Raises InvalidInput, as the next ones do, where it is something else."""
        value = self._values.get(key)
        if value is None or isinstance(value, str):
            return value or None
        raise refusal(key, f"is {value!r}; it must be text in quotes")

    def several(self, key: str) -> tuple[str, ...]:
        """A list of texts; in the environment they stand in one line, with blanks between them."""
        value = self._values.get(key, ())
        if isinstance(value, str):
            return tuple(value.split())
        if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
            return tuple(value)
        # Not shown: it may hold a secret.
        raise refusal(key, "must be a list of texts in quotes")

    def whole(self, key: str, default: int) -> int:
        """A whole number."""
        value = self._values.get(key, default)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise refusal(key, f"is {value!r}; it must be a whole number")

    def truth(self, key: str, default: bool) -> bool:
        """Yes or no."""
        value = self._values.get(key, default)
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if isinstance(value, str) and value.lower() in words:
            return words[value.lower()]
        if isinstance(value, bool):
            return value
        raise refusal(key, f"is {value!r}; it must be true or false")


def read_settings(path: Path) -> dict[str, object]:
    """The file's settings with dotted names; no file is an empty one.

    Raises:
        InvalidInput: it can't be read, or has a setting that there is not.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"{path} can't be read: {error}.", field="settings.toml") from error
    mail = {name: tables.pop(name, {}) for name in ("smtp", "imap")}
    values = dict(tables)
    for name, table in mail.items():
        if not isinstance(table, dict):
            raise refusal(name, f"must be a table, [{name}]")
        values |= {f"{name}.{key}": value for key, value in table.items()}
    unknown = sorted(values.keys() - KEYS)
    if unknown:
        raise InvalidInput(f"{path} has a setting that does not exist: {unknown[0]}.", field=unknown[0])
    return values


def variable(key: str) -> str:
    """What a setting is called in the environment."""
    return "PLANNER_" + key.upper().replace(".", "_")


def refusal(key: str, what: str) -> InvalidInput:
    """That a setting can't be as it is, with where it is set."""
    return InvalidInput(f"The setting {key} {what} (settings.toml, or {variable(key)} in the environment).", field=key)
