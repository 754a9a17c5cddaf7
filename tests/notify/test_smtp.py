"""Delivery through a real mail server on this machine."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from planner.notify.delivery import PermanentFailure, TemporaryFailure, UnknownOutcome
from planner.notify.message import Mailbox, Message
from planner.notify.smtp import SmtpMailer

SENDER = Mailbox("planner@mail.example")
MESSAGE = Message(
    to="ana@example.org",
    to_name="Ana",
    subject="Your appointment",
    text="Hello Ana,\n.dot\n",
    html="<p>Hello Ana</p>\n",
    message_id="<1@mail.example>",
    date=datetime(2026, 11, 22, 10, 15, tzinfo=UTC),
)


class Clerk:
    """Takes messages, or answers what it was told to at each step."""

    def __init__(self, *, mail: str = "", rcpt: str = "", data: str = "") -> None:
        self.answers = {"mail": mail, "rcpt": rcpt, "data": data}
        self.taken: list[Envelope] = []

    async def handle_MAIL(  # noqa: N802  (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers["mail"] or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answers["rcpt"]:
            return self.answers["rcpt"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answers["data"]:
            return self.answers["data"]
        self.taken.append(envelope)
        return "250 taken"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def sign_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    """Only the planner's own password is right."""
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"planner", b"right")
    return AuthResult(success=right, handled=right)


@contextmanager
def mail_server(clerk: Clerk) -> Iterator[int]:
    """A running aiosmtpd, without encryption; gives its port."""
    controller = Controller(
        clerk, hostname="127.0.0.1", port=free_port(), authenticator=sign_in, auth_require_tls=False
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def mailer(port: int, **settings: object) -> SmtpMailer:
    return SmtpMailer("127.0.0.1", port, sender=SENDER, timeout=60, **{"security": "none", **settings})


def test_a_message_arrives_as_it_was_written() -> None:
    """From, to and content, with the dot at the start of a line kept."""
    clerk = Clerk()
    with mail_server(clerk) as port:
        mailer(port).send(MESSAGE)
    (envelope,) = clerk.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("planner@mail.example", ["ana@example.org"])
    assert envelope.content == MESSAGE.to_mime(SENDER).as_bytes()
    assert b"\r\n.dot" in envelope.content


def test_the_outbox_hears_before_the_text_goes_out() -> None:
    """Nothing was taken when the mark is made; everything after."""
    clerk = Clerk()
    taken_then: list[int] = []
    with mail_server(clerk) as port:
        mailer(port).send(MESSAGE, on_data_started=lambda: taken_then.append(len(clerk.taken)))
    assert (taken_then, len(clerk.taken)) == ([0], 1)


def test_if_the_mark_can_not_be_made_nothing_is_sent() -> None:
    """A reminder that cannot be marked must not go out."""
    clerk = Clerk()

    def broken() -> None:
        raise RuntimeError("the database is away")

    with mail_server(clerk) as port, pytest.raises(RuntimeError):
        mailer(port).send(MESSAGE, on_data_started=broken)
    assert clerk.taken == []


def test_a_refused_address_is_refused_for_good() -> None:
    """With the server's words, and before any text went out."""
    marks: list[str] = []
    with (
        mail_server(Clerk(rcpt="550 no such mailbox")) as port,
        pytest.raises(PermanentFailure, match="refuses the address: 550 no such mailbox"),
    ):
        mailer(port).send(MESSAGE, on_data_started=lambda: marks.append("started"))
    assert marks == []


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"rcpt": "451 greylisted, come back"}, "451 greylisted, come back"),
        ({"data": "452 disk full"}, "452 disk full"),
        ({"mail": "421 too busy"}, "421 too busy"),
    ],
)
def test_a_temporary_refusal_may_be_tried_again(answers: dict[str, str], said: str) -> None:
    """Whatever the step, 4xx means later."""
    with mail_server(Clerk(**answers)) as port, pytest.raises(TemporaryFailure, match=said):
        mailer(port).send(MESSAGE)


def test_a_message_refused_for_its_content_is_refused_for_good() -> None:
    """Sending the same bytes again would not help."""
    with (
        mail_server(Clerk(data="554 looks like spam")) as port,
        pytest.raises(PermanentFailure, match="refuses the message: 554 looks like spam"),
    ):
        mailer(port).send(MESSAGE)


def test_a_refused_sender_is_a_setting_to_put_right() -> None:
    """The patient's address is not to blame, so nothing is given up."""
    with (
        mail_server(Clerk(mail="550 who are you")) as port,
        pytest.raises(TemporaryFailure, match="refuses our sender address: 550 who are you"),
    ):
        mailer(port).send(MESSAGE)


def test_a_right_password_lets_us_in_and_a_wrong_one_is_temporary() -> None:
    """The password itself is never told."""
    clerk = Clerk()
    with mail_server(clerk) as port:
        mailer(port, user="planner", password="right").send(MESSAGE)
        with pytest.raises(TemporaryFailure, match="does not let us in: 535") as failure:
            mailer(port, user="planner", password="wr0ng").send(MESSAGE)
    assert len(clerk.taken) == 1
    assert "wr0ng" not in str(failure.value) + repr(mailer(1, user="planner", password="wr0ng"))


def test_without_the_encryption_that_was_asked_for_nothing_is_sent() -> None:
    """A server that offers no STARTTLS, or speaks plainly where TLS was expected, gets neither password nor text."""
    clerk = Clerk()
    with mail_server(clerk) as port:
        for security in ("starttls", "ssl"):
            with pytest.raises(TemporaryFailure):
                mailer(port, security=security, user="planner", password="right").send(MESSAGE)
    assert clerk.taken == []


def test_a_closed_port_is_temporary() -> None:
    """The server may be back in a minute; the message says which one it is."""
    port = free_port()
    with pytest.raises(TemporaryFailure, match=rf"127\.0\.0\.1:{port} can't be used: .*refused"):
        mailer(port).send(MESSAGE)


@contextmanager
def rude_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Takes one connection, says what it likes, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                talk(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join(timeout=60)


def until_the_end_of_data(connection: socket.socket) -> None:
    """Agree to everything, read the whole text, and hang up without an answer to it."""
    connection.sendall(b"220 hello\r\n")
    lines = connection.makefile("rb")
    for line in lines:
        data = line.upper().startswith(b"DATA")
        connection.sendall(b"354 go on\r\n" if data else b"250 OK\r\n")
        if data:
            break
    while next(lines) != b".\r\n":
        pass
    lines.close()


def test_silence_after_the_text_leaves_the_outcome_unknown() -> None:
    """It may have been delivered: the outbox must not send a reminder twice."""
    marks: list[str] = []
    with rude_server(until_the_end_of_data) as port, pytest.raises(UnknownOutcome, match="fell silent"):
        mailer(port).send(MESSAGE, on_data_started=lambda: marks.append("started"))
    assert marks == ["started"]


def test_a_connection_dropped_before_the_text_is_temporary() -> None:
    """Nothing can have been delivered."""
    with (
        rude_server(lambda connection: connection.sendall(b"220 hello\r\n")) as port,
        pytest.raises(TemporaryFailure),
    ):
        mailer(port).send(MESSAGE)


def test_a_server_that_says_no_at_the_door_is_temporary() -> None:
    """With its words."""
    with (
        rude_server(lambda connection: connection.sendall(b"554 go away\r\n")) as port,
        pytest.raises(TemporaryFailure, match="554 go away"),
    ):
        mailer(port).send(MESSAGE)
