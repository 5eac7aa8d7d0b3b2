"""What may be handed to a figure: every usual way to write it gives the same, and what would give a wrong number is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine import (
    calendar_matrix,
    cumulative_return,
    modified_dietz,
    money_weighted_return,
    simple_returns,
    time_weighted_return,
    window_returns,
    xirr,
)
from engine.columns import cells_of, day_stamps, flow_cells, labelled
from engine.errors import InvalidInput, MisalignedSeries

TEXTS = ["2023-01-01", "2024-01-02", "2025-01-03"]
DAYS = pd.to_datetime(TEXTS)
WAYS: list[Any] = [
    pd.Series([100.0, 110.0, 120.0], index=DAYS),
    pd.Series([100, 110, 120], index=TEXTS),
    pd.Series([100.0, 110.0, 120.0], index=[day.date() for day in DAYS]),
    pd.Series([100.0, 110.0, 120.0], index=DAYS.tz_localize("UTC")),
    pd.Series([100.0, 110.0, 120.0], index=DAYS.tz_localize("Asia/Tokyo")),
    pd.Series([Decimal(100), Decimal(110), Decimal(120)], index=DAYS),
    dict(zip(TEXTS, [100.0, 110.0, 120.0], strict=True)),
]
FLOWS: list[Any] = [{"2024-01-02": 5.0}, {date(2024, 1, 2): 5}, pd.Series([5.0], index=DAYS[1:2]), pd.Series({"2024-01-02": Decimal(5)})]


@pytest.mark.parametrize("values", WAYS)
@pytest.mark.parametrize("flows", FLOWS)
def test_every_way_to_write_values_and_flows_gives_the_same(values: Any, flows: Any) -> None:
    assert time_weighted_return(values, flows) == pytest.approx(110 / 105 * 120 / 110 - 1)
    weight = (733 - 366 + 1) / 733
    assert modified_dietz(values, flows) == pytest.approx(15 / (100 + 5 * weight))
    rate = money_weighted_return(values, flows)
    assert 100 * (1 + rate) ** (733 / 365) + 5 * (1 + rate) ** (367 / 365) == pytest.approx(120)


def test_flows_by_date_may_come_in_any_order() -> None:
    flows = pd.Series([5.0, 1.0], index=DAYS[[2, 1]])
    assert flow_cells(WAYS[0], flows)[:, 0].tolist() == [0.0, 1.0, 5.0]
    assert flow_cells(WAYS[0], pd.concat([flows, flows]))[:, 0].tolist() == [0.0, 2.0, 10.0]


@pytest.mark.parametrize("call", [time_weighted_return, money_weighted_return, modified_dietz, simple_returns, cumulative_return])
def test_values_that_run_backwards_are_refused(call: Any) -> None:
    with pytest.raises(InvalidInput, match="ascend"):
        call(WAYS[0].iloc[::-1])


def test_returns_that_run_backwards_are_sorted_by_the_calendar() -> None:
    returns = pd.Series([0.2, 0.1], index=DAYS[[1, 0]])
    assert calendar_matrix(returns).loc[2023, 1] == pytest.approx(0.1)
    assert window_returns(returns).loc["ITD", "return"] == pytest.approx(0.32)


@pytest.mark.parametrize("flows", [[("2023-01-01", -100), ("2024-01-01", 110)], {"2023-01-01": Decimal(-100), "2024-01-01": Decimal(110)},
                                   pd.DataFrame({"date": ["2023-01-01", "2024-01-01"], "amount": [-100, 110]}),
                                   pd.Series([-100, 110], index=pd.to_datetime(["2023-01-01", "2024-01-01"]))])  # fmt: skip
def test_dated_flows_in_one_piece(flows: Any) -> None:
    assert xirr(flows) == pytest.approx(0.1)


@pytest.mark.parametrize("dates", [["2023-01-01", "2024-01-01"], [date(2023, 1, 1), pd.Timestamp("2024-01-01")],
                                   np.array(["2023-01-01", "2024-01-01"], dtype="datetime64[D]")])  # fmt: skip
def test_dates_and_amounts_either_way_round(dates: Any) -> None:
    assert xirr(dates, [-100, 110]) == xirr([-100, 110], dates) == pytest.approx(0.1)


@pytest.mark.parametrize("wrong", [["01/02/2024"], ["2024-13-01"], [None], [float("nan")], ["today"], [5]])
def test_what_is_no_date_is_refused(wrong: list[Any]) -> None:
    with pytest.raises(InvalidInput):
        day_stamps(wrong)


def test_other_labels_stay() -> None:
    numbered = pd.Series([1.0, 2.0])
    assert labelled(numbered) is numbered
    assert labelled([1.0]) == [1.0]
    with pytest.raises(InvalidInput):
        labelled({"a": 1.0})
    with pytest.raises(InvalidInput):
        labelled(pd.Series([1.0], index=["a"]))
    with pytest.raises(InvalidInput):
        cells_of(5.0)  # type: ignore[arg-type]
    with pytest.raises(MisalignedSeries):
        flow_cells(WAYS[0], [1.0, 2.0])
