"""What a form of settings showed, in a few letters, so that nobody overwrites what a colleague set meanwhile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from planner.errors import StaleForm
from planner.words import say

_LETTERS: Final = 16


def seen_of(values: Mapping[str, Any]) -> str:
    """The same for the same values, another for any other; the form carries it along."""
    written = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(written.encode()).hexdigest()[:_LETTERS]


def must_be_as_seen(seen: str, values: Mapping[str, Any]) -> None:
    """Refuse to write over what nobody has seen.

    Args:
        seen: what the form carried.
        values: as they are now.
    Raises:
        StaleForm: they are others than those.
    """
    if seen != seen_of(values):
        raise StaleForm(say("Somebody changed this meanwhile. Here is how it stands now."))
