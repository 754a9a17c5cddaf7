"""The outtray: a folder of messages in place of a mail server."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from planner.notify.delivery import TemporaryFailure
from planner.notify.message import Attachment, Message, message_id
from planner.notify.outtray import OuttrayMailer, read_outtray

WRITTEN = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)


@pytest.fixture
def message() -> Message:
    return Message(
        to="ana@example.org",
        to_name="Ana Müller " + "ß" * 60,
        subject="Deine Termine: Größe und Würde haben wir lieber schön lang und breit und umständlich",
        text="Hello Ana,\nGrüße\n",
        html="<p>Grüße</p>\n",
        message_id=message_id("course-1", "mail.example"),
        date=WRITTEN,
        attachments=(Attachment("appointments.ics", b"BEGIN:VCALENDAR\r\n", "text/calendar"),),
    )


def test_a_message_reads_back_whole(tmp_path: Path, message: Message) -> None:
    """Subject, receiver, both texts and the files."""
    OuttrayMailer(tmp_path / "outtray").send(message)
    (read,) = read_outtray(tmp_path / "outtray")
    assert read.readable
    assert (read.subject, read.text, read.html) == (message.subject, message.text, message.html)
    assert read.to == f"{message.to_name} <ana@example.org>"
    assert (read.attachments, read.sent_at) == (message.attachments, WRITTEN)
    assert read.name.startswith("20261122T101500Z-")


def test_a_message_sent_twice_is_there_once(tmp_path: Path, message: Message) -> None:
    """A second attempt after a crash replaces the first."""
    mailer = OuttrayMailer(tmp_path)
    mailer.send(message)
    mailer.send(message)
    assert len(list(tmp_path.iterdir())) == 1


def test_the_newest_message_stands_first(tmp_path: Path, message: Message) -> None:
    """By the time it was written, as far as the limit goes."""
    for minute in (0, 2, 1):
        OuttrayMailer(tmp_path).send(
            replace(
                message,
                message_id=message_id(f"course-{minute}", "mail.example"),
                date=WRITTEN + timedelta(minutes=minute),
            )
        )
    times = [read.sent_at for read in read_outtray(tmp_path)]
    assert times == [WRITTEN + timedelta(minutes=minute) for minute in (2, 1, 0)]
    assert len(read_outtray(tmp_path, limit=2)) == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe",
        b"Subject: only a header\r\n\r\n",
        b"To: a\r\nSubject: =?utf-8?b?!!!?=\r\n\r\nplain only\r\n",
        b"To: a\r\nSubject: b\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff\r\n",
    ],
)
def test_a_broken_file_hides_no_other(tmp_path: Path, message: Message, content: bytes) -> None:
    """It is listed as unreadable."""
    OuttrayMailer(tmp_path).send(message)
    (tmp_path / "broken.eml").write_bytes(content)
    broken, whole = read_outtray(tmp_path)
    assert (broken.name, broken.readable, broken.sent_at) == ("broken.eml", False, None)
    assert whole.readable


def test_an_outtray_that_is_not_there_is_empty(tmp_path: Path) -> None:
    """Before the first message there is no folder; other files in it are not messages."""
    assert read_outtray(tmp_path / "none") == []
    (tmp_path / "readme.txt").write_text("not mail")
    assert read_outtray(tmp_path) == []


def test_a_folder_that_can_not_be_written_is_a_temporary_failure(tmp_path: Path, message: Message) -> None:
    """The message says where."""
    (tmp_path / "outtray").write_text("a file where the folder should be")
    with pytest.raises(TemporaryFailure, match="outtray can't be written"):
        OuttrayMailer(tmp_path / "outtray").send(message)


def test_half_a_message_is_never_left_behind(tmp_path: Path, message: Message) -> None:
    """The last step, the renaming, fails here: a folder stands in the way, and the part is cleaned up."""
    OuttrayMailer(tmp_path).send(message)
    (name,) = [path.name for path in tmp_path.iterdir()]
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(TemporaryFailure):
        OuttrayMailer(tmp_path).send(message)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_letters_to_one_address_are_forgotten_and_no_others(tmp_path: Path, message: Message) -> None:
    """Another address may hold the same letters; how one was written down does not count."""
    others = ("joana@example.org", "ana@example.org.uk", "ben@example.org")
    for number, to in enumerate(("ANA@example.org", *others)):
        named = message_id(f"course-{number}", "mail.example")
        OuttrayMailer(tmp_path).send(replace(message, to=to, message_id=named))
    assert OuttrayMailer(tmp_path).forget("ana@example.org") == 1
    assert sorted(each.to.rpartition("<")[2].strip(">") for each in read_outtray(tmp_path)) == sorted(others)


def test_the_outbox_hears_before_the_file_is_there(tmp_path: Path, message: Message) -> None:
    """As with a mail server."""
    seen: list[int] = []
    OuttrayMailer(tmp_path).send(message, on_data_started=lambda: seen.append(len(list(tmp_path.iterdir()))))
    assert seen == [0]
