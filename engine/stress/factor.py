"""Shocks of factors that reach holdings through their betas, and what such a shock implies for the factors beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.columns import Floats
from engine.errors import InsufficientHistory, InvalidInput, MisalignedSeries
from engine.stress.losses import weights_of
from engine.stress.proxies import MINIMUM


@dataclass(frozen=True, slots=True)
class FactorStress:
    """Shocks of factors on today's holdings.

    Attributes
    ----------
    loss
        Positive for a loss, fraction of the portfolio's value.
    shocks
        Shock of every factor: those given, and those implied.
    contributions
        By holding, fraction of value; they add up to minus the loss.
    by_factor
        By factor; they add up to minus the loss as well.
    """

    loss: float
    shocks: pd.Series
    contributions: pd.Series
    by_factor: pd.Series


def factor_exposures(returns: pd.DataFrame, factors: pd.DataFrame, *, minimum: int = MINIMUM) -> pd.DataFrame:
    """Slopes of each holding's returns on several factors at once.

    Parameters
    ----------
    returns
        Simple returns of shape (n_days, n_holdings), fraction.
    factors
        Returns of shape (n_days, n_factors), same index.
    minimum
        Common days below which slopes are not believed, default 60; never fewer than factors plus two.

    Returns
    -------
    DataFrame
        Holdings x factors; a row of NaN where the days are too few or the factors do not differ on them.

    Notes
    -----
    Convention: least squares with intercept over the days on which the holding and all factors are known.

    Raises
    ------
    MisalignedSeries
        Other days in one than in the other.
    InvalidInput
        No factor.

    References
    ----------
    Fama and French, Common risk factors in the returns on stocks and bonds (1993), Journal of Financial Economics 33.

    Examples
    --------
    >>> factors = pd.DataFrame({"m": [0.01, -0.02, 0.03, 0.0, 0.01], "s": [0.0, 0.01, 0.01, -0.01, 0.02]})
    >>> factor_exposures(pd.DataFrame({"A": 0.5 * factors["m"] + 2 * factors["s"]}), factors, minimum=4).round(6).loc["A"].tolist()
    [0.5, 2.0]
    """
    if not returns.index.equals(factors.index):
        raise MisalignedSeries("returns", "factors", reason="their days differ")
    if not len(factors.columns):
        raise InvalidInput("factors", [], "there is none", hint="Give at least one series")
    cells = returns.to_numpy(dtype=np.float64)
    design = np.column_stack([np.ones(len(factors)), factors.to_numpy(dtype=np.float64)])
    there = ~np.isnan(design).any(axis=1)
    both = (~np.isnan(cells) & there[:, None]).astype(np.float64)
    design = np.where(there[:, None], design, 0.0)
    width = design.shape[1]
    products = (design[:, :, None] * design[:, None, :]).reshape(-1, width * width)
    grams = (both.T @ products).reshape(-1, width, width)
    sides = np.where(both > 0, cells, 0.0).T @ design
    slopes = _solved(grams, sides, both.sum(axis=0) >= max(minimum, width + 1))
    return pd.DataFrame(slopes, index=returns.columns, columns=factors.columns)


def _solved(grams: Floats, sides: Floats, enough: NDArray[np.bool_]) -> Floats:
    """Solve what has a solution; the scale of each factor is taken out before its rank is judged."""
    found = np.full((len(sides), sides.shape[1] - 1), np.nan)
    scale = np.sqrt(np.einsum("kii->ki", grams))
    sound = enough & (scale > 0).all(axis=1)
    scaled = grams[sound] / (scale[sound][:, :, None] * scale[sound][:, None, :])
    regular = np.linalg.cond(scaled) < 1e10 if sound.any() else np.zeros(0, dtype=bool)
    rows = np.flatnonzero(sound)[regular]
    if len(rows):
        found[rows] = (np.linalg.solve(scaled[regular], (sides[rows] / scale[rows])[:, :, None])[:, :, 0] / scale[rows])[:, 1:]
    return found


def implied_shocks(shocks: pd.Series, covariance: pd.DataFrame) -> pd.Series:
    """Shocks to be expected of the other factors when some are shocked.

    Parameters
    ----------
    shocks
        By factor, fraction; those that are not given, or NaN, are implied.
    covariance
        Of the factors, shape (n_factors, n_factors).

    Returns
    -------
    Series
        By factor of `covariance`: as given, and the mean of the others given those.

    Notes
    -----
    Convention: the conditional mean of a normal distribution, S_of S_ff^-1 s, with means of 0.

    Raises
    ------
    InvalidInput
        A shock on what is no factor, or the shocked factors do not differ (a singular covariance).

    References
    ----------
    Kupiec, Stress testing in a value at risk framework (1998), Journal of Derivatives 6(1), equation 5.

    Examples
    --------
    >>> covariance = pd.DataFrame([[0.04, 0.01], [0.01, 0.01]], index=["m", "s"], columns=["m", "s"])
    >>> implied_shocks(pd.Series({"m": -0.2}), covariance).round(6).to_dict()
    {'m': -0.2, 's': -0.05}
    """
    strangers = [str(name) for name in shocks.index if name not in covariance.columns]
    if strangers:
        raise InvalidInput("shocks", strangers[0], "is no factor", hint=f"Use {', '.join(map(str, covariance.columns))}")
    given = shocks.astype(np.float64).dropna()
    rest = [name for name in covariance.columns if name not in given.index]
    held = covariance.loc[given.index, given.index].to_numpy(dtype=np.float64)
    if not len(given) or np.linalg.matrix_rank(held, hermitian=True) < len(given):
        raise InvalidInput("covariance", f"rank {np.linalg.matrix_rank(held, hermitian=True) if len(given) else 0}",
                           f"of the {len(given)} shocked factors is singular", hint="Shock factors that differ, at least one")
    implied = covariance.loc[rest, given.index].to_numpy(dtype=np.float64) @ np.linalg.solve(held, given.to_numpy())
    found: pd.Series = pd.concat([given, pd.Series(implied, index=rest, dtype=np.float64)]).reindex(covariance.columns)
    return found


def factor_stress(weights: pd.Series, exposures: pd.DataFrame, shocks: pd.Series, *, covariance: pd.DataFrame | None = None) -> FactorStress:
    """Loss of holdings when factors move.

    Parameters
    ----------
    weights
        Fractions of the portfolio's value by symbol, shorts negative.
    exposures
        Betas, holdings x factors, see `factor_exposures`.
    shocks
        Move of the factors, fraction; one that is not given stands still.
    covariance
        With it the factors that are not given move as `implied_shocks` says; default they stand still.

    Returns
    -------
    FactorStress

    Notes
    -----
    Convention: each holding moves by the sum of beta times shock, and what is specific to it stands still. A holding whose betas are
    unknown makes the loss NaN: leave it out to count without it.

    Raises
    ------
    InvalidInput
        A shock on what is no factor, or a weight that is not a number.
    MisalignedSeries
        A holding without betas.
    InsufficientHistory
        Betas of no holding are known.

    References
    ----------
    Jorion, Value at Risk, 3rd ed., ch. 14 "Stress testing"; Kupiec (1998).

    Examples
    --------
    >>> betas = pd.DataFrame({"m": [1.2, 0.5]}, index=["A", "B"])
    >>> found = factor_stress(pd.Series({"A": 0.5, "B": 0.5}), betas, pd.Series({"m": -0.1}))
    >>> round(found.loss, 6), found.contributions.round(6).to_dict()
    (0.085, {'A': -0.06, 'B': -0.025})
    """
    held = weights_of(weights)
    missing = [str(symbol) for symbol in held.index if symbol not in exposures.index]
    if missing:
        raise MisalignedSeries("weights", "exposures", reason=f"there are no betas of {missing[0]}")
    strangers = [str(name) for name in shocks.index if name not in exposures.columns]
    if strangers:
        raise InvalidInput("shocks", strangers[0], "is no factor", hint=f"Use {', '.join(map(str, exposures.columns))}")
    betas = exposures.loc[held.index]
    if len(held) and betas.isna().any(axis=1).all():
        raise InsufficientHistory("factor_stress", needed=MINIMUM, found=0)
    moved = (shocks.reindex(exposures.columns) if covariance is None else implied_shocks(shocks, covariance).reindex(exposures.columns)).fillna(0.0)
    parts = betas.to_numpy(dtype=np.float64) * moved.to_numpy(dtype=np.float64) * held.to_numpy()[:, None]
    return FactorStress(0.0 - float(parts.sum()), moved, pd.Series(parts.sum(axis=1), index=held.index, name="contribution"),
                        pd.Series(parts.sum(axis=0), index=exposures.columns, name="contribution"))
