"""Days as forms send them."""

from datetime import date

from planner.errors import InvalidInput
from planner.words import say


def read_day(text: str, field: str) -> date:
    """A day that makes sense in a diary.

    Raises:
        InvalidInput: naming the field.
    """
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(say("Give the day, like 2026-12-24."), field=field) from None
    if not 2000 <= day.year <= 2100:
        raise InvalidInput(say("The year %(year)s is not between 2000 and 2100.", year=day.year), field=field)
    return day
