"""How fat the tails of returns are: how fast their largest losses and gains thin out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.columns import Figure, Floats, Table, figure_like
from engine.errors import InvalidInput
from engine.returns import one_of
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, mirrored, quotient, sample
from engine.risk.var.extremes import fitted_peaks

SIDES = ("lower", "upper")
ROOM = "Shape"
_FEWEST = 5  # losses in a tail below which a slope through them is noise


def hill_tail_index_of(at: Sample, share: float = 0.05, side: str = "lower") -> Floats:
    """Kernel of `hill_tail_index`."""
    turned = at if side == "lower" else mirrored(at)
    count = np.floor(turned.counts * share + 1e-9)
    held = count >= _FEWEST
    deepest = int(np.where(held, count, 0.0).max(initial=0.0))
    if not deepest:
        return np.full(at.cells.shape[1], np.nan)
    losses = -turned.ordered[: deepest + 1]
    edge = losses[np.where(held, count, 0.0).astype(np.intp), np.arange(len(count))]
    edge = np.where(held & (edge > 0), edge, np.nan)
    inside = (np.arange(deepest)[:, None] < count) & ~np.isnan(edge)
    logs = np.log(np.where(inside, losses[:deepest], 1.0) / np.where(inside, edge, 1.0))
    return quotient(np.where(np.isnan(edge), np.nan, count), logs.sum(axis=0))


def hill_tail_index(returns: Table, *, share: float = 0.05, side: str = "lower") -> Figure:
    """Power by which the largest losses thin out: 3 to 4 for shares.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    share
        Of the returns that are the tail, default 0.05.
    side
        The ``lower`` tail (default) or the ``upper``.

    Returns
    -------
    float, Series or ndarray
        Above 0, the smaller the fatter; moments from this power on are infinite. NaN for fewer than five returns in the tail, and where the
        tail does not lie beyond 0.

    Notes
    -----
    Convention: the inverse of the mean logarithm of the k = floor(share T) largest losses over the one after them.

    Raises
    ------
    InvalidInput
        A cell is not a number, a share outside of 0 to 1, or an unknown side.

    References
    ----------
    Hill 1975, "A simple general approach to inference about the tail of a distribution", Annals of Statistics 3, eq. 3.

    Examples
    --------
    >>> round(hill_tail_index([-0.08, -0.04, -0.03, -0.02, -0.015, -0.01, 0.01, 0.02, 0.01, 0.02], share=0.5), 4)
    0.8829
    """
    one_of("side", side, SIDES)
    return figure_like(returns, hill_tail_index_of(sample(returns), _share(share), side), "hill_tail_index")


def tail_fit(returns: Table, *, share: float = 0.1, side: str = "lower") -> pd.Series | pd.DataFrame:
    """Fit a generalised Pareto distribution to the largest losses.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    share
        Of the returns that are the tail, default 0.1.
    side
        The ``lower`` tail (default) or the ``upper``.

    Returns
    -------
    Series or DataFrame
        `threshold shape scale share`: where the tail begins as a loss (of the upper one as a gain), how fat it is, how wide, and the part
        of the returns in it; a frame has a row a series. NaN for fewer than ten returns in the tail.

    Notes
    -----
    Convention: maximum likelihood; a shape above 0 is a fat tail whose `hill_tail_index` is near its inverse, below 0 one that ends.

    Raises
    ------
    InvalidInput
        A cell is not a number, a share outside of 0 to 1, or an unknown side.

    References
    ----------
    McNeil and Frey 2000, "Estimation of tail-related risk measures", eq. 11; Grimshaw 1993.

    Examples
    --------
    >>> tail_fit(np.random.default_rng(1).standard_t(4, 2000) * 0.01).round(3).to_dict()
    {'threshold': 0.016, 'shape': 0.311, 'scale': 0.007, 'share': 0.1}
    """
    one_of("side", side, SIDES)
    at = sample(returns)
    peaks = fitted_peaks(at if side == "lower" else mirrored(at), 1.0 - _share(share))
    names = returns.columns if isinstance(returns, pd.DataFrame) else pd.RangeIndex(at.cells.shape[1])
    found = pd.DataFrame(peaks._asdict(), index=names)
    found = found.assign(share=found["share"].where(found["threshold"].notna()))
    return found.iloc[0].rename(None) if np.ndim(returns) == 1 else found


def _share(share: float) -> float:
    if not 0.0 < share < 1.0:
        raise InvalidInput("share", share, "is not between 0 and 1", hint="Use 0.05 for the worst twentieth")
    return share


TERMS: tuple[Term, ...] = (
    Term("hill_tail_index", "Tail index", ROOM, "number", "How fast large losses thin out: the smaller, the fatter the tail; 3 to 4 for shares.",
         "Hill 1975", minimum=250, better="high"),
)  # fmt: skip
