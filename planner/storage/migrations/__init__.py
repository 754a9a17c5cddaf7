"""Alembic's scripts: how the database came to be as it is."""
