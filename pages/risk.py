"""Risk: what could be lost, how sure that is, where it comes from, and what it was like before."""

from __future__ import annotations

import dash
from dash import dcc, html

from components import cards, controls, risk_stress
from components.icons import Icon, icon
from components.ids import RiskIds as Ids
from components.risk import LEVELS, METHODS, TABS
from components.risk_live import live_line

dash.register_page(__name__, path="/risk", name="Risk", title="Risk · Portolan")

STORES = (Ids.ASKED, Ids.READ, Ids.TAB_ASKED, Ids.GARCH, Ids.RETRY, Ids.SEARCH)
HORIZONS = (("", "1 day"), ("5", "1 week"), ("10", "10 days"), ("21", "1 month"))
WINDOWS = (("21", "1 month"), ("", "3 months"), ("126", "6 months"), ("252", "1 year"))


def layout(**_query: object) -> html.Div:
    """Skeleton of the page; callbacks/risk.py and assets/risk.js fill it."""
    return html.Div(
        [
            *[dcc.Store(id=store) for store in STORES],
            _title(),
            html.Div(controls.period_control(), className="only-s periods"),
            html.Div(id=Ids.STATE, className="panel when-lost"),
            html.Div(id=Ids.NOTICES, className="notices"),
            html.Dl([html.Div([html.Dt(cards.bones("label")), html.Dd(cards.bones("number"))], className="kpi") for _ in range(6)],
                    id=Ids.KPIS, className="kpis six"),
            live_line(),
            html.Div([html.Button(word, type="button", role="tab", **{"data-risk-tab": tab, "aria-selected": str(not tab).lower()})
                      for tab, word in TABS], className="tabs", role="tablist", **{"aria-label": "Risk"}),
            html.Div(html.Div([html.Section(cards.bones(), className="panel c8"), html.Section(cards.bones(), className="panel c4")],
                              className="cols waiting"), id=Ids.BODY, className="tab-body"),
            html.Div(risk_stress.skeleton(), id=Ids.STRESS, className="tab-body stress-body"),
            html.Div([html.Span(id=Ids.FOOT), html.Span("", **{"data-part": "printed"})], className="only-print"),
        ],
        id=Ids.PAGE, className="page risk", **{"data-scope": "", "data-retry": Ids.RETRY, "data-looks-back": "", "data-tab": ""},
    )


# --------------------------------------------------------------------------------------------------------------------------- controls


def _title() -> html.Div:
    return html.Div(
        [
            html.Div([html.H1("Risk"), html.Span(id=Ids.WHEN, className="note")], className="words"),
            html.Span(className="grow"),
            html.Div([controls.segments(LEVELS, attribute="risk-level", label="Confidence", current=""), _choice("horizon", "Horizon", HORIZONS),
                      _method(), _benchmark(), _conventions()], className="toolbar", role="group", **{"aria-label": "What is measured"}),
        ],
        className="title",
    )


def _choice(name: str, label: str, options: tuple[tuple[str, str], ...]) -> html.Label:
    select = html.Select([html.Option(word, value=value) for value, word in options], name=name, className="input short", **{"data-choice": name})
    return html.Label([html.Span(label, className="sr"), select])


def _method() -> html.Label:
    """Choose the model of value at risk; the best by its backtest where none is chosen."""
    options = [html.Option("Best by backtest", value=""), *(html.Option(word, value=value) for value, word in METHODS)]
    return html.Label([html.Span("Model of value at risk", className="sr"),
                       html.Select(options, id=Ids.METHOD, name="method", className="input", **{"data-choice": "method"})])


def _benchmark() -> html.Span:
    button = html.Button([html.Span("vs", className="dim"), html.Span("–", id=Ids.BENCHMARK), icon(Icon.CHEVRON, small=True)],
                         type="button", className="ctl quiet", title="Measure beta against another instrument",
                         **{"data-menu": f"{Ids.BENCHMARK}-sheet", "aria-haspopup": "dialog", "aria-expanded": "false"})
    search = dcc.Input(type="search", name="risk-benchmark-search", placeholder="Search instruments", className="text-input", autoComplete="off")
    sheet = controls.popover([html.Div(search, className="ask-for"), html.Div(id=Ids.FOUND, className="in")],
                             id=f"{Ids.BENCHMARK}-sheet", label="Benchmark", className="at-end")
    return html.Span([button, sheet])


def _conventions() -> html.Span:
    """Choose what tools disagree about; what is not the default is counted on the button."""
    button = html.Button([html.Span("Conventions"), html.Span(className="count", **{"data-part": "conventions"}),
                          icon(Icon.CHEVRON, small=True)], type="button", className="ctl quiet",
                         **{"data-menu": Ids.CONVENTIONS, "aria-haspopup": "dialog", "aria-expanded": "false"})
    dates = html.Div([controls.field(word, dcc.Input(type="date", name=name, className="text-input")) for name, word in
                      (("from", "From"), ("to", "To"))], className="pair")
    rate = dcc.Input(type="number", name="rf", className="text-input", placeholder="0", min="-20", max="100", step="any")
    window = html.Select([html.Option(word, value=value) for value, word in WINDOWS], name="window", className="input", **{"data-choice": "window"})
    fields = [dates, controls.field("Risk-free rate, % a year", rate, hint="For Sharpe and every other figure over a rate."),
              controls.field("Window of rolling figures", window)]
    reset = html.Div([controls.button("Back to the defaults", look="quiet", do="risk-conventions")], className="acts end")
    return html.Span([button, controls.popover(html.Div([*fields, reset], className="in form"), id=Ids.CONVENTIONS, label="Conventions",
                                               className="at-end")])
