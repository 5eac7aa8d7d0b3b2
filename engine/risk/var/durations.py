"""Whether the time between losses beyond the value at risk has a memory."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.columns import Floats, Table
from engine.risk.sample import Sample, level_of
from engine.risk.var.coverage import Verdict, p_value, read_hits, told
from engine.risk.var.garch import aligned
from engine.risk.var.search import least
from engine.risk.var.ways import whole

_LOGS = np.linspace(np.log(0.05), np.log(20.0), 25)
_SHORTEST = 1e-12


class Spells(NamedTuple):
    """Durations of all columns in one row: how long, of which column, and whether the end was seen."""

    length: Floats
    column: np.ndarray[tuple[int], np.dtype[np.intp]]
    ended: np.ndarray[tuple[int], np.dtype[np.bool_]]


def duration_test(violations: Table, *, simulations: int = 0, level: float = 0.95, seed: int = 7) -> Verdict:
    """Whether the time between losses beyond the forecast has no memory.

    Parameters
    ----------
    violations
        1 or True for each period whose loss exceeded its value at risk, in order; NaN where there was no forecast.
    simulations
        0 (default) takes the p-value from chi-squared; else from the statistics of so many right models of as many periods.
    level, seed
        Of these models.

    Returns
    -------
    Series or DataFrame
        statistic, p_value, shape (of the Weibull distribution: 1 has no memory, below 1 they cluster), durations; a row a series for
        a frame. NaN of fewer than two violations, or of durations that are all of one length.

    Notes
    -----
    Convention: likelihood ratio of a Weibull against an exponential distribution of the days between violations, against chi-squared
    of one degree; the time before the first and after the last is censored. Days are whole and the distribution is not, so that
    chi-squared rejects a tenth of right models at 5 %; simulated p-values (Dufour) hold their size, as the article advises.

    Raises
    ------
    InvalidInput
        A cell that is not 0 or 1, simulations below 0, a level outside of 0 to 1.

    References
    ----------
    Christoffersen and Pelletier, Backtesting Value-at-Risk: A Duration-Based Approach, 2004, eq. 17 to 20.

    Examples
    --------
    >>> hits = [0, 1, 0, 0, 1] + [0] * 40 + [1, 0, 1, 1, 0]
    >>> bool(duration_test(hits)["shape"] < 1)
    True
    """
    share = 1.0 - level_of(level)
    cells = aligned(Sample(read_hits(violations)))
    statistic, shape, count = _judged(cells)
    chance = p_value(statistic, 1)
    if simulations:
        drawn = np.random.default_rng(seed).random((len(cells), whole("simulations", simulations))) < share
        others = np.sort(np.nan_to_num(_judged(drawn.astype(np.float64))[0]))
        rarer = (1.0 + len(others) - np.searchsorted(others, statistic - 1e-9)) / (1.0 + len(others))
        chance = np.where(np.isnan(statistic), np.nan, rarer)
    return told(violations, {"statistic": statistic, "p_value": chance, "shape": shape, "durations": count})


def _judged(cells: Floats) -> tuple[Floats, Floats, Floats]:
    """Statistic, shape and number of durations of each column."""
    spells, n_series = _spells(cells), cells.shape[1]
    ended = np.bincount(spells.column[spells.ended], minlength=n_series).astype(np.float64)
    shape = _most_likely(spells, ended, n_series)
    statistic = np.maximum(2.0 * (_height(shape, spells, ended) - _height(np.ones(n_series), spells, ended)), 0.0)
    return statistic, shape, np.bincount(spells.column, minlength=n_series).astype(np.float64)


def _spells(cells: Floats) -> Spells:
    column, row = np.nonzero(cells.T == 1.0)
    first = np.append(True, column[1:] != column[:-1])[:len(column)]
    last = np.append(column[1:] != column[:-1], True)[:len(column)]
    start = np.argmax(~np.isnan(cells), axis=0) if len(cells) else np.zeros(cells.shape[1], dtype=np.intp)
    between = np.diff(row, prepend=0)
    lead, trail = row[first] - start[column[first]] + 1.0, len(cells) - 1.0 - row[last]
    began = lead > 1.0  # a violation on the very first day ends no spell that was seen
    left = trail > 0.0
    length = np.concatenate([between[~first], lead[began], trail[left]]).astype(np.float64)
    owner = np.concatenate([column[~first], column[first][began], column[last][left]])
    ended = np.concatenate([np.ones((~first).sum(), dtype=bool), np.zeros(int(began.sum() + left.sum()), dtype=bool)])
    return Spells(length, owner, ended)


def _most_likely(spells: Spells, ended: Floats, n_series: int) -> Floats:
    found = np.exp(least(lambda log: -_height(np.exp(log), spells, ended), _LOGS, n_series))
    same = np.abs(found - np.exp(_LOGS[-1])) < 1e-3  # lengths that are all one: the likelihood has no end
    return np.where((ended >= 1) & ~same, found, np.nan)


def _height(shape: Floats, spells: Spells, ended: Floats) -> Floats:
    """Log likelihood, the scale at its best for the shape."""
    n_series = len(shape)
    logs = np.log(np.maximum(spells.length, _SHORTEST))
    # By logs: a long spell to a high power is no float.
    raised = np.nan_to_num(shape)[spells.column] * logs
    top = np.full(n_series, -np.inf)
    np.maximum.at(top, spells.column, raised)
    top = np.where(np.isfinite(top), top, 0.0)
    total = np.log(np.maximum(np.bincount(spells.column, weights=np.exp(raised - top[spells.column]), minlength=n_series), _SHORTEST)) + top
    seen = np.bincount(spells.column[spells.ended], weights=logs[spells.ended], minlength=n_series)
    count = np.where(ended > 0, ended, np.nan)
    return np.asarray(count * (np.log(shape) + np.log(count) - total) + (shape - 1.0) * seen - count)
