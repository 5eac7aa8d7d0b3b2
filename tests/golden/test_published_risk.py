"""Bacon's 24 months, as Practical Portfolio Performance Measurement and Attribution and PerformanceAnalytics publish their figures.

The months stand in PerformanceAnalytics as `portfolio_bacon`; the values are those that its pages name (man/*.Rd, "expected") and those
that its own snapshots hold (tests/testthat/_snaps/all_snapshots.md, four decimals).
"""

from __future__ import annotations

import numpy as np
import pytest

import engine

OWN = np.array([0.3, 2.6, 1.1, -1.0, 1.5, 2.5, 1.6, 6.7, -1.4, 4.0, -0.5, 8.1,
                4.0, -3.7, -6.1, 1.7, -4.9, -2.2, 7.0, 5.8, -6.5, 2.4, -0.5, -0.9]) / 100
MARKET = np.array([0.2, 2.5, 1.8, -1.1, 1.4, 1.8, 1.4, 6.5, -1.5, 4.2, -0.6, 8.3,
                   3.9, -3.8, -6.2, 1.5, -4.8, 2.1, 6.0, 5.6, -6.7, 1.9, -0.3, 0.0]) / 100
MONTHS = {"periods_per_year": 12}


@pytest.mark.parametrize(("name", "published", "conventions"), [
    ("bernardo_ledoit_ratio", 1.7797, {}),
    ("burke_ratio", 0.7447, MONTHS),
    ("modified_burke_ratio", 3.65, MONTHS),
    ("d_ratio", 0.4013, {}),
    ("kappa", 0.1566, {"order": 2, "minimum_acceptable_return": 0.005}),
    ("martin_ratio", 1.6945, MONTHS),
    ("omega_sharpe_ratio", 0.2917, {"minimum_acceptable_return": 0.005}),
    ("pain_index", 0.0399, {}),
    ("pain_ratio", 2.5926, MONTHS),
    ("adjusted_sharpe_ratio", 0.7913, MONTHS),
    ("adjusted_sharpe_ratio", 0.7591435, MONTHS | {"method": "compounded"}),
])
def test_one_series(name: str, published: float, conventions: dict[str, object]) -> None:
    decimals = len(str(published).partition(".")[2])
    assert getattr(engine, name)(OWN, **conventions) == pytest.approx(published, abs=1.01 * 10.0**-decimals)


@pytest.mark.parametrize(("name", "published", "conventions"), [
    ("m_squared", 0.10062, {}),
    ("m_squared_excess", -0.0155, {"excess": "geometric"}),
    ("m_squared_excess", -0.0173, {"excess": "arithmetic"}),
    ("omega_excess_return", 0.0805, {"minimum_acceptable_return": 0.005}),
    ("treynor_ratio", 0.7975, {"modified": True}),
])
def test_beside_the_benchmark(name: str, published: float, conventions: dict[str, object]) -> None:
    decimals = len(str(published).partition(".")[2])
    assert getattr(engine, name)(OWN, MARKET, **MONTHS, **conventions) == pytest.approx(published, abs=1.01 * 10.0**-decimals)


def test_what_is_published_by_another_definition() -> None:
    """Where PerformanceAnalytics departs from the formula of its source, its number follows from ours by what it does differently."""
    target = 0.05
    downside = np.sqrt(np.mean(np.minimum(OWN - target, 0.0) ** 2))
    ours = engine.prospect_ratio(OWN, minimum_acceptable_return=target)
    assert ours + (target - target / OWN.size) / downside == pytest.approx(-0.1347, abs=1e-4)  # its target is divided by the months

    deviations = [np.sqrt(12 * np.mean(np.minimum(side - 0.005, 0.0) ** 2)) for side in (OWN, MARKET)]
    year = engine.annualised_return(OWN, periods_per_year=12)
    monthly = engine.sortino_ratio(OWN, minimum_acceptable_return=0.005, periods_per_year=1)
    assert year + monthly * (deviations[1] - deviations[0]) == pytest.approx(0.1035, abs=1e-4)  # its Sortino ratio is one of a month
    assert engine.m_squared_sortino(OWN, MARKET, minimum_acceptable_return=0.005, periods_per_year=12) == pytest.approx(0.1035, abs=1e-3)


def test_drawdowns_of_bacons_months() -> None:
    """Three months under water by one, and the fall of 2001 that is not made good: read off the wealth index by hand."""
    found = engine.drawdown_table(OWN)
    assert found["drawdown"].round(6).tolist() == [-0.144673, -0.014, -0.01, -0.005]
    assert found["peak"].tolist() == [12, 7, 2, 9]
    assert found["valley"].tolist() == [17, 8, 3, 10]
    assert found["length"].tolist() == [11, 2, 2, 2]
    assert np.isnan(found["recovery"].iloc[0])
