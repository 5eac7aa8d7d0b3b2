"""Sources of market data, in the order of preference of `MARKET_DATA`."""

from __future__ import annotations

import logging

from data.providers.base import Provider, Rate, Refusal
from data.providers.simulated import SimulatedMarket
from data.settings import Settings

__all__ = ["Provider", "Rate", "Refusal", "SimulatedMarket", "create", "refusals"]

_log = logging.getLogger(__name__)


def create(settings: Settings) -> list[Provider]:
    """Return the providers that `MARKET_DATA` names and that can run, most preferred first."""
    for refusal in refusals(settings):
        _log.warning("%s: %s", refusal.name, refusal.reason)
    wanted = dict.fromkeys(settings.market_data)
    return [_simulated(settings) for name in wanted if name == SimulatedMarket.name]


def refusals(settings: Settings) -> list[Refusal]:
    """Return the providers that `MARKET_DATA` names and that cannot run."""
    others = [name for name in dict.fromkeys(settings.market_data) if name != SimulatedMarket.name]
    return [Refusal(name, "not available in this version") for name in others]


def _simulated(settings: Settings) -> SimulatedMarket:
    return SimulatedMarket(seed=settings.simulated_seed, ticks_per_second=settings.simulated_ticks_per_second)
