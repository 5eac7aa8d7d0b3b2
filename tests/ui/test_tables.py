"""The grids, the form and the drawers as they leave Python, and the arithmetic of cents in the browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from dash.development.base_component import Component
from playwright.sync_api import Browser, Page

from components import dialogs, tables
from components.ids import HoldingsIds, TransactionsIds
from engine.types import ENTRIES, Kind
from services.ledger.validation import OF_CASH, SHAPES

ASSETS = Path(__file__).parent.parent.parent / "assets"


def text_of(piece: Any) -> str:
    if isinstance(piece, Component):
        return text_of(getattr(piece, "children", None))
    if isinstance(piece, list | tuple):
        return " ".join(filter(None, map(text_of, piece)))
    return "" if piece is None else str(piece)


def every(piece: Any) -> Iterator[Component]:
    if isinstance(piece, Component):
        yield piece
        yield from every(getattr(piece, "children", None))
    elif isinstance(piece, list | tuple):
        for each in piece:
            yield from every(each)


# ------------------------------------------------------------------------------------------------------------------------------ grids


@pytest.mark.parametrize(("grid", "columns", "cells"), [
    (tables.holdings_grid, tables.HOLDINGS, "portolanHoldings"), (tables.ledger_grid, tables.LEDGER, "portolanLedger"),
])
def test_every_column_has_a_cell_class_in_the_browser(grid: Any, columns: Any, cells: str) -> None:
    script = (ASSETS / "gridcells.js").read_text(encoding="utf-8")
    defined = re.search(rf"dashAgGridFunctions\.{cells} = \{{(.*?)\}};", script, re.DOTALL)
    assert defined is not None
    assert grid().dashGridOptions["components"] == {"function": cells}
    assert {column.cell for column in columns} == set(re.findall(r"(\w+Cell):", defined[1]))


@pytest.mark.parametrize("grid", [tables.holdings_grid, tables.ledger_grid])
def test_every_function_a_grid_names_is_defined(grid: Any) -> None:
    scripts = "".join(path.read_text(encoding="utf-8") for path in ASSETS.glob("*.js"))
    named = set(re.findall(r'"function": "(portolan\w+)', json.dumps([grid().dashGridOptions, grid().columnDefs])))
    assert len(named) >= 4
    assert not [name for name in named if not re.search(rf"\b{name}\b\s*[:=]", scripts)]


@pytest.mark.parametrize("grid", [tables.holdings_grid, tables.ledger_grid])
def test_a_grid_takes_no_rows_from_the_server_and_needs_no_licence(grid: Any) -> None:
    made = grid()
    assert not hasattr(made, "rowData")  # rows given this way would be put back at every tick
    assert not getattr(made, "enableEnterpriseModules", False)
    assert made.getRowId == "params.data.id"


def test_the_columns_of_the_holdings_are_those_of_the_look() -> None:
    assert [column.head for column in tables.HOLDINGS] == ["Instrument", "30 days", "Quantity", "Price", "Day", "Day P/L", "Average cost", "Value",
                                                           "Total P/L", "On cost", "Weight"]


# ------------------------------------------------------------------------------------------------------------------------------- form


@pytest.mark.parametrize("kind", list(Kind))
def test_the_form_of_a_kind_offers_what_the_kind_needs(kind: Kind) -> None:
    """A field that the ledger asks for and the form does not show could never be given."""
    shapes = [SHAPES[kind], *([OF_CASH[kind]] if kind in OF_CASH else [])]
    offered = {field.name for field in dialogs.FORMS[kind].fields}
    for shape in shapes:
        assert set(shape.needs) <= offered
        assert not shape.one_of or any(set(group) <= offered for group in shape.one_of)
        assert shape.takes_symbol or kind in OF_CASH or "symbol" not in offered


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in OF_CASH])
def test_a_field_is_marked_as_needed_where_the_ledger_refuses_without_it(kind: Kind) -> None:
    needed = {field.name for field in dialogs.FORMS[kind].fields if field.needed}
    assert set(SHAPES[kind].needs) <= needed


def test_the_form_holds_every_field_of_every_kind_once() -> None:
    drawer = dialogs.transaction_drawer()
    names = [each.name for each in every(drawer) if getattr(each, "name", None)]
    wanted = {field.name for form in dialogs.FORMS.values() for field in form.fields} | {"kind", "portfolio", "date", "account", "note"}
    assert wanted <= set(names)
    assert len(names) == len(set(names))


def test_every_kind_says_in_a_sentence_what_it_does() -> None:
    form = next(each for each in every(dialogs.transaction_drawer()) if getattr(each, "id", "") == TransactionsIds.FORM)
    told = json.loads(getattr(form, "data-kinds"))
    assert set(told) == {*(kind.value for kind in Kind), *ENTRIES}
    assert all(re.fullmatch(r"[A-Z].*\.", each["effect"]) for each in told.values())
    assert len({each["name"] for each in told.values()}) == len(told)


@pytest.mark.parametrize(("kind", "fields", "sentence"), [
    ("BUY", {"quantity": Decimal("10.00"), "symbol": "AAPL", "amount": None}, "BUY 10 AAPL"),
    ("SELL", {"quantity": Decimal("1234.5"), "symbol": "BRK.B"}, "SELL 1,234.5 BRK.B"),
    ("DEPOSIT", {"quantity": None, "symbol": None, "amount": Decimal(500), "currency": "USD"}, "DEPOSIT 500.00 USD"),
    ("DIVIDEND", {"symbol": "KO", "amount": Decimal("12.3"), "currency": "USD"}, "DIVIDEND 12.30 USD KO"),
    ("SPLIT", {"symbol": "NVDA"}, "SPLIT NVDA"),
    ("RETURN_OF_CAPITAL", {"symbol": "KO", "amount": Decimal(1), "currency": "USD"}, "RETURN OF CAPITAL 1.00 USD KO"),
])
def test_a_transaction_in_a_few_words(kind: str, fields: dict[str, Any], sentence: str) -> None:
    assert dialogs.sentence(kind, fields) == sentence


def test_the_effect_tells_cash_and_position_before_and_after() -> None:
    told = dialogs.effect_panel(dialogs.Effect("USD", Decimal("-1004.95"), Decimal(5000), Decimal("3995.05"), "AAPL", Decimal(280), Decimal(290),
                                               base_currency="USD", warnings=("Leaves little",)))
    text = text_of(told)
    assert "5,000.00 → 3,995.05" in text
    assert "280 → 290" in text
    assert "−1,004.95 USD" in text
    assert "Leaves little" in text
    assert "Realises" not in text


def test_an_effect_without_a_position_names_none() -> None:
    text = text_of(dialogs.effect_panel(dialogs.Effect("EUR", Decimal(500), Decimal(0), Decimal(500), realised=12.5, base_currency="USD")))
    assert "Position" not in text
    assert "+12.50 USD" in text


# ---------------------------------------------------------------------------------------------------------------------------- drawers


def held(**changes: Any) -> tables.Held:
    facts = {"symbol": "AAPL", "currency": "USD", "base_currency": "EUR", "price": 268.47, "state": "live", "quantity": 280.0, "cost": 53324.2,
             "fixed": {"realised": 0.0, "income": 690.58, "fees": -23.33, "taxes": 0.0}, "method": "first in, first out",
             "details": [("Sector", "Technology")]}
    return tables.Held(**{**facts, **changes})


def test_the_drawer_lists_lots_and_only_the_parts_of_the_profit_that_there_are() -> None:
    lots = [tables.LotRow(date(2023, 11, 21), 220.0, 167.68, 36889.6, "Growth"), tables.LotRow(date(2025, 3, 18), 60.0, 273.91, 16434.6, "Family")]
    body = tables.drawer_body(held(), lots, [tables.Fact(date(2025, 3, 18), "Buy", 60.0, 273.91, None, "USD")])
    text = text_of(body)
    assert "2 open lots" in text
    assert "21 Nov 2023" in text
    assert "Growth" in text
    assert "Income" in text
    assert "Fees" in text
    assert "Realised" not in text
    assert "Taxes" not in text
    fixed = next(each for each in every(body) if hasattr(each, "data-lots"))
    assert json.loads(getattr(fixed, "data-lots")) == [{"quantity": 220.0, "cost": 36889.6}, {"quantity": 60.0, "cost": 16434.6}]


def test_the_drawer_of_one_portfolio_does_not_repeat_its_name_at_every_lot() -> None:
    lots = [tables.LotRow(date(2023, 11, 21), 1.0, 1.0, 1.0, "Growth"), tables.LotRow(date(2025, 3, 18), 2.0, 1.0, 2.0, "Growth")]
    assert "Growth" not in text_of(tables.drawer_body(held(), lots, []))


def test_the_drawer_tells_where_the_price_is_from_and_how_old_it_is() -> None:
    at = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)
    text = text_of(tables.drawer_body(held(source="yahoo", ts=at, received=at, age_seconds=12.0, state="delayed", simulated=True), [], []))
    for part in ("delayed", "yahoo", "2 Mar 2026, 15:04:05 UTC", "12\u202fs", "simulated"):
        assert part in text


def test_the_drawer_of_what_was_sold_says_so() -> None:
    text = text_of(tables.drawer_body(held(quantity=0.0, cost=0.0, price=None, state="missing"), [], []))
    assert "Nothing is held now." in text
    assert "None yet." in text


def test_the_history_names_what_each_version_did() -> None:
    first = tables.Version(1, "1 Mar 2024, 10:00 UTC", voided=False, fields={"Quantity": "10", "Price": "5"})
    second = tables.Version(2, "2 Mar 2024, 10:00 UTC", voided=False, fields={"Quantity": "12", "Price": "5"})
    third = tables.Version(3, "3 Mar 2024, 10:00 UTC", voided=True, fields={"Quantity": "12", "Price": "5"})
    fourth = tables.Version(4, "4 Mar 2024, 10:00 UTC", voided=False, fields={"Quantity": "12", "Price": "5"})
    items = [text_of(item) for item in tables.versions([fourth, third, second, first]).children]
    assert [item.split(" ")[0] for item in items] == ["Restored", "Voided", "Corrected", "Recorded"]
    assert "Quantity  10  →  12" in items[2]
    assert "Price" not in items[2]


def test_two_versions_side_by_side_mark_what_differs() -> None:
    table = tables.side_by_side({"Quantity": "11", "Price": "5"}, {"Quantity": "12", "Price": "5", "Note": "theirs"})
    rows = {text_of(row).split(" ")[0]: row.className for row in every(table) if type(row).__name__ == "Tr" and hasattr(row, "className")}
    assert rows == {"Quantity": "differs", "Price": "", "Note": "differs"}


# ----------------------------------------------------------------------------------------------------------- arithmetic of the browser


@pytest.fixture(scope="module")
def scripts(browser: Browser) -> Iterator[Page]:
    """The scripts of the tables in an empty page."""
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.set_content("<!doctype html><html><body></body></html>")
    page.evaluate("() => { window.dash_clientside = { no_update: null, set_props() {} }; }")
    for name in ("draw.js", "format.js", "grid.js", "gridcells.js", "holding_drawer.js", "holding_notes.js", "holding_rows.js", "holdings.js",
                 "transaction_form.js", "transactions.js"):
        page.add_script_tag(path=str(ASSETS / name))
    yield page
    context.close()


@pytest.mark.parametrize(("value", "cents"), [(0.005, 1), (-0.005, -1), (1.005, 101), (1234567.895, 123456790), (-2.675, -268), (0, 0), (None, None),
                                              (99999999.995, 10000000000), (0.0049999, 0)])
def test_money_in_whole_cents_is_rounded_half_away_from_zero(scripts: Page, value: float | None, cents: int | None) -> None:
    assert scripts.evaluate("(value) => portolan.grid.cents(value)", value) == cents


def test_what_rounding_leaves_over_goes_to_the_largest_part(scripts: Page) -> None:
    assert scripts.evaluate("() => portolan.grid.fit([333, 334, 332], 1000)") == [333, 335, 332]
    assert scripts.evaluate("() => portolan.grid.fit([-5, 2], -4)") == [-6, 2]
    assert scripts.evaluate("() => portolan.grid.fit([], 3)") == []


@pytest.mark.parametrize("values", [[1, 1, 1], [100, 200, 300, 1], [5], [10, -3, 4], [1e9, 1, 1]])
def test_shares_add_up_to_a_hundred_percent(scripts: Page, values: list[float]) -> None:
    assert sum(scripts.evaluate("(values) => portolan.grid.shares(values)", values)) == 1000


def test_shares_of_nothing_are_unknown(scripts: Page) -> None:
    assert scripts.evaluate("() => portolan.grid.shares([0, 0])") == [None, None]


@pytest.mark.parametrize(("value", "cell"), [
    ("=1+1", "'=1+1"), ("+cmd", "'+cmd"), ("@SUM(A1)", "'@SUM(A1)"), ("-2+3", "'-2+3"), ("-12.50", "-12.50"), (-12.5, "-12.5"), ("a,b", '"a,b"'),
    ('say "x"', '"say ""x"""'), ("\tx", "'\tx"), (None, ""), ("=a,b", '"\'=a,b"'),
])
def test_a_spreadsheet_never_runs_what_a_cell_says(scripts: Page, value: Any, cell: str) -> None:
    assert scripts.evaluate("(value) => portolan.grid.csvCell(value)", value) == cell


@pytest.mark.parametrize(("typed", "number"), [
    ("1,234.50", "1234.50"), ("1.234,50", "1234.50"), ("1 234,50", "1234.50"), ("1'234.5", "1234.5"), ("12,5", "12.5"), ("1,234", "1,234"),
    ("−5", "-5"), (".5", ".5"), ("1,234,567", "1,234,567"), ("abc", "abc"),
])
def test_a_number_is_read_as_people_write_it_and_never_guessed(scripts: Page, typed: str, number: str) -> None:
    assert scripts.evaluate("(typed) => portolan.transactionForm.plainNumber(typed)", typed) == number


def test_ids_of_the_two_pages_say_whose_they_are() -> None:
    assert all(each.startswith("holdings-") for each in HoldingsIds)
    assert all(each.startswith("transactions-") for each in TransactionsIds)
