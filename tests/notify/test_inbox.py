"""Reading a mail folder on a real connection."""

import pytest

from planner.notify.delivery import TemporaryFailure
from planner.notify.inbox import MOST_AT_ONCE, Inbox
from tests.notify.mail_folder import Folder, mail_folder
from tests.notify.test_smtp import free_port


def inbox(port, **settings):
    """The folder on this machine."""
    usual = {"host": "127.0.0.1", "port": port, "security": "none", "user": "planner", "password": "right"}
    return Inbox(**{**usual, **settings})


def test_a_message_is_read_whole_and_stays_unread_until_it_is_marked():
    """Bytes as they are, whatever they are."""
    folder = Folder({7: b"Subject: x\r\n\r\n\xff\x00)\r\n* 8 FETCH", 9: b"y"})
    with mail_folder(folder) as port, inbox(port).opened() as opened:
        assert opened.unseen() == ["7", "9"]
        assert opened.message("7", 1000) == folder.messages[7]
        assert opened.unseen() == ["7", "9"]
        opened.mark_read("7")
        assert opened.unseen() == ["9"]


def test_of_a_huge_message_only_the_beginning_is_fetched():
    """Memory is ours, the message anybody's."""
    with mail_folder(Folder({1: b"x" * 100_000})) as port, inbox(port).opened() as opened:
        assert len(opened.message("1", 1000)) == 1000


def test_a_flood_is_read_in_portions():
    """The rest next time."""
    folder = Folder(dict.fromkeys(range(1, MOST_AT_ONCE + 50), b"x"))
    with mail_folder(folder) as port, inbox(port).opened() as opened:
        assert len(opened.unseen()) == MOST_AT_ONCE


def test_a_message_that_is_gone_is_a_temporary_failure():
    """Somebody deleted it meanwhile."""
    with mail_folder(Folder()) as port, inbox(port).opened() as opened, pytest.raises(TemporaryFailure):
        opened.message("5", 1000)


@pytest.mark.parametrize(
    ("settings", "broken", "words"),
    [
        ({"password": "wrong"}, "", "does not let us in.*wrong password"),
        ({"user": 'x" y'}, "", "does not let us in"),
        ({"folder": "Elsewhere"}, "", "no folder Elsewhere"),
        ({"security": "starttls"}, "", "does not let us in"),
        ({}, "LOGIN", "does not let us in"),
        ({}, "SELECT", "no folder"),
        ({}, "CAPABILITY", "can't be used"),
    ],
)
def test_a_server_that_does_not_open_the_folder_is_a_temporary_failure(settings, broken, words):
    """With its words; without the encryption that was asked for no password is sent."""
    with (
        mail_folder(Folder(broken=broken)) as port,
        pytest.raises(TemporaryFailure, match=words),
        inbox(port, **settings).opened(),
    ):
        pass


@pytest.mark.parametrize("command", ["UID SEARCH", "UID FETCH", "UID STORE"])
def test_a_connection_that_breaks_is_a_temporary_failure(command):
    """At whichever step."""
    with (
        mail_folder(Folder({1: b"x"}, broken=command)) as port,
        pytest.raises(TemporaryFailure),
        inbox(port).opened() as opened,
    ):
        opened.unseen()
        opened.message("1", 10)
        opened.mark_read("1")


def test_a_closed_port_is_a_temporary_failure():
    """The server is being restarted."""
    with pytest.raises(TemporaryFailure, match="can't be used"), inbox(free_port()).opened():
        pass


def test_the_password_is_in_no_text():
    """Neither in a log nor in an error report."""
    assert "right" not in repr(inbox(143))
