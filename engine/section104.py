"""Capital gains by the share identification rules of the United Kingdom: same day, thirty days, section 104 holding.

A disposal is matched first with acquisitions of its own day, then with those of the thirty days after it, earliest first, and the rest
with the pool of everything else at its average cost. What the pool cannot cover waits for later acquisitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.identification import Match, days_of, matches_of
from engine.ledger import Book
from engine.section104_entries import Amounts, Day, Entry
from engine.section104_events import entries_of
from engine.section104_pool import LATER, POOL, Pools, Taken
from engine.types import Finding

__all__ = ["Section104", "section_104"]

COLUMNS = ("symbol", "account", "opened", "closed", "kind", "quantity", "proceeds_local", "cost_local", "gain_local", "proceeds", "cost", "gain",
           "fee", "tax", "transaction_id", "lot_id", "rule")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Section104:
    """Disposals with the rule that each part was matched by, and the pools left.

    Attributes
    ----------
    disposals
        One row a matched part: the columns of `Book.gains` and `rule` (``same_day``, ``thirty_day``, ``section_104``, ``later`` or
        ``capital_distribution``); `opened` and `lot_id` are missing where the pool was matched.
    pools
        Index symbol: `quantity cost cost_local`.
    findings
        Disposals of which a part has no acquisition.
    """

    disposals: pd.DataFrame
    pools: pd.DataFrame
    findings: tuple[Finding, ...]


def section_104(books: Book | Sequence[Book]) -> Section104:
    """Match every disposal by the rules of the United Kingdom.

    Parameters
    ----------
    books
        Booked ledgers in one base currency, pounds if the figures are for a tax return. Accounts are pooled, and so are the books.

    Returns
    -------
    Section104
        Disposals, pools and findings.

    Notes
    -----
    Convention: fees and taxes of a purchase are cost, those of a sale reduce its proceeds. All of one day's acquisitions are one, and so
    are its disposals. Each amount is at the rate of its own day. A transfer without a price is no disposal: its share of the pool goes
    with it and comes back with the transfer in of the same quantity; one from outside joins the pool at its cost. Splits and stock
    dividends change the count and not the cost. A spin-off moves its share of the pool's cost, a merger all of it; cash of a capital
    distribution reduces the cost, and what exceeds it is a gain.

    References
    ----------
    TCGA 1992 ss. 104, 105, 106A, 127; HMRC Capital Gains Manual CG51560, CG51575; helpsheet HS284.

    Examples
    --------
    >>> from engine.ledger import book
    >>> held = book([{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 5},
    ...              {"date": "2024-06-03", "kind": "SELL", "symbol": "A", "quantity": 4, "price": 7},
    ...              {"date": "2024-06-20", "kind": "BUY", "symbol": "A", "quantity": 1, "price": 6}], base_currency="GBP")
    >>> section_104(held).disposals[["rule", "quantity", "gain"]].to_dict("records")
    [{'rule': 'thirty_day', 'quantity': 1.0, 'gain': 1.0}, {'rule': 'section_104', 'quantity': 3.0, 'gain': 6.0}]
    """
    told = [books] if isinstance(books, Book) else list(books)
    entries = entries_of(told)
    days = days_of(entries)
    matched = matches_of(days)
    pools = _walk(entries, days)
    rows = [*(row for match in matched for row in _rows(match.disposal, _of_match(match))), *_pool_rows(pools)]
    disposals = pd.DataFrame(rows, columns=[*COLUMNS, "order"]).sort_values(["order"], kind="stable", ignore_index=True).drop(columns="order")
    return Section104(_typed(disposals), pools.frame(), tuple(_unmatched(pools)))


def _walk(entries: Sequence[Entry], days: Iterable[Day]) -> Pools:
    """Let what same-day and thirty-day rules have left pass through the pools, in the order of the ledger."""
    pools = Pools()
    joins = {day.rows[0].order: day for day in days if day.acquires}
    leaves = {day.rows[-1].order: day for day in days if not day.acquires}
    for entry in entries:
        pools.factors[entry.symbol] = entry.factor
        if entry.order in joins:
            pools.join(joins[entry.order])
        if not entry.trades:
            pools.apply(entry)
        if entry.order in leaves:
            pools.take(leaves[entry.order])
    return pools


def _of_match(match: Match) -> Taken:
    share = match.units / match.acquisition.units
    return Taken(match.disposal, match.units, match.acquisition.amounts.times(share), match.rule, match.acquisition)


def _pool_rows(pools: Pools) -> list[tuple[object, ...]]:
    rows = [row for taken in pools.taken for row in _rows(taken.disposal, taken)]
    return [*rows, *((*_distribution(entry, amounts), _key(entry, 9)) for entry, amounts in pools.distributions)]


def _rows(disposal: Day, taken: Taken) -> list[tuple[object, ...]]:
    """Split a matched part over the disposals of its day, each by its own units and proceeds."""
    return [(*_row(entry, taken, entry.units / disposal.units), _key(entry, _RANK[taken.rule])) for entry in disposal.rows]


_RANK = {"same_day": 0, "thirty_day": 1, POOL: 2, LATER: 3}


def _key(entry: Entry, rank: int) -> tuple[int, int, int]:
    return entry.day, entry.order, rank


def _row(entry: Entry, taken: Taken, share: float) -> tuple[object, ...]:
    units = taken.units * share
    part = units / entry.units
    sold, cost = entry.amounts.times(part), taken.amounts.times(share)
    opened = taken.acquisition.date if taken.acquisition else pd.NaT
    lot = taken.acquisition.rows[0].transaction_id if taken.acquisition else None
    proceeds, local = sold.base, sold.local
    return (entry.symbol, entry.account, opened, entry.date, entry.kind, units * entry.factor, local, cost.local, local - cost.local, proceeds,
            cost.base, proceeds - cost.base, sold.fee + cost.fee, sold.tax + cost.tax, entry.transaction_id, lot, taken.rule)


def _distribution(entry: Entry, amounts: Amounts) -> tuple[object, ...]:
    return (entry.symbol, entry.account, pd.NaT, entry.date, entry.kind, 0.0, amounts.local, 0.0, amounts.local, amounts.base, 0.0, amounts.base,
            0.0, 0.0, entry.transaction_id, None, "capital_distribution")


def _typed(disposals: pd.DataFrame) -> pd.DataFrame:
    numbers = ["quantity", "proceeds_local", "cost_local", "gain_local", "proceeds", "cost", "gain", "fee", "tax"]
    texts = ["symbol", "account", "kind", "transaction_id", "lot_id", "rule"]
    kinds: Any = {**dict.fromkeys(numbers, np.float64), **dict.fromkeys(("opened", "closed"), "datetime64[ns]"), **dict.fromkeys(texts, object)}
    frame = disposals.astype(kinds)
    for name in ("account", "lot_id"):
        frame[name] = pd.Series([None if text is None or text != text else text for text in frame[name]], index=frame.index, dtype=object)  # noqa: PLR0124
    return frame


def _unmatched(pools: Pools) -> Iterable[Finding]:
    for disposal, units in pools.waiting():
        quantity, day = units * disposal.rows[-1].factor, str(disposal.date.date())
        message = f"{day}: {quantity:g} {disposal.symbol} sold have no purchase before or after them: they are in no gain yet"
        yield Finding("unmatched_disposal", message, context={"symbol": disposal.symbol, "date": day, "quantity": quantity})
