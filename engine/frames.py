"""Frames the engine reads, and the checks at its door.

`ledger` is one transaction a row, `prices` dates x symbols in local currency, `fx` dates x pairs. Every function of the engine
takes what a user has (records, a CSV read by pandas, a Series) through these doors, so that no arithmetic meets a surprise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.checks import check_columns
from engine.currencies import CURRENCIES
from engine.errors import InvalidInput, InvalidTransaction
from engine.reading import Cells, absent, days, ids, instant, kinds, numbers, objects, texts
from engine.types import Kind

__all__ = ["LEDGER_COLUMNS", "NUMBERS", "Records", "column", "frame_of", "fx_frame", "instant", "ledger_frame", "price_frame"]

LEDGER_COLUMNS = [
    "id", "date", "kind", "symbol", "quantity", "price", "fee", "tax", "amount", "currency", "fx_rate", "account", "to_symbol", "to_currency",
    "to_amount", "ratio", "lots", "external_id", "note", "transfer_id",
]  # fmt: skip
NUMBERS = ("quantity", "price", "fee", "tax", "amount", "fx_rate", "to_amount", "ratio")
_TEXTS = ("symbol", "currency", "account", "to_symbol", "to_currency", "external_id", "note", "transfer_id")
_KINDS = frozenset(kind.value for kind in Kind)
_FREE = dict.fromkeys(NUMBERS, "numbers") | dict.fromkeys(("fee", "tax"), "charges")  # what stands where nothing was given, else texts
_DAY = "datetime64[ns]"
_DTYPES = {name: np.dtype(np.float64 if name in NUMBERS else _DAY if name == "date" else object) for name in LEDGER_COLUMNS}
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
    given, dates = columns.get("kind"), columns.get("date")
    if given is None or dates is None:
        missing = "kind" if given is None else "date"
        raise InvalidTransaction(missing, None, "the ledger has no such column", hint="A ledger needs at least date and kind")
    count = len(given)
    shaped: dict[str, Any] = {"id": ids(columns.get("id"), count), "date": days(dates), "kind": kinds(given)}
    shaped |= {name: numbers(name, columns[name], count) for name in NUMBERS if name in columns}
    shaped |= {name: texts(name, columns[name], count) for name in _TEXTS if name in columns}
    if "lots" in columns:
        shaped["lots"] = objects([None if absent(value) else value for value in columns["lots"]])
    free = {"numbers": np.full(count, np.nan), "charges": np.zeros(count), "texts": np.full(count, None, dtype=object)}
    check_columns({name: shaped.get(name, free[_FREE.get(name, "texts")]) for name in LEDGER_COLUMNS})
    if (shaped["date"][1:] < shaped["date"][:-1]).any():
        order = np.argsort(shaped["date"], kind="stable")
        shaped = {name: values[order] for name, values in shaped.items()}
    index = pd.RangeIndex(count)
    # One column of nothing for all that have none: pandas copies it when it is written to.
    shared = {name: pd.Series(values, index=index, dtype=values.dtype, copy=False) for name, values in free.items()}
    return frame_of({name: shaped[name] if name in shaped else shared[_FREE.get(name, "texts")] for name in LEDGER_COLUMNS}, index)


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


def frame_of(columns: Mapping[str, Any], index: pd.RangeIndex | None = None) -> pd.DataFrame:
    """Frame of columns that keep their dtype, without looking at every one for the rows it has.

    Parameters
    ----------
    columns
        Name to ndarray of shape (n_rows,), which is not copied, or to a Series.
    index
        Of the rows, default from 0 on.

    Returns
    -------
    DataFrame
        The columns in their order.

    Examples
    --------
    >>> frame_of({"A": np.array(["a", None], dtype=object), "B": np.zeros(2)}).to_dict("list")
    {'A': ['a', None], 'B': [0.0, 0.0]}
    """
    arrays = {name: values.to_numpy() if isinstance(values, pd.Series) and values.index is not index else values for name, values in columns.items()}
    index = pd.RangeIndex(len(next(iter(arrays.values()), ()))) if index is None else index
    kept = {name: pd.Series(values, index=index, dtype=object, copy=False) if values.dtype == object else values for name, values in arrays.items()}
    return pd.DataFrame(kept, index=index, copy=False)


def _is_normal(frame: pd.DataFrame) -> bool:
    """Tell whether a frame came out of `ledger_frame`, which is then taken as it is."""
    return (
        list(frame.columns) == LEDGER_COLUMNS
        and isinstance(frame.index, pd.RangeIndex)
        and dict(zip(LEDGER_COLUMNS, frame.dtypes, strict=True)) | {"id": object, "kind": object, "lots": object} == _DTYPES
        and bool(frame["date"].is_monotonic_increasing)
        and not frame["fee"].hasnans
        and not frame["tax"].hasnans
        and _KINDS.issuperset(frame["kind"].unique())
    )


def _columns_of(records: Records) -> dict[str, Cells]:
    if isinstance(records, pd.DataFrame):
        return _kept({str(name): _cells(records[name]) for name in records.columns if name in LEDGER_COLUMNS or name == "voided"})
    rows = list(records)
    if not rows:
        return {"kind": [], "date": []}
    if is_dataclass(rows[0]):
        names = {field.name for field in fields(rows[0])} & {*LEDGER_COLUMNS, "voided"}
        return _kept({name: [getattr(row, name) for row in rows] for name in names})
    if not isinstance(rows[0], Mapping):
        raise InvalidTransaction("ledger", rows[0], "not a transaction", hint="Give a DataFrame, mappings or Transaction records")
    names = {*LEDGER_COLUMNS, "voided"}.intersection(set().union(*rows))
    return _kept({name: [row.get(name) for row in rows] for name in names})


def _cells(values: pd.Series) -> Cells:
    """Cells of a column; instants with a zone become naive UTC ones."""
    return (values.dt.tz_convert("UTC").dt.tz_localize(None) if isinstance(values.dtype, pd.DatetimeTZDtype) else values).to_numpy()


def _kept(columns: dict[str, Cells]) -> dict[str, Cells]:
    voided = columns.pop("voided", None)
    if voided is None or not len(voided):
        return columns
    kept = np.array([flag is not True for flag in (voided.tolist() if isinstance(voided, np.ndarray) else voided)], dtype=np.bool_)
    return columns if kept.all() else {name: list(compress(values, kept)) for name, values in columns.items()}


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
