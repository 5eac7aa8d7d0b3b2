# ruff: noqa: INP001  # alembic loads it by its path
"""Runs revisions on the connection that `data.database.migrate` hands over: in its transaction, all or nothing."""

from __future__ import annotations

from typing import Any

from alembic import context

from data import models


def is_ours(_object: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:  # noqa: FBT001  # alembic's signature
    """Leave the partitions of the ticks out of comparisons: they come and go by the day."""
    return kind != "table" or not (name or "").startswith("quote_tick_")


def run(connection: Any) -> None:  # noqa: ANN401  # sqlalchemy.Connection, or none
    """Run what is asked."""
    context.configure(connection=connection, target_metadata=models.Portfolio.metadata, include_object=is_ours, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()


for given in [context.config.attributes["connection"]]:
    run(given)
