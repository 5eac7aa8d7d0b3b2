"""What currencies made of an active return, apart from what markets made of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from engine.attribution.brinson import brinson
from engine.attribution.segments import Segment, Segments, effect_table, segments
from engine.columns import Floats
from engine.returns import one_of

CROSSES = ("local", "currency")


def currency_attribution(  # noqa: PLR0913 - each is a table of its own
    weights: Segment,
    returns: Segment,
    benchmark_weights: Segment,
    benchmark_returns: Segment,
    currency_returns: Segment,
    *,
    premiums: Segment | None = None,
    forward_weights: Segment | None = None,
    benchmark_forward_weights: Segment | None = None,
    method: str = "bf",
    interaction: str = "apart",
    cross: str = "local",
) -> pd.DataFrame:
    """Effects of markets in their own currency, and the effect of currencies.

    Parameters
    ----------
    weights, returns, benchmark_weights, benchmark_returns
        As in `brinson`, returns in base currency; one currency a group.
    currency_returns
        Change of the spot rate of the group's currency against the base currency, fraction.
    premiums
        Forward rate over spot rate, less one, at the beginning: what a currency was expected to make, the difference of interest rates.
        None (default): 0.
    forward_weights, benchmark_forward_weights
        Currency forwards held by the portfolio and the benchmark, fraction of the whole; None (default): none.
    method, interaction
        As in `brinson`, of the returns in local currency.
    cross
        Whose the product of local and currency return is: ``local`` (default) or ``currency``.

    Returns
    -------
    DataFrame
        Groups x `allocation selection interaction currency premium total`, fraction.

    Notes
    -----
    Convention: with e the spot return, d the premium and w the weights: local return r - e (for `cross` ``currency`` (1 + r) / (1 + e) - 1);
    currency (w_p - w_b)(c - C), c = e - d the surprise and C its mean over the benchmark, and of forwards (1 + e) / (1 + d) - 1 less C;
    premium (w_p - w_b)(d - D). All add up to the active return, forwards included, where weights add up to 1 and forwards to 0.

    Raises
    ------
    InvalidInput
        An unknown choice, or a cell that is not a number.
    MisalignedSeries
        Tables of different groups or periods.

    References
    ----------
    Karnosky and Singer, Global Asset Management and Performance Attribution (1994); Ankrim and Hensel, Multicurrency Performance Attribution
    (1994), Financial Analysts Journal 50(2); Bacon, 2nd ed., ch. 6, tables 6.1 and 6.2.

    Examples
    --------
    >>> base = brinson([0.5, 0.5], [0.05, 0.30], [0.6, 0.4], [0.04, 0.25])["total"].sum()
    >>> found = currency_attribution([0.5, 0.5], [0.05, 0.30], [0.6, 0.4], [0.04, 0.25], [0.0, 0.20]).round(6)
    >>> found["currency"].tolist(), round(float(found["total"].sum() - base), 6)
    ([0.008, 0.012], 0.0)
    """
    one_of("cross", cross, CROSSES)
    told = segments(weights, returns, benchmark_weights, benchmark_returns).filled("own")
    spot, ahead = (_effect(each, told, name) for each, name in ((currency_returns, "currency_returns"), (premiums, "premiums")))
    mine, theirs = (side - spot if cross == "local" else (1.0 + side) / (1.0 + spot) - 1.0 for side in (told.returns, told.benchmark_returns))
    tables = (pd.DataFrame(each, columns=told.groups) for each in (told.weights, mine, told.benchmark_weights, theirs))
    markets = brinson(*tables, method=method, interaction=interaction)
    effects = {str(name): markets[name].to_numpy() for name in markets.columns.unique("effect")}
    left_over = _crossed(told, mine, theirs, spot) if cross == "currency" else 0.0
    hedges = _effect(forward_weights, told, "forward_weights") - _effect(benchmark_forward_weights, told, "benchmark_forward_weights")
    active = told.weights - told.benchmark_weights
    mean, expected = (told.whole(told.benchmark_weights, each) for each in (spot - ahead, ahead))
    overlay = hedges * ((1.0 + spot) / (1.0 + ahead) - 1.0 - mean)
    currency = active * (spot - ahead - mean) + overlay + left_over
    premium = active * (ahead - expected)
    total = effects.pop("total") + currency + premium
    return told.framed({**effects, "currency": currency, "premium": premium, "total": total})


def currency_effect(
    weights: Mapping[str, float] | pd.Series, benchmark_weights: Mapping[str, float] | pd.Series, currency_returns: Mapping[str, float] | pd.Series
) -> pd.Series:
    """Effect of over- and underweights of currencies.

    Parameters
    ----------
    weights, benchmark_weights
        Currency to weight, fraction; the base currency among them.
    currency_returns
        Currency to change of its spot rate against the base currency, fraction; one without is 0, as the base currency.

    Returns
    -------
    Series
        By currency, fraction; adds up to the difference of the weighted currency returns.

    Notes
    -----
    Convention: (w_p - w_b)(e - E), E the mean over the benchmark.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    References
    ----------
    Ankrim and Hensel (1994), eq. 9; Bacon, 2nd ed., ch. 6 "Currency attribution".

    Examples
    --------
    >>> currency_effect({"EUR": 0.4, "USD": 0.6}, {"EUR": 0.7, "USD": 0.3}, {"USD": 0.10}).round(6).to_dict()
    {'EUR': 0.009, 'USD': 0.021}
    """
    sides = [pd.Series(dict(side), dtype=np.float64) for side in (weights, benchmark_weights, currency_returns)]
    names = sides[0].index.union(sides[1].index, sort=False)
    mine, theirs, moved = (side.reindex(names).fillna(0.0) for side in sides)
    found: pd.Series = (mine - theirs) * (moved - (theirs * moved).sum())
    return found.rename("currency")


def _effect(values: Segment | None, told: Segments, field: str) -> Floats:
    return np.zeros_like(told.returns) if values is None else np.nan_to_num(effect_table(values, told, field))


def _crossed(told: Segments, mine: Floats, theirs: Floats, spot: Floats) -> Floats:
    """Product of local and currency return, portfolio less benchmark."""
    found: Floats = told.weights * (told.returns - mine - spot) - told.benchmark_weights * (told.benchmark_returns - theirs - spot)
    return found
