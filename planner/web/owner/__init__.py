"""The owner's pages: the first run, and what can be set."""

from planner.web.owner import closures, first_sign_in, place, policies, rooms, services, settings, setup, staff
from planner.web.owner.routes import owner

__all__ = ["closures", "first_sign_in", "owner", "place", "policies", "rooms", "services", "settings", "setup", "staff"]
