"""A portfolio laid out for the search of trades: lots, cash by account, prices of what is held and of what may be bought."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd

from data import calendar
from data.database import Database
from engine.advice.lot_choice import HeldLot, Realised, term_of
from engine.advice.policy import GROUPINGS, Taxes
from engine.advice.regions import region_of
from engine.advice.standing import Purse, Standing
from engine.errors import MissingRate, UnknownInstrument
from engine.types import Actor, Finding, Instrument, Kind, Portfolio, Severity
from services import fields
from services.books.service import Booked
from services.books.valuation import Valuation
from services.market.marks import Marked, last_rates, read_marks
from services.market.service import Market

NOTHING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Laid:
    """A standing with what it was read from."""

    standing: Standing
    portfolio: Portfolio
    instruments: dict[str, Instrument]
    marked: Marked
    findings: tuple[Finding, ...]


class Standings:
    """Reads portfolios as the search of trades needs them."""

    def __init__(self, database: Database, market: Market, valuation: Valuation) -> None:
        self._database, self._market, self._valuation = database, market, valuation

    def standing(self, actor: Actor, portfolio: Portfolio, also: Sequence[str], taxes: Taxes) -> Laid:
        """Lay a portfolio out.

        Parameters
        ----------
        actor : Actor
        portfolio : Portfolio
        also : sequence of str
            Symbols that may be bought though they are not held.
        taxes : Taxes
            What is long-term, and what spoils a loss.

        Raises
        ------
        UnknownInstrument
            A symbol of `also` that the workspace does not know.
        MissingRate
            A currency of cash or prices without a rate.
        """
        with self._database.read() as unit:
            part = self._valuation.booked(unit, actor, portfolio)
            held = part.book.positions.index[(part.book.positions["quantity"].abs() > NOTHING).to_numpy()]
            known = unit.instruments.by_symbols(actor.workspace_id, sorted({*held, *also}))
            wrong = [symbol for symbol in also if symbol not in known]
            every = [each.symbol for each in unit.instruments.find_all(actor.workspace_id)] if wrong else []
            fields.raise_all([UnknownInstrument(symbol, near=fields.near(symbol, every)) for symbol in wrong])
            codes = sorted({portfolio.base_currency, *part.book.cash.index, *(each.currency for each in known.values())})
            sight = self._market.sight()
            marked = read_marks(unit, actor.workspace_id, sight, self._market.freshness, base=portfolio.base_currency, instruments=known,
                                currencies=codes, stored=last_rates(unit, actor.workspace_id, on_or_before=sight.day))
        return _laid(part, known, marked, self._purses(part, known), codes, taxes)

    def _purses(self, part: Booked, known: Mapping[str, Instrument]) -> tuple[dict[Purse, float], list[Finding]]:
        """Tell cash by account; as one pool where there is one account, or where accounts do not say what they pay with."""
        whole: dict[Purse, float] = {(None, str(code)): float(amount) for code, amount in part.book.cash["balance"].items()}
        parted = self._valuation.accounts(part, known, None)
        own = {(account, str(code)): float(amount) for account, each in parted.items() for code, amount in each.book.cash["balance"].items()}
        if len(parted) < 2:
            return whole, []
        overdrawn = sorted({account or "no account" for (account, _), amount in own.items() if amount < -0.005})
        if overdrawn:
            told = Finding("accounts_pooled", f"Cash of {', '.join(overdrawn)} is below zero: every account is taken to pay out of one pool",
                           Severity.INFO, {"accounts": overdrawn})
            return whole, [told]
        return own, []


def _laid(part: Booked, known: Mapping[str, Instrument], marked: Marked, purses: tuple[dict[Purse, float], list[Finding]], codes: Iterable[str],
          taxes: Taxes) -> Laid:
    day, base = calendar.today(), part.portfolio.base_currency
    price, rate = marked.marks.price, marked.marks.rate
    lacking = [code for code in codes if not np.isfinite(float(rate.get(code, np.nan)))]
    fields.raise_all([MissingRate(f"{code}{base}", as_of=day.isoformat()) for code in lacking])
    priced = {symbol: each for symbol, each in known.items() if np.isfinite(float(price.get(symbol, np.nan)))}
    symbols = tuple(sorted(priced))
    lots, shorts, unknown = _lots(part.book.lots, {symbol: _unit(priced[symbol], price, rate) for symbol in symbols})
    findings = [*purses[1], *(Finding("no_price", f"{symbol} has no price: it is left out", Severity.WARNING, {"symbol": symbol})
                              for symbol in sorted(known.keys() - priced.keys()))]
    if unknown:
        findings.append(Finding("unknown_cost", f"The cost of {', '.join(unknown)} is not known: no gain is counted there", Severity.WARNING,
                                {"symbols": unknown}))
    standing = Standing(
        day=day, base_currency=base, symbols=symbols, currencies=tuple(priced[symbol].currency for symbol in symbols),
        price=np.array([float(price[symbol]) for symbol in symbols]), rate=np.array([float(rate[priced[symbol].currency]) for symbol in symbols]),
        multiplier=np.array([float(priced[symbol].multiplier) for symbol in symbols]), lots=lots, cash=purses[0] or {(None, base): 0.0},
        rates={code: float(rate[code]) for code in codes}, method=part.book.cost_method, shorts=shorts,
        groups={name: tuple(group_of(priced[symbol], name) for symbol in symbols) for name in GROUPINGS},
        tags=tuple(frozenset(tag.strip().lower() for tag in priced[symbol].tags) for symbol in symbols),
        washed=_washed(part, day, taxes), realised=_realised(part.book.gains, day, taxes),
    )
    return Laid(standing, part.portfolio, dict(known), marked, tuple(findings))


def group_of(instrument: Instrument, by: str) -> str:
    """Name the group of an instrument; "" where it has none."""
    found = region_of(instrument.country) if by == "region" else getattr(instrument, by)
    return str(found or "")


def _unit(instrument: Instrument, price: pd.Series, rate: pd.Series) -> float:
    return float(price[instrument.symbol]) * float(rate[instrument.currency]) * float(instrument.multiplier)


def _lots(every: pd.DataFrame, units: Mapping[str, float]) -> tuple[dict[tuple[str, str | None], list[HeldLot]], dict[str, float], list[str]]:
    """Lay open lots out by symbol and account; what is sold short apart; a cost that is not known is taken to be the value of now."""
    lots: dict[tuple[str, str | None], list[HeldLot]] = {}
    shorts: dict[str, float] = {}
    unknown: list[str] = []
    columns = [every[name] for name in ("symbol", "account", "opened", "quantity", "cost_base", "transaction_id")]
    for symbol, account, opened, quantity, cost, key in zip(*columns, strict=True):
        if symbol not in units:
            continue
        if quantity < 0:
            shorts[symbol] = shorts.get(symbol, 0.0) + float(quantity)
            continue
        if not np.isfinite(cost):
            unknown.append(str(symbol))
        known = float(cost) if np.isfinite(cost) else float(quantity) * units[symbol]
        at = (str(symbol), None if pd.isna(account) else str(account))
        lots.setdefault(at, []).append(HeldLot(str(key), None if pd.isna(opened) else pd.Timestamp(opened).date(), float(quantity), known))
    return lots, shorts, sorted(set(unknown))


def _washed(part: Booked, day: date, taxes: Taxes) -> frozenset[str]:
    """Name what was bought lately and is held from before too: a loss on the older lots would save no tax."""
    if not taxes.wash_days:
        return frozenset()
    since = pd.Timestamp(day - timedelta(days=taxes.wash_days))
    bought = part.ledger[(part.ledger["kind"] == Kind.BUY.value) & (part.ledger["date"] >= since)]
    older = part.book.lots[part.book.lots["opened"] < since]
    return frozenset(bought["symbol"]) & frozenset(older["symbol"])


def _realised(gains: pd.DataFrame, day: date, taxes: Taxes) -> Realised:
    """Sum what the calendar year has realised, by term."""
    mine = gains[(gains["closed"] >= pd.Timestamp(day.year, 1, 1)) & gains["gain"].notna()]
    sums = {"short": 0.0, "long": 0.0}
    for opened, closed, gain in zip(mine["opened"], mine["closed"], mine["gain"], strict=True):
        sums[term_of(None if pd.isna(opened) else opened.date(), taxes, closed.date())] += float(gain)
    return Realised(**sums)
