"""Run by Alembic for each command: uses the connection that `store.py` hands over."""

from alembic import context
from sqlmodel import SQLModel

from detention_monitor.live import schema

assert schema.HEAD  # importing it fills the metadata
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
