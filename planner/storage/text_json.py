"""JSON in which our sentences keep their blanks, so that they can be said in any language later."""

import json
from collections.abc import Mapping
from typing import Any, Final

from planner.words import Text, text_from

_KEY: Final = " text"


def dumps(value: Any) -> str:
    """JSON of a value which may hold a Text anywhere."""
    return json.dumps(_marked(value), ensure_ascii=False, separators=(",", ":"))


def loads(kept: str) -> Any:
    """The value that was kept, each Text among it.

    Raises:
        ValueError: it is no JSON.
    """
    # Most of what is kept has no sentence, and a hook would be called for each object.
    return json.loads(kept, object_hook=_unmarked) if f'"{_KEY}"' in kept else json.loads(kept)


def _marked(value: Any) -> Any:
    if isinstance(value, Text):
        return {_KEY: value.as_json()}
    if isinstance(value, Mapping):
        return {name: _marked(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(each) for each in value]
    return value


def _unmarked(found: dict[str, Any]) -> Any:
    if found.keys() != {_KEY}:
        return found
    try:
        return text_from(found[_KEY])
    except ValueError:
        return found
