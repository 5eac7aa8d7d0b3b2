"""Levels of a series of prices: steps that a unit, a split or a missing split explains, and the rows that stand on a wrong level.

A step is a logarithm. Where it is a known factor (a hundred, a split of the series) the rows on the far side of it are off by that
factor, until a step back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.price_dividends import Suspicion

HUNDRED: Final = math.log(100.0)
FAR: Final = math.log(20.0)
CELLS: Final = ("open", "high", "low", "close")
LEAST_SIGMA: Final = 0.01
SPLITS: Final = (2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 1.5)
AROUND: Final = 5
NEAR_SPLIT: Final = 15
COMMON: Final = math.log(2.5)  # a smaller step may be a crash
LASTS: Final = 0.6  # how much of a new level must be left on the days after
LEAST_CELL: Final = math.log(1.8)  # a smaller factor cannot be told from a wild bar
SHORT_RUN: Final = 3

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Factor:
    """A factor by which prices may be off, as a logarithm, and how exactly a step must be it."""

    log: float
    tolerance: float
    kind: str
    rows: tuple[int, ...] = ()  # of the splits that it comes from; empty: it may be anywhere


def split_like(step: float, sigma: float = LEAST_SIGMA) -> float | None:
    """Return the split that a price step (new over old) looks like, new shares per old one, or None.

    Convention
    ----------
    A step must be within a tenth of the split's own logarithm (3 for 2: within 0.02), and at most 0.04 and three of the series' daily
    standard deviations away; a split must be six of them. A price of half is 2 new shares for 1.
    """
    if not (math.isfinite(step) and step > 0.0):
        return None
    size = abs(math.log(step))
    near = min(SPLITS, key=lambda ratio: abs(size - math.log(ratio)))
    wide = min(0.04 + 3.0 * sigma, 0.1 * math.log(near), 0.02 if near < 2.0 else math.inf)
    if abs(size - math.log(near)) > wide or math.log(near) < 6.0 * sigma:
        return None
    return near if step < 1.0 else 1.0 / near


def jumps(frame: pd.DataFrame, reference: float | None) -> list[Suspicion]:
    """Compare each row with the one before it."""
    if len(frame) < 2:
        return []
    closes, total = np.log(frame["close"].to_numpy()), np.log(_comparable(frame))
    steps = np.diff(total)
    sigma = max(1.4826 * float(np.median(np.abs(steps - np.median(steps)))), LEAST_SIGMA)
    known = _factors(frame["split"], sigma)
    shifts, kinds = _explained(steps, known)
    off = _offsets(frame, np.concatenate([[0.0], np.cumsum(shifts)]), reference)
    names = _kinds_of_rows(off, shifts, kinds)
    found = [_off_by(frame, row, off[row], names[row]) for row in np.flatnonzero(np.abs(off) > 1e-9).tolist()]
    plain = np.where(shifts == 0.0, steps, 0.0)
    lone = _lone_rows(plain, sigma)
    plain[[place for row in lone for place in (row - 1, row)]] = 0.0
    return [*found, *_cells(frame, closes, off, known), *_spikes(frame, lone), *_new_levels(frame, closes, plain, shifts, sigma),
            *_openings(frame, closes, steps)]


def _comparable(frame: pd.DataFrame) -> Floats:
    """Give closes that payments do not move: the adjusted ones where they are prices, else closes with what was paid since the first row."""
    adjusted = frame["adjusted_close"].to_numpy(dtype="float64")
    if np.isfinite(adjusted).all() and (adjusted > 0.0).all():
        return adjusted
    closes, paid = frame["close"].to_numpy(dtype="float64"), frame["dividend"].to_numpy(dtype="float64")
    before = np.concatenate([[closes[0]], closes[:-1]])
    share = np.where((paid > 0.0) & (paid < 0.9 * before), 1.0 - paid / before, 1.0)
    comparable: Floats = closes / np.cumprod(share)
    return comparable


def _factors(split: pd.Series, sigma: float) -> list[_Factor]:
    """List the factors that prices may be off by: the hundred of a minor unit, and the splits of the series."""
    known = [_Factor(HUNDRED, _wide(HUNDRED, sigma), "hundred_times")]
    ratios = split.to_numpy()
    for ratio in sorted({float(ratio) for ratio in ratios if ratio > 0.0 and ratio != 1.0}):
        size = abs(math.log(ratio))
        if size > 4.0 * sigma:
            known.append(_Factor(size, _wide(size, sigma), "split_not_applied", tuple(np.flatnonzero(ratios == ratio).tolist())))
    return known


def _wide(size: float, sigma: float) -> float:
    """How far a step may be from a factor: a day's move comes on top of it, and near a factor of thousands prices are coarse."""
    return min(0.3 * size, max(5.0 * sigma, 0.05, (0.2 if size > 1.0 else 0.1) * size))


def _explained(steps: Floats, known: Sequence[_Factor]) -> tuple[Floats, list[str]]:
    """Give for each step the factor that it is (signed logarithm, 0 for none) and what that is called."""
    shifts, kinds = np.zeros(len(steps)), [""] * len(steps)
    for place, step in enumerate(steps.tolist()):
        fits = [each for each in known if abs(abs(step) - each.log) <= each.tolerance and _may_be(each, steps, place)]
        if fits:
            best = min(fits, key=lambda each: abs(abs(step) - each.log))
            shifts[place], kinds[place] = math.copysign(best.log, step), best.kind
    return shifts, kinds


def _may_be(factor: _Factor, steps: Floats, place: int) -> bool:
    """Tell whether a step may come from a split: it is near one, or the price comes back soon. A share may also just halve in a year."""
    if not factor.rows or any(abs(place + 1 - row) <= NEAR_SPLIT for row in factor.rows):
        return True
    wild = 1.4826 * float(np.median(np.abs(steps[max(place - 4 * AROUND, 0):place + 4 * AROUND])))
    if factor.log < 6.0 * wild:
        return False
    around = np.concatenate([steps[max(place - AROUND, 0):place], steps[place + 1:place + 1 + AROUND]])
    return bool(np.any(np.abs(around + math.copysign(factor.log, float(steps[place]))) <= factor.tolerance))


def _offsets(frame: pd.DataFrame, levels: Floats, reference: float | None) -> Floats:
    """Tell for each row by which logarithm it is above the level that is right."""
    offsets: Floats = levels - _right_level(frame, np.round(levels, 9), reference)
    return np.where(np.abs(offsets) < 1e-9, 0.0, offsets)


def _right_level(frame: pd.DataFrame, levels: Floats, reference: float | None) -> float:
    """Choose the level that is right: that of the reference, else the newest at which was traded, unless it lasts a moment only."""
    names, counts = np.unique(levels, return_counts=True)
    if reference is not None:
        newest = np.log(frame["close"].to_numpy()[-1]) - levels[-1]
        return float(names[np.argmin(np.abs(newest + names - math.log(reference)))])
    traded = frame["volume"].to_numpy(dtype="float64") > 0.0
    among = levels[traded] if traded.any() else levels
    newest_level = float(among[-1])
    lasts = int(counts[names == newest_level][0])
    if lasts >= min(SHORT_RUN, len(levels) / 2):
        return newest_level
    return float(names[np.argmax(counts)])


def _kinds_of_rows(off: Floats, shifts: Floats, kinds: Sequence[str]) -> list[str]:
    """Name what is wrong with each row by the step that leads to its level or away from it."""
    names = [""] * len(off)
    for row in np.flatnonzero(off).tolist():
        before = next((kinds[step] for step in range(row - 1, -1, -1) if shifts[step]), "")
        after = next((kinds[step] for step in range(row, len(shifts)) if shifts[step]), "")
        names[row] = "hundred_times" if abs(abs(off[row]) - HUNDRED) < 1e-6 else (after or before)
    return names


def _off_by(frame: pd.DataFrame, row: int, off: float, kind: str) -> Suspicion:
    """Tell of one row what it should be; of its other cells only those are meant that stand at the same wrong level."""
    factor, close = math.exp(-off), float(frame["close"].iloc[row])
    cells = {name: float(frame[name].iloc[row]) for name in CELLS}
    fields = tuple(name for name, value in cells.items() if name == "close" or abs(math.log(value / close)) < abs(off) / 2)
    what = "100 times" if kind == "hundred_times" else f"{math.exp(abs(off)):g} times (a split of this series)"
    side = "above" if off > 0 else "below"
    return Suspicion(frame.index[row], kind, close, short(close * factor), f"{close:g} stands {what} {side} the prices around it", fields, factor)


def _cells(frame: pd.DataFrame, closes: Floats, off: Floats, known: Sequence[_Factor]) -> list[Suspicion]:
    """Find single cells of a row in another unit than its close; on the day of a split old prices may still be told."""
    found = []
    ratios = frame["split"].to_numpy()
    day_of_split = set(pd.DatetimeIndex(frame.index[(ratios > 0.0) & (ratios != 1.0)]).date)
    for name in ("open", "high", "low"):
        apart = np.log(frame[name].to_numpy(dtype="float64")) - closes
        for row in np.flatnonzero((np.abs(apart) > LEAST_CELL / 2) & (off == 0.0)).tolist():
            fits = [each for each in known if each.log > LEAST_CELL and _is_cell(each, abs(float(apart[row])), row)]
            if fits and not (fits[0].kind != "hundred_times" and frame.index[row].date() in day_of_split):
                factor, value = math.exp(-math.copysign(fits[0].log, apart[row])), float(frame[name].iloc[row])
                reason = f"{name} {value:g} stands {math.exp(fits[0].log):g} times off the close of its bar"
                found.append(Suspicion(frame.index[row], "unit_flip", value, short(value * factor), reason, (name,), factor))
    return found


def _is_cell(factor: _Factor, apart: float, row: int) -> bool:
    """Tell whether a cell is off by a factor; far from its split only where it is exactly so."""
    near = not factor.rows or any(abs(row - each) <= NEAR_SPLIT for each in factor.rows)
    return abs(apart - factor.log) <= (factor.tolerance if near else 0.02)


def _lone_rows(steps: Floats, sigma: float) -> list[int]:
    """Find rows that stand far from the one before, while the one after is back where that was."""
    up, down = steps[:-1], steps[1:]
    lone = (np.abs(up) > max(COMMON, 10.0 * sigma)) & (np.abs(up + down) < 0.25 * np.abs(up))
    rows: list[int] = (np.flatnonzero(lone) + 1).tolist()
    return [row for place, row in enumerate(rows) if place == 0 or row - rows[place - 1] > 1]


def _spikes(frame: pd.DataFrame, rows: Sequence[int]) -> list[Suspicion]:
    found, closes = [], frame["close"].to_numpy(dtype="float64")
    for row in rows:
        reason = f"{closes[row]:g} stands alone between {closes[row - 1]:g} before and {closes[row + 1]:g} after"
        found.append(Suspicion(frame.index[row], "spike", float(closes[row]), None, reason))
    return found


def _new_levels(frame: pd.DataFrame, closes: Floats, steps: Floats, shifts: Floats, sigma: float) -> list[Suspicion]:
    """Find steps that no known action explains: a split that was not told, or a price far off."""
    found = []
    for place in np.flatnonzero((np.abs(steps) > 0.3) & (frame["action"].to_numpy()[1:] == 0.0)).tolist():
        row, step = place + 1, float(np.exp(closes[place + 1] - closes[place]))
        ratio = _lasting_split(frame, closes, row, sigma)
        if ratio is not None:
            reason = f"the price went from {math.exp(closes[place]):g} to {math.exp(closes[row]):g}: looks like an unrecorded split, {_named(ratio)}"
            found.append(Suspicion(frame.index[row], "unrecorded_split", float(frame["close"].iloc[row]), None, reason, ("close",), ratio))
        elif abs(steps[place]) > FAR and not shifts[max(place - 1, 0)]:
            reason = f"{math.exp(closes[row]):g} is {max(step, 1 / step):,.0f} times off the price before, {math.exp(closes[place]):g}"
            found.append(Suspicion(frame.index[row], "far_off", float(frame["close"].iloc[row]), None, reason))
    return found


def _openings(frame: pd.DataFrame, closes: Floats, steps: Floats) -> list[Suspicion]:
    """Find days within a series of shorter bars that opened elsewhere and stayed there, without an action: news, or something not told."""
    dates = pd.DatetimeIndex(frame.index).tz_localize(None).to_numpy().astype("datetime64[D]")
    if len(np.unique(dates)) == len(dates):
        return []
    usual = max(1.4826 * float(np.median(np.abs(steps))), 0.0005)
    acted = dates[((frame["split"] > 0.0) | (frame["dividend"] > 0.0) | (frame["action"] > 0.0)).to_numpy()]
    found = []
    for row in (np.flatnonzero(dates[1:] != dates[:-1]) + 1).tolist():
        gap = float(np.median(closes[row:row + AROUND]) - np.median(closes[max(row - AROUND, 0):row]))
        if 0.03 < abs(gap) < 0.3 and abs(gap) > 20.0 * usual and dates[row] not in acted:
            found.append(Suspicion(frame.index[row], "unrecorded_action", float(frame["close"].iloc[row]), None,
                                   f"the day opened {math.expm1(gap):+.1%} from the one before and stayed there: looks like an unrecorded spin-off or"
                                   " payment, or news"))
    return found


def _lasting_split(frame: pd.DataFrame, closes: Floats, row: int, sigma: float) -> float | None:
    """Tell which split a step looks like, if the new level lasts and was not reached by trading."""
    before, after = closes[max(row - AROUND, 0):row], closes[row:row + AROUND]
    ratio = split_like(float(np.exp(closes[row] - closes[row - 1])), sigma)
    level = float(np.median(after) - np.median(before))
    if ratio is None or -level / math.log(ratio) < LASTS:
        return None
    if abs(math.log(ratio)) < COMMON and split_like(math.exp(level), sigma) != ratio:
        return None  # shares halve by bad news too: then they are not at rest at half
    half = abs(math.log(ratio)) / 2
    opened = abs(math.log(float(frame["open"].iloc[row])) - closes[row - 1]) > half
    calm = abs(math.log(float(frame["high"].iloc[row]) / float(frame["low"].iloc[row]))) < half
    at_once = abs(abs(math.log(float(frame["high"].iloc[row]) / float(frame["low"].iloc[row]))) - abs(math.log(ratio))) < 0.1 * abs(math.log(ratio))
    return ratio if (opened and calm) or (at_once and ratio >= 3.0) else None


def _named(ratio: float) -> str:
    return f"{ratio:g} for 1" if ratio >= 1.0 else f"1 for {1 / ratio:g}"


def short(value: float) -> float:
    """Seven digits: what a price of four bytes holds."""
    return float(f"{value:.7g}")
