"""What models are called, and what their scores say in words."""

from __future__ import annotations

import math
from typing import Final

from engine.advice.learning.scores import Score, best_of
from services.advice.views_evidence import ModelScore

WORDS: Final = {
    ("volatility", "ewma"): ("Fading memory", "Squares of returns, each day's weight 0.94 of the next one's"),
    ("volatility", "garch"): ("GARCH(1,1)", "Variance that returns to its level, fitted every quarter to two years"),
    ("volatility", "har"): ("Day, week and month", "Squares on their means of a day, a week and a month, fitted every quarter"),
    ("covariance", "ewma"): ("Fading memory", "Products of returns, each day's weight 0.97 of the next one's"),
    ("covariance", "constant_correlation"): ("Shrunk to one correlation", "A year's covariance pulled to one correlation for all (Ledoit and Wolf)"),
    ("covariance", "identity"): ("Shrunk to none", "A year's covariance pulled to one variance and no correlation (Ledoit and Wolf)"),
    ("regimes", "hidden_states"): ("Calm and rough", "Two hidden states of the market, fitted every quarter to four years"),
    ("clusters", "tree"): ("Tree of correlations", "Groups of what moves together, of a year, cut where they are clearest"),
    ("price_anomalies", "peers"): ("Beside the others", "What the others do not explain, over how much that usually is"),
    ("price_anomalies", "forest"): ("Isolation forest", "How few cuts set a day apart, by its move alone and beside the others"),
    ("transaction_anomalies", "sides"): ("From three sides", "The farthest of size, price against the close, and fee from what is usual"),
    ("transaction_anomalies", "forest"): ("Isolation forest", "How few cuts set a transaction apart, by size, price against the close, and fee"),
}
BASELINES: Final = {
    "volatility": "mean square of a year", "covariance": "sample covariance of a year", "regimes": "one normal of a year",
    "clusters": "one correlation for all pairs", "price_anomalies": "move over all its past", "transaction_anomalies": "size against the median",
}
UNITS: Final = {"regimes": "days", "volatility": "days", "covariance": "days", "clusters": "quarters", "price_anomalies": "planted faults",
                "transaction_anomalies": "planted faults"}


def told(scores: list[Score]) -> list[ModelScore]:
    """Tell the scores of one task; the best of those that beat the naive one is in use."""
    best = best_of(scores)
    return [_one(each, used=each.name == best, best=best) for each in scores]


def _one(score: Score, *, used: bool, best: str | None) -> ModelScore:
    label, meaning = WORDS[score.task, score.name]
    return ModelScore(score.task, score.name, label, meaning, score.loss, score.score, BASELINES[score.task], score.baseline, score.statistic,
                      score.p_value, score.observations, used, _sentence(score, label, used=used, best=best))


def _sentence(score: Score, label: str, *, used: bool, best: str | None) -> str:
    about = f"{label} against the {BASELINES[score.task]}, {score.observations} {UNITS[score.task]}"
    if not math.isfinite(score.statistic):
        return f"{about}: no difference that could be tested, not in use"
    chance = "below 0.001" if score.p_value < 0.001 else f"{score.p_value:.3f}"
    proof = f"{score.loss} {score.score:.4g} to {score.baseline:.4g}, Diebold-Mariano {score.statistic:+.2f}, p {chance}"
    if used:
        return f"{about}: better ({proof}), in use"
    if score.beats and best is not None:
        return f"{about}: better ({proof}), not in use because {WORDS[score.task, best][0]} is better still"
    return f"{about}: not better beyond chance ({proof}), not in use"
