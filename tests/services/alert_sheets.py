"""Sheets of many rules made from an engine book alone: no database, no bus."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import numpy as np

from data.alert_records import StoredRule
from engine.alerts import WITHIN
from services.alerts.reading import Backing, Basis
from services.alerts.sheet import Sheet
from services.live.board import Board, price_of_view
from tests.services.live_fixtures import NOW, TODAY, always_live, loaded, view_of

WORKSPACE, PORTFOLIO = uuid4(), uuid4()
PLACES = {"price": 0, "move": 1, "drawdown": 2, "value": 3, "weight": 4, "var": 5}


def stored(measure: str, threshold: float, *, symbol: str | None = None, instrument: UUID | None = None, **fields: Any) -> StoredRule:
    """Give an armed rule."""
    scoped = measure in {"value", "weight"} or symbol is None
    given: dict[str, Any] = {
        "id": uuid4(), "workspace_id": WORKSPACE, "owner_id": WORKSPACE, "version": 1, "measure": measure,
        "direction": fields.pop("direction", "either" if measure == "move" else "below" if measure == "drawdown" else "above"),
        "portfolio_id": PORTFOLIO if scoped else None, "instrument_id": instrument, "threshold": Decimal(str(threshold)), "margin": None,
        "cool_down_seconds": 0, "active": True, "note": None, "options": {}, "channels": (), "created_at": NOW, "changed_at": NOW, "removed_at": None,
        "symbol": symbol, "currency": "USD", "scope_currency": "USD", "portfolio": "Test", "side": WITHIN, "last": None, "fired_at": None,
        "firings": 0, "seen_at": None,
    }
    return StoredRule(**{**given, **fields})


def many(count: int, instruments: int = 100, seed: int = 5) -> tuple[Board, Sheet]:
    """Lay many rules of every kind out over instruments at 100, half of them held; each backed by a last close and peak of 100."""
    random, board = np.random.default_rng(seed), Board(always_live)
    ids = {f"S{number}": uuid4() for number in range(instruments)}
    held = list(ids)[: instruments // 2]
    ledger = [{"date": "2024-01-02", "kind": "DEPOSIT", "amount": 1e6, "currency": "USD"}]
    ledger += [{"date": "2024-01-03", "kind": "BUY", "symbol": symbol, "quantity": 10, "price": 100.0, "currency": "USD"} for symbol in held]
    scope = loaded(ledger, dict.fromkeys(held, 100.0), ids=ids)
    prices = {ids[symbol]: price_of_view(view_of(symbol, 100.0, key=ids[symbol])) for symbol in ids}
    rules = [_one(str(measure), str(random.choice(held)), ids, float(random.uniform(0.001, 0.08))) for measure in random.choice(list(PLACES), count)]
    backing = tuple(Backing(base=1.0 if rule.symbol is None else 100.0, start=1.0 if rule.symbol is None else 100.0,
                            peak=1.0 if rule.symbol is None else 100.0, var=0.02) for rule in rules)
    basis = Basis(TODAY, tuple(rules), prices, {(WORKSPACE, str(PORTFOLIO)): scope}, backing, (float("nan"),) * count, {WORKSPACE: "USD"}, ())
    return board, Sheet(basis, board, NOW)


def _one(measure: str, symbol: str, ids: dict[str, UUID], step: float) -> StoredRule:
    if measure == "value":
        return stored(measure, 1e6 + step * 5e4)
    threshold = {"price": 100 * (1 + step), "move": step, "drawdown": -step, "weight": 0.001 * (1 + step), "var": step}[measure]
    whole = measure in {"move", "drawdown"} and step > 0.06
    return stored(measure, threshold) if whole else stored(measure, threshold, symbol=symbol, instrument=ids[symbol])
