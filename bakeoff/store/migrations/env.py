"""Alembic's entry: migrate over the connection that `Database` hands in."""

from alembic import context

from bakeoff.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
