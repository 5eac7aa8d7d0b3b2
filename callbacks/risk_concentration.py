"""The tab of concentration: what the risk comes from beside the weights, how many holdings there really are, and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import html

from callbacks.risk_rates import rates_panels
from components import cards, controls, theme
from components import risk as parts
from components import risk_panels as panels
from components.performance import table
from components.risk import Share

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from callbacks.risk_page import Page
    from services.attribution.views import ConcentrationView

OWN = frozenset({"too_short", "no_history", "singular_covariance"})  # findings that bear on this tab; the head of the page tells the others
GROUPINGS = (("", "Sector"), ("asset_class", "Class"), ("country", "Country"), ("currency", "Currency"))
FIGURES = (
    ("effective_number_of_assets", "Effective number of holdings", "number",
     "As many of one size would be as concentrated: 1 over the sum of squares"),
    ("hhi", "Herfindahl index", "number", "Sum of squared weights of what is held; 1 is all in one"),
    ("effective_number_of_bets", "Effective number of bets", "number", "Independent bets of one size, by minimum torsion (Meucci)"),
    ("effective_number_of_bets_pca", "Effective number of bets, PCA", "number", "The same on principal components"),
    ("diversification_ratio", "Diversification ratio", "number", "Volatilities of the holdings over that of all together; 1 is none"),
    ("average_pairwise_correlation", "Average correlation", "number", "Mean of all pairs"),
    ("weighted_average_correlation", "Weighted average correlation", "number", "The same by weights"),
    ("absorption_ratio", "Absorption ratio", "share", "Share of all variance in the first fifth of principal components (Kritzman)"),
    ("top_1", "Largest holding", "share", "Its weight"), ("top_5", "Largest five", "share", "Their weight"),
    ("top_10", "Largest ten", "share", "Their weight"), ("largest_share", "Largest share of risk", "share", "Of one holding"),
    ("gross_exposure", "Gross exposure", "share", "Sizes of all weights"), ("net_exposure", "Net exposure", "share", "Longs less shorts"),
    ("long_exposure", "Long", "share", "Weights above zero"), ("short_exposure", "Short", "share", "Size of the weights below zero"),
)


def tab(page: Page) -> list[Component]:
    """Lay the tab out."""
    told = page.services.concentrations.concentration(page.actor, page.scope)
    notes = [cards.notice(finding.message, kind="info") for finding in told.findings if finding.code in OWN]
    return [*([html.Div(notes, className="notices c12")] if notes else []), shares_panel(told, span="c5"), groups_panel(page, told, span="c4"),
            figures_panel(told, span="c3"), holdings_panel(told, span="c12"), *rates_panels(page)]


def shares_panel(told: ConcentrationView, *, span: str) -> Component:
    """Show where the risk comes from, beside the weights."""
    title = "Where the risk comes from"
    if not len(told.risk):
        return panels.empty_panel(title, "No risk to take apart yet", "Holdings need 60 trading days in common.", span=span)
    shares = [Share(str(row["key"]), str(row["label"]), float(row["share"]), float(row["weight"])) for _, row in told.risk.iterrows()]
    legend = html.Div([html.Span([html.I(className="box mine"), "Risk"]), html.Span([html.I(className="box bench"), "Weight"])], className="legend")
    return panels.plain_panel(title, parts.share_bars(shares), note="share of volatility against weight, %", span=span, tools=[legend], flush=False)


def groups_panel(page: Page, told: ConcentrationView, *, span: str) -> Component:
    """Show the same by group."""
    by = page.asked.get("by") or "sector"
    frame = told.exposures.get(by, told.exposures["sector"])
    shares = [Share(_capital(str(row["label"])), str(row["label"]), float(row["risk_share"]), float(row["weight"])) for _, row in frame.iterrows()]
    choice = controls.segments(GROUPINGS, attribute="risk-by", label="Group by", current=page.asked.get("by") or "")
    body = [html.Div(choice, className="choices"), *parts.share_bars(shares, noun="groups")]
    return panels.plain_panel("By group", body, note="%, cash included", span=f"{span} groups-panel", flush=False)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def figures_panel(told: ConcentrationView, *, span: str) -> Component:
    """List the figures of concentration."""
    rows = [html.Tr([html.Td(label, className="l", title=meaning), html.Td(_asked(_written(told.figures.get(name), form), name))],
                    title=told.gaps.get(name))
            for name, label, form, meaning in FIGURES]
    return panels.plain_panel("Concentration", table("Concentration", ["Figure", "Value"], rows, classes="dense"), span=span)


def _asked(text: str, figure: str) -> html.Span:
    """Write a number that says how it comes about when it is pressed."""
    return html.Span(text, className="num", **{"data-explain": f"risk.concentration.{figure}"})


def _written(value: float | None, form: str) -> str:
    return theme.share(value) if form == "share" else theme.number(value, decimals=2)


def holdings_panel(told: ConcentrationView, *, span: str) -> Component:
    """List each holding with its volatility and what it adds; contributions add up to the volatility of all."""
    title = "Contribution to volatility"
    if not len(told.risk):
        return panels.empty_panel(title, "No risk to take apart yet", "Holdings need 60 trading days in common.", span=span)
    frame = told.risk
    total = float(frame["contribution"].sum())
    points = theme.fitted([float(value) * 100 for value in frame["contribution"]], total * 100)
    rows = [html.Tr([
        html.Td([html.B(str(row["key"])), *([html.Span(f" {row['label']}", className="dim")] if row["label"] != row["key"] else [])], className="l"),
        html.Td(theme.share(float(row["weight"])), className="soft"),
        html.Td(_asked(theme.percent(float(row["volatility"]), signed=False), f"volatility:{row['key']}")),
        html.Td(_asked(theme.percent(float(row["marginal"]), signed=False), f"marginal:{row['key']}"), className="soft"),
        html.Td(html.Span(theme.with_unit(theme.number(point), "%"), **{"data-explain": f"risk.concentration.contribution:{row['key']}"})),
        html.Td(_asked(theme.share(float(row["share"])), f"share:{row['key']}")),
        html.Td(_asked(theme.number(float(row["beta"])), f"beta:{row['key']}"), className="soft"),
    ]) for (_, row), point in zip(frame.iterrows(), points, strict=True)]
    foot = html.Tr([html.Td("All together", className="l"), html.Td(theme.share(float(frame["weight"].sum())), className="soft"), html.Td(""),
                    html.Td(""), html.Td(theme.percent(total, signed=False)), html.Td(theme.share(1.0)),
                    html.Td(theme.number(1.0), className="soft")])
    heads = ["Holding", "Weight", "Volatility", "Marginal", "Contribution", "Share", "Beta to all"]
    return panels.plain_panel(title, table(title, heads, rows, foot=foot), note=f"a year, {told.observations} trading days", span=span,
                              foot="Weights times marginal volatilities: they add up to the volatility of what is held, cash at nothing.")
