"""Effects of single periods as effects of a whole window: sums that stay sums although returns compound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from engine.columns import Figure, Floats, Table, cells_of, figure_like
from engine.errors import InvalidInput, MisalignedSeries

_SMALL = 1e-9
Pair = tuple[Floats, Floats]  # weight of each period, and what their sum up to each period is multiplied by


def link_attribution(effects: Table, returns: Table, benchmark_returns: Table | None = None, *, method: str = "carino") -> Figure:
    """Add up the effects of periods so that they explain the whole window.

    Parameters
    ----------
    effects
        Effects of shape (n_periods, n_effects), fraction; of each period they add up to return less benchmark return.
    returns
        Returns of shape (n_periods,), fraction.
    benchmark_returns
        Those of the benchmark; without it the effects are contributions to the return itself.
    method
        ``carino`` (default, logarithmic), ``menchero`` (optimised), ``frongello`` (each effect carried on by what follows), ``grap``
        (each effect after the returns before and the benchmark's behind it), or ``geometric``: the effects are those of
        `geometric_attribution`, each column compounds by itself.

    Returns
    -------
    Series, float or ndarray
        One linked effect a column; they add up to the compounded return less the benchmark's. ``geometric`` ones multiply: the product of
        1 + effect is 1 + return over 1 + the benchmark's.

    Notes
    -----
    Convention: NaN in a period makes its effects NaN. Where a return or the benchmark's is -100 % or less there is no logarithm and no
    root: `carino` and `menchero` are `grap` then, which adds up alike.

    Raises
    ------
    InvalidInput
        An unknown method.
    MisalignedSeries
        Another number of periods.

    References
    ----------
    Carino, Combining Attribution Effects over Time (1999), Journal of Performance Measurement 3(4); Menchero, An Optimized Approach to
    Linking Attribution Effects (2000), ibid. 5(1); Frongello, Attribution Linking: Proofed and Clarified (2002), ibid. 7(1); GRAP,
    Synthese des modeles d'attribution de performance (1997).

    Examples
    --------
    >>> import pandas as pd
    >>> effects = pd.DataFrame({"A": [0.06, 0.02], "B": [0.04, 0.03]})
    >>> linked = link_attribution(effects, [0.10, 0.05])
    >>> linked.round(6).to_dict(), round(float(linked.sum()), 6)
    ({'A': 0.082504, 'B': 0.072496}, 0.155)
    """
    cells, own = cells_of(effects, "effects"), _periods(returns, "returns")
    other = np.zeros_like(own) if benchmark_returns is None else _periods(benchmark_returns, "benchmark_returns")
    if not len(cells) == len(own) == len(other):
        raise MisalignedSeries("effects", "returns", reason=f"{len(cells)}, {len(own)} and {len(other)} periods")
    if method == "geometric":
        return figure_like(effects, np.prod(1.0 + cells, axis=0) - 1.0 if len(cells) else np.full(cells.shape[1], np.nan), name="effect")
    return figure_like(effects, linked(cells, own, other, method), name="effect")


def linked(effects: Floats, returns: Floats, benchmark: Floats, method: str = "carino") -> Floats:
    """Linked effects of columns.

    Parameters
    ----------
    effects
        ndarray of shape (n_periods, n_effects), fraction.
    returns, benchmark
        ndarray of shape (n_periods,), fraction.
    method
        One of `METHODS`.

    Returns
    -------
    ndarray of shape (n_effects,)
        Fraction of the whole window.

    Raises
    ------
    InvalidInput
        An unknown method.
    """
    weights = link_weights(returns, benchmark, method)
    return np.full(effects.shape[1], np.nan) if not len(effects) else weights @ effects


def link_weights(returns: Floats, benchmark: Floats, method: str = "carino") -> Floats:
    """Weight of each period: the effects of a window are the sum of its periods' effects, weighted.

    Parameters
    ----------
    returns, benchmark
        ndarray of shape (n_periods,), fraction.
    method
        One of `METHODS`.

    Returns
    -------
    ndarray of shape (n_periods,)
        Numbers near 1.

    Raises
    ------
    InvalidInput
        An unknown method.

    Examples
    --------
    >>> link_weights(np.array([0.10, 0.05]), np.zeros(2), "grap").round(6).tolist()
    [1.0, 1.1]
    """
    weights = np.zeros(len(returns))
    for inner, scale in link_parts(returns, benchmark, method):
        weights += inner * scale
    return weights


def link_parts(returns: Floats, benchmark: Floats, method: str = "carino") -> list[tuple[Floats, float]]:
    """Weight of each period as a sum of parts: what a period has by itself or by those before it, times a number of the whole window.

    Parameters
    ----------
    returns, benchmark
        ndarray of shape (n_periods,), fraction.
    method
        One of `METHODS`.

    Returns
    -------
    list of (ndarray of shape (n_periods,), float)
        None without periods.

    Raises
    ------
    InvalidInput
        An unknown method.

    Examples
    --------
    >>> [(inner.round(6).tolist(), round(scale, 6)) for inner, scale in link_parts(np.array([0.10, 0.05]), np.zeros(2), "grap")]
    [([1.0, 1.1], 1.0)]
    """
    return [(inner, float(outer[-1])) for inner, outer in _pairs(returns, benchmark, method)] if len(returns) else []


def linked_path(effects: Floats, returns: Floats, benchmark: Floats, method: str = "carino") -> Floats:
    """Linked effects from the first period to each: every row explains its own window.

    Parameters
    ----------
    effects
        ndarray of shape (n_periods, n_effects), fraction.
    returns, benchmark
        ndarray of shape (n_periods,), fraction.
    method
        One of `METHODS`.

    Returns
    -------
    ndarray of shape (n_periods, n_effects)
        The last row is what `link_attribution` gives.

    Raises
    ------
    InvalidInput
        An unknown method.

    Examples
    --------
    >>> linked_path(np.array([[0.10], [0.05]]), np.array([0.10, 0.05]), np.zeros(2)).round(6).tolist()
    [[0.1], [0.155]]
    """
    path = np.zeros(effects.shape)
    for inner, outer in _pairs(returns, benchmark, method) if len(returns) else ():
        path += outer[:, None] * np.cumsum(inner[:, None] * effects, axis=0)
    return path


def _pairs(returns: Floats, benchmark: Floats, method: str) -> list[Pair]:
    if method not in METHODS:
        raise InvalidInput("method", method, f"{method} is not a choice", hint=f"Use one of {', '.join(METHODS)} or geometric")
    whole = method in {"carino", "menchero"} and bool((np.minimum(returns, benchmark) <= -1.0).any())
    return METHODS["grap" if whole else method](returns, benchmark)


def _carino(returns: Floats, benchmark: Floats) -> list[Pair]:
    return [(_log_ratio(returns, benchmark), 1.0 / _log_ratio(_so_far(returns), _so_far(benchmark)))]


def _log_ratio(returns: Floats, benchmark: Floats) -> Floats:
    """Difference of logarithms over difference of returns; its limit where they are the same."""
    difference = returns - benchmark
    logs = np.log1p(difference / (1.0 + benchmark))
    same = np.abs(difference) < _SMALL * (1.0 + benchmark)
    ratio: Floats = np.where(same, 1.0 / (1.0 + 0.5 * (returns + benchmark)), logs / np.where(same, 1.0, difference))
    return ratio


def _menchero(returns: Floats, benchmark: Floats) -> list[Pair]:
    total, other, active = _so_far(returns), _so_far(benchmark), returns - benchmark
    natural = _natural(total, other)
    squares = np.cumsum(active**2)
    excess = np.divide(total - other - natural * np.cumsum(active), squares, out=np.zeros_like(squares), where=squares > 0)
    return [(np.ones_like(active), natural), (active, excess)]


def _natural(total: Floats, other: Floats) -> Floats:
    """Scale of a mean period; its limit where both returns are the same."""
    counts: Floats = np.arange(1.0, len(total) + 1.0)
    roots = (1.0 + total) ** (1.0 / counts) - (1.0 + other) ** (1.0 / counts)
    same = np.abs(total - other) < _SMALL
    scale: Floats = np.where(same, (1.0 + total) ** ((counts - 1.0) / counts), (total - other) / counts / np.where(same, 1.0, roots))
    return scale


def _grap(returns: Floats, benchmark: Floats) -> list[Pair]:
    """Weight each effect by the returns before it and the benchmark's behind it; a total loss of the benchmark leaves nothing behind."""
    before: Floats = np.concatenate([[1.0], np.cumprod(1.0 + returns)[:-1]])
    grown: Floats = np.asarray(np.cumprod(1.0 + benchmark), dtype=np.float64)
    lost = np.flatnonzero(grown == 0)
    if not len(lost):
        return [(before / grown, grown)]
    behind = np.concatenate([np.cumprod(1.0 + benchmark[::-1])[::-1][1:], [1.0]])
    return [(before * behind, np.where(np.arange(len(grown)) == len(grown) - 1, 1.0, np.nan))]


# Frongello carries each effect on with what follows, period by period; summed up that is GRAP's weight.
METHODS: Mapping[str, Callable[[Floats, Floats], list[Pair]]] = MappingProxyType(
    {"carino": _carino, "menchero": _menchero, "frongello": _grap, "grap": _grap}
)


def _so_far(returns: Floats) -> Floats:
    found: Floats = np.asarray(np.cumprod(1.0 + returns), dtype=np.float64) - 1.0
    return found


def _periods(returns: Any, field: str) -> Floats:  # noqa: ANN401 - any table
    cells = cells_of(returns, field)
    if cells.shape[1] != 1:
        raise MisalignedSeries("effects", field, reason=f"{field} has {cells.shape[1]} columns instead of one")
    return cells[:, 0]
