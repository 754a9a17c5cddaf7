"""The clinic leads every key, so that rows can be spread over machines by it; docs/scale.md names what is otherwise."""

from pathlib import Path

import pytest
from sqlalchemy import UniqueConstraint

from planner.storage.guard import constraint_statements
from planner.storage.schema import METADATA

DOCUMENT = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")
OF_NO_CLINIC = {"clinic", "attempt", "account_letter"}
"""Tables that belong to no clinic."""

KNOWN_EVERYWHERE = {
    "staff": "email", "login": "token_hash", "passkey": "credential_id", "patient": "link_hash", "feed": "token_hash",
    "session": "uid",
}  # fmt: skip
"""Columns by which somebody is found before it is known of which clinic they are."""

OF_TIMERS = {
    ("appointment", "status", "ends_at"), ("outbox", "status", "due_at"), ("solve_job", "status", "beat_at"),
    ("slot_offer", "status", "expires_at"), ("freed_slot", "starts_at"), ("login", "expires_at"),
}  # fmt: skip
"""Indexes by which a timer finds what is due at all clinics."""

TABLES = [table for table in METADATA.sorted_tables if table.name not in OF_NO_CLINIC]


def names(columns):
    """Of these columns, in order."""
    return [column.name for column in columns]


def test_every_other_table_belongs_to_a_clinic():
    """A new table has its clinic, or its line in docs/scale.md."""
    assert {table.name for table in METADATA.sorted_tables if "clinic_id" not in table.c} == OF_NO_CLINIC
    assert all(f"`{name}`" in DOCUMENT for name in OF_NO_CLINIC)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_clinic_leads_the_primary_key_and_every_reference(table):
    """So that what belongs together lies together, and no row points to another machine."""
    assert names(table.primary_key)[0] == "clinic_id"
    for key in table.foreign_key_constraints:
        assert key.column_keys[0] == "clinic_id", key.name
        assert key.elements[0].column.name == ("id" if key.referred_table.name == "clinic" else "clinic_id"), key.name


def test_the_clinic_leads_every_unique_key_but_those_that_find_the_clinic():
    """What is unique over all clinics needs a directory of its own once the rows are spread."""
    unique = [
        (table.name, names(key.columns))
        for table in TABLES
        for key in table.constraints
        if isinstance(key, UniqueConstraint)
    ]
    others = {name: columns for name, columns in unique if columns[0] != "clinic_id"}
    assert others == {name: [column] for name, column in KNOWN_EVERYWHERE.items()}
    assert all(f"`{name}.{column}`" in DOCUMENT for name, column in KNOWN_EVERYWHERE.items())


def test_the_clinic_leads_every_index_but_those_of_the_timers():
    """A page's question never walks through other clinics' rows."""
    others = {
        (table.name, *names(index.columns))
        for table in TABLES
        for index in table.indexes
        if index.columns[0].name != "clinic_id"
    }
    assert others == OF_TIMERS
    assert not any(index.unique for table in TABLES for index in table.indexes)
    assert all(f"`{name} ({', '.join(columns)})`" in DOCUMENT for name, *columns in OF_TIMERS)


def test_the_guard_against_double_booking_is_a_clinics_own():
    """It compares the clinic too, first; docs/scale.md says in which form Citus would take it."""
    assert all(
        "EXCLUDE USING gist (int8range(clinic_id, clinic_id" in each for each in constraint_statements().values()
    )
    assert "clinic_id WITH =" in DOCUMENT
