"""Allocation, selection and interaction: what weights and what choices within them made of an active return."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.attribution.segments import OUTSIDES, Segment, Segments, effect_table, segments
from engine.columns import Floats
from engine.errors import InvalidInput
from engine.returns import one_of

METHODS = ("bf", "bhb")
INTERACTIONS = ("apart", "selection", "allocation")


def brinson(
    weights: Segment,
    returns: Segment,
    benchmark_weights: Segment,
    benchmark_returns: Segment,
    *,
    method: str = "bf",
    interaction: str = "apart",
    outside: str = "own",
) -> pd.DataFrame:
    """Allocation, selection and interaction of each group.

    Parameters
    ----------
    weights, benchmark_weights
        At the beginning of the period, fraction: one a group (Series, mapping, sequence), or a frame of shape (n_periods, n_groups).
    returns, benchmark_returns
        Of the groups over the period, fraction, of the same shape.
    method
        ``bf`` (default, Brinson-Fachler): a weight is good where the benchmark's group beats the benchmark; ``bhb``
        (Brinson-Hood-Beebower): where it has a return above zero.
    interaction
        ``apart`` (default), or part of ``selection`` (a bottom-up manager's) or of ``allocation``.
    outside
        What the benchmark made where it holds nothing and has no return (NaN or not named): what the portfolio made, ``own`` (default,
        all is allocation), the ``benchmark``'s whole return (all is selection), or ``zero``.

    Returns
    -------
    DataFrame
        Groups x `allocation selection interaction total`, fraction; for frames periods x (effect, group), ready for `link_attribution`.

    Notes
    -----
    Convention: with p and b the weights, r and s the returns and S the benchmark's whole return: allocation (p - b)(s - S) or (p - b) s,
    selection b (r - s), interaction (p - b)(r - s). All effects add up to the active return where both weights add up to 1. A group that
    is not held selects nothing; one that is held and has no return is NaN.

    Raises
    ------
    InvalidInput
        An unknown choice, or a cell that is not a number.
    MisalignedSeries
        Tables of different groups or periods.

    References
    ----------
    Brinson and Fachler, Measuring Non-U.S. Equity Portfolio Performance (1985), Journal of Portfolio Management 11(3); Brinson, Hood and
    Beebower, Determinants of Portfolio Performance (1986), Financial Analysts Journal 42(4); Bacon, Practical Portfolio Performance
    Measurement and Attribution, 2nd ed., ch. 5, tables 5.1 to 5.4.

    Examples
    --------
    >>> brinson([0.4, 0.3, 0.3], [0.20, -0.05, 0.06], [0.4, 0.2, 0.4], [0.10, -0.04, 0.08]).round(4).sum().to_dict()
    {'allocation': -0.012, 'selection': 0.03, 'interaction': 0.001, 'total': 0.019}
    """
    one_of("method", method, METHODS)
    one_of("interaction", interaction, INTERACTIONS)
    one_of("outside", outside, OUTSIDES)
    told = segments(weights, returns, benchmark_weights, benchmark_returns).filled(outside)
    return told.framed(_with_total(_effects(told, method), interaction))


def geometric_attribution(
    weights: Segment,
    returns: Segment,
    benchmark_weights: Segment,
    benchmark_returns: Segment,
    *,
    local_returns: Segment | None = None,
    benchmark_local_returns: Segment | None = None,
    hedged_returns: Segment | None = None,
    outside: str = "own",
) -> pd.DataFrame:
    """Effects of each group whose sums multiply to the geometric excess.

    Parameters
    ----------
    weights, benchmark_weights, returns, benchmark_returns, outside
        As in `brinson`; returns in base currency.
    local_returns, benchmark_local_returns
        Returns in the group's own currency, of the same shape: with them `currency` stands apart. Both or none.
    hedged_returns
        The benchmark's, hedged into the base currency: allocation is then judged by them, and `hedging` tells what that costs.

    Returns
    -------
    DataFrame
        Groups x `allocation selection` and, with local returns, `hedging currency`, fraction. The sums over the groups multiply:
        (1 + allocation)(1 + selection)(1 + hedging)(1 + currency) = (1 + r) / (1 + b).

    Notes
    -----
    Convention: allocation (p - b)((1 + s) / (1 + S) - 1); selection p (r - s) / (1 + N), N the sum of p s, the semi-notional fund;
    interaction is in selection. With local returns both are of those; currency of a group is its part of
    (1 + R)(1 + S_local) / ((1 + R_local)(1 + S)) - 1, an overweight counted against the benchmark's mean currency return.

    Raises
    ------
    InvalidInput
        An unknown choice, one kind of local returns without the other, or hedged ones without them.
    MisalignedSeries
        Tables of different groups or periods.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 5 table 5.5, ch. 6 tables 6.7 and 6.8; Burnie, Knowles
    and Teder, Arithmetic and Geometric Attribution (1998), Journal of Performance Measurement 3(1).

    Examples
    --------
    >>> found = geometric_attribution([0.4, 0.3, 0.3], [0.20, -0.05, 0.06], [0.4, 0.2, 0.4], [0.10, -0.04, 0.08]).sum()
    >>> found.round(4).to_dict(), round(float((1 + found).prod() - 1), 4)
    ({'allocation': -0.0113, 'selection': 0.0295}, 0.0179)
    """
    one_of("outside", outside, OUTSIDES)
    if (local_returns is None) != (benchmark_local_returns is None) or (local_returns is None and hedged_returns is not None):
        raise InvalidInput("local_returns", None, "local returns of both sides are needed", hint="Give local_returns and benchmark_local_returns")
    told = segments(weights, returns, benchmark_weights, benchmark_returns).filled(outside)
    if local_returns is None or benchmark_local_returns is None:
        return told.framed(_geometric(told, told.benchmark_returns))
    mine, theirs = effect_table(local_returns, told, "local_returns"), effect_table(benchmark_local_returns, told, "benchmark_local_returns")
    local = Segments(told.index, told.groups, told.weights, mine, told.benchmark_weights, theirs).filled(outside)
    hedged = local.benchmark_returns if hedged_returns is None else effect_table(hedged_returns, told, "hedged_returns")
    return told.framed({**_geometric(local, hedged), "hedging": _hedging(local, hedged), "currency": _currency(told, local)})


def _effects(told: Segments, method: str) -> dict[str, Floats]:
    p, b, r, s = told.weights, told.benchmark_weights, told.returns, told.benchmark_returns
    level = told.whole(b, s) if method == "bf" else 0.0
    return {"allocation": _product(p - b, s - level), "selection": _product(b, r - s), "interaction": _product(p - b, r - s)}


def _product(weight: Floats, difference: Floats) -> Floats:
    """Weight times difference; nothing of what is not known is nothing."""
    found: Floats = np.where(weight == 0, 0.0, weight * difference)
    return found


def _with_total(effects: dict[str, Floats], interaction: str) -> dict[str, Floats]:
    total = effects["allocation"] + effects["selection"] + effects["interaction"]
    if interaction != "apart":
        effects[interaction] = effects[interaction] + effects.pop("interaction")
    return {**effects, "total": total}


def _geometric(told: Segments, judged: Floats) -> dict[str, Floats]:
    """Allocation by returns that may be hedged, and selection."""
    p, b, r, s = told.weights, told.benchmark_weights, told.returns, told.benchmark_returns
    level, notional = 1.0 + told.whole(b, s), 1.0 + told.whole(p, s)
    return {"allocation": _product(p - b, (1.0 + judged) / level - 1.0), "selection": _product(p, (r - s) / notional)}


def _hedging(local: Segments, hedged: Floats) -> Floats:
    active = local.weights - local.benchmark_weights
    notional = 1.0 + local.whole(active, hedged) + local.whole(local.benchmark_weights, local.benchmark_returns)
    return _product(active, (local.benchmark_returns - hedged) / notional)


def _currency(told: Segments, local: Segments) -> Floats:
    """Part of each group in the ratio of base to local return, portfolio over benchmark."""
    mine = _product(told.weights, told.returns - local.returns) / (1.0 + told.whole(told.weights, local.returns))
    theirs = _product(told.benchmark_weights, told.benchmark_returns - local.benchmark_returns)
    theirs = theirs / (1.0 + told.whole(told.benchmark_weights, local.benchmark_returns))
    mean = theirs.sum(axis=1, keepdims=True)
    found: Floats = (mine - theirs - (told.weights - told.benchmark_weights) * mean) / (1.0 + mean)
    return found
