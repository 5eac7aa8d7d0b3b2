"""Tables of an attribution: groups, holdings, currencies, months and the waterfall, each of which adds up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine import Attribution, Panel, contributions
from engine.attribution.daily import EFFECTS as DAILY
from engine.linking import link_weights
from services.attribution.views import (
    CURRENCY_COLUMNS,
    EFFECTS,
    GROUP_COLUMNS,
    HOLDING_COLUMNS,
    PERIOD_COLUMNS,
    Step,
)

Floats = NDArray[np.float64]
DUST: Final = 1e-12
LABELS: Final[Mapping[str, str]] = {"allocation": "Allocation", "selection": "Selection", "interaction": "Interaction", "currency": "Currency"}


def effects_of(found: Attribution) -> pd.DataFrame:
    """Give the linked effects by row, what rates made of gains among those of currency."""
    linked = found.linked()
    linked["currency"] += linked.pop("cross")
    return linked


def group_table(found: Attribution, shown: Panel, costs: str, timing: str, label: Callable[[str], str]) -> pd.DataFrame:
    """Tell every group that either side held or that had an effect, the largest effect first."""
    names, place = found.groups, found.place
    effects = effects_of(found).groupby(place).sum().reindex(range(len(names)), fill_value=0.0)
    mine = contributions(shown, flow_timing=timing, costs=costs, groups=[names[place[found.rows.index(row)]] for row in shown.rows]).reindex(names)
    frame = _sides(found, found.by_group, mine, effects)
    counts = np.bincount(place[_seen(found)], minlength=len(names))
    told = frame.assign(key=names, label=[label(name) for name in names], has_parts=counts > 1)
    return _sorted(told, _group_seen(found))[list(GROUP_COLUMNS)]


def holding_table(found: Attribution, shown: Panel, costs: str, timing: str, label: Callable[[str], str]) -> pd.DataFrame:
    """Tell every holding and every part of the benchmark, the largest effect first."""
    mine = contributions(shown, flow_timing=timing, costs=costs).reindex(found.rows)
    frame = _sides(found, lambda cells: cells, mine, effects_of(found))
    told = frame.assign(key=found.rows, label=[label(row) for row in found.rows], group=[found.groups[at] for at in found.place],
                        in_portfolio=_any(found.mine.weight) | _any(found.mine.traded), in_benchmark=_any(found.theirs.weight))
    return _sorted(told, _seen(found))[list(HOLDING_COLUMNS)]


def currency_table(found: Attribution, codes: Sequence[str]) -> pd.DataFrame:
    """Tell every currency of either side: its weights, how it moved, and what that made."""
    linked = found.linked()[["currency", "cross"]].groupby(list(codes)).sum()
    names = list(dict.fromkeys(codes))
    member = np.array([[code == name for name in names] for code in codes], dtype=np.float64)
    weights = [np.nanmean(side.weight @ member, axis=0) if len(found.days) else np.full(len(names), np.nan) for side in (found.mine, found.theirs)]
    moved = np.where(found.mine.spot != 0, found.mine.spot, found.theirs.spot)
    first = [codes.index(name) for name in names]
    told = pd.DataFrame({
        "currency": names, "weight": weights[0], "benchmark_weight": weights[1], "active_weight": weights[0] - weights[1],
        "currency_return": np.prod(1.0 + moved[:, first], axis=0) - 1.0, "effect": linked["currency"].reindex(names).to_numpy(),
        "cross": linked["cross"].reindex(names).to_numpy(),
    })
    told["total"] = told["effect"] + told["cross"]
    return _sorted(told, (np.abs(np.column_stack(weights)) > DUST).any(axis=1))[list(CURRENCY_COLUMNS)]


def series_table(found: Attribution, start: Any) -> pd.DataFrame:  # noqa: ANN401  # a day
    """Tell both returns and the effects since the start, on each day, from nothing."""
    path = found.path()
    path["currency"] += path.pop("cross")
    return _from(path, start)


def group_series(found: Attribution, start: Any) -> pd.DataFrame:  # noqa: ANN401
    """Tell the effects of each group together since the start, on each day."""
    return _from(found.group_path(), start)


def period_table(found: Attribution, start: Any) -> pd.DataFrame:  # noqa: ANN401
    """Tell every calendar month by itself."""
    days = pd.DatetimeIndex(found.days)
    months = days.to_period("M").asi8
    edges = [0, *(np.flatnonzero(np.diff(months)) + 1).tolist(), len(days)] if len(days) else [0]
    opening = [pd.Timestamp(start), *days]
    rows = [_month(found.between(first, last), opening[first], days[last - 1]) for first, last in pairwise(edges)]
    return pd.DataFrame(rows, columns=list(PERIOD_COLUMNS))


def waterfall(figures: Mapping[str, float], *, multiplies: bool) -> tuple[Step, ...]:
    """Lay bars from the return of the benchmark to that of the portfolio."""
    level = figures["benchmark_return"]
    steps = [Step("benchmark", "Benchmark", "level", level, 0.0, level)]
    for name in EFFECTS:
        if abs(figures[name]) <= DUST:
            continue
        top = (1.0 + level) * (1.0 + figures[name]) - 1.0 if multiplies else level + figures[name]
        steps.append(Step(name, LABELS[name], "effect", top - level, level, top))
        level = top
    mine = figures["portfolio_return"]
    return (*steps, Step("portfolio", "Portfolio", "level", mine, 0.0, mine))


def _sides(found: Attribution, told: Callable[[Floats], Floats], mine: pd.DataFrame, effects: pd.DataFrame) -> pd.DataFrame:
    """Lay weights, returns and contributions of both sides beside the effects, all of rows or all of groups."""
    weights = [_mean(told(side.weight)) for side in (found.mine, found.theirs)]
    held, made = told(found.theirs.weight), told(found.theirs.contribution)
    total = found.theirs.returns
    returns = np.divide(made, held, out=np.zeros_like(made), where=held != 0)
    theirs = np.where((held != 0).any(axis=0), np.prod(1.0 + returns, axis=0) - 1.0, np.nan)
    frame = pd.DataFrame({
        "weight": weights[0], "benchmark_weight": weights[1], "active_weight": weights[0] - weights[1],
        "return": mine["return"].to_numpy(), "benchmark_return": theirs, "contribution": mine["contribution"].fillna(0.0).to_numpy(),
        "benchmark_contribution": link_weights(total, np.zeros_like(total)) @ made,
    })
    for name in EFFECTS:
        frame[name] = effects[name].to_numpy()
    frame["total"] = frame[list(EFFECTS)].sum(axis=1, skipna=False)
    return frame


def _mean(cells: Floats) -> Floats:
    known = ~np.isnan(cells).any(axis=1)
    return cells[known].mean(axis=0) if known.any() else np.full(cells.shape[1], np.nan)


def _seen(found: Attribution) -> NDArray[np.bool_]:
    """Tell which rows either side held, or traded, or that had an effect."""
    sheets = [found.mine.weight, found.mine.traded, found.theirs.weight, *(found.effects[name] for name in DAILY)]
    seen: NDArray[np.bool_] = np.any([_any(each) for each in sheets], axis=0)
    return seen


def _any(cells: Floats) -> NDArray[np.bool_]:
    """Tell which columns are not nothing on some day."""
    return np.asarray((np.abs(np.nan_to_num(cells)) > DUST).any(axis=0), dtype=np.bool_)


def _group_seen(found: Attribution) -> NDArray[np.bool_]:
    return np.bincount(found.place[_seen(found)], minlength=len(found.groups)) > 0


def _sorted(told: pd.DataFrame, kept: NDArray[np.bool_]) -> pd.DataFrame:
    size = np.where(np.isnan(told["total"]), -1.0, np.abs(told["total"]))
    order = np.argsort(-size, kind="stable")
    return told.iloc[order[kept[order]]].reset_index(drop=True)


def _from(path: pd.DataFrame, start: Any) -> pd.DataFrame:  # noqa: ANN401
    opening = pd.DataFrame(0.0, index=pd.DatetimeIndex([start]), columns=path.columns)
    return pd.concat([opening, path]).rename_axis("date")


def _month(found: Attribution, start: Any, end: Any) -> dict[str, Any]:  # noqa: ANN401
    last = found.path().iloc[-1].to_dict()
    last["currency"] += last.pop("cross")
    told = {name: last[name] for name in ("portfolio", "benchmark", "active", *EFFECTS)}
    parts = np.array([last[name] for name in EFFECTS])
    whole = float(np.prod(1.0 + parts) - 1.0) if found.linking == "geometric" else float(parts.sum())
    return {"start": start.date(), "end": end.date(), **told, "total": whole}
