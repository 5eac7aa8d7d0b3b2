"""Frames the engine reads, and the checks at its door.

`ledger` is one transaction a row, `prices` dates x symbols in local currency, `fx` dates x pairs. Every function of the engine
takes what a user has (records, a CSV read by pandas, a Series) through these doors, so that no arithmetic meets a surprise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.checks import check_columns
from engine.currencies import CURRENCIES, currency_code
from engine.errors import InvalidInput, InvalidTransaction
from engine.types import Kind

LEDGER_COLUMNS = [
    "id", "date", "kind", "symbol", "quantity", "price", "fee", "tax", "amount", "currency", "fx_rate", "account", "to_symbol", "to_currency",
    "to_amount", "ratio", "lots", "external_id", "note", "transfer_id",
]  # fmt: skip
NUMBERS = ("quantity", "price", "fee", "tax", "amount", "fx_rate", "to_amount", "ratio")
_TEXTS = ("symbol", "currency", "account", "to_symbol", "to_currency", "external_id", "note", "transfer_id")
_KINDS = frozenset(kind.value for kind in Kind)
_DAY = "datetime64[ns]"
_ALWAYS = pd.Timestamp(1700, 1, 1)  # the day of what has no date: before every ledger

Records = pd.DataFrame | Iterable[Any]


def ledger_frame(records: Records) -> pd.DataFrame:
    """Ledger in the one shape that the engine books.

    Parameters
    ----------
    records
        DataFrame, mappings or `Transaction` records, one a transaction. At least `date` and `kind`; columns that are absent are
        filled with their default, columns that are not of the ledger are dropped.

    Returns
    -------
    DataFrame
        `LEDGER_COLUMNS` on a RangeIndex. `date` datetime64[ns] at midnight, numbers float64 (NaN for absent, `fee` and `tax` 0),
        texts object (None for absent), `id` the given one or the row number from 1 in the order given.

    Notes
    -----
    Convention: sorted by day; within a day the order given is the order booked. A voided record is left out.

    Raises
    ------
    InvalidTransaction
        A field cannot be read, or a rule of `engine.checks` is broken; the row is counted from 1 in the order given.

    Examples
    --------
    >>> ledger = ledger_frame([{"date": "2024-01-02", "kind": "buy", "symbol": "A", "quantity": "2", "price": 5}])
    >>> ledger[["id", "kind", "quantity", "fee"]].to_dict("records")
    [{'id': '1', 'kind': 'BUY', 'quantity': 2.0, 'fee': 0.0}]
    """
    if isinstance(records, pd.DataFrame) and _is_normal(records):
        check_columns({name: records[name].to_numpy() for name in LEDGER_COLUMNS})
        return records
    columns = _columns_of(records)
    kinds, dates = columns.get("kind"), columns.get("date")
    if kinds is None or dates is None:
        missing = "kind" if kinds is None else "date"
        raise InvalidTransaction(missing, None, "the ledger has no such column", hint="A ledger needs at least date and kind")
    count = len(kinds)
    shaped: dict[str, Any] = {"id": _ids(columns.get("id"), count), "date": _days(dates), "kind": _kinds(kinds)}
    for name in NUMBERS:
        shaped[name] = _numbers(name, columns.get(name), count)
    for name in _TEXTS:
        shaped[name] = _texts(name, columns.get(name), count)
    shaped["lots"] = _objects([None if _absent(value) else value for value in columns.get("lots", [None] * count)])
    check_columns(shaped)
    order = np.argsort(shaped["date"], kind="stable")
    return pd.DataFrame({name: column(shaped[name][order]) for name in LEDGER_COLUMNS})


def price_frame(prices: pd.DataFrame | pd.Series | Mapping[str, float]) -> pd.DataFrame:
    """Prices as a frame of ascending instants by symbols.

    Parameters
    ----------
    prices
        DataFrame with DatetimeIndex and symbols as columns; or Series or mapping symbol to price, which counts at any date.

    Returns
    -------
    DataFrame
        float64, naive UTC DatetimeIndex ascending. A Series becomes one row at the beginning of time.

    Notes
    -----
    Convention: local currency, unadjusted; NaN is "no price". A price that is not finite becomes NaN.

    Raises
    ------
    InvalidInput
        Not a frame with dates, a date twice, or a cell that is no number.

    Examples
    --------
    >>> price_frame(pd.Series({"A": 5.0})).iloc[0].to_dict()
    {'A': 5.0}
    """
    return _market_frame(prices, "prices")


def fx_frame(fx: pd.DataFrame | pd.Series | Mapping[str, float] | None) -> pd.DataFrame:
    """Exchange rates as a frame of ascending instants by pairs.

    Parameters
    ----------
    fx
        DataFrame with DatetimeIndex and pairs such as ``EURUSD`` as columns; or Series or mapping pair to rate, which counts at any
        date; or None for no rates.

    Returns
    -------
    DataFrame
        float64, naive UTC DatetimeIndex ascending.

    Notes
    -----
    Convention: ``EURUSD`` is USD for one EUR; NaN is "no rate".

    Raises
    ------
    InvalidInput
        A column that is not two known currencies, or what `price_frame` refuses.

    Examples
    --------
    >>> fx_frame({"EURUSD": 1.1}).iloc[0].to_dict()
    {'EURUSD': 1.1}
    """
    frame = _market_frame({} if fx is None else fx, "fx")
    for pair in map(str, frame.columns):
        if len(pair) != 6 or pair[:3] not in CURRENCIES or pair[3:] not in CURRENCIES:
            raise InvalidInput("fx", pair, f"{pair} is not a pair of currencies", hint="Name a pair by six letters, e.g. EURUSD")
    return frame


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


def column(values: NDArray[Any]) -> pd.Series:
    """Column that keeps its dtype: pandas would turn texts with None into its string type with NaN.

    Parameters
    ----------
    values
        ndarray of shape (n_rows,).

    Returns
    -------
    Series
        Same values, same dtype.

    Examples
    --------
    >>> column(np.array(["A", None], dtype=object)).tolist()
    ['A', None]
    """
    return pd.Series(values, dtype=values.dtype, copy=False)


def _is_normal(frame: pd.DataFrame) -> bool:
    """Tell whether a frame came out of `ledger_frame`, which is then taken as it is."""
    return (
        list(frame.columns) == LEDGER_COLUMNS
        and isinstance(frame.index, pd.RangeIndex)
        and frame["date"].dtype == _DAY
        and all(frame[name].dtype == np.float64 for name in NUMBERS)
        and bool(frame["date"].is_monotonic_increasing)
        and all(frame[name].dtype == object for name in _TEXTS)
        and not frame["fee"].hasnans
        and not frame["tax"].hasnans
        and _KINDS.issuperset(frame["kind"].unique())
    )


def _columns_of(records: Records) -> dict[str, list[Any]]:
    if isinstance(records, pd.DataFrame):
        return _kept({str(name): records[name].tolist() for name in records.columns if name in LEDGER_COLUMNS or name == "voided"})
    rows = list(records)
    if not rows:
        return {"kind": [], "date": []}
    if is_dataclass(rows[0]):
        names = {field.name for field in fields(rows[0])} & {*LEDGER_COLUMNS, "voided"}
        return _kept({name: [getattr(row, name) for row in rows] for name in names})
    if not isinstance(rows[0], Mapping):
        raise InvalidTransaction("ledger", rows[0], "not a transaction", hint="Give a DataFrame, mappings or Transaction records")
    names = {*LEDGER_COLUMNS, "voided"}.intersection(*[set().union(*map(set, rows))])
    return _kept({name: [row.get(name) for row in rows] for name in names})


def _kept(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    voided = columns.pop("voided", None)
    if not voided or not any(flag is True for flag in voided):
        return columns
    return {name: [value for value, gone in zip(values, voided, strict=True) if gone is not True] for name, values in columns.items()}


def _absent(value: object) -> bool:
    return value is None or value is pd.NaT or value is pd.NA or value == "" or (isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN


def _objects(values: list[Any]) -> NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _ids(values: list[Any] | None, count: int) -> NDArray[np.object_]:
    given = values or [None] * count
    return _objects([str(row) if _absent(value) else str(value) for row, value in enumerate(given, start=1)])


def _texts(name: str, values: list[Any] | None, count: int) -> NDArray[np.object_]:
    given = [None if _absent(value) else str(value).strip() or None for value in values or [None] * count]
    if name in {"currency", "to_currency"}:
        known = {code: currency_code(code) for code in {*given} & CURRENCIES.keys()}
        given = [code and (known.get(code) or _currency(name, code, row)) for row, code in enumerate(given, start=1)]
    return _objects(given)


def _currency(name: str, value: str, row: int) -> str:
    try:
        return currency_code(value, field=name)
    except InvalidInput as error:
        raise InvalidTransaction(name, value, error.context["reason"], hint=error.context["hint"], row=row) from error


def _kinds(values: list[Any]) -> NDArray[np.object_]:
    kinds = [str(getattr(value, "value", value)).strip().upper() for value in values]
    for row, kind in enumerate(kinds, start=1):
        if kind not in _KINDS:
            raise InvalidTransaction("kind", values[row - 1], "not a kind of transaction", hint=f"Use one of {', '.join(Kind)}", row=row)
    return _objects(kinds)


def _days(values: list[Any]) -> NDArray[np.datetime64]:
    """Trading dates at midnight. Plain dates and ISO dates take the fast way, instants the careful one."""
    if all(type(value) is date or (type(value) is str and len(value) == 10) for value in values):
        try:
            days = np.array(values, dtype="datetime64[D]")
        except ValueError:
            return _parsed_days(values)
        if not np.isnat(days).any():
            return days.astype(_DAY)
    return _parsed_days(values)


def _parsed_days(values: list[Any]) -> NDArray[np.datetime64]:
    days = np.empty(len(values), dtype=_DAY)
    for row, value in enumerate(values, start=1):
        try:
            days[row - 1] = instant(value, field="date").normalize().to_datetime64()
        except (InvalidInput, OverflowError) as error:
            raise InvalidTransaction("date", value, "not a date", hint="Write YYYY-MM-DD", row=row) from error
    return days


def _numbers(name: str, values: list[Any] | None, count: int) -> NDArray[np.float64]:
    default = 0.0 if name in {"fee", "tax"} else np.nan
    if values is None:
        return np.full(count, default)
    numbers = np.array([default if _absent(value) else _number(name, value, row) for row, value in enumerate(values, start=1)], dtype=np.float64)
    wrong = np.flatnonzero(np.isinf(numbers))
    if wrong.size:
        raise InvalidTransaction(name, values[wrong[0]], "not a finite number", hint="Leave it empty where it is not known", row=int(wrong[0]) + 1)
    return numbers


def _number(name: str, value: Any, row: int) -> float:  # noqa: ANN401 - whatever a user's file holds
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidTransaction(name, value, "not a number", hint="Write it with a decimal point, e.g. 1234.5", row=row) from error


def _market_frame(values: pd.DataFrame | pd.Series | Mapping[str, float], what: str) -> pd.DataFrame:
    if not isinstance(values, pd.DataFrame):
        row = pd.Series(values, dtype=object)
        values = pd.DataFrame([row.to_numpy()], index=pd.DatetimeIndex([_ALWAYS]), columns=row.index)
    if values.empty and not isinstance(values.index, pd.DatetimeIndex):
        values = pd.DataFrame(index=pd.DatetimeIndex([]), columns=values.columns)
    if not isinstance(values.index, pd.DatetimeIndex):
        raise InvalidInput(what, type(values.index).__name__, "the index holds no dates", hint="Use a DatetimeIndex: pd.to_datetime(...)")
    index = values.index.tz_convert("UTC").tz_localize(None) if values.index.tz is not None else values.index
    try:
        cells = values.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InvalidInput(what, "", "a cell is not a number", hint="Leave unknown cells empty (NaN)") from error
    frame = pd.DataFrame(np.where(np.isfinite(cells), cells, np.nan), index=index.astype(_DAY), columns=values.columns)
    frame = frame if frame.index.is_monotonic_increasing else frame.sort_index(kind="stable")
    for axis, name in ((frame.index, "date"), (frame.columns, "column")):
        if not axis.is_unique:
            twice = axis[axis.duplicated()][0]
            raise InvalidInput(what, twice, f"the {name} {twice} is there twice", hint="Keep one of them")
    return frame
