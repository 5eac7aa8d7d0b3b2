from __future__ import annotations

from engine.errors import RateLimited, UnknownSymbol
from tests.data.listings import bars_of, listed, quote_of
from tests.data.replay import Case

TABLE = {
    "stooq/q-l-NVR.csv": Case(quote_of(listed("NVR")), ("NVR", 5908.87, "2021-12-31T21:00:37+00:00", "USD", 6346.0)),
    "stooq/q-l-unknown-symbol.csv": Case(quote_of(listed("APPL")), UnknownSymbol),
    "stooq/error-daily-limit.txt": Case(bars_of(listed("AAPL")), RateLimited),
    "stooq/no-data.txt": Case(bars_of(listed("NOSUCH")), UnknownSymbol),
}
