"""Models of timing: whether a portfolio held more of the benchmark before it rose than before it fell."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.columns import Figure, Floats, Table, figure_like
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.pair import NOISE, Pair, beside, dots
from engine.risk.sample import quotient

MODELS = ("treynor_mazuy", "henriksson_merton")


def treynor_mazuy_gamma(returns: Table, benchmark_returns: Table, *, risk_free: float | Table = 0.0) -> Figure:
    """Curvature in the benchmark: whether beta was high before it rose.

    Parameters
    ----------
    returns, benchmark_returns, risk_free
        As in `beta`; a rate is one of a period.

    Returns
    -------
    float, Series or ndarray
        gamma of e = alpha + beta e_b + gamma e_b^2; above 0 timing paid. NaN where the three cannot be told apart.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `beta`.

    References
    ----------
    Treynor and Mazuy, Can Mutual Funds Outguess the Market? (1966), Harvard Business Review 44.

    Examples
    --------
    >>> round(treynor_mazuy_gamma([0.0101, -0.0199, 0.0304, 0.0], [0.01, -0.02, 0.03, 0.0]), 3)
    0.333
    """
    return figure_like(returns, gamma_of(beside(returns, benchmark_returns, risk_free=risk_free), MODELS[0]), "treynor_mazuy_gamma")


def henriksson_merton_gamma(returns: Table, benchmark_returns: Table, *, risk_free: float | Table = 0.0) -> Figure:
    """By how much beta was higher while the benchmark rose, as of a put on it.

    Parameters
    ----------
    returns, benchmark_returns, risk_free
        As in `beta`; a rate is one of a period.

    Returns
    -------
    float, Series or ndarray
        gamma of e = alpha + beta e_b + gamma max(0, -e_b); above 0 timing paid. NaN where the three cannot be told apart.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `beta`.

    References
    ----------
    Henriksson and Merton, On Market Timing and Investment Performance II (1981), Journal of Business 54.

    Examples
    --------
    >>> round(henriksson_merton_gamma([0.01, 0.03, 0.0, 0.0], [0.01, 0.03, -0.02, -0.01]), 6)
    1.0
    """
    return figure_like(returns, gamma_of(beside(returns, benchmark_returns, risk_free=risk_free), MODELS[1]), "henriksson_merton_gamma")


def gamma_of(pair: Pair, model: str) -> Floats:
    """Kernel of both gammas."""
    return _timing(pair, model)[2]


def market_timing(returns: Table, benchmark_returns: Table, *, risk_free: float | Table = 0.0, model: str = "treynor_mazuy") -> pd.DataFrame:
    """Alpha, beta and gamma of a model of timing.

    Parameters
    ----------
    returns, benchmark_returns, risk_free
        As in `beta`; a rate is one of a period.
    model
        ``treynor_mazuy`` (default) or ``henriksson_merton``.

    Returns
    -------
    DataFrame
        One row a series: ``alpha`` of a period, ``beta``, ``gamma``.

    Raises
    ------
    InvalidInput
        As in `beta`, or an unknown model.
    MisalignedSeries
        As in `beta`.

    References
    ----------
    As in `treynor_mazuy_gamma` and `henriksson_merton_gamma`.

    Examples
    --------
    >>> market_timing([0.01, 0.03, 0.0, 0.0], [0.01, 0.03, -0.02, -0.01], model="henriksson_merton").loc[0, ["beta", "gamma"]].round(6).tolist()
    [1.0, 1.0]
    """
    one_of("model", model, MODELS)
    found = _timing(beside(returns, benchmark_returns, risk_free=risk_free), model)
    rows = returns.columns if isinstance(returns, pd.DataFrame) else None
    return pd.DataFrame(dict(zip(("alpha", "beta", "gamma"), found, strict=True)), index=rows)


def _timing(pair: Pair, model: str) -> tuple[Floats, Floats, Floats]:
    """Least squares on the benchmark and what the model bends it by."""
    market, own = pair.market, pair.excess
    bent = np.where(market.known, market.filled**2 if model == MODELS[0] else np.maximum(-market.filled, 0.0), 0.0)
    level = bent.sum(axis=0) / market.atleast(3)
    away = np.where(market.known, bent - level, 0.0)
    across, curved, drawn = dots(market.centred, away), dots(away, away), dots(away, own.centred)
    apart = market.squares * curved - across**2
    apart = np.where(apart > NOISE * market.squares * curved, apart, np.nan)
    gamma = quotient(market.squares * drawn - across * pair.products, apart)
    slope = quotient(curved * pair.products - across * drawn, apart)
    return own.mean - slope * market.mean - gamma * level, slope, gamma


TERMS: tuple[Term, ...] = (
    Term("treynor_mazuy_gamma", "Timing, Treynor-Mazuy", "Benchmark", "number", "Curvature in the benchmark: above 0 timing paid.",
         "Treynor and Mazuy 1966", 60, "high", relative=True),
    Term("henriksson_merton_gamma", "Timing, Henriksson-Merton", "Benchmark", "number", "How much beta rose with the benchmark: above 0 timing paid.",
         "Henriksson and Merton 1981", 60, "high", relative=True),
)
