"""What a check found, and the set-up that it looks at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from planner.config import Config
from planner.services.runtime import Runtime

State = Literal["good", "could", "bad"]
MARKS: Final = {"good": "✓", "could": "!", "bad": "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line for the operator.

    Args:
        state: good; could be better; bad: it does not work, or is not safe.
        about: the part of the set-up.
        says: how it is.
        todo: what to do about it; "" where it is good.
    """

    state: State
    about: str
    says: str
    todo: str = ""

    def __post_init__(self) -> None:
        """Refuse a complaint that leaves the operator alone."""
        if (self.state == "good") != (not self.todo):
            raise ValueError(f"{self.about} is {self.state}, and to do is: {self.todo!r}")

    def lines(self) -> list[str]:
        """As it is printed."""
        return [f"{MARKS[self.state]} {self.about}: {self.says}", *([f"    {self.todo}"] if self.todo else [])]

    def to_json(self) -> dict[str, str]:
        """For programs."""
        return {"state": self.state, "about": self.about, "says": self.says, "todo": self.todo}


@dataclass(frozen=True, slots=True)
class SetUp:
    """What is looked at; nothing of it is changed."""

    config: Config
    runtime: Runtime


Findings = Iterable[Finding]
