"""Why a statement and a ledger differ: a guess, and drafts that would make them agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from engine import Fix
from engine.evidence import correct, near, number, record, void
from engine.types import CorporateAction, Kind

RATIOS = (2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50, 100)
CENT = 0.005
SIGNS = {Kind.BUY.value: 1.0, Kind.SELL.value: -1.0, Kind.TRANSFER_IN.value: 1.0, Kind.TRANSFER_OUT.value: -1.0}


@dataclass(frozen=True, slots=True)
class Held:
    """A position as the ledger and the statement have it, with what is known beside."""

    symbol: str
    ours: float
    theirs: float
    day: date
    account: str | None
    price: float | None  # of the statement, else the market's
    rows: pd.DataFrame  # the ledger's rows of the symbol up to the day
    later: pd.DataFrame  # its rows after the day
    actions: Sequence[CorporateAction]


def of_position(held: Held) -> tuple[str | None, list[Fix]]:
    """Guess why the quantities differ. The likeliest fix stands first, an adjustment last."""
    cause, fixes = _first(held)
    return cause, [*fixes, *_trade(held), _adjustment(held)]


def _first(held: Held) -> tuple[str | None, list[Fix]]:
    for guess in (_known_split, _late, _twice, _guessed_split, _as_large, _moved):
        found = guess(held)
        if found is not None:
            return found
    return None, []


def _known_split(held: Held) -> tuple[str, list[Fix]] | None:
    """Compare with the ratios of splits that the market knows and the ledger does not."""
    if held.ours <= 0 or held.theirs <= 0:
        return None
    first = held.rows["date"].iloc[0].date() if len(held.rows) else held.day
    booked = {stamp.date() for stamp in held.rows.loc[held.rows["kind"] == Kind.SPLIT.value, "date"]}
    known = [action for action in held.actions if action.kind == "split" and action.ratio and first <= action.date <= held.day
             and not any(abs((action.date - day).days) <= 7 for day in booked)]
    match = next((action for action in known if near(held.theirs / held.ours, float(action.ratio or 1), 1e-4)), None)
    if match is None:
        return None
    return (f"A split {number(float(match.ratio or 1))}:1 on {match.date} is not in the ledger",
            [_recorded_split(held.symbol, match.date, float(match.ratio or 1))])


def _guessed_split(held: Held) -> tuple[str, list[Fix]] | None:
    """Compare with the usual ratios of splits."""
    if held.ours <= 0 or held.theirs <= 0:
        return None
    factor = next((n for n in RATIOS if near(held.theirs / held.ours, n, 1e-6) or near(held.ours / held.theirs, n, 1e-6)), None)
    if factor is None:
        return None
    ratio = float(factor) if held.theirs > held.ours else 1 / factor
    words = f"{factor}:1" if ratio > 1 else f"1:{factor}"
    return f"The ratio is {words}: a split may be missing", [_recorded_split(held.symbol, held.day, ratio)]


def _recorded_split(symbol: str, day: date, ratio: float) -> Fix:
    draft = record(date=day.isoformat(), kind="SPLIT", symbol=symbol, ratio=number(float(f"{ratio:.10g}")))
    return Fix(f"Record a split of {symbol} on {day}", (draft,))


def _excess(held: Held) -> pd.DataFrame:
    """Give the rows that are as large as what the ledger has more."""
    traded = held.rows[held.rows["kind"].isin(SIGNS)]
    return traded[(traded["quantity"] * traded["kind"].map(SIGNS) - (held.ours - held.theirs)).abs() < 1e-9 * max(1.0, abs(held.ours))]


def _twice(held: Held) -> tuple[str, list[Fix]] | None:
    """Look for a row that is there twice and is as large as the difference."""
    excess = _excess(held)
    twice = excess[excess.duplicated(subset=["date", "kind", "quantity"], keep=False)]
    return _voiding(twice.iloc[-1], "is there twice", "Void the later one") if len(twice) else None


def _as_large(held: Held) -> tuple[str, list[Fix]] | None:
    """Look for a row that is as large as the difference."""
    excess = _excess(held)
    return _voiding(excess.iloc[-1], "is as large as the difference: the broker may not have it", "Void it") if len(excess) else None


def _voiding(row: pd.Series, words: str, label: str) -> tuple[str, list[Fix]]:
    return f"{row['kind']} {number(row['quantity'])} of {row['date'].date()} {words}", [Fix(label, (void(str(row["id"])),))]


def _late(held: Held) -> tuple[str, list[Fix]] | None:
    """Look for a row after the day that the broker has before it: trade date and settlement date."""
    soon = held.later[held.later["kind"].isin(SIGNS) & (held.later["date"] <= pd.Timestamp(held.day + timedelta(days=7)))]
    same = soon[(soon["quantity"] * soon["kind"].map(SIGNS) - (held.theirs - held.ours)).abs() < 1e-9 * max(1.0, abs(held.theirs))]
    if not len(same):
        return None
    row = same.iloc[0]
    return (f"{row['kind']} {number(row['quantity'])} is booked on {row['date'].date()}, after the statement's day",
            [Fix(f"Date it {held.day}", (correct(str(row["id"]), date=held.day.isoformat()),))])


def _moved(held: Held) -> tuple[str, list[Fix]] | None:
    """Nothing held in the account but in another of the portfolio."""
    if held.account is None or not len(held.rows):
        return None
    others = held.rows[held.rows["account"].map(lambda name: name != held.account)]
    return ("Another account of this portfolio has rows of it", []) if len(others) and held.ours == 0 else None


def _trade(held: Held) -> list[Fix]:
    """Propose the missing purchase or sale, where a price is known."""
    gap = held.theirs - held.ours
    if held.price is None or not gap:
        return []
    kind = "BUY" if gap > 0 else "SELL"
    draft = record(date=held.day.isoformat(), kind=kind, symbol=held.symbol, quantity=number(abs(gap)), price=number(held.price),
                   account=held.account, note=f"From the statement of {held.day}")
    return [Fix(f"Record {kind} {number(abs(gap))} {held.symbol} at {number(held.price)}", (draft,))]


def _adjustment(held: Held) -> Fix:
    gap = held.theirs - held.ours
    cost = number(held.price) if held.price is not None and gap > 0 else "0" if gap > 0 else None
    draft = record(date=held.day.isoformat(), kind="ADJUSTMENT", symbol=held.symbol, quantity=number(gap), price=cost, account=held.account,
                   note=f"From the statement of {held.day}")
    sign = "+" if gap > 0 else "\u2212"
    return Fix(f"Adjust by {sign}{number(abs(gap))} {held.symbol}, without a trade", (draft,))


def of_cash(code: str, gap: float, day: date, account: str | None, rows: pd.DataFrame) -> tuple[str | None, list[Fix]]:
    """Guess why the cash of a currency differs: a row as large as the gap, a payment of a round size, or nothing known.

    `gap` is what the statement has more; `rows` are the ledger's rows in that currency.
    """
    cause, fixes = _same_size(code, gap, day, rows)
    size = number(round(abs(gap), 2))
    note = f"From the statement of {day}"
    given = {"date": day.isoformat(), "currency": code, "account": account, "note": note}
    paid = [Fix(f"Record interest of {size} {code}", (record(kind="INTEREST", amount=size, **given),)),
            Fix(f"Record a deposit of {size} {code}", (record(kind="DEPOSIT", amount=size, **given),))]
    taken = [Fix(f"Record a fee of {size} {code}", (record(kind="FEE", amount=size, **given),)),
             Fix(f"Record a withdrawal of {size} {code}", (record(kind="WITHDRAWAL", amount=size, **given),))]
    usual = paid if gap > 0 else taken
    ordered = usual if abs(gap) < 50 else usual[::-1]
    adjusted = Fix(f"Adjust the cash by {'+' if gap > 0 else chr(0x2212)}{size} {code}",
                   (record(kind="ADJUSTMENT", amount=number(round(gap, 2)), **given),))
    return cause, [*fixes, *ordered, adjusted]


def _same_size(code: str, gap: float, day: date, rows: pd.DataFrame) -> tuple[str | None, list[Fix]]:
    """Look for a payment booked here that is as large as the gap: there twice, unknown to the broker, or one that was paid last year too."""
    signs = rows["kind"].map({"DEPOSIT": 1.0, "WITHDRAWAL": -1.0, "DIVIDEND": 1.0, "INTEREST": 1.0, "FEE": -1.0, "TAX": -1.0})
    net = rows["amount"].fillna(rows["quantity"] * rows["price"]) * signs - rows["fee"] - rows["tax"]
    extra = rows[((net + gap).abs() <= CENT) & (rows["date"] <= pd.Timestamp(day))]
    if len(extra):
        row = extra.iloc[-1]
        twice = len(extra[extra["date"] == row["date"]]) > 1
        words = "is there twice" if twice else "is as large as the difference: the broker may not have it"
        return f"{row['kind']} of {number(abs(gap))} {code} on {row['date'].date()} {words}", [Fix("Void it", (void(str(row["id"])),))]
    before = rows[((net - gap).abs() <= CENT) & (rows["kind"] == Kind.DIVIDEND.value)]
    if len(before) and gap > 0:
        row = before.iloc[-1]
        gross = number(round(gap + float(row["tax"]) + float(row["fee"]), 2))
        draft = record(date=day.isoformat(), kind="DIVIDEND", symbol=row["symbol"], amount=gross,
                       tax=number(float(row["tax"])) if row["tax"] else None, currency=code, note=f"From the statement of {day}")
        return (f"{row['symbol']} paid the same on {row['date'].date()}: a dividend may be missing",
                [Fix(f"Record a dividend of {row['symbol']}", (draft,))])
    return None, []
