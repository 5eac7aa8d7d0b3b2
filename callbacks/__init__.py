"""Answers the browser. `register_all` hands every callback its services; nothing is registered at import.

Every callback is a coroutine and does its work in a thread: a blocking one would stop the event loop for everybody.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from dash import Dash, set_props

from callbacks import (
    advice,
    advice_evidence,
    advice_optimise,
    advice_plan,
    advice_policy,
    advice_rebalance,
    advice_rules,
    advice_what_if,
    alerts,
    attribution,
    audit,
    benchmark,
    blends,
    checks,
    explain,
    factors,
    gains,
    holdings,
    imports,
    live,
    markets,
    overview,
    performance,
    portfolios,
    risk,
    risk_stress,
    sale,
    shell,
    status,
    transactions,
)
from components.ids import Ids

if TYPE_CHECKING:
    from services import Services

log = logging.getLogger("portolan.screen")


def register_all(app: Dash, services: Services) -> None:
    """Wire every callback of the application."""
    for part in (shell, portfolios, live, overview, holdings, performance, risk, risk_stress, benchmark, attribution, factors, blends, sale,
                 gains, transactions, imports, checks, audit, alerts, advice, advice_what_if, advice_plan, advice_evidence, markets, status, explain,
                 advice_policy, advice_optimise, advice_rebalance, advice_rules):
        part.register(app, services)


def on_error(error: Exception) -> None:
    """Log what a callback did not foresee and say so on the screen, without its text; outputs keep what they showed."""
    log.error("a callback failed", exc_info=error)
    set_props(Ids.TROUBLE, {"data": {"at": time.time_ns()}})
