"""Plans: what may come of a scope's money with what is paid in and out, on its own past drawn again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import numpy as np
import pandas as pd

from data import calendar
from engine.advice.planning import (
    Futures,
    Plan,
    contribution_needed,
    drawn_months,
    futures,
    monthly_returns,
    price_levels,
    shifted_to,
    sustainable_withdrawal,
    wilson,
)
from engine.columns import Floats
from engine.errors import InvalidInput
from engine.types import Actor, Finding, Severity
from services.advice.newcomers import Newcomers
from services.advice.views_evidence import PlanQuestion, PlanView
from services.advice.what_if_sides import changed
from services.risk.exposures import Exposure, ExposureQuestion, Exposures
from services.views import ALL

QUANTILES: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
FAN: Final = {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
FEW_MONTHS: Final = 120
CONVENTIONS: Final = {
    "history": "Today's weights through their own past, by whole months, cash at nothing",
    "draws": "Months drawn in blocks, so that what follows on each other stays together (Politis and Romano 1994)",
    "order": "A month grows, pays its part of the fee, takes in what is paid in, then pays out",
    "tax": "On gains as they are taken, average cost; what is left is taxed at the end; losses are not refunded",
    "money": "Of today: everything is told after inflation",
    "sustainable": "The same every month from when withdrawals begin, lasting to the end with the confidence asked for",
}


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What a plan is carried through."""

    plan: Plan
    returns: Floats
    prices: Floats


class Plans:
    """Plans for the actor's portfolios; nothing is written."""

    def __init__(self, exposures: Exposures, newcomers: Newcomers) -> None:
        self._exposures, self._newcomers = exposures, newcomers

    def plan(self, actor: Actor, scope: str | UUID = ALL, question: PlanQuestion | None = None) -> PlanView:
        """Carry a plan through many futures.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all".
        question : PlanQuestion, optional
            Goal, years, flows, inflation, fees, taxes; default what may come of today's value in twenty years.

        Raises
        ------
        NotFound
            No such portfolio.
        UnknownInstrument
            A symbol of `weights` that the workspace does not have.
        InsufficientHistory
            Fewer than 24 whole months of what is held.
        InvalidInput
            Nothing to begin with and nothing paid in.
        """
        asked = question or PlanQuestion()
        exposure = self._exposures.exposure(actor, scope, ExposureQuestion(base_currency=asked.base_currency))
        history = monthly_returns(self._past(actor, exposure, asked))
        drawn = _drawn(asked, history.to_numpy(dtype=np.float64), asked.value if asked.value is not None else exposure.value)
        return _view(exposure, asked, len(history), drawn, futures(drawn.returns, drawn.plan, prices=drawn.prices))

    def _past(self, actor: Actor, exposure: Exposure, asked: PlanQuestion) -> pd.Series:
        if asked.weights is None:
            return exposure.of_today
        strangers = self._newcomers.read(actor, exposure, [symbol for symbol in asked.weights if symbol not in exposure.holdings.index])
        if not any(asked.weights.values()):  # all of it cash
            return pd.Series(0.0, index=exposure.returns.index)
        names = exposure.holdings.index.append(strangers.units.index)
        weights = pd.Series(dict(asked.weights), dtype=np.float64).reindex(names).fillna(0.0)
        return changed(exposure, weights, weights, 1.0 - float(weights.sum()), strangers.instruments, strangers.returns).of_today


def _drawn(asked: PlanQuestion, history: Floats, value: float) -> _Drawn:
    months = max(round(asked.years * 12), 1)
    if not value + asked.contribution + sum(money for _, money in asked.lump_sums) > 0:
        raise InvalidInput("value", value, "is nothing to begin with, and nothing is paid in", hint="Send a value or a contribution", rule="required")
    plan = Plan(
        value=value, months=months, contribution=asked.contribution, contribution_growth=asked.contribution_growth,
        contribution_months=None if asked.contribution_years is None else round(asked.contribution_years * 12), withdrawal=asked.withdrawal,
        withdrawal_from=round(asked.withdrawal_from * 12), lump_sums=tuple((round(years * 12), money) for years, money in asked.lump_sums),
        inflation=asked.inflation, inflation_volatility=asked.inflation_volatility, fee=asked.fee, tax=asked.tax, nominal=asked.nominal,
    )
    drawn = drawn_months(history, months, asked.draws, block=asked.block, seed=asked.seed)
    if asked.expected_return is not None:
        drawn = drawn_months(shifted_to(history, asked.expected_return), months, asked.draws, block=asked.block, seed=asked.seed)
    return _Drawn(plan, drawn, price_levels(plan, asked.draws, asked.seed + 1))


def _view(exposure: Exposure, asked: PlanQuestion, months: int, drawn: _Drawn, told: Futures) -> PlanView:
    final, plan = told.final, drawn.plan
    reached = (final >= asked.goal) & (told.ruined == 0) if asked.goal is not None else None
    share = float(reached.mean()) if reached is not None else np.nan
    low, high = wilson(share, asked.draws) if reached is not None else (np.nan, np.nan)
    growth = np.cumprod((1.0 + drawn.returns) * (1.0 - asked.fee) ** (1.0 / 12.0), axis=0)
    view = PlanView(
        scope=exposure.scope, label=exposure.label, base_currency=exposure.base_currency, question=asked, value=plan.value, months_of_history=months,
        fan=_fan(told.paths), final=pd.Series(np.quantile(final, QUANTILES), index=list(QUANTILES)), probability=share, probability_low=low,
        probability_high=high, shortfall=_shortfall(final, asked.goal), ruin=float((told.ruined > 0).mean()),
        ruin_year=float(np.median(told.ruined[told.ruined > 0])) / 12.0 if (told.ruined > 0).any() else np.nan,
        below_floor=float((told.paths.min(axis=0) < asked.floor).mean()) if asked.floor > 0 else 0.0,
        sustainable_withdrawal=sustainable_withdrawal(drawn.returns, plan, confidence=asked.confidence, prices=drawn.prices),
        contribution_needed=np.nan if asked.goal is None else contribution_needed(drawn.returns, plan, asked.goal, confidence=asked.confidence,
                                                                                 prices=drawn.prices),
        median_return=float(np.median(growth[-1] ** (12.0 / plan.months))) - 1.0, worst_fall=_worst_fall(growth),
        paid_in=float(np.median(told.paid_in)), taken_out=float(np.median(told.taken_out)), fees=float(np.median(told.fees)),
        taxes=float(np.median(told.taxes)), sentence="", conventions=_conventions(asked), simulated=exposure.simulated, revisions=exposure.revisions,
        findings=(*_few(months, plan.months), *exposure.findings),
    )
    return replace(view, sentence=_sentence(view))


def _fan(values: Floats) -> pd.DataFrame:
    rows = np.quantile(values, list(FAN.values()), axis=1).T
    first = pd.Timestamp(calendar.today())
    days = [(first + pd.DateOffset(months=count)).date() for count in range(len(rows))]
    return pd.DataFrame(rows, columns=list(FAN), index=pd.RangeIndex(len(rows), name="month")).assign(date=days)


def _shortfall(final: Floats, goal: float | None) -> float:
    if goal is None:
        return float("nan")
    missed = goal - final[final < goal]
    return float(missed.mean()) if len(missed) else 0.0


def _worst_fall(growth: Floats) -> float:
    peak = np.maximum.accumulate(np.maximum(growth, 1.0), axis=0)
    return float(np.median((growth / peak - 1.0).min(axis=0)))


def _conventions(asked: PlanQuestion) -> dict[str, str]:
    return {**CONVENTIONS, "money": "As the years come: nothing is scaled with inflation"} if asked.nominal else dict(CONVENTIONS)


def _few(months: int, asked: int) -> list[Finding]:
    """Say how little past stands behind a plan."""
    if months >= max(FEW_MONTHS, asked // 2):
        return []
    message = f"{months} months of history stand behind {asked} months of future: what has not happened in them cannot happen here"
    return [Finding("short_history", message, Severity.WARNING, {"months": months, "asked": asked})]


def _sentence(view: PlanView) -> str:
    asked, code = view.question, view.base_currency
    money = "as the years come" if asked.nominal else "of today's money"
    middle = f"in the median {view.final[0.5]:,.0f} {code} {money} after {asked.years:g} years, with 5 % below {view.final[0.05]:,.0f}"
    if asked.goal is None:
        return middle[0].upper() + middle[1:]
    told = f"{100 * view.probability:.0f} % of {asked.draws:,} futures reach {asked.goal:,.0f} {code}; {middle}"
    return f"{told}; where it is missed, {view.shortfall:,.0f} are missing on average" if view.probability < 1.0 else told
