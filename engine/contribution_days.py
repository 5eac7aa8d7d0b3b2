"""Contributions of rows stretch by stretch of days: what fits a cache need not be fetched again, and what was known stays known."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.columns import Floats
from engine.day_sums import Known, stretches
from engine.linking import link_parts
from engine.time_weighted import capital, over_capital

Sheets = Mapping[str, Floats]
Sums = tuple[Floats, Floats, Floats, Floats]  # linked parts x columns, gain, weight, wealth


def by_stretch(sheets: Sheets, sums: Mapping[str, Floats], known: Known, conventions: tuple[str, str, str, str]) -> dict[str, Floats]:
    """Contribution, gain, mean weight and own return of each column.

    Parameters
    ----------
    sheets
        `value flow` and what was charged and is added back, ndarrays of shape (n_days, n_columns), base currency, without gaps.
    sums
        The same over all columns, of shape (n_days,).
    known
        What is known of the days already.
    conventions
        Timing of flows, costs, timing of a column's own flows, and linking, as in `contributions`.

    Returns
    -------
    dict of str to ndarray of shape (n_columns,)
        `contribution pnl weight return`.
    """
    timing, _, own_timing, method = conventions
    count, width = sheets["value"].shape
    base, returns = _of_whole(sheets, sums, timing)
    parts = link_parts(returns, np.zeros_like(returns), method)
    share = np.divide(1.0, base, out=np.zeros(len(base)), where=base > 0)
    linking = np.array([inner * share for inner, _ in parts]).reshape(len(parts), len(base)) + np.where(np.isnan(returns), np.nan, 0.0)
    linked, gain, weight, wealth = np.zeros((len(parts), width)), np.zeros(width), np.zeros(width), np.ones(width)
    for first, last in stretches(count):
        chosen = linking[:, first:last], share[first:last]
        compute = partial(_stretch, {name: cells[first:last + 1] for name, cells in sheets.items()}, *chosen, timing, own_timing)
        found = known.of_stretch(("contribution", *conventions), (first, last), b"".join(each.tobytes() for each in chosen), compute)
        linked, gain, weight, wealth = linked + found[0], gain + found[1], weight + found[2], wealth * found[3]
    invested, nothing = np.count_nonzero(share), np.full(width, np.nan)
    total = sum((scale * of_part for (_, scale), of_part in zip(parts, linked, strict=True)), np.zeros(width)) if parts else nothing
    told = {"weight": weight / invested if invested else nothing, "return": wealth - 1.0 if count > 1 else nothing}
    return {"contribution": total, "pnl": gain, **told}


def _of_whole(sheets: Sheets, sums: Mapping[str, Floats], timing: str) -> tuple[Floats, Floats]:
    """Capital and return of the whole on each day."""
    value, flow = sums["value"][:, None], sums["flow"][:, None]
    gain = np.diff(value, axis=0) - flow[1:]
    for name in _charged(sheets):
        gain += sums[name][1:, None]
    base = capital(value, flow, timing)
    return base[:, 0], over_capital(gain, base)[:, 0]


def _charged(sheets: Sheets) -> list[str]:
    return [name for name in sheets if name not in {"value", "flow"}]


def _stretch(sheets: Sheets, linking: Floats, shares: Floats, timing: str, own_timing: str) -> Sums:
    """Sum up over the days of a stretch but the first, which it opens with."""
    value, flow = sheets["value"], sheets["flow"]
    gain: NDArray[np.float64] = value[1:] - value[:-1]
    gain -= flow[1:]
    for name in _charged(sheets):
        gain += sheets[name][1:]
    own = capital(value, flow, timing)
    worked = own if own_timing == timing else capital(value, flow, own_timing)
    wealth = np.prod(1.0 + over_capital(gain, worked), axis=0)
    return linking @ gain, gain.sum(axis=0), shares[shares > 0] @ own[shares > 0], wealth
