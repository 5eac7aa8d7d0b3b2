"""The Overview's strip of figures and its tables, from plain rows.

What the stream tells is painted by `assets/live.js` (`data-live`), what follows from it, such as a share or a count, by
`assets/overview.js` (`data-figure`).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from dash import html

from components import quick, theme
from components.cards import age_mark, kpi, live, spark, tag, unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

CASH_SECTOR = "Cash"
DAYS_OF_YEAR = 365
SHOWN = 12  # rows of the short list of holdings


class Row(NamedTuple):
    """A holding, or the cash of one currency, as the Overview shows it. Money is in the base currency of the scope."""

    key: str  # symbol, or "cash:EUR" as in the stream
    symbol: str
    name: str
    sector: str
    currency: str
    price: float | None
    state: str
    age_seconds: float | None
    simulated: bool
    value: float | None
    day_pnl: float | None
    day_return: float | None
    total_pnl: float | None
    on_cost: float | None
    weight: float | None  # percent, as in the stream
    is_cash: bool
    source: str | None = None


class Totals(NamedTuple):
    """Totals of a scope, base currency."""

    currency: str
    value: float | None
    day_pnl: float | None
    day_return: float | None
    total_pnl: float | None
    cash: float | None
    net_contributions: float | None
    income_year: float | None
    market_value: float | None = None
    unrealised: float | None = None
    stale_share: float | None = None  # of the value, fraction

    @property
    def on_cost(self) -> float | None:
        """Total P/L over the cost of what is held and priced, fraction: as the Holdings page counts it."""
        cost = None if self.market_value is None or self.unrealised is None else self.market_value - self.unrealised
        return ratio(self.total_pnl, cost) if cost is not None and cost > 0 else None


# ----------------------------------------------------------------------------------------------------------------------- figures


def kpi_strip(totals: Totals, rows: Sequence[Row]) -> list[html.Div]:
    """Seven figures, each with one line of context."""
    return [
        kpi(
            "Total P/L",
            [live(totals.total_pnl, "total_pnl", "whole-signed", toned=True), unit(totals.currency)],
            [_computed(ratio(totals.total_pnl, totals.net_contributions), "on_contributed", "percent1",
                       explain="on_contributed"), " on contributed"],
        ),
        kpi(
            "Income, 12 months",
            html.Span([live(totals.income_year, form="whole", explain="bridge.income"), unit(totals.currency)], **_year()),
            html.Span([live(ratio(totals.income_year, totals.value), form="share", explain="bridge.income_share"), " of value"], **_year()),
        ),
        kpi(
            "Cash",
            [live(totals.cash, "cash", "whole"), unit(totals.currency)],
            [_computed(ratio(totals.cash, totals.value), "cash_share", "share", explain="cash_share"), " of value"],
        ),
        _largest(rows),
        _up_and_down(rows),
        _currency_split(rows),
        _freshness(rows, totals.stale_share),
    ]


def _year() -> dict[str, str]:
    """Say what a figure of the last twelve months was asked under."""
    return {"data-explain-with": json.dumps({"days_back": DAYS_OF_YEAR})}


def _computed(value: theme.Number, figure: str, form: str, *, toned: bool = False, **data: str) -> html.Span:
    return live(value, None, form, toned=toned, figure=figure, **data)


def ratio(part: float | None, whole: float | None) -> float | None:
    """Divide; None where one is unknown or nothing is divided by."""
    return part / whole if part is not None and whole and theme.known(part) and theme.known(whole) else None


def _largest(rows: Sequence[Row]) -> html.Div:
    held = [row for row in rows if not row.is_cash and theme.known(row.value)]
    if not held:
        return kpi("Largest holding", theme.UNKNOWN, "nothing is held")
    largest = max(held, key=lambda row: abs(row.value or 0))
    return kpi(
        "Largest holding",
        [
            html.Span(largest.symbol, **{"data-figure": "largest"}),
            html.Span(className="gap"),
            _computed(largest.weight, "largest_weight", "weight", explain=f"weight:{largest.key}"),
        ],
        html.Span(largest.name, **{"data-figure": "largest_name"}),
    )


def _up_and_down(rows: Sequence[Row]) -> html.Div:
    tones = [theme.tone(row.day_pnl) for row in rows if not row.is_cash]
    figure = [
        live(tones.count("gain"), "up", "count", explain="up"),
        html.Span("up", className="unit"),
        html.Span(className="gap"),
        live(tones.count("loss"), "down", "count", explain="down"),
        html.Span("down", className="unit"),
    ]
    return kpi("Today", figure, [live(tones.count("flat"), form="count", figure="unchanged", explain="unchanged"), " unchanged"])


def _currency_split(rows: Sequence[Row]) -> html.Div:
    split: dict[str, float] = {}
    for row in rows:
        if row.weight is not None and theme.known(row.weight):
            split[row.currency] = split.get(row.currency, 0.0) + row.weight
    ordered = sorted(split.items(), key=lambda item: -abs(item[1]))
    keys = {code: ",".join(row.key for row in rows if row.currency == code and row.value) for code in split}
    parts = [
        html.Span([html.Em(code), live(share, form="weight0", figure=f"currency:{code}", explain=f"weight:{keys[code]}")])
        for code, share in ordered
        if abs(share) >= 0.5
    ]
    small = len(split) - len(parts)
    rest = [*parts[2:5], *([html.Span(f"{small} more under 1{theme.NARROW}%")] if small else [])]
    figure = html.Span(parts[:2], className="currs") if parts else theme.UNKNOWN
    return kpi("Currencies", figure, html.Span(rest, className="currs") if rest else "of holdings and cash")


def _freshness(rows: Sequence[Row], stale_share: float | None) -> html.Div:
    priced = [row for row in rows if not row.is_cash]
    counts = {state: sum(row.state == state for row in priced) for state in ("live", "delayed", "stale", "closed", "missing")}
    context = [
        part
        for state in ("delayed", "stale", "closed", "missing")
        for part in (
            html.Span(
                [live(counts[state], form="count", figure=f"state:{state}"), f" {state}",
                 *([", ", live(stale_share, "stale_share", "share"), " of value"] if state == "stale" else [])],
                className="state",
                **{"data-none": str(not counts[state]).lower()},
            ),
        )
    ]
    return kpi(
        "Prices",
        [live(counts["live"], form="count", figure="state:live"), html.Span(f"of {len(priced)} live", className="unit")],
        [*context, html.Span("all fresh" if priced else "nothing is held", className="state", **{"data-all": ""})],
    )


# ------------------------------------------------------------------------------------------------------------------------- holdings


def holdings_table(rows: Sequence[Row], totals: Totals, sparks: dict[str, Sequence[float]]) -> html.Table:
    """List the largest holdings, what is left, cash, and the total; the whole list has its own page."""
    held = sorted((row for row in rows if not row.is_cash), key=lambda row: -abs(row.value or 0))
    cash = [row for row in rows if row.is_cash]
    shown, rest = (held, []) if len(held) <= SHOWN + 2 else (held[:SHOWN], held[SHOWN:])
    widest = max((abs(row.weight or 0) for row in held), default=0.0)
    body = [_holding(row, sparks.get(row.symbol, ()), widest) for row in shown]
    if rest:
        body.append(_sum_row(f"Other {len(rest)} holdings", rest))
    if cash:
        body.append(_sum_row("Cash", cash, note=" ".join(sorted({row.currency for row in cash}))))
    return html.Table(
        [html.Caption("Largest holdings", className="sr"), _holdings_head(), html.Tbody(body), html.Tfoot(_total_row(totals, rows))],
        className="grid-t holdings",
    )


def _holdings_head() -> html.Thead:
    names = [
        ("Instrument", "l s"),
        ("30 d", "s"),
        ("Price", ""),
        ("Day", ""),
        ("Day P/L", ""),
        ("Value", "s"),
        ("Total P/L", ""),
        ("On cost", ""),
        ("Weight", ""),
    ]
    return html.Thead(
        html.Tr(
            [html.Th(name, className=classes, scope="col", **({"aria-sort": "descending"} if name == "Value" else {})) for name, classes in names]
        )
    )


def _holding(row: Row, line: Sequence[float], widest: float) -> html.Tr:
    age = ", ".join(filter(None, [row.state.capitalize(), f"{theme.age(row.age_seconds)} old", row.source and f"from {row.source}",
                                  "simulated" if row.simulated and row.source != "simulated" else ""]))

    def cell(field: str, value: theme.Number, form: str = "money", **look: object) -> html.Span:
        return live(value, f"holdings.{row.key}.{field}", form, **look)

    price = [cell("price", row.price, "price", flash=""), unit(row.currency), age_mark(row.state, age)]
    width = 100 * abs(row.weight or 0) / widest if widest else 0
    return quick.Tr(
        [
            quick.Td(
                html.A(
                    [html.B(row.symbol), quick.Span(row.name)],
                    href=f"/holdings?symbol={row.symbol}",
                    className="inst",
                    **{"data-symbol-link": row.symbol},
                ),
                className="l s",
            ),
            quick.Td(spark(line), className="s"),
            quick.Td(price if theme.known(row.price) else [theme.UNKNOWN, unit(row.currency), tag("no price", "warn")]),
            quick.Td(cell("day_return", row.day_return, "percent", className="soft")),
            quick.Td(cell("day_pnl", row.day_pnl, "signed", toned=True)),
            quick.Td(
                [cell("market_value", row.value), quick.Span(cell("day_return", row.day_return, "percent", toned=True), className="under")],
                className="s",
            ),
            quick.Td(cell("total_pnl", row.total_pnl, "signed", toned=True)),
            quick.Td(cell("on_cost", row.on_cost, "percent1", className="soft")),
            quick.Td(
                quick.Span(
                    [html.Progress(value=f"{width:.1f}", max="100", **{"aria-hidden": "true"}), cell("weight", row.weight, "weight")],
                    className="wbar",
                )
            ),
        ],
        **{"data-symbol": row.key, "data-state": row.state},
    )


def _sum_row(label: str, rows: Sequence[Row], *, note: str = "") -> html.Tr:
    day, value, total, weight = (_sum(getattr(row, name) for row in rows) for name in ("day_pnl", "value", "total_pnl", "weight"))
    is_cash, keys = rows[0].is_cash, ",".join(row.key for row in rows)
    return quick.Tr(
        [
            quick.Td([label, quick.Span(f" {note}", className="dim")], className="l s"),
            quick.Td(className="s"),
            quick.Td(),
            quick.Td(),
            quick.Td(live(day, form="signed", toned=True, sum="day_pnl", explain=f"day_pnl:{keys}")),
            quick.Td(live(value, sum="market_value", explain=f"{'value' if is_cash and len(rows) == 1 else 'market_value'}:{keys}"), className="s"),
            quick.Td("" if is_cash else live(total, form="signed", toned=True, sum="total_pnl", explain=f"total_pnl:{keys}")),
            quick.Td(),
            quick.Td(live(weight, form="weight", sum="weight", explain=f"weight:{keys}")),
        ],
        className="group",
        **{"data-members": " ".join(row.key for row in rows)},
    )


def _sum(values: Iterable[float | None]) -> float:
    return sum(value for value in values if value is not None and theme.known(value))


def _total_row(totals: Totals, rows: Sequence[Row]) -> html.Tr:
    count, keys = sum(not row.is_cash for row in rows), ",".join(row.key for row in rows)
    return quick.Tr(
        [
            quick.Td(["Total ", quick.Span(f"{count} holdings" if count != 1 else "1 holding", className="dim")], className="l s"),
            quick.Td(className="s"),
            quick.Td(),
            quick.Td(live(totals.day_return, "day_return", "percent", className="soft")),
            quick.Td(live(totals.day_pnl, "day_pnl", "signed", toned=True)),
            quick.Td(live(totals.value, "value"), className="s"),
            quick.Td(live(totals.total_pnl, "total_pnl", "signed", toned=True)),
            quick.Td(_computed(totals.on_cost, "on_cost_all", "percent1", explain="on_cost")),
            quick.Td(live(100 if totals.value else None, form="weight", explain=f"weight:{keys}")),
        ],
    )


# --------------------------------------------------------------------------------------------------------------- history as a table


def _of_day(day: date, figure: str) -> dict[str, str]:
    """Name a figure of a day; of an instant within one there is none."""
    return {} if isinstance(day, datetime) else {"explain": f"series.{figure}:{day.isoformat()}"}


def history_table(days: Sequence[date], value: Sequence[float], contributed: Sequence[float], currency: str) -> html.Table:
    """Rows behind the growth chart, newest first."""
    head = html.Thead(html.Tr([html.Th("Date", className="l"), html.Th(f"Value, {currency}"), html.Th("Contributed"), html.Th("Difference")]))
    rows = [
        quick.Tr(
            [
                quick.Td(theme.day(day), className="l"),
                quick.Td(live(now, **_of_day(day, "value"))),
                quick.Td(live(paid, **_of_day(day, "net_contributions"))),
                quick.Td(live(now - paid, form="signed", toned=True, **_of_day(day, "gain"))),
            ]
        )
        for day, now, paid in reversed(list(zip(days, value, contributed, strict=True)))
    ]
    return html.Table([html.Caption("Value and net contributions", className="sr"), head, html.Tbody(rows)], className="grid-t")
