"""Combinatorial purged splits: many pasts out of one, for strategies whose weights are an estimate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd

from engine.columns import Floats
from engine.errors import InsufficientHistory, InvalidInput

LEAST_FOLD: Final = 20  # periods of a fold
FOLDS, TESTED, EMBARGO = 8, 2, 5
Places = np.ndarray[tuple[int], np.dtype[np.intp]]


def purged_paths(
    returns: pd.DataFrame, fit: Callable[[pd.DataFrame], pd.Series], *, folds: int = FOLDS, tested: int = TESTED, embargo: int = EMBARGO,
    go_on: Callable[[], bool] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Out-of-sample returns of an estimated strategy along every path that combined folds make.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods, n_symbols), fraction, no NaN.
    fit
        Takes the periods that are not tested, with a gap around those that are, and gives weights.
    folds, tested
        Parts that time is cut into, default 8, and how many of them are tested at once, default 2: 28 fits, 7 paths.
    embargo
        Periods left out before what is tested, default 5; after it twice as many: purged, and an embargo.
    go_on
        Asked before each fit; False ends it with what is there.

    Returns
    -------
    DataFrame
        Period x path, simple returns of weights kept constant; before costs. NaN where it was ended early.

    Notes
    -----
    Convention: what comes after a tested fold is learnt from too, so this says how much of a result hangs on the one past there was, not what
    would have been earned; that is `walk_forward`.

    Raises
    ------
    InvalidInput
        Folds that cannot be combined so.
    InsufficientHistory
        Fewer than 20 periods a fold.

    References
    ----------
    Lopez de Prado, Advances in Financial Machine Learning, 2018, ch. 12; a test holds the splits to those of skfolio.

    Examples
    --------
    >>> rows = pd.DataFrame(np.random.default_rng(1).normal(0.0, 0.01, (400, 2)), columns=["A", "B"])
    >>> purged_paths(rows, lambda past: past.iloc[0] * 0.0 + 0.5).shape
    (400, 7)
    """
    cells = returns.to_numpy(dtype=np.float64)
    paths: Floats = np.full((len(returns), path_count(folds, tested)), np.nan)
    for known, parts in purged_splits(len(returns), folds=folds, tested=tested, embargo=embargo):
        if go_on is not None and not go_on():
            break
        weights = fit(returns.iloc[known]).reindex(returns.columns).fillna(0.0).to_numpy(dtype=np.float64)
        for path, part in parts:
            paths[part, path] = cells[part] @ weights
    return pd.DataFrame(paths, index=returns.index)


def path_count(folds: int = FOLDS, tested: int = TESTED) -> int:
    """Tell how many paths combined folds make: each fold is tested once on each of them.

    Examples
    --------
    >>> path_count(8, 2)
    7
    """
    return len(list(combinations(range(folds - 1), tested - 1)))


def purged_splits(
    count: int, *, folds: int = FOLDS, tested: int = TESTED, embargo: int = EMBARGO,
) -> Iterator[tuple[Places, list[tuple[int, Places]]]]:  # fmt: skip
    """Lay combinatorial purged splits out: the periods that are learnt from, and the path and periods of each fold that is tested.

    Parameters
    ----------
    count
        Periods.
    folds, tested, embargo
        As in `purged_paths`.

    Raises
    ------
    InvalidInput
        Folds that cannot be combined so.
    InsufficientHistory
        Fewer than 20 periods a fold.
    """
    if not 1 <= tested < folds <= 20:
        raise InvalidInput("folds", folds, f"cannot be tested {tested} at once", hint="Use 8 folds and test 2 at once")
    if count < folds * LEAST_FOLD:
        raise InsufficientHistory("purged_paths", needed=folds * LEAST_FOLD, found=count)
    size = count // folds
    parts = [np.arange(fold * size, count if fold == folds - 1 else (fold + 1) * size) for fold in range(folds)]
    seen = [0] * folds
    for chosen in combinations(range(folds), tested):
        learnt = np.ones(count, dtype=np.bool_)
        for fold in chosen:
            learnt[max(int(parts[fold][0]) - embargo, 0) : int(parts[fold][-1]) + 1 + 2 * embargo] = False
        yield np.flatnonzero(learnt), [(seen[fold], parts[fold]) for fold in chosen]
        for fold in chosen:
            seen[fold] += 1
