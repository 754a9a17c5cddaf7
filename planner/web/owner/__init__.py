"""The owner's pages: the first run, and what can be set."""

from planner.web.owner import (
    audit,
    closures,
    evidence,
    first_sign_in,
    letters,
    place,
    policies,
    privacy,
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
    "audit",
    "closures",
    "evidence",
    "first_sign_in",
    "letters",
    "owner",
    "place",
    "policies",
    "privacy",
    "rooms",
    "services",
    "settings",
    "setup",
    "signing_in",
    "staff",
    "system",
]
