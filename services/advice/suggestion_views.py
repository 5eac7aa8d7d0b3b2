"""What rules say, as views tell it and as the database keeps it."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from data.suggestion_records import StoredSuggestion
from engine.advice.policy import Policy
from engine.advice.rules import Ran
from engine.advice.rules_effect import Change
from engine.advice.rules_score import Judged
from engine.advice.rules_words import Evidence
from engine.types import Portfolio
from services.advice.facts import Read
from services.advice.views_rules import EffectView, EvidenceView, RuleRun, SuggestionView

PLAIN: Final = re.compile(r"[A-Za-z0-9.^=_@-]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the rules said of one portfolio, and what was decided about it before."""

    portfolio: Portfolio
    policy: Policy
    read: Read
    ran: tuple[Ran, ...]
    views: tuple[SuggestionView, ...]  # everything that holds now, in the order of its score
    stored: Mapping[str, StoredSuggestion]


def key_of(rule: str, subject: str) -> str:
    """Name a suggestion so that it fits into an address and stays the same as long as the rule and what it is about do."""
    if not subject:
        return rule
    if PLAIN.fullmatch(subject):
        return f"{rule}~{subject}"
    slug = re.sub(r"[^A-Za-z0-9.^=_@-]+", "_", subject)[:40]
    return f"{rule}~{slug}-{zlib.crc32(subject.encode()):08x}"


def evidence_view(each: Evidence) -> EvidenceView:
    """Tell a number behind a suggestion."""
    return EvidenceView(each.name, each.label, each.value, each.limit, each.unit, each.symbol)


def effect_view(each: Change) -> EffectView:
    """Tell a figure before and after."""
    return EffectView(each.name, each.label, each.unit, each.before, each.after)


def suggestion_view(ran: Ran, found: Judged, portfolio: Portfolio, stored: StoredSuggestion | None) -> SuggestionView:
    """Tell a suggestion with what was decided about it."""
    advice, effect = found.advice, found.effect
    return SuggestionView(
        key=key_of(advice.rule, advice.subject), rule=advice.rule, label=ran.rule.label, group=ran.rule.group, subject=advice.subject,
        severity=advice.severity, title=advice.title, reason=advice.reason, fix=advice.fix, wrong_if=advice.wrong_if,
        evidence=tuple(evidence_view(each) for each in advice.evidence), trades=effect.trades,
        effect=tuple(effect_view(each) for each in effect.changes), cost=effect.cost, tax=effect.tax, benefit=found.benefit, effort=found.effort,
        score=found.score, state=stored.state if stored else "open",
        reason_dismissed=stored.reason if stored and stored.state == "dismissed" else None,
        until=stored.until if stored and stored.state == "dismissed" else None, decided_at=stored.decided_at if stored else None,
        first_seen=stored.created_at if stored else None, portfolio_id=portfolio.id, portfolio=portfolio.name,
        base_currency=portfolio.base_currency, link=advice.link)


def run_view(ran: Ran) -> RuleRun:
    """Tell what came of a rule."""
    rule = ran.rule
    return RuleRun(rule.key, rule.label, rule.group, rule.meaning, rule.thresholds, ran.state, ran.why, len(ran.found), rule.group == "own")


def told(view: SuggestionView) -> dict[str, Any]:
    """Give what is kept of a suggestion: what it said, and its first number."""
    first = view.evidence[0] if view.evidence else None
    return {
        **{name: getattr(view, name) for name in ("rule", "label", "group", "subject", "title", "reason", "fix")}, "severity": str(view.severity),
        "measure": None if first is None else {name: _plain(value) for name, value in asdict(first).items()},
    }


def done_with(view: SuggestionView | None, value: float, base_currency: str, note: str | None, at: datetime) -> dict[str, Any]:
    """Give what is kept of a suggestion that was done: its numbers and trades of then, to tell later what came of it."""
    trades = view.trades if view is not None else ()
    names = ("side", "symbol", "quantity", "price_local", "currency", "fx_rate", "amount", "fee", "spread", "tax", "account", "multiplier")
    return {
        "at": at.isoformat(), "value": _plain(value), "base_currency": base_currency, "note": note,
        "trades": [{name: _plain(getattr(each, name)) for name in names} for each in trades],
        "measure": None if view is None or not view.evidence else {name: _plain(each) for name, each in asdict(view.evidence[0]).items()},
        "effect": [{name: _plain(each) for name, each in asdict(change).items()} for change in (view.effect if view else ())],
    }


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a record holds
    return None if isinstance(value, float) and not math.isfinite(value) else value


def number(told_: Mapping[str, Any] | None, name: str) -> float:
    """Read a number that was kept; NaN where there was none."""
    value = (told_ or {}).get(name)
    return math.nan if value is None else float(value)
