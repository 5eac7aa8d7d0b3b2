"""What-ifs: weights and trades that are tried on what is held, and everything that would change."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
import pandas as pd

from engine.advice.what_if import Tried
from engine.advice.what_if import tried as retraded
from engine.errors import InvalidInput
from engine.types import Actor, Finding, Severity
from services.advice.newcomers import Newcomers, Strangers
from services.advice.sold_lots import NO_GAINS, gains_of_sales
from services.advice.views_evidence import WhatIfDraft, WhatIfSide, WhatIfView
from services.advice.what_if_drafts import address_of
from services.advice.what_if_sides import changed, shares_of, side_of
from services.advice.what_if_stress import StressOf
from services.books.service import Kept
from services.books.valuation import Valuation
from services.risk.exposures import Exposure, ExposureQuestion, Exposures
from services.risk.sheet import Risk
from services.views import ALL

KEPT: Final = 64
BPS: Final = 1e-4
TINY: Final = 1e-9
CONVENTIONS: Final = {
    "weights": "Of the value with new money, before what the trades cost; what is not named stays as it is, cash is the rest",
    "risk": "The new weights on the last two years of what would be held, as the Risk page measures today's",
    "value_at_risk": "Of a day, by history",
    "cost": "A share of what is bought and sold, taken from the cash",
    "tax": "Lots as the portfolio's own cost method takes them; losses count against gains, and the tax is set aside from the cash",
    "stress": "Every scenario, and the episodes of the past, on the new holdings",
}


@dataclass(frozen=True, slots=True)
class _Scene:
    """What a draft is tried on: it does not change with the draft."""

    exposure: Exposure
    strangers: Strangers
    values: pd.Series  # symbol -> value, strangers 0
    units: pd.Series  # symbol -> value of one unit in base currency
    volume: pd.Series


class WhatIf:
    """What-ifs on the actor's portfolios; nothing is written."""

    def __init__(self, valuation: Valuation, exposures: Exposures, risk: Risk, newcomers: Newcomers, stress: StressOf) -> None:
        self._valuation, self._exposures, self._risk, self._newcomers, self._stress = valuation, exposures, risk, newcomers, stress
        self._before: Kept[tuple[WhatIfSide, pd.Series]] = Kept(KEPT)

    def tried(self, actor: Actor, scope: str | UUID = ALL, draft: WhatIfDraft | None = None) -> WhatIfView:
        """Try a draft on a scope.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all".
        draft : WhatIfDraft, optional
            Default nothing: the portfolio as it is, on both sides.

        Raises
        ------
        NotFound
            No such portfolio or benchmark.
        UnknownInstrument
            A symbol that the workspace does not have.
        InvalidInput
            A symbol without a price, or a sale of more than is held where the portfolio refuses it.
        """
        asked = draft or WhatIfDraft()
        exposure = self._exposures.exposure(actor, scope, ExposureQuestion(benchmark=asked.benchmark, base_currency=asked.base_currency))
        scene = self._scene(actor, exposure, asked)
        done = self._retraded(scene, asked)
        sold = -_sold(done, scene.units)
        gains = NO_GAINS
        if bool((sold > 0).any()):
            gains = gains_of_sales(self._valuation.answered(actor, scope, base_currency=asked.base_currency), sold, scene.units)
        tax = max(float(gains["short"].sum()) * asked.tax_short + float(gains["long"].sum()) * asked.tax_long, 0.0)
        return self._view(actor, scene, asked, done, gains, tax)

    # ------------------------------------------------------------------------------------------------------------------------ reading

    def _scene(self, actor: Actor, exposure: Exposure, asked: WhatIfDraft) -> _Scene:
        named = dict.fromkeys([*asked.weights, *(each.symbol for each in asked.trades)])
        strangers = self._newcomers.read(actor, exposure, [symbol for symbol in named if symbol not in exposure.holdings.index])
        held = exposure.holdings
        units = pd.concat([held["value"] / held["quantity"].replace(0.0, np.nan), strangers.units])
        values = pd.concat([held["value"], pd.Series(0.0, index=strangers.units.index)])
        selling = self._risk.selling(exposure)["volume"]
        return _Scene(exposure, strangers, values, units, pd.concat([selling, strangers.volume]))

    @staticmethod
    def _retraded(scene: _Scene, asked: WhatIfDraft) -> Tried:
        money: dict[str, float] = {}
        for row, each in enumerate(asked.trades, start=1):
            unit = float(scene.units[each.symbol])
            if not np.isfinite(unit):
                raise InvalidInput("symbol", each.symbol, "has no price", hint="Give it one with PUT /api/v1/instruments/{symbol}/bars", row=row)
            money[each.symbol] = money.get(each.symbol, 0.0) + (each.money if each.money is not None else (each.quantity or 0.0) * unit)
        cash = float(scene.exposure.cash.sum())
        return retraded(scene.values, cash, weights=asked.weights, trades=money, new_money=asked.new_money, cost=asked.cost_bps * BPS)

    # ------------------------------------------------------------------------------------------------------------------------- telling

    def _view(self, actor: Actor, scene: _Scene, asked: WhatIfDraft, done: Tried, gains: pd.DataFrame, tax: float) -> WhatIfView:
        exposure, table = scene.exposure, done.table
        quantities = (table["value_after"] / scene.units).where(table["trade"].abs() > TINY, exposure.holdings["quantity"].reindex(table.index))
        other = changed(exposure, table["value_after"], quantities, done.cash - tax, scene.strangers.instruments, scene.strangers.returns)
        before, shares = self._sides(exposure, asked.level, scene.volume)
        after = side_of(other, level=asked.level, volume=scene.volume)
        stress = self._stress.both(actor, exposure, other)
        return WhatIfView(
            scope=exposure.scope, label=exposure.label, base_currency=exposure.base_currency, draft=asked, before=before, after=after,
            holdings=_rows(scene, other, table, quantities, (shares, shares_of(other)), gains), stress=stress, traded_money=done.traded,
            cost_money=done.cost, gain_money=float(gains["gain"].sum()), tax_money=tax, address=address_of(asked), conventions=CONVENTIONS,
            simulated=exposure.simulated or scene.strangers.simulated, revisions=exposure.revisions,
            findings=(*_findings(other, quantities), *exposure.findings),
        )

    def _sides(self, exposure: Exposure, level: float, volume: pd.Series) -> tuple[WhatIfSide, pd.Series]:
        """Measure the portfolio as it is, once for as long as nothing of it moves."""
        key: Hashable = (exposure.state, level, tuple(exposure.holdings["value"]), tuple(exposure.cash))
        return self._before.get_or_compute(key, lambda: (side_of(exposure, level=level, volume=volume), shares_of(exposure)))


def _sold(done: Tried, units: pd.Series) -> pd.Series:
    """Units that are sold, below 0."""
    return (done.table["trade"] / units).clip(upper=0.0).fillna(0.0)


def _rows(scene: _Scene, other: Exposure, table: pd.DataFrame, quantities: pd.Series, shares: tuple[pd.Series, pd.Series],
          gains: pd.DataFrame) -> pd.DataFrame:
    held, names = scene.exposure.holdings, other.holdings
    now = held["quantity"].reindex(names.index).fillna(0.0).astype(np.float64)
    after = quantities.reindex(names.index)
    return pd.DataFrame({
        "name": names["name"], "currency": names["currency"], "price": scene.units.reindex(names.index), "quantity_before": now,
        "quantity_after": after, "trade_quantity": (after - now).where(table["trade"].abs() > TINY, 0.0), "trade_money": table["trade"],
        "weight_before": held["weight"].reindex(names.index).where(now != 0, 0.0), "weight_after": names["weight"],
        "risk_before": shares[0].reindex(names.index), "risk_after": shares[1].reindex(names.index),
        "gain": gains["gain"].reindex(names.index).fillna(0.0),
    }, index=names.index)


def _findings(other: Exposure, quantities: pd.Series) -> list[Finding]:
    """Say what a person would want to know before doing it."""
    found = []
    cash = float(other.cash.sum())
    if cash < -TINY * max(abs(other.value), 1.0):
        found.append(Finding("negative_cash", f"Cash would be {cash:,.2f} {other.base_currency}: sell more, buy less, or bring in new money",
                             Severity.WARNING, {"cash": cash}))
    shorts = [str(symbol) for symbol, quantity in quantities.items() if quantity < -TINY]
    if shorts:
        found.append(Finding("short", f"{', '.join(shorts)} would be sold short", Severity.WARNING, {"symbols": shorts}))
    return found
