"""Rows, queries, migrations and the guard against double booking."""
