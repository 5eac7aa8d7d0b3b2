"""What a scope is exposed to: today's weights, how what is held moved day by day, and what the scope itself returned.

Risk of today is today's weights on the history of what is held; risk that was lived through is the realised series. Both are read here,
once, on the same trading days, by everything that measures risk.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import numpy as np
import pandas as pd

from data import calendar
from data.database import Database, Unit
from data.repositories.valuations import Subjects
from engine.errors import InvalidInput
from engine.types import Actor, Finding, Instrument, Severity
from services import fields
from services.books.service import Kept, once
from services.books.valuation import Valuation
from services.fields import Place
from services.market.marks import ALWAYS_OPEN
from services.performance.figures import Basis
from services.performance.levels import read_levels
from services.performance.service import SATURDAY, Performance
from services.performance.views import PerformanceQuestion, PerformanceView
from services.references import known_references
from services.risk.total_returns import Known, ledger_splits, ledger_yields, read_closes, read_rate_history, total_returns, trading_days
from services.views import ALL, HoldingsView

KEPT: Final = 24
HELD_BY: Final = ("symbol", "sector", "asset_class", "currency", "country")  # what holdings of today can be chosen by
TRADING_DAYS, EVERY_DAY = 252.0, 365.0
LEAST_KNOWN: Final = 0.9  # share of what is held that has a return on a day that counts
COLUMNS: Final = ["name", "asset_class", "sector", "country", "currency", "quantity", "price", "value", "weight"]


@dataclass(frozen=True, slots=True)
class ExposureQuestion:
    """What is asked of a scope; every field has a default."""

    start: date | None = None  # returns after its close; None: as far back as there are any
    end: date | None = None  # returns up to its close; None: the last day that is over
    period: str | None = None  # as in a question of performance, instead of `start`
    benchmark: str | None = None  # symbol; None: the portfolio's own; "": none
    base_currency: str | None = None
    group_by: str | None = None  # of HELD_BY but country: the answer is of one group of it
    group: str | None = None
    also: tuple[str, ...] = ()  # symbols that are laid beside what is held, at nothing: what one thinks of buying


@dataclass(frozen=True, slots=True)
class Exposure:
    """A scope as risk sees it. Money in `base_currency`; returns are simple, daily, fractions, in base currency, payments included."""

    scope: str  # portfolio id, or "all"
    label: str  # the portfolio's name, "All portfolios", or the group
    base_currency: str
    value: float  # of holdings and cash now; of a group: of its holdings
    cash: pd.Series  # currency -> value now
    holdings: pd.DataFrame  # index symbol x COLUMNS: as of now; `weight` is value over `value`, so that weights and cash over value add up to 1
    returns: pd.DataFrame  # trading days x symbol of `holdings`, in the same order; NaN where there is no history
    currencies: pd.DataFrame  # trading days x currency of holdings or cash: return of the currency against the base, 0 of the base itself
    realised: pd.Series  # trading days -> time-weighted return of the scope as it was lived through, net of costs
    benchmark: pd.Series | None  # the same days -> return of the benchmark, NaN where it has none
    benchmark_of_today: pd.Series | None  # days of `returns` -> the same
    benchmark_name: tuple[str, str] | None  # symbol and name
    periods_per_year: float  # 252; 365 where everything trades around the clock
    simulated: bool  # any price used is simulated
    revisions: dict[str, int]  # portfolio id -> ledger revision that was read
    instruments: dict[str, Instrument]  # by symbol, of `holdings`
    findings: tuple[Finding, ...]
    state: Hashable = None  # names what the returns were made of: another one when any of it has changed

    @property
    def weights(self) -> pd.Series:
        """Fraction of the value by symbol, cash apart; NaN where a price is missing."""
        weights: pd.Series = self.holdings["weight"]
        return weights

    @property
    def cash_weight(self) -> float:
        """Fraction of the value in cash of all currencies."""
        return float(self.cash.sum() / self.value) if self.value else float("nan")

    @property
    def of_today(self) -> pd.Series:
        """Trading days -> what today's weights would have returned, cash at nothing; NaN where much of what is held has no history.

        What has none on a day is taken to have returned what the rest did.
        """
        weights, cells = self.weights.fillna(0.0).to_numpy(), self.returns.to_numpy()
        size = np.where(np.isnan(cells), 0.0, np.abs(weights)).sum(axis=1)
        whole = float(np.abs(weights).sum())
        known = size >= LEAST_KNOWN * whole if whole else np.zeros(len(cells), dtype=np.bool_)
        gained = np.nansum(cells * weights, axis=1) * whole / np.where(known, size, np.nan)
        return pd.Series(gained, index=self.returns.index)


@dataclass(frozen=True, slots=True)
class Past:
    """What of an exposure does not move with the quotes."""

    returns: pd.DataFrame
    currencies: pd.DataFrame
    realised: pd.Series
    benchmark: pd.Series | None
    benchmark_of_today: pd.Series | None
    view: PerformanceView
    periods_per_year: float


class Exposures:
    """Exposures of the actor's portfolios."""

    def __init__(self, database: Database, valuation: Valuation, performance: Performance) -> None:
        self._database, self._valuation, self._performance = database, valuation, performance
        self._kept: Kept[Past] = Kept(KEPT)

    def exposure(self, actor: Actor, scope: str | UUID = ALL, question: ExposureQuestion | None = None) -> Exposure:
        """Read what a scope is exposed to; the past of it is kept until a ledger, a close or a rate changes.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all".
        question : ExposureQuestion, optional
            Window, benchmark and group; default all of history up to the last day that is over.

        Raises
        ------
        NotFound
            No such portfolio, group or benchmark in the actor's workspace.
        InvalidInput
            A window without two ends, a currency or a grouping that does not exist.
        """
        asked = _checked(question or ExposureQuestion())
        view = self._valuation.holdings(actor, scope, base_currency=asked.base_currency)
        chosen = _chosen(view, asked)
        held = {symbol: view.instruments[symbol] for symbol in chosen.index}
        with self._database.read() as unit:
            others = unit.instruments.by_symbols(actor.workspace_id, sorted(set(asked.also) - {*held}))
            chosen, held = pd.concat([chosen, _beside_held(others)]) if others else chosen, {**held, **others}
            asked = replace(asked, end=_last_day(unit, held, asked.end))
            key = self._key(unit, actor, view, asked, held)
        # No connection is held while another one is asked for, or while somebody else computes the same: many at once would wait for each other.
        past = self._kept.get_or_compute(key, lambda: self._past(actor, view, asked, held))
        return _exposure(view, chosen, held, past, asked, key)

    @staticmethod
    def _key(unit: Unit, actor: Actor, view: HoldingsView, asked: ExposureQuestion, held: Mapping[str, Instrument]) -> Hashable:
        ids = tuple(sorted({each.id for each in held.values()}))
        portfolios = [each for each in unit.portfolios.find(actor.workspace_id) if str(each.id) in view.revisions]
        named = [asked.benchmark or ""] if asked.benchmark is not None else [each.benchmark or "" for each in portfolios]
        compared = known_references(unit, actor, filter(None, named))
        others = [each.id for reference in compared for each in reference.instruments]
        state = unit.valuations.state(Subjects(actor.workspace_id, tuple(UUID(key) for key in view.revisions),
                                               (*ids, *others)))
        actions = unit.instruments.actions_of([*ids, *others])
        told = tuple((key, tuple(actions.get(key, ()))) for key in (*ids, *others))
        versions = tuple((each.id, each.version) for each in portfolios), tuple((each.key, each.version) for each in compared)
        words = tuple((symbol, each.version) for symbol, each in held.items())
        return actor.workspace_id, view.scope, asked, tuple(view.revisions.items()), state, told, versions, words

    def _past(self, actor: Actor, view: HoldingsView, asked: ExposureQuestion, held: dict[str, Instrument]) -> Past:
        basis = self._performance.basis(actor, view.scope, _performance_question(asked))
        with self._database.read() as unit:
            return self._read(unit, actor, basis, view, asked, held)

    @staticmethod
    def _read(unit: Unit, actor: Actor, basis: Basis, view: HoldingsView, asked: ExposureQuestion, held: dict[str, Instrument]) -> Past:
        scene = basis.brief.asked.scene
        ever = {symbol: each for symbol, each in {**scene.instruments, **held}.items() if symbol in basis.brief.panel.rows or symbol in held}
        end = basis.view.end
        closes = read_closes(unit, ever, end) if ever else pd.DataFrame(index=pd.DatetimeIndex([]))
        mine = closes[[*held]].dropna(how="all")
        days = trading_days(mine, held)
        codes = sorted({view.base_currency, *(each.currency for each in held.values()), *_cash_codes(view)})
        rates = read_rate_history(unit, actor, view.base_currency, codes, days)
        known = Known(ledger_splits([part.ledger for part in scene.parts]), ledger_yields(basis.brief.panel))
        found = total_returns(mine, rates, held, unit.instruments.actions_of([each.id for each in held.values()]), known)
        of_rates = rates.pct_change(fill_method=None).iloc[1:]
        lived, benchmark = _lived(basis, trading_days(closes, ever))
        after = slice(pd.Timestamp(basis.view.start) + timedelta(days=1) if asked.start or asked.period not in {None, "ITD"} else None, None)
        beside = _beside(unit, actor, basis, pd.DatetimeIndex(rates.index), after)
        return Past(found.loc[after], of_rates.loc[after], lived, benchmark, beside, basis.view, _periods(ever))


def _checked(asked: ExposureQuestion) -> ExposureQuestion:
    if asked.group_by is None and asked.group is not None:
        raise InvalidInput("group", asked.group, "needs to know what it is a group of", hint=f"Send group_by: one of {', '.join(HELD_BY)}",
                           rule="required")
    if asked.group_by is None:
        return asked
    return replace(asked, group_by=fields.choice(Place("group_by"), asked.group_by, HELD_BY[:-1]))


def _last_day(unit: Unit, held: Mapping[str, Instrument], end: date | None) -> date:
    """Name the last day whose close stands: today has one only where somebody told it as a fact."""
    today = calendar.today()
    if end is not None and end < today:
        return end
    last = unit.instruments.last_closes([each.id for each in held.values()], on_or_before=today) if held else pd.DataFrame()
    told = len(last) and bool(((last["date"] == today) & ~last["simulated"]).any())
    return today if told else today - timedelta(days=1)


def _performance_question(asked: ExposureQuestion) -> PerformanceQuestion:
    return PerformanceQuestion(start=asked.start, end=asked.end, period=asked.period, benchmark=asked.benchmark, base_currency=asked.base_currency,
                               group_by=asked.group_by if asked.group is not None else None, group=asked.group)


def _lived(basis: Basis, days: pd.DatetimeIndex) -> tuple[pd.Series, pd.Series | None]:
    """Tell the returns of a scope and of its benchmark between one trading day and the next."""
    told = basis.view.series
    stamps = pd.DatetimeIndex(told.index)
    kept = told.loc[stamps.isin(days.union(stamps[:1]))] if len(days) else told.loc[stamps.day_of_week < SATURDAY]
    returns = kept[["growth", "benchmark_growth"]].pct_change(fill_method=None).iloc[1:]
    lived = _at_risk(returns["growth"], kept["value"])
    against = returns["benchmark_growth"].reindex(lived.index)
    return lived, against if basis.view.benchmark is not None else None


def _beside(unit: Unit, actor: Actor, basis: Basis, days: pd.DatetimeIndex, after: slice) -> pd.Series | None:
    """Tell the returns of the benchmark on the days that what is held has a history of."""
    instrument, scene = basis.brief.asked.benchmark, basis.brief.asked.scene
    if instrument is None or not len(days):
        return None
    levels = read_levels(unit, actor, instrument, scene.base, days.to_numpy(), scene.marked)
    return pd.Series(levels.returns, index=days[1:]).loc[after]


def _at_risk(returns: pd.Series, value: pd.Series) -> pd.Series:
    """Leave out the days before there was money, and the one on which it came if it gained nothing on it: nothing was at risk."""
    before = np.nan_to_num(value.to_numpy(dtype=np.float64)[:-1])
    told = np.flatnonzero((before != 0) | (np.nan_to_num(returns.to_numpy()) != 0))
    return returns.iloc[told[0]:] if len(told) else returns.iloc[:0]


def _periods(ever: Mapping[str, Instrument]) -> float:
    return EVERY_DAY if ever and all(each.asset_class in ALWAYS_OPEN for each in ever.values()) else TRADING_DAYS


def _cash_codes(view: HoldingsView) -> list[str]:
    cash = view.snapshot.cash
    return [str(code) for code in cash.index[(cash["balance"] != 0).to_numpy()]]


def _chosen(view: HoldingsView, asked: ExposureQuestion) -> pd.DataFrame:
    """Give the holdings of now with what their instruments are; those of the group that is asked for."""
    told = view.snapshot.holdings.set_index("symbol").rename(columns={"market_value": "value"})
    words = {symbol: view.instruments[symbol] for symbol in told.index}
    named = told.assign(**{name: [getattr(words[symbol], name) for symbol in told.index] for name in ("name", "asset_class", "sector", "country")})
    frame: pd.DataFrame = named.assign(asset_class=[str(each) for each in named["asset_class"]])[COLUMNS]
    return frame if asked.group is None else frame[_is_in(frame, str(asked.group_by), asked.group)]


def _beside_held(others: Mapping[str, Instrument]) -> pd.DataFrame:
    """Lay out what is not held as holdings of nothing."""
    rows = {symbol: (each.name, str(each.asset_class), each.sector, each.country, each.currency, 0.0, np.nan, 0.0, 0.0)
            for symbol, each in others.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS).rename_axis("symbol")


def _is_in(frame: pd.DataFrame, by: str, group: str) -> pd.Series:
    keys = pd.Series(frame.index, index=frame.index) if by == "symbol" else frame[by].fillna(f"no {by}")
    inside: pd.Series = keys.str.lower() == group.strip().lower()
    return inside


def _exposure(view: HoldingsView, chosen: pd.DataFrame, held: dict[str, Instrument], past: Past, asked: ExposureQuestion,
              state: Hashable) -> Exposure:
    cash = view.snapshot.cash.loc[_cash_codes(view), "value"]
    if asked.group is not None:
        cash = cash[cash.index.str.lower() == asked.group.strip().lower()] if asked.group_by == "currency" else cash.iloc[:0]
    value = float(np.nansum(chosen["value"]) + cash.sum())
    weights = chosen["value"] / value if value else chosen["value"] * np.nan
    short = _without_history(past.returns)
    return Exposure(
        scope=view.scope, label=past.view.label, base_currency=view.base_currency, value=value, cash=cash, holdings=chosen.assign(weight=weights),
        returns=past.returns, currencies=past.currencies, realised=past.realised, benchmark=past.benchmark,
        benchmark_of_today=past.benchmark_of_today, benchmark_name=past.view.benchmark,
        periods_per_year=past.periods_per_year, simulated=view.simulated or past.view.simulated, revisions=view.revisions,
        instruments=held, findings=once([*past.view.findings, *view.findings, *short]), state=state,
    )


def _without_history(returns: pd.DataFrame) -> list[Finding]:
    unknown = [str(symbol) for symbol in returns.columns[returns.notna().sum().to_numpy() < 1]]
    return [Finding("no_history", f"{symbol} has no two closes in this window: it is not in figures of today's holdings", Severity.WARNING,
                    {"symbol": symbol}) for symbol in unknown]
