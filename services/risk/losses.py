"""What today's holdings could lose by each model, how each model's forecasts did on them, and what each holding adds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from engine import backtest, diversification_benefit, expected_shortfall, risk_decomposition, value_at_risk
from engine.errors import InsufficientHistory
from engine.risk.var.backtest import Backtest
from engine.risk.var.measures import method_of
from engine.risk.var.methods import METHODS
from engine.types import Finding, Severity
from services.risk.exposures import Exposure
from services.risk.held import Held, held_of

HISTORY: Final = 504  # trading days that the figures of now rest on
WINDOW: Final = 250  # trading days that each past forecast was made from
DAYS: Final = 500  # trading days that were forecast
LEAST_FORECASTS: Final = 60  # below it no test says anything
SLOW: Final = ("garch",)  # seconds for 500 windows
QUICK: Final = tuple(name for name in METHODS if name not in SLOW)
REFIT: Final = {"t_copula": 50}  # trading days between two simulations where 20 take too long: the ranks of 40 holdings are a tenth of a second
EVERY: Final = tuple(METHODS)
DEFAULT: Final = "historical"
NOTHING: Final = pd.DataFrame(columns=["weight", "standalone", "marginal", "component", "share", "incremental"], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Losses:
    """Losses of today's holdings; fractions of the value, positive."""

    level: float
    horizon: int  # trading days of `now` and of `parts`; forecasts are of one day
    method: str  # that the page measures by: the one asked for, else the best by its backtest
    best: str | None  # the first in the ranking that passed every test, of what was tried
    now: pd.DataFrame  # method x value_at_risk expected_shortfall
    gaps: Mapping[str, str]  # method without an answer -> why
    test: Backtest | None  # None: too few days
    past: pd.Series  # returns that the weights of that moment would have made: `now` is of them
    parts: pd.DataFrame  # as engine.risk_decomposition, largest component first; of the holdings that have a history
    benefit: float  # sum of the losses of the holdings alone less that of all together
    observations: int
    findings: tuple[Finding, ...]

    @property
    def value_at_risk(self) -> float:
        """That of the method measured by."""
        return float(self.now["value_at_risk"].get(self.method, np.nan))

    @property
    def expected_shortfall(self) -> float:
        """That of the method measured by."""
        return float(self.now["expected_shortfall"].get(self.method, np.nan))


def names_of(method: str | None = None, *, every: bool = False) -> tuple[str, ...]:
    """Name the models that are tried: all that take a fraction of a second, the one asked for, and with `every` the slow ones too.

    Raises
    ------
    InvalidInput
        No such model.
    """
    asked = method_of(method) if method else None
    return tuple(name for name in EVERY if every or name in QUICK or name == asked)


def tried(exposure: Exposure, names: tuple[str, ...], level: float) -> Backtest | None:
    """Hold models against the past of what is held; None: too few days."""
    return backtested(held_of(exposure), names, level) if len(exposure.of_today.dropna()) >= WINDOW + LEAST_FORECASTS else None


def losses(exposure: Exposure, *, level: float, horizon: int = 1, method: str | None = None, names: tuple[str, ...] = QUICK,
           test: Backtest | None = None) -> Losses:
    """Measure what today's holdings could lose.

    Parameters
    ----------
    exposure
        Of all of history.
    level, horizon
        Confidence, and trading days ahead.
    method
        Model to measure by; None: the one that its backtest ranks first.
    names
        Models to measure with: those of `test`.
    test
        What became of their forecasts; see `tried`.

    Raises
    ------
    InvalidInput
        No such model.
    """
    held, past = held_of(exposure), exposure.of_today.dropna()
    best = test.best if test else None
    chosen = (method_of(method) if method else None) or best or DEFAULT
    now, gaps = _now(past.tail(HISTORY), held.last(HISTORY), names, {"level": level, "horizon": horizon})
    parts, benefit, findings = _parts(exposure, chosen, level, horizon)
    return Losses(level, horizon, chosen, best, now, gaps, test, past.tail(HISTORY), parts, benefit, min(len(past), HISTORY), tuple(findings))


def backtested(held: Held, names: Iterable[str], level: float, window: int = WINDOW, days: int = DAYS) -> Backtest:
    """Hold models against what today's weights would have made of the past; what is simulated is simulated holding by holding.

    Parameters
    ----------
    held
        All days that are known.
    names
        Models, each of which can forecast from such a window.
    level
        Confidence.
    window, days
        Days that each forecast is made from, and how many are forecast.

    Raises
    ------
    InsufficientHistory
        Fewer days than the window and one.
    """
    last = held.last(window + days)
    return backtest(last.returns, names, level=level, window=window, weights=last.weights, refit=REFIT)


def _now(past: pd.Series, held: Held, names: tuple[str, ...], ways: dict[str, Any]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Give each model's loss and mean loss beyond it from now on; a simulation is one of the holdings."""
    rows, gaps = {}, {}
    for name in names:
        returns, weights = (held.returns, held.weights) if METHODS[name].simulated else (past, None)
        try:
            rows[name] = (float(value_at_risk(returns, method=name, weights=weights, **ways)),
                          float(expected_shortfall(returns, method=name, weights=weights, **ways)))
        except InsufficientHistory as error:
            gaps[name] = error.message
            rows[name] = (np.nan, np.nan)
        if name not in gaps and np.isnan(rows[name][0]):
            gaps[name] = f"{len(past)} trading days are too few, or it has nothing to fit"
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value_at_risk", "expected_shortfall"]), gaps


def _parts(exposure: Exposure, method: str, level: float, horizon: int) -> tuple[pd.DataFrame, float, list[Finding]]:
    """Take the loss apart by holding, so that the parts add up to that of the whole on the same days."""
    held = held_of(exposure).last(HISTORY)
    unknown = exposure.returns.reindex(index=held.returns.index, columns=held.returns.columns).isna().sum()
    short = [str(symbol) for symbol in unknown.index[unknown.to_numpy() > 0]]
    findings = [Finding("filled_history", f"{', '.join(short)}: on days without a return taken to have done what the rest did", Severity.INFO,
                        {"symbols": short})] if short else []
    if not len(held.weights) or len(held.returns) < LEAST_FORECASTS:
        return NOTHING, np.nan, findings
    ways: dict[str, Any] = {"level": level, "method": method, "horizon": horizon}
    try:
        parts = risk_decomposition(held.returns, held.weights, **ways)
        benefit = float(diversification_benefit(held.returns, held.weights, **ways))
    except InsufficientHistory as error:
        return NOTHING, np.nan, [*findings, Finding("too_short", error.message, Severity.INFO, dict(error.context))]
    return parts.sort_values("component", ascending=False), benefit, findings
