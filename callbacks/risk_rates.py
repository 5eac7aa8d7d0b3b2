"""Rates and options: what bonds cost for a basis point, and what options move with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import html

from components import cards, theme
from components import risk_panels as panels
from components.performance import table

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from callbacks.risk_page import Page
    from services.rates.rates import RatesView

TITLE = "Rates and options"
HOW = ("Write the terms of a bond as tags of its instrument, coupon:0.04 and maturity:2031-05-15 (frequency:2, redemption:100 where they differ), "
       "those of an option as underlying:AAPL, strike:200, expiry:2027-01-15 and right:call: PUT /instruments/{symbol} with tags.")
TERMS = frozenset({"no_terms", "bad_terms", "no_underlying"})
BOND_HEADS = ("Bond", "Coupon", "Maturity", "Value", "Yield", "Duration", "Convexity", "DV01")
OPTION_HEADS = ("Option", "Of", "Strike", "Expiry", "Volatility", "Delta", "Gamma", "Vega", "Theta", "Delta exposure")


def rates_panels(page: Page) -> list[Component]:
    """Show what is known; where nothing is, say what to enter and where."""
    told = page.services.rates.rates(page.actor, page.scope)
    notes = [cards.notice(finding.message, kind="info") for finding in told.findings if finding.code in TERMS]
    said = [html.Div(notes, className="notices c12")] if notes else []
    if not len(told.bonds) and not len(told.options):
        return [*said, html.Details([html.Summary(f"{TITLE}: no terms of bonds or options are known"), html.P(HOW)], className="more c12")]
    return [*said, *([bonds_panel(told)] if len(told.bonds) else []), *([options_panel(told)] if len(told.options) else [])]


def bonds_panel(told: RatesView) -> Component:
    """List bonds and all of them together."""
    rows = [html.Tr([
        html.Td(html.B(str(symbol)), className="l"), html.Td(theme.percent(row["coupon"], signed=False)), html.Td(theme.day(row["maturity"])),
        html.Td(theme.money(row["value"])), html.Td(theme.percent(row["yield_to_maturity"])), html.Td(theme.number(row["duration"])),
        html.Td(theme.number(row["convexity"])), html.Td(theme.money(row["dv01"])),
    ]) for symbol, row in told.bonds.iterrows()]
    all_of = told.figures
    foot = html.Tr([html.Td("All together", className="l"), html.Td(""), html.Td(""), html.Td(theme.money(all_of["bond_value"])),
                    html.Td(theme.percent(all_of["bond_yield_to_maturity"])), html.Td(theme.number(all_of["bond_duration"])),
                    html.Td(theme.number(all_of["bond_convexity"])), html.Td(theme.money(all_of["bond_dv01"]))])
    whole = theme.number(all_of["portfolio_duration"])
    return panels.plain_panel("Bonds", table("Bonds", list(BOND_HEADS), rows, foot=foot), span="c12",
                              note=f"{told.base_currency}, duration of the portfolio {whole}",
                              foot="DV01: what a basis point more costs. Duration modified; yields compounded as often as coupons.")


def options_panel(told: RatesView) -> Component:
    """List options and all of them together."""
    rows = [html.Tr([
        html.Td(html.B(str(symbol)), className="l"), html.Td(f"{row['underlying']} {row['right']}"), html.Td(theme.number(row["strike"])),
        html.Td(theme.day(row["expiry"])), html.Td(theme.percent(row["volatility"], signed=False)), html.Td(theme.number(row["delta"])),
        html.Td(theme.number(row["gamma"], decimals=4)), html.Td(theme.number(row["vega"])), html.Td(theme.number(row["theta"])),
        html.Td(theme.money(row["delta_exposure"])),
    ]) for symbol, row in told.options.iterrows()]
    foot = html.Tr([html.Td("All together", className="l"), *(html.Td("") for _ in range(8)),
                    html.Td(theme.money(told.figures["option_delta_exposure"]))])
    return panels.plain_panel("Options", table("Options", list(OPTION_HEADS), rows, foot=foot), span="c12", note=told.base_currency,
                              foot="Black and Scholes, of one unit of the underlying; volatility that the price implies.")
