"""Amounts of every transaction as arrays: the part of booking that needs no memory of what is held.

Everything here is a formula on whole columns. What depends on the lots (cost, realised, quantities after a split) is `engine.lots`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.currencies import currency_code, rate_history
from engine.kinds import EFFECTS
from engine.types import Finding, Kind

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]
Raw = Mapping[str, Any]

KINDS: tuple[Kind, ...] = tuple(Kind)
CODE: Mapping[str, int] = {kind.value: code for code, kind in enumerate(KINDS)}
_KIND_NAMES = [kind.value for kind in KINDS]
_CARRIES = (Kind.TRANSFER_IN, Kind.TRANSFER_OUT, Kind.ADJUSTMENT)
_PRICED = (Kind.BUY, Kind.SELL, *_CARRIES)
_CASH_ONLY = (Kind.DEPOSIT, Kind.WITHDRAWAL)
_PAYS_AT_MOST = (Kind.SPIN_OFF, Kind.MERGER, Kind.SPLIT)


@dataclass(frozen=True, slots=True)
class Names:
    """Symbols, accounts and currencies of a ledger, and the codes of its transactions into them; -1 is none."""

    symbols: list[str]
    accounts: list[str | None]
    currencies: list[str]
    symbol: Codes
    child: Codes
    account: Codes
    currency: Codes
    to_currency: Codes
    symbol_currency: Codes
    multiplier: Floats


@dataclass(frozen=True, slots=True)
class Postings:
    """Amounts of a ledger, each ndarray of shape (n_transactions,).

    `gross_*` is the consideration without fee and tax in the instrument's (`_local`) or the base currency, `charge_*` fee and tax
    together. `cash` and `to_cash` are what the balances of the transaction's currency and of a conversion's target change by.
    `local_rate` is base units per unit of the instrument's currency, `to_child` units of the successor's currency per unit of it.
    """

    names: Names
    kind: Codes
    day: NDArray[np.datetime64]
    cash_like: Mask
    units: Floats
    ratio: Floats
    gross_local: Floats
    gross_base: Floats
    charge_local: Floats
    fee_base: Floats
    tax_base: Floats
    income_base: Floats
    flow_base: Floats
    cash: Floats
    cash_base: Floats
    to_cash: Floats
    local_rate: Floats
    to_child: Floats
    findings: tuple[Finding, ...]

    def of(self, *kinds: Kind) -> Mask:
        """Places of some kinds, shape (n_transactions,)."""
        return _of(self.kind, *kinds)


def postings(
    ledger: pd.DataFrame, base: str, fx: pd.DataFrame, *, multipliers: Mapping[str, float] | None, currencies: Mapping[str, str] | None
) -> Postings:
    """Amounts of a normalised ledger.

    Parameters
    ----------
    ledger
        What `ledger_frame` returns.
    base
        Base currency.
    fx
        What `fx_frame` returns: dates x pairs.
    multipliers
        Symbol to contract multiplier; absent is 1.
    currencies
        Symbol to the instrument's currency; absent is that of its first transaction, else the base.

    Returns
    -------
    Postings
        Arrays of shape (n_transactions,).

    Notes
    -----
    Convention: a price beats an amount where both are given; fee and tax leave the cash for every kind; a transaction's own
    `fx_rate` beats the market's; an FX_CONVERSION has one base value for both legs (by its own rate, else by the leg in base
    currency, else by the market's rate for what is given away).

    Raises
    ------
    InvalidInput
        A currency of `currencies` does not exist.

    Examples
    --------
    >>> from engine.frames import fx_frame, ledger_frame
    >>> ledger = ledger_frame([{"date": "2024-01-02", "kind": "BUY", "symbol": "A", "quantity": 2, "price": 5, "fee": 1}])
    >>> postings(ledger, "EUR", fx_frame(None), multipliers=None, currencies=None).cash.tolist()
    [-11.0]
    """
    raw: Raw = {name: ledger[name].to_numpy() for name in ledger.columns}
    kind = _Texts.of(raw["kind"]).among(_KIND_NAMES)
    cash_like = _cash_like(kind, raw)
    names = _names(kind, raw, base, multipliers or {}, currencies or {})
    gross, fee, tax = _amounts(kind, raw, cash_like, names)
    market = _market_rates(base, names.currencies, fx, raw["date"])
    rate, fee_rate = _rates(kind, raw, names, market)
    held_in = _picked(names.symbol_currency, names.symbol)
    to_local = _between(rate, market, names.currency, held_in)
    gross_base, fee_base, tax_base = times(gross, rate), times(fee, fee_rate), times(tax, fee_rate)
    cash_sign = np.where(cash_like, _sign(kind, "flow_sign"), _sign(kind, "cash_sign"))
    return Postings(
        names=names,
        kind=kind,
        day=raw["date"],
        cash_like=cash_like,
        units=np.where(_of(kind, Kind.SPIN_OFF), raw["quantity"], _sign(kind, "units_sign") * raw["quantity"]),
        ratio=_ratio(kind, raw),
        gross_local=times(gross, to_local),
        gross_base=gross_base,
        charge_local=times(fee + tax, to_local),
        fee_base=fee_base,
        tax_base=tax_base,
        income_base=times(_sign(kind, "income_sign"), gross_base),
        flow_base=np.where(cash_like, cash_sign * gross_base, 0.0),
        cash=times(cash_sign, gross) - fee - tax,
        cash_base=times(cash_sign, gross_base) - fee_base - tax_base,
        to_cash=np.where(_of(kind, Kind.FX_CONVERSION), raw["to_amount"], 0.0),
        local_rate=rate / to_local,
        to_child=_crossed(market, held_in, _picked(names.symbol_currency, names.child)),
        findings=_missing_rates(base, names, rate, raw["date"], touched=(gross != 0) | (fee != 0) | (tax != 0)),
    )


def times(amounts: Floats, rates: Floats) -> Floats:
    """Product in which nothing times an unknown rate is nothing.

    Parameters
    ----------
    amounts, rates
        ndarray of the same shape; amounts in any unit, rates per unit.

    Returns
    -------
    ndarray
        Same shape; 0 where the amount is 0, NaN where an amount other than 0 meets a NaN rate.

    Examples
    --------
    >>> times(np.array([0.0, 2.0]), np.array([np.nan, 3.0])).tolist()
    [0.0, 6.0]
    """
    return np.where(amounts == 0, 0.0, amounts * rates)


def _of(kind: Codes, *kinds: Kind) -> Mask:
    return np.array([name in kinds for name in KINDS], dtype=np.bool_)[kind]


def _sign(kind: Codes, name: str) -> Floats:
    return np.array([getattr(EFFECTS[one], name) for one in KINDS], dtype=np.float64)[kind]


def _picked(values: Codes, places: Codes) -> Codes:
    """Values at places, -1 where there is no place."""
    return np.where(places >= 0, np.append(values, -1)[places], -1)


def _cash_like(kind: Codes, raw: Raw) -> Mask:
    """Transfers without symbol and adjustments without quantity move cash, as deposits and withdrawals do."""
    transfer = _of(kind, Kind.TRANSFER_IN, Kind.TRANSFER_OUT) & pd.isna(raw["symbol"])
    adjusted = _of(kind, Kind.ADJUSTMENT) & np.isnan(raw["quantity"])
    found: Mask = np.any([transfer, adjusted, _of(kind, *_CASH_ONLY)], axis=0)
    return found


def _names(kind: Codes, raw: Raw, base: str, multipliers: Mapping[str, float], currencies: Mapping[str, str]) -> Names:
    texts = _Texts.of(raw["symbol"], ~_of(kind, Kind.FX_CONVERSION) & ~_cash_like(kind, raw))
    children = _Texts.of(raw["to_symbol"], _of(kind, Kind.SPIN_OFF, Kind.MERGER))
    own, targets = _Texts.of(raw["currency"]), _Texts.of(raw["to_currency"])
    symbols = sorted({*texts.names, *children.names})
    symbol, child = texts.among(symbols), children.among(symbols)
    known = {name: currency_code(currencies[name]) for name in symbols if name in currencies}
    of_symbol = _symbol_currencies(symbols, symbol, child, own, known, base)
    codes = [base, *sorted({*own.names, *of_symbol, *targets.names} - {base})]
    symbol_currency = np.array([codes.index(name) for name in of_symbol], dtype=np.int64)
    currency = own.among(codes)
    currency = np.where(currency >= 0, currency, np.where(symbol >= 0, np.append(symbol_currency, 0)[symbol], 0))
    accounts = _Texts.of(raw["account"])
    everywhere = _with_none(accounts)
    return Names(
        symbols=symbols,
        accounts=everywhere,
        currencies=codes,
        symbol=symbol,
        child=child,
        account=np.where(accounts.codes < 0, everywhere.index(None) if None in everywhere else -1, accounts.among(everywhere)),
        currency=currency,
        to_currency=targets.among(codes),
        symbol_currency=symbol_currency,
        multiplier=np.array([float(multipliers.get(name, 1.0)) for name in symbols], dtype=np.float64),
    )


def _with_none(accounts: _Texts) -> list[str | None]:
    """Names in the order of the ledger, None where a transaction has none."""
    nowhere = np.flatnonzero(accounts.codes < 0)
    before = accounts.codes[: nowhere[0]].max(initial=-1) + 1 if nowhere.size else len(accounts.names)
    return [*accounts.names[:before], *([None] if nowhere.size else []), *accounts.names[before:]]


@dataclass(frozen=True, slots=True)
class _Texts:
    """Column of texts as codes into its distinct ones, in the order they come; -1 is none."""

    codes: Codes
    names: list[str]

    @classmethod
    def of(cls, texts: NDArray[np.object_], wanted: Mask | None = None) -> _Texts:
        """Read a column, where wanted."""
        codes, names = pd.factorize(texts)
        if wanted is None or wanted.all():
            return cls(codes, list(names))
        codes = np.where(wanted, codes, -1)
        used = np.bincount(codes[codes >= 0], minlength=len(names)) > 0
        return cls(_picked(np.cumsum(used) - 1, codes), [name for name, kept in zip(names, used.tolist(), strict=True) if kept])

    def among(self, names: Sequence[str | None]) -> Codes:
        """Codes into other names."""
        places = {name: place for place, name in enumerate(names)}
        return _picked(np.array([places[name] for name in self.names], dtype=np.int64), self.codes)


def _symbol_currencies(symbols: list[str], symbol: Codes, child: Codes, own: _Texts, known: dict[str, str], base: str) -> list[str]:
    """Currency of each instrument: the given one, else that of its first transaction that names one, else its parent's, else the base."""
    said = np.flatnonzero((symbol >= 0) & (own.codes >= 0))
    first = np.full(len(symbols), symbol.size)
    np.minimum.at(first, symbol[said], said)
    found = {name: own.names[own.codes[row]] for name, row in zip(symbols, first.tolist(), strict=True) if row < symbol.size} | known
    for row in np.flatnonzero(child >= 0).tolist():
        parent = found.get(symbols[symbol[row]], base) if symbol[row] >= 0 else base
        found.setdefault(symbols[child[row]], parent)
    return [found.get(name, base) for name in symbols]


def _amounts(kind: Codes, raw: Raw, cash_like: Mask, names: Names) -> tuple[Floats, Floats, Floats]:
    """Gross consideration, fee and tax. A FEE's amount is a fee and a TAX's a tax, so neither has a consideration."""
    multiplier = np.where(names.symbol >= 0, np.append(names.multiplier, 1.0)[names.symbol], 1.0)
    by_price = np.abs(raw["quantity"]) * raw["price"]
    amount = np.where(np.isnan(raw["amount"]), by_price, raw["amount"])
    cash = np.where(np.isnan(amount), raw["quantity"], amount)
    priced = np.where(np.isnan(raw["price"]), np.abs(raw["amount"]), by_price * multiplier)
    unpriced = _of(kind, Kind.ADJUSTMENT) & (raw["quantity"] > 0) & np.isnan(priced)
    optional = np.where(_of(kind, Kind.SPLIT) & np.isnan(raw["ratio"]), 0.0, np.nan_to_num(raw["amount"]))
    gross = np.select(
        [unpriced | _of(kind, Kind.STOCK_DIVIDEND), cash_like, _of(kind, *_PRICED), _of(kind, *_PAYS_AT_MOST)],
        [np.zeros(len(kind)), cash, priced, optional],
        default=amount,
    )
    fee = raw["fee"] + np.where(_of(kind, Kind.FEE), np.nan_to_num(amount), 0.0)
    tax = raw["tax"] + np.where(_of(kind, Kind.TAX), np.nan_to_num(amount), 0.0)
    return np.where(_of(kind, Kind.FEE, Kind.TAX), 0.0, gross), fee, tax


def _ratio(kind: Codes, raw: Raw) -> Floats:
    """Give new units per old. Brokers write a split's ratio into the quantity or the amount; a merger without one is one for one."""
    split = np.where(np.isnan(raw["quantity"]), raw["amount"], raw["quantity"])
    fallback = np.select([_of(kind, Kind.SPLIT), _of(kind, Kind.MERGER)], [split, np.ones(len(kind))], default=np.nan)
    return np.where(np.isnan(raw["ratio"]), fallback, raw["ratio"])


def _market_rates(base: str, codes: list[str], fx: pd.DataFrame, days: NDArray[np.datetime64]) -> Floats:
    """Market's rate of each day and currency, shape (n_transactions, n_currencies); NaN before the first."""
    if len(codes) == 1:
        return np.ones((len(days), 1))
    table = rate_history(base, codes, fx).to_numpy()
    ends = fx.index.to_numpy()
    last = np.searchsorted(ends, days + np.timedelta64(1, "D"), side="left") - 1
    rates = np.vstack([table, np.full(len(codes), np.nan)])[last]
    rates[:, 0] = 1.0
    return rates


def _at(market: Floats, codes: Codes) -> Floats:
    return np.where(codes >= 0, market[np.arange(len(codes)), codes], np.nan)


def _rates(kind: Codes, raw: Raw, names: Names, market: Floats) -> tuple[Floats, Floats]:
    """Give base units per unit of the transaction's currency, for the consideration and for fee and tax.

    They differ only for conversions: those are worth what their leg in base currency says, their fee is what the market says.
    """
    own = np.where(names.currency == 0, np.nan, raw["fx_rate"])
    rate = np.where(np.isnan(own), _at(market, names.currency), own)
    implied = raw["to_amount"] * _at(market, names.to_currency) / raw["amount"]
    unsaid = _of(kind, Kind.FX_CONVERSION) & np.isnan(own) & ((names.to_currency == 0) | np.isnan(rate))
    return np.where(unsaid, implied, rate), np.where(unsaid & np.isnan(rate), implied, rate)


def _between(rate: Floats, market: Floats, source: Codes, target: Codes) -> Floats:
    """Instrument's currency per unit of the transaction's."""
    return np.where((source == target) | (target < 0), 1.0, rate / _at(market, target))


def _crossed(market: Floats, source: Codes, target: Codes) -> Floats:
    return np.where((source == target) | (source < 0) | (target < 0), 1.0, _at(market, source) / _at(market, target))


def _missing_rates(base: str, names: Names, rate: Floats, days: NDArray[np.datetime64], *, touched: Mask) -> tuple[Finding, ...]:
    unknown = np.isnan(rate) & touched
    return tuple(
        Finding(
            "missing_rate",
            f"No rate of {names.currencies[code]} to {base} for {places.size} transaction{'s' if places.size > 1 else ''}, the first on {first}",
            context={"pair": names.currencies[code] + base, "date": first, "count": int(places.size)},
        )
        for code in np.unique(names.currency[unknown]).tolist()
        for places in [np.flatnonzero(unknown & (names.currency == code))]
        for first in [str(days[places[0]])[:10]]
    )
