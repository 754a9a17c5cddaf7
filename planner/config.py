"""The settings of one running planner, from the environment and instance/settings.toml."""

import fcntl
import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from planner.errors import InvalidInput, StorageFailed
from planner.settings import IMAP_KEYS, SMTP_KEYS, Settings, read_settings, refusal

PACKAGE = Path(__file__).resolve().parent
SMTP_PORTS = {"starttls": 587, "ssl": 465, "none": 25}
IMAP_PORTS = {"starttls": 143, "ssl": 993, "none": 143}
LOG_FORMATS = ("console", "json")
# 128 bits in hexadecimal.
SECRET_KEY_LENGTH_MIN = 32
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
BACKUPS_KEPT = 14
# Without a plus sign: what belongs to each invitation is added after one.
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9._-]{1,32}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_PLAIN_FOLDER = re.compile(r"[A-Za-z0-9._/ -]{1,100}")


def checkout_folder(package: Path = PACKAGE) -> Path | None:
    """The source checkout that this package lies in, or None when it was installed from a wheel."""
    folder = package.parent
    return folder if (folder / "pyproject.toml").is_file() and (folder / "templates").is_dir() else None


def template_folder(package: Path = PACKAGE) -> Path:
    """Where the templates are: inside the package of a wheel, beside it in a checkout."""
    shipped = package / "_templates"
    return shipped if shipped.is_dir() else package.parent / "templates"


def instance_folder(environ: Mapping[str, str], cwd: Path, package: Path = PACKAGE) -> Path:
    """Where the clinic's data and settings are: $PLANNER_INSTANCE, else the checkout's instance/, else ./instance."""
    given = environ.get("PLANNER_INSTANCE")
    return (cwd / given).resolve() if given else (checkout_folder(package) or cwd.resolve()) / "instance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """The mail server that messages go out through.

    Args:
        security: "starttls" and "ssl" encrypt; "none" is for a relay on the same machine.
        sender: the From address.
    Raises:
        InvalidInput: a value that cannot work; `field` is the setting's name.
    """

    host: str
    port: int
    security: str
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.security not in SMTP_PORTS:
            raise refusal("smtp.security", f"is {self.security!r}; it can be {', '.join(SMTP_PORTS)}")
        _check_range("smtp.port", self.port, 1, 65535)
        if "@" not in self.sender or not self.sender.isprintable():
            raise refusal("smtp.sender", f"is {self.sender!r}, which is no e-mail address")
        if (self.user is None) != (self.password is None):
            raise refusal("smtp.user", "and smtp.password belong together: give both or neither")


@dataclass(frozen=True, slots=True, kw_only=True)
class Imap:
    """The mail folder that answers to invitations come to.

    Args:
        security: as for `Smtp`.
        folder: one that nothing else comes to: whatever is in it is taken for an answer and marked as read.
    Raises:
        InvalidInput: a value that cannot work; `field` is the setting's name.
    """

    host: str
    port: int
    security: str
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"

    def __post_init__(self) -> None:
        if self.security not in IMAP_PORTS:
            raise refusal("imap.security", f"is {self.security!r}; it can be {', '.join(IMAP_PORTS)}")
        _check_range("imap.port", self.port, 1, 65535)
        if not _PLAIN_FOLDER.fullmatch(self.folder):
            raise refusal("imap.folder", f"is {self.folder!r}; it can hold letters, digits, blanks and . _ / -")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings, checked.

    Args:
        instance: absolute folder of the database, the secret key, settings.toml and the outtray.
        database_url: an SQLAlchemy URL: of an SQLite file with its absolute path, or of a PostgreSQL database. It may
            have a password, so no message and no log has it.
        secret_key: signs sessions and links; at least 32 characters.
        secret_key_fallbacks: earlier ones; what they signed is still good, and is signed anew when it is used.
        host, port: where the server listens.
        public_url: how people reach it from outside, or None for the address it listens on.
        threads: requests answered at the same time.
        trusted_proxies: how many proxies stand in front, whose X-Forwarded headers are believed.
        timers: whether the server runs the timed work itself (the embedded default).
        log_format: one of LOG_FORMATS.
        metrics_token: whoever has it may read what was measured; at least 32 characters.
        metrics_from: networks whose programs may read it without a token, "10.0.0.0/8, ::1".
        drain_seconds: how long the server goes on answering after it was told to end, while it says it is not ready.
        jobs: "queue" or "embedded"; None: by the kind of the database.
        worker_port: where `planner worker` answers whether it lives; 0: nowhere.
        feed_gzip: whether calendars are sent packed to programs that take it; some old ones say so and then can't.
        reply_address: where answers to invitations go, with a mail server that takes name+anything@ for name@ and
            hands them to `planner inbound`; None: answers go to the clinic's own address, for a person to read.
        smtp: the mail server, or None: messages are then written into the outtray.
        imap: the folder that answers to invitations are read from every two minutes, or None.
        backup_folder: where a backup is written each night, by its full path; None: no backups by night.
        backup_keep: so many of them stay.
    Raises:
        InvalidInput: a value that cannot work; `field` is the setting's name.
    """

    instance: Path
    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str | None = None
    threads: int = 8
    trusted_proxies: int = 0
    timers: bool = True
    log_format: str = "console"
    metrics_token: str | None = field(default=None, repr=False)
    metrics_from: str | None = None
    drain_seconds: int = 0
    worker_port: int = 0
    jobs: str | None = None
    feed_gzip: bool = True
    reply_address: str | None = None
    smtp: Smtp | None = None
    imap: Imap | None = None
    secret_key_fallbacks: tuple[str, ...] = field(default=(), repr=False)
    backup_folder: Path | None = None
    backup_keep: int = BACKUPS_KEPT

    def __post_init__(self) -> None:
        _check_range("backup_keep", self.backup_keep, 1, 3660)
        if self.backup_folder is not None and not self.backup_folder.is_absolute():
            raise refusal("backup_folder", f"is {str(self.backup_folder)!r}; it must be a full path")
        _check_range("port", self.port, 1, 65535)
        _check_range("threads", self.threads, 1, 64)
        _check_range("trusted_proxies", self.trusted_proxies, 0, 5)
        if len(self.secret_key) < SECRET_KEY_LENGTH_MIN:
            raise refusal("secret_key", f"is shorter than {SECRET_KEY_LENGTH_MIN} characters")
        if any(len(key) < SECRET_KEY_LENGTH_MIN for key in self.secret_key_fallbacks):
            raise refusal("secret_key_fallbacks", f"has a key of less than {SECRET_KEY_LENGTH_MIN} characters")
        check_database_url(self.database_url)
        _check_public_url(self.public_url)
        if self.reply_address is not None and not _PLAIN_ADDRESS.fullmatch(self.reply_address):
            raise refusal("reply_address", f"is {self.reply_address!r}; it must be like replies@clinic.example")
        if self.imap is not None and self.reply_address is None:
            raise refusal("reply_address", "is missing; answers come to no folder without it")
        self._check_watch()

    def _check_watch(self) -> None:
        _check_range("drain_seconds", self.drain_seconds, 0, 300)
        _check_range("worker_port", self.worker_port, 0, 65535)
        if self.jobs not in (None, "embedded", "queue"):
            raise refusal("jobs", f"is {self.jobs!r}; it can be embedded or queue")
        if self.jobs == "queue" and not self.on_server:
            raise refusal("jobs", "can't be queue: only PostgreSQL has one")
        if self.log_format not in LOG_FORMATS:
            raise refusal("log_format", f"is {self.log_format!r}; it can be {', '.join(LOG_FORMATS)}")
        if self.metrics_token is not None and len(self.metrics_token) < SECRET_KEY_LENGTH_MIN:
            raise refusal("metrics_token", f"is shorter than {SECRET_KEY_LENGTH_MIN} characters")
        _networks(self.metrics_from)

    @property
    def on_server(self) -> bool:
        """Whether the database is PostgreSQL, and no file."""
        return self.database_url.startswith("postgresql")

    @property
    def queued(self) -> bool:
        """Whether jobs wait in a queue that any worker takes them from, and are not done where they come up."""
        return self.on_server and self.jobs != "embedded"

    @property
    def base_url(self) -> str:
        """The address in links, without a slash at its end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        # A server that listens everywhere is still reached at one address.
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def metrics_networks(self) -> tuple[Network, ...]:
        """Who may read what was measured without a token."""
        return _networks(self.metrics_from)

    @property
    def outtray(self) -> Path:
        """The folder that messages are written into while there is no mail server."""
        return self.instance / "outtray"

    @classmethod
    def load(cls, environ: Mapping[str, str], cwd: Path) -> "Config":
        """Read the settings; make the instance folder and its secret key if there are none yet.

        Args:
            environ: PLANNER_ and a setting's name in capitals, PLANNER_SMTP_HOST, wins over settings.toml; an empty
                value counts as not given.
            cwd: what a relative PLANNER_INSTANCE is relative to.
        Raises:
            InvalidInput: a setting is unknown or cannot work; `field` is its name.
            StorageFailed: the instance folder cannot be written.
        """
        instance = instance_folder(environ, cwd)
        _make_folder(instance)
        settings = Settings(environ, read_settings(instance / "settings.toml"))
        return cls(
            instance=instance,
            database_url=settings.text("database_url") or f"sqlite:///{instance}/planner.sqlite",
            secret_key=settings.text("secret_key") or _kept_secret(instance / "secret_key"),
            host=settings.text("host") or "127.0.0.1",
            port=settings.whole("port", 8000),
            public_url=settings.text("base_url"),
            threads=settings.whole("threads", 8),
            trusted_proxies=settings.whole("trusted_proxies", 0),
            timers=settings.truth("timers", True),
            log_format=settings.text("log_format") or "console",
            metrics_token=settings.text("metrics_token"),
            metrics_from=settings.text("metrics_from"),
            drain_seconds=settings.whole("drain_seconds", 0),
            worker_port=settings.whole("worker_port", 0),
            jobs=settings.text("jobs"),
            feed_gzip=settings.truth("feed_gzip", True),
            reply_address=settings.text("reply_address"),
            smtp=_smtp(settings),
            imap=_imap(settings),
            secret_key_fallbacks=settings.several("secret_key_fallbacks"),
            backup_folder=Path(folder) if (folder := settings.text("backup_folder")) else None,
            backup_keep=settings.whole("backup_keep", BACKUPS_KEPT),
        )


def _smtp(settings: Settings) -> Smtp | None:
    if not settings.has_any(SMTP_KEYS):
        return None
    host, sender = settings.text("smtp.host"), settings.text("smtp.sender")
    if host is None or sender is None:
        raise refusal("smtp.sender" if host else "smtp.host", "is missing; a mail server needs its host and a sender")
    security = settings.text("smtp.security") or "starttls"
    return Smtp(
        host=host,
        port=settings.whole("smtp.port", SMTP_PORTS.get(security, 0)),
        user=settings.text("smtp.user"),
        password=settings.text("smtp.password"),
        security=security,
        sender=sender,
    )


def _imap(settings: Settings) -> Imap | None:
    if not settings.has_any(IMAP_KEYS):
        return None
    given = {key: settings.text(f"imap.{key}") or "" for key in ("host", "user", "password")}
    for key, value in given.items():
        if not value:
            raise refusal(f"imap.{key}", "is missing; a mail folder needs a host, a user and a password")
    security = settings.text("imap.security") or "ssl"
    port = settings.whole("imap.port", IMAP_PORTS.get(security, 0))
    return Imap(**given, port=port, security=security, folder=settings.text("imap.folder") or "INBOX")


def _make_folder(instance: Path) -> None:
    try:
        # Patients' data lie in it: nobody else on this machine looks in, unless somebody who may says so later.
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = f"The instance folder {instance} can't be made: {error.strerror}."
        raise InvalidInput(reason, field="PLANNER_INSTANCE") from error


def _kept_secret(path: Path) -> str:
    """The key in the file, made on first use. Two processes that start at once agree on one."""
    try:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            kept = file.read().strip()
            # Empty is a new file, or one whose writer was stopped before it wrote.
            if not kept:
                kept = secrets.token_hex(32)
                file.write(kept + "\n")
                file.flush()
                os.fsync(file.fileno())
            return kept
    except (OSError, UnicodeDecodeError) as error:
        raise StorageFailed(f"The secret key {path} can't be read or written: {error}.", field="secret_key") from error


def _networks(given: str | None) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(each.strip()) for each in (given or "").split(",") if each.strip())
    except ValueError as error:
        raise refusal("metrics_from", f"is {given!r}; it must be networks like 10.0.0.0/8, ::1") from error


def check_database_url(url: str) -> None:
    """Raise InvalidInput where this is no database of ours. It is not repeated: it may have a password."""
    if url.startswith("sqlite:"):
        if not url.startswith("sqlite:////") or "?" in url:
            raise refusal("database_url", "must name an SQLite file by its full path, sqlite:////srv/planner.sqlite")
        return
    try:
        parts = urlsplit(url)
        good = parts.scheme == "postgresql+psycopg" and len(parts.path) > 1 and parts.port != 0
    except ValueError:
        good = False
    if not (good and url.isprintable()):
        example = "postgresql+psycopg://planner:password@db.example.org/planner"
        raise refusal("database_url", f"must be sqlite:////srv/planner.sqlite, or like {example}")


def _check_public_url(url: str | None) -> None:
    if url is None:
        return
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.path in ("", "/")
        # A port that is none is refused by reading it.
        plain = not (parts.query or parts.fragment or parts.username or " " in url or parts.port == 0)
    except ValueError:
        good = plain = False
    if not (good and plain and url.isprintable()):
        raise refusal("base_url", f"is {url!r}; it must be like https://planner.example.org")


def _check_range(key: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise refusal(key, f"is {value}; it must be {low} to {high}")
