"""Checks of what was held when: sold without having, paid without holding, cash below zero, transfers that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from engine.evidence import DAY, Evidence, Fix, LedgerFinding, correct, near, number, record, void
from engine.types import Kind, Severity

LATE_DAYS = 60  # a dividend is often paid weeks after the day that decides who gets it
LEG_DAYS = 10  # how far apart the legs of one transfer may be booked
FUNDING = (Kind.DEPOSIT, Kind.WITHDRAWAL, Kind.TRANSFER_IN, Kind.TRANSFER_OUT, Kind.ADJUSTMENT, Kind.FX_CONVERSION)
ACQUIRING = (Kind.BUY, Kind.TRANSFER_IN, Kind.STOCK_DIVIDEND, Kind.ADJUSTMENT)
MOST_SPELLS = 5
RATIOS = (2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50, 100)


def oversold(evidence: Evidence) -> Iterator[LedgerFinding]:
    """Find sales of more than was held. Where shorts are allowed, one that is bought back later is meant so.

    Parameters
    ----------
    evidence
        Ledger and market.

    Yields
    ------
    LedgerFinding
    """
    leaving = evidence.of(Kind.SELL, Kind.TRANSFER_OUT, Kind.ADJUSTMENT)
    beyond = leaving & (evidence.after < 0) & (evidence.before >= 0) & (evidence.after < evidence.before)
    if evidence.oversell == "error":
        beyond = leaving & (evidence.after < 0) & (evidence.after < evidence.before)
    acquired = np.flatnonzero(evidence.of(*ACQUIRING))
    last = dict(zip(evidence.symbol[acquired], acquired.tolist(), strict=True))  # of each symbol the last row that may buy back
    for row in evidence.rows_of(beyond):
        if evidence.oversell == "error" or last.get(evidence.symbol[row], -1) < row:
            yield _oversale(evidence, row)


def _oversale(evidence: Evidence, row: int) -> LedgerFinding:
    name, symbol, day = evidence.id(row), evidence.symbol[row], evidence.text(row)
    held, left = max(float(evidence.before[row]), 0.0), float(evidence.before[row] - evidence.after[row])
    short = left - held
    price = evidence.price[row] if not np.isnan(evidence.price[row]) else evidence.close(symbol, evidence.day[row])
    fixes = _split_first(evidence, row, held, left)
    if not np.isnan(price):
        fixes.append(Fix(f"Record what is missing: {number(short)} {symbol} bought the day before at {number(price)}",
                         (_moved_before(evidence, row, short, float(price)))))
    if held > 0:
        fixes.append(Fix(f"Sell {number(held)}, all that was held", (correct(name, quantity=number(held), **_kept_price(evidence, row)),)))
    fixes.append(Fix("Void the sale", (void(name),)))
    message = f"{number(left)} {symbol} left on {day}, but {number(held) if held else 'none'} {'were' if held != 1 else 'was'} held."
    severity = Severity.ERROR if evidence.oversell == "error" else Severity.WARNING
    return LedgerFinding("oversold", message, severity, (name,), symbol, day, tuple(fixes),
                         "It stands as a short position; that is fine if it is one", context={"held": held, "quantity": left})


def _kept_price(evidence: Evidence, row: int) -> dict[str, str]:
    """Keep the price a unit where the row has only an amount."""
    if not np.isnan(evidence.price[row]):
        return {}
    return {"price": number(evidence.gross[row] / (evidence.quantity[row] * evidence.multiplier(evidence.symbol[row])))}


def _moved_before(evidence: Evidence, row: int, units: float, price: float) -> tuple[dict[str, object], ...]:
    """Record the purchase on the day before the sale, because what is recorded now is booked last on its own day."""
    day = str(evidence.day[row] - DAY)
    return (record(date=day, kind="BUY", symbol=evidence.symbol[row], quantity=number(units), price=number(price), account=evidence.account[row],
                   note="Added by a check: more was sold than bought"),)


def _split_first(evidence: Evidence, row: int, held: float, left: float) -> list[Fix]:
    """Propose a split where both what was sold and its price say so."""
    symbol = evidence.symbol[row]
    earlier = evidence.of(Kind.BUY)[:row] & (evidence.symbol[:row] == symbol)
    paid = evidence.price[:row][earlier]
    if held <= 0 or not paid.size or np.isnan(evidence.price[row]):
        return []
    ratio = next((n for n in RATIOS if near(left / held, n, 1e-6) and near(float(paid[-1]) / float(evidence.price[row]), n, 0.4)), None)
    if ratio is None:
        return []
    day = str(evidence.day[row] - DAY)
    return [Fix(f"Record a split {ratio}:1 before it", (record(date=day, kind="SPLIT", symbol=symbol, ratio=str(ratio)),))]


def wrong_account(evidence: Evidence) -> Iterator[LedgerFinding]:
    """Find sales from an account that did not hold enough while another did.

    Parameters
    ----------
    evidence
        Ledger and market.

    Yields
    ------
    LedgerFinding
    """
    lots = evidence.book.lots
    short = lots[lots["quantity"] < 0]
    for symbol, account, name, units in zip(short["symbol"], short["account"], short["transaction_id"], -short["quantity"], strict=True):
        long = lots[(lots["symbol"] == symbol) & (lots["quantity"] > 0) & (lots["account"] != account)]
        held = long.groupby(long["account"].fillna(""), sort=True)["quantity"].sum()
        enough = held[held >= units * (1 - 1e-9)]
        row = int(np.flatnonzero(evidence.ledger["id"].to_numpy() == name)[0])
        if len(enough) and evidence.kind[row] in {Kind.SELL, Kind.TRANSFER_OUT}:
            yield _from_other(evidence, row, str(enough.index[0]), float(units))


def _from_other(evidence: Evidence, row: int, holder: str, units: float) -> LedgerFinding:
    name, symbol, mine = evidence.id(row), evidence.symbol[row], evidence.account[row] or "no account"
    other = holder or "no account"
    fixes = []
    if near(units, float(evidence.quantity[row]), 1e-9):
        fixes.append(Fix(f"It was sold from {other}", (correct(name, account=holder or None),)))
    if evidence.account[row] and holder:
        day = str(evidence.day[row] - DAY)
        fixes.append(Fix(f"Transfer {number(units)} from {other} before it",
                         (record(date=day, kind="TRANSFER_OUT", symbol=symbol, quantity=number(units), account=holder),
                          record(date=day, kind="TRANSFER_IN", symbol=symbol, quantity=number(units), account=evidence.account[row]))))
    message = f"{number(units)} {symbol} sold from {mine} on {evidence.text(row)} were not there; {other} still holds them."
    return LedgerFinding("wrong_account", message, Severity.WARNING, (name,), symbol, evidence.text(row), tuple(fixes))


def dividends(evidence: Evidence) -> Iterator[LedgerFinding]:
    """Find dividends of what was not held, or not any more.

    Parameters
    ----------
    evidence
        Ledger and market.

    Yields
    ------
    LedgerFinding
    """
    for row in evidence.rows_of(evidence.of(Kind.DIVIDEND, Kind.RETURN_OF_CAPITAL, Kind.STOCK_DIVIDEND) & (evidence.before == 0)):
        symbol = evidence.symbol[row]
        if symbol and evidence.held(symbol, evidence.day[row]) == 0:
            yield _unheld(evidence, row, symbol)


def _unheld(evidence: Evidence, row: int, symbol: str) -> LedgerFinding:
    name, kind = evidence.id(row), str(evidence.kind[row]).lower().replace("_", " ")
    rows, _ = evidence.moves.get(symbol, (np.array([], dtype=np.int64), np.array([])))
    sold = rows[rows < row]
    fixes = (Fix(f"Void the {kind}", (void(name),)),)
    if not sold.size:
        message = f"A {kind} of {symbol} on {evidence.text(row)}, but {symbol} was not held before."
        return LedgerFinding("dividend_not_held", message, Severity.WARNING, (name,), symbol, evidence.text(row), fixes,
                             "A purchase or a transfer may be missing")
    last = evidence.day[sold[-1]]
    days = int((evidence.day[row] - last) / DAY)
    message = f"A {kind} of {symbol} on {evidence.text(row)}, {days} days after the last was sold on {last}."
    hint = "It may be paid late: what counts is who held on the ex-date" if days <= LATE_DAYS else "A later purchase may be missing"
    return LedgerFinding("dividend_after_sale", message, Severity.INFO if days <= LATE_DAYS else Severity.WARNING,
                         (evidence.id(int(sold[-1])), name), symbol, evidence.text(row), fixes, hint, context={"days": days})


def negative_cash(evidence: Evidence) -> Iterator[LedgerFinding]:
    """Find spells in which the cash of a currency was below zero at the end of a day.

    Parameters
    ----------
    evidence
        Ledger and market.

    Yields
    ------
    LedgerFinding
    """
    effects = evidence.book.effects
    legs = effects[effects["cash_currency"].notna() & (effects["cash_delta_local"] != 0)]
    balances = {str(code): each.groupby(each["date"].to_numpy(), sort=True)["cash_delta_local"].sum().cumsum()
                for code, each in legs.groupby("cash_currency", sort=True)}
    for code, balance in balances.items():
        for place, spell in enumerate(_spells(balance)):
            if place < MOST_SPELLS:
                yield _overdrawn(evidence, code, balance, spell, balances)


def _spells(balance: pd.Series) -> Iterator[slice]:
    below = balance.to_numpy() < -np.maximum(0.005, 1e-9 * np.abs(balance.to_numpy()).max(initial=0.0))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], below, [False]]).astype(int)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        yield slice(int(start), int(end))


def _overdrawn(evidence: Evidence, code: str, balance: pd.Series, spell: slice, balances: dict[str, pd.Series]) -> LedgerFinding:
    start = balance.index[spell.start]
    lowest = -float(balance.iloc[spell].min())
    until = str(balance.index[spell.stop])[:10] if spell.stop < len(balance) else None
    effects = evidence.book.effects
    day = np.datetime64(start, "D")
    those = effects[(effects["cash_currency"] == code) & (effects["date"] == start) & (effects["cash_delta_local"] < 0)]["transaction_id"]
    funded = bool(evidence.of(*FUNDING).any())
    short = number(float(np.ceil(round(lowest * 100, 4)) / 100))
    fixes = [Fix(f"Record a deposit of {short} {code} on {day}", (record(date=str(day), kind="DEPOSIT", amount=short, currency=code),)),
             *_conversions(evidence, code, day, lowest, balances)]
    spell_text = f"from {day} until {until}" if until else f"since {day}"
    message = f"Cash in {code} is below zero {spell_text}, by up to {number(round(lowest, 2))}."
    hint = None if funded else "No deposit is recorded at all: record what was paid in, and returns can be told from contributions"
    severity = Severity.WARNING if funded else Severity.INFO
    return LedgerFinding("negative_cash", message, severity, tuple(dict.fromkeys(map(str, those))), None, str(day), tuple(fixes), hint,
                         key=code, context={"currency": code, "lowest": -lowest, "until": until})


def _conversions(evidence: Evidence, code: str, day: np.datetime64, lowest: float, balances: dict[str, pd.Series]) -> list[Fix]:
    """Propose to exchange from a currency that has enough from that day on: brokers do so without saying it."""
    for other, balance in balances.items():
        rate = evidence.rate(code, other, day) if other != code else float("nan")
        then = int(np.searchsorted(balance.index.to_numpy(), day, side="right")) - 1
        if np.isnan(rate) or then < 0:
            continue
        least = float(balance.iloc[then:].min())
        cost = float(np.ceil(round(lowest * rate * 100, 4)) / 100)
        if least >= cost:
            got = number(float(np.ceil(round(lowest * 100, 4)) / 100))
            draft = record(date=str(day), kind="FX_CONVERSION", amount=number(cost), currency=other, to_amount=got, to_currency=code)
            return [Fix(f"Record an exchange of {number(cost)} {other} into {got} {code}", (draft,))]
    return []


def transfers(evidence: Evidence) -> Iterator[LedgerFinding]:
    """Find transfers of securities that left and came nowhere: no price, and no other leg here or in another portfolio.

    Parameters
    ----------
    evidence
        Ledger and market.

    Yields
    ------
    LedgerFinding
    """
    bare = evidence.of(Kind.TRANSFER_OUT) & np.isnan(evidence.gross) & (evidence.symbol != None)  # noqa: E711 - element by element
    arrived = [(evidence.symbol[row], float(evidence.quantity[row]), evidence.day[row]) for row in evidence.rows_of(evidence.of(Kind.TRANSFER_IN))]
    other = evidence.elsewhere[evidence.elsewhere["kind"] == Kind.TRANSFER_IN.value]
    arrived += list(zip(other["symbol"], other["quantity"], other["date"].to_numpy().astype("datetime64[D]"), strict=True))
    for row in evidence.rows_of(bare):
        twin = next((leg for leg in arrived if leg[0] == evidence.symbol[row] and near(leg[1], evidence.quantity[row], 1e-9)
                     and abs(leg[2] - evidence.day[row]) <= LEG_DAYS * DAY), None)
        if twin is None:
            yield _lost(evidence, row)
        else:
            arrived.remove(twin)


def _lost(evidence: Evidence, row: int) -> LedgerFinding:
    name, symbol = evidence.id(row), evidence.symbol[row]
    size, close = number(evidence.quantity[row]), evidence.close(symbol, evidence.day[row], 7)
    accounts = [each for each in dict.fromkeys(evidence.account.tolist()) if each and each != evidence.account[row]]
    fixes = [Fix(f"It went to {each}", (record(date=evidence.text(row), kind="TRANSFER_IN", symbol=symbol, quantity=size, account=each),))
             for each in accounts[:2]]
    if not np.isnan(close):
        fixes.append(Fix(f"It left for good, worth {number(close)} each", (correct(name, price=number(close)),)))
    message = f"{size} {symbol} were transferred out on {evidence.text(row)} and came in nowhere."
    return LedgerFinding("transfer_one_leg", message, Severity.WARNING, (name,), symbol, evidence.text(row), tuple(fixes),
                         "Record the TRANSFER_IN where it went, or give it a price if it left for good")


def missing_costs(evidence: Evidence) -> Iterator[LedgerFinding]:
    """Find what came in without a cost, so that all of a later sale would be gain.

    Parameters
    ----------
    evidence
        Ledger and market.

    Yields
    ------
    LedgerFinding
    """
    told = [finding for finding in evidence.book.findings if finding.code == "missing_cost" and "came in" in finding.message]
    places = {name: row for row, name in enumerate(evidence.ledger["id"].tolist())}
    for finding in told:
        row = places[finding.context["transaction_id"]]
        symbol, close = evidence.symbol[row], evidence.close(evidence.symbol[row], evidence.day[row], 7)
        worth = (Fix(f"Take that day's close, {number(close)}", (correct(evidence.id(row), price=number(close)),)),) if not np.isnan(close) else ()
        message = f"{number(abs(evidence.quantity[row]))} {symbol} came in on {evidence.text(row)} without a cost: all of a later sale would be gain."
        yield LedgerFinding("missing_cost", message, Severity.WARNING, (evidence.id(row),), symbol, evidence.text(row),
                            (*worth, Fix("Nothing was paid: cost 0", (correct(evidence.id(row), price="0"),))),
                            "Give what was paid for it; the broker's transfer statement names it")
