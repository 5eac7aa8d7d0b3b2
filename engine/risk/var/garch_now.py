"""GARCH(1,1) of today: each series fitted by the `arch` package, with its convergence checked.

The thousand windows of a backtest are one fit of all columns by `engine.risk.var.garch`, whose recursion and start are the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.columns import Floats
from engine.risk.sample import Sample
from engine.risk.var.garch import MINIMUM, Garch, aligned, garch

_CLOSE = 1e-12  # of the log likelihood: arch's own stop, a millionth, leaves the fifth digit of a loss to chance


def garch_now(at: Sample) -> Garch:
    """Fit GARCH(1,1) to each column by the `arch` package.

    Parameters
    ----------
    at
        Returns.

    Returns
    -------
    Garch
        NaN where fewer than 50 returns are known, nothing varies, or no fit converged.

    Notes
    -----
    Convention: constant mean, normal shocks; returns in units of their deviation, so that a series scaled has its fit scaled. A fit that
    does not converge closely is tried again with arch's own stop, and then from the parameters that our search finds.

    References
    ----------
    Bollerslev, Generalized autoregressive conditional heteroskedasticity, 1986; Sheppard, arch, "Volatility modelling".
    """
    rows, width = at.cells.shape
    mean, omega, alpha, beta, variance = np.full((5, width), np.nan)
    whole = Garch(mean, omega, alpha, beta, np.full((rows, width), np.nan), variance)
    cells = aligned(at)
    for column in np.flatnonzero((at.counts >= MINIMUM) & (at.squares > 0)).tolist():
        count, scale = int(at.counts[column]), float(at.deviation(0)[column])
        fitted = _converged(cells[rows - count :, column] / scale)
        if fitted is not None:
            _put(whole, column, count, scale, fitted)
    return whole


def _converged(returns: Floats) -> Any:  # noqa: ANN401 - arch's result
    """Give the first fit that converged; None where none does."""
    from arch import arch_model  # noqa: PLC0415  # half a second of every start

    model = arch_model(returns, rescale=False)
    for stop, start in ((_CLOSE, None), (None, None), (None, _ours)):
        fitted = model.fit(disp="off", update_freq=0, show_warning=False, tol=stop, starting_values=start and start(returns))
        if not fitted.convergence_flag:
            return fitted
    return None


def _ours(returns: Floats) -> Floats:
    """Parameters by our own search."""
    found = garch(Sample(returns[:, None]))
    return np.array([found.mean[0], found.omega[0], found.alpha[0], found.beta[0]])


def _put(whole: Garch, column: int, count: int, scale: float, fitted: Any) -> None:  # noqa: ANN401 - arch's result
    """Write a fit among the others, in the units of the returns."""
    mean, omega, alpha, beta = fitted.params.to_numpy()
    whole.mean[column], whole.omega[column], whole.alpha[column], whole.beta[column] = mean * scale, omega * scale**2, alpha, beta
    path = fitted.conditional_volatility**2
    whole.path[len(whole.path) - count :, column] = path * scale**2
    whole.variance[column] = (omega + alpha * fitted.resid[-1] ** 2 + beta * path[-1]) * scale**2
