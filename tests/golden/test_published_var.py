"""Value at risk and its backtests, held against what was published.

Kupiec 1995, table 1 (as Jorion, Value at Risk, table 6-2, prints it); Jorion's bank of 1998 and question 6-10; the Basel Committee's
table 2 of January 1996; Acerbi and Szekely 2014; PerformanceAnalytics, tests/testthat/test-VaR_archive_baseline.R, on the first hundred
months of three styles of `edhec`.
"""

from __future__ import annotations

import numpy as np
import pytest

from engine import (
    acerbi_szekely_test,
    basel_traffic_light,
    christoffersen_test,
    expected_shortfall,
    kupiec_test,
    risk_decomposition,
    value_at_risk,
)

# Convertible arbitrage, CTA and distressed securities from January 1997 on, in basis points.
_MONTHS = """119 393 178|123 298 122|78 -21 -12|86 -170 30|156 -15 233|212 85 217|193 591 234|134 -473 147|122 198 350|100 -98 -64|0 133 54|
68 286 73|145 104 95|146 -65 227|144 122 252|126 -296 165|56 193 6|-6 51 -47|60 -10 -69|-319 691 -836|-196 454 -215|-214 4 -29|269 -89 164|
113 221 108|219 -167 181|82 197 -21|136 -65 159|243 210 418|166 -150 207|102 234 273|101 -51 84|48 -27 20|96 64 -41|45 -354 27|124 166 220|
140 142 300|227 128 88|267 -22 421|243 -138 103|223 -241 -101|149 114 -132|179 -124 203|93 -131 64|162 189 140|141 -208 -19|52 75 -73|
-81 425 -209|-2 682 1|344 25 308|182 -16 100|162 438 -37|157 -362 48|33 81 235|12 -77 360|91 -40 73|142 153 106|78 246 -14|117 336 103|
80 -543 86|-94 148 15|148 -72 186|-49 -202 -33|53 9 52|96 -104 139|33 270 91|4 655 -117|-159 413 -133|50 220 9|146 284 -44|104 -376 -31|
251 -164 239|157 489 222|283 441 243|133 402 92|89 -445 113|150 65 345|136 490 270|-58 -192 267|-72 -171 117|-87 78 137|171 -19 242|
146 104 267|92 18 154|54 381 198|119 199 301|17 529 75|61 -51 46|20 -532 93|-128 -118 -10|-106 -316 202|13 -119 19|40 -84 88|-17 220 104|
-44 358 143|81 475 337|56 0 266|-96 -438 37|-58 5 134|-140 -6 32|-316 -354 -52"""
EDHEC = np.array([[int(cell) for cell in row.split()] for row in _MONTHS.replace("\n", "").split("|")]) / 10_000.0


@pytest.mark.parametrize(("level", "observations", "fewest", "most"), [
    (0.99, 255, None, 7), (0.99, 510, 1, 11), (0.99, 1000, 4, 17), (0.975, 255, 2, 12), (0.975, 510, 6, 21), (0.975, 1000, 15, 36),
    (0.95, 255, 6, 21), (0.95, 510, 16, 36), (0.95, 1000, 37, 65), (0.925, 255, 11, 28), (0.925, 510, 27, 51), (0.925, 1000, 59, 92),
    (0.9, 255, 16, 36), (0.9, 510, 38, 65), (0.9, 1000, 81, 120),
])
def test_kupiecs_table_of_what_is_not_rejected(level: float, observations: int, fewest: int | None, most: int) -> None:
    kept = [count for count in range(observations) if kupiec_test(count, observations, level=level)["p_value"] > 0.05]
    assert kept == list(range(kept[0], most))
    assert fewest is None or kept[0] == fewest + 1


def test_jorions_bank_of_1998_had_twenty_losses_beyond_its_forecast() -> None:
    assert kupiec_test(20, 252, level=0.95)["statistic"] == pytest.approx(3.91, abs=0.005)


def test_jorions_question_of_six_losses_of_which_four_follow_another() -> None:
    assert kupiec_test(6, 252, level=0.99)["statistic"] == pytest.approx(3.498, abs=0.001)
    hits = np.zeros(253)
    hits[[50, 51, 52, 150, 151, 152]] = 1
    found = christoffersen_test(hits, level=0.99)
    assert found[["n00", "n01", "n10", "n11"]].tolist() == [244, 2, 2, 4]
    assert found["independence_statistic"] == pytest.approx(25.837, abs=0.001)
    assert found["statistic"] == pytest.approx(found["independence_statistic"] + found["coverage_statistic"])


def test_the_table_of_the_basel_committee() -> None:
    lights = [basel_traffic_light(count) for count in range(11)]
    chances = [8.11, 28.58, 54.32, 75.81, 89.22, 95.88, 98.63, 99.60, 99.89, 99.97, 99.99]
    assert [100 * light["probability"] for light in lights] == pytest.approx(chances, abs=0.0051)
    assert [light["zone"] for light in lights] == ["green"] * 5 + ["yellow"] * 5 + ["red"]
    assert [light["multiplier"] for light in lights] == [3, 3, 3, 3, 3, 3.4, 3.5, 3.65, 3.75, 3.85, 4]


def test_the_critical_value_of_acerbi_and_szekely() -> None:
    """Of 250 days at 97.5 % the 5 % critical value of Z2 is -0.70 (table 3 of the article): a path with that Z2 has a p-value of 5 %."""
    loss, shortfall = 1.959964, 2.337803  # of a standard normal
    returns = np.zeros(250)
    returns[:10] = -shortfall * 1.70 * 250 * 0.025 / 10
    found = acerbi_szekely_test(returns, np.full(250, loss), np.full(250, shortfall), level=0.975, simulations=20_000)
    assert found["z2"] == pytest.approx(-0.70)
    assert found["z2_p_value"] == pytest.approx(0.05, abs=0.012)


@pytest.mark.parametrize(("function", "method", "published"), [
    (value_at_risk, "gaussian", 0.012133), (value_at_risk, "modified", 0.014674), (value_at_risk, "historical", 0.014095),
    (expected_shortfall, "gaussian", 0.017133), (expected_shortfall, "historical", 0.024080),
])
def test_performance_analytics_on_one_series(function: object, method: str, published: float) -> None:
    """It divides sigma by the number of observations."""
    assert function(EDHEC[:, 0], method=method, ddof=0) == pytest.approx(published, abs=5e-7)


def test_performance_analytics_on_a_portfolio() -> None:
    """There with the sample's covariance."""
    weights = [0.3, 0.4, 0.3]
    assert value_at_risk(EDHEC, method="gaussian", weights=weights) == pytest.approx(0.012916, abs=5e-7)
    parts = risk_decomposition(EDHEC, weights, method="gaussian")
    assert parts["component"].sum() == pytest.approx(0.012916, abs=5e-7)
