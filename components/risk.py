"""What the Risk page says in words and tables, from plain rows. No arithmetic but the rounding of what must add up."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from dash import html

from components import risk_panels as panels
from components import theme
from components.cards import kpi, live, unit
from components.performance import table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

TABS = (("", "Overview"), ("drawdowns", "Drawdowns"), ("var", "Value at risk"), ("rolling", "Rolling"), ("distribution", "Distribution"),
        ("correlation", "Correlation"), ("concentration", "Concentration"), ("stress", "Stress"), ("certainty", "Certainty"),
        ("figures", "All figures"), ("portfolios", "Every portfolio"))
LEVELS = (("0.9", "90\u202f%"), ("", "95\u202f%"), ("0.99", "99\u202f%"))
METHODS = (("historical", "Historical"), ("age_weighted", "Age-weighted"), ("normal", "Normal"), ("student_t", "Student-t"),
           ("cornish_fisher", "Cornish-Fisher"), ("ewma", "EWMA"), ("garch", "GARCH"), ("filtered_historical", "Filtered historical"),
           ("evt", "Peaks over threshold"), ("conditional_evt", "Filtered peaks over threshold"), ("monte_carlo_normal", "Monte Carlo, normal"),
           ("t_copula", "Monte Carlo, t copula"), ("block_bootstrap", "Block bootstrap"))
METHOD_NAMES = dict(METHODS)
FORMS = {"fraction": "percent", "ratio": "money", "number": "money", "statistic": "money", "p_value": "p", "periods": "count", "days": "count"}
SCORE_WORDS = ("very low", "low", "medium low", "medium", "medium high", "high", "very high")
MOST_BARS = 14
MOST_FALLS = 16
NOWHERE = "-"  # a figure that nothing explains
LEAST_SHOWN = 0.005  # of a ratio with two decimals
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Figure(NamedTuple):
    """One figure as the strip shows it. `value` None: unknown, and `context` says why."""

    label: str
    value: float | None
    form: str  # of components.theme.FORMATS
    unit: str
    context: object
    explain: str = ""
    path: str = ""  # in the stream
    missing: int = 0  # observations that it lacks: greyed
    title: str = ""
    sure: str = ""  # the interval that it lies in


class Fall(NamedTuple):
    """One drawdown: from its peak to its valley and back."""

    depth: float
    peak: date
    valley: date
    recovery: date | None  # None: it lasts
    days: int  # calendar days under water
    to_valley: int
    to_recovery: int | None


class Row(NamedTuple):
    """One figure of the whole sheet."""

    name: str
    label: str
    group: str
    unit: str  # as the catalogue names it
    value: float | None
    meaning: str
    source: str
    missing: int
    gap: str  # why there is none
    explain: str = ""  # what it is explained under; "-": nowhere


# ------------------------------------------------------------------------------------------------------------------------- the strip


def kpi_strip(figures: Sequence[Figure]) -> list[html.Div]:
    """Headline figures, each with one line of context; one that rests on too few days is grey and says how many are missing."""
    return [_kpi(figure) for figure in figures]


def _kpi(figure: Figure) -> html.Div:
    known = figure.value is not None and theme.known(figure.value)
    attributes = {"explain": figure.explain} if figure.explain else {}
    number = [live(figure.value, figure.path or None, figure.form, **attributes), unit(figure.unit)] if known else theme.UNKNOWN
    context = f"{days(figure.missing)} missing to say something" if figure.missing and known else figure.context
    shown = kpi(figure.label, number, context)
    sure = [html.Span("likely ", className="dim"), figure.sure] if figure.sure else ""
    shown.children.append(html.Dd(sure, className="sub sure", title="Interval of 95\u202f% by drawing the history anew"))
    shown.className = "kpi" + (" is-thin" if figure.missing else "")
    shown.title = figure.title or None
    return shown


def score(value: float | None, context: object, *, title: str = "") -> html.Div:
    """Show the risk score of 1 to 7 with its scale."""
    if value is None or not theme.known(value):
        return kpi("Risk score", theme.UNKNOWN, context)
    steps = html.Span([html.I(className="on" if step <= value else "") for step in range(1, 8)], className="scale7", **{"aria-hidden": "true"})
    number = [html.Span(theme.number(value, decimals=0), className="num", **{"data-explain": "risk.today.risk_score"}), unit("of 7"), steps]
    shown = kpi("Risk score", number, context)
    shown.title = title or None
    return shown


def days(count: int) -> str:
    """Write a number of days."""
    return f"{theme.number(count, decimals=0)} {'day' if count == 1 else 'days'}"


# ------------------------------------------------------------------------------------------------------------------------- drawdowns


def drawdown_table(falls: Sequence[Fall], *, most: int = MOST_FALLS) -> html.Table:
    """List drawdowns, deepest first, with how long each took down and up."""
    rows = [html.Tr([
        html.Td(str(place), className="l soft"),
        html.Td(_of_fall(theme.percent(fall.depth), "drawdown", fall)),
        html.Td(theme.day(fall.peak)),
        html.Td(theme.day(fall.valley)),
        html.Td(theme.day(fall.recovery) if fall.recovery else html.Span("not yet", className="tag warn")),
        html.Td(_of_fall(theme.number(fall.to_valley, decimals=0), "time_to_valley", fall), className="soft"),
        html.Td(theme.UNKNOWN if fall.to_recovery is None else _of_fall(theme.number(fall.to_recovery, decimals=0), "time_to_recover", fall),
                className="soft", title="It is not recovered yet" if fall.to_recovery is None else None),
        html.Td(_of_fall(theme.number(fall.days, decimals=0), "length", fall)),
    ]) for place, fall in enumerate(falls[:most], start=1)]
    return table("Drawdowns, deepest first", ["#", "Depth", "Peak", "Valley", "Recovered", "Down, days", "Up, days", "Length, days"], rows)


def _of_fall(text: str, name: str, fall: Fall) -> html.Span:
    return asked(text, f"risk.drawdown.{name}:{fall.peak.isoformat()}")


def asked(text: str, figure: str) -> html.Span:
    """Write a number that says how it comes about when it is pressed."""
    return html.Span(text, className="num", **({} if figure == NOWHERE else {"data-explain": figure}))


# ------------------------------------------------------------------------------------------------------------------------ all figures


def figures_table(rows: Sequence[Row]) -> html.Div:
    """Every figure of the catalogue under the headline of its group, with what it means and who defined it; `assets/risk.js` draws it.

    Two hundred rows are two thousand elements, too many to keep in the screen's own tree beside a live stream.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(_told_row(row))
    told = [{"name": group, "rows": found} for group, found in groups.items()]
    return html.Div(className="figures-told", **{"data-figures": json.dumps(told)})


def _told_row(row: Row) -> dict[str, Any]:
    note = row.gap or (f"{days(row.missing)} missing" if row.missing else "")
    return {"name": row.name, "label": row.label, "text": value_text(row.value, row.unit), "unit": unit_text(row.unit), "meaning": row.meaning,
            "note": note, "source": row.source, "explain": row.explain or f"risk.{row.name}",
            "thin": bool(row.missing), "words": f"{row.label} {row.name} {row.group} {row.meaning} {row.source}".lower()}


def value_text(value: float | None, of: str) -> str:
    """Write a figure in the unit that the catalogue names."""
    if value is None or not theme.known(value):
        return theme.UNKNOWN
    if of == "p_value":
        return p_text(value)
    if of == "fraction":
        return theme.percent(value, signed=False)
    if of in {"periods", "days"}:
        return theme.number(value, decimals=0 if value == round(value) else 1)
    if of == "number" and value == round(value):
        return theme.number(value, decimals=0)
    return tiny(value) if 0 < abs(value) < LEAST_SHOWN else theme.number(value, decimals=2)


def tiny(value: float) -> str:
    """Write what two decimals would make nothing of: 4.6 × 10⁻⁸."""
    power = math.floor(math.log10(abs(value)))
    return f"{theme.number(value / 10 ** power, decimals=1)}{theme.NARROW}×{theme.NARROW}10{str(power).translate(RAISED)}"


def unit_text(of: str) -> str:
    """Name the unit that stands after a count; a return is of a trading day."""
    return {"periods": " trading days", "days": " days"}.get(of, "")


def p_text(value: float | None) -> str:
    """Write a p-value with three decimals, below the least of them as less than it."""
    if value is None or not theme.known(value):
        return theme.UNKNOWN
    return "<\u202f0.001" if value < 0.001 else theme.number(value, decimals=3)


def group_panel(rows: Sequence[Row], groups: Sequence[str], title: str, *, span: str) -> html.Section:
    """List the figures of some groups of the catalogue, each under its headline where there are several."""
    lines: list[html.Tr] = []
    for group in groups:
        found = [row for row in rows if row.group == group]
        lines += [html.Tr(html.Td(group, className="l caps", colSpan="2"), className="part")] if found and len(groups) > 1 else []
        lines += [html.Tr([html.Td(row.label, className="l", title=row.meaning),
                           html.Td(_told_value(row))],
                          className="is-thin" if row.missing else "", title=row.gap or _lacking(row)) for row in found]
    return panels.plain_panel(title, table(title, ["Figure", "Value"], lines, classes="dense"), span=span)


def _lacking(row: Row) -> str | None:
    return f"{days(row.missing)} missing to say something" if row.missing else None


def _explains(row: Row) -> str:
    return row.explain or f"risk.{row.name}"


def _told_value(row: Row) -> list[object]:
    """Write a figure with its unit; what rests on too few days says how many are missing."""
    if row.missing:
        return [html.Span(f"{days(row.missing)} missing", className="lacks"), " ", asked(value_text(row.value, row.unit), _explains(row))]
    known = row.value is not None and theme.known(row.value)
    return [asked(value_text(row.value, row.unit), _explains(row)), *([unit(unit_text(row.unit))] if known and unit_text(row.unit) else [])]


# ----------------------------------------------------------------------------------------------------------------------- contributions


class Share(NamedTuple):
    """What a holding adds to the risk, beside its weight; fractions."""

    name: str
    label: str
    risk: float
    weight: float
    explain: tuple[str, str] = ("", "")  # of the share of risk and of the weight


def share_bars(shares: Sequence[Share], *, noun: str = "holdings", most: int = MOST_BARS) -> list[html.Div]:
    """Bars of the share of risk over the bar of the weight, largest first; the rest and cash in one line."""
    order = sorted(shares, key=lambda share: -share.risk)
    shown, rest = (order, []) if len(order) <= most + 1 else (order[:most], order[most:])
    risks, weights = _tenths([share.risk for share in order]), _tenths([share.weight for share in order])
    widest = max([abs(share.risk) for share in shown] + [abs(share.weight) for share in shown], default=0.0) or 1.0
    head = html.Div([html.Span(), html.Span(), html.Span("Risk", className="dim"), html.Span("Weight", className="dim")], className="share head")
    rows = [html.Div([html.B(share.name, title=share.label), _pair(share, widest), _tenth(risk, share.explain[0]),
                      _tenth(weight, share.explain[1], soft=True)], className="share")
            for share, risk, weight in zip(shown, risks, weights, strict=False)]
    if rest:
        rows.append(html.Div([html.Span(f"Other {len(rest)} {noun}", className="soft"), html.Span(),
                              html.Span(theme.number(sum(risks[len(shown):]), decimals=1), className="num"),
                              html.Span(theme.number(sum(weights[len(shown):]), decimals=1), className="num soft")],
                             className="share rest", title="The sum of those that are not shown"))
    return [head, *rows]


def _tenth(value: float, explain: str, *, soft: bool = False) -> html.Span:
    told = {"data-explain": explain} if explain else {}
    return html.Span(theme.number(value, decimals=1), className="num soft" if soft else "num", **told)


def _tenths(values: Sequence[float]) -> list[float]:
    points = [value * 100 for value in values]
    return theme.fitted(points, sum(points), decimals=1)


def _pair(share: Share, widest: float) -> html.Span:
    bars = [html.Progress(value=f"{100 * max(value, 0.0) / widest:.1f}", max="100", className=look, **{"aria-hidden": "true"})
            for value, look in ((share.risk, "mine"), (share.weight, "bench"))]
    return html.Span(bars, className="pair-bars")


# ------------------------------------------------------------------------------------------------------------------------ correlation


def matrix_table(names: Sequence[str], cells: Sequence[Sequence[float | None]], *, many: bool, measure: str = "pearson") -> html.Table:
    """Lower half of a symmetric matrix of correlations, tinted: brass for positive, blue for negative; of many, numbers on hover."""
    rows = [html.Tr([html.Th(name, scope="row"), *(_cell(names, cells, row, column, measure) for column in range(row + 1)),
                     *(html.Td() for _ in range(row + 1, len(names)))]) for row, name in enumerate(names)]
    foot = html.Tr([html.Th(html.Span("Against", className="sr")), *(html.Th(html.Span(name), scope="col") for name in names)])
    caption = html.Caption("Correlation of each pair", className="sr")
    return html.Table([caption, html.Tbody(rows), html.Tfoot(foot)], className="matrix many" if many else "matrix")


def _cell(names: Sequence[str], cells: Sequence[Sequence[float | None]], row: int, column: int, measure: str) -> html.Td:
    value = cells[row][column]
    if row == column:
        return html.Td(className="same", title=f"{names[row]} with itself: 1")
    if value is None or not theme.known(value):
        return html.Td(className="cell none", title=f"{names[row]} and {names[column]}: too few days in common")
    step = round(abs(value) * 20)
    text = theme.number(value, decimals=2)
    return html.Td(html.Span(text), className="cell", title=f"{names[row]} and {names[column]}: {text}",
                   **{"data-step": str(-step if value < 0 else step), "data-explain": f"risk.correlation.{measure}:{names[row]} {names[column]}"})


def scale_legend() -> html.Div:
    """Say what the tints of the matrix mean."""
    steps = [html.Span([html.I(**{"data-step": str(step)}), theme.number(step / 20, decimals=2)]) for step in (-10, -5, 0, 5, 10, 15, 20)]
    return html.Div(steps, className="legend tints", **{"aria-hidden": "true"})
