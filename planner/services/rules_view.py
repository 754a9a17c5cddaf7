"""The page of the clinic's rules: whose appointments a repair may move."""

from __future__ import annotations

from dataclasses import dataclass

from planner.services import clinic_setup
from planner.services.runtime import Actor, Runtime


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules as they are now."""

    displacing: str


def rules_of(runtime: Runtime, actor: Actor) -> Rules:
    """What the page shows."""
    with runtime.reading(actor) as unit:
        return Rules(unit.clinic.displacing)


def change_rules(runtime: Runtime, actor: Actor, displacing: str) -> None:
    """Keep new rules; they hold from the next repair on.

    Raises:
        InvalidInput: a word that is none of `clinic_setup.DISPLACING`.
        NotAllowed: by somebody who is no manager.
    """
    with runtime.writing(actor) as unit:
        clinic_setup.set_displacing(unit, displacing)
