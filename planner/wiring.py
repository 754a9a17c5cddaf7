"""The parts put together by the settings, and the tests that a program must pass before it starts."""

from typing import cast

from planner import logs
from planner.clock import SystemClock
from planner.config import Config
from planner.errors import StorageFailed
from planner.notify.delivery import Mailer
from planner.notify.inbox import Inbox
from planner.notify.message import Mailbox
from planner.notify.outtray import OuttrayMailer
from planner.notify.smtp import Security, SmtpMailer
from planner.services.backup_folder import BackupFolder
from planner.services.runtime import Runtime
from planner.storage import schema
from planner.storage.database import Database
from planner.storage.queue import Queue


def build(config: Config) -> Runtime:
    """The running program. Nothing is read or written yet."""
    database = Database(config.database_url)
    return Runtime(
        database=database,
        clock=SystemClock(),
        mailer=_mailer(config),
        base_url=config.base_url,
        secret_key=config.secret_key,
        old_secret_keys=config.secret_key_fallbacks,
        reply_address=config.reply_address,
        inbox=_inbox(config),
        backups=BackupFolder(config.backup_folder, config.backup_keep) if config.backup_folder else None,
        queue=Queue(database) if config.queued else None,
    )


def check_ready(runtime: Runtime) -> None:
    """Refuse to start on a database that is missing, old or unguarded.

    Raises:
        StorageFailed: saying what to do.
    """
    runtime.database.check_there()
    step = schema.current(runtime.database)
    schema.refuse_newer(step)
    if step != schema.newest():
        raise StorageFailed(
            f"The database is at step {step or 'none'}, this program needs {schema.newest()}. Run `planner db upgrade`."
        )
    runtime.database.check_guard()


def start_logging(form: str = "console") -> None:
    """Log to standard error, in a form of `logs.FORMATS`."""
    logs.start(form)


def _inbox(config: Config) -> Inbox | None:
    imap = config.imap
    if imap is None:
        return None
    return Inbox(imap.host, imap.port, cast(Security, imap.security), imap.user, imap.password, imap.folder)


def _mailer(config: Config) -> Mailer:
    if config.smtp is None:
        return OuttrayMailer(config.outtray)
    smtp = config.smtp
    return SmtpMailer(
        host=smtp.host, port=smtp.port, security=cast(Security, smtp.security), sender=Mailbox.parse(smtp.sender),
        user=smtp.user, password=smtp.password,
    )  # fmt: skip
