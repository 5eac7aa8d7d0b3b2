"""Who made the return: holdings, groups and currencies on the Performance page, in points that add up to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import html

from components import theme
from components.cards import live
from components.performance import Bar, count, percent, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.performance import Effect

SHOWN = 12  # bars before the rest is one line


def contribution_bars(bars: Sequence[Bar], total: float, *, noun: str) -> list[html.Div]:
    """Bars of percentage points, largest first; the rest in one line; the sum is the return."""
    order = sorted(_in_points(bars, total), key=lambda bar: -bar.contribution)
    shown, rest = _ends(order)
    widest = max((abs(bar.contribution) for bar in shown), default=0.0) or 1.0
    rows = [_bar(bar, widest) for bar in shown]
    if rest:
        left = round(sum(bar.contribution for bar in rest), 2)
        rows.append(html.Div([html.Span(f"Other {count(len(rest), noun)}", className="soft"), _points(left, explain=_of_bars(rest, "contribution"))],
                             className="spread rest"))
    return [*rows, html.Div([html.Span("TWR"), _total(total)], className="spread sum")]


def _in_points(bars: Sequence[Bar], total: float) -> list[Bar]:
    points = theme.fitted([bar.contribution * 100 for bar in bars], total * 100)
    return [bar._replace(contribution=point) for bar, point in zip(bars, points, strict=True)]


def _ends(order: Sequence[Bar]) -> tuple[list[Bar], list[Bar]]:
    """Keep the bars that matter, of either sign, in their order."""
    if len(order) <= SHOWN + 1:
        return [*order], []
    kept = {bar.key or bar.name for bar in sorted(order, key=lambda bar: -abs(bar.contribution))[:SHOWN]}
    return [bar for bar in order if (bar.key or bar.name) in kept], [bar for bar in order if (bar.key or bar.name) not in kept]


def _bar(bar: Bar, widest: float) -> html.Div:
    width = f"{100 * abs(bar.contribution) / widest:.1f}"
    sides = [html.Progress(value=width if side else "0", max="100", className=name, **{"aria-hidden": "true"})
             for side, name in ((bar.contribution < 0, "n"), (bar.contribution > 0, "p"))]
    title = f"{bar.label}: return {theme.percent(bar.own)}, weight {theme.share(bar.weight)}"
    name = html.B(bar.name, title=title)
    if bar.key:
        name = html.Button(bar.name, type="button", title=f"{title}. Press to see it alone", **{"data-group": bar.key})
    points = _points(bar.contribution, explain=_of_bars([bar], "contribution"))
    return html.Div([name, html.Span(sides, className="track"), points], className="spread")


def _of_bars(bars: Sequence[Bar], column: str) -> str:
    """Name a figure of a bar, or the sum of several."""
    section, keys = bars[0].part.partition(":")[0] if bars else "", [bar.part.partition(":")[2] for bar in bars]
    return f"{section}.{column}:{','.join(keys)}" if section else ""


def _points(value: float, *, toned: bool = True, explain: str = "") -> html.Span:
    return live(value, form="signed", toned=toned, **({"explain": explain} if explain else {}))


def _total(total: float) -> html.Span:
    return _points(total * 100, toned=False, explain="twr")


def contribution_table(bars: Sequence[Bar], total: float, *, currency: str, head: str) -> html.Table:
    """Give every contribution with weight, own return and profit; the sum is the return."""
    rows = [html.Tr([
        html.Td([html.B(bar.name), *([html.Span(f" {bar.label}", className="dim")] if bar.label != bar.name else [])], className="l"),
        html.Td(live(bar.weight, form="share", explain=_of_bars([bar], "weight")), className="soft"),
        html.Td(percent(bar.own, explain=_of_bars([bar], "return")), className="soft"),
        html.Td(_points(bar.contribution, explain=_of_bars([bar], "contribution"))),
        html.Td(live(bar.pnl, form="whole-signed", explain=_of_bars([bar], "pnl"))),
    ]) for bar in sorted(_in_points(bars, total), key=lambda bar: -bar.contribution)]
    profit = [bar.pnl for bar in bars if bar.pnl is not None and theme.known(bar.pnl)]
    whole = live(sum(profit), form="whole-signed", explain=_of_bars(bars, "pnl"))
    foot = html.Tr([html.Td("TWR", className="l"), html.Td(""), html.Td(""), html.Td(_total(total)), html.Td(whole)])
    return table("Contribution to return", [head, "Weight", "Return", "Points", f"P/L {currency}"], rows, foot=foot)


# ------------------------------------------------------------------------------------------------------------------------ currencies

EFFECTS = ("local", "fx", "cross")


def currency_table(effects: Sequence[Effect], total: float) -> html.Table:
    """Local, currency and cross effect of each currency, in percentage points; the sum is the return."""
    shown = _in_points([Bar("", effect.currency, "", effect.base, None, None, None) for effect in effects], total)
    rows = [html.Tr([
        html.Td(html.B(effect.currency), className="l"),
        html.Td(live(effect.weight, form="share", explain=f"currency.weight:{effect.currency}"), className="soft"),
        *(html.Td(_points(part, explain=f"currency.{name}:{effect.currency}"))
          for name, part in zip(EFFECTS, _parts(effect, bar.contribution), strict=True)),
        html.Td(_points(bar.contribution, explain=f"currency.base:{effect.currency}")),
    ]) for effect, bar in zip(effects, shown, strict=True)]
    sums = [sum(_parts(effect, bar.contribution)[at] for effect, bar in zip(effects, shown, strict=True)) for at in range(3)]
    every = ",".join(effect.currency for effect in effects)
    foot = html.Tr([html.Td("TWR", className="l"), html.Td(""),
                    *(html.Td(_points(part, toned=False, explain=f"currency.{name}:{every}")) for name, part in zip(EFFECTS, sums, strict=True)),
                    html.Td(_total(total))])
    return table("Currency effects", ["Currency", "Weight", "Local", "Currency", "Cross", "Total"], rows, foot=foot)


def _parts(effect: Effect, total: float) -> list[float]:
    """Local, currency and cross effect in points that add up to the row's total as written."""
    return theme.fitted([effect.local * 100, effect.fx * 100, effect.cross * 100], total)
