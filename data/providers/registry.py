"""Which providers there are, and which of them a setting names and can run.

Every module of this folder with a line `PROVIDER = ...` holds one; nothing else is needed to add another.
"""

from __future__ import annotations

import logging
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol, cast

from data.providers.base import Provider, Refusal
from data.settings import Settings

if TYPE_CHECKING:
    from data.database import Database

_log = logging.getLogger(__name__)


class Maker(Protocol):
    """What a module's `PROVIDER` is: a class that knows whether and how to run with given settings."""

    def refusal(self, settings: Settings) -> str | None:
        """Tell why it cannot run with these settings; None where it can."""

    def from_settings(self, settings: Settings, database: Database | None, argument: str = "") -> Provider:
        """Build it."""


def create(settings: Settings, database: Database | None = None) -> list[Provider]:
    """Return the providers that `MARKET_DATA` names and that can run, most preferred first."""
    refused = {refusal.name: refusal.reason for refusal in refusals(settings)}
    for name, reason in refused.items():
        _log.warning("%s: %s", name, reason)
    wanted = [entry.partition(":") for entry in dict.fromkeys(settings.market_data)]
    return [maker(name).from_settings(settings, database, argument) for name, _, argument in wanted if name not in refused]


def refusals(settings: Settings) -> list[Refusal]:
    """Return the providers that `MARKET_DATA` names and that cannot run."""
    told = {name: _refusal(name, settings) for name in dict.fromkeys(entry.partition(":")[0] for entry in settings.market_data)}
    return [Refusal(name, reason) for name, reason in told.items() if reason]


def maker(name: str) -> Maker:
    """Give the class of a provider."""
    return cast("Maker", import_module(f"data.providers.{name}").PROVIDER)


def _refusal(name: str, settings: Settings) -> str | None:
    return maker(name).refusal(settings) if find_spec(f"data.providers.{name}") else "not available in this version"
