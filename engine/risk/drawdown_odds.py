"""What drawdown to expect: of a Brownian motion in closed form, and of returns drawn anew in blocks."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from engine.columns import Figure, Floats, Table, figure_like
from engine.errors import InvalidInput
from engine.returns import one_of
from engine.risk.bootstrap import drawn_periods
from engine.risk.catalogue import Term
from engine.risk.dependence import packed
from engine.risk.sample import Sample, quotient, sample

AGAINST = ("peak", "start")
_CELLS = 4_000_000  # cells of histories that are laid out at once: 32 MB
# Expected fall of a Brownian motion over a unit of time by its drift, both in units of its deviation: the integral over h of the chance
# that the motion, reflected at its maximum, reaches h (eq. 3 of the source), to five digits.
_DRIFTS: Final = (-3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 14.0, 20.0)
_FALLS: Final = (3.33260, 2.89644, 2.48466, 2.10658, 1.77159, 1.48650, 1.25331, 1.06860, 0.92508, 0.81400, 0.72727, 0.65838, 0.60257, 0.51772,
                 0.45606, 0.40901, 0.34151, 0.29500, 0.23438, 0.18174)  # fmt: skip


def expected_max_drawdown(returns: Table, *, horizon: float | None = None, ddof: int = 1) -> Figure:
    """Deepest drawdown that mean and volatility let one expect.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    horizon
        Periods; default as many as there are returns.
    ddof
        Of the standard deviation: 1 (default) for a sample, 0 for a population.

    Returns
    -------
    float, Series or ndarray
        Fraction < 0; NaN where no return differs, or after a total loss.

    Notes
    -----
    Convention: log wealth as a Brownian motion with the mean and deviation of ln(1 + r); its expected fall in logs, told as a fraction of
    wealth. Watched without a pause it falls a little deeper than at the close of periods. A deeper one than this is a sign of tails or memory.

    Raises
    ------
    InvalidInput
        A cell is not a number, or a horizon not above zero.

    References
    ----------
    Magdon-Ismail, Atiya, Pratap and Abu-Mostafa 2004, "On the maximum drawdown of a Brownian motion", J. Appl. Prob. 41, eq. 3 to 8.

    Examples
    --------
    >>> round(expected_max_drawdown([0.02, -0.01, 0.03, -0.02] * 25), 4)
    -0.1312
    """
    if horizon is not None and not horizon > 0:
        raise InvalidInput("horizon", horizon, "is not above zero", hint="Use a number of periods")
    return figure_like(returns, expected_max_drawdown_of(sample(returns), horizon, ddof), "expected_max_drawdown")


def drawdown_probability(
    returns: Table, drawdown: float, *, horizon: int = 252, against: str = "peak", simulations: int = 2000, block: float = 10.0,
    method: str = "stationary", seed: int = 7,
) -> Figure:
    """Chance of a drawdown within a horizon, by drawing blocks of returns.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    drawdown
        How deep, fraction between -1 and 0.
    horizon
        Periods ahead, default 252.
    against
        From the running ``peak`` (default), or from the ``start``: then it is the chance to lose that much of what is there, which at
        -0.5 is what traders call ruin.
    simulations
        Histories that are drawn, default 2000.
    block
        Mean length of a block, default 10.
    method
        ``stationary`` (default) or ``circular`` blocks.
    seed
        Of the draws, default 7: the same call has the same answer.

    Returns
    -------
    float, Series or ndarray
        Fraction of the histories; NaN without two returns.

    Notes
    -----
    Convention: at the close of periods; wealth starts at a peak. Series of a frame are drawn by the same blocks.

    Raises
    ------
    InvalidInput
        A drawdown outside of -1 to 0, a horizon or simulations below 1, or an unknown choice.

    References
    ----------
    Politis and Romano 1994, "The stationary bootstrap".

    Examples
    --------
    >>> drawdown_probability([0.01, -0.01] * 100, -0.9, simulations=50)
    0.0
    """
    one_of("against", against, AGAINST)
    if not -1.0 < drawdown < 0.0:
        raise InvalidInput("drawdown", drawdown, "is not between -1 and 0", hint="Use -0.2 for a fall by a fifth")
    for field, value in (("horizon", horizon), ("simulations", simulations)):
        if value < 1:
            raise InvalidInput(field, value, "is below 1", hint="Use a whole number")
    at = sample(returns)
    counts = at.counts.astype(np.intp)
    found = np.full(counts.size, np.nan)
    cells = packed(at)
    for count in np.unique(counts[counts >= 2]):
        which = counts == count
        whole = int(count) * -(-horizon // int(count))  # a multiple, so that every period is as likely as any other
        places = drawn_periods(whole, simulations, block, method, seed)[:horizon] % int(count)
        found[which] = _share(cells[:count, which], places, drawdown, against)
    return figure_like(returns, found, "drawdown_probability")


def expected_max_drawdown_of(at: Sample, horizon: float | None = None, ddof: int = 1) -> Floats:
    """Kernel of `expected_max_drawdown`."""
    logs: Sample = at.once("logs", lambda: Sample(np.log1p(np.where(at.losses_everything, np.nan, at.cells))))
    periods = at.counts if horizon is None else np.full(at.counts.size, float(horizon))
    width = logs.deviation(ddof) * np.sqrt(periods)
    found: Floats = np.expm1(-width * _fall(quotient(logs.mean * periods, width)))
    return found


@cache
def _table() -> tuple[Floats, Floats, Floats]:
    """Drifts, falls, and the slopes of the falls."""
    nodes, falls = np.array(_DRIFTS), np.array(_FALLS)
    return nodes, falls, np.gradient(falls, nodes, edge_order=2)


def _fall(drift: Floats) -> Floats:
    """Give the expected fall by drift: between the nodes by cubics, beyond them by what it tends to."""
    nodes, falls, slopes = _table()
    inside = np.minimum(np.maximum(np.where(np.isnan(drift), 0.0, drift), nodes[0]), nodes[-1])
    low = np.minimum(np.searchsorted(nodes, inside, side="right") - 1, nodes.size - 2)
    step = nodes[low + 1] - nodes[low]
    t = (inside - nodes[low]) / step
    between = (1 + 2 * t) * (1 - t) ** 2 * falls[low] + t * (1 - t) ** 2 * step * slopes[low]
    between += t**2 * (3 - 2 * t) * falls[low + 1] + t**2 * (t - 1) * step * slopes[low + 1]
    size = np.maximum(np.abs(np.where(np.isnan(drift), 1.0, drift)), 1.0)
    beyond = np.where(drift < 0, size + 1.0 / size, 2.0 / size * (0.25 * np.log(0.5 * size**2) + 0.49088))
    found: Floats = np.where((drift < nodes[0]) | (drift > nodes[-1]), beyond, between)
    return np.where(np.isnan(drift), np.nan, found)


def _share(cells: Floats, places: np.ndarray[tuple[int, ...], np.dtype[np.intp]], drawdown: float, against: str) -> Floats:
    """Share of the drawn histories that fall so deep, some histories at once."""
    step = max(_CELLS // max(len(places) * cells.shape[1], 1), 1)
    hit = np.zeros(cells.shape[1])
    for start in range(0, places.shape[1], step):
        wealth = np.cumprod(1.0 + cells[places[:, start : start + step]], axis=0)
        peak = np.maximum(np.maximum.accumulate(wealth, axis=0), 1.0) if against == "peak" else 1.0
        hit += ((wealth / peak - 1.0) <= drawdown).any(axis=0).sum(axis=0)
    return np.asarray(hit / places.shape[1])


TERMS: tuple[Term, ...] = (
    Term("expected_max_drawdown", "Expected maximum drawdown", "Drawdown", "fraction", "Deepest fall that mean and volatility alone let one expect.",
         "Magdon-Ismail 2004", 60, "high"),
)
