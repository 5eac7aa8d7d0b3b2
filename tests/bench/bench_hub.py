"""One flush of the hub by itself: 200 scopes of 40 holdings on 5,000 instruments, 500 quotes a batch, and bodies for 1,000 clients."""

from __future__ import annotations

import statistics
import time
from typing import Any
from uuid import UUID, uuid4

import numpy as np

from services.live.board import Board
from services.live.reader import Loaded
from services.live.scope import Scope
from services.live.valuer import Valuer
from tests.bench.table import Row
from tests.services.live_fixtures import NOW, always_live, loaded, quote_of, scope_on

VALUER = Valuer()
SCOPES, HOLDINGS, INSTRUMENTS, BATCH, CLIENTS, ROUNDS = 200, 40, 5_000, 500, 1_000, 12


def world() -> tuple[Board, list[Scope]]:
    """Make the board and its scopes."""
    random, board = np.random.default_rng(7), Board(always_live)
    ids = {f"S{number}": uuid4() for number in range(INSTRUMENTS)}
    return board, [scope_on(board, holder(ids, random), f"p{number}") for number in range(SCOPES)]


def holder(ids: dict[str, UUID], random: np.random.Generator) -> Loaded:
    """Book a portfolio of some of the instruments."""
    held = [f"S{pick}" for pick in random.choice(INSTRUMENTS, HOLDINGS, replace=False)]
    ledger = [{"date": "2024-01-02", "kind": "DEPOSIT", "amount": 1e6, "currency": "USD"}]
    ledger += [{"date": "2024-01-03", "kind": "BUY", "symbol": symbol, "quantity": 10, "price": 99.5, "currency": "USD"} for symbol in held]
    return loaded(ledger, dict.fromkeys(held, 100.0), ids=ids)


def run() -> list[Row]:
    """Measure in this process, without a database or a socket."""
    board, scopes = world()
    random, took = np.random.default_rng(8), {"taken": [], "revalued": [], "encoded": []}
    for number in range(1, ROUNDS + 1):
        picked = random.choice(len(board.prices), min(BATCH, len(board.prices)), replace=False)
        batch = [quote_of(board.prices[pick], round(100 + float(random.random()), 2), number) for pick in picked]
        for name, part in (("taken", lambda batch=batch: take(board, batch)), ("revalued", lambda number=number: flush(board, scopes, number)),
                           ("encoded", lambda number=number: bodies(board, scopes, number))):
            began = time.process_time()
            part()
            took[name].append(1000 * (time.process_time() - began))
    return [Row(f"hub: {BATCH} quotes onto the board", statistics.median(took["taken"]), None, "ms"),
            Row(f"hub: {SCOPES} scopes of {HOLDINGS} holdings revalued", statistics.median(took["revalued"]), None, "ms"),
            Row(f"hub: bodies for {CLIENTS} clients", statistics.median(took["encoded"]), None, "ms")]


def take(board: Board, batch: list[dict[str, Any]]) -> None:
    """Put a batch on the board."""
    for quote in batch:
        board.take(quote, NOW)


def flush(board: Board, scopes: list[Scope], number: int) -> None:
    """Do what the hub does at a flush."""
    slots, board.dirty = board.dirty, set()
    touched = [scope for scope in scopes if not slots.isdisjoint(scope.moved_by)]
    VALUER.part(0, touched, board)
    for scope in touched:
        scope.commit(number)
    board.publish(slots, number)


def bodies(board: Board, scopes: list[Scope], number: int) -> None:
    """Give every client what changed; those of one scope share it."""
    for client in range(CLIENTS):
        scope = scopes[client % SCOPES]
        if client < SCOPES and scope.changed == number:
            board.members(scope.slots, number - 1)
        scope.member(number - 1)
