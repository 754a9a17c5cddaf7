"""Delivery through a mail server."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from planner.notify.delivery import PermanentFailure, TemporaryFailure, UnknownOutcome
from planner.notify.message import Mailbox, Message, one_line
from planner.words import Text, say

Security = Literal["starttls", "ssl", "none"]


@dataclass(frozen=True, slots=True)
class SmtpMailer:
    """Sends each message over its own connection.

    Args:
        host: of the mail server.
        port: of the mail server.
        security: "starttls" and "ssl" encrypt and check the server's certificate; "none" is for this machine's relay.
        sender: the From address, also the envelope's.
        user: to sign in with; None if the server asks for none.
        password: belongs to `user`.
        timeout: seconds to wait for any one answer.
    """

    host: str
    port: int
    security: Security
    sender: Mailbox
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 30.0

    def send(self, message: Message, *, on_data_started: Callable[[], None] | None = None) -> None:
        """Deliver one message; see `Mailer.send`."""
        text = message.to_mime(self.sender).as_bytes()
        with self._connection() as server:
            with _explained(say("The mail server does not take messages now")):
                ours = say("The mail server refuses our sender address")
                _expect(server.mail(self.sender.address), ours, final=False)
                _expect(server.rcpt(message.to), say("The mail server refuses the address"))
            if on_data_started is not None:
                on_data_started()
            _hand_over(server, text)

    def try_connection(self) -> None:
        """Find out whether the server answers and lets us in; nothing is sent.

        Raises:
            TemporaryFailure: it does not, with its words.
        """
        with self._connection():
            pass

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        """A connection that is greeted, encrypted and signed in; closed afterwards whatever happens.

        Raises:
            TemporaryFailure: the server is away or does not let us in; settings can be put right, so never for good.
        """
        with _explained(say("The mail server %(server)s can't be used", server=f"{self.host}:{self.port}")):
            server = self._connect()
        try:
            with _explained(say("The mail server %(server)s does not let us in", server=f"{self.host}:{self.port}")):
                server.ehlo_or_helo_if_needed()
                if self.security == "starttls":
                    server.starttls(context=ssl.create_default_context())
                if self.user is not None and self.password is not None:
                    server.login(self.user, self.password)
            yield server
        finally:
            _close(server)

    def _connect(self) -> smtplib.SMTP:
        # Given, because smtplib otherwise asks the name service for this machine's, and may wait for it.
        own_name = self.sender.address.rpartition("@")[2]
        if self.security == "ssl":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, own_name, timeout=self.timeout, context=context)
        return smtplib.SMTP(self.host, self.port, own_name, timeout=self.timeout)


def _hand_over(server: smtplib.SMTP, text: bytes) -> None:
    """Send the text itself.

    Raises:
        TemporaryFailure, PermanentFailure: the server said no.
        UnknownOutcome: it said nothing any more.
    """
    try:
        answer = server.data(text)
    except smtplib.SMTPDataError as refusal:
        answer = (refusal.smtp_code, _bytes(refusal.smtp_error))
    except (smtplib.SMTPException, OSError) as failure:
        silent = say("The mail server fell silent while it took the message")
        raise UnknownOutcome(_because(silent, _words(failure))) from failure
    _expect(answer, say("The mail server refuses the message"))


def _expect(answer: tuple[int, bytes], refusal: str, *, final: bool = True) -> None:
    """Nothing, if the server agreed.

    Args:
        answer: its code and words.
        refusal: what it means for us if it did not.
        final: whether a 5xx is about this message, and so for good.
    Raises:
        TemporaryFailure, PermanentFailure: it refused.
    """
    code, said = answer
    if 200 <= code < 300:
        return
    words = _because(refusal, f"{code} {one_line(said.decode(errors='replace'))}")
    raise PermanentFailure(words) if final and code >= 500 else TemporaryFailure(words)


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn whatever goes wrong on the line into a TemporaryFailure with the server's words."""
    try:
        yield
    except (smtplib.SMTPException, OSError) as failure:
        raise TemporaryFailure(_because(what, _words(failure))) from failure


def _because(what: str, words: str) -> Text:
    """What went wrong, and what the server says of it in its own language."""
    return say("%(what)s: %(words)s", what=what, words=words)


def _words(failure: Exception) -> str:
    if isinstance(failure, smtplib.SMTPResponseException):
        return f"{failure.smtp_code} {one_line(_bytes(failure.smtp_error).decode(errors='replace'))}"
    return one_line(str(failure)) or type(failure).__name__


def _bytes(said: bytes | str) -> bytes:
    return said.encode() if isinstance(said, str) else said


def _close(server: smtplib.SMTP) -> None:
    # The message is settled by now: a server that hangs up rudely changes nothing.
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()
