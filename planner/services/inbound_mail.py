"""Answers to invitations out of a mail folder: each is read once, and what fails is tried again later."""

from __future__ import annotations

from planner.calendars.reply import MOST_BYTES
from planner.notify.inbox import Inbox, OpenFolder
from planner.services.replies import receive
from planner.services.runtime import Runtime
from planner.services.sweeping import SweepReport, each


def read_answers(runtime: Runtime) -> SweepReport:
    """Carry out the answers that nobody has read yet, where a folder for them is set; the report counts messages.

    A message is marked as read after it was carried out. Should that be lost, it comes again and changes nothing more.
    """
    reports: list[SweepReport] = []
    inboxes = [runtime.inbox] if runtime.inbox else []
    asked = each(
        runtime, "ask-mailbox", inboxes, key=lambda inbox: inbox.folder,
        work=lambda inbox: reports.append(_read(runtime, inbox)),
    )  # fmt: skip
    return reports[0] if reports else asked


def _read(runtime: Runtime, inbox: Inbox) -> SweepReport:
    with inbox.opened() as folder:
        return each(
            runtime, "read-answers", folder.unseen(), key=lambda number: number,
            work=lambda number: _take(runtime, folder, number),
        )  # fmt: skip


def _take(runtime: Runtime, folder: OpenFolder, number: str) -> None:
    # One more than is ever accepted, so that a larger one is seen to be too large.
    receive(runtime, folder.message(number, MOST_BYTES + 1))
    folder.mark_read(number)
