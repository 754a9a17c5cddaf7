"""Numbers of rows as addresses and forms carry them: what no row can have never reaches the database."""

from typing import Final

from werkzeug.routing import BaseConverter

from planner.errors import InvalidInput
from planner.services.runtime import LAST_ID

_MOST_DIGITS: Final = len(str(LAST_ID))


def whole(text: str) -> int | None:
    """A number from nought on, None for anything else. Thousands of digits are not even counted."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        return None
    return int(text)


def row_id(text: str) -> int | None:
    """The number of a row, None for what can't be one."""
    number = whole(text)
    return number if number is not None and 0 < number <= LAST_ID else None


def read_id(text: str, words: str, field: str | None = None) -> int:
    """The number of a row that a form carries.

    Raises:
        InvalidInput: it can't be one; said in these words, at this field.
    """
    number = row_id(text)
    if number is None:
        raise InvalidInput(words, field=field)
    return number


class RowNumber(BaseConverter):
    """`<int:…>` in an address. Too many digits are no address of ours; what no row can have becomes 0: 404 either way.

    Refusing it here would be answered 405 where the same address has another method.
    """

    regex = rf"\d{{1,{_MOST_DIGITS}}}"

    def to_python(self, value: str) -> int:
        """The number, 0 for what no row can have."""
        return row_id(value) or 0

    def to_url(self, value: int) -> str:
        """The address's part."""
        return str(value)
