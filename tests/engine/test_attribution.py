"""Attribution of groups and its linking: that effects add up, by every convention; what has no answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import brinson, currency_attribution, currency_effect, geometric_attribution, link_attribution
from engine.errors import InvalidInput, MisalignedSeries
from engine.linking import METHODS, linked_path

pytestmark = pytest.mark.filterwarnings("error")
CHANCE = np.random.default_rng(11)


def shares(periods: int, groups: int) -> np.ndarray:
    cells = CHANCE.uniform(0, 1, (periods, groups))
    return cells / cells.sum(axis=1, keepdims=True)


SIDES = [shares(60, 5), CHANCE.normal(0.01, 0.05, (60, 5)), shares(60, 5), CHANCE.normal(0.008, 0.04, (60, 5))]
MINE, OTHER = (SIDES[0] * SIDES[1]).sum(axis=1), (SIDES[2] * SIDES[3]).sum(axis=1)
TOTAL = np.prod(1 + MINE) - np.prod(1 + OTHER)


@pytest.mark.parametrize("method", ["bf", "bhb"])
@pytest.mark.parametrize("interaction", ["apart", "selection", "allocation"])
def test_effects_add_up_to_the_active_return(method: str, interaction: str) -> None:
    found = brinson(*SIDES, method=method, interaction=interaction)
    parts = found.drop(columns="total", level="effect").T.groupby(level="group").sum().T
    assert parts.to_numpy() == pytest.approx(found["total"].to_numpy())
    assert found["total"].sum(axis=1).to_numpy() == pytest.approx(MINE - OTHER)
    assert ("interaction" in found.columns.get_level_values("effect")) == (interaction == "apart")


@pytest.mark.parametrize("method", [*METHODS, "geometric"])
def test_linked_effects_add_up_over_time(method: str) -> None:
    if method == "geometric":
        linked = link_attribution(geometric_attribution(*SIDES).T.groupby(level="effect").sum().T, MINE, OTHER, method=method)
        assert (1 + linked).prod() == pytest.approx(np.prod(1 + MINE) / np.prod(1 + OTHER))
    else:
        linked = link_attribution(brinson(*SIDES), MINE, OTHER, method=method)
        assert linked["total"].sum() == pytest.approx(TOTAL, rel=1e-10)
        assert linked[["allocation", "selection", "interaction"]].sum() == pytest.approx(TOTAL, rel=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_every_row_of_a_path_is_its_own_window(method: str) -> None:
    effects = brinson(*SIDES)["total"]
    path = linked_path(effects.to_numpy(), MINE, OTHER, method)
    for last in (1, 7, 60):
        window = link_attribution(effects.iloc[:last], MINE[:last], OTHER[:last], method=method)
        assert path[last - 1] == pytest.approx(window.to_numpy(), rel=1e-9, abs=1e-12)


@given(st.lists(st.tuples(st.floats(-0.3, 0.4), st.floats(-0.3, 0.4)), min_size=1, max_size=12))
def test_any_returns_are_explained_whole(pairs: list[tuple[float, float]]) -> None:
    mine, other = np.array(pairs).T
    expected = np.prod(1 + mine) - np.prod(1 + other)
    for method in METHODS:
        linked = link_attribution((mine - other)[:, None], mine, other, method=method)
        assert float(linked[0]) == pytest.approx(expected, abs=1e-8)


def test_frongello_is_carried_on_period_by_period() -> None:
    """As published: e_t times the growth before it, plus what was earned so far times the benchmark's return."""
    effects, so_far, grown = brinson(*SIDES)["total"].to_numpy(), np.zeros(5), 1.0
    for effect, mine, other in zip(effects, MINE, OTHER, strict=True):
        so_far, grown = so_far * (1 + other) + effect * grown, grown * (1 + mine)
    assert link_attribution(effects, MINE, OTHER, method="frongello") == pytest.approx(so_far)


def test_a_total_loss_is_explained_too() -> None:
    for method in METHODS:
        assert link_attribution([[-1.2], [0.1]], [-1.0, 0.2], [0.2, 0.1], method=method)[0] == pytest.approx(-1.32)
        assert link_attribution([[1.2], [0.1]], [0.2, 0.2], [-1.0, 0.1], method=method)[0] == pytest.approx(1.44)


def test_what_the_benchmark_does_not_hold() -> None:
    sides = {"A": 0.6, "Coins": 0.4}, {"A": 0.10, "Coins": 0.50}, {"A": 1.0}, {"A": 0.05}
    own, theirs, zero = (brinson(*sides, outside=outside).loc["Coins"] for outside in ("own", "benchmark", "zero"))
    assert own.tolist() == pytest.approx([0.4 * 0.45, 0, 0, 0.4 * 0.45])
    assert theirs.tolist() == pytest.approx([0, 0, 0.4 * 0.45, 0.4 * 0.45])
    assert zero.tolist() == pytest.approx([0.4 * -0.05, 0, 0.4 * 0.5, 0.4 * 0.45])
    not_held = brinson({"A": 1.0}, {"A": 0.10}, {"A": 0.5, "B": 0.5}, {"A": 0.05, "B": 0.15}).loc["B"]
    assert not_held.tolist() == pytest.approx([-0.5 * 0.05, 0, 0, -0.5 * 0.05])


def test_names_and_arrays_give_the_same_and_the_order_is_of_no_matter() -> None:
    names = list("ABCDE")
    frames = [pd.DataFrame(side, columns=names) for side in SIDES]
    shuffled = [frames[0], frames[1][list("CABED")], frames[2], frames[3][list("EDCBA")]]
    assert brinson(*shuffled).to_numpy() == pytest.approx(brinson(*SIDES).to_numpy())
    one = brinson(*(each.iloc[0] for each in frames))
    assert list(one.index) == names
    assert one["allocation"].to_numpy() == pytest.approx(brinson(*SIDES)["allocation"].iloc[0].to_numpy())
    fixed = brinson(SIDES[0][0], SIDES[1], SIDES[2][0], SIDES[3])  # weights told once are those of every period
    assert fixed["total"].sum(axis=1).to_numpy() == pytest.approx(SIDES[1] @ SIDES[0][0] - SIDES[3] @ SIDES[2][0])


def test_currencies_add_up_whichever_side_takes_the_product() -> None:
    spot = CHANCE.normal(0, 0.03, (60, 5))
    for cross in ("local", "currency"):
        found = currency_attribution(*SIDES, spot, cross=cross)
        assert found["total"].sum(axis=1).to_numpy() == pytest.approx(MINE - OTHER)
    local = [(1 + side) / (1 + spot) - 1 for side in (SIDES[1], SIDES[3])]
    markets = brinson(SIDES[0], local[0], SIDES[2], local[1])
    assert found["selection"].to_numpy() == pytest.approx(markets["selection"].to_numpy())
    geometric = geometric_attribution(*SIDES, local_returns=local[0], benchmark_local_returns=local[1])
    totals = geometric.T.groupby(level="effect").sum().T
    assert (1 + totals).prod(axis=1).to_numpy() == pytest.approx((1 + MINE) / (1 + OTHER))
    assert totals["hedging"].abs().max() < 1e-15


def test_currency_effect_adds_up() -> None:
    found = currency_effect({"EUR": 0.2, "USD": 0.5, "JPY": 0.3}, {"EUR": 0.6, "USD": 0.4}, {"USD": 0.10, "JPY": -0.05})
    assert found.sum() == pytest.approx((0.05 - 0.015) - 0.04)
    assert found["JPY"] == pytest.approx(0.3 * (-0.05 - 0.04))


def test_nothing_gives_nan_or_nothing_and_no_warning() -> None:
    assert brinson([], [], [], []).empty
    assert link_attribution(np.zeros((0, 2)), [], []).tolist() == pytest.approx([np.nan] * 2, nan_ok=True)
    unknown = brinson([0.5, 0.5], [np.nan, 0.1], [0.5, 0.5], [0.05, 0.1])
    assert unknown["selection"].tolist() == pytest.approx([np.nan, 0.0], nan_ok=True)
    flat = brinson([0.5, 0.5], [0.0, 0.0], [0.5, 0.5], [0.0, 0.0])
    assert (flat == 0).all(axis=None)
    assert np.isnan(link_attribution([[0.1], [0.1]], [0.1, np.nan], [0.0, 0.0])[0])


def test_what_cannot_be_asked_is_named() -> None:
    with pytest.raises(InvalidInput, match="method"):
        brinson(*SIDES, method="fachler")
    with pytest.raises(InvalidInput, match="outside"):
        brinson(*SIDES, outside="nothing")
    with pytest.raises(MisalignedSeries, match="60 periods x 5 groups against 60 periods x 4 groups"):
        brinson(SIDES[0], SIDES[1][:, :4], SIDES[2], SIDES[3])
    with pytest.raises(MisalignedSeries, match="names its groups"):
        brinson({"A": 1.0}, [0.1], {"A": 1.0}, {"A": 0.1})
    frames = [pd.DataFrame(side) for side in SIDES]
    with pytest.raises(MisalignedSeries, match="periods differ"):
        brinson(frames[0], frames[1].set_axis(range(1, 61)), frames[2], frames[3])
    with pytest.raises(InvalidInput, match="local returns of both sides"):
        geometric_attribution(*SIDES, local_returns=SIDES[1])
    with pytest.raises(InvalidInput, match="sum is not a choice"):
        link_attribution([[0.1]], [0.1], method="sum")
