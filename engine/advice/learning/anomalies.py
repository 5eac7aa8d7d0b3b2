"""Prices and transactions that stand out, and whether a model finds faults that were planted better than a plain rule does."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.advice.learning.scores import Score, scored
from engine.columns import Floats
from engine.errors import InsufficientHistory
from engine.risk.var.garch import recursed

NAIVE: Final = "plain"
PRICE_MODELS: Final = ("peers", "forest")
TRANSACTION_MODELS: Final = ("sides", "forest")
DECAY: Final = 0.97
WARM: Final = 60  # periods before anything is said
LEAST_PERIODS: Final = 400
LEAST_TRANSACTIONS: Final = 60
ALARMS: Final = 1.0 / 500.0  # of cells that are in order and flagged all the same
PLANTED: Final = 400  # faults a trial
TREES: Final = 100
FLOORS: Final = (0.05, 0.002, 0.0005)  # of size, price and fee: less is no deviation
Mask = NDArray[np.bool_]


def price_features(returns: Floats) -> Floats:
    """Tell of each return how far out it is, from what was known before it and from what the others did on the day.

    Parameters
    ----------
    returns
        ndarray of shape (n_periods, n_series), no NaN.

    Returns
    -------
    ndarray of shape (n_periods, n_series, 3)
        In deviations: of the return by the mean square of all before it; of the return by the fading one; of what is left after the mean of the
        others (times the slope on it so far) by the fading deviation of that.
    """
    rest = _rest(returns)
    plain = np.sqrt(np.maximum(_before(np.cumsum(returns**2, axis=0) / np.arange(1.0, len(returns) + 1)[:, None]), 1e-12))
    fading, own = (np.sqrt(np.maximum(_before(_faded(cells**2)), 1e-12)) for cells in (returns, rest))
    return np.stack([np.abs(returns) / plain, np.abs(returns) / fading, np.abs(rest) / own], axis=2)


def price_scores(features: Floats, *, trees: int = TREES, seed: int = 7, learnt: int | None = None) -> dict[str, Floats]:
    """Give each return a score by every model, larger the odder.

    Parameters
    ----------
    features
        Of `price_features`.
    trees, seed
        Of the forest.
    learnt
        Periods that the forest learns from; default all.

    Returns
    -------
    dict
        Model -> ndarray of shape (n_periods, n_series): ``plain``, ``peers`` and ``forest``.

    References
    ----------
    Liu, Ting and Zhou 2008, "Isolation forest".
    """
    rows = features[WARM:learnt].reshape(-1, features.shape[2])
    odd = _forest(np.log1p(rows), np.log1p(features.reshape(-1, features.shape[2])), trees, seed)
    return {NAIVE: features[:, :, 0], "peers": features[:, :, 2], "forest": odd.reshape(features.shape[:2])}


def price_anomaly_scores(returns: Floats, *, trees: int = TREES, seed: int = 7) -> list[Score]:
    """Plant wrong prices in the second half and score which models miss fewer of them.

    Parameters
    ----------
    returns
        ndarray of shape (n_periods, n_series), no NaN.
    trees, seed
        Of the forest and of the faults.

    Returns
    -------
    list of Score
        Loss ``missed``: 1 for a fault that was not flagged. Every model flags as much of what is in order: one in 500 of the first half.

    Notes
    -----
    Convention: a fault is a close that is off by 2 to 12 deviations of its own last year for one day, one at a time, so that it moves nothing else.

    Raises
    ------
    InsufficientHistory
        Fewer than 400 periods.
    """
    if len(returns) < LEAST_PERIODS:
        raise InsufficientHistory("price anomalies", needed=LEAST_PERIODS, found=len(returns))
    half = len(returns) // 2
    clean = price_features(returns)
    chance = np.random.default_rng(seed)
    rows, columns = chance.integers(half, len(returns), PLANTED), chance.integers(0, returns.shape[1], PLANTED)
    year = np.stack([returns[row - half : row, column].std() for row, column in zip(rows, columns, strict=True)])
    sizes = chance.choice([-1.0, 1.0], PLANTED) * chance.uniform(2.0, 12.0, PLANTED) * np.maximum(year, 1e-6)
    faulty = _planted(returns, clean, rows, columns, sizes)
    scores = price_scores(np.concatenate([clean, faulty[:, None, :].repeat(returns.shape[1], axis=1)]), trees=trees, seed=seed, learnt=half)
    missed = {}
    for name, told in scores.items():
        border = np.quantile(told[WARM:half], 1.0 - ALARMS)
        missed[name] = (told[len(returns) :, 0] <= border).astype(np.float64)
    return [scored("price_anomalies", name, "missed", missed[name], missed[NAIVE]) for name in PRICE_MODELS]


def _planted(returns: Floats, clean: Floats, rows: Any, columns: Any, sizes: Floats) -> Floats:  # noqa: ANN401 - places
    """Features of each fault by itself: deviations are those of before, which it does not touch."""
    rest = _rest(returns)
    deviations = np.stack([np.abs(returns), np.abs(returns), np.abs(rest)], axis=2)[rows, columns] / np.maximum(clean[rows, columns], 1e-12)
    moved = np.abs(np.stack([returns[rows, columns] + sizes, returns[rows, columns] + sizes, rest[rows, columns] + sizes], axis=1))
    return np.asarray(moved / np.maximum(deviations, 1e-9))


def transaction_scores(features: Floats, *, trees: int = TREES, seed: int = 7, learnt: int | None = None) -> dict[str, Floats]:
    """Give each transaction a score, larger the odder.

    Parameters
    ----------
    features
        ndarray of shape (n_transactions, n_features): the size first, on a log scale; the rest already told from what is usual.
    trees, seed
        Of the forest.
    learnt
        Transactions that are learnt from; default all.

    Returns
    -------
    dict
        Model -> ndarray of shape (n_transactions,): ``plain`` is how far the size is from the median, in median deviations; ``sides`` the
        farthest of all features; ``forest`` an isolation forest.
    """
    known = features[:learnt]
    far = deviations(features, known)
    return {NAIVE: far[:, 0], "sides": far.max(axis=1), "forest": _forest(known, features, trees, seed)}


def deviations(features: Floats, known: Floats) -> Floats:
    """Tell how far each feature is from the median of what is known, in median deviations that are not below what is usual.

    Examples
    --------
    >>> deviations(np.array([[8.0, 0.1, 0.0]]), np.zeros((3, 3)) + [7.0, 0.0, 0.0]).round(1).tolist()
    [[20.0, 50.0, 0.0]]
    """
    middle = np.median(known, axis=0)
    return np.asarray(np.abs(features - middle) / np.maximum(np.median(np.abs(known - middle), axis=0), FLOORS))


def transaction_anomaly_scores(features: Floats, *, trees: int = TREES, seed: int = 7) -> list[Score]:
    """Plant wrong transactions in the second half and score which models miss fewer of them.

    Parameters
    ----------
    features
        As in `transaction_scores`: log size, log of price over the close, log of one plus fee over size.
    trees, seed
        Of the forest and of the faults.

    Notes
    -----
    Convention: faults are a size times 10 or over 10, a price off by 10 to 50 %, a fee of 5 to 20 % of the size, alike; one in 20 in order
    may be flagged.

    Raises
    ------
    InsufficientHistory
        Fewer than 60 transactions.
    """
    if len(features) < LEAST_TRANSACTIONS:
        raise InsufficientHistory("transaction anomalies", needed=LEAST_TRANSACTIONS, found=len(features))
    half = len(features) // 2
    chance = np.random.default_rng(seed)
    faulty = features[chance.integers(half, len(features), PLANTED)].copy()
    kind = chance.integers(0, 3, PLANTED)
    sign = chance.choice([-1.0, 1.0], PLANTED)
    faulty[kind == 0, 0] += (sign * np.log(10.0))[kind == 0]
    faulty[kind == 1, 1] += (sign * np.log1p(chance.uniform(0.1, 0.5, PLANTED)))[kind == 1]
    faulty[kind == 2, 2] = np.log1p(chance.uniform(0.05, 0.2, PLANTED))[kind == 2]
    told = transaction_scores(np.concatenate([features, faulty]), trees=trees, seed=seed, learnt=half)
    missed = {name: (each[len(features) :] <= np.quantile(each[:half], 0.95)).astype(np.float64) for name, each in told.items()}
    return [scored("transaction_anomalies", name, "missed", missed[name], missed[NAIVE]) for name in TRANSACTION_MODELS]


def _forest(known: Floats, asked: Floats, trees: int, seed: int) -> Floats:
    from sklearn.ensemble import IsolationForest  # type: ignore[import-untyped]  # noqa: PLC0415  # seconds of every start

    return np.asarray(-IsolationForest(n_estimators=trees, random_state=seed).fit(known).score_samples(asked), dtype=np.float64)


def _rest(returns: Floats) -> Floats:
    """Give what is left of each return after the mean of the others, times the slope on it so far; the return itself where it is alone."""
    count = returns.shape[1]
    if count < 2:
        return returns
    others = (returns.sum(axis=1, keepdims=True) - returns) / (count - 1)
    slope = _before(_faded(returns * others)) / np.maximum(_before(_faded(others**2)), 1e-12)
    return np.asarray(returns - np.clip(slope, -3.0, 3.0) * others)


def _faded(cells: Floats) -> Floats:
    start = np.abs(cells[:WARM]).mean(axis=0)
    return recursed((1.0 - DECAY) * cells, np.full_like(start, DECAY), start)


def _before(path: Floats) -> Floats:
    """Give what was known the period before."""
    return np.concatenate([path[:1], path[:-1]])
