"""All policies of the clinic as one page shows and keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from planner.services import clinic_setup
from planner.services.clinic_setup import AUTOMATED, POLICY_LIMITS
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.seen import must_be_as_seen, seen_of


@dataclass(frozen=True, slots=True)
class PolicyValues:
    """All policies.

    Args:
        numbers: for each of `clinic_setup.POLICY_LIMITS`.
        displacing: one of `clinic_setup.DISPLACING`.
        levels: for each of `clinic_setup.AUTOMATED`.
    """

    numbers: Mapping[str, int]
    displacing: str
    levels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PolicyDesk:
    """The policies as they are now.

    Args:
        seen: what a form carries along, so that a change in between is noticed.
        wall_now: the clinic's wall clock, aware.
    """

    values: PolicyValues
    seen: str
    wall_now: datetime


def policy_desk(runtime: Runtime, actor: Actor) -> PolicyDesk:
    """What the page shows."""
    with runtime.reading(actor) as unit:
        values = _values(unit)
        return PolicyDesk(values, seen_of(_plain(values)), unit.now.astimezone(unit.zone))


def keep_policies(runtime: Runtime, actor: Actor, wanted: PolicyValues, *, seen: str) -> None:
    """Keep all policies or none; they hold from the next event on.

    Raises:
        InvalidInput: one makes no sense; `field` names it.
        StaleForm: somebody kept others since the form was shown.
        NotAllowed: by somebody who is no manager.
    """
    with runtime.writing(actor) as unit:
        before = _values(unit)
        must_be_as_seen(seen, _plain(before))
        clinic_setup.change_policies(unit, **wanted.numbers)
        clinic_setup.set_displacing(unit, wanted.displacing)
        clinic_setup.set_automation(unit, wanted.levels)


def _values(unit: Unit) -> PolicyValues:
    clinic = unit.clinic
    return PolicyValues(
        numbers={name: getattr(clinic, name) for name in POLICY_LIMITS},
        displacing=clinic.displacing,
        levels={about: clinic_setup.automation_level(clinic, about) for about in AUTOMATED},
    )


def _plain(values: PolicyValues) -> dict[str, Any]:
    return {**values.numbers, "displacing": values.displacing, "levels": dict(values.levels)}
