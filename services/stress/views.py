"""What is asked of stress tests, and what is answered: plain frozen records that screens and routes read.

Losses are positive, fractions of the scope's value unless a name ends in `_money`, which is in `base_currency`. NaN means "no answer".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import pandas as pd

from engine.stress.episodes import Episode
from engine.stress.reverse import ReverseStress
from engine.stress.scenario import Shock
from engine.types import Finding


@dataclass(frozen=True, slots=True)
class Scenario:
    """Shocks under a name; `id` None where it came with the house."""

    id: UUID | None
    key: str  # the id, or the name of one that came with the house
    name: str
    note: str | None
    shocks: tuple[Shock, ...]
    overlap: str
    version: int


@dataclass(frozen=True, slots=True)
class StressQuestion:
    """What is asked of a scope; every field has a default."""

    episodes: tuple[str, ...] | None = None  # names; None: all of them
    scenarios: tuple[str, ...] | None = None  # keys; None: all of them
    loss: float = 0.2  # that the reverse stress explains, fraction
    horizon_days: int = 21  # within which it happens, trading days
    benchmark: str | None = None  # symbol; None: the portfolio's own
    base_currency: str | None = None
    group_by: str | None = None  # symbol sector asset_class currency: the answer is of one group
    group: str | None = None


@dataclass(frozen=True, slots=True)
class EpisodeLoss:
    """One episode on today's holdings."""

    episode: Episode
    loss: float
    loss_money: float
    own: float  # shares of the gross weight by where the move is from; with `missing` they add up to 1
    proxied: float
    missing: float
    market: float  # what the benchmark, or the S&P 500, did
    holdings: pd.DataFrame  # index symbol: weight move source contribution contribution_money; contributions add up to minus the loss


@dataclass(frozen=True, slots=True)
class ScenarioLoss:
    """One scenario on today's holdings."""

    scenario: Scenario
    loss: float
    loss_money: float
    holdings: pd.DataFrame  # index symbol, or cash:USD: weight price currency rate move contribution contribution_money because
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class StressView:
    """Stress of a scope: what the Stress section and `GET /portfolios/{id}/stress` show."""

    scope: str
    label: str
    base_currency: str
    value: float
    question: StressQuestion
    episodes: tuple[EpisodeLoss, ...]  # the largest loss first, unknown ones last
    scenarios: tuple[ScenarioLoss, ...]  # one's own first, oldest first, then those that came with the house
    reverse: ReverseStress | None  # None: `gaps["reverse"]` says why
    names: Mapping[str, str]  # symbol -> name
    choices: Mapping[str, tuple[str, ...]]  # target of a shock -> what of it is held
    benchmark: tuple[str, str] | None
    gaps: Mapping[str, str]  # what has no answer -> why, in a sentence
    conventions: Mapping[str, str]
    simulated: bool
    revisions: Mapping[str, int]
    findings: tuple[Finding, ...]
