"""The evidence of a suggestion: as the database keeps it, and as views tell it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any, Final

import numpy as np

from data.evidence_records import StoredEvidence
from engine.advice.replay import Replay, Untried
from engine.advice.verdict import Comparison
from services.advice.evidence_json import plain
from services.advice.views_rules import ReplayAgainst, ReplayView

LABELS: Final = {"still": "Doing nothing", "equal": "1/N"}
STEPS: Final = 21  # 0, 5 ... 100 %
PLACES: Final = 6
RUNS: Final = {"running": "working", "failed": "failed", "cancelled": "stopped"}
PAIRS: Final = ("volatility", "worst_year", "purged")


def written(found: Replay | Untried) -> dict[str, Any]:
    """Write what came of a fix down."""
    if isinstance(found, Untried):
        return {"state": "short" if found.short else "none", "sentence": found.reason}
    told = {"state": "ready", "sentence": found.against[0][1].sentence, "windows": found.windows, "spoke": found.spoke, "first": found.first,
            "last": found.last, "against": [_written(*each) for each in found.against],
            **{name: getattr(found, name) for name in ("turnover", "cost", "tax", *PAIRS)}}
    kept: dict[str, Any] = plain(told)
    return kept


def _written(name: str, told: Comparison, deflated: float) -> dict[str, Any]:
    shares = np.quantile(told.differences, np.linspace(0.0, 1.0, STEPS))
    numbers = {each: getattr(told, each) for each in ("share", "median", "worst", "best", "p_value", "sharpe_difference", "sharpe_lower",
                                                      "sharpe_upper")}
    return {"against": name, "label": LABELS[name], "quantiles": [round(float(each), PLACES) for each in shares], **numbers, "deflated": deflated,
            "sentence": told.sentence}


def read(kept: Mapping[str, Any] | None) -> dict[str, ReplayView]:
    """Read what was written down, by the key of its suggestion."""
    return {key: _view(each) for key, each in (kept or {}).items()}


def _view(told: Mapping[str, Any]) -> ReplayView:
    known: dict[str, Any] = {name: told[name] for name in ("state", "sentence", "windows", "spoke") if name in told}
    known |= {name: date.fromisoformat(told[name]) for name in ("first", "last") if told.get(name)}
    known |= {name: tuple(map(_number, told[name])) for name in PAIRS if told.get(name)}
    known |= {name: _number(told[name]) for name in ("turnover", "cost", "tax") if name in told}
    return ReplayView(**known, against=tuple(_against(each) for each in told.get("against", ())))


def _against(told: Mapping[str, Any]) -> ReplayAgainst:
    known: dict[str, Any] = {name: told[name] for name in ("against", "label", "sentence")}
    known |= {each.name: _number(told[each.name]) for each in fields(ReplayAgainst) if each.name not in {*known, "quantiles"}}
    return ReplayAgainst(**known, quantiles=tuple(map(_number, told["quantiles"])))


def _number(value: Any) -> float:  # noqa: ANN401 - what JSON has there
    return math.nan if value is None else float(value)


def short(state: str, sentence: str) -> ReplayView:
    """Say why there are no figures."""
    return ReplayView(state, sentence)


def state_of(run: StoredEvidence) -> ReplayView:
    """Tell how far the run is that works a suggestion's evidence out, or how it ended."""
    state, told = RUNS[run.status], run.progress
    sentence = {"working": "Being tried on the past", "stopped": "Its trial on the past was stopped"}.get(state)
    reason = str((run.problem or {}).get("message") or "It could not be tried on the past")
    return ReplayView(state, sentence or reason, run.id, int(told["done"]), int(told["total"]))
