"""Replays every ledger and compares it with everything that is derived from it: what `python app.py verify` tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from data.cache import Cache
from data.database import Database
from engine.types import Actor, Portfolio
from services.books.valuation import Valuation
from services.market.service import Market
from services.performance.panels import Panels
from services.performance.service import Performance
from services.performance.store import CELLS
from services.performance.views import PerformanceQuestion

NOBODY = UUID(int=0)
DUST = 1e-6


@dataclass(frozen=True, slots=True)
class Verified:
    """One thing that was looked at: how many of it, and each that is not as it must be."""

    name: str
    count: int
    differences: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """Say it for a person."""
        told = f"{self.name}: {self.count:,} looked at, " + ("all right" if not self.differences else f"{len(self.differences)} WRONG")
        return "\n".join([told, *(f"  {each}" for each in self.differences[:20])])


def verify(database: Database, cache: Cache, market: Market) -> Iterator[Verified]:
    """Look at everything, one after the other.

    Parameters
    ----------
    database : Database
    cache : Cache
    market : Market
        As the services have it.

    Yields
    ------
    Verified
        Versions of transactions, positions and cash against lots and movements, the bridge of each portfolio, kept valuations against a
        replay of the ledger, packed closes against bars, latest prices against ticks.
    """
    with database.read() as unit:
        actors = [Actor(NOBODY, each.id, "verify") for each in unit.system.workspaces()]
        known = [(actor, portfolio) for actor in actors for portfolio in unit.portfolios.find(actor.workspace_id)]
        yield Verified("transactions", *unit.integrity.broken_versions())
        yield Verified("packed closes", *unit.integrity.wrong_packs())
        yield Verified("latest prices", *unit.integrity.late_prices())
    valuation = Valuation(database, market)
    yield Verified("positions and cash", len(known), tuple(line for actor, each in known for line in _book(database, valuation, actor, each)))
    service = Performance(database, cache, market, valuation)
    yield Verified("bridges", len(known), tuple(line for actor, each in known for line in _bridge(service, actor, each)))
    kept = list(_conventions(database, known))
    yield Verified("kept valuations", len(kept), tuple(line for actor, each, told in kept for line in _kept(database, service, actor, each, told)))


def _book(database: Database, valuation: Valuation, actor: Actor, portfolio: Portfolio) -> list[str]:
    """Tell where positions are not their lots, or cash is not what moved."""
    with database.read() as unit:
        book = valuation.booked(unit, actor, portfolio).book
    wrong = []
    lots = book.lots.groupby("symbol")["quantity"].sum() if len(book.lots) else book.positions["quantity"].iloc[:0]
    for symbol, quantity in book.positions["quantity"].items():
        if abs(float(quantity) - float(lots.get(symbol, 0.0))) > DUST * max(1.0, abs(float(quantity))):
            wrong.append(f"{portfolio.name}: {symbol} has {quantity:g}, its lots {lots.get(symbol, 0.0):g}")
    moved = book.effects.groupby("cash_currency")["cash_delta_local"].sum() if len(book.effects) else book.cash["balance"].iloc[:0]
    for code, balance in book.cash["balance"].items():
        if abs(float(balance) - float(moved.get(code, 0.0))) > DUST * max(1.0, abs(float(balance))):
            wrong.append(f"{portfolio.name}: {balance:.2f} {code} of cash, {moved.get(code, 0.0):.2f} moved")
    return wrong


def _bridge(service: Performance, actor: Actor, portfolio: Portfolio) -> list[str]:
    told = service.bridge(actor, portfolio.id)
    size = max(1.0, *(abs(value) for value in told.values())) if told else 1.0
    residual = told.get("residual", 0.0)
    return [f"{portfolio.name}: the bridge leaves {residual:g} over"] if np.isfinite(residual) and abs(residual) > DUST * size else []


def _conventions(database: Database, known: Sequence[tuple[Actor, Portfolio]]) -> Iterator[tuple[Actor, Portfolio, PerformanceQuestion]]:
    """Name what is kept of each portfolio as the question that it answers."""
    with database.read() as unit:
        for actor, portfolio in known:
            for convention in unit.valuations.conventions(portfolio.id):
                base, _, method, transfers = convention.split("/")
                yield actor, portfolio, PerformanceQuestion(base_currency=base, cost_method=method, transfers_at=transfers, benchmark="")


def _kept(database: Database, service: Performance, actor: Actor, portfolio: Portfolio, question: PerformanceQuestion) -> list[str]:
    """Compare what is kept, and extended to now, with a replay of the ledger: to the last bit."""
    kept, anew = (service.laid(actor, portfolio.id, question, panels) for panels in (Panels(database), Panels(database, stored=False)))
    if kept is None or anew is None:
        return []
    same = kept.rows == anew.rows and kept.days.tolist() == anew.days.tolist()
    wrong = [name for name in CELLS if not same or not np.array_equal(_cells(kept, name), _cells(anew, name), equal_nan=True)]
    return [f"{portfolio.name} in {question.base_currency} by {question.cost_method}: {', '.join(wrong)}"] if wrong else []


def _cells(panel: object, name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(getattr(panel, name), dtype=np.float64)
