"""Checks of rows by themselves and beside those of their day: twice there, in the wrong currency, sums that do not fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pandas as pd

from engine.evidence import Evidence, Fix, LedgerFinding, correct, near, number, record, void
from engine.types import Kind, Severity

SUM_TOLERANCE = 0.005  # of the amount: how far quantity x price may differ from it
FEE_SHARE, FEE_SHARE_ALONE, FEE_TIMES = 0.10, 0.25, 5.0  # of the gross amount; without others to compare; the usual share
TAX_SHARE = 0.60
LOCAL = (Kind.BUY, Kind.SELL, Kind.RETURN_OF_CAPITAL)


def duplicates(evidence: Evidence) -> Iterator[LedgerFinding]:
    """Find transactions that say the same twice: day, kind, instrument, quantity and amount.

    Parameters
    ----------
    evidence
        Ledger and market.

    Yields
    ------
    LedgerFinding
        One for each group.
    """
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for row in evidence.rows_of(_alike(evidence)):
        groups[_key(evidence, row)].append(row)
    for rows in groups.values():
        for same in _of_one_account(evidence, rows) if len(rows) > 1 else ():
            if len(same) > 1:
                yield _duplicate(evidence, same)


def _alike(evidence: Evidence) -> np.ndarray:
    """Tell which rows have another of their day, kind, symbol and size: few, so that only they are looked at closely."""
    sizes = {"quantity": evidence.quantity.round(8), "gross": evidence.gross.round(4)}
    told = pd.DataFrame({"day": evidence.day.astype(np.int64), "kind": evidence.kind, "symbol": evidence.symbol, **sizes})
    return told.duplicated(keep=False).to_numpy(dtype=np.bool_)


def _key(evidence: Evidence, row: int) -> tuple[object, ...]:
    """Say what a row says. Fee and tax tell rows apart only where they are all of it."""
    more = tuple(str(evidence.cell(row, name)) for name in ("to_symbol", "to_currency", "to_amount", "ratio"))
    gross = evidence.gross[row]
    charged = (evidence.cell(row, "fee"), evidence.cell(row, "tax")) if np.isnan(gross) or not gross else ()
    sizes = (f"{evidence.quantity[row]:.10g}", f"{gross:.10g}")
    return (evidence.day[row], evidence.kind[row], evidence.symbol[row], evidence.currency[row], *sizes, *more, *charged)


def _of_one_account(evidence: Evidence, rows: list[int]) -> list[list[int]]:
    """Part rows by account; one without an account may be of any, so it joins the first."""
    parts: dict[object, list[int]] = defaultdict(list)
    for row in rows:
        parts[evidence.account[row]].append(row)
    unnamed = parts.pop(None, [])
    named = list(parts.values())
    return [sorted([*named[0], *unnamed]), *named[1:]] if named else [unnamed]


def _duplicate(evidence: Evidence, rows: list[int]) -> LedgerFinding:
    ids = [evidence.cell(row, "external_id") for row in rows]
    own = len({each for each in ids if each}) == len(rows)
    fees = {float(evidence.cell(row, "fee")) for row in rows}
    first = next((row for row, name in zip(rows, ids, strict=True) if name), rows[0])
    gone = [row for row in rows if row != first]
    what = " ".join(filter(None, [str(evidence.kind[first]), _size(evidence, first), evidence.symbol[first] or evidence.currency[first]]))
    hint = "Each has an id of its own: the broker may have filled the order in parts" if own else None
    label = "Void the later one" if len(gone) == 1 else f"Void the {len(gone)} later ones"
    return LedgerFinding(
        "duplicate", f"{what} of {evidence.text(first)} is there {_times(len(rows))}.", Severity.INFO if own or len(fees) > 1 else Severity.WARNING,
        tuple(evidence.id(row) for row in rows), evidence.symbol[first], evidence.text(first),
        (Fix(label, tuple(void(evidence.id(row)) for row in gone)),), hint, context={"external_ids": ids},
    )


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"


def _size(evidence: Evidence, row: int) -> str:
    size = evidence.quantity[row] if not np.isnan(evidence.quantity[row]) else evidence.gross[row]
    return "" if np.isnan(size) else number(size)


def currency_mismatches(evidence: Evidence) -> Iterator[LedgerFinding]:
    """Find trades in another currency than their instrument's.

    Parameters
    ----------
    evidence
        Ledger and market.

    Yields
    ------
    LedgerFinding
    """
    for row in evidence.rows_of(evidence.of(*LOCAL)):
        found, expected = evidence.currency[row], evidence.currencies.get(evidence.symbol[row])
        if found and expected and found != expected:
            yield _mismatch(evidence, row, found, expected)


def _mismatch(evidence: Evidence, row: int, found: str, expected: str) -> LedgerFinding:
    name, day = evidence.id(row), evidence.day[row]
    relabel = Fix(f"The numbers are {expected}", (correct(name, currency=expected, fx_rate=None),))
    fixes, rate = [relabel], evidence.rate(found, expected, day)
    if not np.isnan(rate) and not np.isnan(evidence.price[row]):
        price = evidence.price[row] * rate
        converted = {column: number(float(evidence.cell(row, column)) * rate) for column in ("fee", "tax") if evidence.cell(row, column)}
        fixes.append(Fix(f"Convert to {expected} at {number(float(f'{rate:.6g}'))}",
                         (correct(name, currency=expected, price=number(float(f"{price:.10g}")), amount=None, fx_rate=None, **converted),)))
        close = evidence.close(evidence.symbol[row], day)
        if near(price, close, 0.1) and not near(evidence.price[row], close, 0.1):
            fixes.reverse()
    message = f"{evidence.kind[row]} {_size(evidence, row)} {evidence.symbol[row]} of {evidence.text(row)} is in {found}; it is quoted in {expected}."
    return LedgerFinding("currency_mismatch", message, Severity.ERROR, (name,), evidence.symbol[row], evidence.text(row), tuple(fixes),
                         context={"expected": expected, "found": found})


def amounts(evidence: Evidence) -> Iterator[LedgerFinding]:
    """Find amounts that are far from quantity x price.

    Parameters
    ----------
    evidence
        Ledger and market.

    Yields
    ------
    LedgerFinding
    """
    amount = evidence.ledger["amount"].to_numpy(dtype=np.float64)
    times = np.array([evidence.multiplier(name) if name else 1.0 for name in evidence.symbol], dtype=np.float64)
    product = evidence.quantity * evidence.price * times
    traded = evidence.of(Kind.BUY, Kind.SELL, Kind.DIVIDEND, Kind.RETURN_OF_CAPITAL)
    off = traded & (np.abs(amount - product) > np.maximum(0.01, SUM_TOLERANCE * np.abs(product)))
    for row in evidence.rows_of(off):
        yield _off_sum(evidence, row, float(amount[row]), float(product[row]), float(times[row]))


def _off_sum(evidence: Evidence, row: int, amount: float, product: float, multiplier: float) -> LedgerFinding:
    name, quantity = evidence.id(row), float(evidence.quantity[row])
    price = amount / (quantity * multiplier)
    charged = float(evidence.cell(row, "fee")) + float(evidence.cell(row, "tax"))
    within = charged > 0 and abs(abs(amount - product) - charged) <= 0.01
    keep_price = Fix(f"Amount {number(product)}, as quantity x price", (correct(name, amount=number(product)),))
    keep_amount = Fix(f"Price {number(float(f'{price:.8g}'))}, as the amount says", (correct(name, price=None, amount=number(amount)),))
    message = (f"{evidence.kind[row]} {evidence.symbol[row]} of {evidence.text(row)}: the amount is {number(amount)}, "
               f"quantity x price come to {number(product)}.")
    close = evidence.close(evidence.symbol[row], evidence.day[row])
    fixes = (keep_amount, keep_price) if near(price, close, 0.05) and not near(evidence.price[row], close, 0.05) else (keep_price, keep_amount)
    return LedgerFinding("amount_mismatch", message, Severity.ERROR, (name,), evidence.symbol[row], evidence.text(row), fixes,
                         "The difference is fee and tax: the amount seems to be net" if within else None,
                         context={"amount": amount, "quantity_x_price": product})


def fees(evidence: Evidence) -> Iterator[LedgerFinding]:
    """Find fees and withheld taxes out of proportion to the amount.

    Parameters
    ----------
    evidence
        Ledger and market.

    Yields
    ------
    LedgerFinding
    """
    fee, tax, gross = evidence.ledger["fee"].to_numpy(), evidence.ledger["tax"].to_numpy(), np.abs(evidence.gross)
    traded = evidence.of(Kind.BUY, Kind.SELL) & (gross > 0)
    share = np.divide(fee, gross, out=np.zeros(len(fee)), where=traded)
    for row in evidence.rows_of(traded & (share > FEE_SHARE)):
        others = share[traded & (share > 0) & (np.arange(len(share)) != row)]
        usual = float(np.median(others)) if others.size >= 3 else None
        if share[row] > (FEE_SHARE_ALONE if usual is None else max(FEE_SHARE, FEE_TIMES * usual)):
            yield _charged(evidence, row, "fee", float(share[row]), _usual_fee(evidence, row, traded & (fee > 0)))
    paid = evidence.of(Kind.DIVIDEND) & (gross > 0)
    withheld = np.divide(tax, gross, out=np.zeros(len(tax)), where=paid)
    for row in evidence.rows_of(paid & (withheld > TAX_SHARE)):
        yield _charged(evidence, row, "tax", float(withheld[row]), None)


def _usual_fee(evidence: Evidence, row: int, mask: np.ndarray) -> float | None:
    """Fee that the others paid, where a shifted point explains this one."""
    others = evidence.ledger["fee"].to_numpy()[mask & (np.arange(len(mask)) != row)]
    fee = float(evidence.cell(row, "fee"))
    return next((fee / step for step in (10.0, 100.0, 1000.0) if others.size and near(fee / step, float(np.median(others)), 0.7)), None)


def _charged(evidence: Evidence, row: int, field: str, share: float, usual: float | None) -> LedgerFinding:
    name, told = evidence.id(row), float(evidence.cell(row, field))
    shifted = (Fix(f"{field.capitalize()} {number(usual)}: the point is shifted", (correct(name, **{field: number(usual)}),)),) if usual else ()
    message = (f"{evidence.kind[row]} {evidence.symbol[row] or ''} of {evidence.text(row)}: the {field} of {number(told)} is "
               f"{share * 100:.0f} percent of the amount.").replace("  ", " ")
    return LedgerFinding(f"{field}_out_of_proportion", message, Severity.WARNING, (name,), evidence.symbol[row], evidence.text(row),
                         (*shifted, Fix(f"No {field}", (correct(name, **{field: "0"}),))), context={"share": share})


def swaps(evidence: Evidence) -> Iterator[LedgerFinding]:
    """Find a sale and a purchase of one day for the same money without costs: what brokers make of a merger, a split or a transfer.

    Parameters
    ----------
    evidence
        Ledger and market.

    Yields
    ------
    LedgerFinding
    """
    free = (evidence.ledger["fee"].to_numpy() == 0) & (evidence.ledger["tax"].to_numpy() == 0) & (evidence.gross > 0)
    bought: dict[tuple[object, object], list[int]] = defaultdict(list)
    for row in evidence.rows_of(free & evidence.of(Kind.BUY)):
        bought[evidence.day[row], evidence.currency[row]].append(row)
    for row in evidence.rows_of(free & evidence.of(Kind.SELL)):
        waiting = bought.get((evidence.day[row], evidence.currency[row]), [])
        twin = next((each for each in waiting if abs(evidence.gross[each] - evidence.gross[row]) <= 0.01), None)
        finding = None if twin is None else _swap(evidence, row, twin)
        if finding is not None and twin is not None:
            waiting.remove(twin)
            yield finding


def _swap(evidence: Evidence, sold: int, bought: int) -> LedgerFinding | None:
    fix = _swap_fix(evidence, sold, bought)
    if fix is None:
        return None
    kind, draft = fix
    old, new = evidence.symbol[sold], evidence.symbol[bought]
    message = (f"{number(evidence.quantity[sold])} {old} sold and {number(evidence.quantity[bought])} {new} bought on {evidence.text(sold)} "
               f"for the same money without costs: that looks like a {kind}.")
    ids = (evidence.id(sold), evidence.id(bought))
    return LedgerFinding("same_day_swap", message, Severity.WARNING, ids, old, evidence.text(sold),
                         (Fix(f"Record a {kind} in their place", (*(void(name) for name in ids), *draft)),),
                         "A sale realises a gain and begins new lots; a corporate action carries cost and dates on")


def _swap_fix(evidence: Evidence, sold: int, bought: int) -> tuple[str, list[dict[str, object]]] | None:
    old, new, day = evidence.symbol[sold], evidence.symbol[bought], evidence.text(sold)
    ratio = number(float(f"{evidence.quantity[bought] / evidence.quantity[sold]:.10g}"))
    emptied = abs(evidence.after[sold]) < 1e-9 or old == new
    if old != new:
        return ("merger", [record(date=day, kind="MERGER", symbol=old, to_symbol=new, ratio=ratio)]) if emptied else None
    if not near(float(ratio), 1.0, 1e-9):
        whole = abs(evidence.before[sold] - evidence.quantity[sold]) < 1e-9
        return ("split", [record(date=day, kind="SPLIT", symbol=old, ratio=ratio)]) if whole else None
    accounts = evidence.account[sold], evidence.account[bought]
    if accounts[0] == accounts[1] or None in accounts:
        return None
    size = number(evidence.quantity[sold])
    return "transfer", [record(date=day, kind="TRANSFER_OUT", symbol=old, quantity=size, account=accounts[0]),
                        record(date=day, kind="TRANSFER_IN", symbol=old, quantity=size, account=accounts[1])]


def spin_offs(evidence: Evidence) -> Iterator[LedgerFinding]:
    """Find spin-offs that move no cost to the new shares.

    Parameters
    ----------
    evidence
        Ledger and market.

    Yields
    ------
    LedgerFinding
    """
    ratio = evidence.ledger["ratio"].to_numpy(dtype=np.float64)
    for row in evidence.rows_of(evidence.of(Kind.SPIN_OFF) & ~(ratio > 0)):
        child, parent = str(evidence.cell(row, "to_symbol")), evidence.symbol[row]
        worth = [evidence.close(name, evidence.day[row], 7) * units * evidence.multiplier(name)
                 for name, units in ((child, evidence.quantity[row]), (parent, evidence.before[row]))]
        share = worth[0] / (worth[0] + worth[1]) if np.isfinite(sum(worth)) and sum(worth) > 0 else None
        fixes = (Fix(f"Move {share * 100:.1f} percent of the cost, as the market valued it", (correct(evidence.id(row), ratio=f"{share:.6f}"),)),) \
            if share else ()
        message = f"The spin-off of {child} from {parent} on {evidence.text(row)} moves no cost: all of a later sale would be gain."
        yield LedgerFinding("spin_off_without_cost", message, Severity.WARNING, (evidence.id(row),), parent, evidence.text(row), fixes,
                            "The company publishes the share of the cost that moves")
