"""What the Factors tab says in tables: loadings with their errors, what each factor earned and risked, and how factors move together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dash import html

from components import theme
from components.benchmark import figure_text
from components.cards import live
from components.performance import table

if TYPE_CHECKING:
    from collections.abc import Sequence

PEARSON = "Pearson\u2019s, of the returns of both factors over the window; GET /api/v1/portfolios/{id}/factors has every pair"
SUMS = "The sum of the rows above"
SURE = 0.05  # a p-value under it: told from zero


class Loading(NamedTuple):
    """One coefficient of the regression: a factor's loading, or alpha of a period."""

    factor: str
    label: str
    value: float | None
    error: float | None
    t: float | None
    p: float | None
    low: float | None
    high: float | None


class Share(NamedTuple):
    """What a factor did to the return and the risk. Fractions; volatility is a year's."""

    factor: str
    label: str
    loading: float | None
    factor_return: float | None
    contribution: float | None
    volatility: float | None
    risk_share: float | None


class Source(NamedTuple):
    """Where factors come from."""

    key: str
    name: str
    note: str
    chosen: bool


def loadings_table(loadings: Sequence[Loading], *, level: float) -> html.Table:
    """List loadings with error, t, p and interval; those that are not told from zero are grey."""
    rows = [html.Tr([
        html.Td(_name(row), className="l"),
        html.Td(_coefficient(row, row.value, explain=f"factors.loading:{row.factor}")),
        html.Td(_coefficient(row, row.error, explain=f"factors.standard_error:{row.factor}"), className="soft"),
        html.Td(_told(theme.number(row.t), f"factors.t_statistic:{row.factor}"), className="soft"),
        html.Td(_told(figure_text(row.p, "p_value"), f"factors.p_value:{row.factor}"), className=_surety(row)),
        html.Td([_coefficient(row, row.low, explain=f"factors.low:{row.factor}"), " to ",
                 _coefficient(row, row.high, explain=f"factors.high:{row.factor}")], className="soft"),
    ], className="" if _is_sure(row) else "unsure") for row in loadings]
    share = theme.share(level, decimals=0)
    return table("Loadings", ["Factor", "Loading", "Error", "t", "p", f"{share} interval"], rows)


def _told(text: str, figure: str) -> html.Span:
    return html.Span(text, className="num", **{"data-explain": figure})


def _name(row: Loading) -> list[object]:
    if row.factor == "alpha":
        return [html.B("Alpha"), html.Span(" of a period", className="dim")]
    return [html.B(row.factor), *([html.Span(f" {row.label}", className="dim")] if row.label != row.factor else [])]


def _is_sure(row: Loading) -> bool:
    return row.p is None or not theme.known(row.p) or row.p < SURE


def _surety(row: Loading) -> str:
    return "num" if _is_sure(row) else "num dim"


def _coefficient(row: Loading, value: float | None, *, explain: str = "") -> html.Span:
    """Write a loading as a number, alpha as the return of a period."""
    told = {f"data-{'explain'}": explain} if explain else {}
    text = theme.percent(value, decimals=3) if row.factor == "alpha" else theme.number(value, decimals=3)
    return html.Span(text, className="num", **told)


def shares_table(shares: Sequence[Share], *, whole_return: float | None, volatility: float | None) -> html.Table:
    """Tell what each factor added to the return and to the volatility; both columns add up to the portfolio's own."""
    points = _points([share.contribution for share in shares], whole_return)
    risks = _points([share.volatility for share in shares], volatility)
    rows = [html.Tr([
        html.Td([html.B(share.label)], className="l"),
        html.Td(_told(theme.number(share.loading), f"factors.loading:{share.factor}")
                if theme.known(share.loading) and share.factor != "alpha" else "", className="num"),
        html.Td(live(share.factor_return, form="percent", explain=f"factors.factor_return:{share.factor}")
                if theme.known(share.factor_return) else "", className="soft"),
        html.Td(live(point, form="signed", toned=True, explain=f"factors.contribution:{share.factor}")),
        html.Td(live(risk, form="money", explain=f"factors.volatility:{share.factor}"), className="soft"),
        html.Td(live(share.risk_share, form="share", explain=f"factors.risk_share:{share.factor}")),
    ]) for share, point, risk in zip(shares, points, risks, strict=True)]
    foot = html.Tr([html.Td("Portfolio", className="l"), html.Td(""), html.Td(""),
                    html.Td(live(None if whole_return is None else whole_return * 100, form="signed"), title=SUMS),
                    html.Td(live(None if volatility is None else volatility * 100, form="money"), title=SUMS),
                    html.Td(live(1.0, form="share"), title=SUMS)])
    return table("What each factor added", ["", "Loading", "Factor", "Return, points", "Volatility", "Risk"], rows, foot=foot)


def _points(values: Sequence[float | None], whole: float | None) -> list[float | None]:
    """Round to hundredths of a point that add up to the whole as it is written; unknown stays unknown."""
    if whole is None or not theme.known(whole) or not all(theme.known(value) for value in values):
        return [None if value is None or not theme.known(value) else value * 100 for value in values]
    return [*theme.fitted([float(value or 0.0) * 100 for value in values], whole * 100)]


def correlation_table(names: Sequence[str], values: Sequence[Sequence[float]]) -> html.Table:
    """Tell how factors move together, tinted: brass together, blue against."""
    head = html.Tr([html.Th(""), *(html.Th(name, scope="col") for name in names)])
    rows = [html.Tr([html.Th(name, scope="row"), *(_rho(value) if place <= at else html.Td("") for place, value in enumerate(row))])
            for at, (name, row) in enumerate(zip(names, values, strict=True))]
    return html.Table([html.Caption("Correlation of the factors", className="sr"), html.Thead(head), html.Tbody(rows)], className="heat rho")


def _rho(value: float) -> html.Td:
    return html.Td(theme.number(value), className="cell", title=PEARSON, **{"data-rho": _tint(value)})


def _tint(value: float) -> str:
    return str(round(value * 10)) if theme.known(value) else "0"


def source_options(sources: Sequence[Source]) -> list[html.Option]:
    """List where factors can come from."""
    return [html.Option("The first that fits", value=""), *(html.Option(f"{source.name}, {source.note}", value=source.key) for source in sources)]
