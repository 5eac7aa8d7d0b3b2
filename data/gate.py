"""Which quotes may pass: one rule after the other, the first that speaks decides.

A quote passes, passes repaired with a mark that stays with it, is passed over because it says nothing new, or is refused. A refused
quote is not lost: the feed keeps it in quarantine with the rule's reason, where a person releases or rejects it. Of those that are
`DOUBTFUL` a second provider is asked first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from data.providers.units import HUNDREDTHS, in_currency
from engine.types import CorporateAction, Quote

MAX_AHEAD: Final = timedelta(seconds=5)
MAX_AGE: Final = timedelta(days=30)
MAX_FACTOR: Final = 20.0
LEAST_STEP: Final = 1.8  # what is nearer to the last price than this is a move of the market
NEAR_HUNDRED: Final = 1.5  # how much a price may have moved besides
SPLITS: Final = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15)
NEAR_SPLIT: Final = 0.05
MAX_GAP: Final = timedelta(days=30)  # over a longer time the market moves that far by itself
MINOR: Final = frozenset(HUNDREDTHS.values()) - {"USD", "EUR"}  # currencies whose shares are also quoted in hundredths


class Outcome(StrEnum):
    """What becomes of a quote."""

    ACCEPTED = "accepted"
    IGNORED = "ignored"
    NOT_FINITE = "not_finite"
    NOT_POSITIVE = "not_positive"
    FROM_FUTURE = "from_future"
    STALE = "stale"
    CROSSED = "crossed"
    WRONG_CURRENCY = "wrong_currency"
    OLDER = "older_than_last"
    FAR_OFF = "twenty_times_off"
    HUNDRED_TIMES = "hundred_times_off"
    LIKE_SPLIT = "looks_like_split"


PASSING: Final = frozenset({Outcome.ACCEPTED, Outcome.IGNORED})
DOUBTFUL: Final = frozenset({Outcome.FAR_OFF, Outcome.HUNDRED_TIMES, Outcome.LIKE_SPLIT})  # a second provider that says the same is believed


@dataclass(frozen=True, slots=True)
class Reference:
    """What a quote is compared with: the last accepted one, else the last close."""

    price: float
    ts: datetime
    source: str
    simulated: bool = False
    is_quote: bool = True
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcome of one quote, with a sentence where it was refused, and the quote as it is to be stored where it was repaired."""

    outcome: Outcome
    reason: str = ""
    repaired: Quote | None = None


Splits = Callable[[], Iterable[CorporateAction]]
ACCEPT: Final = Verdict(Outcome.ACCEPTED)
REPEATED: Final = Verdict(Outcome.IGNORED, "told before")


def judge(quote: Quote, last: Reference | None, *, now: datetime, splits: Splits, currency: str | None = None, own: bool = False) -> Verdict:
    """Decide about one quote.

    Parameters
    ----------
    quote : Quote
        One with a `sequence` is a trade of its own: another of the same instant and price is another trade.
    last : Reference or None
        None where the instrument has neither a quote nor a bar.
    now : datetime
    splits : callable
        Answers the instrument's known actions; asked only when a price is far off.
    currency : str, optional
        The instrument's; a quote in hundredths of it is repaired, one in another currency refused.
    own : bool
        Pushed by a person, who may tell an old price, and is believed where one only looks like a split; the checks of the ledger still ask.

    Examples
    --------
    >>> from datetime import UTC
    >>> from uuid import UUID
    >>> noon = datetime(2024, 7, 3, 12, tzinfo=UTC)
    >>> pence = Quote(UUID(int=1), "VOD.L", 7150.0, noon, noon, "mine", "GBp")
    >>> verdict = judge(pence, Reference(70.9, noon, "mine"), now=noon, splits=list, currency="GBP")
    >>> verdict.outcome.value, verdict.repaired.price, verdict.repaired.mark
    ('accepted', 71.5, 'GBp/100')
    """
    refused = is_price(quote) or _instant(quote, now, own=own) or _crossed(quote)
    if refused is not None:
        return refused
    told, refused = _in_currency(quote, currency)
    if refused is not None:
        return refused
    verdict = _against_last(told, last) or _step(told, last, splits, currency)
    if own and verdict is not None and verdict.outcome is Outcome.LIKE_SPLIT:
        verdict = None
    if verdict is not None:
        return verdict
    return ACCEPT if told is quote else Verdict(Outcome.ACCEPTED, repaired=told)


def is_price(quote: Quote) -> Verdict | None:
    """Refuse what is no price at all; no person can release that."""
    if not math.isfinite(quote.price):
        return Verdict(Outcome.NOT_FINITE, f"the price of {quote.symbol} is not a finite number")
    if quote.price <= 0:
        return Verdict(Outcome.NOT_POSITIVE, f"the price of {quote.symbol} is {quote.price:g}, not above 0")
    return None


def _instant(quote: Quote, now: datetime, *, own: bool) -> Verdict | None:
    """Refuse what is of the future, or so old that nobody would trade on it."""
    ahead = quote.ts - now
    if ahead > MAX_AHEAD:
        return Verdict(Outcome.FROM_FUTURE, f"the quote of {quote.symbol} is {ahead.total_seconds():,.0f} s ahead of our clock")
    if -ahead > MAX_AGE and not own:
        return Verdict(Outcome.STALE, f"the quote of {quote.symbol} is {-ahead.days} days old")
    return None


def _crossed(quote: Quote) -> Verdict | None:
    """Refuse a price that comes with a bid above the ask: one of the two is old or wrong."""
    if quote.bid is None or quote.ask is None or quote.bid <= quote.ask:
        return None
    return Verdict(Outcome.CROSSED, f"the bid of {quote.symbol}, {quote.bid:g}, is above its ask, {quote.ask:g}")


def _in_currency(quote: Quote, currency: str | None) -> tuple[Quote, Verdict | None]:
    """Turn a price in hundredths into the currency; refuse one in another currency."""
    if not currency or quote.currency in {"", currency}:
        return quote, None
    if HUNDREDTHS.get(quote.currency) == currency:
        price, _ = in_currency(quote.price, quote.currency)
        return replace(quote, price=price, currency=currency, mark=f"{quote.currency}/100"), None
    reason = f"the quote of {quote.symbol} is in {quote.currency}, the instrument in {currency}"
    return quote, Verdict(Outcome.WRONG_CURRENCY, reason)


def _against_last(quote: Quote, last: Reference | None) -> Verdict | None:
    """Let a made-up quote give way to a real one, and a real one replace a made-up one whatever its age."""
    if last is None or not last.is_quote or (last.simulated and not quote.simulated):
        return None
    if quote.simulated and not last.simulated:
        return Verdict(Outcome.IGNORED, f"{quote.symbol} has a real quote")
    if quote.source == last.source and quote.sequence is not None and last.sequence is not None:
        if quote.sequence <= last.sequence:
            return REPEATED
    elif quote.ts == last.ts and quote.price == last.price and quote.source == last.source:
        return REPEATED
    if quote.ts < last.ts:
        behind = (last.ts - quote.ts).total_seconds()
        return Verdict(Outcome.OLDER, f"the quote of {quote.symbol} is {behind:,.3f} s older than the last one, from {last.source}")
    return None


def _step(quote: Quote, last: Reference | None, splits: Splits, currency: str | None) -> Verdict | None:
    """Look at how far a price is from the last one, where that is no move of the market and no known split."""
    if last is None or _factor(quote.price, last.price) < LEAST_STEP:
        return None
    if any(_factor(quote.price * ratio, last.price) < LEAST_STEP for ratio in _ratios(splits(), last.ts, quote.ts)):
        return None
    factor = _factor(quote.price, last.price)
    if abs(math.log(factor / 100.0)) < math.log(NEAR_HUNDRED):
        return _hundred(quote, last, currency)
    if factor >= MAX_FACTOR:
        reason = f"{quote.price:g} is {factor:,.0f} times off the last price of {quote.symbol}, {last.price:g}, and no split is known"
        return Verdict(Outcome.FAR_OFF, reason)
    comparable = quote.ts - last.ts <= MAX_GAP and not (last.simulated and not quote.simulated)
    ratio = _split(factor) if comparable else None
    if ratio is None:
        return None
    told = f"{ratio} for 1" if quote.price < last.price else f"1 for {ratio}"
    return Verdict(Outcome.LIKE_SPLIT, f"{quote.symbol} went from {last.price:g} to {quote.price:g}: looks like an unrecorded split, {told}")


def _hundred(quote: Quote, last: Reference, currency: str | None) -> Verdict:
    """Repair a price a hundred times too high where hundredths of the currency are quoted and it comes out at the last price; else refuse."""
    price = quote.price / 100.0
    if quote.price > last.price and currency in MINOR and _factor(price, last.price) < 1.1:
        return Verdict(Outcome.ACCEPTED, repaired=replace(quote, price=price, mark="1/100"))
    reason = f"{quote.price:g} is 100 times off the last price of {quote.symbol}, {last.price:g}: another unit?"
    return Verdict(Outcome.HUNDRED_TIMES, reason)


def _split(factor: float) -> int | None:
    """Tell which split a factor looks like."""
    near = min(SPLITS, key=lambda ratio: abs(math.log(factor / ratio)))
    return near if abs(math.log(factor / near)) < NEAR_SPLIT else None


def _factor(price: float, last: float) -> float:
    """How many times off, never below 1."""
    return max(price / last, last / price)


def _ratios(actions: Iterable[CorporateAction], since: datetime, until: datetime) -> list[float]:
    """List the new shares per old one of the splits between two instants, the day of the first one included, and of all of them together."""
    known = [_new_per_old(action) for action in actions if action.ratio and since.date() <= action.date <= until.date()]
    ratios = [ratio for ratio in known if ratio is not None]
    return [*ratios, math.prod(ratios)] if len(ratios) > 1 else ratios


def _new_per_old(action: CorporateAction) -> float | None:
    if action.kind == "split":
        return float(action.ratio or 1)
    return 1.0 + float(action.ratio or 0) if action.kind == "stock_dividend" else None
