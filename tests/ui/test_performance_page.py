"""The Performance page's figures and tables: the numbers that go in are the numbers that are drawn, and what is written adds up."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dash import html, no_update

from callbacks import holdings, transactions
from callbacks import performance as page
from callbacks import performance_rows as rows
from components import contributions, figures, months, theme
from components import figures_performance as drawn
from components import performance as parts
from components.figures_performance import Step
from engine.errors import InvalidInput, StorageError
from engine.types import Finding, Severity
from services.performance.views import PerformanceView
from tests.ui.performance_sample import sample
from tests.ui.test_components import every, text_of


def amount(text: str) -> float:
    return float(re.sub(r"[^\d.\-]", "", text.replace("\u2212", "-")) or 0)


def cents(node: Any) -> int:
    return round(amount(text_of(node)) * 100)


def body(table: html.Table) -> list[list[Any]]:
    found = next(node for node in every(table) if isinstance(node, html.Tbody))
    return [list(row.children) for row in found.children]


def foot(table: html.Table) -> list[Any]:
    found = next(node for node in every(table) if isinstance(node, html.Tfoot))
    return list(found.children.children)


@pytest.fixture(scope="module")
def view() -> PerformanceView:
    return sample()


def growth_of(view: PerformanceView) -> dict[str, Any]:
    return drawn.growth_index_figure(rows.growth(view), name=view.label, benchmark="S&P 500", revision="r")


# ------------------------------------------------------------------------------------------------------------------------ rounding


@pytest.mark.parametrize(("values", "total"), [
    ([1 / 3, 1 / 3, 1 / 3], 1.0), ([0.005, 0.005], 0.01), ([-1.004, 2.004, 0.0], 1.0), ([0.336, -0.337, 0.001], 0.0), ([2.675], 2.675), ([], 0.0),
])
def test_rounded_parts_add_up_to_the_rounded_total(values: list[float], total: float) -> None:
    fitted = theme.fitted(values, total)
    assert sum(round(value * 100) for value in fitted) == (cents(theme.money(total)) if values else 0)
    assert all(abs(before - after) < 0.0101 for before, after in zip(values, fitted, strict=True))


# -------------------------------------------------------------------------------------------------------------------------- growth


def test_growth_is_drawn_as_it_came(view: PerformanceView) -> None:
    own, other, active, _ = growth_of(view)["data"]
    assert own["y"] == pytest.approx((view.series["growth"] - 1).tolist(), abs=1e-6)
    assert other["y"] == pytest.approx((view.series["benchmark_growth"] - 1).tolist(), abs=1e-6)
    assert active["y"] == pytest.approx((view.series["growth"] - view.series["benchmark_growth"]).tolist(), abs=2e-6)
    assert own["x"] == [day.date().isoformat() for day in view.series.index]
    assert "dash" in other["line"]
    assert "dash" not in own["line"]


def test_every_flow_has_its_mark_and_amount(view: PerformanceView) -> None:
    marks = growth_of(view)["data"][3]
    assert marks["customdata"] == view.flows["amount"].tolist()
    assert marks["marker"]["symbol"] == ["triangle-up", "triangle-down-open", "triangle-up", "triangle-down-open"]
    assert [text.strip("\u00a0") for text in marks["text"]] == ["+12k", "\u221212k", "+64k", "\u221218k"]


def test_the_ends_of_the_lines_say_the_return(view: PerformanceView) -> None:
    first, second, third, title = growth_of(view)["layout"]["annotations"]
    assert theme.percent(view.figures["twr"], decimals=1) in first["text"]
    assert theme.percent(view.figures["benchmark_twr"], decimals=1) in second["text"]
    assert theme.percent(view.figures["active_return"], decimals=1) in third["text"]
    assert "Active return" in title["text"]


def test_without_a_benchmark_there_is_no_active_return(view: PerformanceView) -> None:
    figure = growth_of(replace(view, benchmark=None))
    assert figure["data"][1]["y"] == figure["data"][2]["y"] == []
    assert figure["layout"]["yaxis3"]["visible"] is False
    assert len(figure["layout"]["annotations"]) == 1
    assert figure["layout"]["yaxis"]["domain"][0] < 0.2


def test_a_hole_in_the_history_is_a_hole_in_the_line(view: PerformanceView) -> None:
    series = view.series.copy()
    series.iloc[30:33, series.columns.get_loc("growth")] = np.nan
    own = growth_of(replace(view, series=series))["data"][0]["y"]
    assert own[30:33] == [None] * 3
    assert "NaN" not in json.dumps(own)


def test_no_figure_holds_a_colour(view: PerformanceView) -> None:
    pictures = [growth_of(view), drawn.bridge_figure(rows.steps(view, now=True), revision="r"), drawn.empty_bridge(), drawn.empty_growth_index()]
    assert not re.search(r"#[0-9a-f]{3,8}\b|rgba?\(|\"color\"", json.dumps(pictures).replace(figures.CLEAR, ""))


def test_the_empty_frame_has_every_axis_that_a_figure_uses(view: PerformanceView) -> None:
    empty, full = drawn.empty_growth_index(), growth_of(view)
    assert [trace.get("yaxis", "y") for trace in empty["data"]] == [trace.get("yaxis", "y") for trace in full["data"]]
    assert {name for name in full["layout"] if "axis" in name} == {name for name in empty["layout"] if "axis" in name}


def test_the_table_tells_every_flow_and_the_last_day(view: PerformanceView) -> None:
    told = body(parts.growth_table(rows.growth(view), benchmark="S&P 500"))
    assert text_of(told[0][0]) == theme.day(view.end)
    assert text_of(told[0][1]) == theme.percent(view.figures["twr"])
    assert sum(cents(row[4]) for row in told) == round(view.flows["amount"].sum() * 100)


# -------------------------------------------------------------------------------------------------------------------------- bridge


def test_the_bridge_leads_from_the_opening_to_the_closing_value(view: PerformanceView) -> None:
    steps = rows.steps(view, now=True)
    spans = drawn.bridge_spans(steps)
    assert spans[0] == (0.0, view.bridge["opening_value"])
    assert spans[-2][1] == pytest.approx(view.bridge["closing_value"], abs=1e-6)
    assert spans[-1] == (0.0, view.bridge["closing_value"])
    assert {step.name for step in steps} == {"Value, 20 Nov 2024", "Contributions", "Withdrawals", "Price", "Currency", "Income", "Fees", "Taxes",
                                             "Value now"}


def test_the_bars_of_the_bridge_are_its_steps(view: PerformanceView) -> None:
    steps = rows.steps(view, now=True)
    figure = drawn.bridge_figure(steps, revision="r")
    bars = {x: (base, y, amount) for trace in figure["data"] for x, base, y, amount in
            zip(trace["x"], trace["base"], trace["y"], trace["customdata"], strict=True) if x != drawn.UNSEEN}
    assert sorted(bars) == list(range(len(steps)))
    low = figure["layout"]["yaxis"]["range"][0]
    for index, (step, (start, end)) in enumerate(zip(steps, drawn.bridge_spans(steps), strict=True)):
        base, height, told = bars[index]
        assert told == step.amount
        assert base + height == pytest.approx(end)
        assert base == pytest.approx(max(start, low))


def test_every_role_has_a_bar_so_that_colours_stay_in_their_order(view: PerformanceView) -> None:
    calm = [rows.steps(view, now=True)[0], Step("Price", "Price", 20.0, "gain"), rows.steps(view, now=True)[-1]]
    traces = drawn.bridge_figure(calm, revision="r")["data"]
    assert [trace["name"] for trace in traces] == list(drawn.ROLES)
    assert all(trace["x"] for trace in traces)
    assert [trace["x"] for trace in traces if trace["name"] in {"flow", "loss"}] == [[drawn.UNSEEN]] * 2


def test_a_high_bridge_is_cut_with_a_visible_break_and_a_low_one_is_not(view: PerformanceView) -> None:
    def breaks(steps: list[Step]) -> int:
        return sum(shape["type"] == "path" for shape in drawn.bridge_figure(steps, revision="r")["layout"]["shapes"])

    high = rows.steps(view, now=True)
    assert breaks(high) == 2
    from_nothing = [high[0]._replace(amount=0.0), Step("Contributions", "In", 500.0, "flow"), Step("Price", "Price", 20.0, "gain"),
                    high[-1]._replace(amount=520.0)]
    assert breaks(from_nothing) == 0
    assert drawn.bridge_figure(from_nothing, revision="r")["layout"]["yaxis"]["range"][0] == 0.0


def test_the_bridge_table_adds_up_to_the_cent_with_its_residual(view: PerformanceView) -> None:
    for residual in (0.0, 0.05, -12.34):
        shown = replace(view, bridge={**view.bridge, "residual": residual, "closing_value": view.bridge["closing_value"] + residual})
        steps = parts.fitted_steps(rows.steps(shown, now=True), residual)
        table = parts.bridge_table(steps, residual, "USD")
        told = body(table)
        assert text_of(told[-1][0]) == "Residual"
        assert cents(told[-1][1]) == round(residual * 100)
        assert sum(cents(row[1]) for row in told) == cents(foot(table)[1])
        assert cents(foot(table)[1]) == round(shown.bridge["closing_value"] * 100)


def test_a_part_of_a_portfolio_has_no_contributions_but_what_was_put_in(view: PerformanceView) -> None:
    names = [step.name for step in rows.steps(replace(view, conventions={**view.conventions, "group": "KO"}), now=True)]
    assert names[1:3] == ["Put in", "Taken out"]


def test_flows_that_the_list_does_not_explain_stay_one_step(view: PerformanceView) -> None:
    bridge = {**view.bridge, "flows": view.bridge["flows"] + 5.0, "closing_value": view.bridge["closing_value"] + 5.0}
    names = [step.name for step in rows.steps(replace(view, bridge=bridge), now=True)]
    assert "Flows" in names
    assert "Contributions" not in names


def test_a_bridge_with_an_unknown_step_is_not_drawn(view: PerformanceView) -> None:
    assert rows.steps(replace(view, bridge={**view.bridge, "price": math.nan}), now=True) == []


# ------------------------------------------------------------------------------------------------------------------- contributions


def many(view: PerformanceView, count: int) -> PerformanceView:
    shares = np.random.default_rng(3).normal(0, 1, count)
    shares = shares / shares.sum() * view.figures["twr"]
    names = [f"S{number:02}" for number in range(count)]
    frame = pd.DataFrame({"name": names, "label": names, "contribution": shares, "return": shares, "weight": 1 / count, "pnl": shares * 1e6})
    return replace(view, contributions=frame)


@pytest.mark.parametrize("count", [3, 7, 13, 14, 40])
def test_the_bars_and_the_rest_make_the_return(view: PerformanceView, count: int) -> None:
    shown = many(view, count)
    *told, last = contributions.contribution_bars(rows.bars(shown, "symbol"), shown.figures["twr"], noun="holding")
    assert sum(cents(row.children[-1]) for row in told) == cents(last.children[-1])
    assert cents(last.children[-1]) == cents(theme.percent(shown.figures["twr"]))
    assert len(told) == min(count, contributions.SHOWN + 1)


def test_the_longest_bar_is_the_largest_and_the_sides_are_the_signs(view: PerformanceView) -> None:
    *told, _ = contributions.contribution_bars(rows.bars(view, "symbol"), view.figures["twr"], noun="holding")
    for row in told:
        loss, gain = (float(node.value) for node in every(row) if isinstance(node, html.Progress))
        points = cents(row.children[-1])
        assert (loss > 0, gain > 0) == (points < 0, points > 0)
    assert max(float(node.value) for row in told for node in every(row) if isinstance(node, html.Progress)) == 100.0


def test_the_table_of_contributions_adds_up(view: PerformanceView) -> None:
    shown = many(view, 40)
    table = contributions.contribution_table(rows.bars(shown, "symbol"), shown.figures["twr"], currency="USD", head="Holding")
    assert len(body(table)) == 40
    assert sum(cents(row[3]) for row in body(table)) == cents(foot(table)[3])


def test_a_bar_narrows_the_page_but_cash_and_a_narrowed_page_do_not(view: PerformanceView) -> None:
    keys = {bar.name: bar.key for bar in rows.bars(view, "symbol")}
    assert keys["AAPL"] == "symbol:AAPL"
    assert keys["Cash USD"] == ""
    narrowed = replace(view, conventions={**view.conventions, "group": "AAPL"})
    assert {bar.key for bar in rows.bars(narrowed, "symbol")} == {""}
    groups = view.contributions.head(2).assign(name=["Technology", "Energy"], key=["Technology", "Energy"])
    assert [bar.key for bar in rows.bars(replace(view, groups=groups), "sector")] == ["sector:Technology", "sector:Energy"]


# ----------------------------------------------------------------------------------------------------------------- figures, tables


def test_the_band_tells_seven_figures_and_what_they_are(view: PerformanceView) -> None:
    strip = parts.kpi_strip(rows.facts(view))
    texts = [text_of(each) for each in strip]
    assert len(strip) == 7
    assert texts[0].startswith(f"TWR{theme.money(view.figures['twr'] * 100, signed=True)}%daily, net of fees, taxes")
    assert texts[0].endswith(f"{theme.percent(view.figures['twr_annualised'])} p.a.")
    assert "4 flow days" in texts[1]
    assert "vs S&P 500" in texts[4]
    toned = [node for each in strip for node in every(each) if {"gain", "loss"} & set(str(getattr(node, "className", "")).split())]
    assert [text_of(node) for node in toned] == [theme.money(view.figures["active_return"] * 100, signed=True)]


def test_a_figure_without_an_answer_is_a_dash_with_its_reason(view: PerformanceView) -> None:
    shown = replace(view, figures={**view.figures, "mwr": math.nan}, gaps={"mwr": "several rates solve it"})
    text = text_of(parts.kpi_strip(rows.facts(shown))[1])
    assert "–" in text
    assert "several rates solve it" in text
    assert "nan" not in text.lower()


def test_short_windows_are_not_annualised_and_long_ones_say_so(view: PerformanceView) -> None:
    told = body(parts.windows_table(rows.windows(view), benchmark="S&P 500"))
    names = [text_of(row[0]) for row in told]
    assert names == ["1 month", "3 months", "6 months", "1 year", "Inception p.a."]
    assert text_of(told[-1][1]) == theme.percent(view.windows.loc["ITD", "annualised"])
    assert text_of(told[0][3]) == theme.percent(view.windows.loc["1M", "active"])
    assert text_of(told[0][4]) == theme.percent(view.windows.loc["1M", "mwr_period"])
    assert text_of(told[-1][4]) == theme.percent(view.windows.loc["ITD", "mwr"])
    assert len(body(parts.windows_table(rows.windows(view), benchmark=None))[0]) == 3


def test_ways_to_measure_stand_beside_each_other(view: PerformanceView) -> None:
    told = {text_of(row[0].children[0]): text_of(row[1]) for row in body(parts.methods_table(rows.methods(view), yearly=True))}
    assert told["TWR"] == theme.percent(view.figures["twr"])
    assert told["MWR"] == theme.percent(view.figures["mwr"])
    assert told["Modified Dietz"] == theme.percent(view.figures["modified_dietz"])
    assert "TWR real" in told
    assert "TWR hedged" not in told


def test_currency_effects_add_up_across_and_down(view: PerformanceView) -> None:
    table = contributions.currency_table(rows.effects(view), view.figures["twr"])
    for row in [*body(table), foot(table)]:
        assert sum(cents(cell) for cell in row[2:5]) == cents(row[5])
    assert sum(cents(row[5]) for row in body(table)) == cents(foot(table)[5]) == cents(theme.percent(view.figures["twr"]))


def test_one_currency_has_no_currency_effect(view: PerformanceView) -> None:
    assert rows.effects(replace(view, currency=view.currency.loc[["USD"]])) == []


def test_months_are_tinted_by_their_return(view: PerformanceView) -> None:
    returns = rows.calendar(view)
    cap = months.heat_cap(returns)
    cells = [node for node in every(months.calendar_table(returns)) if isinstance(node, html.Td) and getattr(node, "className", "") == "cell"]
    assert len(cells) == view.calendar.drop(columns="total").notna().sum().sum()
    for cell in cells:
        level, value = int(getattr(cell, "data-level")), amount(text_of(cell))
        assert level * value >= 0
        assert abs(level) <= months.LEVELS
    assert months.heat_level(cap, cap) == months.LEVELS
    assert months.heat_level(-2 * cap, cap) == -months.LEVELS
    assert months.heat_level(0.0, cap) == 0
    years = [text_of(node) for node in every(months.calendar_table(returns)) if isinstance(node, html.Th) and getattr(node, "scope", "") == "row"]
    assert years == ["2026", "2025", "2024"]


# ---------------------------------------------------------------------------------------------------------------- questions, states


def test_the_address_is_the_question() -> None:
    asked = {"portfolio": "all", "period": "All", "group": "sector:Technology", "benchmark": "none", "flow": "mid", "costs": "gross",
             "currency": "local", "days": "30/360", "inflation": "CPI"}
    question = page.question_of(asked)
    assert (question.period, question.group_by, question.group, question.benchmark) == ("ITD", "sector", "Technology", "")
    assert (question.flow_timing, question.costs, question.currency_mode, question.day_count) == ("mid", "gross", "local", "30/360")
    assert question.inflation == "CPI"


def test_a_plain_address_asks_with_the_defaults() -> None:
    question = page.question_of({"portfolio": "all", "period": None})
    assert (question.period, question.benchmark, question.group_by, question.flow_timing, question.costs) == ("1Y", None, None, None, "net")


def test_a_grouping_is_asked_for_with_everything_else_and_a_narrowed_page_tells_holdings() -> None:
    assert page.question_of({"by": "sector"}).group_by == "sector"
    assert page.question_of({"by": "symbol"}).group_by is None
    assert page.question_of({"by": "nonsense"}).group_by is None
    narrowed = {"by": "currency", "group": "sector:Energy"}
    assert (page.grouping_of(narrowed), page.question_of(narrowed).group_by) == ("symbol", "sector")


def test_a_range_takes_the_place_of_the_period() -> None:
    question = page.question_of({"portfolio": "all", "period": "1Y", "from": "2025-01-31", "to": "2025-12-31"})
    assert (question.start, question.end, question.period) == (date(2025, 1, 31), date(2025, 12, 31), None)


def test_a_date_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput) as caught:
        page.question_of({"portfolio": "all", "from": "yesterday"})
    assert caught.value.context["field"] == "from"


def test_looking_back_is_the_end_of_the_window_and_what_was_known_then() -> None:
    past = {"as_of": "2024-03-28", "known_at": "2024-04-02T08:00:00.000Z"}
    question = page.question_of({"period": "1Y", **past})
    assert (question.end, question.known_at) == (date(2024, 3, 28), datetime(2024, 4, 2, 8, tzinfo=UTC))
    assert holdings.looking_back(past) == {"as_of": question.end, "known_at": question.known_at}
    assert transactions._filters({"end": "2024-12-31", **past})["end"] == question.end
    assert transactions._filters({"end": "2024-01-31", **past})["end"] == date(2024, 1, 31)


def test_a_failed_reading_keeps_the_figures_of_before() -> None:
    error = StorageError("The database does not answer.")
    kept, first = page.failure(error, kept=True), page.failure(error, kept=False)
    assert [name for name, part in kept._asdict().items() if part is not no_update] == ["notices"]
    assert "The database does not answer." in text_of(kept.notices)
    assert "The database does not answer." in text_of(first.state)
    assert "is-lost" in first.look


def test_every_output_has_its_place_in_the_answer() -> None:
    assert len(page.OUTPUTS) == len(page.Answer._fields)
    assert len(set(page.OUTPUTS)) == len(page.OUTPUTS)


def test_grave_findings_come_first_and_many_are_folded(view: PerformanceView) -> None:
    findings = [Finding("a", f"thing {number}", Severity.INFO) for number in range(5)] + [Finding("b", "chain broken", Severity.ERROR)]
    told = page.notices(replace(view, findings=tuple(findings)))
    assert text_of(told[0]).startswith("Chain broken.")
    assert isinstance(told[-1], html.Details)
    assert "3 more" in text_of(told[-1])
    assert len(told) == page.MOST_NOTICES + 1


def test_a_day_old_portfolio_is_told_that_its_history_begins_tomorrow(view: PerformanceView) -> None:
    short = replace(view, series=view.series.head(1))
    assert not rows.has_history(short)
    assert "No history yet" in text_of(rows.nothing(short))
    assert rows.has_history(replace(view, series=view.series.head(2)))


def test_flows_merge_until_they_fit(view: PerformanceView) -> None:
    days = [view.start + timedelta(days=30 * number) for number in range(20)]
    flows = pd.DataFrame({"date": pd.to_datetime(days), "kind": "DEPOSIT", "amount": 1000.0})
    marks = growth_of(replace(view, flows=flows))["data"][3]
    assert len(marks["customdata"]) <= figures.FLOW_MARKS
    assert sum(marks["customdata"]) == 20_000.0
