"""How far any figure can be trusted: the same figure on returns drawn again in blocks, so that what hangs together stays together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from engine.columns import Floats, Table, cells_of
from engine.errors import InsufficientHistory, InvalidInput
from engine.returns import one_of
from engine.risk.sample import level_of

METHODS = ("stationary", "circular")
COLUMNS = ["estimate", "lower", "upper", "standard_error"]
_BLOCK_CELLS = 4_000_000  # returns that are laid out at once: 32 MB
Rule = Callable[[Any], Any]


def bootstrap_interval(
    returns: Table, figure: Rule | Mapping[str, Rule], *, level: float = 0.95, draws: int = 1000, block: float | None = None,
    method: str = "stationary", seed: int = 7,
) -> pd.Series | pd.DataFrame:  # fmt: skip
    """Interval that a figure lies in, by drawing blocks of returns.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,) or (n_periods, n_series), fraction. A benchmark can be one of the columns of a frame.
    figure
        Function of returns that gives one number a series, such as `sharpe_ratio`; or several by name.
    level
        Confidence of the interval, default 0.95.
    draws
        How often the history is drawn anew, default 1000.
    block
        Mean length of a block in periods; default the cube root of their number.
    method
        ``stationary`` (default): lengths vary geometrically; ``circular``: all are the same.
    seed
        Of the random numbers, default 7: the same call gives the same answer.

    Returns
    -------
    Series or DataFrame
        `estimate lower upper standard_error`: a Series for one series and one figure, else a row a series, a figure, or both.

    Notes
    -----
    Convention: percentile interval; draws in which the figure has no answer are left out; all series of a frame are drawn on the same
    periods, and a missing return stays missing.

    Raises
    ------
    InvalidInput
        A cell is not a number, a level outside of 0 to 1, fewer than two draws, a block below 1, or an unknown method.
    InsufficientHistory
        Fewer than two periods.

    References
    ----------
    Politis and Romano 1994, "The stationary bootstrap", Journal of the American Statistical Association 89; Politis and Romano 1992 for
    the circular one; Hall, Horowitz and Jing 1995 for the length of blocks.

    Examples
    --------
    >>> bootstrap_interval([0.02, -0.01, 0.03, 0.0], lambda cells: np.mean(cells, axis=0), draws=200)["estimate"].round(6)
    np.float64(0.01)
    """
    level_of(level)
    one_of("method", method, METHODS)
    cells = cells_of(returns)
    _check(len(cells), draws, block)
    places = drawn_periods(len(cells), draws, block or len(cells) ** (1.0 / 3.0), method, seed)
    rules = figure if isinstance(figure, Mapping) else {"": figure}
    names = returns.columns if isinstance(returns, pd.DataFrame) else pd.RangeIndex(cells.shape[1])
    found = {name: _interval(cells, rule, places, level, names) for name, rule in rules.items()}
    return _shaped(found, one_series=np.ndim(returns) == 1, one_figure=not isinstance(figure, Mapping))


def drawn_periods(length: int, draws: int, block: float, method: str, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """Choose the periods of each new history.

    Parameters
    ----------
    length
        Periods of a history.
    draws
        Histories.
    block
        Mean length of a block.
    method
        ``stationary`` or ``circular``.
    seed
        Of the random numbers.

    Returns
    -------
    ndarray of shape (length, draws)
        Places in the history that was, which begins anew after its end.
    """
    chance = np.random.default_rng(seed)
    starts = chance.integers(length, size=(length, draws))
    if method == "circular":
        fresh = np.broadcast_to((np.arange(length) % max(round(block), 1) == 0)[:, None], starts.shape)
    else:
        fresh = chance.random((length, draws)) < 1.0 / block
    steps = np.arange(length)[:, None]
    since = np.maximum.accumulate(np.where(fresh, steps, 0), axis=0)
    places: np.ndarray[tuple[int, ...], np.dtype[np.intp]] = (np.take_along_axis(starts, since, axis=0) + steps - since) % length
    return places


def _interval(cells: Floats, rule: Rule, places: Any, level: float, names: pd.Index) -> pd.DataFrame:  # noqa: ANN401 - places of periods
    """Rows of one figure: series by series of draws, as many at once as fit."""
    estimate = _values(rule, cells)
    width = max(_BLOCK_CELLS // max(cells.size, 1), 1)
    pieces = [_values(rule, _laid(cells, places[:, start : start + width])) for start in range(0, places.shape[1], width)]
    drawn = np.concatenate([piece.reshape(cells.shape[1], -1) for piece in pieces], axis=1)
    columns = [estimate, *_bounds(drawn, level)]
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)), index=names)


def _laid(cells: Floats, places: Any) -> Floats:  # noqa: ANN401 - places of periods
    """Histories beside each other, those of the first series first."""
    laid: Floats = cells[places].transpose(0, 2, 1).reshape(len(cells), -1)
    return laid


def _values(rule: Rule, cells: Floats) -> Floats:
    found: Floats = np.asarray(rule(cells), dtype=np.float64)
    if found.shape != (cells.shape[1],):
        raise InvalidInput("figure", found.shape, "does not give one number a series", hint="Use a function such as sharpe_ratio")
    return found


def _bounds(drawn: Floats, level: float) -> list[Floats]:
    """Lower and upper percentile, and the deviation, of the draws that have an answer."""
    known = np.isfinite(drawn)
    ordered = np.sort(np.where(known, drawn, np.nan), axis=1)
    counts = known.sum(axis=1)
    return [*(_at(ordered, counts, share) for share in ((1.0 - level) / 2.0, (1.0 + level) / 2.0)), _deviation(drawn, known, counts)]


def _at(ordered: Floats, counts: Any, share: float) -> Floats:  # noqa: ANN401 - whole numbers
    place = np.maximum(counts - 1, 0) * share
    low = np.floor(place).astype(np.intp)
    high = np.minimum(low + 1, np.maximum(counts - 1, 0))
    rows = np.arange(len(ordered))
    found: Floats = ordered[rows, low] + (place - low) * (ordered[rows, high] - ordered[rows, low])
    return found


def _deviation(drawn: Floats, known: Any, counts: Any) -> Floats:  # noqa: ANN401 - flags and whole numbers
    filled = np.where(known, drawn, 0.0)
    mean = filled.sum(axis=1) / np.maximum(counts, 1)
    squares = (np.where(known, filled - mean[:, None], 0.0) ** 2).sum(axis=1)
    return np.asarray(np.sqrt(squares / np.where(counts > 1, counts - 1, np.nan)))


def _shaped(found: dict[str, pd.DataFrame], *, one_series: bool, one_figure: bool) -> pd.Series | pd.DataFrame:
    if one_figure:
        rows = found[""]
        return rows.iloc[0].rename(None) if one_series else rows
    return pd.DataFrame({name: rows.iloc[0] for name, rows in found.items()}).T if one_series else pd.concat(found, names=["figure", "series"])


def _check(length: int, draws: int, block: float | None) -> None:
    if length < 2:
        raise InsufficientHistory("bootstrap_interval", needed=2, found=length)
    if draws < 2:
        raise InvalidInput("draws", draws, "is below 2", hint="Use 1000")
    if block is not None and not block >= 1:
        raise InvalidInput("block", block, "is below 1", hint="Leave it empty for the cube root of the number of periods")
