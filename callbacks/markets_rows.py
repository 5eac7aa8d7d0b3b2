"""What the Markets page shows, laid out for its components: from the services' words to rows, prices, candles and lines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dash import html

from callbacks.holdings import CLASSES
from components import cards, figures_markets, markets, markets_feed, theme
from engine.errors import InvalidInput
from services.market.feed_log import read_log

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.types import Actor, CorporateAction, Instrument
    from services import Services
    from services.market.candles import Candle, Candles, Panel
    from services.market.providers import ProviderView
    from services.searching import Found
    from services.watchlists import Watchlist

KINDS = {"split": "Split", "dividend": "Dividend", "special_dividend": "Special dividend", "spin_off": "Spin-off", "merger": "Merger",
         "stock_dividend": "Stock dividend", "return_of_capital": "Return of capital", "symbol_change": "New symbol", "delisting": "Delisting"}
FIELDS = ("name", "currency", "sector", "exchange", "isin")
AT_WORK = {"waiting", "running"}
LINES = 100  # of the log


# -------------------------------------------------------------------------------------------------------------------------- search


def hit_of(each: Instrument) -> markets.Hit:
    """Lay out an instrument that is known."""
    return markets.Hit(each.symbol, each.name, each.currency, each.exchange, each.asset_class.value, None, each.isin)


def offers_of(found: Found) -> list[markets.Hit]:
    """Lay out what providers offer."""
    return [markets.Hit(each.symbol, each.name, each.currency, each.exchange, each.asset_class.value, each.provider, each.isin)
            for each in found.listings]


# ---------------------------------------------------------------------------------------------------------------------- watchlists


def choice_of(each: Watchlist) -> markets.Choice:
    """Lay out a list to choose."""
    return markets.Choice(str(each.id), each.name, each.version, each.symbols)


def watched(services: Services, actor: Actor, symbols: Sequence[str] | None) -> list[markets.Watched]:
    """Give the rows of a list in its order, of all instruments by symbol without one."""
    if symbols is not None and not symbols:
        return []
    quotes = {quote.symbol: quote for quote in services.market.quotes(actor, symbols)}
    known = services.watchlists.everything(actor)
    order = [symbol for symbol in (known if symbols is None else symbols) if symbol in quotes and symbol in known]
    lines = services.valuation.sparklines(actor, order)
    return [markets.Watched(symbol, known[symbol].name, quotes[symbol].currency, quotes[symbol].price, quotes[symbol].previous_close,
                            quotes[symbol].change_fraction, quotes[symbol].state.value, quotes[symbol].age_seconds, lines.get(symbol, []))
            for symbol in order]


def first_of(services: Services, actor: Actor, chosen: Watchlist | None) -> str:
    """Name the instrument that is shown where none was asked for: the first of the list."""
    return next(iter(chosen.symbols if chosen else services.watchlists.everything(actor)), "")


def target_of(lists: Sequence[Watchlist], key: object) -> markets.Choice | None:
    """Name the list that Watch is about: the chosen one, else the oldest."""
    found = next((each for each in lists if str(each.id) == key), next(iter(lists), None))
    return choice_of(found) if found else None


# --------------------------------------------------------------------------------------------------------------------------- price


def price_of(panel: Panel, held: float | None) -> markets.Price:
    """Lay out the price of an instrument with its day and its year."""
    instrument, quote, day = panel.instrument, panel.quote, panel.day
    return markets.Price(
        instrument.symbol, instrument.name, quote.currency, facts_of(instrument, panel), quote.price, quote.previous_close, quote.change,
        quote.change_fraction, quote.state.value, quote.age_seconds, quote.source, quote.ts, quote.received, quote.simulated, quote.is_bar,
        panel.session, panel.next_change, _ends(day.low, day.high) if day else None, _ends(panel.low_52w, panel.high_52w),
        day.volume if day else None, held,
    )


def _ends(low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None or high is None else (low, high)


def facts_of(instrument: Instrument, panel: Panel) -> list[tuple[str, str]]:
    """Say what is known of an instrument; what is not known is left out."""
    bars = f"{theme.day(panel.first_bar)} to {theme.day(panel.last_bar)}" if panel.first_bar and panel.last_bar else "none"
    told = [("Class", CLASSES[instrument.asset_class]), ("Sector", instrument.sector), ("Exchange", instrument.exchange), ("ISIN", instrument.isin),
            ("Tags", ", ".join(instrument.tags)), ("Asked of", sources_text(instrument)), ("Daily bars", bars)]
    return [(label, words) for label, words in told if words]


def held_of(services: Services, actor: Actor, symbol: str) -> float | None:
    """Tell how much is held in all portfolios."""
    holdings = services.valuation.holdings(actor, "all").snapshot.holdings
    found = holdings.loc[holdings["symbol"] == symbol, "quantity"]
    return None if found.empty else float(found.iloc[0])


# --------------------------------------------------------------------------------------------------------------------------- chart


def bars_of(told: Candles) -> list[figures_markets.Bar]:
    """Lay out candles; where a source told only the close, the candle is a dash at it."""
    return [_bar(candle) for candle in told.candles]


def _bar(candle: Candle) -> figures_markets.Bar:
    at = f"{candle.at:%Y-%m-%d %H:%M}" if hasattr(candle.at, "hour") else candle.at.isoformat()
    prices = [candle.close if value is None else value for value in (candle.open, candle.high, candle.low)]
    return figures_markets.Bar(at, *prices, candle.close, candle.volume, candle.mark)


def marks_of(told: Candles) -> list[figures_markets.Mark]:
    """Lay out splits and payments."""
    return [figures_markets.Mark(each.date.isoformat(), "S" if each.ratio is not None else "D", _words(each, told.currency)) for each in told.actions]


def _words(action: CorporateAction, currency: str) -> str:
    name, day = KINDS.get(action.kind, action.kind.replace("_", " ").capitalize()), theme.day(action.date)
    if action.ratio is not None:
        return f"{name} {theme.quantity(action.ratio)} for 1, {day}"
    return f"{name} {theme.quantity(action.amount)} {action.currency or currency}, {day}"


def note_of(services: Services, actor: Actor, told: Candles) -> list[Any]:
    """Say what a candle is, and how far its history is fetched while it is."""
    within = told.range in {"1D", "1W"}
    marks = Counter(candle.mark for candle in told.candles)
    repaired = sum(count for mark, count in marks.items() if mark not in {None, "simulated"})
    notes = [f"a candle is {'' if told.every[0].isdigit() else 'a '}{told.every}, {told.currency}", "UTC" if within else "",
             "" if told.adjusted or within else "as traded", f"{repaired} repaired or filled" if repaired else "",
             "simulated" if marks["simulated"] else ""]
    run = services.history.get(actor, told.symbol)
    line = [markets.progress(run.symbol, run.state, run.done, run.of, run.provider)] if run.state in AT_WORK and told.candles else []
    return [html.Span(", ".join(filter(None, notes))), *line]


def no_candles(services: Services, actor: Actor, told: Candles) -> Any:  # noqa: ANN401  # whatever Dash draws
    """Say why there is nothing to draw: the history is on its way, nobody has it, or the range is before the first price."""
    run = services.history.get(actor, told.symbol)
    if run.state in AT_WORK:
        blank = cards.blank("The history is on its way", "Its daily prices are fetched now; the chart comes by itself.")
        return [blank, markets.progress(run.symbol, run.state, run.done, run.of, run.provider)]
    if run.state == "failed":
        return cards.failed("The history could not be fetched", f"{run.error or 'No provider answered.'} It is asked for again by itself.")
    if told.range in {"1D", "1W"}:
        return cards.blank("No price in this range yet", "Prices within the day gather from the feed while it runs; longer ranges show daily closes.")
    words = "No provider has daily prices of it." if run.state == "nobody" else "No provider is asked for its past."
    return cards.blank("No price in this range", f"{words} Prices gather from now on, or import closes by PUT /instruments/{told.symbol}/bars.")


def chart_data(told: Candles, bars: Sequence[figures_markets.Bar], marks: Sequence[figures_markets.Mark], name: str) -> dict[str, Any] | None:
    """Give the figure, and what the browser needs to go on with it: the candles, and how long each is."""
    within = told.range in {"1D", "1W"}
    kept = {"symbol": told.symbol, "currency": told.currency, "range": told.range, "adjusted": told.adjusted, "every": told.every}
    if not bars:
        return {**kept, "figure": None, "bars": [], "label": figures_markets.spoken(bars, name, told.currency)}
    figure = figures_markets.candle_figure(bars, marks, revision=f"{told.symbol} {told.range} {told.adjusted}", within=within)
    return {**kept, "figure": figure, "bars": [list(bar) for bar in bars], "label": figures_markets.spoken(bars, name, told.currency)}


# ----------------------------------------------------------------------------------------------------------------------------- feed


def providers(services: Services, actor: Actor) -> Any:  # noqa: ANN401
    """Tell how providers fare."""
    names = ("name", "state", "left_today", "per_day", "per_minute", "latency_ms", "last_ok_at", "last_error", "last_error_at", "retry_at",
             "failures", "reason", "simulated")
    return markets_feed.providers([_fare(view, names) for view in services.providers.health(actor)])


def _fare(view: ProviderView, names: Sequence[str]) -> markets_feed.Fare:
    line = {"line": view.line.state, "line_since": view.line.since, "line_error": view.line.error} if view.line else {}
    return markets_feed.Fare(offers=", ".join(view.offers), **{name: getattr(view, name) for name in names}, **line)


def doubts(services: Services, actor: Actor) -> Any:  # noqa: ANN401
    """List what waits for a person."""
    return markets_feed.doubts([cards.Doubt(str(each.id), each.symbol, each.price, each.last_price, each.source, each.message)
                                for each in services.market.quarantine(actor)])


def log(services: Services, actor: Actor) -> Any:  # noqa: ANN401
    """List what the feed did."""
    return markets_feed.log([markets_feed.Line(each.at, each.status, each.message, _detail(each.kind, each.detail))
                             for each in read_log(services.database, actor, limit=LINES)])


def _detail(kind: str, detail: Mapping[str, Any]) -> str:
    """Say what a job counted; a price held back has said it all."""
    counted = {name: value for name, value in detail.items() if kind == "job" and name != "pid" and type(value) in {int, float}}
    return ", ".join(f"{name.replace('_', ' ')} {theme.quantity(value)}" for name, value in counted.items())


# ------------------------------------------------------------------------------------------------------------------------- the form


def form_of(instrument: Instrument) -> Any:  # noqa: ANN401
    """Build the form of an instrument that is there."""
    told = {name: str(getattr(instrument, name) or "") for name in FIELDS}
    return _form({**told, "symbol": instrument.symbol, "asset_class": instrument.asset_class.value, "tags": ", ".join(instrument.tags),
                  "sources": sources_text(instrument)}, instrument.version)


def new_form(asked: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Build the form of an instrument that is added by hand, with what a search has found of it."""
    told = {name: str(asked.get(name) or "") for name in (*FIELDS, "symbol", "asset_class")}
    source = f"{asked['provider']}:{asked['symbol']}" if asked.get("provider") else ""
    return _form({**told, "asset_class": told["asset_class"] or "equity", "sources": source}, None)


def _form(fields: Mapping[str, str], version: int | None) -> Any:  # noqa: ANN401
    return markets_feed.form(fields, version=version, classes=[(kind.value, word) for kind, word in CLASSES.items()])


def sources_text(instrument: Instrument) -> str:
    """Write where prices come from as the form takes it."""
    return ", ".join(f"{each.provider}:{each.symbol}" for each in instrument.sources)


def sources_of(text: str) -> list[dict[str, str]]:
    """Read "provider:SYMBOL, provider:SYMBOL".

    Raises
    ------
    InvalidInput
        A part without a colon, or without a word on either side of it.

    Examples
    --------
    >>> sources_of("yahoo:SAP.DE, eodhd:SAP.XETRA")
    [{'provider': 'yahoo', 'symbol': 'SAP.DE'}, {'provider': 'eodhd', 'symbol': 'SAP.XETRA'}]
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    pairs = [part.partition(":") for part in parts]
    wrong = next((part for part, (provider, _, symbol) in zip(parts, pairs, strict=True) if not provider.strip() or not symbol.strip()), None)
    if wrong is not None:
        raise InvalidInput("sources", wrong, "is not a provider and its symbol", hint="Write provider:SYMBOL, as yahoo:SAP.DE", rule="bad_source")
    return [{"provider": provider.strip().lower(), "symbol": symbol.strip()} for provider, _, symbol in pairs]
