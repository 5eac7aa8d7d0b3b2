"""What came of what was suggested: whether the rule is quiet since, its number then and now, and what the trades have made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np

from data.database import Database
from data.suggestion_records import StoredSuggestion
from engine.advice.rules_measures import measured
from engine.advice.rules_words import money, percent
from engine.advice.trades import BUY
from engine.errors import UnknownInstrument
from engine.types import Actor
from services.advice.suggestion_views import Asked, number
from services.advice.views_rules import HistoryView, OutcomeView
from services.stress.facts import factor_returns


class Outcomes:
    """Tells the past of suggestions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def told(self, actor: Actor, stored: StoredSuggestion, asked: Asked | None) -> HistoryView:
        """Tell one suggestion with its times, and what came of it where it was done."""
        words = stored.told
        return HistoryView(
            key=stored.key, rule=str(words.get("rule", "")), label=str(words.get("label", "")), subject=str(words.get("subject", "")),
            title=str(words.get("title", "")), reason=str(words.get("reason", "")), state=stored.state, first_seen=stored.created_at,
            last_seen=stored.seen_at, times=tuple((str(what), datetime.fromisoformat(at), why) for what, at, why in stored.times),
            outcome=self._outcome(actor, stored, asked) if stored.done and asked else None, version=stored.version, portfolio_id=stored.portfolio_id)

    def _outcome(self, actor: Actor, stored: StoredSuggestion, asked: Asked) -> OutcomeView:
        done = stored.done or {}
        at, measure = datetime.fromisoformat(done["at"]), done.get("measure") or {}
        run = next((each for each in asked.ran if each.rule.key == stored.told.get("rule")), None)
        held = None if run is None or run.state in {"off", "unknown"} else stored.key not in {view.key for view in asked.views}
        then, unit = number(measure, "value"), str(measure.get("unit", ""))
        view = next((each for each in asked.views if each.key == stored.key), None)
        now = view.evidence[0].value if view is not None and view.evidence else measured(asked.read.facts, str(measure.get("name", "")),
                                                                                        measure.get("symbol"), str(stored.told.get("subject", "")))
        gain = self._gain(actor, done, asked, at.date())
        return OutcomeView(at, held, then, now, unit, gain, _sentence(done, (held,), (then, now, unit, str(measure.get("label", ""))), gain))

    def _gain(self, actor: Actor, done: Mapping[str, Any], asked: Asked, since: date) -> float:
        """Tell what the trades have made since the day they were done, against leaving all as it was, costs and taxes taken off."""
        trades = done.get("trades") or []
        if not trades:
            return math.nan
        try:
            returns = factor_returns(self._database, actor, sorted({each["symbol"] for each in trades}), asked.read.exposure)
        except UnknownInstrument:
            return math.nan
        later = returns[returns.index.date > since]  # type: ignore[attr-defined]
        grown = {str(symbol): float(np.prod(1.0 + later[symbol].dropna().to_numpy(dtype=np.float64))) - 1.0 for symbol in later.columns}
        made = math.fsum((1.0 if each["side"] == BUY else -1.0) * float(each["amount"]) * grown[each["symbol"]] for each in trades)
        return made - math.fsum(float(each["fee"]) + float(each["spread"]) + float(each["tax"]) for each in trades)


def _sentence(done: Mapping[str, Any], run: tuple[bool | None], measure: tuple[float, float, str, str], gain: float) -> str:
    then, now, unit, label = measure
    held = run[0]
    code = str(done.get("base_currency", ""))
    parts = [f"{label} was {_as(then, unit, code)}" if math.isfinite(then) and label else "Done"]
    if math.isfinite(now) and math.isfinite(then):
        parts[0] += f" and is {_as(now, unit, code)} now"
    parts += [] if held is None else ["the rule is quiet since" if held else "the rule still speaks"]
    if math.isfinite(gain):
        made = f"{'made' if gain >= 0 else 'lost'} {money(abs(gain), code)}"
        parts.append(f"the trades have {made} against leaving all as it was, costs and taxes included")
    return f"{'; '.join(parts)}."


def _as(value: float, unit: str, code: str) -> str:
    if unit == "fraction":
        return percent(value)
    return money(value, code) if unit == "money" else f"{value:,.1f}{' days' if unit == 'days' else ''}"


