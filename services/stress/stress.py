"""Stress tests of a scope: today's holdings, the history of what is held, and the shocks that are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd

from data.database import Database
from engine.errors import AnalyticsError, InsufficientHistory, InvalidInput, NotFound
from engine.stress.episodes import EPISODES, Episode
from engine.stress.episodes import episode as episode_named
from engine.stress.historic import HistoricStress, historic_stress
from engine.stress.losses import stress_loss
from engine.stress.proxies import MINIMUM, filled_history
from engine.stress.reverse import ReverseStress, reverse_stress
from engine.stress.scenario import scenario_stress
from engine.types import Actor, Finding
from services.risk.exposures import Exposure, ExposureQuestion, Exposures
from services.stress.facts import factor_names, factor_returns, facts_of, with_benchmark
from services.stress.reading import draft_of
from services.stress.scenarios import Scenarios
from services.stress.views import EpisodeLoss, Scenario, ScenarioLoss, StressQuestion, StressView
from services.views import ALL

Past = tuple[pd.DataFrame, pd.Series | None]  # of what is held, and of the benchmark
WINDOW: Final = 500  # trading days that the covariance of the reverse stress is from
FIGURES: Final = ["loss", "own", "proxied", "missing", "market"]
CONVENTIONS: Final = {
    "episodes": "Bought at the close before the first day, held to the close of the last; today's weights throughout",
    "proxies": "Where a holding has no history: the mean of its sector, of its class, its beta times the benchmark, its beta times the S&P 500",
    "overlap": "Of several shocks on one price the narrowest counts, unless a scenario says they compound; currencies always compound",
    "reverse": f"The most likely moves under the covariance of the last {WINDOW} trading days, gaps filled by beta times the benchmark",
    "cash": "Moves with its currency alone",
}


class Stress:
    """Stress tests of the actor's portfolios."""

    def __init__(self, database: Database, exposures: Exposures, scenarios: Scenarios) -> None:
        self._database, self._exposures, self._scenarios = database, exposures, scenarios

    def stress(self, actor: Actor, scope: str | UUID = ALL, question: StressQuestion | None = None) -> StressView:
        """Tell what a scope would lose.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all".
        question : StressQuestion, optional
            Episodes, scenarios, the loss of the reverse stress; default everything there is, and 20 % within 21 days.

        Raises
        ------
        NotFound
            No such portfolio, group, benchmark or scenario.
        InvalidInput
            An unknown episode, a loss that is not above 0, a horizon below 1.
        """
        asked = _checked(question or StressQuestion())
        episodes = EPISODES if asked.episodes is None else tuple(episode_named(name) for name in asked.episodes)
        chosen = self._chosen(actor, asked.scenarios)
        exposure = self._exposures.exposure(actor, scope, _exposure_question(asked))
        gaps: dict[str, str] = {}
        weights = exposure.weights.dropna()
        told = _episodes(exposure, with_benchmark(self._database, actor, exposure), weights, episodes, gaps)
        return StressView(
            scope=exposure.scope, label=exposure.label, base_currency=exposure.base_currency, value=exposure.value, question=asked, episodes=told,
            scenarios=tuple(self._losses(actor, exposure, chosen)), reverse=_reverse(exposure, weights, asked, gaps),
            names={str(symbol): str(name) for symbol, name in exposure.holdings["name"].items()}, choices=_choices(exposure),
            benchmark=exposure.benchmark_name, gaps=gaps,
            conventions=CONVENTIONS, simulated=exposure.simulated, revisions=exposure.revisions,
            findings=(*exposure.findings, *_unpriced(exposure)),
        )

    def tried(self, actor: Actor, scope: str | UUID, raw: Mapping[str, Any], question: StressQuestion | None = None) -> ScenarioLoss:
        """Try shocks without keeping them: `shocks`, and `overlap` if told.

        Raises
        ------
        NotFound
            No such portfolio, group or benchmark.
        InvalidInput, UnknownInstrument
            Shocks that cannot be read, with their rows; a factor that is no instrument.
        """
        draft = draft_of(raw)
        exposure = self._exposures.exposure(actor, scope, _exposure_question(question or StressQuestion()))
        return next(iter(self._losses(actor, exposure, [draft])))

    def _chosen(self, actor: Actor, keys: Sequence[str] | None) -> list[Scenario]:
        every = self._scenarios.everything(actor)
        if keys is None:
            return every
        known = {each.key: each for each in every}
        for key in keys:
            if key not in known:
                raise NotFound("scenario", key)
        return [known[key] for key in keys]

    def _losses(self, actor: Actor, exposure: Exposure, chosen: Sequence[Scenario]) -> list[ScenarioLoss]:
        """Lay each scenario over the holdings; factors are regressed on together, scenario by scenario, as they are shocked."""
        plain = facts_of(exposure)
        return [self._loss(actor, exposure, each, plain) for each in chosen]

    def _loss(self, actor: Actor, exposure: Exposure, scenario: Scenario, plain: pd.DataFrame) -> ScenarioLoss:
        names = factor_names(scenario.shocks)
        facts = facts_of(exposure, factor_returns(self._database, actor, names, exposure)) if names else plain
        weights = exposure.weights.dropna()
        cash = (exposure.cash / exposure.value) if exposure.value else exposure.cash * 0.0
        found = scenario_stress(weights, scenario.shocks, facts=facts.loc[weights.index], overlap=scenario.overlap, cash=cash)
        table = found.table.assign(contribution_money=found.table["contribution"] * exposure.value)
        return ScenarioLoss(scenario, found.loss, found.loss * exposure.value, table, found.findings)


def without_factors(every: Sequence[Scenario]) -> list[Scenario]:
    """Keep the scenarios that need nothing but what is known of the holdings."""
    return [each for each in every if not factor_names(each.shocks)]


def _checked(asked: StressQuestion) -> StressQuestion:
    if not 0.0 < asked.loss <= 1.0:
        raise InvalidInput("loss", asked.loss, "is not above 0 and at most 1", hint="Send 0.2 for a loss of 20 %", rule="out_of_range")
    if not 1 <= asked.horizon_days <= 2520:
        raise InvalidInput("horizon_days", asked.horizon_days, "is not between 1 and 2520", hint="Send 21 for a month", rule="out_of_range")
    return asked


def _exposure_question(asked: StressQuestion) -> ExposureQuestion:
    return ExposureQuestion(benchmark=asked.benchmark, base_currency=asked.base_currency, group_by=asked.group_by, group=asked.group)


def _episodes(exposure: Exposure, past: Past, weights: pd.Series, episodes: Sequence[Episode], gaps: dict[str, str]) -> tuple[EpisodeLoss, ...]:
    returns, benchmark = past
    if not len(weights):
        gaps["episodes"] = "Nothing is held that has a price: 1 holding is needed, 0 are there"
        return ()
    try:
        found = historic_stress(weights, returns, episodes=episodes, benchmark_returns=benchmark, groups=exposure.holdings)
    except InsufficientHistory as error:
        gaps["episodes"] = f"No holding has prices in any of these episodes, and none has {MINIMUM} days beside a benchmark: {error.message}"
        return ()
    told = [_told(found, each, exposure, weights) for each in episodes]
    return tuple(sorted(told, key=lambda each: (np.isnan(each.loss), -each.loss)))


def _told(found: HistoricStress, each: Episode, exposure: Exposure, weights: pd.Series) -> EpisodeLoss:
    row, contribution = found.table.loc[[each.name], FIGURES].astype(float).to_numpy()[0], found.contributions.loc[each.name]
    holdings = pd.DataFrame({"weight": weights, "move": found.moves.loc[each.name], "source": found.sources.loc[each.name],
                             "contribution": contribution, "contribution_money": contribution * exposure.value})
    loss, own, proxied, missing, market = row.tolist()
    money = float(stress_loss(weights * exposure.value, found.moves.loc[each.name].fillna(0.0))) if missing < 1.0 else float("nan")
    return EpisodeLoss(each, loss, money, own, proxied, missing, market, holdings)


def _reverse(exposure: Exposure, weights: pd.Series, asked: StressQuestion, gaps: dict[str, str]) -> ReverseStress | None:
    past = exposure.returns[list(weights.index)].iloc[-WINDOW:]
    days = int(past.notna().any(axis=1).sum())
    if days < MINIMUM:
        gaps["reverse"] = f"It needs {MINIMUM} trading days of what is held, {days} are there"
        return None
    benchmark = None if exposure.benchmark_of_today is None else exposure.benchmark_of_today.reindex(past.index)
    filled, _ = filled_history(past, benchmark)
    try:
        return reverse_stress(weights, filled.cov(), asked.loss, horizon=asked.horizon_days)
    except AnalyticsError as error:
        gaps["reverse"] = error.message
        return None


def _choices(exposure: Exposure) -> dict[str, tuple[str, ...]]:
    """List what of each target is held, so that a form can offer it."""
    words = {target: exposure.holdings[target].dropna().astype(str) for target in ("sector", "country", "asset_class", "currency")}
    told = {target: tuple(sorted({word for word in found if word})) for target, found in words.items()}
    told["currency"] = tuple(sorted({*told["currency"], *map(str, exposure.cash.index)} - {exposure.base_currency}))
    return {"instrument": tuple(map(str, exposure.holdings.index)), **told}


def _unpriced(exposure: Exposure) -> list[Finding]:
    missing = [str(symbol) for symbol in exposure.weights.index[exposure.weights.isna()]]
    return [Finding("unpriced", f"{', '.join(missing)} has no price: it is in no stress test", context={"symbols": missing})] if missing else []
