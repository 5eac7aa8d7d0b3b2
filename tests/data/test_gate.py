"""What the gate says of a quote: each rule by the smallest quote that meets it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from data.gate import DOUBTFUL, Outcome, Reference, Verdict, judge
from engine.types import CorporateAction, Quote

NOON = datetime(2024, 7, 3, 12, tzinfo=UTC)
LAST = Reference(100.0, NOON - timedelta(minutes=1), "wire")


def quote(price: float = 100.0, **changes: Any) -> Quote:
    return replace(Quote(UUID(int=1), "X", price, NOON, NOON, "wire", ""), **changes)


def verdict(given: Quote, last: Reference | None = LAST, actions: tuple[CorporateAction, ...] = (), currency: str | None = None) -> Verdict:
    return judge(given, last, now=NOON, splits=lambda: actions, currency=currency)


@pytest.mark.parametrize(("given", "outcome"), [
    (quote(101.0), Outcome.ACCEPTED), (quote(float("nan")), Outcome.NOT_FINITE), (quote(float("inf")), Outcome.NOT_FINITE),
    (quote(0.0), Outcome.NOT_POSITIVE), (quote(-1.0), Outcome.NOT_POSITIVE), (quote(ts=NOON + timedelta(seconds=6)), Outcome.FROM_FUTURE),
    (quote(ts=NOON + timedelta(seconds=4)), Outcome.ACCEPTED), (quote(ts=NOON - timedelta(days=31)), Outcome.STALE),
    (quote(bid=10160.51, ask=8209.92), Outcome.CROSSED), (quote(bid=99.0, ask=99.0), Outcome.ACCEPTED),
    (quote(ts=NOON - timedelta(minutes=2)), Outcome.OLDER), (quote(ts=LAST.ts), Outcome.IGNORED), (quote(100.5, ts=LAST.ts), Outcome.ACCEPTED),
    (quote(3000.0), Outcome.FAR_OFF), (quote(3.0), Outcome.FAR_OFF), (quote(9500.0), Outcome.HUNDRED_TIMES), (quote(1.05), Outcome.HUNDRED_TIMES),
    (quote(50.0), Outcome.LIKE_SPLIT), (quote(14.5), Outcome.LIKE_SPLIT), (quote(1000.0), Outcome.LIKE_SPLIT), (quote(60.0), Outcome.ACCEPTED),
    (quote(44.0), Outcome.ACCEPTED),
])
def test_one_rule_each(given: Quote, outcome: Outcome) -> None:
    told = verdict(given)
    assert told.outcome is outcome
    assert bool(told.reason) == (outcome is not Outcome.ACCEPTED)


def test_apple_of_2014_passes_where_the_split_is_known() -> None:
    friday = Reference(645.57, NOON - timedelta(days=3), "wire")
    split = CorporateAction(NOON.date(), "split", ratio=Decimal(7))
    assert verdict(quote(92.23), friday, (split,)).outcome is Outcome.ACCEPTED
    told = verdict(quote(92.23), friday)
    assert told.outcome is Outcome.LIKE_SPLIT
    assert "looks like an unrecorded split, 7 for 1" in told.reason
    assert verdict(quote(92.23), friday, (replace(split, date=date(2014, 1, 1)),)).outcome is Outcome.LIKE_SPLIT


@pytest.mark.parametrize("given", [quote(50.0), quote(200.0), quote(ts=NOON - timedelta(days=400))])
def test_a_person_is_believed_where_it_only_looks_odd(given: Quote) -> None:
    assert verdict(given, None if given.ts < NOON else LAST).outcome in {Outcome.LIKE_SPLIT, Outcome.STALE}
    last = None if given.ts < NOON else LAST
    assert judge(given, last, now=NOON, splits=list, own=True).outcome is Outcome.ACCEPTED
    assert judge(replace(given, ts=NOON, price=5000.0), LAST, now=NOON, splits=list, own=True).outcome is Outcome.FAR_OFF


def test_over_months_a_price_may_have_doubled() -> None:
    assert verdict(quote(200.0), replace(LAST, ts=NOON - timedelta(days=31))).outcome is Outcome.ACCEPTED
    assert verdict(quote(200.0), replace(LAST, ts=NOON - timedelta(days=29))).outcome is Outcome.LIKE_SPLIT


def test_stock_dividends_and_two_splits_between_two_quotes() -> None:
    last = Reference(600.0, NOON - timedelta(days=20), "wire")
    half = CorporateAction(NOON.date() - timedelta(days=9), "split", ratio=Decimal(2))
    doubled = CorporateAction(NOON.date() - timedelta(days=3), "stock_dividend", ratio=Decimal(2))
    assert verdict(quote(100.0), last, (half, doubled)).outcome is Outcome.ACCEPTED


def test_hundredths_are_repaired_with_a_mark_where_it_is_sure() -> None:
    pence = verdict(quote(9950.0, currency="GBp"), currency="GBP")
    assert (pence.outcome, pence.repaired) == (Outcome.ACCEPTED, quote(99.5, currency="GBP", mark="GBp/100"))
    untold = verdict(quote(9950.0), currency="ZAR")
    assert untold.repaired == quote(99.5, mark="1/100")
    assert verdict(quote(9950.0), currency="USD").outcome is Outcome.HUNDRED_TIMES
    assert verdict(quote(8000.0), currency="GBP").outcome is Outcome.HUNDRED_TIMES
    assert verdict(quote(100.0, currency="EUR"), currency="USD").outcome is Outcome.WRONG_CURRENCY


def test_trades_with_a_number_are_each_their_own() -> None:
    last = Reference(100.0, NOON, "wire", sequence=7)
    assert verdict(quote(sequence=8), last).outcome is Outcome.ACCEPTED
    assert verdict(quote(sequence=7), last).outcome is Outcome.IGNORED
    assert verdict(quote(sequence=6), last).outcome is Outcome.IGNORED
    assert verdict(quote(sequence=8, ts=NOON - timedelta(seconds=1)), last).outcome is Outcome.OLDER
    assert verdict(quote(sequence=1, source="other"), last).outcome is Outcome.ACCEPTED


def test_a_made_up_price_is_no_witness_of_a_split() -> None:
    made_up = Reference(200.0, NOON, "simulated", simulated=True)
    assert verdict(quote(100.0), made_up).outcome is Outcome.ACCEPTED


def test_a_second_provider_is_asked_about_what_may_be_true() -> None:
    assert {Outcome.FAR_OFF, Outcome.HUNDRED_TIMES, Outcome.LIKE_SPLIT} == DOUBTFUL
