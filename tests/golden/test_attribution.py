"""Attribution as published: Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed. (2008), chapters 5, 6 and 8."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine import brinson, currency_attribution, geometric_attribution, link_attribution

pytestmark = pytest.mark.filterwarnings("error")
BP = 1e-4  # the tables are printed to the basis point
COUNTRIES = ["UK", "Japan", "US"]
QUARTERS = pd.to_datetime(["2008-03-31", "2008-06-30", "2008-09-30", "2008-12-31"])


def frame(*rows: list[float]) -> pd.DataFrame:
    return pd.DataFrame(rows, index=QUARTERS[: len(rows)], columns=COUNTRIES)


# Table 8.1: four quarters; the first is the example of chapters 5 and 6.
WEIGHTS = frame([0.4, 0.3, 0.3], [0.7, 0.2, 0.1], [0.3, 0.5, 0.2], [0.3, 0.5, 0.2])
THEIRS = frame([0.4, 0.2, 0.4], [0.4, 0.3, 0.3], [0.5, 0.4, 0.1], [0.4, 0.4, 0.2])
RETURNS = frame([0.20, -0.05, 0.06], [-0.05, 0.03, -0.05], [-0.20, 0.08, -0.15], [0.10, -0.07, 0.25])
BENCHMARK = frame([0.10, -0.04, 0.08], [-0.07, 0.04, -0.10], [-0.25, 0.05, -0.20], [0.05, -0.05, 0.10])
MINE, OTHER = (WEIGHTS * RETURNS).sum(axis=1), (THEIRS * BENCHMARK).sum(axis=1)
FIRST = (WEIGHTS.iloc[0], RETURNS.iloc[0], THEIRS.iloc[0], BENCHMARK.iloc[0])


def test_brinson_hood_beebower_of_one_period() -> None:
    """Table 5.2."""
    found = brinson(*FIRST, method="bhb")
    assert found["allocation"].tolist() == pytest.approx([0.0, -0.004, -0.008], abs=1e-12)
    assert found["selection"].tolist() == pytest.approx([0.04, -0.002, -0.008])
    assert found["interaction"].tolist() == pytest.approx([0.0, -0.001, 0.002], abs=1e-12)
    assert found.sum().to_dict() == pytest.approx({"allocation": -0.012, "selection": 0.03, "interaction": 0.001, "total": 0.083 - 0.064})


def test_brinson_fachler_of_one_period() -> None:
    """Tables 5.3 and 5.4: allocation against the benchmark's return; interaction in selection."""
    found = brinson(*FIRST, interaction="selection")
    assert found["allocation"].tolist() == pytest.approx([0.0, -0.0104, -0.0016], abs=1e-12)
    assert found["selection"].tolist() == pytest.approx([0.04, -0.003, -0.006])
    assert found["total"].sum() == pytest.approx(0.019)


def test_geometric_effects_of_one_period() -> None:
    """Table 5.5."""
    found = geometric_attribution(*FIRST)
    assert found["allocation"].tolist() == pytest.approx([0.0, -0.0098, -0.0015], abs=0.5 * BP)
    assert found["selection"].tolist() == pytest.approx([0.0380, -0.0029, -0.0057], abs=0.5 * BP)
    assert found.sum().tolist() == pytest.approx([-0.0113, 0.0295], abs=0.5 * BP)
    assert (1 + found.sum()).prod() - 1 == pytest.approx(1.083 / 1.064 - 1, rel=1e-12)


def test_brinson_fachler_of_four_quarters() -> None:
    """Table 8.1."""
    found = brinson(WEIGHTS, RETURNS, THEIRS, BENCHMARK, interaction="selection")
    allocation = [[0, -0.0104, -0.0016], [-0.0072, -0.0086, 0.0108], [0.025, 0.0175, -0.0075], [-0.003, -0.007, 0]]
    selection = [[0.04, -0.003, -0.006], [0.014, -0.002, 0.005], [0.015, 0.015, 0.01], [0.015, -0.01, 0.03]]
    assert found["allocation"].to_numpy() == pytest.approx(np.array(allocation), abs=0.5 * BP)
    assert found["selection"].to_numpy() == pytest.approx(np.array(selection), abs=0.5 * BP)
    assert found["total"].sum(axis=1).to_numpy() == pytest.approx((MINE - OTHER).to_numpy())


LINKED = {  # tables 8.2 Carino, 8.3 Menchero, 8.4 GRAP, 8.5 Frongello: allocation and selection of UK, Japan, US
    "carino": ([0.0165, -0.0060, 0.0015], [0.0804, 0.0018, 0.0385], 0.0120, 0.1207),
    "menchero": ([0.0156, -0.0078, 0.0014], [0.0838, 0.0005, 0.0391], 0.0092, 0.1234),
    "grap": ([0.0167, -0.0055, 0.0011], [0.0785, 0.0016, 0.0402], 0.0124, 0.1203),
    "frongello": ([0.0167, -0.0055, 0.0011], [0.0785, 0.0016, 0.0402], 0.0124, 0.1203),
}


@pytest.mark.parametrize("method", LINKED)
def test_four_quarters_linked(method: str) -> None:
    effects = brinson(WEIGHTS, RETURNS, THEIRS, BENCHMARK, interaction="selection")
    linked = link_attribution(effects, MINE, OTHER, method=method)
    allocation, selection, allocated, selected = LINKED[method]
    assert linked["allocation"].tolist() == pytest.approx(allocation, abs=BP)
    assert linked["selection"].tolist() == pytest.approx(selection, abs=BP)
    assert (linked["allocation"].sum(), linked["selection"].sum()) == pytest.approx((allocated, selected), abs=BP)
    assert linked["total"].sum() == pytest.approx((1 + MINE).prod() - (1 + OTHER).prod(), rel=1e-12)


def test_four_quarters_geometrically() -> None:
    """Table 8.6."""
    found = geometric_attribution(WEIGHTS, RETURNS, THEIRS, BENCHMARK)
    allocation = [[0, -0.0098, -0.0015], [-0.0075, -0.009, 0.0113], [0.0286, 0.02, -0.0086], [-0.0029, -0.0069, 0]]
    selection = [[0.038, -0.0029, -0.0057], [0.0148, -0.0021, 0.0053], [0.0165, 0.0165, 0.011], [0.0149, -0.0099, 0.0297]]
    assert found["allocation"].to_numpy() == pytest.approx(np.array(allocation), abs=BP)
    assert found["selection"].to_numpy() == pytest.approx(np.array(selection), abs=BP)
    totals = found.T.groupby(level="effect").sum().T
    linked = link_attribution(totals, MINE, OTHER, method="geometric")
    assert linked.to_dict() == pytest.approx({"allocation": 0.0129, "selection": 0.1319}, abs=BP)
    assert (1 + linked).prod() - 1 == pytest.approx(0.1464, abs=BP)


def test_currencies_and_forwards_by_ankrim_and_hensel() -> None:
    """Table 6.2: local returns, a currency overlay, and forward premiums."""
    found = currency_attribution(
        [0.4, 0.3, 0.3], [0.20, 0.045, 0.272], [0.4, 0.2, 0.4], [0.10, 0.056, 0.296], [0.0, 0.10, 0.20], premiums=[0.0, 0.01, 0.02],
        forward_weights=[0.20, -0.15, -0.05], benchmark_forward_weights=[0.30, -0.10, -0.20],
    )
    assert found["allocation"].tolist() == pytest.approx([0.0, -0.01136, -0.00264], abs=0.1 * BP)
    assert found["selection"].tolist() == pytest.approx([0.04, -0.0022, -0.0096])
    assert found["interaction"].tolist() == pytest.approx([0.0, -0.0011, 0.0024], abs=1e-12)
    assert found["currency"].tolist() == pytest.approx([0.009, 0.0, 0.004], abs=0.5 * BP)
    assert found["premium"].tolist() == pytest.approx([0.0, 0.0, -0.001], abs=0.5 * BP)
    overlay = [(1.0 + spot) / (1.0 + ahead) - 1.0 for spot, ahead in ((0, 0), (0.1, 0.01), (0.2, 0.02))]
    mine = 0.4 * 0.2 + 0.3 * 0.045 + 0.3 * 0.272 + np.dot([0.20, -0.15, -0.05], overlay)
    other = 0.4 * 0.1 + 0.2 * 0.056 + 0.4 * 0.296 + np.dot([0.30, -0.10, -0.20], overlay)
    assert found["total"].sum() == pytest.approx(mine - other, rel=1e-12)


def test_currencies_geometrically_with_hedging() -> None:
    """Tables 6.7 and 6.8: the benchmark hedged judges allocation, what hedging costs stands apart."""
    weights, theirs = [0.4, 0.3, 0.3], [0.4, 0.2, 0.4]
    found = geometric_attribution(
        weights, [0.20, 0.047, 0.28], theirs, [0.10, 0.056, 0.296], local_returns=[0.20, -0.05, 0.06],
        benchmark_local_returns=[0.10, -0.04, 0.08], hedged_returns=[0.10, -0.03, 0.10],
    )
    assert found["selection"].tolist() == pytest.approx([0.038, -0.0029, -0.0057], abs=0.5 * BP)
    assert found["allocation"].tolist() == pytest.approx([0.0, -0.0088, -0.0034], abs=0.5 * BP)
    assert found["hedging"].sum() == pytest.approx(0.00095147, abs=1e-8)
    assert found["currency"].sum() == pytest.approx(-0.01040392, abs=1e-8)
    assert (1 + found.sum()).prod() - 1 == pytest.approx(0.0073, abs=0.5 * BP)
