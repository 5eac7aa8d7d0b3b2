"""What must hold whatever breaks: a checker of I1 to I12 with SQL and arithmetic of its own, none of which the services use.

`Checker(connection)` reads the tables, `heard(...)` what the server told over HTTP; each gives a list of `Broken`, empty where all is well.
A ledger with kinds that the arithmetic here does not know is not judged by it, and counted in `Checker.unjudged`.
"""

from __future__ import annotations

import struct
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, LiteralString

import httpx
import psycopg

LIVE_SECONDS = 15 * 60  # nothing older may be called live
DUST = Decimal("0.000001")
TRACE = "Traceback (most recent call last)"

CASH = {"BUY": -1, "SELL": 1, "DIVIDEND": 1, "INTEREST": 1, "DEPOSIT": 1, "WITHDRAWAL": -1, "FEE": -1, "TAX": -1}
UNITS = {"BUY": 1, "SELL": -1}

Amounts = dict[str, Decimal]

ROWS: LiteralString = """
    SELECT e.portfolio_id, e.kind, e.symbol, e.quantity, e.price, e.amount, e.fee, e.tax, e.ratio, i.multiplier, e.fx_rate,
           coalesce(e.currency, i.currency, p.base_currency) AS currency, coalesce(i.currency, e.currency, p.base_currency) AS own_currency
    FROM (SELECT DISTINCT ON (id) * FROM ledger_entry ORDER BY id, version DESC) e JOIN portfolio p ON p.id = e.portfolio_id
    LEFT JOIN instrument i ON i.workspace_id = e.workspace_id AND i.symbol = e.symbol
    WHERE NOT e.voided ORDER BY e.date, e.sequence"""
DIGEST: LiteralString = """
    SELECT count(*), coalesce(sum(hashtextextended(e::text, 7)::numeric), 0)
    FROM (SELECT * FROM ledger_entry WHERE sequence <= %s) e"""

# Each gives a sentence for every row that is wrong.
QUESTIONS: Mapping[str, tuple[LiteralString, ...]] = {
    "I1": (
        ("SELECT external_id || ' is ' || count(*) || ' times in portfolio ' || portfolio_id FROM ledger_entry"
        " WHERE version = 1 AND external_id IS NOT NULL GROUP BY portfolio_id, external_id HAVING count(*) > 1"),
    ),
    "I2": (
        ("SELECT 'transfer ' || transfer_id || ' has ' || count(*) FILTER (WHERE kind = 'TRANSFER_OUT') || ' ways out and '"
        " || count(*) FILTER (WHERE kind = 'TRANSFER_IN') || ' in' FROM (SELECT DISTINCT ON (id) * FROM ledger_entry ORDER BY id, version DESC) e"
        " WHERE transfer_id IS NOT NULL AND NOT voided GROUP BY transfer_id"
        " HAVING count(*) FILTER (WHERE kind = 'TRANSFER_OUT') <> count(*) FILTER (WHERE kind = 'TRANSFER_IN')"),
    ),
    "I5": (
        "SELECT id || ' has a hole in its versions' FROM ledger_entry GROUP BY id HAVING max(version) <> count(*) OR min(version) <> 1",
        ("SELECT 'nothing guards ' || name FROM unnest(ARRAY['ledger_entry', 'audit_entry']) name WHERE"
        " (SELECT count(*) FROM pg_trigger WHERE tgrelid = name::regclass AND NOT tgisinternal AND tgenabled = 'O'"
        "  AND tgname IN (name || '_append_only', name || '_no_truncate')) <> 2"),
        "SELECT 'nobody wrote down who made ' || id FROM ledger_entry e WHERE version = 1 AND recorded_by IS NULL AND owner_id IS NULL",
    ),
    "I6": (
        ("SELECT instrument_id || ' shows a price of ' || l.ts || ', a newer tick is stored' FROM quote_latest l WHERE EXISTS"
        " (SELECT FROM quote_tick t WHERE t.instrument_id = l.instrument_id AND t.simulated = l.simulated AND t.ts > l.ts)"),
        ("SELECT 'a tick of ' || instrument_id || ' comes from the future: ' || ts FROM quote_tick"
        " WHERE ts > received + interval '5 seconds'"),
        ("SELECT 'the price of ' || instrument_id || ' comes from the future: ' || ts FROM quote_latest"
        " WHERE ts > received + interval '5 seconds'"),
    ),
    "I7": (
        "SELECT 'a tick of ' || instrument_id || ' is ' || price FROM quote_tick WHERE NOT (price > 0 AND price < 'Infinity')",
        "SELECT 'the price of ' || instrument_id || ' is ' || price FROM quote_latest WHERE NOT (price > 0 AND price < 'Infinity')",
        "SELECT 'a close of ' || instrument_id || ' is ' || close FROM bar WHERE NOT (close > 0 AND close < 'Infinity')",
        "SELECT 'the rate ' || pair || ' is ' || rate FROM fx_rate WHERE NOT (rate > 0 AND rate < 'Infinity')",
        ("SELECT i.symbol || ' is in ' || i.currency || ', its price in ' || l.currency FROM quote_latest l JOIN instrument i"
        " ON i.id = l.instrument_id WHERE l.currency <> i.currency AND i.asset_class <> 'fx'"),
    ),
    "I10": (
        ("SELECT 'transaction ' || e.id || ' is of another workspace than its portfolio' FROM ledger_entry e JOIN portfolio p"
        " ON p.id = e.portfolio_id WHERE p.workspace_id <> e.workspace_id"),
        ("SELECT 'portfolio ' || p.id || ' belongs to somebody of another workspace' FROM portfolio p JOIN app_user u ON u.id = p.owner_id"
        " WHERE u.workspace_id <> p.workspace_id"),
        ("SELECT 'audit entry ' || a.id || ' is by somebody of another workspace' FROM audit_entry a JOIN app_user u ON u.id = a.actor_id"
        " WHERE u.workspace_id <> a.workspace_id"),
    ),
    "I11": (
        "SELECT count(*) || ' connections to the server, which takes 200' FROM pg_stat_activity HAVING count(*) > 190",
        ("SELECT 'a transaction has been left open since ' || xact_start FROM pg_stat_activity WHERE datname = current_database()"
        " AND state = 'idle in transaction' AND xact_start < clock_timestamp() - interval '90 seconds'"),
    ),
}


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant that does not hold, and where."""

    invariant: str
    what: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What the ledger and the prices were at one moment, to compare with later."""

    newest: int
    rows: int
    digest: Decimal
    prices: Mapping[Any, tuple[datetime, bool]]


@dataclass(slots=True)
class Book:
    """What a portfolio comes to by the arithmetic of this module."""

    cash: Amounts = field(default_factory=lambda: defaultdict(Decimal))
    units: Amounts = field(default_factory=lambda: defaultdict(Decimal))


class Checker:
    """Reads the tables of one database over a connection of its own."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.unjudged: set[Any] = set()

    def look(self) -> Seen:
        """Remember what is there now."""
        newest, = self._rows("SELECT coalesce(max(sequence), 0) FROM ledger_entry")[0]
        rows, digest = self.connection.execute(DIGEST, [newest]).fetchall()[0]
        prices = {key: (ts, simulated) for key, ts, simulated in self._rows("SELECT instrument_id, ts, simulated FROM quote_latest")}
        return Seen(newest, rows, digest, prices)

    def check(self, *, acked: Mapping[Any, Collection[str]] | None = None, since: Seen | None = None) -> list[Broken]:
        """Ask everything that tables can tell; `acked` are the external ids that a server acknowledged, by portfolio."""
        found = [Broken(name, str(row[0])) for name, questions in QUESTIONS.items() for question in questions for row in self._rows(question)]
        for portfolio, names in (acked or {}).items():
            found += self._acknowledged(portfolio, names)
        return [*found, *self._refused_below_zero(), *self._packs(), *(self._since(since) if since else ())]

    def books(self) -> dict[Any, Book]:
        """Add every ledger up, transaction by transaction, in decimals."""
        books: dict[Any, Book] = defaultdict(Book)
        self.unjudged = set()
        for portfolio, *row in self._rows(ROWS):
            if not _post(books[portfolio], Posted(*row)):
                self.unjudged.add(portfolio)
        return {key: book for key, book in books.items() if key not in self.unjudged}

    def _acknowledged(self, portfolio: Any, names: Collection[str]) -> Iterator[Broken]:
        rows = self.connection.execute("SELECT external_id, count(*) FROM ledger_entry WHERE version = 1 AND portfolio_id = %s"
                                       " AND external_id = ANY(%s) GROUP BY 1", [portfolio, list(names)]).fetchall()
        there = dict(rows)
        yield from (Broken("I1", f"{name} was acknowledged and is {there.get(name, 0)} times there") for name in names if there.get(name, 0) != 1)

    def _refused_below_zero(self) -> Iterator[Broken]:
        """I3: what a portfolio refuses is not there."""
        strict = {key: (oversell == "error", cash == "refuse")
                  for key, oversell, cash in self._rows("SELECT id, oversell, negative_cash FROM portfolio")}
        for key, book in self.books().items():
            units, cash = strict[key]
            yield from (Broken("I3", f"{amount} {name} in {key}") for name, amount in book.units.items() if units and amount < -DUST)
            yield from (Broken("I3", f"{amount} {name} of cash in {key}") for name, amount in book.cash.items() if cash and amount < -DUST)

    def _packs(self) -> Iterator[Broken]:
        """I4: closes in one piece are the closes of the bars, number by number."""
        for key, days, closes in self._rows("SELECT instrument_id, days, closes FROM close_pack"):
            bars = self.connection.execute("SELECT date - DATE '1970-01-01', close::float8 FROM bar WHERE instrument_id = %s ORDER BY date", [key])
            told = list(zip(struct.unpack(f"<{len(days) // 4}i", days), struct.unpack(f"<{len(closes) // 8}d", closes), strict=False))
            if told != bars.fetchall():
                yield Broken("I4", f"the closes of {key} in one piece are not its bars")

    def _since(self, before: Seen) -> Iterator[Broken]:
        rows, digest = self.connection.execute(DIGEST, [before.newest]).fetchall()[0]
        if rows < before.rows or (rows == before.rows and digest != before.digest):
            yield Broken("I5", f"of {before.rows} ledger rows {rows} are there, and not as they were")
        now = {key: (ts, simulated) for key, ts, simulated in self._rows("SELECT instrument_id, ts, simulated FROM quote_latest")}
        for key, (ts, simulated) in before.prices.items():
            if key in now and now[key][1] == simulated and now[key][0] < ts:
                yield Broken("I6", f"the latest price of {key} went back from {ts} to {now[key][0]}")

    def _rows(self, question: LiteralString) -> list[Any]:
        return self.connection.execute(question).fetchall()


@dataclass(frozen=True, slots=True)
class Posted:
    """A transaction as `ROWS` reads it."""

    kind: str
    symbol: str | None
    quantity: Decimal | None
    price: Decimal | None
    amount: Decimal | None
    fee: Decimal
    tax: Decimal
    ratio: Decimal | None
    multiplier: Decimal | None
    fx_rate: Decimal | None
    currency: str
    own_currency: str

    @property
    def gross(self) -> Decimal:
        """What it is worth before fee and tax."""
        if self.amount is not None:
            return self.amount
        return (self.quantity or Decimal(0)) * (self.price or Decimal(0)) * (self.multiplier or Decimal(1) if self.kind in UNITS else Decimal(1))


def _post(book: Book, row: Posted) -> bool:
    """Add a transaction to a book; false where this arithmetic does not know it."""
    if row.kind == "SPLIT" and row.symbol and row.ratio and row.amount is None and row.quantity is None and row.price is None:
        book.units[row.symbol] *= row.ratio
        return True
    if row.kind not in CASH or (row.kind in UNITS and (row.currency != row.own_currency or row.fx_rate is not None)):
        return False
    book.cash[row.currency] += CASH[row.kind] * row.gross - row.fee - row.tax
    if row.kind in UNITS:
        book.units[str(row.symbol)] += UNITS[row.kind] * (row.quantity or Decimal(0))
    return True


def heard(api: httpx.Client, books: Mapping[Any, Book]) -> list[Broken]:
    """Ask a server what every portfolio holds, and compare: I2 with the arithmetic here, I7 and I8 of each price."""
    found: list[Broken] = []
    for key, book in books.items():
        answer = api.get(f"/api/v1/portfolios/{key}/holdings")
        if answer.status_code == 404:
            continue  # taken out of sight
        answer.raise_for_status()
        found += compared(str(key), book, answer.json())
    return found


def compared(name: str, book: Book, told: Mapping[str, Any]) -> Iterator[Broken]:
    """Compare one answer with one book."""
    yield from _different("I2", f"{name}: cash", book.cash, told["cash"])
    yield from _different("I2", f"{name}: units", book.units, {row["symbol"]: row["quantity"] for row in told["holdings"]})
    for row in told["holdings"]:
        price, worth = row["price"], row["market_value_local"]
        if price is not None and not 0 < price < float("inf"):
            yield Broken("I7", f"{row['symbol']} is valued at {price}")
        elif price is not None and abs(price * row["quantity"] * row["multiplier"] - worth) > 1e-6 * max(1.0, abs(worth)):
            yield Broken("I4", f"{row['symbol']} is told to be worth {worth}, {row['quantity']} at {price}")
        if row["price_state"] == "live" and (row["price_age_seconds"] or 0) > LIVE_SECONDS:
            yield Broken("I8", f"a price of {row['symbol']} that is {row['price_age_seconds']:.0f} s old is called live")


def _different(invariant: str, what: str, mine: Mapping[str, Decimal], told: Mapping[str, float]) -> Iterator[Broken]:
    for name in sorted({*mine, *told}):
        expected, found = mine.get(name, Decimal(0)), Decimal(repr(float(told.get(name, 0.0))))
        if abs(expected - found) > DUST * max(Decimal(1), abs(expected)):
            yield Broken(invariant, f"{what}: {found} {name}, by the ledger {expected}")


def converged(shown: Mapping[str, float | None], stored: Mapping[str, Decimal]) -> Iterator[Broken]:
    """I9: a client shows the last price of everything that it follows."""
    for symbol, price in stored.items():
        if shown.get(symbol) != float(price):
            yield Broken("I9", f"a client shows {shown.get(symbol)} for {symbol}, the last price is {price}")


def in_order(numbers: Sequence[int]) -> Iterator[Broken]:
    """I9: numbers of flushes only grow within one connection."""
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        yield Broken("I9", "the numbers of a stream went back")


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """Give the slope of the second half of (seconds, value) by least squares, an hour."""
    half = samples[len(samples) // 2:]
    count = len(half)
    if count < 2:
        return 0.0
    middle, mean = sum(at for at, _ in half) / count, sum(value for _, value in half) / count
    spread = sum((at - middle) ** 2 for at, _ in half)
    return 3600 * sum((at - middle) * (value - mean) for at, value in half) / spread if spread else 0.0


def leaks(answers: Iterable[str], secrets: Collection[str], *, traces: bool = True) -> Iterator[Broken]:
    """I10 and I12: no text that left the server holds a marker of somebody else, a secret, or a trace of our Python."""
    words = [*secrets, *([TRACE, 'File "/'] if traces else [])]
    counted = Counter(word for text in answers for word in words if word in text)
    yield from (Broken("I12", f"{word[:8]}... is in {count} answers") for word, count in counted.items())
