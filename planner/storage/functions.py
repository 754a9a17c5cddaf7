"""What SQLite and PostgreSQL say in different words: a few functions of SQL that both are given in their own."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import Boolean, Float, String, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class days_between(FunctionElement[float]):  # noqa: N801 - named as functions of SQL are
    """From one instant to a later one, in days: days_between(start, end)."""

    type = Float()
    inherit_cache = True


class instants_joined(FunctionElement[str]):  # noqa: N801
    """All values of a column of instants as one text, in UTC with commas between; two columns in the same order."""

    type = String()
    inherit_cache = True


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True


class _ListHas(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True


def id_among(column: Any, ids: Collection[int]) -> FunctionElement[bool]:
    """Whether a column is one of these numbers, which go over as one parameter: databases take only so many."""
    return _Among(column, literal(json.dumps(list(ids))))


def json_list_has(column: Any, key: str, number: int) -> FunctionElement[bool]:
    """Whether the list under a key of a JSON column has this number. `key` is a plain word."""
    return _ListHas(column, literal(key), literal(number))


@compiles(days_between)
def _sqlite_days(element: days_between, compiler: SQLCompiler, **options: Any) -> str:
    start, end = (compiler.process(each, **options) for each in element.clauses)
    return f"(julianday({end}) - julianday({start}))"


@compiles(days_between, "postgresql")
def _postgresql_days(element: days_between, compiler: SQLCompiler, **options: Any) -> str:
    start, end = (compiler.process(each, **options) for each in element.clauses)
    return f"(CAST(EXTRACT(EPOCH FROM ({end} - {start})) AS double precision) / 86400)"


@compiles(instants_joined)
def _sqlite_joined(element: instants_joined, compiler: SQLCompiler, **options: Any) -> str:
    return f"group_concat({compiler.process(element.clauses, **options)})"


@compiles(instants_joined, "postgresql")
def _postgresql_joined(element: instants_joined, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.clauses, **options)
    return f"string_agg(to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), ',')"


@compiles(_Among)
def _sqlite_among(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"({column} IN (SELECT value FROM json_each({ids})))"  # noqa: S608 - compiled, values are bound


@compiles(_Among, "postgresql")
def _postgresql_among(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    each = f"json_array_elements_text(CAST({ids} AS json)) AS one(value)"
    return f"({column} IN (SELECT CAST(one.value AS bigint) FROM {each}))"  # noqa: S608


@compiles(_ListHas)
def _sqlite_list_has(element: _ListHas, compiler: SQLCompiler, **options: Any) -> str:
    column, key, number = (compiler.process(each, **options) for each in element.clauses)
    each = f"json_each({column}, '$.' || {key}) AS one"
    return f"EXISTS (SELECT 1 FROM {each} WHERE one.value = {number})"  # noqa: S608


@compiles(_ListHas, "postgresql")
def _postgresql_list_has(element: _ListHas, compiler: SQLCompiler, **options: Any) -> str:
    column, key, number = (compiler.process(each, **options) for each in element.clauses)
    each = f"json_array_elements_text({column} -> {key}) AS one(value)"
    return f"EXISTS (SELECT 1 FROM {each} WHERE one.value = CAST({number} AS text))"  # noqa: S608
