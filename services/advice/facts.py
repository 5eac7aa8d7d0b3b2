"""A portfolio as the rules look at it: today's holdings, lots and cash, and what of its past does not move with the quotes."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd

from data import calendar
from data.database import Database, Unit
from engine import Book, Panel, wash_sales
from engine.advice.policy import Policy
from engine.advice.regions import region_of
from engine.advice.rules_facts import Facts, Held, Loss, OpenLot
from engine.advice.rules_past import Past
from engine.advice.rules_thresholds import limit
from engine.errors import InvalidInput, NotFound
from engine.lots_sold import taken_order
from engine.types import Actor, Instrument
from services.advice.dividends import dividends_a_share
from services.books.answers import Answer, holdings_view
from services.books.service import Kept
from services.books.valuation import Valuation
from services.performance.service import Performance
from services.performance.views import PerformanceQuestion
from services.references import find_reference
from services.risk.exposures import Exposure, Exposures
from services.risk.liquidity import liquidity
from services.stress.facts import tagged
from services.views import HoldingsView, QuoteView

KEPT: Final = 24
YEAR: Final = 365
PARTICIPATION: Final = 0.2  # of a day's volume
LOOKED_BACK: Final = 90  # days within which a spoilt loss is told of
DAY_SECONDS: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of a portfolio: facts for the rules, and what a view says beside them."""

    facts: Facts
    view: HoldingsView
    exposure: Exposure
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Slow:
    """What does not move with the quotes."""

    past: Past
    fees: float
    value_year: float
    idle: dict[str, float]
    dividends: dict[str, tuple[float, float]]  # symbol -> a share, last year and the year before
    losses: tuple[Loss, ...]
    countries: dict[str, float]
    days_to_sell: dict[str, float]


class FactsReader:
    """Reads portfolios for the rules."""

    def __init__(self, database: Database, valuation: Valuation, performance: Performance, exposures: Exposures) -> None:
        self._database, self._valuation, self._performance, self._exposures = database, valuation, performance, exposures
        self._kept: Kept[_Slow] = Kept(KEPT)

    def read(self, actor: Actor, portfolio_id: UUID, policy: Policy, targets: Mapping[str, float]) -> Read:
        """Read a portfolio as it is now.

        Parameters
        ----------
        actor : Actor
        portfolio_id : UUID
        policy : Policy
            Its thresholds say how far back is looked.
        targets : Mapping
            By symbol or group, models looked up.

        Raises
        ------
        NotFound
            No such portfolio in the actor's workspace.
        """
        exposure = self._exposures.exposure(actor, portfolio_id)
        answer = self._valuation.answered(actor, portfolio_id)
        view, today = holdings_view(str(portfolio_id), answer), calendar.today()
        idle_days = int(limit(policy, "idle_days"))
        key: Hashable = (exposure.state, today, idle_days, policy.taxes.wash_days)
        slow = self._kept.get_or_compute(key, lambda: self._slow(actor, answer, exposure, idle_days, policy.taxes.wash_days))
        return Read(_facts(today, view, answer, slow, targets, exposure), view, exposure,
                    {symbol: each.name for symbol, each in answer.instruments.items()})

    def _slow(self, actor: Actor, answer: Answer, exposure: Exposure, idle_days: int, wash_days: int) -> _Slow:
        portfolio, today = answer.parts[0].portfolio, calendar.today()
        panel = self._performance.basis(actor, portfolio.id, PerformanceQuestion()).brief.panel
        days = liquidity(self._database, exposure, PARTICIPATION)["days"]
        with self._database.read() as unit:
            actions = unit.instruments.actions_of([each.id for each in exposure.instruments.values()])
            countries = _countries(unit, actor, portfolio.benchmark)
        past = Past(exposure.returns, exposure.realised, exposure.benchmark_of_today, exposure.benchmark, exposure.periods_per_year, exposure.state)
        fees, value_year = _fees(panel, today)
        told = {symbol: dividends_a_share(answer.book.effects, symbol, actions.get(each.id, ()), today)
                for symbol, each in exposure.instruments.items()}
        return _Slow(past, fees, value_year, _idle(panel, today, idle_days), told, tuple(_losses(answer.book, today, wash_days)), countries,
                     {str(symbol): float(each) for symbol, each in days.items()})


def _facts(today: date, view: HoldingsView, answer: Answer, slow: _Slow, targets: Mapping[str, float], exposure: Exposure) -> Facts:
    lots = _lots(answer.book)
    cash = view.snapshot.cash
    held = {symbol: _held(row, answer.instruments[symbol], view.quotes[symbol], lots.get(symbol, ()), slow)
            for row in view.snapshot.holdings.to_dict("records") for symbol in (str(row["symbol"]),)}
    money = {str(code): float(value) for code, value in cash["value"].items() if math.isfinite(value) and value != 0}
    value = math.fsum([*(each.value for each in held.values() if math.isfinite(each.value)), *money.values()])
    name = exposure.benchmark_name
    return Facts(today, view.base_currency, value, held, money, slow.past, slow.idle, lots, slow.losses, slow.fees, slow.value_year, targets,
                 slow.countries, name[1] if name else None)


def _held(row: Mapping[Hashable, Any], each: Instrument, quote: QuoteView, lots: Sequence[OpenLot], slow: _Slow) -> Held:
    paid, before = slow.dividends.get(each.symbol, (0.0, 0.0))
    return Held(
        symbol=each.symbol, name=each.name, asset_class=each.asset_class.value, currency=str(row["currency"]), quantity=float(row["quantity"]),
        price=float(row["price"]), value=float(row["market_value"]), cost=float(row["cost_basis"]), sector=each.sector,
        country=each.country, region=region_of(each.country), issuer=_word(each, "issuer"), tags=each.tags, account=_largest(lots),
        price_age_days=math.nan if quote.age_seconds is None else quote.age_seconds / DAY_SECONDS, ter=tagged(each, "ter"),
        days_to_sell=slow.days_to_sell.get(each.symbol, math.nan), dividends=paid, dividends_before=before, multiplier=float(each.multiplier))


def _word(instrument: Instrument, name: str) -> str | None:
    """Read a word from a tag such as "issuer:Alphabet"."""
    found = [rest.strip() for tag in instrument.tags for word, _, rest in (tag.partition(":"),) if word.strip().lower() == name and rest.strip()]
    return found[0] if found else None


def _largest(lots: Sequence[OpenLot]) -> str | None:
    held: dict[str | None, float] = {}
    for lot in lots:
        held[lot.account] = held.get(lot.account, 0.0) + lot.quantity
    return max(held, key=lambda account: held[account], default=None)


def _lots(book: Book) -> dict[str, tuple[OpenLot, ...]]:
    """Part the open lots by symbol, in the order in which a sale by the portfolio's own method takes them."""
    found: dict[str, tuple[OpenLot, ...]] = {}
    for symbol, rows in book.lots.groupby("symbol", sort=False):
        ordered = rows.iloc[taken_order(rows, book.cost_method.value)]
        columns = (ordered[name].tolist() for name in ("account", "quantity", "cost_base", "opened", "transaction_id"))
        found[str(symbol)] = tuple(OpenLot(account if isinstance(account, str) else None, float(quantity), float(cost), opened.date(), str(key))
                                   for account, quantity, cost, opened, key in zip(*columns, strict=True))
    return found


def _fees(panel: Panel, today: date) -> tuple[float, float]:
    """Tell the fees of the last year, and the mean value in it."""
    recent = panel.days > np.datetime64(today - timedelta(days=YEAR))
    value = np.nansum(panel.value[recent], axis=1)
    return float(np.nansum(panel.fee[recent])), float(value.mean()) if len(value) else math.nan


def _idle(panel: Panel, today: date, days: int) -> dict[str, float]:
    """Tell the least cash of each currency on any of the last days; nothing where the ledger is younger."""
    if not len(panel.days) or panel.days[0] > np.datetime64(today - timedelta(days=days)):
        return {}
    since = max(int(np.searchsorted(panel.days, np.datetime64(today - timedelta(days=days)), side="right")) - 1, 0)
    rows = {name.removeprefix("cash:"): place for place, name in enumerate(panel.rows) if name.startswith("cash:")}
    least = {code: float(np.nanmin(panel.value[since:, place])) for code, place in rows.items() if not np.isnan(panel.value[since:, place]).all()}
    return {code: amount for code, amount in least.items() if amount > 0}


def _losses(book: Book, today: date, wash_days: int) -> Iterator[Loss]:
    """List losses of late by symbol and day, with what purchases have spoilt of them."""
    gains = book.gains
    recent = gains[(gains["gain"] < 0) & (gains["quantity"] > 0) & (gains["closed"] >= pd.Timestamp(today - timedelta(days=LOOKED_BACK)))]
    if recent.empty:
        return
    washed = wash_sales(book)
    bought = washed.replacements.groupby(["symbol", "closed"])["replaced_on"].max() if len(washed.replacements) else pd.Series(dtype=object)
    for (symbol, stamp), rows in recent.groupby(["symbol", "closed"]):
        again, closed = bought.get((symbol, stamp)), pd.Timestamp(str(stamp)).date()
        yield Loss(str(symbol), closed, float(-rows["gain"].sum()), float(washed.rows.loc[rows.index, "disallowed"].sum()),
                   None if again is None else again.date(), closed + timedelta(days=wash_days))


def _countries(unit: Unit, actor: Actor, benchmark: str | None) -> dict[str, float]:
    """Tell the countries of a benchmark that says the country of all its parts."""
    try:
        reference = find_reference(unit, actor, benchmark) if benchmark else None
    except (NotFound, InvalidInput):
        return {}
    parts = reference.parts if reference is not None else ()
    if not parts or any(part.instrument is None or part.instrument.country is None for part in parts):
        return {}
    found: dict[str, float] = {}
    for part in parts:
        country = str(part.instrument.country if part.instrument else None)
        found[country] = found.get(country, 0.0) + part.weight
    return found


