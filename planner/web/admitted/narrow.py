"""What a patient's link opens that was made for one thing: less than the plan's own."""

from collections.abc import Mapping
from typing import Final

_ALWAYS: Final = frozenset({"patient.plan", "patient.language", "patient.undo"})
NARROW: Final[Mapping[str, frozenset[str]]] = {
    # In a reminder: to confirm or move the visit, and to say how the last one was.
    "visit": _ALWAYS
    | {"patient.confirm", "patient.cancelling", "patient.cancel", "patient.log"}
    | {"patient.move", "patient.move_to", "patient.together", "patient.move_together"},
    # To take the place or not, and to be asked no more.
    "offer": _ALWAYS | {"patient.accept_offer", "patient.decline_offer", "patient.earlier"},
}


def opens(purpose: str, endpoint: str) -> bool:
    """Whether a link made for this purpose opens the page; the plan's own opens all."""
    return purpose == "plan" or endpoint in NARROW.get(purpose, frozenset())
