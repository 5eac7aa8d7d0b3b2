"""A user's columns as arrays: numbers, texts, kinds and days, a whole column at a time where it is clean, cell by cell where not.

The careful way is the definition and names the row that cannot be read; the fast ways give the same or step aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.currencies import CURRENCIES, currency_code
from engine.errors import InvalidInput, InvalidTransaction
from engine.types import Kind

Cells = Sequence[Any] | NDArray[Any]
Objects = NDArray[np.object_]

_KINDS = frozenset(kind.value for kind in Kind)
_DAY = "datetime64[ns]"
_EARLIEST, _LATEST = np.datetime64("1678-01-01", "D"), np.datetime64("2262-01-01", "D")  # what nanoseconds can hold


def instant(value: date | datetime | str | pd.Timestamp | np.datetime64, *, field: str = "as_of") -> pd.Timestamp:
    """Instant of a date or time as the engine compares them.

    Parameters
    ----------
    value
        A date, a datetime (aware ones are turned to UTC) or ISO 8601 text; other texts (01/02/2024) mean different days to different
        people and are refused. A date without time means its end.
    field
        Name for the error.

    Returns
    -------
    Timestamp
        Naive, UTC.

    Raises
    ------
    InvalidInput
        Not a date.

    Examples
    --------
    >>> str(instant("2024-03-01"))
    '2024-03-01 23:59:59.999999999'
    """
    try:
        stamp = pd.Timestamp(datetime.fromisoformat(value.strip()) if isinstance(value, str) else value)
    except (ValueError, TypeError) as error:
        raise InvalidInput(field, value, "not a date", hint="Write YYYY-MM-DD") from error
    if pd.isna(stamp):
        raise InvalidInput(field, value, "not a date", hint="Write YYYY-MM-DD")
    stamp = stamp.tz_convert("UTC").tz_localize(None) if stamp.tzinfo else stamp
    whole_day = not isinstance(value, datetime) and (not isinstance(value, str) or len(value.strip()) <= 10)
    return stamp.normalize() + pd.Timedelta(days=1) - pd.Timedelta(1, "ns") if whole_day else stamp


def absent(value: object) -> bool:
    """Tell whether a cell says nothing.

    Parameters
    ----------
    value
        Cell of a user's column.

    Returns
    -------
    bool
        True for None, NaN, NaT, NA and the empty text.

    Examples
    --------
    >>> absent(""), absent(float("nan")), absent(0)
    (True, True, False)
    """
    return value is None or value is pd.NaT or value is pd.NA or value == "" or (isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN


def objects(values: Cells) -> Objects:
    """Array of objects, of texts and None for instance.

    Parameters
    ----------
    values
        Cells of any type.

    Returns
    -------
    ndarray of shape (n_rows,)
        The same cells.

    Examples
    --------
    >>> objects(["A", None]).tolist()
    ['A', None]
    """
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def ids(values: Cells | None, count: int) -> Objects:
    """Ids as texts, the number of the row from 1 where there is none.

    Parameters
    ----------
    values
        Cells, or None for no such column.
    count
        Number of rows.

    Returns
    -------
    ndarray of shape (n_rows,)
        Texts.

    Examples
    --------
    >>> ids(["x", None], 2).tolist()
    ['x', '2']
    """
    if values is None:
        return objects(list(map(str, range(1, count + 1))))
    if _only_texts(values) and not pd.isna(objects(values)).any():
        return np.where(objects(values) == "", ids(None, count), objects(values))
    return objects([str(row) if absent(value) else str(value) for row, value in enumerate(_listed(values), start=1)])


def texts(name: str, values: Cells | None, count: int) -> Objects:
    """Texts without blanks around them, None where there is none; currencies by their code.

    Parameters
    ----------
    name
        Name of the column.
    values
        Cells, or None for no such column.
    count
        Number of rows.

    Returns
    -------
    ndarray of shape (n_rows,)
        Texts and None.

    Raises
    ------
    InvalidTransaction
        A currency that does not exist, with its row.

    Examples
    --------
    >>> texts("currency", [" EUR", ""], 2).tolist()
    ['EUR', None]
    """
    if values is None:
        return np.full(count, None, dtype=object)
    codes, distinct = _factorised(values) if _only_texts(values) else (np.arange(count), _listed(values))
    given = [None if absent(value) else str(value).strip() or None for value in distinct]
    if name in {"currency", "to_currency"}:
        given = [code and _currency(name, code, codes, place) for place, code in enumerate(given)]
    return objects([*given, None])[codes]


def kinds(values: Cells) -> Objects:
    """Kinds by their name.

    Parameters
    ----------
    values
        Texts in any case, or `Kind` members.

    Returns
    -------
    ndarray of shape (n_rows,)
        Names of `Kind`.

    Raises
    ------
    InvalidTransaction
        A kind that does not exist, with its row.

    Examples
    --------
    >>> kinds(["buy", Kind.SELL]).tolist()
    ['BUY', 'SELL']
    """
    codes, distinct = _factorised(values)
    if (codes < 0).any():
        raise _not_a_kind(values, int(np.argmax(codes < 0)))
    found = [str(getattr(value, "value", value)).strip().upper() for value in distinct]
    for place, kind in enumerate(found):
        if kind not in _KINDS:
            raise _not_a_kind(values, int(np.argmax(codes == place)))
    return objects([*found, None])[codes]


def _not_a_kind(values: Cells, place: int) -> InvalidTransaction:
    return InvalidTransaction("kind", values[place], "not a kind of transaction", hint=f"Use one of {', '.join(Kind)}", row=place + 1)


def days(values: Cells) -> NDArray[np.datetime64]:
    """Trading dates at midnight, whatever the cells are.

    Parameters
    ----------
    values
        Dates, instants, ISO 8601 texts.

    Returns
    -------
    ndarray of shape (n_rows,)
        datetime64[ns].

    Raises
    ------
    InvalidTransaction
        Not a date, with its row.

    Examples
    --------
    >>> days(["2024-01-02"]).astype("datetime64[D]").tolist()
    [datetime.date(2024, 1, 2)]
    """
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        found = values.astype("datetime64[D]")
        if not values.size or (found.min() >= _EARLIEST and found.max() <= _LATEST):  # NaT is neither
            return found.astype(_DAY)
        return _parsed_days([pd.Timestamp(value) for value in values])
    codes, distinct = _factorised(values)
    if (codes >= 0).all() and all(type(value) is date or (type(value) is str and len(value) == 10) for value in distinct):
        try:
            found = np.array(list(distinct), dtype="datetime64[D]")
        except ValueError:
            return _parsed_days(_listed(values))
        if not np.isnat(found).any():
            return found.astype(_DAY)[codes]
    return _parsed_days(_listed(values))


def _parsed_days(values: list[Any]) -> NDArray[np.datetime64]:
    found = np.empty(len(values), dtype=_DAY)
    for row, value in enumerate(values, start=1):
        try:
            found[row - 1] = instant(value, field="date").normalize().to_datetime64()
        except (InvalidInput, OverflowError) as error:
            raise InvalidTransaction("date", value, "not a date", hint="Write YYYY-MM-DD", row=row) from error
    return found


def numbers(name: str, values: Cells | None, count: int) -> NDArray[np.float64]:
    """Numbers as float64, NaN for absent; 0 in the columns `fee` and `tax`.

    Parameters
    ----------
    name
        Name of the column.
    values
        Numbers of any type, or texts of them; None for no such column.
    count
        Number of rows.

    Returns
    -------
    ndarray of shape (n_rows,)
        float64.

    Raises
    ------
    InvalidTransaction
        Not a finite number, with its row.

    Examples
    --------
    >>> numbers("fee", ["1.5", None], 2).tolist()
    [1.5, 0.0]
    """
    default = 0.0 if name in {"fee", "tax"} else np.nan
    if values is None:
        return np.full(count, default)
    found = _floats(values)
    if found is None:
        found = np.array([_number(name, value, row) for row, value in enumerate(_listed(values), start=1)], dtype=np.float64)
    wrong = np.isinf(found)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InvalidTransaction(name, values[row], "not a finite number", hint="Leave it empty where it is not known", row=row + 1)
    return found if np.isnan(default) else np.where(np.isnan(found), default, found)


def _floats(values: Cells) -> NDArray[np.float64] | None:
    """Column of clean numbers at once; None where a cell needs a closer look."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        return values.astype(np.float64)
    try:
        found = np.array(_listed(values), dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.ndim == 1 else None


def _number(name: str, value: Any, row: int) -> float:  # noqa: ANN401 - whatever a user's file holds
    if absent(value):
        return np.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidTransaction(name, value, "not a number", hint="Write it with a decimal point, e.g. 1234.5", row=row) from error


def _currency(name: str, value: str, codes: NDArray[np.int64], place: int) -> str:
    if value in CURRENCIES:
        return currency_code(value)
    try:
        return currency_code(value, field=name)
    except InvalidInput as error:
        row = int(np.argmax(codes == place)) + 1
        raise InvalidTransaction(name, value, error.context["reason"], hint=error.context["hint"], row=row) from error


def _listed(values: Cells) -> list[Any]:
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


def _only_texts(values: Cells) -> bool:
    """Tell whether the cells are texts or absent, so that equal ones are the same."""
    return pd.api.types.infer_dtype(values, skipna=True) in {"string", "empty"}


def _factorised(values: Cells) -> tuple[NDArray[np.int64], list[Any]]:
    """Places of the cells among the distinct ones, in the order they come; -1 for None and NaN."""
    try:
        codes, distinct = pd.factorize(objects(values))
    except TypeError:  # a cell that has no hash
        return np.arange(len(values)), _listed(values)
    return codes.astype(np.int64, copy=False), list(distinct)


