"""Why a portfolio did better or worse than its benchmark: the one path from the daily ledger to every effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd

from data.database import Database
from engine import Attribution, Panel, daily_attribution, panel_side
from engine.types import Actor, Finding, Severity
from services import fields
from services.attribution import tables
from services.attribution.constituents import Constituents, read_constituents
from services.attribution.grouping import findings_of, group_name, groups_of_parts, groups_of_rows, is_divided
from services.attribution.views import (
    COSTS,
    CURRENCY_COLUMNS,
    CURRENCY_EFFECTS,
    EFFECTS,
    GROUP_COLUMNS,
    GROUPINGS,
    HOLDING_COLUMNS,
    INTERACTIONS,
    LINKINGS,
    METHODS,
    OUTSIDES,
    PERIOD_COLUMNS,
    AttributionQuestion,
    AttributionView,
)
from services.books.service import Kept, once
from services.fields import Place
from services.performance.figures import Basis
from services.performance.service import Performance
from services.performance.views import PerformanceQuestion
from services.views import ALL

KEPT: Final = 64
CHOICES: Final = {"by": GROUPINGS, "method": METHODS, "linking": LINKINGS, "interaction": INTERACTIONS, "outside": OUTSIDES,
                  "currency_effect": CURRENCY_EFFECTS, "costs": COSTS}
FIGURES: Final = ("portfolio_return", "benchmark_return", "active_return", *EFFECTS, "total", "residual", "active_share")
NO_BENCHMARK: Final = Finding("benchmark_missing", "There is no benchmark to compare with", Severity.INFO,
                              {"hint": "Choose one here, or set the portfolio's own"})


class Attributions:
    """Attributions of the actor's portfolios."""

    def __init__(self, database: Database, performance: Performance) -> None:
        self._database, self._performance = database, performance
        self._kept: Kept[AttributionView] = Kept(KEPT)

    def attribution(self, actor: Actor, scope: str | UUID = ALL, question: AttributionQuestion | None = None) -> AttributionView:
        """Explain the active return of a portfolio, or of all together, by groups down to the holding.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all".
        question : AttributionQuestion, optional
            Window, grouping, benchmark and conventions; default by sector against the portfolio's own benchmark.

        Raises
        ------
        NotFound
            No such portfolio or benchmark in the actor's workspace.
        InvalidInput
            A convention or a window that cannot be.
        MisalignedSeries
            The benchmark has closes on fewer than two of the days.
        """
        asked = checked(question or AttributionQuestion())
        basis = self._performance.basis(actor, scope, _performance_question(asked))
        return self._kept.get_or_compute((basis.brief.asked.key, asked), lambda: self._view(actor, basis, asked))

    def _view(self, actor: Actor, basis: Basis, asked: AttributionQuestion) -> AttributionView:
        brief = basis.brief
        if brief.levels is None or brief.is_empty:
            return _nothing(basis, asked, () if brief.is_empty else (NO_BENCHMARK,))
        shown = brief.panel.between(brief.asked.start, brief.asked.end)
        with self._database.read() as unit:
            parts = read_constituents(unit, actor, brief.levels, brief.asked.scene, brief.panel.days, shown.days)
        return _told(basis, asked, shown if len(parts.days) == len(shown.days) else shown.between(parts.days[0], shown.days[-1]), parts)


def checked(asked: AttributionQuestion) -> AttributionQuestion:
    """Give the question in the words of the house.

    Raises
    ------
    InvalidInput
        A choice that does not exist.
    """
    told: dict[str, Any] = {name: fields.choice(Place(name), getattr(asked, name), known) for name, known in CHOICES.items()}
    return replace(asked, **told)


def _performance_question(asked: AttributionQuestion) -> PerformanceQuestion:
    return PerformanceQuestion(start=asked.start, end=asked.end, period=asked.period, benchmark=asked.benchmark, costs=asked.costs,
                               base_currency=asked.base_currency)


def _told(basis: Basis, asked: AttributionQuestion, shown: Panel, parts: Constituents) -> AttributionView:
    view, question, scene = basis.view, basis.brief.asked.question, basis.brief.asked.scene
    side = panel_side(shown, flow_timing=question.timing, costs=asked.costs)
    by_row = groups_of_rows(asked.by, side.rows, _codes(side.rows, shown, parts, scene.base), scene.instruments)
    divided = is_divided(asked.by, parts)
    found = daily_attribution(
        side, parts.side, groups_of_parts(asked.by, parts, scene.base) | by_row if divided else by_row | groups_of_parts(asked.by, parts, scene.base),
        method=asked.method, interaction=asked.interaction if divided else "selection", outside=asked.outside if divided else "benchmark",
        currency_effect=asked.currency_effect == "apart", linking=asked.linking,
    )
    figures, names = _figures(found), {**parts.instruments, **scene.instruments}
    opened = shown.days[0]
    broken = () if np.isfinite(figures["portfolio_return"]) else (_BROKEN,)
    return AttributionView(
        scope=view.scope, label=view.label, base_currency=view.base_currency, start=pd.Timestamp(opened).date(), end=view.end,
        days=(view.end - pd.Timestamp(opened).date()).days, conventions=_conventions(asked, question, divided=divided),
        benchmark=(parts.key, parts.name, parts.kind), is_divided=divided, figures=figures,
        combine="multiply" if asked.linking == "geometric" else "add",
        groups=tables.group_table(found, shown, asked.costs, question.timing, lambda key: group_name(asked.by, key, names, parts)),
        holdings=tables.holding_table(found, shown, asked.costs, question.timing, lambda key: group_name("symbol", key, names, parts)),
        currencies=tables.currency_table(found, _codes(found.rows, shown, parts, scene.base)),
        series=tables.series_table(found, opened), by_group=tables.group_series(found, opened), periods=tables.period_table(found, opened),
        waterfall=tables.waterfall(figures, multiplies=asked.linking == "geometric") if not broken else (),
        findings=once([*broken, *findings_of(asked.by, parts), *parts.findings, *view.findings]),
        simulated=view.simulated or parts.simulated, revisions=view.revisions,
        gaps={name: _BROKEN.message for name, value in figures.items() if broken and not np.isfinite(value)},
    )


_BROKEN: Final = Finding("chain_broken",
                         "On a day of this window there is no capital beside a gain or loss: neither its return nor what explains it has an answer")


def _figures(found: Attribution) -> dict[str, float]:
    """Tell both returns and what lies between them."""
    last = found.path().iloc[-1]
    told = {f"{name}_return": float(last[name]) for name in ("portfolio", "benchmark", "active")}
    effects = {name: float(last[name]) for name in EFFECTS}
    effects["currency"] += float(last["cross"])
    parts = np.array([*effects.values()])
    total = float(np.prod(1.0 + parts) - 1.0) if found.linking == "geometric" else float(parts.sum())
    share = float(np.abs(found.mine.weight[-1] - found.theirs.weight[-1]).sum() / 2.0)
    return {**told, **effects, "total": total, "residual": told["active_return"] - total, "active_share": share}


def _codes(rows: tuple[str, ...], shown: Panel, parts: Constituents, base: str) -> list[str]:
    """Name the currency of each row of either side."""
    known = {name: each.currency for name, each in parts.instruments.items()} | dict(zip(shown.rows, shown.currencies, strict=True))
    return [known.get(row, base) for row in rows]


def _conventions(asked: AttributionQuestion, question: PerformanceQuestion, *, divided: bool) -> dict[str, str]:
    told = {name: str(getattr(asked, name)) for name in CHOICES}
    told |= {} if divided else {"outside": "benchmark", "interaction": "selection"}
    return told | {"flow_timing": question.timing, "period": asked.period or ""}


def _nothing(basis: Basis, asked: AttributionQuestion, findings: tuple[Finding, ...]) -> AttributionView:
    """Say that there is nothing to compare, or nothing to compare with."""
    view = basis.view
    empty = pd.DatetimeIndex([], name="date")
    figures = dict.fromkeys(FIGURES, float("nan"))
    return AttributionView(
        scope=view.scope, label=view.label, base_currency=view.base_currency, start=view.start, end=view.end, days=view.days,
        conventions=_conventions(asked, basis.brief.asked.question, divided=True), benchmark=None, is_divided=False, figures=figures,
        combine="multiply" if asked.linking == "geometric" else "add",
        groups=pd.DataFrame(columns=list(GROUP_COLUMNS)), holdings=pd.DataFrame(columns=list(HOLDING_COLUMNS)),
        currencies=pd.DataFrame(columns=list(CURRENCY_COLUMNS)),
        series=pd.DataFrame(columns=["portfolio", "benchmark", "active", *EFFECTS], index=empty), by_group=pd.DataFrame(index=empty),
        periods=pd.DataFrame(columns=list(PERIOD_COLUMNS)), waterfall=(), findings=once([*findings, *view.findings]), simulated=view.simulated,
        revisions=view.revisions, gaps=dict.fromkeys(FIGURES, findings[0].message if findings else "There is no transaction yet"),
    )
