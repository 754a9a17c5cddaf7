"""The owner's pages: the first run, and what can be set."""

from planner.web.owner.routes import owner

__all__ = ["owner"]
