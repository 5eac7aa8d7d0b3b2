"""Series of bars as providers deliver them: what is wrong is found, what is right is left alone.

The recorded pairs are those of yfinance's own tests (Apache-2.0): each series as Yahoo delivered it beside the one it should have been.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine import price_gaps, price_suspicions, repaired_bars
from engine.price_levels import split_like

SHARED = Path(__file__).resolve().parents[3] / "shared" / "datasets"
BAD = SHARED / "bad_prices"
EXPECTED = {
    "4063-T-1d-bad-div": "dividend_split", "4063-T-1d-bad-stock-split": "split_not_applied", "8TRA-DE-1d-missing-div-adjust": "dividend_not_applied",
    "AET-L-1d-100x-error": "hundred_times", "ALPHA-PA-1d-bad-stock-split": "split_not_applied", "ASAI-L-1h-bad-unit": "hundred_times",
    "AV-L-1wk-bad-stock-split": "split_not_applied",
    "CNE-L-1d-bad-stock-split": "split_not_applied", "DEX-AX-1d-bad-stock-split": "split_not_applied",
    "DODFX-1d-cg-double-count": "capital_gain_twice", "KEN-TA-1d-bad-div": "dividend_twice", "LA-V-1d-bad-stock-split": "split_not_applied",
    "LSC-L-1d-bad-div": "dividend_hundred_times", "MOB-ST-1d-bad-stock-split": "split_not_applied", "SPM-MI-1d-bad-stock-split": "unrecorded_split",
    "SSW-JO-1d-100x-error": "hundred_times",
}
CONTROLS = ("CALM-1d-no-bad-divs", "EA-15m-no-bad-divs")
# Its payments are mended in the fixed file, its closes are not: in 2024 they go from pounds to pence and back seven times.
STILL_WRONG = {"LSC-L-1d-bad-div"}
# Mended by the same factors as the fixed files: the levels of prices. Payments are mended in the actions, not in these columns.
MENDED = [name for name, kind in EXPECTED.items() if kind in {"hundred_times", "split_not_applied"}]

recorded = pytest.mark.skipif(not BAD.is_dir(), reason="../shared/datasets/bad_prices is not there")
lean = pytest.mark.skipif(not (SHARED / "lean").is_dir(), reason="../shared/datasets/lean is not there")


def recorded_bars(name: str) -> pd.DataFrame:
    path = next(path for path in BAD.iterdir() if path.name in {f"{name}.csv", f"{name}.csv.gz"})
    table = pd.read_csv(path)
    table.index = pd.to_datetime(table.iloc[:, 0], utc=True)
    return table.iloc[:, 1:]


def minutes(symbol: str, *days: str) -> pd.DataFrame:
    parts = []
    for day in days:
        with zipfile.ZipFile(SHARED / "lean" / "minute" / symbol / f"{day}_trade.zip") as archive, archive.open(archive.namelist()[0]) as file:
            table = pd.read_csv(file, header=None, names=["ms", "open", "high", "low", "close", "volume"])
        table.index = pd.Timestamp(day) + pd.to_timedelta(table.pop("ms"), unit="ms")
        parts.append(table)
    laid = pd.concat(parts)
    return laid.assign(**{name: laid[name] / 10_000 for name in ("open", "high", "low", "close")})


def steady(days: int = 40, *, start: float = 100.0, seed: int = 3) -> pd.DataFrame:
    """Bars that move by a percent a day."""
    closes = start * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 0.01, days)))
    index = pd.bdate_range("2024-01-02", periods=days)
    bars = pd.DataFrame({"open": closes, "high": closes * 1.004, "low": closes * 0.996, "close": closes}, index=index)
    return bars.assign(volume=1000.0, dividend=0.0, split=0.0, adjusted_close=closes)


def kinds(bars: pd.DataFrame, **options: object) -> set[str]:
    return {each.kind for each in price_suspicions(bars, **options)}  # type: ignore[arg-type]


@recorded
@pytest.mark.parametrize("name", EXPECTED)
def test_every_recorded_error_is_found(name: str) -> None:
    found = price_suspicions(recorded_bars(name))
    assert EXPECTED[name] in {each.kind for each in found}
    assert all(each.reason and each.kind for each in found)


@recorded
@pytest.mark.parametrize("name", [*CONTROLS, *(f"{name}-fixed" for name in EXPECTED if name not in STILL_WRONG)])
def test_nothing_is_found_where_nothing_is_wrong(name: str) -> None:
    assert price_suspicions(recorded_bars(name)) == []


@recorded
def test_the_one_fixed_file_that_is_not() -> None:
    found = price_suspicions(recorded_bars("LSC-L-1d-bad-div-fixed"))
    assert {each.kind for each in found} == {"hundred_times"}
    steps = recorded_bars("LSC-L-1d-bad-div-fixed")["Close"].pct_change().add(1).round(2)
    assert int((steps == 100.0).sum()) == int((steps == 0.01).sum()) == 7


@recorded
@pytest.mark.parametrize("name", MENDED)
def test_what_is_proposed_is_what_the_fixed_file_says(name: str) -> None:
    bars, mended = recorded_bars(name), recorded_bars(f"{name}-fixed").sort_index()
    told = repaired_bars(bars, price_suspicions(bars))
    for ours, theirs in (("close", "Close"), ("high", "High"), ("open", "Open")):
        np.testing.assert_allclose(told[ours], mended[theirs], rtol=2e-4)
    changed = ~np.isclose(bars.sort_index()["Close"], mended["Close"], rtol=2e-4)
    assert told["repaired"].to_numpy().tolist() == changed.tolist()


@lean
def test_a_real_split_passes_where_it_is_known_and_is_asked_about_where_not() -> None:
    bars = minutes("aapl", "20140605", "20140606", "20140609")
    first = int(bars.index.searchsorted(pd.Timestamp("2014-06-09")))
    (found,) = price_suspicions(bars, splits="raw")
    assert (found.kind, found.date, found.factor) == ("unrecorded_split", bars.index[first], 7.0)
    assert "looks like an unrecorded split, 7 for 1" in found.reason
    bars["split"] = 0.0
    bars.iloc[first, bars.columns.get_loc("split")] = 7.0
    assert price_suspicions(bars, splits="raw") == []


@lean
def test_a_spin_off_passes_where_it_is_known_and_is_asked_about_where_not() -> None:
    bars = minutes("twx", "20140606", "20140609")
    (found,) = price_suspicions(bars)
    assert found.kind == "unrecorded_action"
    assert "looks like an unrecorded spin-off" in found.reason
    bars["action"] = 0.0
    bars.iloc[int(bars.index.searchsorted(pd.Timestamp("2014-06-09"))), -1] = 1.0
    assert price_suspicions(bars) == []


def test_a_price_in_pence_for_some_days_is_told_and_proposed_in_pounds() -> None:
    bars = steady()
    bars.iloc[10:14, :4] *= 100.0
    found = price_suspicions(bars.drop(columns="adjusted_close"))
    assert [each.date for each in found] == list(bars.index[10:14])
    assert {each.kind for each in found} == {"hundred_times"}
    np.testing.assert_allclose([each.proposed for each in found], bars["close"].iloc[10:14] / 100.0, rtol=1e-6)


def test_a_known_price_says_which_unit_is_right() -> None:
    bars = steady().drop(columns="adjusted_close")
    bars.iloc[20:, :4] *= 100.0
    pounds = price_suspicions(bars, reference=100.0)
    pence = price_suspicions(bars, reference=10_000.0)
    assert [each.date for each in pounds] == list(bars.index[20:])
    assert [each.date for each in pence] == list(bars.index[:20])


@pytest.mark.parametrize("rows", [[39], [38, 39], [0], [17]])
def test_a_moment_in_another_unit_is_what_is_wrong_wherever_it_is(rows: list[int]) -> None:
    bars = steady().drop(columns="adjusted_close")
    bars.iloc[rows, :4] *= 100.0
    assert [each.date for each in price_suspicions(bars)] == list(bars.index[rows])


def test_one_cell_in_another_unit() -> None:
    bars = steady()
    bars.iloc[7, bars.columns.get_loc("low")] /= 100.0
    (found,) = price_suspicions(bars)
    assert (found.kind, found.fields) == ("unit_flip", ("low",))
    assert found.proposed == pytest.approx(bars["low"].iloc[7] * 100.0, rel=1e-6)


@pytest.mark.parametrize(("value", "kind"), [(0.0, "not_positive"), (-3.0, "not_positive"), (np.inf, "not_finite")])
def test_what_is_no_price(value: float, kind: str) -> None:
    bars = steady()
    bars.iloc[5, bars.columns.get_loc("close")] = value
    (found,) = price_suspicions(bars)
    assert (found.kind, found.date, found.was) == (kind, bars.index[5], value)


def test_a_close_that_is_missing_beside_other_prices_is_no_price_and_a_day_of_nothing_is_a_gap() -> None:
    bars = steady()
    bars.iloc[5, bars.columns.get_loc("close")] = np.nan
    bars.iloc[9, [bars.columns.get_loc(name) for name in ("open", "high", "low", "close", "adjusted_close")]] = np.nan
    assert [(each.kind, each.date) for each in price_suspicions(bars)] == [("not_finite", bars.index[5])]
    assert list(price_gaps(bars)) == [bars.index[9]]
    assert list(price_gaps(bars.drop(bars.index[12]), bars.index)) == [bars.index[5], bars.index[9], bars.index[12]]


def test_twice_and_of_the_future() -> None:
    bars = steady()
    assert kinds(pd.concat([bars, bars.iloc[[3]]])) == {"duplicate"}
    (found,) = price_suspicions(bars, as_of=bars.index[-2].to_pydatetime())
    assert (found.kind, found.date) == ("from_future", bars.index[-1])


def test_a_split_that_was_not_applied_to_the_days_before_it() -> None:
    bars = steady()
    bars.loc[bars.index[30], "split"] = 4.0
    assert price_suspicions(bars) == []
    wrong = bars.copy()
    wrong.iloc[:30, :4] *= 4.0
    wrong["adjusted_close"] = wrong["close"]
    found = price_suspicions(wrong)
    assert [each.date for each in found] == list(bars.index[:30])
    assert {each.kind for each in found} == {"split_not_applied"}
    traded, divided = wrong.drop(columns="adjusted_close"), bars.drop(columns="adjusted_close")
    assert price_suspicions(traded, splits="raw") == []
    assert {each.date for each in price_suspicions(divided, splits="raw")} == set(bars.index[:30])


def test_a_crash_within_a_day_is_no_split() -> None:
    bars = steady()
    bars.iloc[20:, :4] *= 0.5
    bars["adjusted_close"] = bars["close"]
    assert kinds(bars) == {"unrecorded_split"}
    bars.iloc[20, bars.columns.get_loc("open")] = bars["close"].iloc[19]
    bars.iloc[20, bars.columns.get_loc("high")] = bars["close"].iloc[19] * 1.01
    assert price_suspicions(bars) == []


@pytest.mark.parametrize(("factor", "kind"), [(100.0, "dividend_hundred_times"), (60.0, "dividend_too_large")])
def test_a_payment_that_is_too_large(factor: float, kind: str) -> None:
    bars = steady()
    bars.loc[bars.index[20], "dividend"] = 0.8 * factor
    bars.loc[bars.index[:20], "adjusted_close"] *= 1.0 - 0.008
    found = [each for each in price_suspicions(bars) if each.kind.startswith("dividend")]
    assert [each.date for each in found] == [bars.index[20]]
    assert found[0].kind in {kind, "dividend_hundred_times"}


def test_payments_that_shrink_are_no_error() -> None:
    """A company that pays by its profit: 2.2, 0.75, 0.006. The smallest is a hundredth of the usual one, and right."""
    bars = steady(80)
    for row, paid in ((10, 2.2), (30, 0.75), (50, 0.006), (70, 1.1)):
        before = bars["close"].iloc[row - 1]
        bars.iloc[row, bars.columns.get_loc("dividend")] = paid
        bars.iloc[:row, bars.columns.get_loc("adjusted_close")] *= 1.0 - paid / before
    assert price_suspicions(bars) == []


def test_a_payment_that_is_not_in_the_adjusted_closes_and_a_step_without_one() -> None:
    bars = steady()
    bars.loc[bars.index[20], "dividend"] = 1.0
    assert kinds(bars) == {"dividend_not_applied"}
    bars.loc[bars.index[20], "dividend"] = 0.0
    bars.loc[bars.index[:20], "adjusted_close"] *= 0.97
    assert kinds(bars) == {"adjustment_unexplained"}


def test_what_looks_like_a_split() -> None:
    assert [split_like(step) for step in (0.5, 1 / 7, 10.0, 0.66, 0.8, 1.0, float("nan"), 0.0)] == [2.0, 7.0, 0.1, 1.5, None, None, None, None]


@pytest.mark.skipif(not (SHARED / "prices").is_dir(), reason="../shared/datasets/prices is not there")
def test_real_prices_of_thirty_years_are_left_alone() -> None:
    """166,000 adjusted closes: two days look like a split, AMD's warning of 2002-10-03 and a price of 1990 that was rounded away."""
    table = pd.read_csv(SHARED / "prices" / "skfolio_sp500_dataset.csv.gz", index_col=0, parse_dates=True)
    found = {symbol: price_suspicions(table[[symbol]].dropna().set_axis(["close"], axis=1)) for symbol in table}
    told = {(symbol, each.date.date().isoformat(), each.kind) for symbol, several in found.items() for each in several}
    assert told <= {("AMD", "2002-10-03", "unrecorded_split"), ("RRC", "1990-04-10", "unrecorded_split")}


@pytest.mark.parametrize(("close", "odd"), [(731.0, True), (13.0, True), (260.0, True), (150.0, False), (60.0, False)])
def test_a_price_that_stands_alone_is_told(close: float, *, odd: bool) -> None:
    """A bar far from both its neighbours, which agree, was never traded at; a wild day, up by half or down by 40 %, may have been."""
    closes = [100 + place % 7 * 0.5 for place in range(60)]
    closes[30] = close
    bars = pd.DataFrame({"close": closes}, index=pd.bdate_range("2024-01-02", periods=60))
    assert [(each.kind, each.date) for each in price_suspicions(bars)] == ([("spike", bars.index[30])] if odd else [])


def test_a_price_that_stays_where_it_went_stands_not_alone() -> None:
    closes = [100.0 + place % 7 * 0.5 for place in range(30)] + [731.0 + place % 7 for place in range(30)]
    bars = pd.DataFrame({"close": closes}, index=pd.bdate_range("2024-01-02", periods=60))
    assert "spike" not in {each.kind for each in price_suspicions(bars)}
