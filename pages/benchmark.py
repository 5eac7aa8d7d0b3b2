"""Benchmark: how a portfolio did against what could have been held instead, why, and what factors explain of it."""

from __future__ import annotations

import dash
from dash import dcc, html

from components import attribution_panels as more
from components import benchmark_controls, blends, cards, controls
from components import benchmark_panels as panels
from components.ids import AttributionIds, BlendIds, FactorIds
from components.ids import BenchmarkIds as Ids

dash.register_page(__name__, path="/benchmark", name="Benchmark", title="Benchmark · Portolan")

STORES = (
    Ids.ASKED, Ids.READ, Ids.RETRY, Ids.SEARCH, Ids.CHARTS, AttributionIds.ASKED, AttributionIds.READ, AttributionIds.CHARTS,
    FactorIds.ASKED, FactorIds.READ, FactorIds.CHARTS, BlendIds.LISTED, BlendIds.ACTION, BlendIds.RESULT,
)


def layout(**_query: object) -> html.Div:
    """Skeleton of the page; callbacks and assets/benchmark.js fill it."""
    return html.Div(
        [
            *[dcc.Store(id=store) for store in STORES],
            benchmark_controls.title(),
            html.Div(controls.period_control(), className="only-s periods"),
            benchmark_controls.tabs(),
            html.Div([html.Div(id=Ids.STATE, className="tab-state"), html.Div(id=Ids.NOTICES, className="notices")], className="pane heads",
                     **{"data-pane": "against flows"}),
            html.Div([_strip(Ids.KPIS, 7), html.Div([panels.growth(), panels.scatter(), panels.rolling(), panels.months(), panels.pieces(),
                                                     panels.figures_panel()], className="cols")],
                     id=Ids.AGAINST, className="tab-body", **{"data-pane": "against"}),
            html.Div([html.P(id=Ids.FLOWS_SENTENCE, className="lead"), _strip(Ids.FLOWS_KPIS, 6),
                      html.Div([panels.money(), panels.moves(), panels.multiples()], className="cols")],
                     id=Ids.FLOWS, className="tab-body", **{"data-pane": "flows"}),
            _attribution(), _factors(), _manage(),
            html.Div([html.Span(id=Ids.FOOT), html.Span("", **{"data-part": "printed"})], className="only-print"),
        ],
        id=Ids.PAGE, className="page benchmark", **{"data-scope": "", "data-retry": Ids.RETRY, "data-tab": "against"},
    )


def _strip(place: str, count: int) -> html.Dl:
    bones = [html.Div([html.Dt(cards.bones("label")), html.Dd(cards.bones("number"))], className="kpi") for _ in range(count)]
    return html.Dl(bones, id=place, className=f"kpis of-{count}")


def _heads(ids: type[AttributionIds | FactorIds]) -> html.Div:
    return html.Div([html.Div(id=ids.STATE, className="tab-state"), html.Div(id=ids.NOTICES, className="notices")], className="heads")


def _attribution() -> html.Div:
    body = html.Div([_strip(AttributionIds.KPIS, 7),
                     html.Div([more.waterfall(), more.effects(), more.groups(), more.currencies(), more.periods()], className="cols")],
                    id=AttributionIds.BODY, className="tab-body")
    return html.Div([_heads(AttributionIds), body], className="pane", **{"data-pane": "attribution"})


def _factors() -> html.Div:
    body = html.Div([_strip(FactorIds.KPIS, 7),
                     html.Div([more.loadings(), more.contributions(), more.rolling_loadings(), more.correlation(), more.explained()],
                              className="cols"), html.Div(id=f"{FactorIds.BODY}-foot", className="foot-note")],
                    id=FactorIds.BODY, className="tab-body")
    return html.Div([benchmark_controls.factor_choice(), _heads(FactorIds), body], className="pane", **{"data-pane": "factors"})


def _manage() -> html.Div:
    return html.Div([html.Div(id=BlendIds.DONE, className="done", role="status"), more.manage(), blends.form()], id=BlendIds.BODY, className="pane",
                    **{"data-pane": "manage"})
