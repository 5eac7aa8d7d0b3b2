"""What every repository stands on: a connection in a transaction, asked through SQLAlchemy for rows and through psycopg in bulk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString, cast

import numpy as np
import pandas as pd
import psycopg
import sqlalchemy as sa
from numpy.typing import NDArray
from psycopg import sql

from data.sqlerrors import translated
from engine.errors import Conflict

Query = LiteralString | sql.SQL | sql.Composed
Days = NDArray[np.int64]
Series = Sequence[Any] | NDArray[Any]
Parameters = Sequence[Any] | Mapping[str, Any]


class Repository:
    """Statements about some tables, in the transaction of a connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def execute(self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None) -> sa.CursorResult[Any]:
        """Run a statement of SQLAlchemy."""
        with translated():
            return cast("sa.CursorResult[Any]", self.connection.execute(statement, parameters))

    @contextmanager
    def cursor(self) -> Iterator[psycopg.Cursor[tuple[Any, ...]]]:
        """Lend a cursor of psycopg that reads the binary protocol."""
        driver = cast("psycopg.Connection[tuple[Any, ...]]", self.connection.connection.driver_connection)
        with translated(), driver.cursor(binary=True) as cursor:
            yield cursor

    def fetch(self, query: Query, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """Run SQL and give every row as a tuple."""
        with self.cursor() as cursor:
            return cursor.execute(query, parameters).fetchall()

    def affected(self, query: Query, parameters: Parameters = ()) -> int:
        """Run SQL and tell how many rows it touched."""
        with self.cursor() as cursor:
            return cursor.execute(query, parameters).rowcount


def stale(kind: str, *, expected: int | None, found: int) -> Conflict:
    """Say that somebody changed a thing since it was read."""
    return Conflict(f"The {kind} was changed meanwhile: you have version {expected}, it is at {found}.",
                    expected_version=expected, found_version=found, hint="Read it again, then repeat your change")


def dates_index(days: np.ndarray[Any, Any]) -> pd.DatetimeIndex:
    """Make an index of days since 1970."""
    return pd.DatetimeIndex(days.astype("datetime64[D]").astype("datetime64[ns]"), name="date")


def aligned(series: Mapping[Any, tuple[Series, Series]], columns: Sequence[Any]) -> pd.DataFrame:
    """Lay series of (days since 1970, values) side by side over all their days.

    Returns
    -------
    DataFrame
        DatetimeIndex x columns in the order asked, float64, NaN where a series has no value that day.
    """
    arrays = {key: (np.asarray(days, dtype=np.int64), np.asarray(values, dtype=np.float64)) for key, (days, values) in series.items()}
    every = _union([days for days, _ in arrays.values()])
    values = np.full((len(every), len(columns)), np.nan)
    for place, key in enumerate(columns):
        if key in arrays:
            days, column = arrays[key]
            values[np.searchsorted(every, days), place] = column
    return pd.DataFrame(values, index=dates_index(every), columns=pd.Index(list(columns), dtype=object))


def _union(parts: Sequence[Days]) -> Days:
    """List the days of several series, each once, rising: marked on the span that they cover, which is quicker than sorting."""
    known = [days for days in parts if len(days)]
    if not known:
        return np.empty(0, dtype=np.int64)
    first = min(int(days.min()) for days in known)
    there = np.zeros(max(int(days.max()) for days in known) - first + 1, dtype=bool)
    for days in known:
        there[days - first] = True
    return np.flatnonzero(there) + first
