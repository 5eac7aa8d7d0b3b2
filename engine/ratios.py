"""Figures of practice beside value and return: break-even, turnover, yields, rates of fees and taxes, cash drag."""

from __future__ import annotations

import numpy as np

from engine.columns import Figure, Floats, Table, cells_of, series_like
from engine.errors import InvalidInput
from engine.returns import linked_growth, one_of

NAN = float("nan")


def _share(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole > 0 else NAN


def break_even_price(cost: float, quantity: float, *, exit_cost: float = 0.0, option_income: float = 0.0) -> float:
    """Price at which a holding can be sold without gain or loss.

    Parameters
    ----------
    cost, quantity
        Cost basis, and units held; both negative for a short.
    exit_cost
        What the sale is expected to cost.
    option_income
        Premiums earned on the holding.

    Returns
    -------
    float
        (cost + exit cost - option income) / quantity, a unit; NaN where nothing is held.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution.

    Examples
    --------
    >>> break_even_price(1000.0, 10.0, exit_cost=20.0, option_income=50.0)
    97.0
    """
    return (cost + exit_cost - option_income) / quantity if quantity else NAN


def turnover(buys: float, sells: float, average_value: float, *, method: str = "minimum") -> float:
    """Trading of a window against the value that was managed.

    Parameters
    ----------
    buys, sells
        Sums of purchases and of sales, both positive.
    average_value
        Mean value of the window.
    method
        ``minimum`` (default), the lesser of both, or ``mean``, half of both together.

    Returns
    -------
    float
        Fraction of the window, not annualised; NaN where the value is not above zero.

    Raises
    ------
    InvalidInput
        An unknown method.

    References
    ----------
    SEC Form N-1A, item 13, instruction 4(d): the lesser of purchases or sales over the average value.

    Examples
    --------
    >>> turnover(300.0, 100.0, 1000.0), turnover(300.0, 100.0, 1000.0, method="mean")
    (0.1, 0.2)
    """
    one_of("method", method, ("minimum", "mean"))
    return _share(min(buys, sells) if method == "minimum" else 0.5 * (buys + sells), average_value)


def fee_rate(fees: float, average_value: float) -> float:
    """Fees against the mean value, or against the volume traded.

    Parameters
    ----------
    fees, average_value
        Of one window.

    Returns
    -------
    float
        Fraction; NaN where there is nothing to divide by.

    Examples
    --------
    >>> fee_rate(5.0, 1000.0)
    0.005
    """
    return _share(fees, average_value)


def tax_rate(taxes: float, pre_tax_gain: float) -> float:
    """Taxes paid against the gain before them.

    Parameters
    ----------
    taxes, pre_tax_gain
        Of one window.

    Returns
    -------
    float
        Fraction; NaN where there was no gain.

    Examples
    --------
    >>> tax_rate(26.0, 104.0)
    0.25
    """
    return _share(taxes, pre_tax_gain)


def dividend_yield(dividends_per_share: float, price: float, *, frequency: float = 1.0) -> float:
    """Dividends of a year against the price.

    Parameters
    ----------
    dividends_per_share
        Sum of the last twelve months (trailing), or one announced payment (forward).
    price
        Of one share.
    frequency
        Payments a year of an announced one; 1 (default) for a sum of twelve months.

    Returns
    -------
    float
        Fraction a year; NaN where the price is not above zero.

    References
    ----------
    CFA curriculum, Equity: dividend yield, trailing and leading.

    Examples
    --------
    >>> dividend_yield(3.0, 100.0), dividend_yield(0.8, 100.0, frequency=4)
    (0.03, 0.032)
    """
    return _share(dividends_per_share * frequency, price)


def yield_on_cost(dividends_per_share: float, quantity: float, cost: float) -> float:
    """Dividends of twelve months against what was paid.

    Parameters
    ----------
    dividends_per_share
        Sum of the last twelve months.
    quantity, cost
        Units held and their cost.

    Returns
    -------
    float
        Fraction a year; NaN where the cost is not above zero.

    Examples
    --------
    >>> yield_on_cost(3.0, 10.0, 600.0)
    0.05
    """
    return _share(dividends_per_share * quantity, cost)


def cash_drag(cash_weight: float, invested_return: float, cash_return: float = 0.0) -> float:
    """Return that holding cash has cost.

    Parameters
    ----------
    cash_weight
        Mean share of cash, fraction.
    invested_return, cash_return
        Returns of what was invested and of cash, fraction.

    Returns
    -------
    float
        w (r invested - r cash), fraction: positive where cash earned less.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution.

    Examples
    --------
    >>> round(cash_drag(0.1, 0.08, 0.02), 6)
    0.006
    """
    return cash_weight * (invested_return - cash_return)


def rolling_return(returns: Table, window: int) -> Figure:
    """Return of the last periods up to each period.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction.
    window
        Number of periods.

    Returns
    -------
    Series, DataFrame or ndarray
        Same shape and index, fraction of the window, not annualised; NaN until the window is full.

    Notes
    -----
    Convention: compounded; a window with a missing return is NaN.

    Raises
    ------
    InvalidInput
        A window of no period, or a cell that is not a number.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution.

    Examples
    --------
    >>> rolling_return([0.1, 0.1, -0.5], 2).round(6).tolist()
    [nan, 0.21, -0.45]
    """
    if window < 1:
        raise InvalidInput("window", window, "is no number of periods", hint="Use 1 or more")
    cells = cells_of(returns)
    rolled: Floats = np.full(cells.shape, np.nan)
    for end in range(window, len(cells) + 1):
        rolled[end - 1] = linked_growth(cells[end - window : end])
    return series_like(returns, rolled)
