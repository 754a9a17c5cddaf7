"""Mail servers that encrypt: one whose certificate is trusted, and one whose is not."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from planner.notify.delivery import TemporaryFailure
from planner.notify.inbox import Inbox
from tests.notify.mail_folder import Folder, mail_folder
from tests.notify.test_smtp import MESSAGE, Clerk, free_port, mailer, sign_in

# For 127.0.0.1 and nothing else; the key protects nothing.
CERTIFICATE = Path(__file__).parent / "certificate"


def own_side() -> ssl.SSLContext:
    """The servers' encryption."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE / "cert.pem", CERTIFICATE / "key.pem")
    return context


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine trusts that certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE / "cert.pem"))


class _Upgrading(Controller):
    def factory(self) -> SMTP:
        return SMTP(self.handler, tls_context=own_side(), require_starttls=True, authenticator=sign_in)


@contextmanager
def encrypting_server(clerk: Clerk, security: str) -> Iterator[int]:
    """A mail server that takes nothing in the clear."""
    if security == "starttls":
        controller = _Upgrading(clerk, hostname="127.0.0.1", port=free_port())
    else:
        controller = Controller(
            clerk, hostname="127.0.0.1", port=free_port(), ssl_context=own_side(), authenticator=sign_in,
            auth_require_tls=False,
        )  # fmt: skip
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@pytest.mark.parametrize("security", ["starttls", "ssl"])
@pytest.mark.usefixtures("trusted")
def test_a_message_goes_encrypted_with_a_password(security: str) -> None:
    """To a server whose certificate is trusted."""
    clerk = Clerk()
    with encrypting_server(clerk, security) as port:
        mailer(port, security=security, user="planner", password="right").send(MESSAGE)
    assert len(clerk.taken) == 1


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_a_server_that_nobody_vouches_for_gets_nothing(security: str) -> None:
    """It may be anybody's; the message waits."""
    clerk = Clerk()
    with (
        encrypting_server(clerk, security) as port,
        pytest.raises(TemporaryFailure, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        mailer(port, security=security, user="planner", password="right").send(MESSAGE)
    assert clerk.taken == []


def inbox(port: int) -> Inbox:
    """The folder behind encryption."""
    return Inbox("127.0.0.1", port, "ssl", "planner", "right")


@pytest.mark.usefixtures("trusted")
def test_answers_are_read_encrypted() -> None:
    """From a server whose certificate is trusted."""
    with mail_folder(Folder({1: b"x"}), own_side()) as port, inbox(port).opened() as opened:
        assert opened.unseen() == ["1"]


def test_answers_are_not_read_from_a_server_that_nobody_vouches_for() -> None:
    """Nor does it learn the password."""
    with (
        mail_folder(Folder(), own_side()) as port,
        pytest.raises(TemporaryFailure, match="CERTIFICATE_VERIFY_FAILED"),
        inbox(port).opened(),
    ):
        pass
