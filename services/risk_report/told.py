"""A measured risk as JSON can say it: null where there is no number, dates as text, every figure at the top by its name."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd

from engine.risk.catalogue import Term
from engine.risk.score import RiskScore
from services.attribution.told import exposures_json
from services.attribution.views import ConcentrationView
from services.books.service import once
from services.performance.json import dated, finding_json, known, rows
from services.rates.rates import RatesView
from services.risk.today import Today
from services.risk.uncertainty import Uncertainty
from services.risk.views import RiskView
from services.risk_report.terms import held_figures, held_gaps

MONTHS = range(1, 13)


def laid_out(view: RiskView, today: Today, held: ConcentrationView, rates: RatesView, *, series: bool = True) -> dict[str, Any]:
    """Lay a sheet and today's figures out; a figure's own name is that of its place in the answer.

    Parameters
    ----------
    view
        Every figure of the window.
    today
        What today's holdings could lose.
    held
        What they hang on.
    rates
        Their bonds and options.
    series
        Whether the days are told too.
    """
    told = {name: value for name, value in known(view.figures).items() if name not in RESERVED}
    return {
        "scope": view.scope, "label": view.label, "base_currency": view.base_currency, "start": _text(view.start), "end": _text(view.end),
        "observations": view.observations, "periods_per_year": view.periods_per_year, "value": known({"value": view.value})["value"],
        "conventions": dict(view.conventions), **held_figures(held, rates), **told,
        "today": today_json(view, today), "risk_score": score_json(today.score),
        "missing": dict(view.missing), "gaps": held_gaps(held, rates) | dict(view.gaps), **exposures_json(held),
        "drawdowns": rows(_dated_falls(view.drawdowns)),
        "calendar": _calendar(view.months), "series": rows(dated(view.series)) if series else [],
        "benchmark": None if view.benchmark is None else {"symbol": view.benchmark[0], "name": view.benchmark[1]},
        "simulated": view.simulated, "revisions": dict(view.revisions),
        "findings": [finding_json(each) for each in once([*view.findings, *held.through.findings])],
    }


RESERVED = frozenset({"scope", "label", "base_currency", "start", "end", "observations", "periods_per_year", "value", "conventions", "today",
                      "risk_score", "missing", "gaps", "drawdowns", "calendar", "series", "benchmark", "simulated", "revisions", "findings",
                      "exposures", "look_through"})


def today_json(view: RiskView, today: Today) -> dict[str, Any]:
    """Tell what today's holdings could lose, as fractions and in money."""
    shares = known({name: getattr(today, name) for name in ("value_at_risk", "expected_shortfall", "volatility", "beta")})
    amounts = known({f"{name}_amount": getattr(today, name) * view.value for name in ("value_at_risk", "expected_shortfall")})
    return {"days": today.days, "method": today.method, "horizon_days": today.horizon, **shares, **amounts}


def score_json(score: RiskScore) -> dict[str, Any]:
    """Tell the score of 1 to 7, what it is made of, and what would change it by one."""
    return {"score": score.score or None, "position": known({"position": score.position})["position"], "scale": score.scale,
            "components": known(score.components), "measures": known(score.measures), "changes": [known(asdict(each)) for each in score.changes]}


def uncertainty_json(told: Uncertainty) -> dict[str, Any]:
    """Tell the intervals of figures by name."""
    tables = {name: {str(figure): known(row.to_dict()) for figure, row in getattr(told, name).iterrows()} for name in ("figures", "today")}
    return {"scope": told.scope, "label": told.label, "base_currency": told.base_currency, "observations": told.observations,
            "confidence": told.confidence, "draws": told.draws, "block": told.block, **tables, "missing": dict(told.missing), "trials": told.trials,
            "sharpe": known(dict(told.sharpe))}


def term_json(term: Term) -> dict[str, Any]:
    """Tell what a figure is."""
    return asdict(term)


def _calendar(months: pd.DataFrame) -> list[dict[str, Any]]:
    told = months.reindex(columns=[*MONTHS, "total"])
    return [{"year": int(str(year)), "months": [known({0: row[month]})["0"] for month in MONTHS], "total": known({0: row["total"]})["0"]}
            for year, row in told.iterrows()]


def _dated_falls(falls: pd.DataFrame) -> pd.DataFrame:
    texts = {name: pd.Series([None if pd.isna(day) else str(day)[:10] for day in falls[name]], dtype=object)
             for name in ("peak", "valley", "recovery")}
    return falls.reset_index(drop=True).assign(**texts)


def _text(day: object) -> str | None:
    return None if day is None else str(day)
