"""Checks of a ledger: what is probably a mistake, in a sentence, with operations that would mend it.

Nothing here is an error that stops a calculation: every ledger that can be booked is booked. A check is silent where a ledger could
well be meant as it stands; what is only odd is told with severity ``info``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pandas as pd

from engine import checks_of_holdings, checks_of_prices, checks_of_rows, checks_of_splits
from engine.evidence import Evidence, LedgerFinding, lines, moves_of
from engine.frames import Records, fx_frame, instant, ledger_frame, price_frame
from engine.ledger import Book, book
from engine.types import CorporateAction, Severity

Check = Callable[[Evidence], Iterator[LedgerFinding]]

CHECKS: tuple[Check, ...] = (
    checks_of_splits.known_splits,
    checks_of_splits.jumps,
    checks_of_holdings.oversold,
    checks_of_holdings.wrong_account,
    checks_of_rows.duplicates,
    checks_of_rows.currency_mismatches,
    checks_of_rows.amounts,
    checks_of_rows.fees,
    checks_of_rows.swaps,
    checks_of_rows.spin_offs,
    checks_of_holdings.dividends,
    checks_of_holdings.negative_cash,
    checks_of_holdings.transfers,
    checks_of_holdings.missing_costs,
    checks_of_prices.unknown_prices,
    checks_of_prices.off_market,
    checks_of_prices.stale_rates,
)
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def ledger_checks(  # noqa: PLR0913 - what is known is keyword arguments
    ledger: Records,
    prices: pd.DataFrame | pd.Series | Mapping[str, float] | None = None,
    fx: pd.DataFrame | pd.Series | Mapping[str, float] | None = None,
    *,
    base_currency: str,
    as_of: date | datetime | str,
    actions: Mapping[str, Sequence[CorporateAction]] | None = None,
    currencies: Mapping[str, str] | None = None,
    multipliers: Mapping[str, float] | None = None,
    quoted: frozenset[str] = frozenset(),
    elsewhere: Records | None = None,
    oversell: str = "short",
    booked: Book | None = None,
) -> tuple[LedgerFinding, ...]:
    """Find what is probably wrong in a ledger.

    Parameters
    ----------
    ledger
        What `ledger_frame` takes.
    prices
        Unadjusted closes, dates x symbols, local currency.
    fx
        Rates, dates x pairs.
    base_currency
        Of the portfolio.
    as_of
        The day from which it is looked at.
    actions
        Symbol to what its company did: splits known to the market.
    currencies, multipliers
        Symbol to the instrument's currency and contract multiplier.
    quoted
        Symbols that have a last price beside `prices`.
    elsewhere
        Transfers of other ledgers that may hold the other leg of one here.
    oversell
        ``short`` (default): a sale beyond the held that is covered later is meant so; ``error``: it never is.
    booked
        The booked ledger, where it is there already.

    Returns
    -------
    tuple of LedgerFinding
        The gravest first, then by date.

    Examples
    --------
    >>> [finding.code for finding in ledger_checks([
    ...     {"date": "2024-01-01", "kind": "DEPOSIT", "amount": 100},
    ...     {"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 10, "price": 5},
    ...     {"date": "2024-02-01", "kind": "SELL", "symbol": "A", "quantity": 15, "price": 5.1},
    ... ], {"A": 5.1}, base_currency="EUR", as_of="2024-12-31")]
    ['oversold']
    """
    frame = ledger_frame(ledger)
    told = booked or book(frame, base_currency=base_currency, fx=fx, multipliers=multipliers, currencies=currencies)
    evidence = gathered(
        frame, told, prices=price_frame({} if prices is None else prices), fx=fx_frame(fx), actions=actions or {},
        currencies=currencies or {}, multipliers=multipliers or {}, quoted=quoted, elsewhere=ledger_frame([] if elsewhere is None else elsewhere),
        today=instant(as_of).to_datetime64().astype("datetime64[D]"), base=base_currency, oversell=oversell,
    )  # fmt: skip
    found = [finding for check in CHECKS for finding in check(evidence)]
    return tuple(sorted(_explained(found), key=lambda finding: (_ORDER[finding.severity], finding.date or "9999")))


def gathered(  # noqa: PLR0913
    ledger: pd.DataFrame, told: Book, *, prices: pd.DataFrame, fx: pd.DataFrame, actions: Mapping[str, Sequence[CorporateAction]],
    currencies: Mapping[str, str], multipliers: Mapping[str, float], quoted: frozenset[str], elsewhere: pd.DataFrame, today: np.datetime64,
    base: str, oversell: str,
) -> Evidence:  # fmt: skip
    """Lay a ledger out for the checks.

    Parameters
    ----------
    ledger, elsewhere
        Normalised ledgers.
    told
        Its book.
    prices, fx
        Normalised market.
    actions, currencies, multipliers, quoted, today, base, oversell
        As `ledger_checks` takes them.

    Returns
    -------
    Evidence
    """
    symbol, kind = ledger["symbol"].to_numpy(dtype=object), ledger["kind"].to_numpy(dtype=object).astype(np.str_)
    quantity, price, amount = (ledger[name].to_numpy(dtype=np.float64) for name in ("quantity", "price", "amount"))
    times = np.array([multipliers.get(name, 1.0) if name else 1.0 for name in symbol], dtype=np.float64)
    moves = moves_of(told, ledger)
    before, after = _held(symbol, moves)
    known = {str(name): str(code) for name, code in zip(told.positions.index, told.positions["currency"], strict=True)} | dict(currencies)
    return Evidence(
        ledger=ledger, book=told, day=ledger["date"].to_numpy().astype("datetime64[D]"), kind=kind, symbol=symbol,
        currency=ledger["currency"].to_numpy(dtype=object), account=ledger["account"].to_numpy(dtype=object), quantity=quantity, price=price,
        gross=np.where(np.isnan(amount), quantity * price * times, amount), before=before, after=after, moves=moves, closes=lines(prices),
        rates=lines(fx), actions=actions, currencies=known, multipliers=multipliers, quoted=quoted, elsewhere=elsewhere, today=today,
        base=base, oversell=oversell,
    )  # fmt: skip


def _held(symbol: np.ndarray, moves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Quantity of each row's symbol before and after it."""
    before, after = np.zeros(len(symbol)), np.zeros(len(symbol))
    for name, (rows, total) in moves.items():
        mine = np.flatnonzero(symbol == name)
        padded = np.concatenate([[0.0], total])
        before[mine] = padded[np.searchsorted(rows, mine, side="left")]
        after[mine] = padded[np.searchsorted(rows, mine, side="right")]
    return before, after


def _explained(found: Sequence[LedgerFinding]) -> Iterator[LedgerFinding]:
    """Leave out what another finding about the same rows says already, and say of consequences what may have caused them."""
    cause = _rows_of(found, "same_day_swap", "currency_mismatch", "amount_mismatch")
    priced = _rows_of(found, "price_off_market", "duplicate", "amount_mismatch", "currency_mismatch")
    splits = {finding.symbol: str(finding.date) for finding in found if finding.code == "unrecorded_split"}
    for finding in found:
        if finding.code == "price_off_market" and cause.intersection(finding.rows):
            continue
        if finding.code == "negative_cash" and priced.intersection(finding.rows):
            yield replace(finding, severity=Severity.INFO, hint="Another finding is about a transaction of that day: mend that first")
        elif finding.code == "oversold" and splits.get(finding.symbol, "9999") <= str(finding.date):
            others = tuple(fix for fix in finding.fixes if not fix.label.startswith("Record a split"))
            yield replace(finding, fixes=others, hint=f"The split of {splits[finding.symbol]} may explain it: look at that first")
        else:
            yield finding


def _rows_of(found: Sequence[LedgerFinding], *codes: str) -> set[str]:
    return {row for finding in found if finding.code in codes for row in finding.rows}
