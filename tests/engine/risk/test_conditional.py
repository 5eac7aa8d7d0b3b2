"""Volatility of now: the recursions written out, the `arch` package on the same series, and gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from arch import arch_model

from engine import conditional_volatility, ewma_volatility, garch_volatility
from engine.errors import InvalidInput

pytestmark = pytest.mark.filterwarnings("error")
CHANCE = np.random.default_rng(6)


def clustered(count: int) -> Any:
    """Returns of a GARCH(1,1) with known parameters."""
    shocks, variance, found = CHANCE.normal(size=count), 1e-4, np.empty(count)
    for place, shock in enumerate(shocks):
        found[place] = variance**0.5 * shock
        variance = 2e-6 + 0.08 * found[place] ** 2 + 0.9 * variance
    return found


RETURNS = clustered(1500)


def test_recursion_of_riskmetrics_written_out() -> None:
    variance = (RETURNS**2).mean()
    path = []
    for each in RETURNS:
        path.append(variance)
        variance = 0.94 * variance + 0.06 * each**2
    assert ewma_volatility(RETURNS) == pytest.approx((variance * 252) ** 0.5, rel=1e-12)
    np.testing.assert_allclose(conditional_volatility(RETURNS, periods_per_year=1), np.sqrt(path), rtol=1e-12)


def test_garch_of_arch() -> None:
    fitted = arch_model(RETURNS * 100, mean="Constant", vol="GARCH", p=1, q=1).fit(disp="off")
    ahead = fitted.forecast(horizon=10).variance.to_numpy()[-1]
    assert garch_volatility(RETURNS, periods_per_year=1) == pytest.approx(ahead[0] ** 0.5 / 100, rel=1e-4)
    assert garch_volatility(RETURNS, horizon=10, periods_per_year=1) == pytest.approx(ahead.mean() ** 0.5 / 100, rel=1e-4)
    np.testing.assert_allclose(conditional_volatility(RETURNS, method="garch", periods_per_year=1), fitted.conditional_volatility / 100, rtol=1e-3)


@pytest.mark.parametrize("method", ["ewma", "garch"])
def test_gaps_close_up_and_stay_gaps(method: str) -> None:
    gaps = RETURNS[:400].copy()
    gaps[CHANCE.choice(400, 60, replace=False)] = np.nan
    frame = pd.DataFrame({"whole": RETURNS[:400], "gaps": gaps})
    found = conditional_volatility(frame, method=method)
    assert found["gaps"].isna().equals(frame["gaps"].isna())
    closed = conditional_volatility(gaps[~np.isnan(gaps)], method=method)
    np.testing.assert_allclose(found["gaps"].dropna(), closed, rtol=1e-9)
    np.testing.assert_allclose(found["whole"], conditional_volatility(RETURNS[:400], method=method), rtol=1e-9)


def test_scaled_returns_scale_both() -> None:
    for rule in (ewma_volatility, garch_volatility):
        assert rule(RETURNS * 3) == pytest.approx(rule(RETURNS) * 3, rel=1e-6)


@pytest.mark.parametrize("returns", [[], [0.01], [np.nan] * 80, np.zeros((0, 2)), np.full((60, 2), np.nan)])
def test_too_little_is_nan(returns: Any) -> None:
    assert np.isnan(ewma_volatility(returns)).all()
    assert np.isnan(garch_volatility(returns)).all()
    for method in ("ewma", "garch"):
        assert np.isnan(conditional_volatility(returns, method=method)).all()


def test_a_flat_series() -> None:
    assert ewma_volatility([0.0] * 60) == 0.0
    assert ewma_volatility([0.01] * 60, periods_per_year=1) == pytest.approx(0.01)
    assert np.isnan(garch_volatility([0.01] * 60))


@pytest.mark.parametrize(
    ("rule", "given"),
    [(ewma_volatility, {"decay": 1.0}), (ewma_volatility, {"periods_per_year": 0}), (garch_volatility, {"horizon": 0}),
     (conditional_volatility, {"method": "arch"}), (conditional_volatility, {"decay": 0.0})],
)  # fmt: skip
def test_a_bad_call_is_named(rule: Any, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        rule(RETURNS, **given)
