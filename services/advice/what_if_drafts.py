"""Drafts of what-ifs: as programs send them, as the database keeps them, and as a URL carries them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from engine.errors import InvalidInput, PortfolioError
from services import fields
from services.advice.views_evidence import WhatIfDraft, WhatIfTrade
from services.fields import Place, Reader

MOST: Final = 500  # weights, or trades
LARGEST: Final = 10.0  # weight, in either direction
MOST_COST: Final = 1000.0  # basis points
PARTS: Final = {"w": "weights", "q": "quantity", "m": "money"}
NUMBERS: Final = ("new_money", "cost_bps", "tax_short", "tax_long", "level")


def _number(place: Place, value: object, *, lowest: float, highest: float, hint: str) -> float:
    found = float(fields.number(place, value, signed=True))
    if not lowest <= found <= highest:
        raise place.refusal(value, "out_of_range", f"is not between {lowest:g} and {highest:g}", hint)
    return found


def _weights(place: Place, value: object) -> dict[str, float]:
    if not isinstance(value, Mapping) or len(value) > MOST:
        raise place.refusal(value, "not_an_object", f"is not an object of at most {MOST} weights", 'Send {"AAPL": 0.25, "MSFT": 0.1}')
    found: dict[str, float] = {}
    errors: list[PortfolioError] = []
    for name, weight in value.items():
        try:
            found[fields.symbol(Place(f"weights.{name}"), name)] = _number(Place(f"weights.{name}"), weight, lowest=-LARGEST, highest=LARGEST,
                                                                           hint="Send 0.25 for 25 % of the value")
        except InvalidInput as error:
            errors.append(error)
    fields.raise_all(errors)
    return found


TRADE: Final[dict[str, Reader]] = {
    "symbol": fields.symbol, "quantity": lambda place, value: float(fields.number(place, value, signed=True)),
    "money": lambda place, value: float(fields.number(place, value, signed=True)),
}


def _trades(place: Place, value: object) -> tuple[WhatIfTrade, ...]:
    if not isinstance(value, list) or len(value) > MOST:
        raise place.refusal(value, "not_a_list", f"is not a list of at most {MOST} trades", 'Send [{"symbol": "AAPL", "quantity": -10}]')
    found: list[WhatIfTrade] = []
    errors: list[PortfolioError] = []
    for row, each in enumerate(value, start=1):
        try:
            found.append(_trade(each, row))
        except InvalidInput as error:
            errors.append(error)
    fields.raise_all(errors)
    return tuple(found)


def _trade(raw: object, row: int) -> WhatIfTrade:
    told = fields.record(raw, TRADE, required=("symbol",), row=row)
    if (told.get("quantity") is None) == (told.get("money") is None):
        raise Place("quantity", row).refusal(told.get("quantity"), "required", "or money is needed, one of both",
                                             "Send quantity in shares, or money in base currency; negative sells")
    return WhatIfTrade(told["symbol"], told.get("quantity"), told.get("money"))


def _rate(place: Place, value: object) -> float:
    return _number(place, value, lowest=0.0, highest=1.0, hint="Send 0.25 for 25 %")


def _level(place: Place, value: object) -> float:
    return _number(place, value, lowest=0.5, highest=0.999, hint="Send 0.95")


READERS: Final[dict[str, Reader]] = {
    "weights": _weights, "trades": _trades, "new_money": lambda place, value: float(fields.number(place, value, signed=True)),
    "cost_bps": lambda place, value: _number(place, value, lowest=0.0, highest=MOST_COST, hint="Send 10 for 0.1 % of what is traded"),
    "tax_short": _rate, "tax_long": _rate, "level": _level, "benchmark": fields.symbol, "base_currency": fields.currency,
}


def draft_of(raw: object) -> WhatIfDraft:
    """Read a draft.

    Raises
    ------
    InvalidInput
        What cannot be read, with field, row and hint.
    """
    told = {name: value for name, value in fields.record(raw, READERS).items() if value is not None}
    return WhatIfDraft(**told)


def raw_draft(draft: WhatIfDraft) -> dict[str, Any]:
    """Give a draft as it is sent and kept: what differs from the defaults."""
    plain = WhatIfDraft()
    told: dict[str, Any] = {name: getattr(draft, name) for name in (*NUMBERS, "benchmark", "base_currency")
                            if getattr(draft, name) != getattr(plain, name)}
    if draft.weights:
        told["weights"] = dict(draft.weights)
    if draft.trades:
        told["trades"] = [_raw_trade(each) for each in draft.trades]
    return told


def _raw_trade(trade: WhatIfTrade) -> dict[str, Any]:
    sized = {"quantity": trade.quantity} if trade.quantity is not None else {"money": trade.money}
    return {"symbol": trade.symbol, **sized}


def address_of(draft: WhatIfDraft) -> str:
    """Write a draft as the text of a URL: ``w.AAPL=0.25,q.MSFT=-10,new_money=500``, escaped."""
    parts = [f"w.{symbol}={weight:.10g}" for symbol, weight in draft.weights.items()]
    parts += [f"q.{each.symbol}={each.quantity:.10g}" if each.quantity is not None else f"m.{each.symbol}={each.money or 0:.10g}"
              for each in draft.trades]
    parts += [f"{name}={value:.10g}" if isinstance(value, float | int) else f"{name}={value}"
              for name, value in raw_draft(draft).items() if name not in {"weights", "trades"}]
    return quote(",".join(parts), safe=".=,-")


def draft_at(text: str) -> WhatIfDraft:
    """Read a draft from the text of a URL.

    Raises
    ------
    InvalidInput
        What cannot be read.
    """
    raw: dict[str, Any] = {"weights": {}, "trades": []}
    for part in filter(None, unquote(text).split(",")):
        key, found, value = part.rpartition("=")
        kind, _, symbol = key.partition(".")
        if not found or (kind in PARTS and not symbol):
            raise InvalidInput("what_if", part, "is not name=value", hint="Write w.AAPL=0.25 for a weight, q.AAPL=-10 for a trade", rule="unreadable")
        if kind == "w" and symbol:
            raw["weights"][symbol] = _told(value)
        elif kind in PARTS and symbol:
            raw["trades"].append({"symbol": symbol, PARTS[kind]: _told(value)})
        else:
            raw[key] = _told(value) if key in NUMBERS else value
    return draft_of(raw)


def _told(text: str) -> object:
    """Give a number where it is one; else the text, for the reader to refuse."""
    try:
        found = float(text)
    except ValueError:
        return text
    return found if math.isfinite(found) else text
