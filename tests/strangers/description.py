"""The pages as an OpenAPI description, made at run time: routes from the map, fields from what the crawler found."""

import re
from collections.abc import Mapping
from typing import Any, Final

from werkzeug.routing import Rule

from planner.web.access import ACCESS
from tests.strangers.harvest import Harvest, Known
from tests.strangers.values import ODD
from tests.strangers.visitor import Visitor

_PART: Final = re.compile(r"<(?:[^<>:]+:)?([^<>]+)>")
_METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
FORM: Final = "application/x-www-form-urlencoded"
_SHORT: Final = [each for each in ODD if len(each) <= 300 and each.isprintable()]


def describe(visitor: Visitor, harvest: Harvest) -> dict[str, Any]:
    """All routes with what may stand in their addresses, questions and forms, for one role."""
    paths: dict[str, dict[str, Any]] = {}
    for rule in visitor.app.url_map.iter_rules():
        item = paths.setdefault(_PART.sub(r"{\1}", rule.rule), {})
        own = rule.methods or set()
        for method in (each for each in _METHODS if each in own and (each != "HEAD" or rule.endpoint != "static")):
            # Flask answers what a page's HEAD or OPTIONS are; only calendars have their own.
            if method in ("HEAD", "OPTIONS") and ACCESS[rule.endpoint] != "feed-token":
                continue
            item[method.lower()] = _operation(visitor, harvest, rule, method)
    return {"openapi": "3.1.0", "info": {"title": "Course planner", "version": "1"}, "paths": paths}


def _operation(visitor: Visitor, harvest: Harvest, rule: Rule, method: str) -> dict[str, Any]:
    fields = harvest.fields.get((rule.endpoint, method), {})
    asked = fields if method == "GET" else {}
    operation: dict[str, Any] = {
        "operationId": f"{method} {rule.endpoint} {rule.rule}",
        "parameters": [
            *(_part(visitor, rule.endpoint, name) for name in sorted(rule.arguments)),
            *({"name": name, "in": "query", "schema": _schema(known)} for name, known in sorted(asked.items())),
        ],
        "responses": {"default": {"description": "an answer"}},
    }
    if method == "POST":
        operation["requestBody"] = {"content": {FORM: {"schema": _form(fields)}}}
    return operation


def _part(visitor: Visitor, endpoint: str, name: str) -> dict[str, Any]:
    """Mostly what leads somewhere here; also what leads somewhere in the other clinic, or nowhere."""
    own = visitor.choices(endpoint, name)[:6]
    foreign = () if name == "token" else visitor.choices(endpoint, name, odd=True)[:2]
    wild = ("0", "9" * 19) if name.endswith("_id") else ("%2e%2e", "~")
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"enum": list(dict.fromkeys((*own, *foreign, *wild)))},
    }


def _form(fields: Mapping[str, Known]) -> dict[str, Any]:
    always = [name for name, known in fields.items() if known.kind not in ("button", "checkbox")]
    properties = {name: _schema(known) for name, known in fields.items()}
    return {"type": "object", "properties": properties, "required": always, "additionalProperties": False}


def _schema(known: Known) -> dict[str, Any]:
    """What was seen in the field, else its kind of value; and what was not."""
    seen: list[dict[str, Any]] = [{"enum": known.values}] if known.values else []
    by_kind: dict[str, dict[str, Any]] = {
        "date": {"type": "string", "format": "date"},
        "datetime-local": {"type": "string", "pattern": r"^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]$"},
        "time": {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]$"},
        "number": {"type": "integer"},
        "email": {"type": "string", "format": "email"},
        "checkbox": {"type": "array", "items": {"enum": known.values or ["on"]}, "maxItems": 4},
    }
    usual = by_kind.get(known.kind, {"type": "string", "maxLength": 300})
    return {"anyOf": [*seen, usual, {"enum": _SHORT}]}
