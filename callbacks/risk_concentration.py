"""The tab of concentration: what the risk comes from beside the weights, how many holdings there really are, and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from dash import dcc, html

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

NAMES, FUNDS = "What is held in the end", "Funds"
MOST_NAMES, MOST_WAYS = 15, 3
# findings that bear on this tab; the head of the page tells the others
OWN = frozenset({"too_short", "no_history", "singular_covariance", "weights_sum"})
SUMS = "The sum of the rows above"
GROUPINGS = (("", "Sector"), ("asset_class", "Class"), ("country", "Country"), ("region", "Region"), ("currency", "Currency"))
THROUGH = (("", "Through funds"), ("off", "As held"))
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
    told = page.services.concentrations.concentration(page.actor, page.scope, look_through=page.asked.get("through") != "off")
    notes = [cards.notice(finding.message, kind="info") for finding in told.findings if finding.code in OWN]
    return [*([html.Div(notes, className="notices c12")] if notes else []), shares_panel(told, span="c5"), groups_panel(page, told, span="c4"),
            figures_panel(told, span="c3"), *through_panels(told), holdings_panel(told, span="c12"), *rates_panels(page)]


def shares_panel(told: ConcentrationView, *, span: str) -> Component:
    """Show where the risk comes from, beside the weights."""
    title = "Where the risk comes from"
    if not len(told.risk):
        return panels.empty_panel(title, "No risk to take apart yet", "Holdings need 60 trading days in common.", span=span)
    shares = [Share(str(row["key"]), str(row["label"]), float(row["share"]), float(row["weight"]),
                    explain=(f"risk.concentration.share:{row['key']}", f"weight:{row['key']}")) for _, row in told.risk.iterrows()]
    legend = html.Div([html.Span([html.I(className="box mine"), "Risk"]), html.Span([html.I(className="box bench"), "Weight"])], className="legend")
    return panels.plain_panel(title, parts.share_bars(shares), note="share of volatility against weight, %", span=span, tools=[legend], flush=False)


def groups_panel(page: Page, told: ConcentrationView, *, span: str) -> Component:
    """Show the same by group."""
    by = page.asked.get("by") or "sector"
    frame = told.exposures.get(by, told.exposures["sector"])
    shares = [Share(_capital(str(row["label"])), str(row["label"]), float(row["risk_share"]), float(row["weight"]),
                    explain=("", "") if told.through.is_on and len(told.through.funds) else
                    (f"risk.concentration.group_risk:{by}/{row['key']}", f"risk.concentration.group_weight:{by}/{row['key']}"))
              for _, row in frame.iterrows()]
    choices = [controls.segments(GROUPINGS, attribute="risk-by", label="Group by", current=page.asked.get("by") or ""),
               controls.segments(THROUGH, attribute="risk-through", label="Funds", current=page.asked.get("through") or "")]
    body = [html.Div(choices, className="choices"), *parts.share_bars(shares, noun="groups")]
    return panels.plain_panel("By group", body, note=seen_note(told, by), span=f"{span} groups-panel", flush=False)


def seen_note(told: ConcentrationView, by: str) -> str:
    """Say how much of what is held in funds the groups know."""
    share = told.through.coverage.get(by)
    seen = f"; funds {theme.share(share, decimals=0)} looked through" if share is not None and theme.known(share) else ""
    return f"%, cash included{seen}"


def through_panels(told: ConcentrationView) -> list[Component]:
    """Show what is held through funds: names with what comes from where, and the funds; where none is held, nothing."""
    seen = told.through
    if not seen.is_on or not len(seen.funds):
        return []
    return [*([names_panel(told)] if len(seen.names) else []), funds_panel(told, span="c4" if len(seen.names) else "c12")]


def names_panel(told: ConcentrationView) -> Component:
    """List the largest names, held directly and through funds."""
    seen = told.through
    rows = [html.Tr([
        html.Td([html.B(str(row["key"])), *([html.Span(f" {row['label']}", className="dim")] if row["label"] != row["key"] else [])], className="l"),
        html.Td(theme.share(float(row["weight"]))), html.Td(theme.share(float(row["direct"])) if row["direct"] else "", className="soft"),
        html.Td(theme.share(float(row["through"])) if row["through"] else "", className="soft"), html.Td(_via(row["via"]), className="l soft"),
    ]) for row in seen.names.head(MOST_NAMES).to_dict("records")]
    share = seen.coverage.get("symbol", float("nan"))
    said = f"{theme.share(share, decimals=0)} of what is held in funds is known by name" if theme.known(share) else ""
    top = theme.share(seen.figures["top_10"])
    return panels.plain_panel(NAMES, table(NAMES, ["Name", "Weight", "Direct", "In funds", "Through"], rows), note=said, span="c8 through-panel",
                              foot=f"The largest ten: {top}. A fund among the names is what of it is not known.")


def _via(ways: list[dict[str, object]]) -> str:
    return ", ".join(str(way["symbol"]) for way in ways[:MOST_WAYS]) + (f" and {len(ways) - MOST_WAYS} more" if len(ways) > MOST_WAYS else "")


def funds_panel(told: ConcentrationView, *, span: str) -> Component:
    """List the funds with how much of each is known, from whom and when; where nothing is, say where to tell it."""
    rows = [html.Tr([
        html.Td(dcc.Link(html.B(row["symbol"]), href=f"/markets?symbol={quote(str(row['symbol']))}"), className="l", title=row["name"]),
        html.Td(theme.share(float(row["weight"]))), html.Td(theme.share(float(row["known"]), decimals=0) if row["constituents"] else "not told"),
        html.Td(f"{row['source']}, {theme.day(row['date'])}" if row["date"] else "", className="l soft"),
    ]) for row in told.through.funds.to_dict("records")]
    return panels.plain_panel(FUNDS, table(FUNDS, ["Fund", "Weight", "Known by name", "Source"], rows), span=span,
                              foot="What a fund holds is told on Markets, by hand or by the issuer's file.")


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
        html.Td(parts.asked(theme.share(float(row["weight"])), f"weight:{row['key']}"), className="soft"),
        html.Td(_asked(theme.percent(float(row["volatility"]), signed=False), f"volatility:{row['key']}")),
        html.Td(_asked(theme.percent(float(row["marginal"]), signed=False), f"marginal:{row['key']}"), className="soft"),
        html.Td(html.Span(theme.with_unit(theme.number(point), "%"), **{"data-explain": f"risk.concentration.contribution:{row['key']}"})),
        html.Td(_asked(theme.share(float(row["share"])), f"share:{row['key']}")),
        html.Td(_asked(theme.number(float(row["beta"])), f"beta:{row['key']}"), className="soft"),
    ]) for (_, row), point in zip(frame.iterrows(), points, strict=True)]
    held = theme.share(float(frame["weight"].sum()))
    foot = html.Tr([html.Td("All together", className="l"), html.Td(held, className="soft", title=SUMS), html.Td(""),
                    html.Td(""), html.Td(_asked(theme.percent(total, signed=False), "volatility")), html.Td(theme.share(1.0), title=SUMS),
                    html.Td(theme.number(1.0), className="soft", title="Of the whole to itself")])
    heads = ["Holding", "Weight", "Volatility", "Marginal", "Contribution", "Share", "Beta to all"]
    return panels.plain_panel(title, table(title, heads, rows, foot=foot), note=f"a year, {told.observations} trading days", span=span,
                              foot="Weights times marginal volatilities: they add up to the volatility of what is held, cash at nothing.")
