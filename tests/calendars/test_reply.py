"""Answers to invitations that can't be read: the words say what is wrong with them."""

import pytest

from planner.calendars.reply import UnreadableReply, parse_reply

ONE = "BEGIN:VEVENT\r\nUID:a\r\nEND:VEVENT\r\n"


def message(events: str, method: str = "REPLY") -> bytes:
    """An e-mail whose only part is this calendar."""
    head = f"From: a@clinic.example\r\nMIME-Version: 1.0\r\nContent-Type: text/calendar; method={method}\r\n\r\n"
    return f"{head}BEGIN:VCALENDAR\r\nMETHOD:{method}\r\n{events}END:VCALENDAR\r\n".encode()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (message(""), "holds no appointment"),
        (message(ONE * 2), "more than one appointment"),
        (message(ONE, "PUBLISH"), "no answer to an invitation"),
    ],
)
def test_an_answer_that_is_none_is_refused_in_words_that_fit(raw, words):
    """Reception reads them on the worklist."""
    with pytest.raises(UnreadableReply, match=words):
        parse_reply(raw)
