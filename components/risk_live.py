"""The live line of the Risk page: risk of what is held now, painted from the stream, with the age of what it rests on."""

from __future__ import annotations

from enum import StrEnum

from dash import html

from components import cards

FIGURES = (
    ("VaR 95, historical", "value_at_risk_money", "whole", "Of one day, on what is held now; today is the newest of its days"),
    ("VaR 95, EWMA", "value_at_risk_ewma_money", "whole", "VaR 95 of one day, of a normal with the volatility beside it"),
    ("ES 95", "expected_shortfall_money", "whole", "Mean of the losses at the value at risk and beyond"),
    ("Volatility, EWMA", "volatility", "share", "A year, exponentially weighted (0.94), today\u2019s move in it"),
    ("Beta", "beta", "money", "To the benchmark, today in it while the benchmark is quoted"),
    ("Drawdown", "drawdown", "percent", "Below the highest point there has been, today\u2019s return in it"),
    ("Today", "day_return", "percent", "Return of what is held now since the last close"),
)


LIVE = "It moves with every quote; the figures above are explained"


class LiveRiskIds(StrEnum):
    """The line; `assets/risk_live.js` reads this as a string."""

    LINE = "risk-live"


def live_line() -> html.Div:
    """Build the line empty and hidden; `data-live-risk` asks the stream for risk, `assets/risk_live.js` shows the line once it comes."""
    figures = [html.Span([html.Span(word, className="dim"), cards.live(None, f"risk.{name}", form, flash="")], className="figure",
                         title=f"{title}. {LIVE}")
               for word, name, form, title in FIGURES]
    return html.Div([html.B("Live"), *figures, html.Span("", className="dim", **{"data-part": "risk-live-age"})], id=LiveRiskIds.LINE,
                    className="live-line", hidden=True, **{"data-live-risk": ""})
