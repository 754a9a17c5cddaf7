"""A form of settings with which somebody else was faster: what was typed stays, and beside it stands how it is now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from planner.words import say

_TOLD: Final = say(
    "Somebody changed this meanwhile. What you wrote is still here, and beside it how it is now. "
    "Press the button again if it shall be as you wrote."
)


def overtaken(
    form: Mapping[str, str],
    now: Mapping[str, str],
    seen: str,
    words: Mapping[str, Mapping[str, str]] | None = None,
) -> tuple[dict[str, str], dict[str, str]]:
    """The form to show again and what stands at its fields; sending it once more keeps what was typed, knowingly.

    Args:
        form: as it was typed.
        now: all its fields as they are; an empty text for what is not set.
        seen: of the present state, so that the next colleague in between is noticed as well.
        words: of values that people know by another name, by field.
    """
    errors: dict[str, str] = {"": _TOLD}
    for field, value in now.items():
        if "\n".join(form.get(field, "").strip().splitlines()) != value:
            called = (words or {}).get(field, {}).get(value, value)
            errors[field] = say("Now it is: %(value)s", value=called) if called else say("Now it is empty.")
    return {**form, "seen": seen}, errors
