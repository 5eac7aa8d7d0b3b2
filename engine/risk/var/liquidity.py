"""What it takes to sell: days to liquidate, and value at risk with the spread paid on the way out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Figure, Floats, Table, cells_of, figure_like
from engine.errors import InvalidInput, MisalignedSeries
from engine.risk.sample import Sample

Amounts = pd.Series | Floats | list[float] | float


def days_to_liquidate(quantities: Amounts, average_daily_volume: Amounts, *, participation: float = 0.2) -> Any:  # noqa: ANN401 - the kind that came in
    """Trading days that it takes to sell at a share of the volume.

    Parameters
    ----------
    quantities
        Units held, negative for a short, shape (n_holdings,) or one number.
    average_daily_volume
        Units traded a day, in the same order.
    participation
        Share of the day's volume that one takes, default 0.2.

    Returns
    -------
    float, Series or ndarray
        Days, with fractions; 0 for nothing held, NaN where no volume is known, infinite where nothing trades.

    Notes
    -----
    Convention: |quantity| / (participation * volume), each holding by itself.

    Raises
    ------
    InvalidInput
        Participation not above 0 and at most 1, or a volume below 0.
    MisalignedSeries
        Another number of volumes, or other labels.

    References
    ----------
    pyfolio, capacity.days_to_liquidate_positions; Bangia, Diebold, Schuermann and Stroughair, Modeling Liquidity Risk, 1999.

    Examples
    --------
    >>> days_to_liquidate(1_000, 2_500, participation=0.2)
    2.0
    """
    if not 0.0 < participation <= 1.0:
        raise InvalidInput("participation", participation, "is not between 0 and 1", hint="Use 0.2 for a fifth of the volume")
    held, volume = np.abs(_numbers(quantities)), _numbers(average_daily_volume)
    _same_labels(quantities, average_daily_volume)
    if (volume < 0).any():
        raise InvalidInput("average_daily_volume", float(np.nanmin(volume)), "is below zero", hint="Units traded a day")
    with np.errstate(divide="ignore", invalid="ignore"):
        days = np.where(held == 0, 0.0, held / (participation * volume))
    return _like(quantities, days, "days_to_liquidate")


def share_liquidated(quantities: Amounts, average_daily_volume: Amounts, *, days: float = 1.0, participation: float = 0.2) -> Any:  # noqa: ANN401
    """Share of each holding that can be sold within some days.

    Parameters
    ----------
    quantities, average_daily_volume, participation
        As in `days_to_liquidate`.
    days
        Trading days, default 1.

    Returns
    -------
    float, Series or ndarray
        From 0 to 1.

    Raises
    ------
    InvalidInput, MisalignedSeries
        As in `days_to_liquidate`; days not above 0.

    Examples
    --------
    >>> share_liquidated(1_000, 2_500, days=1)
    0.5
    """
    if not days > 0:
        raise InvalidInput("days", days, "is not above zero", hint="Use 1 for today")
    needed = _numbers(days_to_liquidate(quantities, average_daily_volume, participation=participation))
    shares = np.where(needed > 0, np.minimum(1.0, days / np.where(needed > 0, needed, 1.0)), 1.0)
    return _like(quantities, np.where(np.isnan(needed), np.nan, shares), "share_liquidated")


def liquidity_adjusted_value_at_risk(value_at_risk: float, market_values: Amounts, spreads: Amounts, *, spread_deviations: Amounts | None = None,
                                     spread_factor: float = 3.0) -> float:
    """Value at risk and half the spread of everything that is held.

    Parameters
    ----------
    value_at_risk
        Of the portfolio, money, positive for a loss.
    market_values
        Of the holdings, money in the same currency, shape (n_holdings,).
    spreads
        Ask less bid over the middle, fraction, in the same order.
    spread_deviations
        Standard deviations of these spreads; then the spread of a bad day counts, `spread_factor` of them above the mean.
    spread_factor
        Default 3; Bangia et al. find 2 to 4.5.

    Returns
    -------
    float
        Money, positive for a loss; NaN where something that is held has no spread.

    Notes
    -----
    Convention: VaR + 1/2 sum of |market value| * (spread + factor * deviation): bad prices and bad spreads together.

    Raises
    ------
    MisalignedSeries
        Another number of spreads, or other labels.

    References
    ----------
    Bangia, Diebold, Schuermann and Stroughair, Modeling Liquidity Risk with Implications for Traditional Market Risk Measurement and
    Management, 1999, eq. 6.

    Examples
    --------
    >>> liquidity_adjusted_value_at_risk(100.0, [1_000.0, -500.0], [0.01, 0.02])
    110.0
    """
    held, spread = np.abs(_numbers(market_values)), _numbers(spreads)
    _same_labels(market_values, spreads)
    if spread_deviations is not None:
        _same_labels(market_values, spread_deviations)
        spread = spread + spread_factor * _numbers(spread_deviations)
    return float(value_at_risk + 0.5 * np.where(held == 0, 0.0, held * spread).sum())


def effective_spread(highs: Table, lows: Table) -> Figure:
    """Spread between bid and ask that the highs and lows of days tell.

    Parameters
    ----------
    highs, lows
        Of each day, shape (n_days,) or (n_days, n_series), any currency.

    Returns
    -------
    float, Series or ndarray
        Fraction of the price; NaN where no two days in a row have both.

    Notes
    -----
    Convention: the range of a day grows with its volatility, the spread does not; two days against their joint range tell them apart.
    The mean of all pairs of days, a negative estimate counting as 0, as in the article. A day without range is left out.

    Raises
    ------
    InvalidInput
        A cell is not a number.
    MisalignedSeries
        Lows of another shape.

    References
    ----------
    Corwin and Schultz, A Simple Way to Estimate Bid-Ask Spreads from Daily High and Low Prices, 2012, eq. 14 and 18.

    Examples
    --------
    >>> round(effective_spread([101.0, 101.0], [99.0, 99.0]), 6)
    0.02
    """
    high, low = cells_of(highs, "highs"), cells_of(lows, "lows")
    if high.shape != low.shape:
        raise MisalignedSeries("highs", "lows", reason=f"{high.shape} against {low.shape}")
    known = (low > 0) & (high > low)
    top, bottom = np.log(np.where(known, high, 1.0)), np.log(np.where(known, low, 1.0))
    both = known[1:] & known[:-1]
    single = (top - bottom)[1:] ** 2 + (top - bottom)[:-1] ** 2
    joint = (np.maximum(top[1:], top[:-1]) - np.minimum(bottom[1:], bottom[:-1])) ** 2
    root = 3.0 - 2.0 * np.sqrt(2.0)
    wide = (np.sqrt(2.0 * single) - np.sqrt(single)) / root - np.sqrt(joint / root)
    spreads = np.where(both, np.maximum(2.0 * np.tanh(wide / 2.0), 0.0), np.nan)
    return figure_like(highs, Sample(spreads).mean, "effective_spread")


def _numbers(values: Any) -> Floats:  # noqa: ANN401 - whatever holds numbers
    found: Floats = np.atleast_1d(np.asarray(values, dtype=np.float64))
    return found


def _same_labels(left: Any, right: Any) -> None:  # noqa: ANN401 - whatever holds numbers
    named = isinstance(left, pd.Series) and isinstance(right, pd.Series)
    if _numbers(left).shape != _numbers(right).shape:
        raise MisalignedSeries("holdings", "market", reason=f"{_numbers(left).shape} against {_numbers(right).shape}")
    if named and not left.index.equals(right.index):
        raise MisalignedSeries("holdings", "market", reason="their labels differ")


def _like(values: Any, results: Floats, name: str) -> Any:  # noqa: ANN401 - the kind that came in
    if isinstance(values, pd.Series):
        return pd.Series(results, index=values.index, name=name)
    return float(results[0]) if np.ndim(values) == 0 else results
