"""What a therapist decides otherwise than the estimate: phases, lengths, reviews, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from planner.care.assessment import Assessment
from planner.care.course import LONGEST_VISIT_MINUTES, MOST_SESSIONS, fixed_sessions
from planner.care.estimate_values import Estimate
from planner.errors import InvalidInput
from planner.services.assessments import SHORTEST_VISIT_MINUTES, Override
from planner.web.numbers import whole
from planner.web.phase_form import PhaseForm
from planner.words import say

FIELDS: Final = ("first_visit_minutes", "visit_minutes", "review_at_sessions")


@dataclass(frozen=True)
class Decision:
    """The form of a decision as it stands.

    Args:
        phases: the rows, read.
        typed: the other numbers as typed: first_visit_minutes, visit_minutes, review_at_sessions ("4, 6, 8").
        numbers: those read, None where it stands as estimated; empty while something is wrong.
        errors: what is wrong with them, by field; those of the phases stand in `phases`.
    """

    phases: PhaseForm
    typed: Mapping[str, str]
    numbers: Mapping[str, int | tuple[int, ...] | None] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def sessions(self) -> int:
        """How many sessions the phases have, without an open end."""
        return fixed_sessions(self.phases.phases)

    @property
    def all_errors(self) -> dict[str, str]:
        """Everything that is wrong, by field."""
        return {**self.phases.errors, **self.errors}

    def override(self, reason: str) -> Override:
        """The decision to be recorded. Raises: ValueError while something is wrong with it."""
        if self.all_errors:
            raise ValueError("a decision with mistakes in it is not recorded")
        # The numbers were read by _read, which gives each its type.
        return Override(self.phases.phases, reason, **self.numbers)  # type: ignore[arg-type]


def begin(estimate: Estimate) -> dict[str, str]:
    """The other numbers to begin with: the estimate's."""
    return {
        "first_visit_minutes": str(estimate.first_visit_minutes),
        "visit_minutes": str(estimate.visit_minutes),
        "review_at_sessions": ", ".join(map(str, estimate.review_at_sessions)),
    }


def read_decision(phases: PhaseForm, form: Mapping[str, str], estimate: Estimate | None) -> Decision:
    """The decision that was typed; a number left empty, or as estimated, stands as estimated."""
    typed = {name: form.get(name, "").strip() for name in FIELDS}
    errors: dict[str, str] = {}
    numbers: dict[str, int | tuple[int, ...] | None] = {}
    for name in FIELDS:
        try:
            read = _reviews(typed[name]) if name == "review_at_sessions" else _minutes(typed[name])
        except InvalidInput as refusal:
            errors[name] = refusal.message
            continue
        numbers[name] = None if estimate is not None and read == getattr(estimate, name) else read
    return Decision(phases, typed, {} if errors else numbers, errors)


def read_sessions(form: Mapping[str, str]) -> int:
    """The number of sessions to spread anew. Raises: InvalidInput with field "sessions"."""
    sessions = whole(form.get("sessions", "").strip())
    if sessions is None or not 1 <= sessions <= MOST_SESSIONS:
        refusal = say("Write a whole number from %(low)s to %(high)s.", low=1, high=MOST_SESSIONS)
        raise InvalidInput(refusal, field="sessions")
    return sessions


def with_error(decision: Decision, name: str, message: str) -> Decision:
    """The decision with one more thing wrong."""
    return replace(decision, errors={**decision.errors, name: message})


def _minutes(text: str) -> int | None:
    if not text:
        return None
    minutes = whole(text)
    if minutes is None or not SHORTEST_VISIT_MINUTES <= minutes <= LONGEST_VISIT_MINUTES:
        limits = {"low": SHORTEST_VISIT_MINUTES, "high": LONGEST_VISIT_MINUTES}
        raise InvalidInput(say("Write a whole number from %(low)s to %(high)s.", **limits))
    return minutes


def _reviews(text: str) -> tuple[int, ...] | None:
    if not text:
        return None
    found = [whole(part) for part in text.replace(",", " ").replace(";", " ").split()]
    sessions = sorted({each for each in found if each is not None and 1 <= each <= MOST_SESSIONS})
    if None in found or len(sessions) != len(set(found)):
        raise InvalidInput(say("Write the numbers of sessions, such as 4, 6, 8."))
    return tuple(sessions)


def answered(assessment: Assessment | None) -> Assessment:
    """The answers that an estimate needs. Raises: InvalidInput while some are missing."""
    if assessment is None:
        raise InvalidInput(say("Answer the questions first."))
    return assessment
