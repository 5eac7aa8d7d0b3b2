"""Returns and factors laid beside each other for a regression."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Floats, Table, cells_of
from engine.errors import InsufficientHistory, InvalidInput, MisalignedSeries

ALPHA = "alpha"
_ALIKE = 1e-10  # of the smallest to the largest direction of factors scaled to unit length


@dataclass(frozen=True, slots=True)
class Design:
    """A regression before it is solved.

    Attributes
    ----------
    index
        Labels of the periods.
    factors, series
        Names of the factors, and of the series of returns.
    excess
        ndarray of shape (n_periods, n_series): returns above the risk-free rate, 0 where unknown.
    known
        ndarray of the same shape, 1.0 where the return and every factor is known, else 0.0.
    regressors
        ndarray of shape (n_periods, 1 + n_factors): a column of ones, then the factors, 0 where one of them is unknown.
    rates
        ndarray of shape (n_periods,): risk-free rate of each period, fraction.
    """

    index: pd.Index
    factors: tuple[Any, ...]
    series: tuple[Any, ...]
    excess: Floats
    known: Floats
    regressors: Floats
    rates: Floats

    @property
    def counts(self) -> Floats:
        """Periods of each series, shape (n_series,)."""
        found: Floats = self.known.sum(axis=0)
        return found

    def normal(self) -> Floats:
        """Give X'X of each series, shape (n_series, 1 + n_factors, 1 + n_factors)."""
        found: Floats = np.einsum("ts,tk,tl->skl", self.known, self.regressors, self.regressors, optimize=True)
        return found

    def moments(self) -> Floats:
        """Give X'y of each series, shape (n_series, 1 + n_factors)."""
        found: Floats = (self.regressors.T @ (self.known * self.excess)).T
        return found


def design(returns: Table, factors: Table, *, risk_free: float | Table = 0.0, figure: str = "factor_regression") -> Design:
    """Lay returns and factors beside each other, by date where both have dates.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    factors
        Factor returns of shape (n_periods, n_factors), fraction; those above the risk-free rate already.
    risk_free
        One rate of a period, default 0, or one a period.
    figure
        Name for the error.

    Returns
    -------
    Design
        Of the periods that both have.

    Raises
    ------
    InvalidInput
        No factor, or a cell is not a number.
    MisalignedSeries
        Tables without labels of different length, or labels of which none is common.
    InsufficientHistory
        A single series with fewer periods than factors + 2.
    """
    mine, theirs, rates = _together(returns, factors, risk_free)
    cells, regressors, rate = cells_of(mine), cells_of(theirs, "factors"), cells_of(rates, "risk_free")
    if regressors.shape[1] == 0:
        raise InvalidInput("factors", "[]", "there is no factor", hint="Give at least one column")
    whole = ~np.isnan(regressors).any(axis=1, keepdims=True) & ~np.isnan(rate)
    known = ~np.isnan(cells) & whole
    told = Design(
        index=mine.index if isinstance(mine, pd.Series | pd.DataFrame) else pd.RangeIndex(len(cells)),
        factors=_names(theirs, [f"factor_{at + 1}" for at in range(regressors.shape[1])]),
        series=_names(mine, [_name(mine)] if cells.shape[1] == 1 else range(cells.shape[1])),
        excess=np.where(known, cells - rate, 0.0),
        known=known.astype(np.float64),
        regressors=np.column_stack([whole.astype(np.float64), np.where(whole, regressors, 0.0)]),
        rates=np.where(np.isnan(rate), 0.0, rate)[:, 0],
    )
    needed = told.regressors.shape[1] + 1
    if cells.shape[1] == 1 and told.counts[0] < needed:
        raise InsufficientHistory(figure, needed=needed, found=int(told.counts[0]))
    return told


def solved(normal: Floats, moments: Floats) -> Floats:
    """Solve normal equations.

    Parameters
    ----------
    normal
        ndarray of shape (n, k, k), symmetric.
    moments
        ndarray of shape (n, k).

    Returns
    -------
    ndarray of shape (n, k)
        NaN where columns say the same.
    """
    inverse = inverted(normal)
    found: Floats = np.einsum("nkl,nl->nk", inverse, moments)
    return found


def inverted(normal: Floats) -> Floats:
    """Invert symmetric matrices of shape (n, k, k), scaled first; NaN where one is singular."""
    scale = np.sqrt(np.einsum("nkk->nk", normal))
    safe = np.where(scale > 0, scale, 1.0)
    scaled = normal / (safe[:, :, None] * safe[:, None, :])
    values = np.linalg.eigvalsh(scaled)
    singular = (values[:, 0] <= _ALIKE * values[:, -1]) | (scale <= 0).any(axis=1)
    scaled = np.where(singular[:, None, None], np.eye(normal.shape[1]), scaled)
    inverse = np.linalg.inv(scaled) / (safe[:, :, None] * safe[:, None, :])
    found: Floats = np.where(singular[:, None, None], np.nan, inverse)
    return found


def _names(table: Any, otherwise: Iterable[Any]) -> tuple[Any, ...]:  # noqa: ANN401 - any table
    return tuple(table.columns if isinstance(table, pd.DataFrame) else otherwise)


def _name(returns: Any) -> Any:  # noqa: ANN401 - whatever a Series is called
    return getattr(returns, "name", None) if getattr(returns, "name", None) is not None else "returns"


def _together(returns: Any, factors: Any, risk_free: Any) -> tuple[Any, Any, Any]:  # noqa: ANN401 - any table
    """Keep the periods that all have, by label where they have labels."""
    labelled = [each for each in (returns, factors, risk_free) if isinstance(each, pd.Series | pd.DataFrame)]
    theirs = factors.to_frame() if isinstance(factors, pd.Series) else factors
    if isinstance(returns, pd.Series | pd.DataFrame) and isinstance(factors, pd.Series | pd.DataFrame):
        common = labelled[0].index
        for each in labelled[1:]:
            common = common[common.isin(each.index)]
        if not len(common) and len(returns) and len(factors):
            raise MisalignedSeries("returns", "factors", reason=f"{_reach(returns)} against {_reach(factors)}: no period is common")
        returns, theirs = returns.loc[common], theirs.loc[common]
        risk_free = risk_free.loc[common] if isinstance(risk_free, pd.Series | pd.DataFrame) else risk_free
    count = len(returns)
    rates = np.full(count, float(risk_free)) if isinstance(risk_free, int | float) else risk_free
    if len(theirs) != count or len(rates) != count:
        raise MisalignedSeries("returns", "factors", reason=f"{count}, {len(theirs)} and {len(rates)} periods")
    return returns, theirs, rates


def _reach(table: pd.Series | pd.DataFrame) -> str:
    first, last = (each.date().isoformat() if isinstance(each, pd.Timestamp) else str(each) for each in (table.index[0], table.index[-1]))
    return f"{first} to {last}"
