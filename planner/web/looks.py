"""How a status, a session's state and a phase look on every page: a word, a drawn shape and a tone."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from planner.words import say


@dataclass(frozen=True)
class StateLook:
    """One status as people see it; the colour never speaks alone.

    Args:
        word: what stands beside the shape, capitalised.
        shape: name of a drawing in templates/macros/icons.html.
        tone: CSS tone: accent, good, warn, bad or quiet.
    """

    word: str
    shape: str
    tone: str


@dataclass(frozen=True)
class PhaseLook:
    """One phase as people see it: a letter and a word beside its colour."""

    letter: str
    word: str


# FHIR R4 Appointment statuses, and `unplaced` for a session that has no appointment yet.
STATES: Final[Mapping[str, StateLook]] = MappingProxyType(
    {
        "proposed": StateLook(say("Proposed"), "proposed", "quiet"),
        "pending": StateLook(say("To be answered"), "waiting", "warn"),
        "booked": StateLook(say("Booked"), "booked", "accent"),
        "arrived": StateLook(say("Arrived"), "arrived", "accent"),
        "checked-in": StateLook(say("Checked in"), "arrived", "accent"),
        "fulfilled": StateLook(say("Done"), "done", "good"),
        "noshow": StateLook(say("Missed"), "missed", "bad"),
        "cancelled": StateLook(say("Cancelled"), "cancelled", "quiet"),
        "waitlist": StateLook(say("Waiting list"), "waiting", "quiet"),
        "entered-in-error": StateLook(say("Entered in error"), "cancelled", "quiet"),
        "unplaced": StateLook(say("To place"), "attention", "warn"),
    }
)

# How well a proposed date suits the session it is for.
FITS: Final[Mapping[str, StateLook]] = MappingProxyType(
    {
        "fine": StateLook(say("Fine"), "done", "good"),
        "shifted": StateLook(say("Shifted"), "moved", "warn"),
        "to_place": StateLook(say("To place"), "attention", "bad"),
    }
)

PHASES: Final[Mapping[str, PhaseLook]] = MappingProxyType(
    {
        "intensive": PhaseLook("I", say("Intensive")),
        "taper": PhaseLook("T", say("Taper")),
        "maintenance": PhaseLook("M", say("Maintenance")),
    }
)


def state_look(status: str) -> StateLook:
    """The look of an appointment's FHIR status, or of `unplaced`.

    Raises:
        ValueError: the status is none we know; showing a guess would mislead.
    """
    return _look(STATES, status, "status")


def fit_look(fit: str) -> StateLook:
    """The look of `fine`, `shifted` or `to_place` in a table of dates.

    Raises:
        ValueError: any other word.
    """
    return _look(FITS, fit, "fit")


def phase_look(phase: str) -> PhaseLook:
    """The look of a phase by its name.

    Raises:
        ValueError: the phase is none we know.
    """
    if phase not in PHASES:
        raise ValueError(f"unknown phase {phase!r}")
    return PHASES[phase]


def _look(looks: Mapping[str, StateLook], name: str, what: str) -> StateLook:
    if name not in looks:
        raise ValueError(f"unknown {what} {name!r}")
    return looks[name]
