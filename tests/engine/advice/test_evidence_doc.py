"""The figures of docs/evidence.md are those that the engine gives: the rows without an optimiser, worked out again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from skfolio.datasets import load_sp500_dataset

from engine.advice.evidence import Tested, Trial, evidence
from engine.advice.strategies import Terms, strategy

DOC = Path(__file__).parents[3] / "docs" / "evidence.md"
NAMES = ("still", "equal", "banded", "capped", "volatility_target", "inverse_volatility")


def cells(section: str, label: str) -> list[str]:
    part = DOC.read_text(encoding="utf-8").split(section, maxsplit=1)[1]
    row = next(line for line in part.splitlines() if line.startswith(f"| {label} |"))
    return [cell.strip() for cell in row.strip("|").split("|")][1:]


@pytest.fixture(scope="module")
def tested() -> dict[str, Tested]:
    returns = load_sp500_dataset().pct_change().iloc[1:]
    terms = Terms(dict.fromkeys(returns.columns, 0.05), most_weight=0.15, band=0.05)
    return {each.strategy.name: each for each in evidence(returns, [strategy(name) for name in NAMES], terms, Trial(purged=False)).tested}


@pytest.mark.parametrize("name", NAMES)
def test_a_row_is_as_measured(tested: dict[str, Tested], name: str) -> None:
    walk = tested[name].walk
    years, growth = len(walk.returns) / 252, walk.growth
    told = cells("## What came out", strategy(name).label)
    assert told[0] == f"{100 * (growth.iloc[-1] ** (1 / years) - 1):.1f}"
    assert told[1] == f"{100 * walk.returns.std() * 252**0.5:.1f}"
    assert told[2] == f"{walk.returns.mean() / walk.returns.std() * 252**0.5:.2f}"
    assert told[3] == f"{100 * (growth / np.maximum.accumulate(np.maximum(growth, 1.0)) - 1).min():.0f}"
    assert told[4] == f"{100 * walk.turnover.sum() / years:.0f}"


@pytest.mark.parametrize("name", NAMES[2:])
def test_what_it_did_against_doing_nothing_is_as_measured(tested: dict[str, Tested], name: str) -> None:
    baseline, found, _ = tested[name].against[0]
    assert baseline == "still"
    told = cells("Against doing nothing", strategy(name).label)
    assert told[:5] == [f"{100 * found.share:.0f} %", *(f"{100 * value:+.1f}" for value in (found.median, found.lower, found.worst, found.best))]
    assert told[5] == f"{found.p_value:.3f}"
