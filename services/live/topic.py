"""What one subscription shows: its scopes and quotes, encoded once for all clients that have the same one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from services.live.board import NONE, Board, Slots
from services.live.scope import Scope

NEVER = -1  # the flush a client has seen that has seen nothing


class Follower(Protocol):
    """Whoever reads a topic."""

    def push(self, at: float, stamp: str) -> bool:
        """Take the changes of a flush at once, or look for them when there is time; tells which."""


class Topic:
    """The scopes and instruments of one subscription, and the bodies encoded for the current flush."""

    def __init__(self, key: object, scopes: Sequence[Scope], slots: Slots, keep: int, *, risk: bool = False) -> None:
        self.key = key
        self.risk = risk
        self.scopes = tuple(scopes)
        self.own_slots = slots
        self.clients: set[Follower] = set()
        self.encoded = 0  # bodies made, ever
        self._keep = keep
        self._bodies: dict[int, str] = {}
        self._packed: dict[int, bytes] = {}  # the same with stamp and closing brace, as they go out with a flush
        self._made_for = NEVER
        self._looked_at = NEVER
        self._changed = NEVER
        self._slots = slots
        self._slots_of: tuple[int, ...] | None = None

    def slots(self) -> Slots:
        """Give every slot whose quotes are told: those asked for and those of the holdings."""
        loads = tuple(scope.loaded for scope in self.scopes)
        if loads != self._slots_of:
            self._slots = np.unique(np.concatenate([self.own_slots, *(scope.slots for scope in self.scopes)]))
            self._slots_of = loads
        return self._slots

    def changed(self, board: Board, number: int) -> int:
        """Give the number of the flush in which anything here last changed; looked up once a flush."""
        if self._looked_at != number:
            slots = self.slots()
            newest = int(board.changed[slots].max()) if slots.size else 0
            self._changed, self._looked_at = max([newest, *(scope.changed_at(risk=self.risk) for scope in self.scopes)]), number
        return self._changed

    def body(self, since: int, number: int, board: Board) -> str:
        """Give the members of a message with all that changed after flush `since`, without the opening brace."""
        if self._made_for != number:
            self._bodies.clear()
            self._packed.clear()
            self._made_for = number
        body = self._bodies.get(since)
        if body is None:
            body = self._encode(since, board)
            if len(self._bodies) < self._keep:
                self._bodies[since] = body
        return body

    def packed(self, since: int, number: int, board: Board, stamp: str) -> bytes:
        """Give what follows a client's own `seq` in the message of a flush, with all that changed after flush `since`."""
        packed = self._packed.get(since) if self._made_for == number else None
        if packed is None:
            packed = f"{stamp}{self.body(since, number, board)}}}".encode()
            if len(self._packed) < self._keep:
                self._packed[since] = packed
        return packed

    def _encode(self, since: int, board: Board) -> str:
        self.encoded += 1
        scopes = ",".join(scope.member(since, risk=self.risk) for scope in self.scopes if scope.changed_at(risk=self.risk) > since)
        ledger = ",".join(filter(None, (scope.ledger_members(since) for scope in self.scopes)))
        anew = np.concatenate([NONE, *(scope.slots for scope in self.scopes if scope.loaded > since)])
        body = f'"quotes":{{{board.members(self.slots(), since, anew)}}},"portfolios":{{{scopes}}}'
        return f'{body},"ledger":{{{ledger}}}' if ledger else body
