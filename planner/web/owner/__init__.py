"""The owner's pages: the first run, and what can be set."""

from planner.web.owner import (
    closures,
    evidence,
    first_sign_in,
    letters,
    place,
    policies,
    rooms,
    services,
    settings,
    setup,
    signing_in,
    staff,
    system,
)
from planner.web.owner.routes import owner

__all__ = [
    "closures",
    "evidence",
    "first_sign_in",
    "letters",
    "owner",
    "place",
    "policies",
    "rooms",
    "services",
    "settings",
    "setup",
    "signing_in",
    "staff",
    "system",
]
