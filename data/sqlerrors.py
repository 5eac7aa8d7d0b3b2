"""What PostgreSQL refuses, in the words of the house: no SQLAlchemy or psycopg exception leaves this room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import errors as sqlstate
from sqlalchemy import exc

from engine.errors import Conflict, InvalidInput, PortfolioError, StorageError

RETRYABLE: Final = frozenset({"40001", "40P01"})
GONE: Final = ("08", "53", "57P")  # connection, resources, shut down
LATER: Final = "Try again in a moment"
UNAVAILABLE: Final = "The database does not answer."
SENTENCES: Final = {
    "ledger_entry_external_id_key": "A transaction with this external_id is in the portfolio already.",
    "ledger_entry_pkey": "Somebody else changed this transaction first.",
    "instrument_workspace_id_symbol_key": "An instrument with this symbol is there already.",
    "portfolio_pkey": "A portfolio with this id is there already.",
    "idempotency_key_pkey": "This Idempotency-Key is being worked on.",
}


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the database raises inside the block into errors of the house."""
    try:
        yield
    except exc.DBAPIError as error:
        raise _named(error.orig, lost=error.connection_invalidated) from error
    except exc.SQLAlchemyError as error:
        raise StorageError(UNAVAILABLE, reason=type(error).__name__, hint=LATER) from error
    except psycopg.Error as error:
        raise _named(error, lost=False) from error


def is_retryable(error: PortfolioError) -> bool:
    """Tell whether the same work may succeed when done again."""
    return error.context.get("sqlstate") in RETRYABLE


def is_held(error: PortfolioError) -> bool:
    """Tell whether somebody else held a lock for longer than this one would wait."""
    return error.context.get("sqlstate") == sqlstate.LockNotAvailable.sqlstate


def _named(error: BaseException | None, *, lost: bool) -> PortfolioError:
    """Choose the error of the house; messages of the database may hold values and stay inside."""
    if not isinstance(error, psycopg.Error):
        return StorageError(UNAVAILABLE, reason=type(error).__name__)
    code, rule = error.sqlstate, error.diag.constraint_name
    if lost or (isinstance(error, psycopg.OperationalError) and (code is None or code.startswith(GONE))):
        return StorageError(UNAVAILABLE, sqlstate=code, hint=LATER)
    return _refusal(error, sqlstate=code, constraint=rule)


def _refusal(error: psycopg.Error, **context: Any) -> PortfolioError:  # noqa: ANN401  # as PortfolioError takes it
    """Say what the database does not take."""
    field = context["constraint"] or error.diag.column_name or "value"
    match error:
        case sqlstate.UniqueViolation():
            named: PortfolioError = Conflict(SENTENCES.get(field, "This is there already."), **context)
        case sqlstate.ForeignKeyViolation():
            named = Conflict("This belongs to something that is not there, or that still has parts.", **context)
        case sqlstate.CheckViolation() | sqlstate.NotNullViolation():
            named = InvalidInput(field, "", "breaks a rule of the database", **context)
        case psycopg.DataError():
            named = InvalidInput(field, "", "cannot be stored as what it should be", **context)
        case sqlstate.LockNotAvailable():
            named = StorageError("Somebody else holds what this needs for too long.", hint=LATER, **context)
        case sqlstate.QueryCanceled():
            named = StorageError("The database took too long.", hint=LATER, **context)
        case sqlstate.RestrictViolation():
            named = StorageError("The ledger and the audit trail are append-only.", **context)
        case _:
            named = StorageError("The database refused.", reason=type(error).__name__, **context)
    return named
