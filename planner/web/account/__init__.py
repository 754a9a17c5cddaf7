"""One's own account: where it is signed in, and what opens it."""

from planner.web.account import devices, factors
from planner.web.account.routes import account

__all__ = ["account", "devices", "factors"]
