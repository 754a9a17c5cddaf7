"""How a value stands in a CSV file, so that a spreadsheet reads it and never works it out."""

import json
from datetime import date, datetime, time
from typing import Final

# A spreadsheet would work these out as formulas, whoever typed them.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: object) -> str:
    """A value as a spreadsheet reads it: nothing for None, ISO 8601 for times, JSON for lists and objects."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        # Wall-clock times of the clinic have no zone.
        return value.isoformat() if value.tzinfo is None else value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return str(value)
