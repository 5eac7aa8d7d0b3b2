"""Questions of optimisers: read from what programs send, and joined with a portfolio's history and policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd

from engine.advice.optimise import LEAST, Task
from engine.advice.optimise_limits import GroupLimit, Limits, group_limits, matrices
from engine.advice.optimise_models import MODELS
from engine.advice.policy import GROUPINGS, Constraints, Policy
from engine.advice.rules_words import exact
from engine.advice.view_words import views_of
from engine.errors import InvalidInput, UnknownInstrument
from engine.types import Actor
from services import fields
from services.advice.reading import amount, fraction, names, signed, truth, weights
from services.advice.standing import group_of
from services.advice.views_trades import OptimiseQuestion
from services.fields import Place, Reader
from services.risk.exposures import Exposure, ExposureQuestion, Exposures

DAYS: Final = 1260  # trading days of history where no window is asked for: five years
GROUPS: Final = GROUPINGS
MOST_VIEWS: Final = 50
SHARED: Final = (("max_weight", "largest weight", 1.0), ("max_turnover", "turnover", None), ("max_tracking_error", "tracking error", None))


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that an optimiser works on."""

    returns: pd.DataFrame
    task: Task
    present: dict[str, float]
    benchmark: pd.Series | None
    periods: float
    invested: float  # share of the value that is not cash
    notes: tuple[str, ...]


def task_of(asked: OptimiseQuestion, limits: Limits | None = None) -> Task:
    """Give a question as the engine takes it, without views and budgets: those need to know what is held."""
    own = limits or replace(_limits(asked), groups=tuple(GroupLimit(name, (name,)) for name in asked.groups))  # of whom is not known yet
    matrices(own, ())
    task = Task(asked.model, asked.measure, asked.objective, asked.expected, asked.covariance, risk_aversion=asked.risk_aversion,
                risk_free=asked.risk_free, limits=own, transaction_cost=asked.transaction_cost, management_fee=asked.management_fee)
    if asked.views or asked.model == "black_litterman":
        shown = views_of(["A outperforms B by 1 %"] * len(asked.views), ["A", "B"], confidence=asked.confidence)
        return replace(task, views=shown, budgets=asked.budgets)
    return replace(task, budgets=asked.budgets)


def prepared(exposures: Exposures, actor: Actor, portfolio_id: UUID, asked: OptimiseQuestion, policy: Policy) -> Prepared:
    """Read history and present weights, and lay the constraints of question and policy over them.

    Raises
    ------
    UnknownInstrument
        A symbol that the workspace does not know.
    InvalidInput
        A view that cannot be read, a group that is none.
    """
    wanted = (*asked.symbols, *(asked.only or ()), *asked.excluded)
    exposure = exposures.exposure(actor, portfolio_id, ExposureQuestion(start=asked.start, end=asked.end, period=asked.period, also=wanted))
    unknown = [symbol for symbol in wanted if symbol not in exposure.holdings.index]
    fields.raise_all([UnknownInstrument(symbol, near=fields.near(symbol, [*exposure.holdings.index])) for symbol in unknown])
    returns, notes = _returns(exposure, asked)
    symbols = [str(symbol) for symbol in returns.columns]
    if "max_weight" not in MODELS[asked.model].constraints:  # no bounds: what is not wanted is not there to be chosen
        out = _barred(policy.constraints, asked, exposure, symbols)
        returns, symbols = returns.drop(columns=[*out]), [symbol for symbol in symbols if symbol not in out]
        notes += [f"Not to be held, and so not among what is chosen from: {', '.join(out)}"] if out else []
    held = exposure.weights.fillna(0.0)
    present = {symbol: max(float(held[symbol]), 0.0) for symbol in symbols}
    limits, more = _with_policy(_with_groups(_limits(asked), asked, exposure, symbols), asked, policy, exposure, symbols)
    views = views_of(asked.views, symbols, confidence=asked.confidence)
    task = replace(task_of(asked, limits), views=views, budgets=asked.budgets)
    beside = exposure.benchmark_of_today
    return Prepared(returns, task, present, None if beside is None else beside.reindex(returns.index), exposure.periods_per_year,
                    _invested(exposure), (*notes, *more))


def _returns(exposure: Exposure, asked: OptimiseQuestion) -> tuple[pd.DataFrame, list[str]]:
    """Give the days on which everything that is chosen from has a return; what has too few is left out, and said so."""
    chosen = [symbol for symbol in exposure.holdings.index if asked.only is None or symbol in asked.only]
    cells = exposure.returns.reindex(columns=chosen)
    if asked.period is None and asked.start is None:
        cells = cells.tail(DAYS)
    short = [str(symbol) for symbol in chosen if cells[symbol].notna().sum() < LEAST]
    whole = cells.drop(columns=short).dropna()
    notes = [f"Left out, for fewer than {LEAST} returns: {', '.join(short)}"] if short else []
    if len(whole) < 0.8 * len(cells.dropna(how="all")):
        notes.append(f"Only {len(whole)} of {len(cells)} days have a return of everything: narrow the choice for a longer history")
    return whole, notes


def _limits(asked: OptimiseQuestion) -> Limits:
    return Limits(asked.min_weight, asked.max_weight, asked.excluded, (), asked.max_turnover, asked.min_return, asked.max_tracking_error)


def _with_groups(limits: Limits, asked: OptimiseQuestion, exposure: Exposure, symbols: list[str]) -> Limits:
    return replace(limits, groups=group_limits(asked.groups, _keys(exposure, symbols)))


def _keys(exposure: Exposure, symbols: list[str]) -> dict[str, dict[str, str]]:
    return {name: {symbol: group_of(exposure.instruments[symbol], name) for symbol in symbols} for name in GROUPS}


def _with_policy(limits: Limits, asked: OptimiseQuestion, policy: Policy, exposure: Exposure, symbols: list[str]) -> tuple[Limits, list[str]]:
    """Lay the policy's constraints over those of the question where it says nothing; what the model cannot obey is said."""
    obeyed = MODELS[asked.model].constraints
    found = replace(limits, excluded=_barred(policy.constraints, asked, exposure, symbols)) if "max_weight" in obeyed else limits
    if not asked.use_policy:
        return found, []
    notes = []
    for name, label, default in SHARED:
        value = getattr(policy.constraints, name)
        if value is None or getattr(asked, name) != default:
            continue
        if name == "max_tracking_error" and exposure.benchmark_of_today is None:
            notes.append(f"The policy's limit of {exact(value)} on the tracking error is left out: there is no benchmark to measure it against")
        elif name in obeyed:
            found = replace(found, **{name: value})
        else:
            notes.append(f"The policy's limit of {exact(value)} on the {label} has no place in {MODELS[asked.model].label}")
    return _with_bounds(found, policy.constraints, exposure, symbols, notes, obeyed=obeyed)


def _with_bounds(limits: Limits, told: Constraints, exposure: Exposure, symbols: list[str], notes: list[str], *,
                 obeyed: tuple[str, ...]) -> tuple[Limits, list[str]]:
    """Lay the policy's limits of groups beside those of the question. They are of the value, cash included, and weights of what is invested."""
    own = {each.name.lower() for each in limits.groups}
    bounds = [each for each in told.groups if f"{each.by} {each.key}".lower() not in own]
    if bounds and "groups" not in obeyed:
        return limits, [*notes, f"The policy's limits of {', '.join(each.name for each in bounds)} have no place in this optimiser"]
    keys, invested = _keys(exposure, symbols), _invested(exposure)
    asked: dict[str, dict[str, tuple[float, float]]] = {}
    for each in bounds:
        asked.setdefault(each.by, {})[each.key] = (min(each.least / invested, each.most) if invested else each.least, each.most)
    return replace(limits, groups=(*limits.groups, *group_limits(asked, keys))), notes


def _invested(exposure: Exposure) -> float:
    return 1.0 - (exposure.cash_weight if np.isfinite(exposure.cash_weight) else 0.0)


def _barred(told: Constraints, asked: OptimiseQuestion, exposure: Exposure, symbols: list[str]) -> tuple[str, ...]:
    """Name what is not to be held, and what the policy does not want bought."""
    if not asked.use_policy:
        return tuple(symbol for symbol in symbols if symbol in asked.excluded)
    tag, held = told.required_tag, exposure.weights.fillna(0.0)
    tags = {symbol: {each.strip().lower() for each in exposure.instruments[symbol].tags} for symbol in symbols}
    bare = [symbol for symbol in symbols if tag and not held[symbol] and tag.lower() not in tags[symbol]]
    return tuple(symbol for symbol in symbols if symbol in {*asked.excluded, *told.excluded, *bare})


# -------------------------------------------------------------------------------------------------------------------------------- reading


def _word(place: Place, value: object) -> str:
    return str(fields.text(place, value, limit=60) or "").lower()


def _views(place: Place, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_VIEWS:
        raise place.refusal(value, "not_a_list", f"is not a list of at most {MOST_VIEWS} views", 'Send ["AAPL outperforms MSFT by 2 %"]')
    return tuple(fields.text(Place("views", row), each, limit=200) or "" for row, each in enumerate(value, start=1))


def _groups(place: Place, value: object) -> dict[str, dict[str, tuple[float, float]]]:
    if not isinstance(value, Mapping):
        raise place.refusal(value, "not_an_object", "is not an object", 'Send {"sector": {"Technology": [0.1, 0.4]}}')
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for dimension, groups in value.items():
        if dimension not in GROUPS:
            raise Place(f"groups.{dimension}").refusal(dimension, "unknown_value", "is nothing that holdings are grouped by",
                                                       f"Use {', '.join(GROUPS)}")
        if not isinstance(groups, Mapping):
            raise Place(f"groups.{dimension}").refusal(groups, "not_an_object", "is not an object", 'Send {"Technology": [0.1, 0.4]}')
        found[dimension] = {str(name): _range(Place(f"groups.{dimension}.{name}"), each) for name, each in groups.items()}
    return found


def _range(place: Place, value: object) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise place.refusal(value, "not_a_range", "is not the least and the most", "Send [0.1, 0.4]")
    return fraction(place, value[0]), fraction(place, value[1])


def _points(place: Place, value: object) -> int:
    found = int(amount(place, value))
    if found == 1 or found > 100:
        raise place.refusal(value, "out_of_range", "is not 0, or 2 to 100", "Send 20")
    return found


READERS: Final[dict[str, Reader]] = {
    "model": _word, "measure": _word, "objective": _word, "expected": _word, "covariance": _word, "views": _views, "confidence": fraction,
    "risk_aversion": amount, "risk_free": signed, "budgets": lambda place, value: weights(place, value, symbols=True),
    "symbols": names, "only": names, "excluded": names,
    "period": lambda place, value: str(fields.text(place, value, limit=4) or "").upper() or None, "start": fields.calendar_date,
    "end": fields.calendar_date, "min_weight": fraction, "max_weight": fraction, "groups": _groups, "max_turnover": fraction,
    "transaction_cost": fraction, "management_fee": fraction, "max_tracking_error": amount, "min_return": signed, "use_policy": truth,
    "frontier": _points,
}  # fmt: skip


def optimise_question(raw: object) -> OptimiseQuestion:
    """Read a question of an optimiser.

    Raises
    ------
    InvalidInput
        What cannot be read, with field and hint.
    """
    told: dict[str, Any] = {name: value for name, value in fields.record({} if raw is None else raw, READERS).items() if value is not None}
    if not told.get("only"):
        told.pop("only", None)  # an empty list narrows nothing
    if told.get("start") and told.get("end") and told["start"] >= told["end"]:
        raise InvalidInput("start", told["start"], "does not lie before end", hint="Choose an earlier date", rule="order")
    return OptimiseQuestion(**told)
