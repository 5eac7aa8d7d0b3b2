"""What the checks of a ledger look at and what they say: facts beside what was held, and findings with operations that mend them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.ledger import Book
from engine.types import CorporateAction, Kind, Severity

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Days = NDArray[np.datetime64]

DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True)
class Fix:
    """One way to mend a finding: operations on the ledger that are done together.

    An operation is ``{"op": "record", "draft": {...}}``, ``{"op": "correct", "id": ..., "changes": {...}}``,
    ``{"op": "void", "id": ...}`` or ``{"op": "price", "symbol": ..., "date": ..., "close": ...}``; numbers are decimal texts.
    """

    label: str
    operations: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class LedgerFinding:
    """Something in a ledger that is probably not so, the rows it is about, and how it could be mended.

    `key` tells findings of one code apart that are about the same rows, or about none.
    """

    code: str
    message: str
    severity: Severity
    rows: tuple[str, ...] = ()
    symbol: str | None = None
    date: str | None = None
    fixes: tuple[Fix, ...] = ()
    hint: str | None = None
    key: str = ""
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """Values of a symbol by day, ascending, without gaps of NaN."""

    days: Days
    values: Floats

    def at(self, day: np.datetime64, within: int) -> float:
        """Give the last value on or before a day, at most `within` days old; else NaN."""
        place = int(np.searchsorted(self.days, day, side="right")) - 1
        return float(self.values[place]) if place >= 0 and day - self.days[place] <= within * DAY else float("nan")

    def each(self, days: Days, within: int) -> Floats:
        """Give the last value on or before each of some days, as `at` does for one."""
        if not self.days.size:
            return np.full(days.size, np.nan)
        places = np.searchsorted(self.days, days, side="right") - 1
        near_by = (places >= 0) & (days - self.days[np.maximum(places, 0)] <= within * DAY)
        return np.where(near_by, self.values[np.maximum(places, 0)], np.nan)


NOTHING = Line(np.array([], dtype="datetime64[D]"), np.array([], dtype=np.float64))


@dataclass(frozen=True, slots=True)
class Evidence:
    """A ledger as columns, what it comes to, and what the market says.

    Arrays have shape (n_transactions,). `gross` is the amount before fee and tax in the transaction's currency, `before` and `after` the
    quantity of its symbol held before and after it.
    """

    ledger: pd.DataFrame
    book: Book
    day: Days
    kind: NDArray[np.str_]
    symbol: NDArray[np.object_]
    currency: NDArray[np.object_]
    account: NDArray[np.object_]
    quantity: Floats
    price: Floats
    gross: Floats
    before: Floats
    after: Floats
    moves: Mapping[str, tuple[NDArray[np.int64], Floats]]
    closes: Mapping[str, Line]
    rates: Mapping[str, Line]
    actions: Mapping[str, Sequence[CorporateAction]]
    currencies: Mapping[str, str]
    multipliers: Mapping[str, float]
    quoted: frozenset[str]
    elsewhere: pd.DataFrame
    today: np.datetime64
    base: str
    oversell: str

    def of(self, *kinds: Kind) -> Mask:
        """Tell which rows are of some kinds."""
        return np.isin(self.kind, [kind.value for kind in kinds])

    def id(self, row: int) -> str:
        """Give the id of a row."""
        return str(self.ledger["id"].iloc[row])

    def text(self, row: int) -> str:
        """Give the day of a row as YYYY-MM-DD."""
        return str(self.day[row])

    def cell(self, row: int, name: str) -> Any:  # noqa: ANN401 - whatever the ledger holds there
        """Give one cell of the ledger."""
        return self.ledger[name].iloc[row]

    def multiplier(self, symbol: str) -> float:
        """Give the contract multiplier of a symbol."""
        return float(self.multipliers.get(symbol, 1.0))

    def held(self, symbol: str, day: np.datetime64) -> float:
        """Give the quantity held before the transactions of a day."""
        return self.held_before(symbol, int(np.searchsorted(self.day, day, side="left")))

    def held_before(self, symbol: str, row: int) -> float:
        """Give the quantity held before a row."""
        rows, total = self.moves.get(symbol, (np.array([], dtype=np.int64), np.array([], dtype=np.float64)))
        place = int(np.searchsorted(rows, row, side="left")) - 1
        return float(total[place]) if place >= 0 else 0.0

    def close(self, symbol: str, day: np.datetime64, within: int = 4) -> float:
        """Give the last close on or before a day, at most `within` days old; else NaN."""
        return self.closes.get(symbol, NOTHING).at(day, within)

    def rate(self, source: str, target: str, day: np.datetime64, within: int = 5) -> float:
        """Give units of `target` for one of `source`, direct or inverse; NaN where no rate is near the day."""
        direct = self.rates.get(source + target, NOTHING).at(day, within)
        return direct if not np.isnan(direct) else 1.0 / self.rates.get(target + source, NOTHING).at(day, within)

    def rows_of(self, mask: Mask) -> Iterator[int]:
        """Walk the rows that a mask chooses."""
        return (int(row) for row in np.flatnonzero(mask))


def lines(frame: pd.DataFrame) -> dict[str, Line]:
    """Columns of a frame as lines without gaps.

    Parameters
    ----------
    frame
        DatetimeIndex x names, float64.

    Returns
    -------
    dict of str to Line

    Examples
    --------
    >>> lines(pd.DataFrame({"A": [1.0, np.nan]}, index=pd.to_datetime(["2024-01-02", "2024-01-03"])))["A"].values.tolist()
    [1.0]
    """
    days = frame.index.to_numpy().astype("datetime64[D]")
    known = {str(name): frame[name].to_numpy(dtype=np.float64) for name in frame.columns}
    return {name: Line(days[~np.isnan(values)], values[~np.isnan(values)]) for name, values in known.items()}


def moves_of(book: Book, ledger: pd.DataFrame) -> dict[str, tuple[NDArray[np.int64], Floats]]:
    """Rows that move each symbol, with the quantity held after each.

    Parameters
    ----------
    book
        The booked ledger.
    ledger
        The normalised ledger it was booked from.

    Returns
    -------
    dict of str to (ndarray of rows, ndarray of quantities)

    Examples
    --------
    >>> from engine.frames import ledger_frame
    >>> from engine.ledger import book
    >>> ledger = ledger_frame([{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 2, "price": 5}])
    >>> moves_of(book(ledger, base_currency="EUR"), ledger)["A"][1].tolist()
    [2.0]
    """
    effects = book.effects
    touching = effects[effects["symbol"].notna() & (effects["quantity_delta"] != 0)]
    place = pd.Series(np.arange(len(ledger)), index=ledger["id"].to_numpy())
    rows = place.reindex(touching["transaction_id"].to_numpy()).to_numpy(dtype=np.int64)
    found = pd.DataFrame({"symbol": touching["symbol"].to_numpy(), "row": rows, "delta": touching["quantity_delta"].to_numpy()})
    summed = found.groupby(["symbol", "row"], sort=True)["delta"].sum()
    return {str(symbol): (each.index.get_level_values("row").to_numpy(dtype=np.int64), _still(each.cumsum().to_numpy(dtype=np.float64)))
            for symbol, each in summed.groupby(level="symbol", sort=False)}


def number(value: float) -> str:
    """Decimal text of a number, as a person would write it.

    Parameters
    ----------
    value
        Finite.

    Returns
    -------
    str

    Examples
    --------
    >>> number(0.1 + 0.2), number(1500.0), number(1e-7)
    ('0.3', '1500', '0.0000001')
    """
    text = np.format_float_positional(float(f"{value:.12g}"), trim="-")
    return "0" if text in {"-0", "0."} else text


def record(**draft: object) -> dict[str, Any]:
    """Operation that records a transaction.

    Parameters
    ----------
    draft
        Its fields; those that are None are left out.

    Returns
    -------
    dict

    Examples
    --------
    >>> record(kind="SPLIT", ratio="2", note=None)
    {'op': 'record', 'draft': {'kind': 'SPLIT', 'ratio': '2'}}
    """
    return {"op": "record", "draft": {name: value for name, value in draft.items() if value is not None}}


def correct(transaction_id: str, **changes: object) -> dict[str, Any]:
    """Operation that corrects some fields of a transaction; None empties one.

    Parameters
    ----------
    transaction_id
        Which.
    changes
        Fields as they shall be.

    Returns
    -------
    dict

    Examples
    --------
    >>> correct("7", price="5")
    {'op': 'correct', 'id': '7', 'changes': {'price': '5'}}
    """
    return {"op": "correct", "id": transaction_id, "changes": changes}


def void(transaction_id: str) -> dict[str, Any]:
    """Operation that voids a transaction.

    Parameters
    ----------
    transaction_id
        Which.

    Returns
    -------
    dict

    Examples
    --------
    >>> void("7")
    {'op': 'void', 'id': '7'}
    """
    return {"op": "void", "id": transaction_id}


def near(left: float, right: float, tolerance: float) -> bool:
    """Tell whether two positive numbers differ by at most a fraction.

    Parameters
    ----------
    left, right
        Numbers; NaN and what is not positive is near nothing.
    tolerance
        Of the logarithm of their ratio.

    Returns
    -------
    bool

    Examples
    --------
    >>> near(2.02, 2.0, 0.02), near(2.5, 2.0, 0.02)
    (True, False)
    """
    return bool(left > 0 and right > 0 and abs(np.log(left / right)) <= tolerance)


def _still(totals: Floats) -> Floats:
    """Take what is left of adding and taking fractions for nothing."""
    return np.where(np.abs(totals) < 1e-9 * np.maximum(1.0, np.max(np.abs(totals), initial=0.0)), 0.0, totals)
