"""Alembic's entry: runs the steps on the connection it is given, then sets the guards and tests that of the diary."""

from alembic import context

from planner.storage import audit_guard, guard, walls
from planner.storage.schema import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
if connection.dialect.name == "postgresql":
    # Here, not in a step: the tables and columns of later steps get both by themselves.
    walls.spell_alike(connection)
    walls.install(connection)
# Batch operations rebuild a table and silently drop its triggers.
guard.install(connection)
audit_guard.install(connection)
guard.self_test(connection)
