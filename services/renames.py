"""A symbol that changes: the instrument keeps its prices, every ledger gets versions that name the new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from data.database import Unit
from engine.errors import Conflict
from engine.types import Actor, Instrument, Portfolio, Transaction
from services import fields
from services.fields import Place, Reader
from services.ledger.transactions import brought_back, superseded
from services.writes import Request, Told, Writes, audit, ledger_changed, market_changed

KEPT: TypeAdapter[Instrument] = TypeAdapter(Instrument)
READERS: dict[str, Reader] = {"symbol": fields.symbol}


class Renames:
    """Renames instruments of the actor's workspace."""

    def __init__(self, writes: Writes) -> None:
        self._writes = writes

    def rename(self, actor: Actor, symbol: str, raw: Mapping[str, Any], *, version: int | None = None,
               idempotency_key: str | None = None) -> Instrument:
        """Give an instrument another symbol, in every ledger of the workspace; as it was known before, the former one stands there.

        Parameters
        ----------
        actor : Actor
        symbol : str
            Its symbol now.
        raw : Mapping
            `symbol`: the new one.
        version : int, optional
            The version of the instrument that was read.
        idempotency_key : str, optional
            The same key gives the same answer again.

        Raises
        ------
        InvalidInput
            Not a symbol.
        Conflict
            The new symbol is taken: a MERGER of ratio 1 leads from one instrument to another.
        NotFound
            No such instrument.
        """
        old, new = fields.symbol(Place("symbol"), symbol), fields.record(raw, READERS, required=("symbol",))["symbol"]

        def effect(unit: Unit, told: list[Told]) -> Instrument:
            before = unit.instruments.get(actor.workspace_id, old)
            taken = unit.instruments.by_symbols(actor.workspace_id, [new]).get(new)
            if new == old or (taken and taken.id != before.id):
                raise Conflict(f"There is an instrument {new} already.", field="symbol", rule="taken",
                               hint=f"Record a MERGER from {old} to {new} with ratio 1, or choose another symbol")
            renamed = unit.instruments.rename(actor.workspace_id, old, new, version)
            for portfolio in unit.portfolios.find(actor.workspace_id):
                _rename_in(unit, actor, portfolio, old, new, told)
            shown = ({"symbol": each.symbol, "version": each.version} for each in (before, renamed))
            audit(unit, actor, "rename", "instrument", renamed.id, **dict(zip(("before", "after"), shown, strict=True)))
            told.append(market_changed(actor))
            return renamed

        return self._writes.once(actor, Request("instruments.rename", (old, new, version), KEPT, idempotency_key), effect)


def _rename_in(unit: Unit, actor: Actor, portfolio: Portfolio, old: str, new: str, told: list[Told]) -> None:
    """Append versions with the new symbol; the portfolio's benchmark follows."""
    if portfolio.benchmark == old:
        unit.portfolios.change(actor.workspace_id, portfolio.id, None, benchmark=new)
    entries = unit.ledger.find(portfolio.id, symbol=old, include_voided=True)
    if not entries:
        return
    told.append(ledger_changed(actor, portfolio.id, unit.portfolios.bump(portfolio.id)))
    for entry in entries:
        superseded(unit, actor, entry, _named(entry, old, new), "rename")


def _named(entry: Transaction, old: str, new: str) -> Transaction:
    told = {name: new for name in ("symbol", "to_symbol") if getattr(entry, name) == old}
    return replace(brought_back(entry, entry, voided=entry.voided), **told)  # type: ignore[arg-type]
