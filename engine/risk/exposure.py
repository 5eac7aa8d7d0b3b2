"""How much of the time money was at work."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.risk.catalogue import Term
from engine.risk.sample import Sample, paired, sample

ROOM = "Dispersion"


def time_in_market_of(at: Sample) -> Floats:
    """Kernel of `time_in_market`."""
    moved = at.counts - np.count_nonzero(at.cells == 0, axis=0)
    found: Floats = moved / at.atleast(1)
    return found


def time_in_market(returns: Table) -> Figure:
    """Share of periods in which something moved.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.

    Returns
    -------
    float, Series or ndarray
        Fraction of the periods that have a return.

    Notes
    -----
    Convention: a return of exactly 0 is a period out of the market; nothing is rounded.

    Raises
    ------
    InvalidInput
        A cell is not a number.

    Examples
    --------
    >>> time_in_market([0.01, 0.0, -0.01, 0.02])
    0.75
    """
    return figure_like(returns, time_in_market_of(sample(returns)), "time_in_market")


def exposure(returns: Table, invested: Table | None = None) -> Figure:
    """Mean share of the money that was invested.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    invested
        Share of the value that was not cash in each period, one for each period or one a series; without it `time_in_market`.

    Returns
    -------
    float, Series or ndarray
        Fraction, above 1 with borrowed money.

    Notes
    -----
    Convention: the mean over the periods that have a return and a share.

    Raises
    ------
    InvalidInput
        A cell is not a number.
    MisalignedSeries
        Shares of other periods.

    Examples
    --------
    >>> exposure([0.01, 0.0, -0.01, 0.02], [1.0, 0.0, 0.5, 0.5])
    0.5
    """
    found = time_in_market_of(sample(returns)) if invested is None else paired(returns, invested)[1].mean
    return figure_like(returns, found, "exposure")


TERMS: tuple[Term, ...] = (
    Term("exposure", "Exposure", ROOM, "fraction", "Share of periods in which something was invested: the return was not 0.", "Practice"),
)  # fmt: skip
