"""Components: texts and figures, that every id has its place, and that colours come from the tokens alone."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from dash import Dash, html, no_update
from dash.development.base_component import Component
from fastapi import FastAPI
from playwright.sync_api import Browser
from plotly.io.json import to_json_plotly
from starlette.testclient import TestClient

from components import beside, cards, controls, figures, ids, quick, summary, theme
from components.figures import Flow, History
from components.icons import Icon

ROOT = Path(__file__).parent.parent.parent
NUMBERS = [
    0,
    0.001,
    -0.001,
    0.004999999,
    0.005,
    -0.005,
    0.125,
    1.005,
    2.675,
    9.95,
    59.96,
    99.995,
    999.5,
    1234.5,
    -1234.56,
    999_499,
    999_500,
    1e6,
    1318788.67,
    1e12,
    0.0101,
    0.00012345,
    -0.4,
    3599,
    3600,
    86399,
    86400,
    1e6 / 3,
    None,
    math.nan,
    math.inf,
]


def text_of(node: Any) -> str:
    if isinstance(node, (list, tuple)):
        return "".join(text_of(each) for each in node)
    if isinstance(node, Component):
        return text_of(getattr(node, "children", None))
    return "" if node is None else str(node)


def every(node: Any) -> Iterator[Component]:
    if isinstance(node, (list, tuple)):
        for each in node:
            yield from every(each)
    elif isinstance(node, Component):
        yield node
        yield from every(getattr(node, "children", None))


# ------------------------------------------------------------------------------------------------------------------------ texts


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (theme.money(1318788.67), "1,318,788.67"),
        (theme.money(-985.8), "\u2212985.80"),
        (theme.money(5418.526, signed=True), "+5,418.53"),
        (theme.money(-0.004), "0.00"),
        (theme.money(None), "–"),
        (theme.money(math.nan), "–"),
        (theme.money(Decimal("0.005")), "0.01"),
        (theme.percent(0.0041), "+0.41\u202f%"),
        (theme.percent(-0.0154), "\u22121.54\u202f%"),
        (theme.percent(0.0), "0.00\u202f%"),
        (theme.percent(None), "–"),
        (theme.share(0.149), "14.9\u202f%"),
        (theme.weight(8.3), "8.3\u202f%"),
        (theme.price(497.12), "497.12"),
        (theme.price(0.51234), "0.5123"),
        (theme.price(0.0001234), "0.000123"),
        (theme.price(None), "–"),
        (theme.quantity(280), "280"),
        (theme.quantity(Decimal("0.35")), "0.35"),
        (theme.quantity(1234.5), "1,234.5"),
        (theme.compact(64000, signed=True), "+64k"),
        (theme.compact(-12000), "\u221212k"),
        (theme.compact(1_250_000), "1.25M"),
        (theme.compact(999_500), "1M"),
        (theme.age(0.4), "0.4\u202fs"),
        (theme.age(12.9), "12\u202fs"),
        (theme.age(900), "15\u202fmin"),
        (theme.age(7200), "2\u202fh"),
        (theme.age(345600), "4\u202fd"),
    ],
)
def test_a_value_is_written_by_the_rules(found: str, expected: str) -> None:
    assert found == expected


@pytest.mark.parametrize(("value", "expected"), [(0.004, "flat"), (0.005, "gain"), (-0.005, "loss"), (0, "flat"), (None, "flat"), (math.nan, "flat")])
def test_the_tone_is_that_of_the_written_number(value: float | None, expected: str) -> None:
    assert theme.tone(value) == expected


def test_the_browser_writes_every_number_as_the_server_does(browser: Browser) -> None:
    page = browser.new_page(locale="en-US")
    page.add_script_tag(path=ROOT / "assets" / "format.js")
    sendable = [value if value is not None and math.isfinite(value) else None for value in NUMBERS]
    for name in theme.FORMATS:
        theirs = page.evaluate("([name, values]) => values.map((value) => portolan.format.text(value, name))", [name, sendable])
        assert dict(zip(map(str, NUMBERS), theirs, strict=True)) == {str(value): theme.text(value, name) for value in NUMBERS}, name
    tones = page.evaluate("(values) => values.map((value) => portolan.format.tone(value))", sendable)
    assert tones == [theme.tone(value) for value in NUMBERS]
    page.close()


def test_a_german_reader_gets_german_numbers(browser: Browser) -> None:
    page = browser.new_page(locale="de-DE")
    page.set_content('<span data-format="money" data-v="1234.5">1,234.50</span>')
    page.add_script_tag(path=ROOT / "assets" / "format.js")
    page.evaluate("portolan.format.localise()")
    assert page.inner_text("span") == "1.234,50"
    page.close()


# -------------------------------------------------------------------------------------------------------------------- the house


def test_no_two_ids_are_the_same() -> None:
    enums = [kind for kind in vars(ids).values() if isinstance(kind, type) and issubclass(kind, ids.StrEnum) and kind is not ids.StrEnum]
    values = [member.value for kind in enums for member in kind]
    assert len(values) == len(set(values))


def test_every_icon_is_drawn() -> None:
    css = (ROOT / "assets" / "icons.css").read_text()
    assert {name for name in Icon if f'[data-icon="{name}"]' not in css} == set()


@pytest.mark.parametrize("name", ["screen.css", "look.css", "icons.css", "overview.js", "lines.js", "draw.js", "shell.js"])
def test_colours_come_from_the_tokens(name: str) -> None:
    source = re.sub(r'url\("data:[^"]*"\)', "", (ROOT / "assets" / name).read_text())
    found = re.findall(r"(?<![\w-])#(?:[0-9a-f]{3}|[0-9a-f]{6})\b(?![\w-])|\b(?:rgba?|hsla?|oklch)\([^v)]", source, re.IGNORECASE)
    assert [colour for colour in found if colour != "#000"] == []  # #000 is how much of a mask is seen


@pytest.fixture(scope="module")
def application() -> Dash:
    from components import shell  # noqa: PLC0415 (its layout takes Dash's page container, which an application makes)

    made = Dash(
        "components", server=FastAPI(), use_pages=True, pages_folder=str(ROOT / "pages"), assets_folder=str(ROOT / "assets"), index_string=shell.INDEX
    )
    made.layout = shell.layout()
    return made


@pytest.fixture(scope="module")
def wired(application: Dash) -> list[dict[str, Any]]:
    import callbacks  # noqa: PLC0415

    callbacks.register_all(application, object())  # type: ignore[arg-type]  # wiring asks nothing of the services
    return application._callback_list


def test_every_id_a_callback_names_is_on_a_page(application: Dash, wired: list[dict[str, Any]]) -> None:
    from dash import page_registry  # noqa: PLC0415

    layouts = [application.layout, *(page["layout"]() for page in page_registry.values())]
    there = {str(node.id) for layout in layouts for node in every(layout) if isinstance(getattr(node, "id", None), str)}
    named = {part["id"] for spec in wired for kind in ("inputs", "state") for part in spec[kind]}
    named |= {output.partition("@")[0].rsplit(".", 1)[0] for spec in wired for output in spec["output"].strip(".").split("...") if "." in output}
    assert {name for name in named if name and not name.startswith("{") and name not in there and "_pages" not in name} == set()


def test_no_callback_takes_the_place_of_another(wired: list[dict[str, Any]]) -> None:
    outputs = [spec["output"] for spec in wired]
    assert [spec["clientside_function"] for spec in wired if outputs.count(spec["output"]) > 1] == []


def test_the_document_names_the_theme_before_anything_is_painted(client: TestClient) -> None:
    document = client.get("/").text
    assert document.index("/assets/boot.js") < document.index("<body")
    assert "https://" not in document.replace("https://dash.plotly.com", "")


# ---------------------------------------------------------------------------------------------------------------------- figures


def days_from(start: date, count: int) -> list[date]:
    return [start + timedelta(days=number) for number in range(count)]


@pytest.fixture
def history() -> History:
    days = days_from(date(2025, 11, 20), 366)
    paid = [100_000.0 + 5_000 * ((day.year - 2025) * 12 + day.month - 11) for day in days]
    return History(days, [amount * (1 + 0.0004 * index) for index, amount in enumerate(paid)], paid)


def test_growth_marks_every_flow_once(history: History) -> None:
    assert len(history.flows) == 12
    assert {flow.amount for flow in history.flows} == {5_000.0}
    drawn = figures.growth_figure(history, name="All portfolios", revision="all:1Y")["data"][2]
    assert drawn["customdata"] == [5_000.0] * 12
    assert drawn["marker"]["symbol"] == ["triangle-up"] * 12


def test_a_figure_holds_no_colour_but_none(history: History) -> None:
    figure = json.dumps(figures.growth_figure(history, name="All portfolios", revision="r")).replace(figures.CLEAR, "")
    assert not re.search(r"#[0-9a-f]{3,8}\b|rgba?\(|\"color\"", figure)


def test_labels_at_the_ends_of_lines_keep_apart() -> None:
    days = days_from(date(2026, 1, 1), 10)
    close = History(days, [100.0 + index for index in range(10)], [100.0 + index * 0.99 for index in range(10)])
    first, second = figures.growth_figure(close, name="One", revision="r")["layout"]["annotations"]
    assert first["yshift"] - second["yshift"] >= figures.LABEL_DISTANCE - 4


@pytest.mark.parametrize("count", [2, 5, 9, 31, 92, 200, 366, 800, 1500, 4000, 12000])
@pytest.mark.parametrize("most", [5, 12])
def test_dates_on_the_axis_are_few_and_in_order(count: int, most: int) -> None:
    start = date(1998, 3, 9)
    marks = figures.date_ticks(start, start + timedelta(days=count - 1), most)
    assert len(marks) <= most
    assert all(a < b for (a, _), (b, _) in pairwise(marks))
    assert all(start <= day <= start + timedelta(days=count) for day, _ in marks)


def test_january_names_its_year() -> None:
    assert [text for _, text in figures.date_ticks(date(2025, 11, 20), date(2026, 3, 20), 12)][1] == "Jan 2026" or "Jan 2026" in [
        text for _, text in figures.date_ticks(date(2025, 6, 1), date(2026, 5, 1), 12)
    ]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (640e3, 960e3), (-5, 5), (1_318_000, 1_320_000), (0.001, 0.0012), (1e9, 5e9)])
def test_values_on_the_axis_are_round_and_told_apart(low: float, high: float) -> None:
    ticks = figures.value_ticks(low, high)
    assert 3 <= len(ticks) <= 9
    assert all(low <= tick <= high for tick in ticks)
    assert len(set(figures.axis_texts(ticks))) == len(ticks)


def test_merged_flows_add_up_to_the_same_money() -> None:
    flows = [Flow(date(2014, 1, 1) + timedelta(days=30 * number), 1_000.0 if number % 5 else -700.0) for number in range(150)]
    merged = figures.merged_flows(flows, 14)
    assert 1 < len(merged) <= 14
    assert sum(flow.amount for flow in merged) == pytest.approx(sum(flow.amount for flow in flows))


def test_the_table_of_a_long_history_keeps_its_last_day(history: History) -> None:
    rows = figures.thinned(history)
    assert len(rows.days) <= 70
    assert (rows.days[-1], rows.value[-1]) == (history.days[-1], history.value[-1])


# ------------------------------------------------------------------------------------------------------------------------ cards


def row(symbol: str, value: float | None, day: float | None, **more: Any) -> summary.Row:
    given = {
        "key": symbol,
        "symbol": symbol,
        "name": f"{symbol} Inc.",
        "sector": "Technology",
        "currency": "USD",
        "price": 10.0,
        "state": "live",
        "age_seconds": 0.4,
        "simulated": True,
        "value": value,
        "day_pnl": day,
        "day_return": 0.01,
        "total_pnl": 5.0,
        "on_cost": 0.1,
        "weight": 10.0,
        "is_cash": False,
    }
    return summary.Row(**(given | more))


TOTALS = summary.Totals(
    currency="USD", value=1000.0, day_pnl=1.0, day_return=0.001, total_pnl=100.0, cash=100.0, net_contributions=900.0, income_year=12.0
)


def test_the_identity_says_every_term_with_its_sign() -> None:
    terms = [
        cards.Term("", "Contributed", "net_contributions", 900.0),
        cards.Term("+", "Unrealised", "unrealised", 101.0),
        cards.Term(theme.MINUS, "Fees", "fees", 1.0),
    ]
    assert text_of(cards.identity(terms, 1000.0)) == "Contributed900.00+Unrealised101.00\u2212Fees1.00=Value1,000.00"


def test_a_live_number_tells_the_stream_where_it_comes_from() -> None:
    shown = cards.live(-12.5, "day_pnl", "signed", toned=True)
    assert text_of(shown) == "\u221212.50"
    assert "loss" in shown.className
    assert getattr(shown, "data-live") == "day_pnl"
    assert getattr(shown, "data-v") == "-12.5"


def test_an_unknown_price_is_a_dash_with_a_reason() -> None:
    table = summary.holdings_table([row("ROG", None, None, price=None, state="missing", weight=None)], TOTALS, {})
    assert "–" in text_of(table)
    assert "no price" in text_of(table)


def test_a_long_list_of_holdings_ends_in_what_is_left() -> None:
    rows = [row(f"S{number}", 100.0 - number, 1.0) for number in range(30)] + [row("EUR", 5.0, 0.0, key="cash:EUR", is_cash=True)]
    table = summary.holdings_table(rows, TOTALS, {})
    text = text_of(table)
    assert "Other 18 holdings" in text
    members = next(getattr(node, "data-members") for node in every(table) if hasattr(node, "data-members"))
    assert len(members.split()) == 18


def test_nothing_held_is_told_in_words() -> None:
    strip = text_of(summary.kpi_strip(TOTALS, []))
    assert "nothing is held" in strip
    assert "NaN" not in strip
    assert "nan" not in strip


def test_portfolios_side_by_side_each_follow_their_own_stream() -> None:
    columns = [beside.Column(name, name, "USD", 1.0, 1.0, 0.1, 1.0, 1.0, 0.5, 0.5, 3, [1, 2]) for name in ("a", "b")]
    table = beside.compare_table(columns, columns[0]._replace(scope="all", name="All"))
    scopes = {getattr(node, "data-scope") for node in every(table) if hasattr(node, "data-scope")}
    assert scopes == {"a", "b", "all"}


def test_every_panel_has_a_name_and_every_tool_a_label() -> None:
    panel = cards.panel("Growth", "body", tools=[cards.table_tool()])
    assert getattr(panel, "aria-label") == "Growth"
    assert all(getattr(node, "aria-label", None) or text_of(node) for node in every(panel) if isinstance(node, html.Button))
    assert len([node for node in every(controls.period_control()) if isinstance(node, html.Button)]) == len(theme.PERIODS)


def test_a_failed_reading_keeps_the_figures_of_before() -> None:
    from callbacks import overview  # noqa: PLC0415
    from engine.errors import StorageError  # noqa: PLC0415

    error = StorageError("The database does not answer.")
    kept, first = overview._failure(error, kept=True), overview._failure(error, kept=False)
    assert [name for name, part in kept._asdict().items() if part is not no_update] == ["notices"]
    assert "The database does not answer." in text_of(kept.notices)
    assert "The database does not answer." in text_of(first.hero)


@pytest.mark.parametrize(("ours", "theirs"), [(quick.Span, html.Span), (quick.Td, html.Td), (quick.Tr, html.Tr), (quick.Mark, html.I)])
def test_a_quick_element_is_written_as_that_of_dash(ours: Any, theirs: Any) -> None:
    given = {"className": "num", "title": "t", "hidden": False, "data-live": "value", "aria-hidden": "true"}
    for children in ("1", None, [html.B("x"), "y"]):
        assert to_json(ours(children, **given)) == to_json(theirs(children, **given))
    assert repr(ours("1", className="num")) == repr(theirs("1", className="num"))


def test_quick_elements_have_no_property_that_dash_does_not_know() -> None:
    table = summary.holdings_table([row("AAPL", 10.0, 1.0), row("MSFT", 20.0, -1.0)], TOTALS, {"AAPL": [1.0, 2.0]})
    made = [each for each in table._traverse() if isinstance(each, quick.Quick)]
    assert len(made) > 20
    for each in made:
        assert all(name in each._prop_names or name.startswith(("data-", "aria-")) for name in vars(each)), each  # type: ignore[attr-defined]


def to_json(element: Any) -> Any:
    return json.loads(to_json_plotly(element))
