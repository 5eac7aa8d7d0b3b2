"""What is wrong with the payments of a series of bars: a hundred times too large, told twice, or not in the adjusted closes.

An adjusted close takes every later payment out: on the day before a payment `d` at a close `c` the quotient of adjusted to raw
close is smaller by 1 - d/c. That relation is held against what was delivered.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NAMES: Final = {
    "Open": "open", "High": "high", "Low": "low", "Close": "close", "Adj Close": "adjusted_close", "Volume": "volume", "Dividends": "dividend",
    "Stock Splits": "split", "Capital Gains": "capital_gain", "Actions": "action",
}
COLUMNS: Final = tuple(NAMES.values())
NOTHING: Final = ("dividend", "split", "capital_gain", "volume", "action")
TWICE_WITHIN: Final = pd.Timedelta(days=6)
LARGE: Final = 0.2

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something wrong with a bar.

    Attributes
    ----------
    date : Timestamp, the row's label
    kind : str, slug: `hundred_times`, `unit_flip`, `split_not_applied`, `unrecorded_split`, `far_off`, `not_finite`, `not_positive`,
        `duplicate`, `from_future`, `dividend_hundred_times`, `dividend_split`, `dividend_not_applied`, `dividend_misapplied`,
        `dividend_twice`, `dividend_too_large`, `capital_gain_twice`, `adjustment_unexplained`; and `unrecorded_action`, which is a question only
    was, proposed : float, the first of `fields` as it is, and as it should be; None where that cannot be told
    reason : str, a sentence
    fields : tuple of str, the cells that are meant
    factor : float, what to multiply them by; of an `unrecorded_split` new shares per old one
    """

    date: pd.Timestamp
    kind: str
    was: float
    proposed: float | None
    reason: str
    fields: tuple[str, ...] = ("close",)
    factor: float = 1.0


def bar_frame(bars: pd.DataFrame) -> pd.DataFrame:
    """Return bars by rising date with every column; prices that are missing are the close, payments that are missing 0."""
    frame = bars.rename(columns=NAMES)
    frame = frame[[name for name in COLUMNS if name in frame]].astype("float64").sort_index(kind="stable")
    for name in COLUMNS:
        if name not in frame or frame[name].isna().all():
            frame[name] = 0.0 if name in NOTHING else frame["close"]
    for name in ("open", "high", "low"):
        frame[name] = frame[name].fillna(frame["close"])
    return frame[list(COLUMNS)].fillna(dict.fromkeys(NOTHING, 0.0))


def factors_of(split: pd.Series) -> pd.Series:
    """Return what a traded price of each row is multiplied by for the splits that come after it."""
    ratio = split.where(split > 0.0, 1.0).to_numpy(dtype="float64")
    later = np.concatenate([np.cumprod(ratio[::-1])[::-1][1:], [1.0]])
    return pd.Series(1.0 / later, index=split.index)


def dividend_suspicions(frame: pd.DataFrame, *, settled: Collection[Any] = (), adjusted: bool = True) -> list[Suspicion]:
    """Find payments that the prices do not bear out.

    Parameters
    ----------
    frame : DataFrame
        As `bar_frame` gives it, rows with a sound close only.
    settled : collection of labels
        Rows whose prices are wrong already: what they say of an adjustment is not held against them.
    adjusted : bool
        Whether the adjusted closes are the provider's; else nothing is held against them.

    Returns
    -------
    list of Suspicion
    """
    if len(frame) < 2:
        return []
    paid = np.flatnonzero(frame["dividend"].to_numpy() > 0.0)
    twice = _told_twice(frame, paid)
    single = [_payment(frame, int(row), adjusted=adjusted) for row in paid if row > 0 and int(row) not in twice]
    rest = _unexplained(frame, paid, set(settled)) if adjusted else []
    return [*twice.values(), *(each for each in single if each is not None), *_other_scale(frame, paid, single), *rest]


def _payment(frame: pd.DataFrame, row: int, *, adjusted: bool) -> Suspicion | None:
    """Hold one payment against the close before it and against the step of the adjusted closes."""
    paid, before = float(frame["dividend"].iloc[row]), float(frame["close"].iloc[row - 1])
    if paid > LARGE * before and _drop(frame, row) < 0.25 * paid:
        return _too_large(frame, row, paid, before)
    implied = _implied(frame, row, before) if adjusted else None
    if implied is None or abs(implied - paid) <= _slack(frame, paid, before):
        return None
    return _misapplied(frame, row, paid, implied, before)


def _drop(frame: pd.DataFrame, row: int) -> float:
    """How far the price fell over a payment, at most."""
    return float(frame["close"].iloc[row - 1] - frame[["open", "low", "close"]].iloc[row].min())


def _too_large(frame: pd.DataFrame, row: int, paid: float, before: float) -> Suspicion:
    if paid / 100.0 < LARGE * before:
        reason = f"a payment of {paid:g} at a price of {before:g} that did not fall: 100 times too large"
        return Suspicion(frame.index[row], "dividend_hundred_times", paid, paid / 100.0, reason, ("dividend",), 0.01)
    reason = f"a payment of {paid:g} at a price of {before:g} that did not fall"
    return Suspicion(frame.index[row], "dividend_too_large", paid, None, reason, ("dividend",))


def _implied(frame: pd.DataFrame, row: int, before: float) -> float | None:
    """Payment that the adjusted closes take out around a row; None where they say nothing. Of weeks it may show one row later."""
    shares = (frame["adjusted_close"] / frame["close"]).to_numpy(dtype="float64")
    last = row + 1 if row + 1 < len(frame) and not frame["dividend"].iloc[row + 1] else row
    if not (np.isfinite(shares[[row - 1, last]]).all() and shares[last] > 0.0 and shares[row - 1] > 0.0):
        return None
    return float(1.0 - shares[row - 1] / shares[last]) * before


def _slack(frame: pd.DataFrame, paid: float, before: float) -> float:
    """How far an implied payment may be off: closes of weeks are other ones than those that were used."""
    weekly = np.median(np.diff(pd.DatetimeIndex(frame.index).tz_localize(None).to_numpy())) > np.timedelta64(4, "D")
    return (0.15 if weekly else 0.08) * paid + 3e-4 * before


def _misapplied(frame: pd.DataFrame, row: int, paid: float, implied: float, before: float) -> Suspicion:
    label, gain, split = frame.index[row], float(frame["capital_gain"].iloc[row]), _split_near(frame, row)
    if gain > 0.0 and abs(implied - paid - gain) <= _slack(frame, paid + gain, before):
        reason = f"the adjusted closes take out {implied:.4g}: the capital gain of {gain:g} is in the payment of {paid:g} already"
        return Suspicion(label, "capital_gain_twice", implied, paid, reason, ("adjusted_close",))
    for kind, factor in (("dividend_split", split), ("dividend_hundred_times", 100.0), ("dividend_hundred_times", 0.01)):
        if factor is not None and implied > 0.0 and abs(math.log(paid / implied / factor)) < 0.1:
            reason = f"a payment of {paid:g}, but the adjusted closes take out {implied:.4g}: {factor:g} times too much"
            return Suspicion(label, kind, paid, float(f"{paid / factor:.7g}"), reason, ("dividend",), 1.0 / factor)
    if implied < 0.25 * paid:
        reason = f"the payment of {paid:g} is not in the adjusted closes before it"
        return Suspicion(label, "dividend_not_applied", implied, paid, reason, ("adjusted_close",))
    reason = f"a payment of {paid:g}, but the adjusted closes take out {implied:.4g}"
    return Suspicion(label, "dividend_misapplied", paid, float(f"{implied:.4g}"), reason, ("adjusted_close",))


def _split_near(frame: pd.DataFrame, row: int) -> float | None:
    ratios = frame["split"].iloc[max(row - 1, 0):row + 2]
    known = [float(ratio) for ratio in ratios if ratio > 0.0 and ratio != 1.0]
    return known[0] if known else None


def _told_twice(frame: pd.DataFrame, paid: NDArray[np.intp]) -> dict[int, Suspicion]:
    """Find payments of one amount within days of each other; the one on which the price fell less is too much."""
    found = {}
    for first, second in zip(paid[:-1].tolist(), paid[1:].tolist(), strict=True):
        amounts = frame["dividend"].iloc[[first, second]].to_numpy()
        if frame.index[second] - frame.index[first] <= TWICE_WITHIN and abs(amounts[0] - amounts[1]) <= 1e-3 * amounts[0] and first > 0:
            row = first if _drop(frame, first) < _drop(frame, second) else second
            reason = f"the payment of {amounts[0]:g} is told twice within days, and the price fell once"
            found[row] = Suspicion(frame.index[row], "dividend_twice", float(amounts[0]), 0.0, reason, ("dividend",), 0.0)
    return found


def _other_scale(frame: pd.DataFrame, paid: NDArray[np.intp], single: list[Suspicion | None]) -> list[Suspicion]:
    """Find one payment that is a hundredth, or a hundred times, of the others, where those are much alike."""
    told = {each.date for each in single if each is not None}
    rows = [int(row) for row in paid if row > 0 and frame.index[row] not in told]
    shares = np.array([frame["dividend"].iloc[row] / frame["close"].iloc[row - 1] for row in rows])
    found = []
    for place, row in enumerate(rows):
        others = np.delete(shares, place)
        if len(others) < 2 or others.max() > 3.0 * others.min():
            continue
        apart = shares[place] / float(np.median(others))
        factor = next((scale for scale in (100.0, 0.01) if abs(math.log(apart / scale)) < 0.5), None)
        if factor is not None:
            value = float(frame["dividend"].iloc[row])
            reason = f"the payment of {value:g} is {apart:.3g} times the others of this series"
            found.append(Suspicion(frame.index[row], "dividend_hundred_times", value, value / factor, reason, ("dividend",), 1.0 / factor))
    return found


def _unexplained(frame: pd.DataFrame, paid: NDArray[np.intp], settled: set[Any]) -> list[Suspicion]:
    """Find steps of the adjusted closes on days without a payment."""
    shares = (frame["adjusted_close"] / frame["close"]).to_numpy(dtype="float64")
    near = set(paid.tolist()) | {row + 1 for row in paid.tolist()} | {row - 1 for row in paid.tolist()}
    found = []
    for row in range(1, len(shares)):
        if row in near or not (shares[row] > 0.0 and shares[row - 1] > 0.0) or {frame.index[row], frame.index[row - 1]} & settled:
            continue
        step = shares[row - 1] / shares[row]
        if abs(step - 1.0) > 0.004:
            reason = f"the adjusted closes take out {1.0 - step:.2%} on a day without a payment"
            found.append(Suspicion(frame.index[row], "adjustment_unexplained", float(frame["adjusted_close"].iloc[row]), None, reason,
                                   ("adjusted_close",), 1.0))
    return found
