"""Which quotes may pass: one rule after the other, the first that speaks decides.

A refused quote is not lost: the feed keeps it in quarantine with the rule's reason, where a person releases or rejects it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from engine.types import CorporateAction, Quote

MAX_AHEAD: Final = timedelta(seconds=5)
MAX_FACTOR: Final = 20.0


class Outcome(StrEnum):
    """What becomes of a quote."""

    ACCEPTED = "accepted"
    IGNORED = "ignored"
    NOT_FINITE = "not_finite"
    NOT_POSITIVE = "not_positive"
    FROM_FUTURE = "from_future"
    OLDER = "older_than_last"
    FAR_OFF = "twenty_times_off"


PASSING: Final = frozenset({Outcome.ACCEPTED, Outcome.IGNORED})
DOUBTFUL: Final = frozenset({Outcome.FAR_OFF})  # a second provider that says the same is believed


@dataclass(frozen=True, slots=True)
class Reference:
    """What a quote is compared with: the last accepted one, else the last close."""

    price: float
    ts: datetime
    source: str
    simulated: bool = False
    is_quote: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcome of one quote, with a sentence where it was refused."""

    outcome: Outcome
    reason: str = ""


Splits = Callable[[], Iterable[CorporateAction]]


def judge(quote: Quote, last: Reference | None, *, now: datetime, splits: Splits) -> Verdict:
    """Decide about one quote.

    Parameters
    ----------
    quote : Quote
    last : Reference or None
        None where the instrument has neither a quote nor a bar.
    now : datetime
    splits : callable
        Answers the instrument's known actions; asked only when a price is far off.
    """
    return is_price(quote) or _not_ahead(quote, now) or _against_last(quote, last) or _not_far_off(quote, last, splits) or Verdict(Outcome.ACCEPTED)


def is_price(quote: Quote) -> Verdict | None:
    """Refuse what is no price at all; no person can release that."""
    if not math.isfinite(quote.price):
        return Verdict(Outcome.NOT_FINITE, f"the price of {quote.symbol} is not a finite number")
    if quote.price <= 0:
        return Verdict(Outcome.NOT_POSITIVE, f"the price of {quote.symbol} is {quote.price:g}, not above 0")
    return None


def _not_ahead(quote: Quote, now: datetime) -> Verdict | None:
    ahead = quote.ts - now
    if ahead <= MAX_AHEAD:
        return None
    return Verdict(Outcome.FROM_FUTURE, f"the quote of {quote.symbol} is {ahead.total_seconds():,.0f} s ahead of our clock")


def _against_last(quote: Quote, last: Reference | None) -> Verdict | None:
    """Let a made-up quote give way to a real one, and a real one replace a made-up one whatever its age."""
    if last is None or not last.is_quote or (last.simulated and not quote.simulated):
        return None
    if quote.simulated and not last.simulated:
        return Verdict(Outcome.IGNORED, f"{quote.symbol} has a real quote")
    if quote.ts < last.ts:
        behind = (last.ts - quote.ts).total_seconds()
        return Verdict(Outcome.OLDER, f"the quote of {quote.symbol} is {behind:,.3f} s older than the last one, from {last.source}")
    same = quote.ts == last.ts and quote.price == last.price and quote.source == last.source
    return Verdict(Outcome.IGNORED, "told before") if same else None


def _not_far_off(quote: Quote, last: Reference | None, splits: Splits) -> Verdict | None:
    if last is None or not _far(quote.price, last.price):
        return None
    if any(not _far(quote.price * ratio, last.price) for ratio in _ratios(splits(), last.ts, quote.ts)):
        return None
    factor = max(quote.price / last.price, last.price / quote.price)
    reason = f"{quote.price:g} is {factor:,.0f} times off the last price of {quote.symbol}, {last.price:g}, and no split is known"
    return Verdict(Outcome.FAR_OFF, reason)


def _far(price: float, last: float) -> bool:
    return price >= last * MAX_FACTOR or price * MAX_FACTOR <= last


def _ratios(actions: Iterable[CorporateAction], since: datetime, until: datetime) -> list[float]:
    """List the new shares per old one of the splits between two instants, the day of the first one included."""
    return [float(action.ratio) for action in actions if action.kind == "split" and action.ratio and since.date() <= action.date <= until.date()]
