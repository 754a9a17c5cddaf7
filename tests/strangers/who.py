"""Who walks through the town: nobody, three kinds of staff, and those who hold a link."""

from dataclasses import dataclass
from typing import Final, Literal

from planner.services.runtime import Actor
from tests.factories import Clinic, Person


@dataclass(frozen=True)
class Role:
    """Somebody at the door.

    Args:
        person: who signs in; None: nobody does.
        holds: the kind of link that opens something to them; "" for none.
    """

    name: str
    person: Person | None = None
    holds: Literal["patient-link", "feed-token", ""] = ""

    @property
    def actor(self) -> Actor | None:
        """The person as services see them."""
        return self.person.actor if self.person is not None else None

    @property
    def alone(self) -> bool:
        """Whether they may see nobody but Ana."""
        return self.person is None and self.holds != "feed-token"


NAMES: Final = ("nobody", "reception", "therapist", "manager", "patient link", "feed link")
SHARES: Final = {"nobody": 1, "reception": 3, "therapist": 2, "manager": 3, "patient link": 2, "feed link": 1}
"""Of the time, because some may open much more than others."""


def role_named(name: str, clinic: Clinic) -> Role:
    """One of NAMES, played by the cast."""
    people = {"reception": clinic.rosa, "therapist": clinic.ben, "manager": clinic.mo}
    if name in people:
        return Role(name, people[name])
    return Role(name, holds={"nobody": "", "patient link": "patient-link", "feed link": "feed-token"}[name])  # type: ignore[arg-type]
