"""Models of what is held: forecasts of volatility and covariance, hidden states, clusters, what stands out; each with its score."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd

from data.database import Database
from engine.advice.learning import anomalies, clusters, covariance, regimes, volatility
from engine.advice.learning.scores import Score, best_of, qlike, scored
from engine.advice.what_if import risk_shares
from engine.errors import InsufficientHistory
from engine.types import Actor, Finding
from services.advice.evidence_runs import EvidenceRuns
from services.advice.model_anomalies import price_anomalies, transaction_anomalies
from services.advice.model_transactions import COLUMNS, trades_of
from services.advice.model_words import told
from services.advice.views_evidence import (
    Anomaly,
    Cluster,
    EvidenceRun,
    ModelScore,
    ModelsView,
    RegimeState,
    RegimeView,
    VolatilityForecast,
)
from services.books.service import Kept
from services.books.valuation import Valuation
from services.risk.exposures import Exposure, Exposures
from services.views import ALL

KEPT: Final = 16
MOST: Final = 60  # holdings, the largest
HISTORY: Final = 2600  # trading days at most
SHOWN: Final = 750  # days of the chances of the states
PORTFOLIO: Final = "portfolio"
STEPS: Final = ("volatility", "covariance", "regimes", "clusters", "price_anomalies", "transaction_anomalies")
CONVENTIONS: Final = {
    "universe": f"The {MOST} largest of what is held, each with the days it has; gaps count as no move",
    "used": "A model is in use where it lost less than the naive one out of sample, p below 5 % (Diebold and Mariano), and no other lost still less",
    "walk_forward": "Fitted on what was known, followed to the next fit; nothing later is looked at",
    "anomalies": "A hint to look at a price or a transaction, not advice; scored by faults that were planted in the second half of the past",
    "no_prediction": "Nothing here foretells the direction of a price",
}
Say = Callable[[str, int, int], bool]


@dataclass
class _Board:
    """What was found so far."""

    scores: list[ModelScore] = field(default_factory=list)
    gaps: dict[str, str] = field(default_factory=dict)
    volatilities: tuple[VolatilityForecast, ...] = ()
    covariance: str = covariance.NAIVE
    regimes: RegimeView | None = None
    clusters: tuple[Cluster, ...] = ()
    clusters_used: bool = False
    anomalies: list[Anomaly] = field(default_factory=list)

    def add(self, scores: list[Score]) -> str | None:
        """Keep the scores of a task; gives the model in use."""
        self.scores += told(scores)
        return best_of(scores)


class Models:
    """Models of the actor's portfolios."""

    def __init__(self, database: Database, valuation: Valuation, exposures: Exposures, runs: EvidenceRuns) -> None:
        self._database, self._valuation, self._exposures, self._runs = database, valuation, exposures, runs
        self._kept: Kept[ModelsView] = Kept(KEPT)

    def models(self, actor: Actor, scope: str | UUID = ALL) -> ModelsView:
        """Fit, score and ask every model; kept until a ledger or a close changes.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all".

        Raises
        ------
        NotFound
            No such portfolio.
        """
        exposure = self._exposures.exposure(actor, scope)
        key: Hashable = (exposure.state, tuple(np.round(exposure.weights.fillna(0.0), 3)))
        return self._kept.get_or_compute(key, lambda: self._worked_out(actor, exposure, lambda *_: True))

    def begin(self, actor: Actor, scope: str | UUID = ALL, *, idempotency_key: str | None = None) -> EvidenceRun:
        """Begin the same in a thread of its own: a run of the kind ``models``."""
        def work(say: Say) -> object | None:
            exposure, going = self._exposures.exposure(actor, scope), [True]

            def heard(phase: str, done: int, total: int) -> bool:
                going[0] = going[0] and say(phase, done, total)
                return going[0]

            found = self._worked_out(actor, exposure, heard)
            return found if going[0] else None

        return self._runs.begun(actor, str(scope), "models", {}, work, idempotency_key=idempotency_key)

    def _worked_out(self, actor: Actor, exposure: Exposure, say: Say) -> ModelsView:
        past, board = _past(exposure), _Board()
        whole = exposure.of_today.dropna().tail(HISTORY)
        works: dict[str, Callable[[], None]] = {
            "volatility": lambda: _volatility(board, exposure, past, whole), "covariance": lambda: _covariance(board, past),
            "regimes": lambda: _regimes(board, exposure, whole), "clusters": lambda: _clusters(board, exposure, past),
            "price_anomalies": lambda: _prices(board, past), "transaction_anomalies": lambda: self._transactions(board, actor, exposure.scope),
        }
        for done, (task, work) in enumerate(works.items()):
            if not say(task, done, len(works)):
                break
            try:
                work()
            except InsufficientHistory as error:
                board.gaps[task] = error.message
        return _view(exposure, board, past)

    def _transactions(self, board: _Board, actor: Actor, scope: str) -> None:
        trades = trades_of(self._database, self._valuation.answered(actor, scope))
        scores = anomalies.transaction_anomaly_scores(trades[COLUMNS].to_numpy(dtype=np.float64))
        model = board.add(scores)
        board.anomalies += transaction_anomalies(trades, model or anomalies.NAIVE)


def _past(exposure: Exposure) -> pd.DataFrame:
    """Give the days that every holding of the trial has; those whose past is shorter than two years are left out where others have more."""
    weights = exposure.weights.fillna(0.0).abs().sort_values(ascending=False, kind="stable")
    largest = [symbol for symbol in weights.index if weights.loc[symbol] > 0][:MOST]
    counts = exposure.returns[largest].notna().sum() if largest else pd.Series(dtype=np.int64)
    enough = counts[counts >= volatility.WINDOW + volatility.LEAST_DAYS]
    kept = sorted(map(str, (enough if len(enough) else counts).index))
    past = exposure.returns[kept].tail(HISTORY)
    return past.loc[past.notna().all(axis=1).idxmax() :].fillna(0.0) if len(past) and kept else past


def _volatility(board: _Board, exposure: Exposure, past: pd.DataFrame, whole: pd.Series) -> None:
    joined = past.join(whole.rename(PORTFOLIO), how="inner").dropna()[[PORTFOLIO, *past.columns]]
    cells = joined.to_numpy(dtype=np.float64)
    forecasts, first = volatility.variance_forecasts(cells)
    held = {name: each[:, 1:] for name, each in forecasts.items()}
    board.add(volatility.volatility_scores(cells[:, 1:], held, first))
    board.volatilities = tuple(_forecast(exposure, str(name), place, cells[first:, place] ** 2, forecasts)
                               for place, name in enumerate(joined.columns))


def _forecast(exposure: Exposure, symbol: str, place: int, squares: Any, forecasts: dict[str, Any]) -> VolatilityForecast:  # noqa: ANN401 - arrays
    losses = {name: qlike(each[:-1, place], squares) for name, each in forecasts.items()}
    scores = [scored("volatility", name, "qlike", losses[name], losses[volatility.NAIVE]) for name in volatility.NAMES]
    model = best_of(scores) or volatility.NAIVE
    yearly = {name: float(np.sqrt(each[-1, place] * exposure.periods_per_year)) for name, each in forecasts.items()}
    name = exposure.label if symbol == PORTFOLIO else str(exposure.holdings.loc[symbol, "name"])
    return VolatilityForecast(symbol, name, model, yearly[model], yearly[volatility.NAIVE], {key: float(each.mean()) for key, each in losses.items()})


def _covariance(board: _Board, past: pd.DataFrame) -> None:
    if past.shape[1] < 2 or past.shape[1] > covariance.WINDOW // 2:
        board.gaps["covariance"] = f"It takes 2 to {covariance.WINDOW // 2} holdings with a past, {past.shape[1]} are there"
        return
    losses = covariance.covariance_losses(past.to_numpy(dtype=np.float64))
    board.covariance = board.add(covariance.covariance_scores(losses)) or covariance.NAIVE


def _regimes(board: _Board, exposure: Exposure, whole: pd.Series) -> None:
    benchmark = None if exposure.benchmark_of_today is None else exposure.benchmark_of_today.dropna().tail(HISTORY)
    named = exposure.benchmark_name
    use = benchmark is not None and named is not None and len(benchmark) >= len(whole)
    series, subject = (benchmark, str(named[1])) if use and benchmark is not None and named else (whole, exposure.label)
    cells = series.to_numpy(dtype=np.float64)
    used = board.add([regimes.regime_score(cells)]) is not None
    fitted = regimes.hidden_states(cells[-regimes.WINDOW :])
    chances = fitted.filtered(cells[-regimes.WINDOW :])
    names = ("calm", "rough")
    year = exposure.periods_per_year
    ahead, lengths = chances[-1] @ fitted.moves, fitted.lengths()
    states = tuple(RegimeState(name, float(fitted.deviations[place] * np.sqrt(year)), float(fitted.means[place] * year), float(chances[-1, place]),
                               float(lengths[place]), float(ahead[place])) for place, name in enumerate(names))
    history = pd.DataFrame(chances, index=series.index[-len(chances) :], columns=list(names)).tail(SHOWN)
    board.regimes = RegimeView(subject, states, history, used)


def _clusters(board: _Board, exposure: Exposure, past: pd.DataFrame) -> None:
    year = past.tail(clusters.WINDOW)
    if year.shape[1] < clusters.LEAST_SERIES:
        board.gaps["clusters"] = f"It takes {clusters.LEAST_SERIES} holdings with a past, {year.shape[1]} are there"
        return
    board.clusters_used = board.add([clusters.cluster_score(past.to_numpy(dtype=np.float64))]) is not None
    correlation = year.corr().fillna(0.0)
    labels = clusters.clusters_of(correlation.to_numpy(dtype=np.float64))
    weights = exposure.weights.fillna(0.0)
    shares = risk_shares(weights.reindex(year.columns), year)
    board.clusters = tuple(_cluster(int(number), correlation, labels == number, weights, shares) for number in np.unique(labels))


def _cluster(number: int, correlation: pd.DataFrame, inside: Any, weights: pd.Series, shares: pd.Series) -> Cluster:  # noqa: ANN401 - a mask
    symbols = tuple(map(str, correlation.index[inside]))
    own = correlation.to_numpy()[np.ix_(inside, inside)]
    others = correlation.to_numpy()[np.ix_(inside, ~inside)]
    pairs = own[np.triu_indices(len(own), 1)]
    return Cluster(number + 1, symbols, float(weights.reindex(symbols).sum()), float(shares.reindex(symbols).sum()),
                   float(pairs.mean()) if len(pairs) else np.nan, float(others.mean()) if others.size else np.nan)


def _prices(board: _Board, past: pd.DataFrame) -> None:
    model = board.add(anomalies.price_anomaly_scores(past.to_numpy(dtype=np.float64)))
    board.anomalies += price_anomalies(past, model or anomalies.NAIVE)


def _view(exposure: Exposure, board: _Board, past: pd.DataFrame) -> ModelsView:
    left = [str(symbol) for symbol in exposure.holdings.index if symbol not in past.columns]
    message = f"{', '.join(left)}: not among the {MOST} largest with a past long enough"
    findings = (Finding("left_out", message, context={"symbols": left}),) if left else ()
    return ModelsView(
        scope=exposure.scope, label=exposure.label, base_currency=exposure.base_currency, days=len(past), scores=tuple(board.scores),
        volatilities=board.volatilities, covariance=board.covariance, regimes=board.regimes, clusters=board.clusters,
        clusters_used=board.clusters_used, anomalies=tuple(sorted(board.anomalies, key=lambda each: each.date, reverse=True)), gaps=board.gaps,
        conventions=CONVENTIONS, simulated=exposure.simulated, revisions=exposure.revisions, findings=findings,
    )
