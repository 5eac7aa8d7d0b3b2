"""A cursor that traces what it is asked: the statement as it was written, never what it was given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import psycopg

from data import tracing

LONGEST: Final = 2000
VERB: Final = re.compile(r"\s*(?:WITH\b.*?\)\s*)?(\w+)", re.DOTALL)
TABLE: Final = re.compile(r"\b(?:FROM|INTO|UPDATE|COPY|TABLE)\s+(?:ONLY\s+)?\"?([a-z_][a-z0-9_.]*)", re.IGNORECASE)


class TracedCursor(psycopg.Cursor[Any]):
    """Makes each statement a part of the trace it belongs to; what belongs to none is not traced."""

    def execute(self, query: Any, params: Any = None, **how: Any) -> TracedCursor:  # noqa: ANN401  # as psycopg types it
        """Execute a statement."""
        with _statement(query):
            return super().execute(query, params, **how)

    def executemany(self, query: Any, params_seq: Any, **how: Any) -> None:  # noqa: ANN401  # likewise
        """Execute a statement again and again."""
        with _statement(query):
            super().executemany(query, params_seq, **how)

    @contextmanager
    def copy(self, statement: Any, params: Any = None, **how: Any) -> Iterator[psycopg.Copy]:  # noqa: ANN401  # likewise
        """Copy rows in or out."""
        with _statement(statement), super().copy(statement, params, **how) as copying:
            yield copying


def cursors() -> dict[str, type[TracedCursor]]:
    """Give what a connection is opened with: nothing while this process does not trace."""
    return {"cursor_factory": TracedCursor} if tracing.is_on() else {}


def name_of(text: str) -> str:
    """Name a statement by its verb and its first table, such as `SELECT portfolio`."""
    verb, table = VERB.match(text), TABLE.search(text)
    return " ".join(part for part in ((verb.group(1).upper() if verb else "statement"), table.group(1) if table else "") if part)


def _statement(query: object) -> AbstractContextManager[tracing.Span | None]:
    text = query.decode(errors="replace") if isinstance(query, bytes) else query if isinstance(query, str) else "statement"
    return tracing.within(name_of(text), db__system__name="postgresql", db__query__text=text[:LONGEST])
