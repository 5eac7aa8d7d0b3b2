"""Combinatorial purged splits: many pasts out of one, for strategies whose weights are an estimate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd

from engine.columns import Floats
from engine.errors import InsufficientHistory, InvalidInput

LEAST_FOLD: Final = 20  # periods of a fold
FOLDS, TESTED, EMBARGO = 8, 2, 5


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
        Periods left out on both sides of what is tested, default 5.
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
    Lopez de Prado, Advances in Financial Machine Learning, 2018, ch. 12; the splits are skfolio's.

    Examples
    --------
    >>> rows = pd.DataFrame(np.random.default_rng(1).normal(0.0, 0.01, (400, 2)), columns=["A", "B"])
    >>> purged_paths(rows, lambda past: past.iloc[0] * 0.0 + 0.5).shape
    (400, 7)
    """
    if not 1 <= tested < folds <= 20:
        raise InvalidInput("folds", folds, f"cannot be tested {tested} at once", hint="Use 8 folds and test 2 at once")
    if len(returns) < folds * LEAST_FOLD:
        raise InsufficientHistory("purged_paths", needed=folds * LEAST_FOLD, found=len(returns))
    from skfolio.model_selection import CombinatorialPurgedCV  # noqa: PLC0415  # seconds of every start

    splits = CombinatorialPurgedCV(n_folds=folds, n_test_folds=tested, purged_size=embargo, embargo_size=embargo)
    cells, places = returns.to_numpy(dtype=np.float64), splits.get_path_ids()
    paths: Floats = np.full((len(returns), splits.n_test_paths), np.nan)
    for (known, parts), own in zip(splits.split(returns), places, strict=True):
        if go_on is not None and not go_on():
            break
        weights = fit(returns.iloc[known]).reindex(returns.columns).fillna(0.0).to_numpy(dtype=np.float64)
        for part, path in zip(parts, own, strict=True):
            paths[part, path] = cells[part] @ weights
    return pd.DataFrame(paths, index=returns.index)
