"""The Markets page's pieces: hits of a search, rows of a watchlist, the head of the chart, the panel of a price, its candles as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dash import html

from components import cards, theme
from components.cards import live, tag
from components.controls import button, tool
from components.icons import Icon
from components.tables import small_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from components.figures_markets import Bar

SESSIONS = {"open": ("Open", "ok", "closes"), "pre": ("Before the opening", "", "opens"), "post": ("After the close", "", "opens"),
            "closed": ("Closed", "", "opens")}


class Hit(NamedTuple):
    """One line of a search. `provider`: None for an instrument that is known."""

    symbol: str
    name: str
    currency: str | None
    exchange: str | None
    asset_class: str
    provider: str | None
    isin: str | None


class Watched(NamedTuple):
    """One row of a watchlist."""

    symbol: str
    name: str
    currency: str
    price: float | None
    previous: float | None
    change: float | None  # fraction of the previous close
    state: str
    age_seconds: float | None
    line: Sequence[float]


class Choice(NamedTuple):
    """A watchlist to choose, and what is in it."""

    id: str
    name: str
    version: int
    symbols: Sequence[str] = ()

    @property
    def told(self) -> dict[str, str]:
        """Attributes that a press needs to change it."""
        return {"data-list": self.id, "data-version": str(self.version), "data-name": self.name, "data-symbols": ",".join(self.symbols)}


class Price(NamedTuple):
    """What the panel tells of a price."""

    symbol: str
    name: str
    currency: str
    facts: Sequence[tuple[str, str]]  # what is known of the instrument: label and words
    price: float | None
    previous: float | None
    change: float | None
    change_fraction: float | None
    state: str
    age_seconds: float | None
    source: str | None
    ts: datetime | None
    received: datetime | None
    simulated: bool
    is_bar: bool
    session: str
    next_change: datetime
    day: tuple[float, float] | None  # lowest, highest
    year: tuple[float, float] | None
    volume: float | None
    held: float | None


# -------------------------------------------------------------------------------------------------------------------------- search


def results(text: str, known: Sequence[Hit], listings: Sequence[Hit], missed: Sequence[tuple[str, str]]) -> list[Any]:
    """Build the hits of a search: known instruments first, then what providers offer; who gave no answer is told below."""
    parts: list[Any] = []
    if known:
        parts += [html.H3("Known here", className="caps"), _hits(known)]
    if listings:
        parts += [html.H3("At providers", className="caps"), _hits(listings)]
    if not parts:
        parts.append(_nothing(text))
    return [*parts, *[html.P([html.B(name), f" {reason}"], className="dim missed") for name, reason in missed]]


def _hits(hits: Sequence[Hit]) -> html.Div:
    return html.Div([_hit(hit) for hit in hits], className="hits", role="group")


def _hit(hit: Hit) -> html.Button:
    where = " · ".join(filter(None, [hit.exchange, hit.currency, hit.asset_class, hit.provider]))
    words = [html.B(hit.symbol), html.Span(hit.name, className="name"), html.Span(where, className="dim")]
    add = [] if hit.provider is None else [html.Span("Add", className="add-word")]
    return html.Button([*words, *add], type="button", className="hit", role="option", tabIndex="-1", **_deed(hit))


def _deed(hit: Hit) -> dict[str, str]:
    """Say what a press does: an offer whose currency nobody told is added by hand, because a guess would be a wrong value."""
    if hit.provider is None:
        return {"data-markets": "open", "data-symbol": hit.symbol}
    return {"data-markets": "add" if hit.currency else "by-hand", "data-symbol": hit.symbol, "data-provider": hit.provider, "data-name": hit.name,
            "data-currency": hit.currency or "", "data-exchange": hit.exchange or "", "data-class": hit.asset_class, "data-isin": hit.isin or ""}


def _nothing(text: str) -> html.Div:
    return cards.blank("Nothing found", "No instrument here, and no provider that answered, knows this text.",
                       button(f"Add {text.upper()} by hand", **{"data-markets": "by-hand", "data-symbol": text.upper()}))


# ---------------------------------------------------------------------------------------------------------------------- watchlists


def watchlists(choices: Sequence[Choice], chosen: Choice | None, rows: Sequence[Watched]) -> list[Any]:
    """Build the chosen list with what is done to it.

    Parameters
    ----------
    choices : sequence of Choice
        Every list, oldest first.
    chosen : Choice, optional
        None: all instruments are shown.
    rows : sequence of Watched
    """
    names = [("", "All instruments"), *((each.id, each.name) for each in choices)]
    options = [html.Option(name, value=key) for key, name in names]
    pick = html.Select(options, className="input", **{"data-markets-list": "", "aria-label": "Watchlist"})
    acts = [tool(Icon.PLUS, "New watchlist", **{"data-markets": "list-new"})]
    if chosen:
        acts += [tool(Icon.EDIT, f"Rename {chosen.name}", **{"data-markets": "list-rename"}),
                 tool(Icon.CLOSE, f"Remove {chosen.name}", **{"data-markets": "list-remove"})]
    told = chosen.told if chosen else {"data-list": "", "data-version": "", "data-name": "", "data-symbols": ",".join(row.symbol for row in rows)}
    body = _watched(rows, chosen) if rows else _unwatched(chosen)
    return [html.Div([pick, *acts], className="list-head"), html.Div(body, className="watch-rows", **told)]


def _unwatched(chosen: Choice | None) -> html.Div:
    if chosen:
        return cards.blank(f"{chosen.name} is empty", "Open an instrument and press Watch: it stands here then.")
    return cards.blank("No instrument yet", "Search above: what you add stands here.")


def _watched(rows: Sequence[Watched], chosen: Choice | None) -> html.Ul:
    return html.Ul([_row(row, chosen) for row in rows], className="watch")


def _row(row: Watched, chosen: Choice | None) -> html.Li:
    tone = theme.tone(row.change, decimals=4)
    change = html.Span(theme.percent(row.change), className=f"num {tone}", **_moved(row.symbol, row.previous, "fraction"))
    name = html.Span([html.B(row.symbol), html.Span(row.name, className="dim")], className="words-of")
    mark = html.I(className="age", title=f"{row.state}, {theme.age(row.age_seconds)}", **{"data-state": row.state, "data-mark": row.symbol})
    figures = html.Span([html.Span([_painted(row.symbol, row.price, "price"), mark], className="now"), change], className="figures")
    opens = html.Button([name, cards.spark(row.line), figures], type="button", className="row-of",
                        title="Alt and arrows move it" if chosen else row.name, **{"data-markets": "open", "data-symbol": row.symbol})
    return html.Li([opens, *([_off(row.symbol, chosen)] if chosen else [])])


def _off(symbol: str, chosen: Choice) -> html.Button:
    return tool(Icon.CLOSE, f"Take {symbol} off the list", className="off", **{"data-markets": "unwatch", "data-symbol": symbol, **chosen.told})


def _moved(symbol: str, previous: float | None, kind: str) -> dict[str, str]:
    """Attributes of a change that follows the stream: of whom, since which close, as an amount or a fraction."""
    return {"data-change": symbol, "data-previous": "" if previous is None else repr(float(previous)), "data-kind": kind}


def _painted(symbol: str, price: float | None, kind: str) -> html.Span:
    """Show a price that the stream repaints."""
    told = {"data-live": f"quotes.{symbol}.price", "data-format": "price", "data-flash": "", "data-v": "" if price is None else repr(float(price))}
    return html.Span(theme.price(price), className=f"num {kind}", **told)


# --------------------------------------------------------------------------------------------------------------------------- price


def title(price: Price, target: Choice | None) -> list[Any]:
    """Build the head of the chart: name, price, change, and what can be done.

    Parameters
    ----------
    price : Price
    target : Choice, optional
        The list that Watch adds to, or takes off from; None: there is none yet, and one is made.
    """
    amount = live(price.change, None, "signed", toned=True, **_plain(_moved(price.symbol, price.previous, "amount")))
    fraction = live(price.change_fraction, None, "percent", toned=True, **_plain(_moved(price.symbol, price.previous, "fraction")))
    edit = button("Edit", name=Icon.EDIT, look="quiet", **{"data-markets": "edit", "data-symbol": price.symbol})
    name = html.H2([price.symbol, html.Span(price.name, className="name")])
    return [
        html.Div([name, html.Span(className="grow"), _watch(price.symbol, target), edit], className="head"),
        html.Div([_painted(price.symbol, price.price, "figure"), cards.unit(price.currency), html.Span([amount, fraction], className="change"),
                  html.Span(className="grow"), _session(price)], className="now-of"),
    ]


def _plain(attributes: Mapping[str, str]) -> dict[str, object]:
    return {key.removeprefix("data-"): text for key, text in attributes.items()}


def _watch(symbol: str, target: Choice | None) -> html.Button:
    told = target.told if target else {}
    if target and symbol in target.symbols:
        return button(f"In {target.name}", name=Icon.CHECK, look="quiet", title=f"Take {symbol} off {target.name}", **told,
                      **{"data-markets": "unwatch", "data-symbol": symbol, "aria-pressed": "true"})
    return button("Watch", name=Icon.PLUS, look="quiet", title=f"Add {symbol} to {target.name if target else 'a new watchlist'}", **told,
                  **{"data-markets": "watch", "data-symbol": symbol, "aria-pressed": "false"})


def _session(price: Price) -> html.Span:
    word, kind, change = SESSIONS[price.session]
    return html.Span([tag(word, kind), html.Span(f"{change} {price.next_change:%a %H:%M} UTC", className="dim")], className="session")


def panel(price: Price) -> list[Any]:
    """Build the facts of a price: where it is from, of when it is, when it came, how old it is; `assets/markets.js` keeps them in step."""
    simulated = [tag("simulated", "brass")] if price.simulated else []
    kept = [
        ("State", [html.Span([cards.age_mark(price.state, price.state), html.Span(price.state)], **{"data-fact": "state"}), *simulated]),
        ("Source", [html.Span(price.source or theme.UNKNOWN, **{"data-fact": "source"})]),
        ("Price of", [html.Span(_of(price), className="num", **{"data-fact": "ts"})]),
        ("Received", [html.Span(theme.instant(price.received), className="num", **{"data-fact": "received"})]),
        ("Age", [html.Span(theme.age(price.age_seconds), className="num", **{"data-fact": "age"})]),
        ("Previous close", [html.Span(theme.price(price.previous), className="num")]),
        ("Volume today", [html.Span(theme.number(price.volume, decimals=0), className="num")]),
        ("Held", [html.Span(theme.quantity(price.held) if price.held else "none", className="num")]),
        *[(label, [words]) for label, words in price.facts],
    ]
    facts = [part for label, words in kept for part in (html.Dt(label), html.Dd(words))]
    return [_span("Day", price.day, price.price), _span("52 weeks", price.year, price.price), html.Dl(facts, className="kv")]


def _of(price: Price) -> str:
    return f"the close of {theme.day(price.ts.date())}" if price.is_bar and price.ts else theme.instant(price.ts)


def _span(label: str, ends: tuple[float, float] | None, price: float | None) -> html.Div:
    """Lay a price between its lowest and its highest."""
    if ends is None or price is None:
        return html.Div([html.Span(label, className="soft"), html.Span("no price yet", className="dim")], className="between")
    low, high = min(ends[0], price), max(ends[1], price)
    share = 1.0 if high == low else (price - low) / (high - low)
    meter = html.Meter(min="0", max="1", value=f"{share:.4f}", title=f"{theme.share(share)} of the way from lowest to highest")
    ends_of = [html.Span(theme.price(value), className="num") for value in (low, high)]
    return html.Div([html.Span(label, className="soft"), ends_of[0], meter, ends_of[1]], className="between")


def candle_table(bars: Sequence[Bar], most: int = 60) -> html.Div:
    """List the newest candles: what the chart shows, for those who read."""
    rows = [html.Tr([html.Td(bar.at, className="l"), *[html.Td(theme.price(value)) for value in (bar.open, bar.high, bar.low, bar.close)],
                     html.Td(theme.compact(bar.volume))]) for bar in reversed(bars[-most:])]
    return small_table(["Begins", "Open", "High", "Low", "Close", "Volume"], rows)


def progress(symbol: str, state: str, done: int, of: int, provider: str | None) -> html.Div:
    """Tell how far a history is fetched; `assets/markets.js` asks every two seconds until it is there."""
    words = f"{theme.number(done, decimals=0)} of {theme.number(of, decimals=0)} days from {provider}" if of else "The history is asked for"
    bar = html.Progress(max=str(of or 1), **({"value": str(done)} if of else {}), **{"aria-label": "History"})
    return html.Div([bar, html.Span(words, className="dim")], className="backfill", role="status", **{"data-history": symbol, "data-state": state})


def done(sentence: str, back: Mapping[str, str] | None) -> list[Any]:
    """Build the line that says what was done, with the way to take it back. `back`: attributes of its button."""
    undo = [button("Undo", look="quiet", **back)] if back else []
    return [html.Span(sentence), *undo, html.Span(className="grow"), button("Close", look="quiet", **{"data-markets": "close"})]
