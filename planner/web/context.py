"""What a view may ask for: the running program and who is asking."""

from typing import cast

from flask import current_app, g

from planner.services.runtime import Actor, Runtime

EXTENSION = "planner"
FEEDS = "planner.feeds"
"""Where the application keeps the bytes of calendars."""

DOOR = "planner.door"
"""Where it keeps what answers calendars before it is asked itself."""

READINESS = "planner.readiness"
"""Where it keeps whether requests should be sent to it."""

READ_LOG = "planner.read_log"
"""Where it keeps who looked at what until it is written."""

GUESSES = "planner.guesses"
"""Where it counts wrong secrets."""


def runtime() -> Runtime:
    """The running program that the use cases take."""
    return cast(Runtime, current_app.extensions[EXTENSION])


def actor() -> Actor:
    """The signed-in person, or the patient whose personal link was opened.

    Raises:
        ValueError: a public page asked; its row in the access table is wrong.
    """
    if g.actor is None:
        raise ValueError("this page is open to everybody, so nobody in particular is asking")
    return cast(Actor, g.actor)


def actor_or_none() -> Actor | None:
    """Who asks, where a page is also open to strangers."""
    return cast(Actor | None, g.get("actor"))
