"""What a figure is computed on and what it comes back as: a Series gives a float, a frame a Series, arrays alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.errors import InvalidInput, MisalignedSeries

Floats = NDArray[np.float64]
Table = pd.Series | pd.DataFrame | NDArray[Any] | Sequence[float]
_CELLS = 126_000  # cells of a block of columns: fifty of ten years
Figure = Any  # float for one series, Series with its columns for a frame, ndarray of shape (n_series,) for a matrix


def labelled(values: Any, field: str = "values") -> Any:  # noqa: ANN401 - any table
    """Read values that may be written in several ways as a Series or frame by date.

    Parameters
    ----------
    values
        A mapping date to number, a Series or frame whose index holds dates, instants or ISO texts, or anything else, which stays.
    field
        Name for the error.

    Returns
    -------
    Series, DataFrame or what came in
        With a DatetimeIndex where the labels were dates.

    Raises
    ------
    InvalidInput
        The labels of a mapping are not dates.

    Examples
    --------
    >>> labelled({"2024-01-02": 5.0}).index.strftime("%d.%m.%Y").tolist()
    ['02.01.2024']
    """
    if isinstance(values, Mapping):
        return pd.Series(list(values.values()), index=_instants(values.keys(), field), dtype=np.float64).sort_index(kind="stable")
    if not isinstance(values, pd.Series | pd.DataFrame) or isinstance(values.index, pd.DatetimeIndex) or values.empty:
        return values
    first = values.index[0]
    return values.set_axis(_instants(values.index, field), axis=0) if isinstance(first, str | date) else values


def _instants(labels: Any, field: str) -> pd.DatetimeIndex:  # noqa: ANN401 - whatever holds dates
    return pd.DatetimeIndex(day_stamps(labels, field).astype("datetime64[ns]"))


def cells_of(values: Table, field: str = "returns", *, ordered: bool = True) -> Floats:
    """Numbers of a series or frame as a matrix.

    Parameters
    ----------
    values
        Series, frame, array of one or two dimensions or sequence of numbers.
    field
        Name for the error.
    ordered
        Whether dates must ascend, default True.

    Returns
    -------
    ndarray of shape (n_periods, n_series)
        float64; what is not finite is NaN.

    Raises
    ------
    InvalidInput
        A cell is not a number, there are more than two dimensions, or the dates do not ascend.

    Examples
    --------
    >>> cells_of([0.5, None]).tolist()
    [[0.5], [nan]]
    """
    named = isinstance(values, pd.Series | pd.DataFrame)
    if ordered and named and isinstance(values.index, pd.DatetimeIndex) and not values.index.is_monotonic_increasing:  # type: ignore[union-attr]
        raise InvalidInput(field, values.index[0], "the dates do not ascend", hint="Sort them first: sort_index()")  # type: ignore[union-attr]
    try:
        whole = values.to_numpy(dtype=np.float64, na_value=np.nan) if named else np.asarray(values, dtype=np.float64)  # type: ignore[union-attr]
    except (TypeError, ValueError) as error:
        raise InvalidInput(field, values, "a cell is not a number", hint="Leave unknown cells empty (NaN)") from error
    if whole.ndim not in {1, 2}:
        raise InvalidInput(field, values, f"has {whole.ndim} dimensions", hint="Give one series, or a frame of them")
    finite: Floats = np.where(np.isfinite(whole), whole, np.nan)
    return finite if finite.ndim == 2 else finite[:, None]


def product_sums(left: Floats, right: Floats) -> Floats:
    """Add up the products of columns.

    Parameters
    ----------
    left, right
        ndarray of shape (n_periods, n_series), without NaN; a single column goes with every other.

    Returns
    -------
    ndarray of shape (n_series,)

    Examples
    --------
    >>> product_sums(np.array([[1.0], [2.0]]), np.array([[3.0], [4.0]])).tolist()
    [11.0]
    """
    found: Floats = np.vecdot(left.T, right.T)
    return found


def figure_like(values: Table, results: Floats, name: str | None = None) -> Figure:
    """One result a series, as the kind that came in.

    Parameters
    ----------
    values
        What came in.
    results
        ndarray of shape (n_series,).
    name
        Name of the Series that a frame gives.

    Returns
    -------
    float, Series or ndarray
        float for one series.

    Examples
    --------
    >>> figure_like(pd.DataFrame({"A": [1.0]}), np.array([2.0])).to_dict()
    {'A': 2.0}
    """
    if isinstance(values, pd.DataFrame):
        return pd.Series(results, index=values.columns, name=name, dtype=np.float64)
    return np.asarray(results, dtype=np.float64) if np.ndim(values) == 2 else float(results[0])


def series_like(values: Table, cells: Floats, *, drop: int = 0) -> Figure:
    """Cells, as the kind that came in.

    Parameters
    ----------
    values
        What came in.
    cells
        ndarray of shape (n_periods - drop, n_series).
    drop
        Periods at the beginning that have no cell.

    Returns
    -------
    Series, DataFrame or ndarray
        With index, columns and name of what came in.

    Examples
    --------
    >>> series_like([1.0, 2.0], np.array([[3.0], [4.0]])).tolist()
    [3.0, 4.0]
    """
    if isinstance(values, pd.DataFrame):
        return pd.DataFrame(cells, index=values.index[drop:], columns=values.columns)
    if isinstance(values, pd.Series):
        return pd.Series(cells[:, 0], index=values.index[drop:], name=values.name)
    return cells if np.ndim(values) == 2 else cells[:, 0]


def column_pieces(rows: int, width: int) -> list[slice]:
    """Cut columns into blocks of which all that figures need stays in the processor's cache.

    Parameters
    ----------
    rows, width
        Shape of the whole.

    Returns
    -------
    list of slice
        Of columns, in their order.

    Examples
    --------
    >>> column_pieces(63_000, 3)
    [slice(0, 2, None), slice(2, 3, None)]
    """
    step = max(_CELLS // max(rows, 1), 1)
    return [slice(start, min(start + step, width)) for start in range(0, width, step)]


def flow_cells(values: Table, flows: Table | Mapping[Any, float] | float | None) -> Floats:
    """Flows laid beside values, cell by cell.

    Parameters
    ----------
    values
        Values that the flows belong to.
    flows
        None, a mapping or Series date to amount, the same kind as `values`, or anything of the same length.

    Returns
    -------
    ndarray of shape (n_periods, n_series)
        float64, 0 where nothing moved.

    Notes
    -----
    Convention: a flow on a day without value counts on the next day that has one; those before the first value are in it.

    Raises
    ------
    MisalignedSeries
        Another length, other columns, or a flow after the last value.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-05"])
    >>> flow_cells(pd.Series([1.0, 2.0], index=days), {"2024-01-03": 7.0}).tolist()
    [[0.0], [7.0]]
    """
    values, flows = labelled(values), labelled(flows, "flows")
    shape = cells_of(values, "values").shape
    if flows is None or (isinstance(flows, int | float) and flows == 0):
        return np.zeros(shape)
    if isinstance(flows, int | float):
        raise MisalignedSeries("flows", "values", reason="one number says no day")
    given: Any = flows
    if not isinstance(given, pd.Series | pd.DataFrame) or not isinstance(values, pd.Series | pd.DataFrame):
        return _same_shape(cells_of(given, "flows"), shape)
    if given.index.equals(values.index) or not isinstance(values.index, pd.DatetimeIndex):
        return _same_shape(cells_of(_columns_like(given, values), "flows"), shape)
    return _placed(_columns_like(given, values), values.index, shape)


def day_stamps(dates: Any, field: str = "dates") -> NDArray[np.datetime64]:  # noqa: ANN401 - whatever holds dates
    """Dates as days.

    Parameters
    ----------
    dates
        Sequence of dates, instants or ISO texts, or an index of them.
    field
        Name for the error.

    Returns
    -------
    ndarray of shape (n_dates,)
        datetime64[D].

    Notes
    -----
    Convention: the day as it is written, whatever its time zone.

    Raises
    ------
    InvalidInput
        Not dates.

    Examples
    --------
    >>> day_stamps(["2024-01-02"]).tolist()
    [datetime.date(2024, 1, 2)]
    """
    if isinstance(dates, np.ndarray) and dates.dtype.kind == "M" and not np.isnat(dates).any():
        return dates.astype("datetime64[D]")
    if isinstance(dates, pd.DatetimeIndex) and dates.tz is None and not dates.hasnans:
        return dates.to_numpy().astype("datetime64[D]")
    try:
        index = dates if isinstance(dates, pd.DatetimeIndex) else pd.DatetimeIndex([_moment(each) for each in dates])
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(field, dates, "not dates", hint="Write YYYY-MM-DD") from error
    if index.hasnans:
        raise InvalidInput(field, dates, "a date is missing", hint="Write YYYY-MM-DD")
    return index.tz_localize(None).to_numpy().astype("datetime64[D]")


def _moment(value: Any) -> pd.Timestamp:  # noqa: ANN401 - whatever stands for a date
    """Read one date as it is written, whatever its zone; numbers are no dates, and neither is what needs a clock ("today")."""
    if isinstance(value, str):
        return pd.Timestamp(datetime.fromisoformat(value.strip()).replace(tzinfo=None))
    if isinstance(value, pd.Period):
        return value.start_time
    if not isinstance(value, date | np.datetime64):
        raise TypeError(type(value).__name__)
    return pd.Timestamp(value).tz_localize(None)


def _same_shape(cells: Floats, shape: tuple[int, ...]) -> Floats:
    if cells.shape != shape:
        raise MisalignedSeries("flows", "values", reason=f"{cells.shape[0]} x {cells.shape[1]} against {shape[0]} x {shape[1]}")
    return cells


def _columns_like(given: pd.Series | pd.DataFrame, values: pd.Series | pd.DataFrame) -> pd.Series | pd.DataFrame:
    """Flows in the order of the columns of the values."""
    if isinstance(given, pd.DataFrame) and isinstance(values, pd.DataFrame):
        if set(given.columns) != set(values.columns):
            raise MisalignedSeries("flows", "values", reason="their columns differ")
        return given[values.columns]
    return given


def _placed(given: pd.Series | pd.DataFrame, index: pd.DatetimeIndex, shape: tuple[int, ...]) -> Floats:
    """Put every flow on the first day with a value, on or after its own."""
    amounts, days, own = cells_of(given, "flows", ordered=False), day_stamps(index, "values"), day_stamps(given.index, "flows")
    if amounts.shape[1] != shape[1]:
        raise MisalignedSeries("flows", "values", reason=f"{amounts.shape[1]} columns against {shape[1]}")
    at = np.searchsorted(days, own)
    late = (at == len(days)) & (amounts != 0).any(axis=1)
    if late.any():
        raise MisalignedSeries("flows", "values", reason=f"there is a flow on {own[late][0]}, after the last value")
    cells = np.zeros(shape)
    inside = at < len(days)
    np.add.at(cells, at[inside], amounts[inside])
    return cells
