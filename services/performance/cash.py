"""Whether cash is part of what is measured: who books purchases alone, and never a deposit, keeps no cash account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from engine import Panel
from engine.types import Finding, Severity
from services.performance.panels import CASH, Laid

DUST: Final = 0.005


def measured(laid: Sequence[Laid], cash: str) -> list[Laid]:
    """Leave the cash out of the ledgers that keep none (`auto`), of none (`included`), or of all (`excluded`)."""
    return [_without_cash(each) if cash == "excluded" or (cash == "auto" and _is_unfunded(each.panel)) else each for each in laid]


def _is_unfunded(panel: Panel) -> bool:
    """Tell whether cash went below zero and no money ever came in from outside: what was bought was paid from elsewhere."""
    cash = _cash_rows(panel)
    return bool((panel.value[:, cash].sum(axis=1) < -DUST).any()) and not bool((panel.external[:, cash] > DUST).any())


def _cash_rows(panel: Panel) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array([row.startswith(CASH) for row in panel.rows], dtype=np.bool_)


def _without_cash(each: Laid) -> Laid:
    """Measure the securities alone: what is paid for them comes in, what they pay goes out."""
    panel = each.panel.select(~_cash_rows(each.panel))
    moved = panel.sums()["flow"]
    places = np.flatnonzero(np.abs(moved) > DUST)
    flows = pd.DataFrame({"date": panel.days[places], "kind": np.where(moved[places] > 0, "IN", "OUT"), "amount": moved[places]})
    return replace(each, panel=replace(panel, external=panel.flow), flows=flows, has_cash=False)


def cash_findings(laid: Sequence[Laid], cash: str) -> tuple[Finding, ...]:
    """Tell where cash was left out unasked."""
    if cash != "auto" or all(each.has_cash for each in laid):
        return ()
    return (Finding("cash_not_kept", "No money was ever booked as coming in: purchases count as money put in, sales and dividends as money taken "
                    "out. Book deposits, or ask for cash=included, to measure cash too", Severity.INFO),)
