"""The named limit of every arrow of the stream, and why a connection ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of everything there may be."""

    portfolios_a_client: int = 20  # scopes one connection may follow
    symbols_a_client: int = 500  # instruments followed beside those of the portfolios
    clients_a_user: int = 200  # STREAM_CLIENTS_PER_USER
    clients_a_process: int = 2_000  # STREAM_CLIENTS
    replies_waiting: int = 32  # errors and pongs a client has not read yet
    notices_waiting: int = 32  # alerts a client has not read yet; older ones give way
    operations_a_second: float = 20.0  # what a client may ask, sustained
    operations_at_once: int = 40  # and in one burst
    unread_seconds: float = 10.0  # a client that has not taken its last message for so long is cut
    spacing_seconds: float = 0.03  # between two states sent to one client: a browser that is busy sees the later of two that come together
    heartbeat_seconds: float = 10.0
    reconcile_seconds: float = 5.0  # how often the database is asked what the bus may have missed
    reload_pause_seconds: float = 1.0  # between two reloads of a scope that no ledger change asks for
    linger_seconds: float = 60.0  # a scope nobody follows is kept for so long
    bodies_a_topic: int = 16  # encoded bodies kept for readers that are behind
    threads: int = 3  # that read the database for the hub
    reloads_at_once: int = 2  # scopes that are read again at a time
    reload_rest_seconds: float = 0.25  # between two reloads of one scope: the writes of a rest are read together


class Cut(StrEnum):
    """Why the hub ends a connection."""

    SLOW_READER = "slow_reader"
    TOO_MANY_REQUESTS = "too_many_requests"
    GOING_AWAY = "going_away"


def limits_of(settings: Settings) -> Limits:
    """Take the limits that can be set from outside."""
    return Limits(clients_a_user=settings.stream_clients_per_user, clients_a_process=settings.stream_clients)
