"""What PostgreSQL refuses, in the words of the house: no SQLAlchemy or psycopg exception leaves this room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import errors as sqlstate
from sqlalchemy import exc

from engine.errors import Conflict, InvalidInput, PortfolioError, StorageError

RETRYABLE: Final = frozenset({"40001", "40P01"})
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
        raise StorageError(UNAVAILABLE, reason=type(error).__name__, hint="Try again in a moment") from error
    except psycopg.Error as error:
        raise _named(error, lost=False) from error


def is_retryable(error: PortfolioError) -> bool:
    """Tell whether the same work may succeed when done again."""
    return error.context.get("sqlstate") in RETRYABLE


def _named(error: BaseException | None, *, lost: bool) -> PortfolioError:
    """Choose the error of the house; messages of the database may hold values and stay inside."""
    if not isinstance(error, psycopg.Error):
        return StorageError(UNAVAILABLE, reason=type(error).__name__)
    code, rule = error.sqlstate, error.diag.constraint_name
    match error:
        case sqlstate.UniqueViolation():
            return Conflict(SENTENCES.get(rule or "", "This is there already."), sqlstate=code, constraint=rule)
        case sqlstate.ForeignKeyViolation():
            return Conflict("This belongs to something that is not there, or that still has parts.", sqlstate=code, constraint=rule)
        case sqlstate.CheckViolation() | sqlstate.NotNullViolation():
            field = rule or error.diag.column_name or "row"
            return InvalidInput(field, "", "breaks a rule of the database", sqlstate=code, constraint=rule)
        case psycopg.DataError():
            return InvalidInput(error.diag.column_name or "value", "", "cannot be stored as what it should be", sqlstate=code)
        case sqlstate.LockNotAvailable():
            return Conflict("Somebody else is working on this.", sqlstate=code, hint="Try again in a moment")
        case sqlstate.QueryCanceled():
            return StorageError("The database took too long.", sqlstate=code, hint="Ask for less, or try again in a moment")
        case sqlstate.RestrictViolation():
            return StorageError("The ledger and the audit trail are append-only.", sqlstate=code)
        case psycopg.OperationalError() if lost or code is None or code[:2] in {"08", "57", "53"}:
            return StorageError(UNAVAILABLE, sqlstate=code, hint="Try again in a moment")
    return StorageError("The database refused.", sqlstate=code, reason=type(error).__name__)
