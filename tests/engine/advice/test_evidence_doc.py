"""The figures of docs/evidence.md are those that the engine gives: the rows without an optimiser, worked out again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from skfolio.datasets import load_sp500_dataset

from engine.advice.strategies import Terms, strategy
from engine.advice.verdict import compared
from engine.advice.walk_forward import Walk, walk_forward

DOC = Path(__file__).parents[3] / "docs" / "evidence.md"
NAMES = ("still", "equal", "banded", "capped", "volatility_target")


def cells(section: str, label: str) -> list[str]:
    part = DOC.read_text(encoding="utf-8").split(section, maxsplit=1)[1]
    row = next(line for line in part.splitlines() if line.startswith(f"| {label} |"))
    return [cell.strip() for cell in row.strip("|").split("|")][1:]


@pytest.fixture(scope="module")
def walks() -> dict[str, Walk]:
    returns = load_sp500_dataset().pct_change().iloc[1:]
    present = dict.fromkeys(returns.columns, 0.05)
    terms = Terms(present, most_weight=0.15, band=0.05)
    return {name: walk_forward(returns, strategy(name).make(terms), weights=pd.Series(present)) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_row_is_as_measured(walks: dict[str, Walk], name: str) -> None:
    walk = walks[name]
    years, growth = len(walk.returns) / 252, walk.growth
    told = cells("## What came out", strategy(name).label)
    assert told[0] == f"{100 * (growth.iloc[-1] ** (1 / years) - 1):.1f}"
    assert told[1] == f"{100 * walk.returns.std() * 252**0.5:.1f}"
    assert told[2] == f"{walk.returns.mean() / walk.returns.std() * 252**0.5:.2f}"
    assert told[3] == f"{100 * (growth / np.maximum.accumulate(np.maximum(growth, 1.0)) - 1).min():.0f}"
    assert told[4] == f"{100 * walk.turnover.sum() / years:.0f}"


@pytest.mark.parametrize("name", NAMES[2:])
@pytest.mark.parametrize(("section", "baseline"), [("Against doing nothing", "still"), ("Against 1/N", "equal")])
def test_what_it_did_against_a_baseline_is_as_measured(walks: dict[str, Walk], name: str, section: str, baseline: str) -> None:
    found = compared(walks[name].returns, walks[baseline].returns, draws=2)
    told = cells(f"\n{section}", strategy(name).label)
    assert told[:5] == [f"{100 * found.share:.0f} %", *(f"{100 * value:+.1f}" for value in (found.median, found.lower, found.worst, found.best))]
    assert told[5] == f"{found.p_value:.3f}"
