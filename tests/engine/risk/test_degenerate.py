"""Too little, nothing, nothing but the same: a figure is NaN or the plain truth, whatever came in, and nothing is said about it."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

_spec = importlib.util.spec_from_file_location("risk_figures", Path(__file__).with_name("figures.py"))
figures: Any = importlib.util.module_from_spec(_spec)  # type: ignore[arg-type]
_spec.loader.exec_module(figures)  # type: ignore[union-attr]

RNG = np.random.default_rng(11)
DAYS = pd.bdate_range("2020-01-01", periods=600)
FRAME = pd.DataFrame(RNG.standard_t(4, (600, 4)) * 0.01 + 0.0005, index=DAYS, columns=list("abcd"))
HOLED = FRAME.mask(RNG.random(FRAME.shape) < 0.1)
MARKET = FRAME.mean(axis=1) + RNG.normal(0, 0.004, 600)
TOLD_OF_NOTHING_LOST = {"max_drawdown", "current_drawdown", "longest_drawdown", "under_water", "drawdown_deviation", "drawdown_count", "ulcer_index",
                        "pain_index", "dar", "cdar", "edar", "rldar"}


@pytest.fixture(autouse=True)
def _silent() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def ask(name: str, returns: Any, market: Any = None) -> Any:
    if name in figures.RELATIVE:
        return figures.figure(name)(returns, market if market is not None else MARKET)
    return figures.figure(name)(returns)


@pytest.mark.parametrize("name", figures.PLAIN + figures.RELATIVE)
def test_nothing_known_is_nan(name: str) -> None:
    for nothing in ([], [np.nan] * 5):
        assert np.isnan(ask(name, np.array(nothing), np.array(nothing)))
    found = ask(name, np.zeros((0, 3)), np.zeros((0, 3)))
    assert found.shape == (3,)
    assert np.isnan(found).all()


@pytest.mark.parametrize("name", figures.PLAIN + figures.RELATIVE)
def test_one_row_says_no_more_than_it_can(name: str) -> None:
    for row in (0.01, -0.01, 0.0):
        found = ask(name, np.array([row]), np.array([0.02]))
        assert not np.isinf(found)


@pytest.mark.parametrize("name", figures.PLAIN)
def test_flat_returns_have_no_ratio(name: str) -> None:
    found = ask(name, np.zeros(50))
    expected = 0.0 if name in TOLD_OF_NOTHING_LOST else np.nan
    if name in {"risk_of_ruin", "ex_outlier_return", "sterling_ratio"}:
        return
    assert found == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("name", figures.PLAIN + figures.RELATIVE)
def test_constant_gain_divides_by_no_noise(name: str) -> None:
    """0.003 has no exact square: what rounding leaves of a deviation is not a risk."""
    found = ask(name, np.full(40, 0.003), np.full(40, 0.003))
    assert np.isnan(found) or abs(found) < 1e6


@pytest.mark.parametrize("name", figures.PLAIN + figures.RELATIVE)
def test_total_loss_and_worse(name: str) -> None:
    for last in (-1.0, -1.5):
        found = ask(name, np.array([0.01, -0.02, 0.03, last, 0.01]), np.array([0.01, -0.01, 0.02, 0.01, -0.03]))
        assert not np.isinf(found)


@pytest.mark.parametrize("name", figures.PLAIN + figures.RELATIVE)
def test_a_frame_is_its_columns(name: str) -> None:
    """With holes, and in another order: each column as it would be alone, under its own name."""
    for frame in (FRAME, HOLED):
        together = ask(name, frame)
        assert list(together.index) == list("abcd")
        assert together.name == name
        alone = [ask(name, frame[column]) for column in frame]
        assert all(isinstance(one, float) for one in alone)
        assert together.to_numpy() == pytest.approx(np.array(alone), rel=1e-10, nan_ok=True)
        turned = ask(name, frame[list("dcba")])
        assert turned[list("abcd")].to_numpy() == pytest.approx(together.to_numpy(), rel=1e-12, nan_ok=True)
    assert ask(name, FRAME.to_numpy(), MARKET.to_numpy()) == pytest.approx(ask(name, FRAME).to_numpy(), rel=1e-12)


@pytest.mark.parametrize("name", [name for name in figures.PLAIN if name not in {
    "longest_drawdown", "average_drawdown_length", "average_recovery", "calmar_ratio", "mar_ratio", "sterling_ratio", "burke_ratio", "martin_ratio",
    "pain_ratio", "serenity_index", "stability", "modified_burke_ratio"}])
def test_missing_periods_are_left_out(name: str) -> None:
    """Lengths and returns of a year count time; what else there is does not change when unknown periods lie between."""
    column = HOLED["a"]
    assert ask(name, column) == pytest.approx(ask(name, column.dropna()), rel=1e-10)


SCALED = {"continuous_kelly": -1, "average_win": 1, "average_loss": 1}
UNSCALED = ("sharpe_ratio", "sortino_ratio", "adjusted_sortino_ratio", "omega_ratio", "omega_sharpe_ratio", "kappa", "upside_potential_ratio",
            "bernardo_ledoit_ratio", "d_ratio", "prospect_ratio", "var_sharpe_ratio", "es_sharpe_ratio", "gain_to_pain_ratio", "win_rate",
            "loss_rate", "payoff_ratio", "profit_factor", "profit_ratio", "cpc_index", "kelly_criterion", "expectancy", "system_quality_number",
            "common_sense_ratio", "outlier_win_ratio", "outlier_loss_ratio", "adjusted_sharpe_ratio", "risk_of_ruin")


@pytest.mark.parametrize("name", [*SCALED, *UNSCALED])
def test_scaling(name: str) -> None:
    """Leverage without cost changes no ratio of returns, and the others by its power."""
    assert ask(name, FRAME * 3.0).to_numpy() == pytest.approx(ask(name, FRAME).to_numpy() * 3.0 ** SCALED.get(name, 0), rel=1e-10)


@pytest.mark.parametrize("name", UNSCALED + tuple(SCALED))
def test_the_order_of_periods_is_nothing_to_a_ratio_of_returns(name: str) -> None:
    turned = FRAME.iloc[::-1].set_axis(FRAME.index, axis=0)
    assert ask(name, turned).to_numpy() == pytest.approx(ask(name, FRAME).to_numpy(), rel=1e-10)


@pytest.mark.parametrize("name", ["sharpe_ratio", "sortino_ratio", "omega_ratio"])
def test_shifting_returns_is_shifting_the_rate(name: str) -> None:
    """A rate taken off every return is the same as one told."""
    assert figures.figure(name)(FRAME, risk_free=0.0002).to_numpy() == pytest.approx(ask(name, FRAME - 0.0002).to_numpy(), rel=1e-9)


def test_tails_of_drawdown_are_in_order() -> None:
    """Drawdown at risk, its mean, its entropic and its relativistic bound, the deepest."""
    names = ("pain_index", "dar", "cdar", "edar", "rldar")
    found = np.array([ask(name, FRAME).to_numpy() for name in names] + [-ask("max_drawdown", FRAME).to_numpy()])
    assert (np.diff(found, axis=0) > 0).all()
