"""The Benchmark page's figures and tables: the numbers that go in are the numbers that are drawn, and what is written adds up."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from dash import html, no_update

from callbacks import attribution as tab
from callbacks import benchmark as page
from callbacks import benchmark_rows as rows
from callbacks import blends, explain
from callbacks import factors as factor_tab
from components import benchmark as parts
from components import blends as blend_parts
from components import figures_attribution, figures_benchmark, theme
from components.figures_benchmark import Line, apart
from engine.errors import Conflict, InvalidInput, NotFound, StorageError
from services.attribution.views import EFFECTS
from services.benchmark.views import PORTFOLIO
from services.explain.figures.analytics import Analytics
from services.explain.service import Explain
from tests.ui import benchmark_sample as sample
from tests.ui.test_components import every, text_of

ASKED = {"portfolio": "all", "period": "1Y", "n": 1}


class Asked(SimpleNamespace):
    """Services that answer with samples, and remember what they were asked."""

    def __init__(self, **answers: Any) -> None:
        super().__init__(questions=[], answers=answers)
        self.accounts = SimpleNamespace(local=lambda: "me")
        self.portfolios = SimpleNamespace(find=lambda _actor: ["one"])
        self.benchmark = SimpleNamespace(compare=self._ask("comparison"))
        self.attributions = SimpleNamespace(attribution=self._ask("attribution"))
        self.factors = SimpleNamespace(factors=self._ask("factors"))
        analytics = Analytics(None, None, self.benchmark, self.attributions, self.factors, None)  # type: ignore[arg-type]
        self.explain = Explain(None, None, None, analytics)  # type: ignore[arg-type]
        self.blends = SimpleNamespace(choices=lambda _actor: sample.CHOICES, find=lambda _actor: [sample.BLEND])

    def _ask(self, name: str) -> Any:
        def answer(_actor: object, scope: str, question: object) -> Any:
            self.questions.append((scope, question))
            return self.answers.get(name) or getattr(sample, name)()

        return answer


def amounts(row: html.Tr) -> list[float]:
    """The numbers of a row that have a sign, as they are written."""
    texts = (text_of(cell) for cell in row.children)
    return [float(text.replace("\u2212", "-")) for text in texts if re.fullmatch(r"[+\u2212]?\d+\.\d\d", text)]


def tables(node: Any, kind: str) -> list[Any]:
    return [each for each in every(node) if kind in str(getattr(each, "className", "") or "").split()]


# ------------------------------------------------------------------------------------------------------------------------- asking


def test_the_address_is_read_into_the_services_words() -> None:
    question = page.question_of(
        {**ASKED, "period": "All", "benchmark": "^SPX, abc,^SPX", "freq": "monthly", "rf": "2,5", "window": "24", "zero": "down"}
    )
    assert (question.period, question.benchmarks, question.frequency) == ("ITD", ("^SPX", "abc"), "monthly")
    assert (question.risk_free, question.window, question.zero) == (0.025, 24, "down")
    assert page.question_of({**ASKED, "from": "2025-01-02"}).start == date(2025, 1, 2)
    assert page.question_of({**ASKED, "from": "2025-01-02"}).period is None
    assert tab.question_of({**ASKED, "benchmark": "b,c", "by": "currency", "fx": "within"}).benchmark == "b"
    assert factor_tab.question_of({**ASKED, "model": "carhart", "level": "99", "span": "36"}).level == pytest.approx(0.99)


@pytest.mark.parametrize(("name", "text"), [("from", "2025-13-01"), ("rf", "much"), ("rf", "inf"), ("window", "1e3"), ("horizon", "-3")])
def test_what_is_no_date_and_no_number_is_refused_by_its_name(name: str, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        page.question_of({**ASKED, name: text})
    assert refused.value.context["field"] == name


# ------------------------------------------------------------------------------------------------------------------------- against


def test_one_reading_fills_both_tabs() -> None:
    services = Asked()
    told = page.answer(services, ASKED)  # type: ignore[arg-type]
    assert len(services.questions) == 1
    assert told.look == page.WHOLE + " no-parts"  # what an index holds is not known
    assert {*told.charts} == {"benchmark-growth", "benchmark-money", "benchmark-scatter", "benchmark-rolling"}
    assert len(told.kpis) == 7
    assert len(told.flows_kpis) == 6
    assert told.read["chosen"] == [sample.SPX, sample.MIX]


def test_lines_are_the_growth_that_was_answered_and_the_strip_is_the_excess() -> None:
    view = sample.comparison()
    figure = page.answer(Asked(), ASKED).charts["benchmark-growth"]["figure"]  # type: ignore[arg-type]
    own, first, second, strip = figure["data"]
    assert np.allclose(own["y"], view.growth[PORTFOLIO] - 1, atol=1e-6)
    assert np.allclose(second["y"], view.growth[sample.MIX] - 1, atol=1e-6)
    assert np.allclose(strip["y"], view.excess[sample.SPX], atol=1e-6)
    assert [trace["meta"] for trace in figure["data"]] == ["k0", "k1", "k2", "strip"]
    assert first["line"]["dash"] == "4px,3px"
    assert "dash" not in own["line"]


def test_dots_are_the_periods_split_by_who_did_better() -> None:
    view = sample.comparison()
    better, other, fit = page.answer(Asked(), ASKED).charts["benchmark-scatter"]["figure"]["data"]  # type: ignore[arg-type]
    above = view.returns[PORTFOLIO] > view.returns[sample.SPX]
    assert (len(better["x"]), len(other["x"])) == (int(above.sum()), int((~above).sum()))
    slope = (fit["y"][1] - fit["y"][0]) / (fit["x"][1] - fit["x"][0])
    assert slope == pytest.approx(view.benchmarks[0].figures["beta"], rel=1e-4)


def test_months_are_own_less_the_benchmarks_and_the_year_is_linked() -> None:
    view = sample.comparison()
    found = rows.months(view)
    both = view.months[[PORTFOLIO, sample.SPX]]
    assert found[2025][4] == pytest.approx(float(both.loc["2025-05", PORTFOLIO] - both.loc["2025-05", sample.SPX]))
    year = (1 + both[both.index.year == 2025]).prod() - 1
    assert found[2025][12] == pytest.approx(float(year[PORTFOLIO] - year[sample.SPX]))
    assert found[2024][0] is None


def test_every_figure_stands_for_every_benchmark_with_its_reason_where_it_is_unknown() -> None:
    table = parts.figures_table(rows.terms(), rows.columns(sample.comparison()))
    lines = {text_of(row.children[0].children[0]): row for row in next(node for node in every(table) if isinstance(node, html.Tbody)).children}
    assert len(lines) == len(rows.terms())
    assert text_of(lines["Alpha, compounded"].children[1]) == f"5.12{theme.NARROW}%"
    batting = next(row for name, row in lines.items() if "Batting" in name)
    assert "12 missing" in text_of(batting.children[2])
    assert "12 missing" not in text_of(batting.children[1])
    unknown = next(cell for row in lines.values() for cell in row.children[1:] if text_of(cell) == theme.UNKNOWN)
    assert unknown.title


def test_a_figure_that_rests_on_too_little_is_grey_and_says_how_much_is_missing() -> None:
    view = sample.comparison()
    short = replace(view.benchmarks[0], missing={"beta": 17})
    told = next(each for each in rows.headlines(replace(view, benchmarks=(short,))) if each.name == "beta")
    cell = parts.headline(told)
    assert "17 more needed" in text_of(cell)
    assert tables(cell, "few")


def test_a_rolling_figure_without_a_whole_window_says_what_is_needed() -> None:
    view = sample.comparison()
    empty = {name: frame.iloc[:0] for name, frame in view.rolling.items()}
    told = page.answer(Asked(comparison=replace(view, rolling=empty)), ASKED).charts["benchmark-rolling"]  # type: ignore[arg-type]
    assert "figure" not in told
    assert "126 returns, 522 are there" in told["text"]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ((0.12345, "fraction"), f"12.35{theme.NARROW}%"),
        ((0.0004, "p_value"), "< 0.001"),
        ((0.0414, "p_value"), "0.041"),
        ((-1.005, "ratio"), "\u22121.01"),
        ((12.0, "periods"), "12"),
        ((None, "ratio"), theme.UNKNOWN),
        ((float("nan"), "fraction"), theme.UNKNOWN),
    ],
)
def test_figures_are_written_in_their_unit(raw: tuple[Any, str], shown: str) -> None:
    assert parts.figure_text(*raw) == shown


def test_labels_are_kept_apart_in_their_order() -> None:
    places = [10.0, 12.0, 11.0, 200.0]
    moved = [place + shift for place, shift in zip(places, apart(places, 30), strict=True)]
    assert sorted(range(4), key=lambda at: moved[at]) == sorted(range(4), key=lambda at: places[at])
    assert min(after - before for before, after in zip(sorted(moved), sorted(moved)[1:], strict=False)) == pytest.approx(30)
    assert moved[3] == 200.0


def test_a_flat_line_and_unknown_days_are_drawn() -> None:
    days = [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 5)]
    figure = figures_benchmark.lines_figure(days, [Line("flat", [0.0, 0.0, 0.0], "own"), Line("hole", [float("nan"), 0.0, 0.01])], revision="r")
    low, high = figure["layout"]["yaxis"]["range"]
    assert low < 0 < high
    assert figure["data"][1]["y"][0] is None


# ---------------------------------------------------------------------------------------------------------------- same cash flows


def test_the_sentence_says_what_would_have_become_of_the_money() -> None:
    view = sample.comparison()
    told = view.benchmarks[0].flows
    said = "".join(text_of(each) if hasattr(each, "children") else str(each) for each in rows.said(view))
    assert f"{told.benchmark_value:,.0f} USD" in said
    assert f"{told.excess_value:,.0f} USD more than that" in said
    worse = replace(view.benchmarks[0], flows=replace(told, excess_value=-12_345.4))
    said = "".join(text_of(each) if hasattr(each, "children") else str(each) for each in rows.said(replace(view, benchmarks=(worse,))))
    assert "12,345 USD less than that" in said
    spent = replace(view.benchmarks[0], flows=replace(told, exhausted=date(2025, 6, 2)))
    assert "2 Jun 2025" in str(rows.said(replace(view, benchmarks=(spent,)))[0])


def test_what_came_and_went_on_one_day_and_a_benchmark_of_one_thing_take_no_room() -> None:
    view = sample.comparison()
    flows = view.flows.assign(amount=[100_000.0, 1e-9, -5_000.0])
    assert [amount for _, amount in rows.moves(replace(view, flows=flows))] == [100_000.0, -5_000.0]
    one = replace(view.benchmarks[1], constituents=view.benchmarks[1].constituents[:1])
    assert rows.pieces(one) == []
    assert len(rows.pieces(view.benchmarks[1])) == 2


def test_money_is_drawn_from_the_first_money_on() -> None:
    view = sample.comparison()
    before = view.same_flows.copy()
    before.iloc[:3] = 0.0
    late = replace(view, same_flows=before)
    assert len(rows.money_days(late)) == len(before) - 3
    assert all(len(line.values) == len(before) - 3 for line in rows.money_lines(late))
    assert len(rows.money_days(view)) == len(view.same_flows)


def test_money_in_and_out_ends_with_the_opening_value() -> None:
    table = parts.moves_table(rows.moves(sample.comparison()), "USD")
    names = [text_of(row.children[1]) for row in next(node for node in every(table) if isinstance(node, html.Tbody)).children]
    assert names == ["Withdrawal", "Deposit", "Opening value"]


# --------------------------------------------------------------------------------------------------------------------- attribution


def test_effects_are_written_so_that_columns_and_holdings_add_up_to_the_cent_of_a_point() -> None:
    view = sample.attribution()
    told = tab.answer(Asked(), {**ASKED, "tab": "attribution"})  # type: ignore[arg-type]
    bodies = [node for node in every(told.groups) if isinstance(node, html.Tbody)]
    groups = [amounts(body.children[0]) for body in bodies]
    foot = amounts(next(node for node in every(told.groups) if isinstance(node, html.Tfoot)).children)
    assert np.allclose(np.sum(groups, axis=0), foot, atol=1e-9)
    assert foot == pytest.approx([round(view.figures[name] * 100, 2) for name in (*EFFECTS, "total")], abs=0.0051)
    for body in bodies:
        group, *held = [amounts(row) for row in body.children]
        if held:
            assert np.allclose(np.sum(held, axis=0), group, atol=1e-9)


def test_an_effect_that_is_nothing_has_no_column() -> None:
    view = sample.attribution()
    none = replace(view, figures={**view.figures, "currency": 0.0}, groups=view.groups.assign(currency=0.0))
    assert tab.effects_shown(none) == ["allocation", "selection", "interaction"]
    assert tab.effects_shown(view) == [*EFFECTS]


def test_the_waterfall_goes_from_the_benchmark_to_the_portfolio() -> None:
    falls = tab.falls_of(sample.attribution())
    figure = figures_attribution.waterfall_figure(falls, revision="w")
    own, bench, gain, loss = figure["data"]
    assert (bench["x"], own["x"], gain["x"]) == ([0], [len(falls) - 1], [1, 2, 3, 4])
    assert loss["x"] == [figures_attribution.UNSEEN]
    assert np.allclose([low + high for low, high in zip(gain["base"], gain["y"], strict=True)], [fall.top for fall in falls[1:-1]])


@pytest.mark.parametrize("values", [(0.02, 0.01, -0.04), (-0.3, 0.05, -0.25), (0.9, 0.02, 0.92), (0.0, 0.0, 0.0)])
def test_a_waterfall_of_any_sign_stays_within_its_axis(values: tuple[float, float, float]) -> None:
    start, effect, end = values
    falls = [
        figures_attribution.Fall("Benchmark", "bench", start, 0.0, start),
        figures_attribution.Fall("Selection", "effect", effect, start, start + effect),
        figures_attribution.Fall("Portfolio", "own", end, 0.0, end),
    ]
    low, high = figures_attribution.waterfall_figure(falls, revision="w")["layout"]["yaxis"]["range"]
    assert low < high
    assert all(low <= fall.top <= high for fall in falls)


def test_a_benchmark_of_one_group_is_asked_with_interaction_as_selection_and_says_why() -> None:
    services = Asked(attribution=sample.attribution(is_divided=False))
    told = tab.answer(services, ASKED)  # type: ignore[arg-type]
    assert "Compare with a blend" in told.groups_foot
    assert [question.interaction for _, question in services.questions] == ["apart", "selection"]


# ------------------------------------------------------------------------------------------------------------------------- factors


def test_what_factors_added_is_written_so_that_it_adds_up() -> None:
    told = factor_tab.answer(Asked(), ASKED)  # type: ignore[arg-type]
    body = next(node for node in every(told.contributions) if isinstance(node, html.Tbody))
    foot = next(node for node in every(told.contributions) if isinstance(node, html.Tfoot)).children
    points = [float(text_of(row.children[3]).replace("\u2212", "-")) for row in body.children]
    assert sum(points) == pytest.approx(float(text_of(foot.children[3])))


def test_loadings_that_reach_zero_are_hollow() -> None:
    trace = factor_tab.answer(Asked(), ASKED).charts["factors-loadings"]["figure"]["data"][0]  # type: ignore[arg-type]
    told = dict(zip(trace["x"], trace["marker"]["symbol"], strict=True))
    assert told == {0.93: "circle", -0.21: "circle", 0.04: "circle-open"}


def test_a_benchmark_that_stands_in_for_factors_is_told_with_the_mend() -> None:
    view = replace(sample.factors(), source=None)
    told = factor_tab.answer(Asked(factors=view), ASKED)  # type: ignore[arg-type]
    assert "factor sets end on 31 Dec 2014" in "".join(text_of(each) for each in told.notices)
    asked = factor_tab.answer(Asked(factors=view), {**ASKED, "factors": "GOLD"})  # type: ignore[arg-type]
    assert asked.notices == []


def test_a_file_of_factors_is_kept_or_refused_with_its_reason() -> None:
    services, got = Asked(), []
    services.factors.sets = SimpleNamespace(add=lambda _actor, name, content: got.append((name, content)) or sample.factors().source)
    said, asked_again = factor_tab.kept_file(services, "F-F_2026.csv", "data:text/csv;base64,MjAyNg==")  # type: ignore[arg-type]
    assert got == [("F-F_2026", b"2026")]
    assert "31 Jul 1963 to 31 Dec 2014" in text_of(said[0])
    assert asked_again

    def refuse(*_given: object) -> None:
        raise InvalidInput("file", "x", "is no table of factors", hint="Give a date first")

    services.factors.sets = SimpleNamespace(add=refuse)
    said, asked_again = factor_tab.kept_file(services, "x.csv", "data:,")  # type: ignore[arg-type]
    assert "no table of factors" in text_of(said[0])
    assert asked_again is no_update


def test_too_few_periods_say_how_many_are_needed() -> None:
    view = sample.factors()
    none = replace(view, loadings=view.loadings.iloc[:0], observations=4, needed=30)
    told = factor_tab.answer(Asked(factors=none), ASKED)  # type: ignore[arg-type]
    assert told.look == page.LOST
    assert "4 days are there" in text_of(told.state)
    assert "30 are needed" in text_of(told.state)


# ------------------------------------------------------------------------------------------------------------------------- states


def test_without_a_benchmark_one_is_offered() -> None:
    told = page.answer(Asked(comparison=sample.comparison(benchmarks=())), ASKED)  # type: ignore[arg-type]
    assert told.look == told.flows_look == page.LOST
    assert "No benchmark is chosen" in text_of(told.state)
    assert "No benchmark is chosen" in text_of(tab.answer(Asked(attribution=sample.attribution(benchmark=None)), ASKED).state)  # type: ignore[arg-type]


def test_without_a_portfolio_one_is_offered() -> None:
    services = Asked()
    services.portfolios = SimpleNamespace(find=lambda _actor: [])
    assert "No portfolio yet" in text_of(page.answer(services, ASKED).state)  # type: ignore[arg-type]


def test_a_failure_keeps_what_answers_the_same_question_and_says_so() -> None:
    kept = page.failure(StorageError("The database is away."), kept=True)
    assert kept.kpis is no_update
    assert "from before" in text_of(kept.notices)
    lost = page.failure(NotFound("benchmark", "NOPE"), kept=False)
    assert lost.look == page.LOST
    assert "NOPE" in "".join(text_of(each) for each in lost.state)
    refused = page.failure(InvalidInput("rf", "much", "is not a percentage", hint="Write 2.5"), kept=False)
    assert any(getattr(node, "data-do", "") == "benchmark-defaults" for each in refused.state for node in every(each))


# ------------------------------------------------------------------------------------------------------------------- choices, blends


def test_what_is_chosen_stands_first_and_is_marked() -> None:
    services = Asked()
    found = page.found_of(services, {"query": "s&p", "chosen": []})  # type: ignore[arg-type]
    assert [getattr(item, "data-vs") for item in found] == ["", sample.SPX]
    marked = page.found_of(services, {"query": "", "chosen": ["VT"]})  # type: ignore[arg-type]
    assert (getattr(marked[1], "data-vs"), getattr(marked[1], "aria-pressed")) == ("VT", "true")


def test_a_blend_says_what_it_is_made_of() -> None:
    row = blends.row_of(sample.BLEND, chosen=True)
    said = text_of(blend_parts.blend_list([row])[0])
    assert f"60{theme.NARROW}% VT, 40{theme.NARROW}% BND hedged" in said
    assert "every month" in said


def test_a_refused_blend_stays_in_its_form_and_a_stale_one_says_to_read_again() -> None:
    def refuse(error: Exception) -> Any:
        def work(*_given: object, **_named: object) -> None:
            raise error

        return work

    services = Asked()
    services.blends = SimpleNamespace(
        create=refuse(InvalidInput("weight", "0.9", "weights add up to 0.9", hint="Make them 1")),
        get=lambda *_: sample.BLEND,
        change=refuse(Conflict("Somebody changed it.")),
    )
    result, line, error = blends.act(services, {"action": "create", "fields": {}})  # type: ignore[arg-type]
    assert (result["ok"], line is no_update) == (False, True)
    assert "Make them 1" in "".join(text_of(each) for each in error)
    _, _, error = blends.act(services, {"action": "change", "id": sample.MIX, "version": 1, "fields": {}})  # type: ignore[arg-type]
    assert "open it again" in "".join(text_of(each) for each in error)


# ------------------------------------------------------------------------------------------------------------------------- explain


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (f"benchmark.beta:{sample.SPX}", ["Beta, against S&P 500", "Sharpe 1964", "522 daily returns"]),
        (f"benchmark.flows.ks_pme:{sample.SPX}", ["KS-PME", "Kaplan and Schoar"]),
        ("attribution.groups.selection:Energy", ["Selection, Energy", "Brinson"]),
        ("attribution.holdings.total:TEC1", ["Total, TEC1 Company"]),
        ("attribution.allocation", ["Allocation", "Against 60/40 world"]),
        ("factors.loading:SMB", ["Loading, Small minus big", "Kenneth R. French"]),
        ("factors.r_squared", ["R squared"]),
    ],
)
def test_a_press_on_a_figure_tells_what_it_is(figure: str, words: list[str]) -> None:
    said = " ".join(text_of(each) for each in explain.answer_of(Asked(), {**ASKED, "figure": figure}))  # type: ignore[arg-type]
    for word in words:
        assert word in said
    assert "GET /api/v1/portfolios/all/" in said


@pytest.mark.parametrize("figure", ["benchmark.beta:NOPE", "benchmark.luck:^SPX", "attribution.groups.total:Nope", "factors.luck"])
def test_a_figure_that_is_none_is_refused(figure: str) -> None:
    said = " ".join(text_of(each) for each in explain.answer_of(Asked(), {**ASKED, "figure": figure}))  # type: ignore[arg-type]
    assert "not a figure of this page" in said
