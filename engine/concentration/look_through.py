"""What is held through funds: weights of what is inside them, fund in fund down to the last, and how much of it is known."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter

import numpy as np
import pandas as pd

from engine.errors import CircularHoldings, InvalidInput

Constituents = Mapping[str, Mapping[str, float]] | pd.DataFrame
LEAST = 1e-12  # weights below which nothing is held
HINT = "Weights are fractions by name: 0.062 is 6.2 %"


def look_through(weights: Mapping[str, float] | pd.Series, constituents: Constituents) -> pd.DataFrame:
    """Take every fund apart, and tell what of each name comes from where.

    Parameters
    ----------
    weights
        Holding to weight, fraction of the whole; shorts below zero.
    constituents
        Fund to what it holds and its weight in the fund, or a frame of shape (n_constituents, n_funds). What it names may itself be a fund.
        A holding that is not in it stands for itself.

    Returns
    -------
    DataFrame of shape (n_names, n_holdings), fraction of the whole
        What is held of a name (row) through a holding (column), the largest name first. A column adds up to the weight of its holding,
        so that everything adds up to the sum of the weights; the row of a fund is what of it is not known.

    Notes
    -----
    Convention: weights in a fund that do not add up to 1 leave the rest under the fund's own name, below zero where they add up to more.
    An unknown weight (NaN) is 0.

    Raises
    ------
    InvalidInput
        A cell is not a number, or not finite.
    CircularHoldings
        A fund holds itself, directly or through others: the ring is named.

    References
    ----------
    Morningstar, Instant X-Ray methodology: weight of the fund times weight in the fund.

    Examples
    --------
    >>> inside = {"WORLD": {"US": 0.6, "SAP": 0.4}, "US": {"AAPL": 1.0}}
    >>> look_through({"WORLD": 0.5, "AAPL": 0.5}, inside).round(6).to_dict("index")
    {'AAPL': {'WORLD': 0.3, 'AAPL': 0.5}, 'SAP': {'WORLD': 0.2, 'AAPL': 0.0}}
    """
    held = _finite(weights, "weights")
    told = _inside(constituents)
    whole = _resolved(told, [str(name) for name in held.index if name in told])
    columns = {str(name): {part: share * weight for part, share in _parts(whole, str(name)).items()} for name, weight in held.items()}
    found = pd.DataFrame(columns, columns=held.index, dtype=np.float64).fillna(0.0)
    kept = found[(found.abs() > LEAST).any(axis=1)]
    return kept.loc[kept.sum(axis=1).sort_values(ascending=False, kind="stable").index]


def look_through_exposure(weights: Mapping[str, float] | pd.Series, constituents: Constituents) -> pd.Series:
    """Weights of what funds hold, beside what is held directly.

    Parameters
    ----------
    weights, constituents
        As in `look_through`. Constituents may be issuers, sectors, countries or currencies: whatever is named, the answer is about.

    Returns
    -------
    Series
        By name, largest first; adds up to the sum of the weights.

    Notes
    -----
    Convention: as `look_through`.

    Raises
    ------
    InvalidInput
        A cell is not a number, or not finite.
    CircularHoldings
        A fund holds itself, directly or through others.

    References
    ----------
    Morningstar, Instant X-Ray methodology: weight of the fund times weight in the fund.

    Examples
    --------
    >>> look_through_exposure({"ETF": 0.5, "AAPL": 0.5}, {"ETF": {"AAPL": 0.2, "MSFT": 0.8}}).round(6).to_dict()
    {'AAPL': 0.6, 'MSFT': 0.4}
    """
    found: pd.Series = look_through(weights, constituents).sum(axis=1)
    return found[found.abs() > LEAST].rename("weight")


def look_through_coverage(weights: Mapping[str, float] | pd.Series, constituents: Constituents, funds: Collection[str] = ()) -> float:
    """Share of what is held in funds of which it is known what they hold.

    Parameters
    ----------
    weights, constituents
        As in `look_through`.
    funds
        Names that are funds although nothing is known of them; what is in `constituents` is one anyway.

    Returns
    -------
    float
        Fraction of the weight in funds, by size; NaN where none is held.

    Notes
    -----
    Convention: a fund counts for as much as its weights add up to, 1 at most; what a fund in a fund does not tell is not known.

    Raises
    ------
    InvalidInput
        A cell is not a number, or not finite.
    CircularHoldings
        A fund holds itself, directly or through others.

    Examples
    --------
    >>> round(look_through_coverage({"ETF": 0.4, "OLD": 0.2, "AAPL": 0.4}, {"ETF": {"AAPL": 0.9}}, funds=["OLD"]), 6)
    0.6
    """
    held = _finite(weights, "weights")
    told = _inside(constituents)
    named = [str(name) for name in held.index if name in told or name in funds]
    whole = _resolved(told, [name for name in named if name in told])
    sizes = held[named].abs()
    unknown = {*told, *funds}
    known = [min(1.0, sum(abs(share) for part, share in whole[name].items() if part not in unknown)) if name in whole else 0.0 for name in named]
    return float((sizes * known).sum() / sizes.sum()) if sizes.sum() > 0 else float("nan")


def _finite(weights: Mapping[str, float] | pd.Series, field: str) -> pd.Series:
    """Read weights by name; what is unknown is not held."""
    try:
        read = pd.Series(weights if isinstance(weights, pd.Series) else dict(weights), dtype=np.float64).fillna(0.0)
    except (TypeError, ValueError):
        raise InvalidInput(field, str(weights)[:80], "is not weights by name", hint=HINT, rule="not_a_number") from None
    if np.isinf(read.to_numpy()).any():
        raise InvalidInput(field, "inf", "is not finite", hint=HINT, rule="not_finite")
    return read.groupby(read.index.astype(str), sort=False).sum()


def _inside(constituents: Constituents) -> dict[str, dict[str, float]]:
    """Read what each fund holds; what is held at nothing is left out."""
    given = constituents.to_dict() if isinstance(constituents, pd.DataFrame) else constituents
    read = {str(fund): _finite(parts, "constituents") for fund, parts in given.items()}
    return {fund: {str(name): float(weight) for name, weight in parts.items() if abs(weight) > LEAST} for fund, parts in read.items()}


def _resolved(told: Mapping[str, Mapping[str, float]], wanted: Collection[str]) -> dict[str, dict[str, float]]:
    """Tell of each fund that is reached what it holds in the end, from the innermost outwards."""
    found: dict[str, dict[str, float]] = {}
    for fund in _innermost_first(told, wanted):
        rest = 1.0 - sum(told[fund].values())
        whole = {fund: rest} if abs(rest) > LEAST else {}
        for part, weight in told[fund].items():
            for name, share in _parts(found, part).items():
                whole[name] = whole.get(name, 0.0) + weight * share
        found[fund] = whole
    return found


def _parts(found: Mapping[str, dict[str, float]], name: str) -> dict[str, float]:
    """Give what is in a fund; what is none is itself."""
    return found.get(name, {name: 1.0})


def _innermost_first(told: Mapping[str, Mapping[str, float]], wanted: Collection[str]) -> list[str]:
    """Order funds so that each stands behind those that it holds."""
    order: TopologicalSorter[str] = TopologicalSorter()
    reached, open_ = set(wanted), [*wanted]
    while open_:
        fund = open_.pop()
        inner = [part for part in told[fund] if part in told]
        order.add(fund, *inner)
        open_ += [part for part in inner if part not in reached]
        reached |= {*inner}
    try:
        return [*order.static_order()]
    except CycleError as error:
        raise CircularHoldings(list(reversed(error.args[1]))) from None
