"""The Markets page's pieces and rows: hits, lists, candles, marks, and what a form sends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from dash.development.base_component import Component

from callbacks import markets_deeds, markets_rows
from components import figures_markets, markets, markets_feed
from components.figures_markets import Bar, Mark
from engine.errors import Conflict, InvalidInput
from engine.types import CorporateAction
from services.market.candles import Candle, Candles
from services.watchlists import Watchlist

NOW = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)


def walk(node: Any) -> Iterator[Component]:
    if isinstance(node, list | tuple):
        for each in node:
            yield from walk(each)
    elif isinstance(node, Component):
        yield node
        yield from walk(getattr(node, "children", None))


def text(node: Any) -> str:
    if isinstance(node, list | tuple):
        return "".join(text(each) for each in node)
    return text(getattr(node, "children", None)) if isinstance(node, Component) else "" if node is None else str(node)


def attribute(node: Any, name: str) -> list[Any]:
    return [each.to_plotly_json()["props"][name] for each in walk(node) if name in each.to_plotly_json()["props"]]


def bar(day: int, opened: float, close: float, volume: float | None = 10.0) -> Bar:
    return Bar(f"2024-01-{day:02}", opened, max(opened, close) + 1, min(opened, close) - 1, close, volume, None)


def told(*candles: Candle, reach: str = "1Y", adjusted: bool = True, actions: tuple[CorporateAction, ...] = ()) -> Candles:
    return Candles("ABC", "USD", reach, "day", adjusted, candles, actions)


def test_rising_and_falling_candles_are_traces_of_their_own_and_days_keep_their_order() -> None:
    figure = figures_markets.candle_figure([bar(2, 10, 11), bar(3, 11, 9), bar(4, 9, 9)], [], revision="r", within=False)
    assert [trace["x"] for trace in figure["data"][:2]] == [["2024-01-02", "2024-01-04"], ["2024-01-03"]]
    assert figure["layout"]["xaxis"]["categoryarray"] == ["2024-01-02", "2024-01-03", "2024-01-04"]
    assert [trace["x"] for trace in figure["data"][2:4]] == [["2024-01-02", "2024-01-04"], ["2024-01-03"]]
    assert figure["layout"]["shapes"][0]["y0"] == 9
    assert figure["data"][5]["x"] == []


def test_bars_of_which_only_the_close_is_known_are_a_line() -> None:
    closes = [Bar(f"2024-01-{day:02}", day, day, day, day, None, None) for day in range(2, 6)]
    figure = figures_markets.candle_figure([*closes, bar(8, 6, 7)], [], revision="r", within=False)
    assert figure["data"][5]["y"] == [2, 3, 4, 5, 7]
    assert figure["data"][0]["x"] == ["2024-01-08"]


def test_a_mark_of_a_day_without_a_candle_stands_on_the_next_and_after_the_last_on_the_last() -> None:
    marks = [Mark("2024-01-03", "D", "a"), Mark("2024-01-09", "S", "b")]
    trace = figures_markets.candle_figure([bar(2, 1, 2), bar(4, 2, 3)], marks, revision="r", within=False)["data"][4]
    assert (trace["x"], trace["text"], trace["customdata"]) == (["2024-01-04", "2024-01-04"], ["D", "S"], ["a", "b"])


@pytest.mark.parametrize(("months", "expected"), [
    (7, ["Feb", "Mar", "Apr", "May", "Jun", "Jul"]), (13, ["Mar", "May", "Jul", "Sep", "Nov", "2025"]),
    (25, ["Apr", "Jul", "Oct", "2025", "Apr", "Jul", "Oct", "2026"]),
])
def test_the_axis_names_what_begins_in_steps_that_fit(months: int, expected: list[str]) -> None:
    days = [f"{2024 + place // 12}-{place % 12 + 1:02}-15" for place in range(months)]
    assert figures_markets.ticks(days, within=False)["ticktext"] == expected


def test_forty_years_have_no_more_than_eight_labels() -> None:
    labels = figures_markets.ticks([f"{year}-06-01" for year in range(1986, 2027)], within=False)["ticktext"]
    assert 1 < len(labels) <= 8


def test_hours_are_named_within_a_day() -> None:
    places = [f"2024-01-02 {hour:02}:{minute:02}" for hour in range(9, 17) for minute in (0, 30)]
    assert figures_markets.ticks(places, within=True)["ticktext"] == ["12:00", "15:00"]


def test_the_chart_is_told_in_words() -> None:
    assert figures_markets.spoken([bar(2, 10, 11), bar(3, 11, 12)], "Abc", "USD") == (
        "Abc from 2024-01-02 to 2024-01-03: 10.00 to 12.00 USD, +20.00\u202f%, highest 13.00, lowest 9.00")
    assert "no price" in figures_markets.spoken([], "Abc", "USD")


def test_candles_of_a_day_and_of_minutes_are_placed_by_text_that_sorts() -> None:
    day, minutes = Candle(date(2024, 1, 2), None, None, None, 5.0, None), Candle(NOW, 1, 3, 0.5, 2, 7)
    assert markets_rows.bars_of(told(day, minutes)) == [Bar("2024-01-02", 5, 5, 5, 5, None, None), Bar("2026-03-02 15:04", 1, 3, 0.5, 2, 7, None)]


def test_splits_and_payments_are_told_with_their_size() -> None:
    actions = (CorporateAction(date(2024, 1, 2), "split", ratio=Decimal(4)), CorporateAction(date(2024, 2, 5), "dividend", amount=Decimal("0.25")))
    assert [(mark.letter, mark.text) for mark in markets_rows.marks_of(told(actions=actions))] == [
        ("S", "Split 4 for 1, 2 Jan 2024"), ("D", "Dividend 0.25 USD, 5 Feb 2024")]


def test_an_empty_range_has_no_figure_but_words() -> None:
    data = markets_rows.chart_data(told(), [], [], "Abc")
    assert data
    assert (data["figure"], data["symbol"], data["label"]) == (None, "ABC", "Abc: no price in this range")


class Run:
    """Histories in one state."""

    def __init__(self, state: str, **more: Any) -> None:
        self.run = SimpleNamespace(symbol="ABC", state=state, done=0, of=0, provider=None, error=None, **more)
        self.history = SimpleNamespace(get=lambda _actor, _symbol: self.run)


@pytest.mark.parametrize(("state", "words"), [("waiting", "on its way"), ("running", "on its way"), ("failed", "could not be fetched"),
                                              ("nobody", "No provider has"), ("none", "No provider is asked")])
def test_nothing_to_draw_says_why(state: str, words: str) -> None:
    said = markets_rows.no_candles(Run(state), None, told())  # type: ignore[arg-type]
    assert words in text(said)
    assert bool(attribute(said, "data-history")) is (state in {"waiting", "running"})


def test_the_note_counts_what_was_repaired_and_shows_how_far_a_history_is() -> None:
    services: Any = Run("running")
    services.run.done, services.run.of, services.run.provider = 1000, 2500, "yahoo"
    candles = [Candle(date(2024, 1, 2), 1, 1, 1, 1.0, 1, "filled"), Candle(date(2024, 1, 3), 1, 1, 1, 1.0, 1)]
    note = markets_rows.note_of(services, None, told(*candles, adjusted=False))  # type: ignore[arg-type]
    assert text(note) == "a candle is a day, USD, as traded, 1 repaired or filled1,000 of 2,500 days from yahoo"
    assert attribute(note, "value") == ["1000"]


def hit(**changes: Any) -> markets.Hit:
    return markets.Hit(**{"symbol": "ABC", "name": "Abc", "currency": "USD", "exchange": "XNAS", "asset_class": "equity", "provider": "yahoo",
                          "isin": None, **changes})


def test_an_offer_without_a_currency_is_added_by_hand_and_never_guessed() -> None:
    known, offer, vague = (markets.results("abc", [], [each], []) for each in (hit(provider=None), hit(), hit(currency=None)))
    assert [attribute(each, "data-markets") for each in (known, offer, vague)] == [["open"], ["add"], ["by-hand"]]


def test_a_search_tells_known_ones_first_and_who_gave_no_answer() -> None:
    found = markets.results("abc", [hit(provider=None)], [hit(symbol="ABD")], [("stooq", "It has not answered yet.")])
    assert text(found).index("Known here") < text(found).index("At providers") < text(found).index("stooq It has not answered yet.")
    assert attribute(markets.results("zzz", [], [], []), "data-symbol") == ["ZZZ"]


def test_the_button_of_the_head_watches_or_takes_off() -> None:
    names = ("symbol", "price", "previous", "change", "change_fraction")
    price = markets.Price(**{**dict.fromkeys(markets.Price._fields), **dict(zip(names, ("ABC", 2.0, 1.0, 1.0, 1.0), strict=True)), "name": "Abc",
                             "currency": "USD", "session": "open", "next_change": NOW})  # type: ignore[arg-type]
    chosen = markets.Choice("7", "Mine", 3, ("ABC",))
    assert [attribute(markets.title(price, target), "data-markets")[0] for target in (None, chosen, chosen._replace(symbols=()))] == [
        "watch", "unwatch", "watch"]
    assert attribute(markets.title(price, chosen), "data-version") == ["3"]


def test_what_changed_in_a_list_is_said() -> None:
    before = Watchlist(uuid4(), "Mine", ("A", "B"), 1)
    after = [Watchlist(before.id, name, symbols, 2) for name, symbols in
             (("Mine", ("A", "B", "C")), ("Mine", ("B",)), ("Yours", ("A", "B")), ("Mine", ("B", "A")))]
    assert [markets_deeds.what_changed(before, each) for each in after] == [
        "C is in Mine.", "A was taken off Mine.", "Mine is Yours now.", "Mine is in another order."]


@pytest.mark.parametrize("wrong", ["yahoo", "yahoo:", ":SAP.DE", "yahoo:SAP.DE, eodhd"])
def test_a_source_without_both_words_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="provider"):
        markets_rows.sources_of(wrong)


def test_an_offer_never_changes_an_instrument_that_is_there(services: Any, actor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.accounts, "local", lambda: actor)
    services.instruments.put(actor, "ABC", {"name": "Ours", "currency": "EUR"})
    asked = {"action": "add", "symbol": "ABC", "provider": "yahoo", "name": "Theirs", "currency": "USD", "asset_class": "equity"}
    result, said, _, _ = markets_deeds.act(services, asked)
    assert result["ok"] is False
    assert "quoted in EUR" in text(said)
    assert services.instruments.get(actor, "ABC").name == "Ours"


def test_a_version_that_was_overtaken_is_told_in_the_form(services: Any, actor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.accounts, "local", lambda: actor)
    put, _ = services.instruments.put(actor, "ABC", {"name": "Ours", "currency": "EUR"})
    services.instruments.put(actor, "ABC", {"name": "Faster"}, version=put.version)
    fields = {"symbol": "ABC", "name": "Slower", "currency": "EUR", "asset_class": "equity"}
    result, _, _, said = markets_deeds.act(services, {"action": "save", "symbol": "ABC", "version": put.version, "fields": fields})
    assert result["ok"] is False
    assert attribute(said, "data-markets") == ["edit"]
    assert services.instruments.get(actor, "ABC").name == "Faster"


def test_a_taken_symbol_is_a_conflict_of_the_form() -> None:
    error = Conflict("There is one.", hint="Choose another")
    assert "Choose another" in text(markets_deeds.refusal(error))


def test_providers_tell_what_is_left_and_until_when_they_are_left_alone() -> None:
    fare = markets_feed.Fare("alphavantage", "left_alone", "quotes", 3, 25, 5.0, 120.4, NOW, "HTTP 500", NOW, NOW, 5, None, False)
    said = text(markets_feed.providers([fare]))
    for part in ("left alone until 15:04:05", "3 of 25", "120\u202fms", "5 failures in a row", "02 Mar 15:04 HTTP 500"):
        assert part in said
    assert "MARKET_DATA names none" in text(markets_feed.providers([]))
