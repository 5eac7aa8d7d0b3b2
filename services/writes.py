"""A write that happens once, is written down, and is told.

The effect, the audit entry and the answer to an Idempotency-Key are one transaction: a client that lost our answer sends the same
again and gets the same result, without a second effect. Redis hears of it only after the commit; where Redis is away the hub
finds out by the revisions in the database.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from data.bus import LEDGER, MARKET, Bus
from data.database import Database, Unit
from data.logs import request_id
from data.quiet import REQUESTS
from engine.errors import BusError, InvalidInput
from engine.types import Actor

log = logging.getLogger("portolan.services")

T = TypeVar("T")
KEY_LENGTH = 200
NOTHING: TypeAdapter[None] = TypeAdapter(None)
__all__ = ["NOTHING", "REQUESTS", "Request", "Told", "Writes", "audit", "ledger_changed", "market_changed", "request_id", "touch_ledgers"]


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """What was asked, as far as a repetition must equal it, and how its result is kept."""

    operation: str
    arguments: tuple[object, ...]
    result: TypeAdapter[T]
    key: str | None = None

    @property
    def digest(self) -> str:
        """Fingerprint of operation and arguments."""
        text = json.dumps([self.operation, *self.arguments], sort_keys=True, default=str, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Told:
    """One message for the bus, sent after the commit."""

    channel: str
    message: dict[str, Any]


class Writes:
    """Does writes on a database and tells the bus."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self.database, self.bus = database, bus

    def once(self, actor: Actor, request: Request[T], effect: Callable[[Unit, list[Told]], T]) -> T:
        """Do `effect` in a transaction, or give the result it had when the same key came before."""
        _check_key(request.key)
        told: list[Told] = []

        def work(unit: Unit) -> T:
            told.clear()
            stored = unit.system.idempotent(actor.workspace_id, request.key, request.digest) if request.key else None
            if stored is not None:
                return request.result.validate_python(stored.body["result"])
            result = effect(unit, told)
            if request.key:
                body = {"result": request.result.dump_python(result, mode="json")}
                unit.system.remember(actor.workspace_id, request.key, request.digest, 200, body)
            return result

        result = self.database.run(work)
        self.tell(told)
        return result

    def tell(self, told: list[Told]) -> None:
        """Publish messages; without Redis the write stands all the same."""
        for each in told:
            try:
                self.bus.publish(each.channel, each.message)
            except BusError:
                log.warning("not told, the bus is away", extra={"channel": each.channel})


def audit(unit: Unit, actor: Actor, action: str, entity: str, entity_id: object, **change: dict[str, Any] | None) -> UUID:
    """Write down who did what to which thing, with `before` and `after`; give the entry's id."""
    request = request_id.get()
    return unit.system.audit(actor.workspace_id, actor.user_id, action, entity, entity_id, before=change.get("before"), after=change.get("after"),
                             request_id=None if request == "-" else request)


def ledger_changed(actor: Actor, portfolio_id: UUID, revision: int) -> Told:
    """Message that a ledger has a new revision."""
    return Told(LEDGER, {"workspace": str(actor.workspace_id), "portfolio": str(portfolio_id), "revision": revision})


def market_changed(actor: Actor) -> Told:
    """Message that instruments, bars or rates of a workspace changed."""
    return Told(MARKET, {"workspace": str(actor.workspace_id)})


def touch_ledgers(unit: Unit, actor: Actor, told: list[Told]) -> None:
    """Give every ledger of the workspace a new revision: what they are booked or priced with changed."""
    every = sorted(unit.portfolios.revisions(actor.workspace_id))
    told.extend(ledger_changed(actor, portfolio_id, unit.portfolios.bump(portfolio_id)) for portfolio_id in every)


def _check_key(key: str | None) -> None:
    if key is not None and not (0 < len(key) <= KEY_LENGTH and key.isascii() and key.isprintable()):
        raise InvalidInput("Idempotency-Key", key, f"is not 1 to {KEY_LENGTH} printable ASCII characters", hint="Send a UUID", rule="bad_key")
