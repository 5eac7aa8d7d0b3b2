"""Checks for splits that the ledger does not know: told by the market's list of actions, or by a jump of the price."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.checks_of_holdings import RATIOS
from engine.evidence import DAY, NOTHING, Evidence, Fix, LedgerFinding, Line, correct, near, number, record
from engine.types import CorporateAction, Kind, Severity

AROUND_DAYS = 7  # how far a split may be booked from its day
CLOSE_DAYS = 7  # closes that are further apart tell nothing of one day's jump
JUMP_TOLERANCE, HALF_TOLERANCE = 0.08, 0.02  # of the logarithm: a split day moves by a few percent too
SIGMAS = 10.0  # how many usual days a jump is
HALF = 1.5  # a 3:2 split; a share also falls by a third on bad news, so that this one is only worth a look
ENOUGH = 20  # closes that tell what a usual day is
EXPLAINING = (Kind.SPLIT, Kind.STOCK_DIVIDEND, Kind.SPIN_OFF, Kind.MERGER, Kind.RETURN_OF_CAPITAL)


def known_splits(evidence: Evidence) -> Iterator[LedgerFinding]:
    """Find splits of the market's list that happened while the instrument was held and are not in the ledger, or with another ratio.

    Parameters
    ----------
    evidence
        Ledger and market.

    Yields
    ------
    LedgerFinding
    """
    for symbol, actions in evidence.actions.items():
        for action in actions:
            day = np.datetime64(action.date, "D")
            held = evidence.held(symbol, day)
            if action.kind == "split" and action.ratio is not None and held and day <= evidence.today:
                yield from _known(evidence, symbol, action, held)


def _known(evidence: Evidence, symbol: str, action: CorporateAction, held: float) -> Iterator[LedgerFinding]:
    day, ratio = np.datetime64(action.date, "D"), float(action.ratio or 1)
    rows = [row for row in evidence.rows_of(evidence.of(Kind.SPLIT, Kind.STOCK_DIVIDEND) & (evidence.symbol == symbol))
            if abs(evidence.day[row] - day) <= AROUND_DAYS * DAY]
    if not rows:
        yield _missing(evidence, symbol, day, ratio, held)
    for row in rows:
        booked = _ratio(evidence, row)
        if evidence.kind[row] == Kind.SPLIT and not near(booked, ratio, 1e-4):
            message = f"The split of {symbol} on {evidence.text(row)} is booked as {_words(booked)}; it was {_words(ratio)}."
            yield LedgerFinding("split_ratio_differs", message, Severity.ERROR, (evidence.id(row),), symbol, evidence.text(row),
                                (Fix(f"Ratio {number(ratio)}", (correct(evidence.id(row), ratio=number(ratio), quantity=None),)),),
                                context={"booked": booked, "known": ratio})


def _missing(evidence: Evidence, symbol: str, day: np.datetime64, ratio: float, held: float) -> LedgerFinding:
    adjusted = _traded_in_new_shares(evidence, symbol, day, ratio)
    message = f"{symbol} split {_words(ratio)} on {day} while {number(held)} were held; the ledger has no split."
    hint = "The prices paid before look like those after the split: then the quantities are in new shares already" if adjusted else None
    severity = Severity.INFO if adjusted else Severity.ERROR
    return LedgerFinding("unrecorded_split", message, severity, (), symbol, str(day), (_split(symbol, day, ratio),), hint,
                         key=f"{symbol} {day}", context={"ratio": ratio, "held": held, "known": True})


def _traded_in_new_shares(evidence: Evidence, symbol: str, day: np.datetime64, ratio: float) -> bool:
    """Tell whether every purchase before a split was at a price of after it, beside a series that jumps."""
    line = evidence.closes.get(symbol, NOTHING)
    before, after = line.at(day - DAY, CLOSE_DAYS), line.at(day, CLOSE_DAYS)
    jumps = near(before / after if after else 0.0, ratio, 0.25)
    rows = evidence.rows_of(evidence.of(Kind.BUY) & (evidence.symbol == symbol) & (evidence.day < day) & ~np.isnan(evidence.price))
    told = [(float(evidence.price[row]), evidence.close(symbol, evidence.day[row])) for row in rows]
    return bool(told) and all(near(price * (ratio if jumps else 1.0), close, 0.1) for price, close in told)


def _ratio(evidence: Evidence, row: int) -> float:
    given = [float(evidence.cell(row, name)) for name in ("ratio", "quantity", "amount")]
    return next((value for value in given if not np.isnan(value)), float("nan"))


def jumps(evidence: Evidence) -> Iterator[LedgerFinding]:
    """Find days on which the price of something held moved by the ratio of a split and stayed there, without one in the ledger.

    Parameters
    ----------
    evidence
        Ledger and market.

    Yields
    ------
    LedgerFinding
    """
    for symbol in evidence.moves:
        line = evidence.closes.get(symbol, NOTHING)
        for place, ratio in _jumps_of(line):
            day = line.days[place]
            if evidence.held(symbol, day) and day <= evidence.today and not _explained(evidence, symbol, day):
                yield _jump(evidence, symbol, line, place, ratio)


def _jumps_of(line: Line) -> Iterator[tuple[int, float]]:
    """Places of a line that moved by a ratio, as new shares per old one."""
    if line.values.size < 2 or (line.values <= 0).any():
        return
    moves, gaps = np.diff(np.log(line.values)), np.diff(line.days)
    usual = 1.4826 * float(np.median(np.abs(moves))) if moves.size >= ENOUGH else 0.0
    for place in np.flatnonzero((np.abs(moves) > max(0.35, SIGMAS * usual)) & (gaps <= CLOSE_DAYS * DAY)):
        ratio = _ratio_of(float(np.exp(-moves[place])), enough=moves.size >= ENOUGH)
        if ratio and _stays(line.values, int(place) + 1, ratio):
            yield int(place) + 1, ratio


def _ratio_of(fall: float, *, enough: bool) -> float | None:
    """Ratio of a split that a fall (or a rise, below 1) is near to."""
    factor = max(fall, 1 / fall)
    found = min(RATIOS, key=lambda ratio: abs(np.log(factor / ratio)))
    ratio = float(found) if near(factor, found, JUMP_TOLERANCE) else HALF if enough and near(fall, HALF, HALF_TOLERANCE) else None
    return None if ratio is None else ratio if fall > 1 else 1 / ratio


def _stays(values: np.ndarray, place: int, ratio: float) -> bool:
    """Tell a split from a bad price: days later it is still there."""
    before, after = np.median(values[max(place - 3, 0) : place]), np.median(values[place : place + 3])
    return near(float(before / after), ratio, 0.25)


def _explained(evidence: Evidence, symbol: str, day: np.datetime64) -> bool:
    """Tell whether the ledger or the market's list has something that explains a jump."""
    successor = evidence.ledger["to_symbol"].to_numpy() == symbol
    near_by = (np.abs(evidence.day - day) <= AROUND_DAYS * DAY) & ((evidence.symbol == symbol) | successor)
    listed = any(abs(np.datetime64(action.date, "D") - day) <= AROUND_DAYS * DAY for action in evidence.actions.get(symbol, ())
                 if action.kind in {"split", "spin_off", "merger", "stock_dividend", "special_dividend", "return_of_capital"})
    return listed or bool((near_by & evidence.of(*EXPLAINING)).any())


def _jump(evidence: Evidence, symbol: str, line: Line, place: int, ratio: float) -> LedgerFinding:
    day, before, after = line.days[place], float(line.values[place - 1]), float(line.values[place])
    message = (f"{symbol} went from {number(before)} to {number(after)} on {day}: that looks like a split {_words(ratio)} that is not in the ledger.")
    severity = Severity.INFO if ratio == HALF else Severity.WARNING
    return LedgerFinding("unrecorded_split", message, severity, (), symbol, str(day), (_split(symbol, day, ratio),),
                         "Look it up before you record it: a price can also fall that far", key=f"{symbol} {day}",
                         context={"ratio": ratio, "before": before, "after": after, "known": False, "held": evidence.held(symbol, day)})


def _split(symbol: str, day: np.datetime64, ratio: float) -> Fix:
    return Fix(f"Record a split {_words(ratio)}", (record(date=str(day), kind="SPLIT", symbol=symbol, ratio=number(float(f"{ratio:.10g}"))),))


def _words(ratio: float) -> str:
    """Say a ratio as people do: 4:1, 1:10, 3:2."""
    if near(ratio, 1.5, 1e-9) or near(ratio, 2 / 3, 1e-9):
        return "3:2" if ratio > 1 else "2:3"
    return f"{number(ratio)}:1" if ratio >= 1 else f"1:{number(float(f'{1 / ratio:.6g}'))}"
