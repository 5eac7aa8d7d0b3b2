"""Checks against the market: instruments without a price, trades far from it, and exchange rates that were old."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from engine.evidence import DAY, NOTHING, Evidence, Fix, Floats, LedgerFinding, correct, near, number
from engine.types import Kind, Severity

FAR, SIGMAS = 0.20, 8.0  # how far a trade may be from the close: a fifth, or that many usual days
CLOSE_DAYS = 4
RATE_DAYS = 5  # a rate older than this is told
SAME = 0.06
ENOUGH = 20


def unknown_prices(evidence: Evidence) -> Iterator[LedgerFinding]:
    """Find what is held and has no price at all, so that it is missing from the value.

    Parameters
    ----------
    evidence
        Ledger and market.

    Yields
    ------
    LedgerFinding
    """
    positions = evidence.book.positions
    for symbol in map(str, positions.index[positions["quantity"] != 0]):
        line = evidence.closes.get(symbol, NOTHING)
        if symbol not in evidence.quoted and not (line.values.size and line.days[0] <= evidence.today):
            yield _unpriced(evidence, symbol, float(positions["quantity"][symbol]))


def _unpriced(evidence: Evidence, symbol: str, held: float) -> LedgerFinding:
    paid = [row for row in evidence.rows_of(evidence.symbol == symbol) if evidence.price[row] > 0 and evidence.kind[row] in {Kind.BUY, Kind.SELL}]
    fixes = []
    if paid:
        day, price = evidence.text(paid[-1]), number(evidence.price[paid[-1]])
        fixes.append(Fix(f"Take the last price paid, {price} on {day}", ({"op": "price", "symbol": symbol, "date": day, "close": price},)))
    message = f"{number(held)} {symbol} are held, but no price is known: they are missing from the value."
    return LedgerFinding("unknown_price", message, Severity.ERROR, tuple(evidence.id(row) for row in paid[-1:]), symbol, None, tuple(fixes),
                         "Check the symbol, or send prices of your own", key=symbol, context={"held": held})


def off_market(evidence: Evidence) -> Iterator[LedgerFinding]:
    """Find trades at a price far from that day's close.

    Parameters
    ----------
    evidence
        Ledger and market.

    Yields
    ------
    LedgerFinding
    """
    traded = evidence.of(Kind.BUY, Kind.SELL) & (evidence.quantity != 0) & (evidence.gross > 0)
    for symbol in {name for name in evidence.symbol[traded] if name}:
        rows = np.flatnonzero(traded & (evidence.symbol == symbol))
        paid = evidence.gross[rows] / (evidence.quantity[rows] * evidence.multiplier(symbol))
        line = evidence.closes.get(symbol, NOTHING)
        closes = line.each(evidence.day[rows], CLOSE_DAYS)
        far = np.abs(np.log(paid / closes)) > max(np.log1p(FAR), SIGMAS * _usual(line.values))
        for place in np.flatnonzero(far):
            finding = _off(evidence, int(rows[place]), float(paid[place]), float(closes[place]))
            if finding is not None:
                yield finding


def _usual(values: Floats) -> float:
    """Size of a usual day's move."""
    return 1.4826 * float(np.median(np.abs(np.diff(np.log(values))))) if values.size >= ENOUGH and (values > 0).all() else 0.0


def _off(evidence: Evidence, row: int, paid: float, close: float) -> LedgerFinding | None:
    symbol, day, name = evidence.symbol[row], evidence.text(row), evidence.id(row)
    if any(near(paid / close, factor, SAME) for factor in _later_splits(evidence, symbol, evidence.day[row])):
        return None  # the market's closes are adjusted for a split since; the trade is right
    cause, fixes = _cause(evidence, row, paid, close)
    usual = Fix(f"Take that day's close, {number(close)}", (correct(name, price=number(close), amount=None),))
    what = f"{evidence.kind[row]} {number(evidence.quantity[row])} {symbol} of {day} at {number(float(f'{paid:.8g}'))}"
    message = f"{what}: the market closed at {number(close)}."
    return LedgerFinding("price_off_market", message, Severity.WARNING, (name,), symbol, day, (*fixes, usual), cause,
                         context={"price": paid, "close": close})


def _later_splits(evidence: Evidence, symbol: str, day: np.datetime64) -> list[float]:
    """Factors by which closes of a day may be adjusted: every run of splits that came after it."""
    ratios = [float(action.ratio) for action in evidence.actions.get(symbol, ()) if action.kind == "split" and action.ratio
              and np.datetime64(action.date, "D") > day]
    booked = evidence.of(Kind.SPLIT) & (evidence.symbol == symbol) & (evidence.day > day)
    ratios += [float(evidence.cell(row, "ratio")) for row in evidence.rows_of(booked) if not ratios]
    return [float(np.prod(ratios[place:])) for place in range(len(ratios))] + [float(np.prod(ratios[: place + 1])) for place in range(len(ratios))]


def _cause(evidence: Evidence, row: int, paid: float, close: float) -> tuple[str | None, list[Fix]]:
    """Guess why a price is off: the first explanation that leads to the market."""
    name, quantity = evidence.id(row), float(evidence.quantity[row])
    ratio = paid / close
    priced = not np.isnan(evidence.price[row])
    if near(ratio, 100, SAME) or near(ratio, 0.01, SAME):
        fixed = paid / 100 if ratio > 1 else paid * 100
        return "It looks like pence or cents, a hundredth of the currency", [_price(name, fixed)]
    if priced and quantity != 1 and near(quantity, close, SAME):
        return "Quantity and price look exchanged", [Fix("Exchange quantity and price", (correct(
            name, quantity=number(float(evidence.price[row])), price=number(quantity), amount=None),))]
    if priced and quantity > 1 and near(ratio, quantity, SAME):
        return "The price looks like the amount of all", [_price(name, paid / quantity)]
    shift = next((step for step in (10.0, 1000.0, 0.1, 0.001) if near(ratio, step, SAME)), None)
    if shift:
        return "The point looks shifted", [_price(name, paid / shift)]
    return _foreign(evidence, row, paid, close)


def _foreign(evidence: Evidence, row: int, paid: float, close: float) -> tuple[str | None, list[Fix]]:
    """Try whether the price was given in the portfolio's currency."""
    own = evidence.currencies.get(evidence.symbol[row], evidence.base)
    rate = evidence.rate(evidence.base, own, evidence.day[row]) if own != evidence.base else float("nan")
    if near(paid * rate, close, SAME):
        return f"It looks like a price in {evidence.base}", [_price(evidence.id(row), float(f"{paid * rate:.8g}"))]
    return None, []


def _price(name: str, value: float) -> Fix:
    text = number(float(f"{value:.10g}"))
    return Fix(f"Price {text}", (correct(name, price=text, amount=None),))


def stale_rates(evidence: Evidence) -> Iterator[LedgerFinding]:
    """Find transactions in another currency that were booked at a rate older than five days, or at none.

    Parameters
    ----------
    evidence
        Ledger and market.

    Yields
    ------
    LedgerFinding
        One a currency.
    """
    own = ~np.isnan(evidence.ledger["fx_rate"].to_numpy(dtype=np.float64))
    foreign = np.array([code is not None and code != evidence.base for code in evidence.currency], dtype=np.bool_) & ~own
    moving = foreign & ~evidence.of(Kind.SPLIT, Kind.STOCK_DIVIDEND, Kind.SPIN_OFF)
    late: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for row in evidence.rows_of(moving):
        age = _age(evidence, str(evidence.currency[row]), evidence.day[row])
        if age > RATE_DAYS:
            late[str(evidence.currency[row])].append((row, age))
    for code, rows in late.items():
        yield _late(evidence, code, rows)


def _age(evidence: Evidence, code: str, day: np.datetime64) -> float:
    """Days since the last rate that leads to the base currency, itself or through EUR or USD; infinite where there is none."""
    pivots = [(code,)] + [(code, pivot) for pivot in ("EUR", "USD") if pivot not in {code, evidence.base}]
    return min(max(_age_of(evidence, left, right, day) for left, right in zip(path, (*path[1:], evidence.base), strict=True)) for path in pivots)


def _age_of(evidence: Evidence, source: str, target: str, day: np.datetime64) -> float:
    known = [line for pair in (source + target, target + source) if (line := evidence.rates.get(pair)) is not None]
    places = [(line, int(np.searchsorted(line.days, day, side="right")) - 1) for line in known]
    return min((float((day - line.days[place]) / DAY) for line, place in places if place >= 0), default=float("inf"))


def _late(evidence: Evidence, code: str, rows: list[tuple[int, float]]) -> LedgerFinding:
    never = [row for row, age in rows if np.isinf(age)]
    days = max((age for _, age in rows if np.isfinite(age)), default=0.0)
    many = "transaction was" if len(rows) == 1 else "transactions were"
    first, last = evidence.text(rows[0][0]), evidence.text(rows[-1][0])
    span = f"on {first}" if first == last else f"from {first} to {last}"
    if never:
        message = f"{len(never)} {code} {'transaction has' if len(never) == 1 else 'transactions have'} no rate to {evidence.base} ({span})."
    else:
        message = f"{len(rows)} {code} {many} booked at a rate up to {days:.0f} days old ({span})."
    return LedgerFinding("missing_rate" if never else "stale_rate", message, Severity.ERROR if never else Severity.WARNING,
                         tuple(evidence.id(row) for row, _ in rows[:200]), None, first, (),
                         f"Send rates of these days, or give the transactions a rate of their own (fx_rate, {evidence.base} for one {code})",
                         key=code, context={"currency": code, "days": None if never else days})
