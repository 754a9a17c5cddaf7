"""The page "System": how the program runs, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, cast

from flask import current_app, render_template

from planner.services.readiness import Readiness
from planner.services.system_view import system as system_of
from planner.web.context import READINESS, actor, runtime
from planner.web.owner.routes import Page, owner
from planner.words import Text, decimal_said, say, say_many

# What each sweep does, as somebody would say who never heard of sweeps.
SWEEP_WORDS: Final[Mapping[str, Text]] = {
    "mark-no-shows": say("Mark visits to which nobody came"),
    "send-outbox": say("Send messages"),
    "remind": say("Write reminders"),
    "extend-maintenance": say("Plan further maintenance visits"),
    "freed-slots": say("Look for somebody for freed times"),
    "attention": say("Find courses that need a look"),
    "abandoned-plans": say("Find plannings that were cut off"),
    "busy-calendars": say("Read therapists’ own calendars"),
    "read-answers": say("Read answers to invitations"),
    "silent-calendars": say("Find calendars that fell silent"),
    "tidy": say("Throw away what is past its time"),
    "account-letters": say("Send letters about accounts"),
    "audit-heads": say("Seal the record of who did what"),
    "integrity": say("Look whether the data fit together"),
    "nightly-backup": say("Back up the data"),
    "retention": say("Erase what need not be kept any longer"),
}
_KILO: Final = 1000
_UNITS: Final = ("kB", "MB", "GB")


@owner.get("/settings/system")
def system() -> Page:
    """How the program runs."""
    readiness = cast(Readiness, current_app.extensions[READINESS])
    view = system_of(runtime(), actor(), readiness.instance)
    words = {"size": size, "length": length, "span": span, "percent": percent, "sweep_words": sweep_words}
    return render_template("owner/system.html", view=view, **words)


def sweep_words(name: str) -> str:
    """What a sweep does; its name where nobody has said it yet."""
    return SWEEP_WORDS.get(name, name)


def size(number: int) -> Text:
    """`7.3 MB`."""
    value, unit = number / _KILO, 0
    while value >= _KILO and unit < len(_UNITS) - 1:
        value, unit = value / _KILO, unit + 1
    return say("%(number)s %(unit)s", number=decimal_said(round(value, 1)), unit=_UNITS[unit])


def length(seconds: float) -> Text:
    """`12 ms`, `1.5 s`: of something short."""
    if seconds < 1:
        return say("%(number)s %(unit)s", number=str(round(seconds * _KILO)), unit="ms")
    return say("%(number)s %(unit)s", number=decimal_said(round(seconds, 1)), unit="s")


def span(late: timedelta) -> Text:
    """`in time`, `4 minutes`, `3 hours`: how late something is."""
    minutes = int(late.total_seconds()) // 60
    if minutes < 1:
        return say("in time")
    if minutes < 120:
        return say_many("%(num)s minute late", "%(num)s minutes late", minutes)
    return say_many("%(num)s hour late", "%(num)s hours late", minutes // 60)


def percent(value: float | None) -> Text:
    """`1.3 %`."""
    return say("nothing proved") if value is None else say("%(number)s %%", number=decimal_said(round(value, 1)))
