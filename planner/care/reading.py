"""Reading JSON that came from outside: every refusal names the key, dotted for nested values."""

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from reprlib import repr  # Shortens, so that a message stays readable whatever was sent.
from typing import ParamSpec, TypeVar

from planner.errors import InvalidInput
from planner.words import part_of, say

_Read = TypeVar("_Read")
_Args = ParamSpec("_Args")
_Choice = TypeVar("_Choice", bound=StrEnum)


def read_object(data: object, known: Collection[str], what: str) -> Mapping[str, object]:
    """`data` as a JSON object with no key but the known ones.

    Raises:
        InvalidInput: it is no object, or has an unknown key, which `field` names.
    """
    if not isinstance(data, Mapping):
        raise InvalidInput(say("%(what)s must be a JSON object.", what=what))
    for key in data:
        if key not in known:
            raise InvalidInput(say("%(what)s has no field %(key)s.", what=what, key=repr(key)), field=str(key))
    return data


def read_whole(value: object, low: int, high: int) -> int:
    """A whole number within low…high; true and false are no numbers. Raises: InvalidInput."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput(say("This must be a whole number, not %(value)s.", value=repr(value)))
    if not low <= value <= high:
        raise InvalidInput(say("This must be between %(low)s and %(high)s.", low=low, high=high))
    return value


def read_number(value: object, low: float, high: float) -> float:
    """A finite number within low…high; true and false are no numbers. Raises: InvalidInput."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(say("This must be a number, not %(value)s.", value=repr(value)))
    # Written so that NaN fails too.
    if not low <= value <= high:
        raise InvalidInput(say("This must be between %(low)s and %(high)s.", low=f"{low:g}", high=f"{high:g}"))
    return float(value)


def read_choice(value: object, choices: type[_Choice]) -> _Choice:
    """One of the enum's values. Raises: InvalidInput."""
    if not isinstance(value, str) or value not in {choice.value for choice in choices}:
        raise InvalidInput(say("%(value)s is none of: %(choices)s.", value=repr(value), choices=", ".join(choices)))
    return choices(value)


def read_text(value: object) -> str:
    """A text that is not empty. Raises: InvalidInput."""
    if not isinstance(value, str) or not value:
        raise InvalidInput(say("This must be a text, not %(value)s.", value=repr(value)))
    return value


def within(field: str, read: Callable[_Args, _Read], *args: _Args.args, **kwargs: _Args.kwargs) -> _Read:
    """What `read` returns for the arguments; a refusal of it has `field` put before its own field.

    Raises:
        InvalidInput: the refusal, with the longer field.
    """
    try:
        return read(*args, **kwargs)
    except InvalidInput as refusal:
        dotted = f"{field}.{refusal.field}" if refusal.field else field
        message = (
            refusal.message if refusal.field else say("%(field)s: %(message)s", field=field, message=refusal.message)
        )
        raise InvalidInput(message, field=dotted) from refusal


def bare(refusal: InvalidInput) -> str:
    """The refusal's words without the key that `within` put before them, for a form, where they stand at the field."""
    kept = part_of(refusal.message, "message") if part_of(refusal.message, "field") else None
    return refusal.message if kept is None else kept


def read_each(data: object, read: Callable[[object], _Read], what: str) -> tuple[_Read, ...]:
    """Each item of a JSON list; a refusal's field begins with the item's index. Raises: InvalidInput."""
    if not isinstance(data, list | tuple):
        raise InvalidInput(say("%(what)s must be a list.", what=what))
    return tuple(within(str(index), read, item) for index, item in enumerate(data))


def required(data: Mapping[str, object], field: str) -> object:
    """The value of a key that must be there. Raises: InvalidInput naming it."""
    if data.get(field) is None:
        raise InvalidInput(say("%(field)s is missing.", field=field), field=field)
    return data[field]
