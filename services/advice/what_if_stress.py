"""Stress of holdings as they are and as they would be: every scenario, and the episodes of the past."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from data.database import Database
from engine.errors import InsufficientHistory
from engine.stress.episodes import EPISODES
from engine.stress.historic import historic_stress
from engine.stress.scenario import scenario_stress
from engine.types import Actor
from services.books.service import Kept
from services.risk.exposures import Exposure
from services.stress.facts import facts_of, with_benchmark
from services.stress.scenarios import Scenarios
from services.stress.stress import without_factors
from services.stress.views import Scenario

KEPT: Final = 32
COLUMNS: Final = ["name", "kind", "loss_before", "loss_after", "loss_before_money", "loss_after_money"]


@dataclass(frozen=True, slots=True)
class _Moves:
    """How each symbol, and cash of each currency, moves: that does not hang on the weights."""

    told: pd.DataFrame  # key: name kind
    cells: np.ndarray[tuple[int, int], np.dtype[np.float64]]  # keys x names; what is unknown stands still
    names: list[str]  # symbols, and cash:USD


class StressOf:
    """Stress of two sides; what does not hang on the weights is kept."""

    def __init__(self, database: Database, scenarios: Scenarios) -> None:
        self._database, self._scenarios = database, scenarios
        self._moves: Kept[_Moves] = Kept(KEPT)

    def both(self, actor: Actor, before: Exposure, after: Exposure) -> pd.DataFrame:
        """Tell the losses of both sides, COLUMNS by key; the largest after it first within scenarios and within episodes."""
        chosen = without_factors(self._scenarios.everything(actor))
        key: Hashable = (after.state, after.benchmark_name, tuple(after.holdings.index), tuple(after.cash.index),
                         tuple((each.key, each.version) for each in chosen))
        moves = self._moves.get_or_compute(key, lambda: self._laid(actor, after, chosen))
        losses = [_losses(side, moves) for side in (before, after)]
        told = moves.told.assign(loss_before=losses[0], loss_after=losses[1], loss_before_money=losses[0] * before.value,
                                 loss_after_money=losses[1] * after.value)
        return told[COLUMNS].iloc[np.lexsort((-losses[1], (told["kind"] != "scenario").to_numpy()))]

    def _laid(self, actor: Actor, exposure: Exposure, chosen: Sequence[Scenario]) -> _Moves:
        ones, codes = pd.Series(1.0, index=exposure.holdings.index), pd.Series(1.0, index=exposure.cash.index)
        facts = facts_of(exposure)
        tables = [scenario_stress(ones, each.shocks, facts=facts, overlap=each.overlap, cash=codes).table["move"] for each in chosen]
        names = [*map(str, ones.index), *(f"cash:{code}" for code in codes.index)]
        episodes = self._episodes(actor, exposure)
        rows = [table.reindex(names).to_numpy(dtype=np.float64) for table in tables]
        rows += list(episodes.reindex(columns=names).to_numpy(dtype=np.float64))
        labels = {each.name: each.label for each in EPISODES}
        told = pd.DataFrame([*((each.key, each.name, "scenario") for each in chosen),
                             *((str(name), labels[str(name)], "episode") for name in episodes.index)], columns=["key", "name", "kind"])
        return _Moves(told.set_index("key"), np.nan_to_num(np.array(rows).reshape(len(told), len(names))), names)

    def _episodes(self, actor: Actor, exposure: Exposure) -> pd.DataFrame:
        """Lay episodes x symbol out: what each would have done; NaN where nothing stands in for it."""
        returns, benchmark = with_benchmark(self._database, actor, exposure)
        alike = pd.Series(1.0 / max(returns.shape[1], 1), index=returns.columns)
        try:
            found = historic_stress(alike, returns, episodes=EPISODES, benchmark_returns=benchmark, groups=exposure.holdings)
        except InsufficientHistory:
            return pd.DataFrame(index=pd.Index([], name="episode"), columns=returns.columns, dtype=np.float64)
        return found.moves.dropna(how="all")


def _losses(side: Exposure, moves: _Moves) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    cash = (side.cash / side.value if side.value else side.cash * 0.0).add_prefix("cash:")
    weights = pd.concat([side.weights, cash]).reindex(moves.names).fillna(0.0).to_numpy(dtype=np.float64)
    return np.asarray(0.0 - moves.cells @ weights)
