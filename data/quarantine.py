"""Quotes that were held back: what is kept of one, so that a person can release it, and what is released."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from data.gate import Reference, is_price
from data.records import StoredFinding
from engine.errors import InvalidInput
from engine.types import Finding, Quote

QUARANTINED: Final = "quote_quarantined"


class Quarantined(NamedTuple):
    """A quote that was held back, and why."""

    quote: Quote
    code: str
    reason: str


def finding_of(held: Quarantined, last: Reference | None) -> Finding:
    """Record of a quarantined quote, with all that is needed to release it."""
    quote = held.quote
    context = {
        "reason_code": held.code, "reason": held.reason, "instrument_id": str(quote.instrument_id), "symbol": quote.symbol,
        "price": quote.price if math.isfinite(quote.price) else str(quote.price), "currency": quote.currency, "ts": quote.ts.isoformat(),
        "received": quote.received.isoformat(), "source": quote.source, "simulated": quote.simulated,
        "volume": quote.volume if quote.volume is None or math.isfinite(quote.volume) else None,
        "last_price": last.price if last else None, "last_ts": last.ts.isoformat() if last else None,
    }
    return Finding(QUARANTINED, f"A quote of {quote.symbol} was held back: {held.reason}.", context=context)


def quote_of(finding: StoredFinding, now: datetime) -> Quote:
    """Quote of a finding; one from the future is of now, or it would hold back all that follow."""
    told = finding.context
    quote = Quote(UUID(told["instrument_id"]), told["symbol"], float(told["price"]), min(datetime.fromisoformat(told["ts"]), now), now,
                  told["source"], told["currency"], told["volume"], told["simulated"], mark="released")
    if (refused := is_price(quote)) is not None:
        raise InvalidInput("price", told["price"], refused.reason, hint="Reject it")
    return quote
