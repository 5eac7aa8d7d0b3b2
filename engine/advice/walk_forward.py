"""A strategy on the past: decided on what was known, held until the next decision, after costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from engine.columns import Floats
from engine.errors import InsufficientHistory, InvalidInput

Decide = Callable[[pd.DataFrame, pd.Series], pd.Series]
Tell = Callable[[int, int], bool]
ENOUGH: Final = 0.95  # of the returns that a symbol needs
LEAST: Final = 20  # periods that a decision looks back on at least


@dataclass(frozen=True, slots=True)
class Walk:
    """What became of a strategy.

    Attributes
    ----------
    returns
        Period -> simple return after costs, from the first period after the first decision.
    gross
        The same before costs.
    weights
        Decision (the last period that was known) x symbol: weights after it; what is left to one is cash.
    turnover
        Decision -> sum of the absolute changes of weight, bought and sold each counted.
    cost
        Decision -> cost, fraction of the value then.
    """

    returns: pd.Series
    gross: pd.Series
    weights: pd.DataFrame
    turnover: pd.Series
    cost: pd.Series

    @property
    def growth(self) -> pd.Series:
        """Period -> wealth after costs from 1.0 before the first."""
        grown: pd.Series = (1.0 + self.returns).cumprod()
        return grown


def walk_forward(  # noqa: PLR0913 - how it decides, what it costs, and who is told
    returns: pd.DataFrame, decide: Decide, *, window: int = 504, every: int = 21, cost: float = 0.001, weights: pd.Series | None = None,
    expanding: bool = False, cash_rate: float = 0.0, tell: Tell | None = None,
) -> Walk:  # fmt: skip
    """Return of a strategy that decides on what was known then.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods, n_symbols), fraction; NaN where there was no price.
    decide
        Takes the returns of the `window` periods before, only of symbols that have the last and 95 % of them, and the weights they have drifted
        to; gives the weights wanted.
    window
        Periods that it looks back on, default 504.
    every
        Periods between two decisions, default 21.
    cost
        Of what is traded, bought and sold each counted, fraction; default 0.001.
    weights
        Held before the first decision; default none of it but cash, and the first purchase costs nothing.
    expanding
        Look back on everything before instead of the window; default False.
    cash_rate
        Return of cash a period, default 0.
    tell
        Called with decisions done and in all after each of them; what it answers with False ends the walk there.

    Returns
    -------
    Walk

    Notes
    -----
    Convention: decided and traded at the close of the last period that is known; weights drift in between; a symbol without a return on a
    day stood still; cost = rate x sum of absolute changes of weight, taken from the value before the first period held.

    Raises
    ------
    InvalidInput
        A window below 20, `every` below 1, a cost below 0; weights that are not numbers, or that add up to more than one.
    InsufficientHistory
        No period after the first window.

    References
    ----------
    Pardo, The Evaluation and Optimization of Trading Strategies, 2nd ed., 2008, ch. 11.

    Examples
    --------
    >>> rows = pd.DataFrame({"A": [0.01, -0.02] * 30, "B": [0.0, 0.01] * 30})
    >>> walk = walk_forward(rows, lambda past, now: now * 0.0 + 0.5, window=20, every=10, cost=0.0)
    >>> len(walk.weights), len(walk.returns), round(float(walk.returns.iloc[0]), 6)
    (4, 40, 0.005)
    """
    _check(returns, window, every, cost)
    path = _Path(returns, cost, cash_rate, None if weights is None else weights.reindex(returns.columns).fillna(0.0).to_numpy())
    places = range(window, len(returns), every)
    for done, place in enumerate(places, start=1):
        since = 0 if expanding else place - window
        path.decided(place, _wanted(returns.iloc[since:place], decide, path.held), min(place + every, len(returns)))
        if tell is not None and not tell(done, len(places)):
            break
    return path.told()


class _Path:
    """Weights, and what they made, as the walk goes on."""

    def __init__(self, returns: pd.DataFrame, cost: float, cash_rate: float, held: Floats | None) -> None:
        self.names, self.index = returns.columns, returns.index
        self.cells = np.nan_to_num(returns.to_numpy(dtype=np.float64))
        self.rate, self.cash_rate = cost, cash_rate
        self.free = held is None
        self.held: Floats = np.zeros(returns.shape[1]) if held is None else np.asarray(held, dtype=np.float64)
        self.rows: list[tuple[int, Floats, float, float]] = []
        self.net: list[Floats] = []
        self.gross: list[Floats] = []

    def decided(self, place: int, wanted: Floats, end: int) -> None:
        """Trade to what is wanted after the period before `place`, and hold it up to `end`."""
        turnover = 0.0 if self.free else float(np.abs(wanted - self.held).sum())
        cost = self.rate * turnover
        wealth, self.held = held_through(self.cells[place:end], wanted, self.cash_rate)
        gross = wealth[1:] / wealth[:-1] - 1.0
        net = gross.copy()
        net[0] = (1.0 + gross[0]) * (1.0 - cost) - 1.0
        self.gross.append(gross)
        self.net.append(net)
        self.rows.append((place - 1, wanted, turnover, cost))
        self.free = False

    def told(self) -> Walk:
        """Lay out what came of it."""
        first = self.rows[0][0] + 1
        net = np.concatenate(self.net)
        days, decisions = self.index[first : first + len(net)], self.index[[row[0] for row in self.rows]]
        return Walk(pd.Series(net, index=days), pd.Series(np.concatenate(self.gross), index=days),
                    pd.DataFrame([row[1] for row in self.rows], index=decisions, columns=self.names),
                    pd.Series([row[2] for row in self.rows], index=decisions), pd.Series([row[3] for row in self.rows], index=decisions))


def held_through(cells: Floats, weights: Floats, cash_rate: float = 0.0) -> tuple[Floats, Floats]:
    """Let weights drift through returns.

    Parameters
    ----------
    cells
        ndarray of shape (n_periods, n_symbols), simple returns, no NaN.
    weights
        ndarray of shape (n_symbols,); what is left to one is cash.
    cash_rate
        Return of cash a period.

    Returns
    -------
    wealth
        ndarray of shape (n_periods + 1,), 1.0 first.
    drifted
        ndarray of shape (n_symbols,): weights after the last period.
    """
    parts = weights * np.cumprod(1.0 + cells, axis=0)
    cash = (1.0 - weights.sum()) * (1.0 + cash_rate) ** np.arange(1.0, len(cells) + 1.0)
    wealth = np.concatenate([[1.0], parts.sum(axis=1) + cash])
    return wealth, parts[-1] / wealth[-1] if len(parts) else weights


def _wanted(past: pd.DataFrame, decide: Decide, held: Floats) -> Floats:
    """Ask for weights of the symbols that have a past; the others get none."""
    known = (past.notna().mean(axis=0).ge(ENOUGH) & past.iloc[-1].notna()).to_numpy()
    if not known.any():
        return np.zeros(len(held))
    offered = past.columns[known]
    found = decide(past[offered].fillna(0.0), pd.Series(held[known], index=offered)).reindex(past.columns).fillna(0.0).to_numpy(dtype=np.float64)
    if not np.isfinite(found).all() or found.sum() > 1.0 + 1e-6 or np.abs(found).sum() > 10.0:
        raise InvalidInput("weights", float(found.sum()), "of a decision are not numbers that add up to at most one",
                           hint="Leave what is not invested out: it is cash")
    return found


def _check(returns: pd.DataFrame, window: int, every: int, cost: float) -> None:
    if window < LEAST:
        raise InvalidInput("window", window, f"is below {LEAST}", hint="Use 504 trading days")
    if every < 1:
        raise InvalidInput("every", every, "is below 1", hint="Use 21 for a month")
    if not cost >= 0:
        raise InvalidInput("cost", cost, "is below 0", hint="Use 0.001 for ten basis points")
    if len(returns) <= window:
        raise InsufficientHistory("walk_forward", needed=window + 1, found=len(returns))
