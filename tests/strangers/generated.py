"""Schemathesis makes requests from the description, right ones and wrong ones; they are judged as all others."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core import NotSet

from tests.strangers.description import describe
from tests.strangers.harvest import Harvest
from tests.strangers.visitor import Request, Visitor, path_of

_AT_ONCE: Final = 8
_SETTINGS: Final = settings(
    max_examples=_AT_ONCE,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def explore(visitor: Visitor, harvest: Harvest, rng: random.Random, until: float, only: str = "") -> None:
    """Operation after operation, those of the role more often, until this moment of the monotonic clock.

    Args:
        only: the one endpoint to ask; "" for all.
    """
    schema = schemathesis.openapi.from_dict(describe(visitor, harvest))
    operations = [found.ok() for found in schema.get_all_operations()]
    strategies: dict[tuple[str, GenerationMode], Any] = {}
    while time.monotonic() < until:
        rng.shuffle(operations)
        for operation in operations:
            endpoint = visitor.endpoint_of_rule(operation.path, operation.method)
            if endpoint != only if only else not visitor.may_open(endpoint) and rng.random() > 0.15:
                continue
            mode = GenerationMode.POSITIVE if rng.random() < 0.65 else GenerationMode.NEGATIVE
            key = (operation.label, mode)
            if key not in strategies:
                strategies[key] = operation.as_strategy(generation_mode=mode)
            _some(strategies[key], lambda case: visitor.ask(_request(visitor, case, rng)), rng.randrange(2**32), until)
            if time.monotonic() > until:
                return


def _some(strategy: Any, ask: Callable[[Any], object], number: int, until: float) -> None:
    """A few requests; where an operation has nothing that could be wrong there are no wrong ones."""

    @seed(number)
    @_SETTINGS
    @given(strategy)
    def each(case: Any) -> None:
        if time.monotonic() < until:
            ask(case)

    with suppress(Unsatisfiable):
        each()


def _request(visitor: Visitor, case: Any, rng: random.Random) -> Request:
    """What the case says, as bytes that any server could be sent."""
    query = list(_pairs({} if isinstance(case.query, NotSet) else case.query or {}))
    form = list(_pairs(case.body)) if isinstance(case.body, Mapping) else None
    body = None
    if form is None and not isinstance(case.body, NotSet):
        body = _word(case.body).encode("utf-8", "replace"), case.media_type or "text/plain"
    path = case.formatted_path
    if rng.random() < 0.4 and case.path_parameters:
        # It picks each of the choices as often; most of what it then asks would not be found.
        endpoint = visitor.endpoint_of_rule(case.path, case.method)
        known = visitor.parts(endpoint, sorted(case.path_parameters))
        path = quote(case.path.format_map(known), safe="/%:~")
    wants = {"Accept": "application/json"} if rng.random() < 0.1 else {}
    return Request(
        case.method.upper(),
        f"{path}{path_of('', query)}",
        form,
        body=body,
        headers=wants,
        with_token=rng.random() > 0.1,
    )


def _pairs(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        for each in value if isinstance(value, list | tuple) else (value,):
            yield str(name), _word(each)


def _word(value: Any) -> str:
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else str(value)
