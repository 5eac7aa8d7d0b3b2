"""Every figure of a scope's own returns, its drawdowns, and what moves along them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd

from data.database import Database
from engine import (
    calendar_matrix,
    days_until_sold,
    drawdown_series,
    drawdown_table,
    expected_shortfall,
    return_distribution,
    rolling_correlation,
    rolling_max_drawdown,
    rolling_sharpe_ratio,
    rolling_volatility,
    value_at_risk,
    volatility_cone,
)
from engine.errors import InvalidInput
from engine.risk.catalogue import Term
from engine.risk.distribution import Distribution
from engine.risk.sample import level_of
from engine.risk.sheet import CATALOGUE, tear_sheet
from engine.risk.var.backtest import Backtest
from engine.types import Actor, Finding, Severity
from services.books.service import Kept
from services.risk.exposures import Exposure, ExposureQuestion, Exposures
from services.risk.liquidity import liquidity
from services.risk.losses import EVERY, Losses, losses, names_of, tried
from services.risk.of_months import OF_MONTHS, figures_of_months
from services.risk.relations import Relations, relations
from services.risk.today import Today, today_of
from services.risk.uncertainty import TRIALS, Uncertainty, today_intervals, uncertainty
from services.risk.views import RiskQuestion, RiskView, RollingView
from services.views import ALL

KEPT: Final = 48
MOST_HORIZON: Final = 250
CONE: Final = (5, 10, 21, 42, 63, 126, 252)  # trading days
CONE_SHARES: Final = {"least": 0.05, "lower": 0.25, "median": 0.5, "upper": 0.75, "most": 0.95}
MOST_FALLS: Final = 50
SHORT: Final = "too_short"
METHOD: Final = "historical"
PARTICIPATION: Final = 0.2  # share of a day's volume that one would sell
WEIGHT_STEP: Final = 0.001  # weights that move less than that with the quotes give the same losses, in fractions of the value


class Risk:
    """Risk of the actor's portfolios."""

    def __init__(self, database: Database, exposures: Exposures) -> None:
        self._database, self._exposures = database, exposures
        self._selling: Kept[pd.DataFrame] = Kept(KEPT)
        self._views: Kept[RiskView] = Kept(KEPT)
        self._relations: Kept[Relations] = Kept(KEPT)
        self._losses: Kept[Losses] = Kept(KEPT)
        self._tests: Kept[Backtest | None] = Kept(KEPT)
        self._shapes: Kept[Distribution | None] = Kept(KEPT)
        self._sureness: Kept[Uncertainty] = Kept(KEPT)
        self._intervals: Kept[pd.DataFrame] = Kept(KEPT)

    def risk(self, actor: Actor, scope: str | UUID = ALL, question: RiskQuestion | None = None) -> RiskView:
        """Measure every figure of the catalogue on a scope's own returns.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all".
        question : RiskQuestion, optional
            Window, confidence, horizon, benchmark, rate; default everything since the first transaction.

        Raises
        ------
        NotFound
            No such portfolio, group or benchmark in the actor's workspace.
        InvalidInput
            A level outside of 0 to 1, a horizon that is no number of days, a window that cannot be.
        """
        asked = checked(question or RiskQuestion())
        exposure = self._exposures.exposure(actor, scope, lived_question(asked))
        key: Hashable = (exposure.state, asked)
        return self._views.get_or_compute(key, lambda: _view(exposure, asked))

    @staticmethod
    def terms() -> tuple[Term, ...]:
        """List every figure of the catalogue."""
        return CATALOGUE

    def today(self, actor: Actor, scope: str | UUID = ALL, question: RiskQuestion | None = None) -> tuple[Exposure, Today]:
        """Measure today's weights on the last two years of what is held; asked as `risk` is, its window aside."""
        exposure, told = self.losses(actor, scope, question)
        return exposure, today_of(exposure, told, days_to_liquidate=self._days_to_sell(exposure))

    def _days_to_sell(self, exposure: Exposure) -> float:
        """Tell how many trading days nine tenths of a scope take to sell."""
        return days_until_sold(exposure.holdings["value"].fillna(0.0), self.selling(exposure)["days"], cash=float(exposure.cash.sum()))

    def selling(self, exposure: Exposure) -> pd.DataFrame:
        """Tell how long each holding would take to sell, at a fifth of the volume of a day."""
        key: Hashable = (exposure.state, tuple(exposure.holdings["quantity"]))
        return self._selling.get_or_compute(key, lambda: liquidity(self._database, exposure, PARTICIPATION))

    def losses(self, actor: Actor, scope: str | UUID = ALL, question: RiskQuestion | None = None, *, every: bool = False) -> tuple[Exposure, Losses]:
        """Measure what today's holdings could lose by each model. See `services.risk.losses`.

        GARCH is tried where `every` asks for it, and counts from then on. Models are held against the past once for a ledger and a last close,
        by the weights of that moment: the model that is best does not change with every quote, its loss does.
        """
        asked = checked(question or RiskQuestion())
        exposure = self._exposures.exposure(actor, scope, held_question(asked))
        past = (exposure.state, asked.level)
        names = names_of(asked.method, every=every or self._tests.has((*past, EVERY)))
        test = self._tests.get_or_compute((*past, names), lambda: tried(exposure, names, asked.level))
        weights = tuple(np.round(exposure.weights.fillna(0.0) / WEIGHT_STEP).astype(int))
        key = (*past, weights, asked.horizon_days, asked.method, names)
        ways: dict[str, Any] = {"level": asked.level, "horizon": asked.horizon_days, "method": asked.method, "names": names, "test": test}
        return exposure, self._losses.get_or_compute(key, lambda: losses(exposure, **ways))

    def uncertainty(self, actor: Actor, scope: str | UUID = ALL, question: RiskQuestion | None = None, *, trials: int = TRIALS) -> Uncertainty:
        """Tell how sure the headline figures are; see `services.risk.uncertainty`."""
        asked = checked(question or RiskQuestion())
        lived, held = (self._exposures.exposure(actor, scope, ask(asked)) for ask in (lived_question, held_question))
        method = self.losses(actor, scope, asked)[1].method
        weights = tuple(np.round(held.weights.fillna(0.0) / WEIGHT_STEP).astype(int))
        key: Hashable = (lived.state, held.state, weights, asked.level, asked.risk_free, method, trials)
        return self._sureness.get_or_compute(key, lambda: uncertainty(lived, held, asked, method=method, trials=trials))

    def intervals(self, actor: Actor, scope: str | UUID = ALL, question: RiskQuestion | None = None) -> pd.DataFrame:
        """Give the intervals of today's figures alone, which takes a fiftieth of a second."""
        asked = checked(question or RiskQuestion())
        held, told = self.losses(actor, scope, asked)
        weights = tuple(np.round(held.weights.fillna(0.0) / WEIGHT_STEP).astype(int))
        key: Hashable = (held.state, weights, asked.level, told.method)
        return self._intervals.get_or_compute(key, lambda: today_intervals(held, asked, told.method))

    def rolling(self, actor: Actor, scope: str | UUID = ALL, question: RiskQuestion | None = None) -> RollingView:
        """Follow figures over a window of `question.window` trading days; windows reach back beyond the start of the question."""
        asked = checked(question or RiskQuestion())
        whole = self._exposures.exposure(actor, scope, held_question(asked))
        begins = self._exposures.exposure(actor, scope, lived_question(asked)).realised.index
        return _rolling(whole, asked, begins[0] if len(begins) else None)

    def distribution(self, actor: Actor, scope: str | UUID = ALL, question: RiskQuestion | None = None) -> Distribution | None:
        """Tell how the returns of the window are distributed; None for fewer than two."""
        asked = checked(question or RiskQuestion())
        exposure = self._exposures.exposure(actor, scope, lived_question(asked))
        lived = exposure.realised.dropna()
        return self._shapes.get_or_compute(exposure.state, lambda: return_distribution(lived) if len(lived) > 1 else None)

    def relations(self, actor: Actor, scope: str | UUID = ALL, question: RiskQuestion | None = None, *, method: str = "pearson",
                  shrinkage: str = "none") -> Relations:
        """Correlate what is held now on its last two years; see `services.risk.relations`."""
        asked = checked(question or RiskQuestion())
        exposure = self._exposures.exposure(actor, scope, held_question(asked))
        key: Hashable = (exposure.state, method, shrinkage, asked.window)
        return self._relations.get_or_compute(key, lambda: relations(exposure, method=method, shrinkage=shrinkage, window=asked.window))


def checked(asked: RiskQuestion) -> RiskQuestion:
    """Refuse what cannot be measured.

    Raises
    ------
    InvalidInput
        A level outside of 0 to 1, a horizon or window that is no number of trading days, a rate of -100 % or less.
    """
    level_of(asked.level)
    if not 1 <= asked.horizon_days <= MOST_HORIZON:
        raise InvalidInput("horizon_days", asked.horizon_days, "is not a number of trading days", hint=f"Use 1 to {MOST_HORIZON}",
                           rule="out_of_range")
    if asked.window < 2:
        raise InvalidInput("window", asked.window, "has fewer than two trading days", hint="Use 21 for a month, 63 for a quarter", rule="too_short")
    if not asked.risk_free > -1.0:
        raise InvalidInput("risk_free", asked.risk_free, "is no rate", hint="Use 0.03 for 3 % a year", rule="out_of_range")
    return asked


def lived_question(asked: RiskQuestion) -> ExposureQuestion:
    """Ask for the returns of the window."""
    return ExposureQuestion(start=asked.start, end=asked.end, period=asked.period, benchmark=asked.benchmark, base_currency=asked.base_currency,
                            group_by=asked.group_by, group=asked.group)


def held_question(asked: RiskQuestion) -> ExposureQuestion:
    """Ask for all of the history up to the end."""
    return ExposureQuestion(end=asked.end, benchmark=asked.benchmark, base_currency=asked.base_currency, group_by=asked.group_by, group=asked.group)


def _view(exposure: Exposure, asked: RiskQuestion) -> RiskView:
    lived = exposure.realised.dropna()
    beside = None if exposure.benchmark is None else exposure.benchmark.reindex(lived.index)
    of_months, months = figures_of_months(lived, beside if beside is not None else lived * float("nan"))
    terms, figures = CATALOGUE, _figures(lived, beside, asked, exposure.periods_per_year) | of_months
    both = int(beside.notna().sum()) if beside is not None else 0
    counts = {term.name: both if term.relative else len(lived) for term in terms} | dict.fromkeys(of_months, months)
    missing = {term.name: term.minimum - counts[term.name] for term in terms if counts[term.name] < term.minimum}
    gaps = {term.name: _gap(term, counts[term.name], has_benchmark=beside is not None) for term in terms if not np.isfinite(figures[term.name])}
    return RiskView(
        scope=exposure.scope, label=exposure.label, base_currency=exposure.base_currency, start=_day(lived, 0), end=_day(lived, -1),
        observations=len(lived), periods_per_year=exposure.periods_per_year, value=exposure.value, conventions=_conventions(exposure, asked),
        terms=terms, figures=figures, missing=missing, gaps=gaps,
        drawdowns=drawdown_table(lived, top=MOST_FALLS, lengths="days") if len(lived) else _no_falls(), months=calendar_matrix(lived),
        series=_series(lived, beside), benchmark=exposure.benchmark_name, simulated=exposure.simulated, revisions=exposure.revisions,
        findings=(*exposure.findings, *_short(exposure, missing, terms)),
    )


def _figures(lived: pd.Series, beside: pd.Series | None, asked: RiskQuestion, periods: float) -> dict[str, float]:
    """Work out every figure of the catalogue; losses by the method and for the days that are asked for."""
    frame = tear_sheet(lived, beside, risk_free=asked.risk_free, risk_free_basis="year", level=asked.level, periods_per_year=periods)
    told = dict(zip(frame.index, frame.iloc[:, 0].astype(float), strict=True))
    ways: dict[str, Any] = {"level": asked.level, "method": asked.method or METHOD, "horizon": asked.horizon_days}
    if len(lived) and (asked.method or asked.horizon_days > 1):
        told |= {"value_at_risk": float(value_at_risk(lived, **ways)), "expected_shortfall": float(expected_shortfall(lived, **ways))}
    return {term.name: told.get(term.name, float("nan")) for term in CATALOGUE}


def _day(lived: pd.Series, place: int) -> date | None:
    return pd.DatetimeIndex(lived.index)[place].date() if len(lived) else None


def _no_falls() -> pd.DataFrame:
    return pd.DataFrame(columns=["peak", "valley", "recovery", "drawdown", "length", "time_to_valley", "time_to_recover"])


def _conventions(exposure: Exposure, asked: RiskQuestion) -> dict[str, str]:
    told = {"level": f"{asked.level:g}", "horizon_days": str(asked.horizon_days), "method": asked.method or METHOD,
            "risk_free": f"{asked.risk_free:g}", "periods_per_year": f"{exposure.periods_per_year:g}", "window": str(asked.window),
            "benchmark": exposure.benchmark_name[0] if exposure.benchmark_name else "", "period": asked.period or "",
            "group_by": asked.group_by or "", "group": asked.group or "",
            "returns": "daily, time-weighted, net of costs, base currency; captures of months"}
    return {name: value for name, value in told.items() if value}


def _gap(term: Term, count: int, *, has_benchmark: bool) -> str:
    if term.relative and not has_benchmark:
        return "there is no benchmark to compare with"
    if count < term.minimum:
        return f"{count} of the {term.minimum} {'months' if term.name in OF_MONTHS else 'trading days'} that it needs are there"
    return "the returns of this window give it no value"


def _short(exposure: Exposure, missing: Mapping[str, int], terms: tuple[Term, ...]) -> list[Finding]:
    """Say once how far the window is from what the most demanding figures need."""
    count = int(exposure.realised.notna().sum())
    own = [term for term in terms if term.name in missing and not term.relative]
    if not own:
        return []
    needed = max(term.minimum for term in own)
    message = (f"{count} trading days are in this window; {len(own)} of {len(terms)} figures need more, up to {needed}. They are grey and say how "
               "many are missing")
    return [Finding(SHORT, message, Severity.INFO, {"observations": count, "needed": needed, "figures": len(own)})]


def _series(lived: pd.Series, beside: pd.Series | None) -> pd.DataFrame:
    other = pd.Series(np.nan, index=lived.index) if beside is None else beside
    return pd.DataFrame({
        "return": lived, "growth": (1.0 + lived).cumprod(), "drawdown": drawdown_series(lived), "benchmark_return": other,
        "benchmark_growth": (1.0 + other.fillna(0.0)).cumprod().where(other.notna()),
        "benchmark_drawdown": drawdown_series(other),
    }).rename_axis("date")


def _rolling(whole: Exposure, asked: RiskQuestion, begins: pd.Timestamp | None) -> RollingView:
    lived, window, periods = whole.realised.dropna(), asked.window, whole.periods_per_year
    other = pd.Series(np.nan, index=lived.index) if whole.benchmark is None else whole.benchmark.reindex(lived.index)
    rate = float(np.expm1(np.log1p(asked.risk_free) / periods))
    both = lived.where(other.notna())
    spread = other.rolling(window).var()
    series = pd.DataFrame({
        "volatility": rolling_volatility(lived, window=window, periods_per_year=periods),
        "sharpe_ratio": rolling_sharpe_ratio(lived, window=window, risk_free=rate, periods_per_year=periods),
        "max_drawdown": rolling_max_drawdown(lived, window=window),
        "value_at_risk": -lived.rolling(window).quantile(1.0 - asked.level),
        "beta": both.rolling(window).cov(other) / spread.where(spread > 0),
        "correlation": rolling_correlation(lived, other, window=window),
        "benchmark_volatility": rolling_volatility(other, window=window, periods_per_year=periods),
    }).rename_axis("date")
    short = [] if len(lived) >= window else [Finding(SHORT, f"A window of {window} trading days needs {window - len(lived)} more than there are",
                                                     Severity.INFO, {"observations": len(lived), "needed": window})]
    return RollingView(window, series[series.index >= begins] if begins is not None else series, _cone(lived, periods), tuple(short))


def _cone(lived: pd.Series, periods_per_year: float) -> pd.DataFrame:
    """Tell how volatile each horizon was, those that history covers twice."""
    horizons = [horizon for horizon in CONE if horizon < len(lived)]
    if not horizons:
        return pd.DataFrame(columns=[*CONE_SHARES, "last"], dtype=np.float64)
    found = volatility_cone(lived, windows=horizons, quantiles=[*CONE_SHARES.values()], periods_per_year=periods_per_year)
    names = {**dict(zip(found.columns, CONE_SHARES, strict=False)), "current": "last"}
    return found.rename(columns=names)[[*CONE_SHARES, "last"]].rename_axis("horizon")
