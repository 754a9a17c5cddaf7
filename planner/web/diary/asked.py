"""Which part of the diary an address asks for, and the addresses of the parts beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from flask import request, url_for

from planner.services.places import Columns
from planner.web.numbers import row_id

# Diaries reach further in no direction.
_FIRST_DAY: Final = date(2000, 1, 1)
_LAST_DAY: Final = date(2100, 1, 1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address such as /diary?day=2026-03-04&span=week&by=room&view=list asks for; nonsense counts as nothing.

    Args:
        day: None: today.
        only: the one column wanted; None: all of them.
    """

    day: date | None
    week: bool
    by: Columns
    as_list: bool
    only: int | None

    @property
    def days(self) -> int:
        """How many days are shown."""
        return 7 if self.week else 1

    def address(self, endpoint: str = "diary.week") -> str:
        """Where this is to be seen."""
        asked: dict[str, Any] = {
            "day": self.day.isoformat() if self.day else None,
            "span": "week" if self.week else None,
            "by": "room" if self.by == "room" else None,
            "view": "list" if self.as_list else None,
            "only": self.only,
        }
        return url_for(endpoint, **asked)

    def beside(self, shown: date, direction: int) -> Asked:
        """The day or the week before (-1) or after (1) the one that is shown."""
        day = shown + direction * timedelta(days=self.days)
        return replace(self, day=min(max(day, _FIRST_DAY), _LAST_DAY))


def asked() -> Asked:
    """What the present request asks for."""
    values = request.values
    try:
        day: date | None = date.fromisoformat(values.get("day", ""))
    except ValueError:
        day = None
    return Asked(
        day=day if day is not None and _FIRST_DAY <= day <= _LAST_DAY else None,
        week=values.get("span") == "week",
        by="room" if values.get("by") == "room" else "therapist",
        as_list=values.get("view") == "list",
        only=row_id(values.get("only", "")),
    )
