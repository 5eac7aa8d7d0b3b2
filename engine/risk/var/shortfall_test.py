"""Whether losses beyond the value at risk were as deep as the expected shortfall said."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from engine.columns import Floats, Table, cells_of
from engine.errors import MisalignedSeries
from engine.returns import one_of
from engine.risk.sample import level_of
from engine.risk.var.coverage import Verdict, told
from engine.risk.var.ways import Ways, whole

TAIL_SHAPES = ("normal", "exponential")
_CHUNK = 4_000_000  # random numbers at once: 32 MB


def acerbi_szekely_test(returns: Table, value_at_risk: Table, expected_shortfall: Table, *, level: float = 0.95, simulations: int = 2_000,
                        seed: int = 7, tail_shape: str = "normal") -> Verdict:
    """Whether losses beyond value at risk were as deep as was forecast.

    Parameters
    ----------
    returns
        Simple returns of shape (n_periods,), or one column a model, fraction.
    value_at_risk, expected_shortfall
        Forecasts for the same periods, positive for a loss: a Series, or a frame with a column a model.
    level
        Of both, default 0.95.
    simulations, seed
        Of the returns that would have come had the forecasts been right, default 2,000 and 7.
    tail_shape
        Of those beyond the value at risk: ``normal`` (default) or ``exponential``, each with the forecast mean.

    Returns
    -------
    Series or DataFrame
        z1 (depth of the violations alone), z1_p_value, z2 (depth and number), z2_p_value, violations; a row a model for a frame. Both
        are 0 in the mean for right forecasts and fall below where losses were deeper. NaN without forecasts; z1 without violations.

    Notes
    -----
    Convention: p-values are one-sided, the share of simulations at or below what was found.

    Raises
    ------
    InvalidInput
        A level outside of 0 to 1, an unknown shape, simulations below 1.
    MisalignedSeries
        Forecasts of another shape.

    References
    ----------
    Acerbi and Szekely, Backtesting Expected Shortfall, 2014, eq. 4 and 6.

    Examples
    --------
    >>> deep = acerbi_szekely_test([0.01] * 18 + [-0.1, -0.1], [0.02] * 20, [0.025] * 20, level=0.95)
    >>> bool(deep["z2"] < -0.7 and deep["z2_p_value"] < 0.05)
    True
    """
    share = 1.0 - level_of(level)
    one_of("tail_shape", tail_shape, TAIL_SHAPES)
    mine, loss, shortfall = _aligned(returns, value_at_risk, expected_shortfall)
    known = ~np.isnan(mine + loss + shortfall) & (shortfall > 0)
    hits = known & (-mine > loss)
    count = known.sum(axis=0)
    z1, z2 = _statistics(np.where(hits, -mine / np.where(known, shortfall, 1.0), 0.0).sum(axis=0), hits.sum(axis=0), count * share)
    ratio = np.where(known, loss / np.where(known, shortfall, 1.0), 1.0)
    chance = np.random.default_rng(seed)
    drawn1, drawn2 = _simulated(ratio, known.astype(np.float64), share, whole("simulations", simulations), chance, tail_shape)
    return told(value_at_risk, {"z1": z1, "z1_p_value": _at_or_below(drawn1, z1), "z2": z2, "z2_p_value": _at_or_below(drawn2, z2),
                                "violations": hits.sum(axis=0).astype(np.float64)})


def _aligned(returns: Table, value_at_risk: Table, expected_shortfall: Table) -> tuple[Floats, Floats, Floats]:
    mine, loss, shortfall = cells_of(returns), cells_of(value_at_risk, "value_at_risk"), cells_of(expected_shortfall, "expected_shortfall")
    if loss.shape != shortfall.shape or len(mine) != len(loss) or mine.shape[1] not in {1, loss.shape[1]}:
        raise MisalignedSeries("forecasts", "returns", reason=f"{loss.shape} and {shortfall.shape} against {mine.shape}")
    return np.broadcast_to(mine, loss.shape), loss, shortfall


def _statistics(depth: Floats, hits: Floats, expected: Floats) -> tuple[Floats, Floats]:
    """Z1 and Z2 from the sum of loss over shortfall of the violations."""
    return 1.0 - depth / np.where(hits > 0, hits, np.nan), 1.0 - depth / np.where(expected > 0, expected, np.nan)


def _simulated(ratio: Floats, weight: Floats, share: float, simulations: int, chance: np.random.Generator, shape: str) -> tuple[Floats, Floats]:
    """Both statistics of right forecasts, shape (simulations, n_models); the same random numbers for all models."""
    found, step = [], max(1, _CHUNK // max(len(ratio), 1))
    for start in range(0, simulations, step):
        draws = chance.random((min(step, simulations - start), len(ratio)))
        struck = draws < share
        beyond = np.zeros_like(draws)
        beyond[struck] = _beyond(draws[struck], share, shape)
        hits = struck.astype(np.float64)
        depth = hits @ (ratio * weight) + beyond @ ((1.0 - ratio) * weight)
        found.append(_statistics(depth, hits @ weight, weight.sum(axis=0) * share))
    return np.concatenate([one for one, _ in found]), np.concatenate([two for _, two in found])


def _beyond(chances: Floats, share: float, shape: str) -> Floats:
    """How far a violation goes beyond the value at risk, in units of the mean of that."""
    if shape == "exponential":
        return np.asarray(-np.log(np.maximum(chances, 1e-300) / share))
    ways = Ways(1.0 - share)
    return np.asarray((ways.z - ndtri(np.maximum(chances, 1e-300))) / (ways.z_beyond + ways.z))


def _at_or_below(drawn: Floats, found: Floats) -> Floats:
    counts = np.count_nonzero(~np.isnan(drawn), axis=0)
    return np.where(np.isnan(found), np.nan, np.count_nonzero(drawn <= found, axis=0) / np.maximum(counts, 1))
