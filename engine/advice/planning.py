"""A plan on many pasts: months drawn again in blocks, with what is paid in and out, inflation, fees and taxes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.columns import Floats
from engine.errors import InsufficientHistory, InvalidInput

LEAST_MONTHS: Final = 24
MOST_YEARS: Final = 80.0
MOST_DRAWS: Final = 20_000
STEPS: Final = 40  # of a bisection
TINY: Final = 1e-9
CLOSE: Final = 1e-6  # of what a bisection looks for


@dataclass(frozen=True, slots=True)
class Plan:
    """Money and the way it takes; amounts of today's money, scaled with inflation unless `nominal`.

    Attributes
    ----------
    value
        Begun with.
    months
        To the end.
    contribution
        Paid in at the end of each of the first `contribution_months` (default all), growing by `contribution_growth` a year above inflation.
    withdrawal
        Taken out, after tax, at the end of each month after `withdrawal_from`.
    lump_sums
        (month, money): paid in (positive) or taken out at the end of a month.
    inflation, inflation_volatility
        A year.
    fee
        A year, of the value.
    tax
        Rate on gains when they are taken; what is not taken is taken at the end.
    nominal
        Nothing is scaled with inflation, and nothing told in today's money.
    """

    value: float
    months: int
    contribution: float = 0.0
    contribution_growth: float = 0.0
    contribution_months: int | None = None
    withdrawal: float = 0.0
    withdrawal_from: int = 0
    lump_sums: tuple[tuple[int, float], ...] = ()
    inflation: float = 0.0
    inflation_volatility: float = 0.0
    fee: float = 0.0
    tax: float = 0.0
    nominal: bool = False


@dataclass(frozen=True, slots=True)
class Futures:
    """What became of a plan.

    Attributes
    ----------
    paths
        ndarray of shape (n_months + 1, n_draws), today's money unless `nominal`; the last after tax on what was gained.
    ruined
        ndarray of shape (n_draws,): month in which a withdrawal could not be paid; 0 where all could.
    paid_in, taken_out, fees, taxes
        ndarrays of shape (n_draws,), in the same money.
    """

    paths: Floats
    ruined: NDArray[np.int64]
    paid_in: Floats
    taken_out: Floats
    fees: Floats
    taxes: Floats

    @property
    def final(self) -> Floats:
        """Value at the end, shape (n_draws,)."""
        last: Floats = self.paths[-1]
        return last


@dataclass(slots=True)
class _Purse:
    """The money of every draw on its way; in money of the month."""

    value: Floats
    basis: Floats
    tax: float
    ruined: NDArray[np.int64]
    taken: Floats = field(init=False)
    taxed: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.taken, self.taxed = np.zeros_like(self.value), np.zeros_like(self.value)

    def put(self, amount: Floats) -> None:
        self.value = self.value + amount
        self.basis = self.basis + amount

    def take(self, amount: Floats, month: int) -> None:
        """Sell as much as leaves the amount after tax on the gain in it; where that is not there, everything."""
        gained = np.clip(1.0 - self.basis / np.where(self.value > 0, self.value, np.inf), 0.0, 1.0)
        wanted = amount / (1.0 - self.tax * gained)
        sold = np.minimum(wanted, self.value)
        short = (wanted > self.value * (1.0 + TINY)) & (amount > 0) & (self.ruined == 0)
        self.ruined = np.where(short, month, self.ruined)
        self.basis = self.basis * (1.0 - sold / np.where(self.value > 0, self.value, 1.0))
        self.value = self.value - sold
        self.taxed, self.taken = sold * self.tax * gained, sold * (1.0 - self.tax * gained)


def futures(returns: Floats, plan: Plan, *, prices: Floats | None = None) -> Futures:
    """Carry a plan through drawn months.

    Parameters
    ----------
    returns
        ndarray of shape (n_months, n_draws), simple returns, fraction; as many months as the plan has.
    plan
        The plan.
    prices
        ndarray of shape (n_months, n_draws): price level at the end of each month, 1.0 now; default by the plan's inflation.

    Returns
    -------
    Futures

    Notes
    -----
    Convention: a month grows, pays its part of the fee, then takes in, then pays out. Gains are taxed in proportion (average cost), losses
    are not refunded. Draws whose money ran out stay at nothing until something is paid in.

    Examples
    --------
    >>> told = futures(np.full((12, 1), 0.01), Plan(1000.0, 12, contribution=100.0))
    >>> round(float(told.final[0]), 4)  # 1000 x 1.01^12 + 100 x (1.01^12 - 1) / 0.01
    2395.0753
    """
    level = price_levels(plan, returns.shape[1], 0) if prices is None else prices
    unit = np.ones_like(level) if plan.nominal else level
    purse = _Purse(np.full(returns.shape[1], plan.value), np.full(returns.shape[1], plan.value), plan.tax,
                   np.zeros(returns.shape[1], dtype=np.int64))
    values = np.empty((plan.months + 1, returns.shape[1]))
    values[0] = plan.value
    told = np.zeros((4, returns.shape[1]))
    for month in range(1, plan.months + 1):
        now = unit[month - 1]
        inflow, outflow = _flows(plan, month)
        grown = purse.value * (1.0 + returns[month - 1])
        fee = grown * (1.0 - (1.0 - plan.fee) ** (1.0 / 12.0))
        purse.value = grown - fee
        purse.put(inflow * now)
        purse.take(outflow * now, month)
        told += np.stack([np.full_like(fee, inflow), purse.taken / now, fee / now, purse.taxed / now])
        values[month] = purse.value / now
    last = plan.tax * np.maximum(purse.value - purse.basis, 0.0) / unit[-1]
    values[-1] -= last
    told[3] += last
    return Futures(values, purse.ruined, *told)


def _flows(plan: Plan, month: int) -> tuple[float, float]:
    """Tell what is paid in and out at the end of a month, in today's money."""
    paying = month <= (plan.months if plan.contribution_months is None else plan.contribution_months)
    inflow = plan.contribution * (1.0 + plan.contribution_growth) ** ((month - 1) // 12) if paying else 0.0
    lump = sum(money for at, money in plan.lump_sums if max(at, 1) == month)
    return inflow + max(lump, 0.0), (plan.withdrawal if month > plan.withdrawal_from else 0.0) + max(-lump, 0.0)


def price_levels(plan: Plan, draws: int, seed: int) -> Floats:
    """Give the price level at the end of each month, shape (n_months, n_draws); yearly inflation is a random walk of its own where it varies."""
    shape = (plan.months, draws)
    monthly = np.full(shape, np.log1p(plan.inflation) / 12.0)
    if plan.inflation_volatility > 0:
        chance = np.random.default_rng(seed)
        years = chance.normal(0.0, plan.inflation_volatility, (-(-plan.months // 12), draws))
        monthly = monthly + np.repeat(years, 12, axis=0)[: plan.months] / 12.0
    return np.asarray(np.exp(np.cumsum(monthly, axis=0)))


def drawn_months(history: Floats, months: int, draws: int, *, block: float = 12.0, seed: int = 7) -> Floats:
    """Draw futures out of a past, in blocks.

    Parameters
    ----------
    history
        ndarray of shape (n_months,), simple returns.
    months, draws
        Of the futures.
    block
        Mean length of a block, months.
    seed
        Of the random numbers.

    Returns
    -------
    ndarray of shape (months, draws)

    Notes
    -----
    Convention: stationary blocks, the past begins anew after its end.

    Raises
    ------
    InsufficientHistory
        Fewer than 24 months.
    InvalidInput
        A block below 1, or numbers of months or draws out of bounds.

    References
    ----------
    Politis and Romano 1994, "The stationary bootstrap", Journal of the American Statistical Association 89.

    Examples
    --------
    >>> drawn_months(np.arange(24.0), 3, 2, block=1e9, seed=1).tolist()
    [[11.0, 12.0], [12.0, 13.0], [13.0, 14.0]]
    """
    known = history[np.isfinite(history)]
    if len(known) < LEAST_MONTHS:
        raise InsufficientHistory("plan", needed=LEAST_MONTHS, found=len(known))
    if not (block >= 1 and months >= 1 and 1 <= draws <= MOST_DRAWS):
        field_name, value = ("block", block) if not block >= 1 else ("months", months) if months < 1 else ("draws", draws)
        raise InvalidInput(field_name, value, "is out of bounds", hint=f"Use a block of 12 months, and 1 to {MOST_DRAWS} draws")
    chance = np.random.default_rng(seed)
    starts = chance.integers(len(known), size=(months, draws))
    fresh = chance.random((months, draws)) < 1.0 / block
    steps = np.arange(months)[:, None]
    since = np.maximum.accumulate(np.where(fresh, steps, 0), axis=0)
    return np.asarray(known[(np.take_along_axis(starts, since, axis=0) + steps - since) % len(known)])


def monthly_returns(returns: pd.Series) -> pd.Series:
    """Compound daily returns to whole months; the first and the last are left out where they are not whole.

    Examples
    --------
    >>> days = pd.bdate_range("2024-01-01", "2024-03-15")
    >>> monthly_returns(pd.Series(0.001, days)).round(4).tolist()
    [0.0233, 0.0212]
    """
    known = returns.dropna()
    if known.empty:
        return known
    grown = (1.0 + known).groupby(pd.DatetimeIndex(known.index).to_period("M")).prod() - 1.0
    first, last = known.index[0], known.index[-1]
    if first - pd.offsets.BDay(3) >= first.replace(day=1):
        grown = grown.iloc[1:]
    return grown.iloc[:-1] if len(grown) and (last + pd.offsets.BDay(3)).month == last.month else grown


def shifted_to(history: Floats, yearly: float) -> Floats:
    """Scale months so that their compound growth is that of a year.

    Examples
    --------
    >>> round(float(np.prod(1 + shifted_to(np.array([0.1, -0.05] * 6), 0.04))), 6)
    1.04
    """
    growth = np.log1p(history)
    return np.asarray(np.expm1(growth - growth.mean() + np.log1p(yearly) / 12.0))


def wilson(share: float, draws: int) -> tuple[float, float]:
    """95 % interval of a share of draws (Wilson 1927).

    Examples
    --------
    >>> tuple(round(bound, 4) for bound in wilson(0.5, 100))
    (0.4038, 0.5962)
    """
    z = 1.959963984540054
    middle = (share + z * z / (2 * draws)) / (1 + z * z / draws)
    width = z / (1 + z * z / draws) * float(np.sqrt(share * (1 - share) / draws + z * z / (4 * draws * draws)))
    return max(middle - width, 0.0), min(middle + width, 1.0)


def sustainable_withdrawal(returns: Floats, plan: Plan, *, confidence: float = 0.9, prices: Floats | None = None) -> float:
    """Largest monthly withdrawal that lasts to the end.

    Parameters
    ----------
    returns, prices
        As in `futures`.
    plan
        Its own withdrawal is not counted.
    confidence
        Share of draws in which it is to last.

    Returns
    -------
    float
        A month, of today's money unless `nominal`; 0 where none lasts.

    References
    ----------
    Bengen 1994, "Determining withdrawal rates using historical data", Journal of Financial Planning.

    Examples
    --------
    >>> round(sustainable_withdrawal(np.zeros((10, 1)), Plan(1000.0, 10)), 2)
    100.0
    """
    def lasts(amount: float) -> bool:
        told = futures(returns, replace(plan, withdrawal=amount), prices=prices)
        return float((told.ruined == 0).mean()) >= confidence - TINY

    if plan.withdrawal_from >= plan.months or not lasts(TINY):
        return 0.0
    start = max(plan.value / plan.months, plan.contribution, 1.0)
    return _largest(lasts, start)


def contribution_needed(returns: Floats, plan: Plan, goal: float, *, confidence: float = 0.9, prices: Floats | None = None) -> float:
    """Smallest monthly contribution that reaches a goal.

    Parameters
    ----------
    returns, prices
        As in `futures`.
    plan
        Its own contribution is not counted.
    goal
        At the end.
    confidence
        Share of draws in which it is to be reached.

    Returns
    -------
    float
        A month; NaN where none does within a hundred times the goal.

    Examples
    --------
    >>> round(contribution_needed(np.zeros((10, 1)), Plan(0.0, 10), 1000.0), 4)
    100.0
    """
    def misses(amount: float) -> bool:
        told = futures(returns, replace(plan, contribution=amount), prices=prices)
        return float(((told.final >= goal * (1.0 - TINY)) & (told.ruined == 0)).mean()) < confidence - TINY

    if not misses(0.0):
        return 0.0
    most = max(goal, 1.0)
    if misses(100.0 * most):
        return float("nan")
    return _largest(misses, most / plan.months)


def _largest(holds: Callable[[float], bool], start: float) -> float:
    """Find where a rule that holds for small numbers ends to hold."""
    low, high = 0.0, start
    while holds(high):
        low, high = high, 2.0 * high
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if holds(middle) else (low, middle)
        if high - low <= CLOSE * high:
            break
    return (low + high) / 2.0
