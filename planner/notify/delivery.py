"""What a mailer promises, and how a delivery can fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from planner.errors import PlannerError
from planner.notify.message import Message


class DeliveryFailure(PlannerError):
    """The message was not delivered, or nobody can say whether it was. The message names the server's words."""


class TemporaryFailure(DeliveryFailure):
    """Not delivered; the same message may go through later."""


class PermanentFailure(DeliveryFailure):
    """Not delivered, and never will be: the server refused this address or this message for good."""


class UnknownOutcome(DeliveryFailure):
    """The connection broke after the text was on its way: it may have been delivered or not."""


class Mailer(Protocol):
    """Anything that can deliver a message."""

    def send(self, message: Message, *, on_data_started: Callable[[], None] | None = None) -> None:
        """Deliver one message; returning means that somebody took responsibility for it.

        Args:
            message: what to send.
            on_data_started: called when everything is agreed and the text is about to go out. Up to then a crash
                means that nothing was sent. If it raises, nothing is sent.
        Raises:
            TemporaryFailure: try again later.
            PermanentFailure: don't try again.
            UnknownOutcome: it may have arrived; trying again may make it arrive twice.
        """
        ...
