"""A mail folder on a server, from which answers are read."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from planner.notify.delivery import TemporaryFailure
from planner.notify.message import one_line
from planner.notify.smtp import Security

MOST_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class OpenFolder:
    """The folder, while its connection lasts."""

    server: imaplib.IMAP4

    def unseen(self) -> Sequence[str]:
        """The numbers of messages that nobody has read, the oldest first, at most `MOST_AT_ONCE`."""
        with _explained("The mail folder can't be searched"):
            found = _expect(*self.server.uid("SEARCH", "UNSEEN"))
        numbers = (found[0] or b"").split() if found else []
        return [number.decode("ascii", "replace") for number in numbers[:MOST_AT_ONCE]]

    def message(self, number: str, most_bytes: int) -> bytes:
        """The beginning of a message; it stays unread.

        Raises:
            TemporaryFailure: it is gone, or can't be had now.
        """
        with _explained("A message can't be read"):
            found = _expect(*self.server.uid("FETCH", number, f"(BODY.PEEK[]<0.{most_bytes}>)"))
        for part in found:
            if isinstance(part, tuple):
                text: bytes = part[1]
                return text
        raise TemporaryFailure("A message can't be read: the mail server does not send it.")

    def mark_read(self, number: str) -> None:
        """From now on it is not among the unseen."""
        with _explained("A message can't be marked as read"):
            _expect(*self.server.uid("STORE", number, "+FLAGS.SILENT", r"(\Seen)"))


@dataclass(frozen=True, slots=True)
class Inbox:
    """A folder of a mailbox that only answers to invitations come to.

    Args:
        security: "starttls" and "ssl" encrypt and check the server's certificate; "none" is for this machine's server.
        folder: its name on the server, in ASCII.
        timeout: seconds to wait for any one answer.
    """

    host: str
    port: int
    security: Security
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    timeout: float = 30.0

    @contextmanager
    def opened(self) -> Iterator[OpenFolder]:
        """The folder, signed in; left again whatever happens.

        Raises:
            TemporaryFailure: the server is away, does not let us in or has no such folder.
        """
        with _explained(f"The mail server {self.host}:{self.port} can't be used"):
            server = self._connect()
        try:
            with _explained(f"The mail server {self.host}:{self.port} does not let us in"):
                if self.security == "starttls":
                    server.starttls(ssl.create_default_context())
                server.login(_quoted(self.user), self.password)
            with _explained(f"The mail server has no folder {self.folder}"):
                _expect(*server.select(f'"{self.folder}"'))
            yield OpenFolder(server)
        finally:
            # Everything is settled by now: a server that hangs up rudely changes nothing.
            with suppress(imaplib.IMAP4.error, OSError):
                server.logout()
            # After a broken connection the library leaves its socket open.
            with suppress(OSError):
                server.shutdown()

    def _connect(self) -> imaplib.IMAP4:
        if self.security == "ssl":
            context = ssl.create_default_context()
            return imaplib.IMAP4_SSL(self.host, self.port, ssl_context=context, timeout=self.timeout)
        return imaplib.IMAP4(self.host, self.port, timeout=self.timeout)


def _quoted(text: str) -> str:
    # The library does this for the password alone.
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _expect(answer: str, found: list[Any]) -> list[Any]:
    if answer != "OK":
        raise imaplib.IMAP4.error(b" ".join(part for part in found if isinstance(part, bytes)).decode(errors="replace"))
    return found


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn whatever goes wrong on the line into a TemporaryFailure with the server's words."""
    try:
        yield
    except (imaplib.IMAP4.error, OSError) as failure:
        raise TemporaryFailure(f"{what}: {one_line(str(failure)) or type(failure).__name__}") from failure
