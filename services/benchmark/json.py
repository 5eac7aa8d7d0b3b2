"""A portfolio beside benchmarks as JSON can say it: null where there is no number, dates as text."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pandas as pd

from engine.types import Finding
from services.benchmark.views import Against, BenchmarkView
from services.performance.json import dated, known, rows


def as_json(view: BenchmarkView, *, series: bool = True) -> dict[str, Any]:
    """Write a view for programs; the figures of the first benchmark stand at the top too."""
    first = known(view.benchmarks[0].figures) if view.benchmarks else {}
    return first | {
        "scope": view.scope, "label": view.label, "base_currency": view.base_currency, "start": str(view.start), "end": str(view.end),
        "days": view.days,
        "periods_per_year": view.periods_per_year, "window": view.window, "conventions": view.conventions, "own": known(view.own),
        "benchmarks": [_against(each) for each in view.benchmarks], "series": _series(view) if series else {},
        "findings": [_finding(each) for each in view.findings], "simulated": view.simulated, "revisions": view.revisions,
        "sources": {key: str(day) for key, day in view.sources.items()},
    }


def _series(view: BenchmarkView) -> dict[str, list[dict[str, Any]]]:
    months = view.months.set_axis([str(month) for month in view.months.index]).rename_axis("month").reset_index()
    plain = {"growth": view.growth, "excess": view.excess, "returns": view.returns, "same_flows": view.same_flows,
             **{f"rolling_{name}": frame for name, frame in view.rolling.items()}}
    return {name: rows(dated(frame)) for name, frame in plain.items()} | {"months": rows(pd.DataFrame(months)), "flows": rows(view.flows)}


def _against(each: Against) -> dict[str, Any]:
    plain = {name: getattr(each, name) for name in ("key", "kind", "name", "currency", "observations", "months", "is_total_return", "simulated",
                                                    "missing", "gaps")}
    return plain | {
        "begins": _day(each.begins), "ends": _day(each.ends), "figures": known(each.figures), "flows": known(asdict(each.flows)),
        "constituents": [known(asdict(part)) for part in each.constituents], "findings": [_finding(finding) for finding in each.findings],
    }


def _day(value: object) -> str | None:
    return None if value is None else str(value)


def _finding(finding: Finding) -> dict[str, Any]:
    return {"code": finding.code, "message": finding.message, "severity": finding.severity.value,
            "context": json.loads(json.dumps(finding.context, default=str))}
