"""Evidence in words: what strategies and models were worth on the past, every number written; `assets/advice_evidence.js` draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import dcc, html

from components import cards, theme
from components.ids import AdviceTrialIds as Ids

if TYPE_CHECKING:
    from collections.abc import Mapping

STORES = (Ids.EVIDENCE_ASKED, Ids.EVIDENCE_TOLD)
TASKS = {"volatility": "Volatility", "covariance": "Covariance", "regimes": "States of the market", "clusters": "Clusters",
         "price_anomalies": "Odd prices", "transaction_anomalies": "Odd transactions"}
PHASES = {"waiting": "Waiting for its turn", "reading": "Reading the past"}
HEADS = ("Strategy", "", "Evidence", "Helped", "Median", "Worst", "Return", "Volatility", "Largest fall", "Turnover", "Cost", "Deflated Sharpe")
MODEL_HEADS = ("Model", "Loss", "Its score", "Naive", "p", "")
SURE, LIKELY = 0.95, 0.5  # of the deflated probability that a difference is more than luck
POINTS = 40  # of a small line
SHOWN = 12  # clusters, and oddities


def pane() -> html.Div:
    """Build the tab: grey shapes until the first answer is drawn."""
    bones = html.Section(cards.bones("title", "row", "row", "row"), className="panel padded")
    return html.Div([*[dcc.Store(id=store) for store in STORES], html.Div(bones, **{"data-part": "waits"}), html.Div(id=Ids.EVIDENCE)],
                    className="pane attempt", **{"data-pane": "evidence"})


def phase(name: str, labels: Mapping[str, str]) -> str:
    """Say what a run is at."""
    return PHASES.get(name) or labels.get(name) or TASKS.get(name) or name.replace("_", " ").capitalize()


# ---------------------------------------------------------------------------------------------------------------------------- strategies


def strategies(result: Mapping[str, Any]) -> dict[str, Any]:
    """Write the strategies of a run, against doing nothing and against 1/N.

    Parameters
    ----------
    result : mapping
        An evidence view as a run keeps it; a number that is not known is None.
    """
    scores = result["scores"]
    windows = max((helped["windows"] for each in scores for helped in each["helped"]), default=0)
    between = f"{theme.number(result['days'], decimals=0)} days, {result['decisions']} decisions, {windows} windows; after costs"
    return {
        "heads": [*HEADS], "against": {name: [_strategy(each, name) for each in scores] for name in ("still", "equal")},
        "note": f"{result['start']} to {result['end']}, {between}{', simulated prices' if result['simulated'] else ''}",
        "overfitting": theme.share(result["overfitting"], decimals=0), "trials": result["trials"],
        "findings": [each["message"] for each in result["findings"]], "left": [f"{symbol} {why}" for symbol, why in result["left_out"].items()],
        "conventions": [*result["conventions"].values()],
    }


def _strategy(one: Mapping[str, Any], against: str) -> dict[str, Any]:
    helped = next((each for each in one["helped"] if each["against"] == against), None)
    level = [theme.percent(one["annualised_return"]), theme.percent(one["volatility"], signed=False), theme.percent(one["max_drawdown"], decimals=1),
             theme.share(one["turnover"], decimals=0), theme.percent(one["cost"], signed=False), theme.number(one["deflated_sharpe"])]
    word, kind = ("baseline", "") if one["baseline"] else verdict(helped)
    values = one["growth"]["values"]
    step = max(len(values) // POINTS, 1)
    line = " ".join(f"{value:.5g}" for value in values[::step] if value is not None)
    beside = [theme.share(helped["share"], decimals=0), theme.percent(helped["median"]), theme.percent(helped["worst"])] if helped else [""] * 3
    return {"label": one["label"], "meaning": one["meaning"], "word": word, "kind": kind, "line": line, "cells": [*beside, *level],
            "sentence": one["gap"] or (helped["sentence"] if helped else "")}


def verdict(helped: Mapping[str, Any] | None) -> tuple[str, str]:
    """Say how strong the evidence is: good, thin or none, and the kind of its tag."""
    if helped is None or helped["median"] is None:
        return "not known", ""
    if helped["median"] <= 0 or helped["share"] < LIKELY:
        return "not supported", "warn"
    return ("good", "ok") if (helped["deflated"] or 0.0) >= SURE else ("thin", "")


# -------------------------------------------------------------------------------------------------------------------------------- models


def models(result: Mapping[str, Any]) -> dict[str, Any]:
    """Write the models of a run with their scores, and what those in use say."""
    groups = [{"title": title, "rows": [_model(each) for each in result["scores"] if each["task"] == task], "gap": result["gaps"].get(task) or ""}
              for task, title in TASKS.items()]
    return {
        "heads": [*MODEL_HEADS], "groups": [each for each in groups if each["rows"] or each["gap"]],
        "note": f"{theme.number(result['days'], decimals=0)} days{', simulated prices' if result['simulated'] else ''}; a lower loss is better",
        "says": [*_volatilities(result), *_regimes(result["regimes"])],
        "clusters": [_cluster(each) for each in result["clusters"][:SHOWN]] if result["clusters_used"] else [],
        "odd": [[each["date"], each["symbol"] or "", each["sentence"]] for each in result["anomalies"][:SHOWN]],
        "conventions": [*result["conventions"].values()],
    }


def _model(one: Mapping[str, Any]) -> dict[str, Any]:
    p = one["p_value"]
    p_value = theme.UNKNOWN if p is None else "< 0.001" if p < 0.001 else theme.number(p, decimals=3)
    return {"label": one["label"], "meaning": one["meaning"], "used": one["used"], "sentence": one["sentence"],
            "cells": [one["loss"], _loss(one["score"]), _loss(one["baseline_score"]), p_value]}


def _loss(value: float | None) -> str:
    return theme.number(value, decimals=4 if value is not None and abs(value) < 10 else 1)


def _volatilities(result: Mapping[str, Any]) -> list[list[str]]:
    """Tell the forecast for the whole portfolio; holdings have theirs in the interface."""
    labels = {each["name"]: each["label"] for each in result["scores"] if each["task"] == "volatility"}
    return [[f"Volatility of tomorrow, a year's ({labels.get(each['model'], 'naive')})", theme.percent(each["volatility"], signed=False)]
            for each in result["volatilities"][:1]]


def _regimes(found: Mapping[str, Any] | None) -> list[list[str]]:
    if not found or not found["used"]:
        return []
    return [[f"{found['subject']} is {each['name']} ({theme.percent(each['volatility'], signed=False, decimals=0)} a year)",
             theme.share(each["probability"], decimals=0)] for each in found["states"]]


def _cluster(one: Mapping[str, Any]) -> list[str]:
    return [", ".join(one["symbols"]), theme.share(one["weight"]), theme.share(one["risk"]), theme.number(one["correlation"])]
