"""The empty panels of the tabs Attribution, Factors and Manage benchmarks."""

from __future__ import annotations

from dash import html

from components import cards, controls, figures_attribution, figures_benchmark
from components.benchmark_panels import bare_rows, chart, legend_of, note_of
from components.icons import Icon
from components.ids import AttributionIds, BlendIds, FactorIds

GROUPINGS = (("sector", "Sector"), ("asset_class", "Class"), ("country", "Country"), ("currency", "Currency"), ("tag", "Tag"), ("symbol", "Holding"))


# --------------------------------------------------------------------------------------------------------------------- attribution


def waterfall() -> html.Section:
    """From the benchmark's return to the portfolio's."""
    return cards.panel(
        "From the benchmark to the portfolio",
        chart(AttributionIds.WATERFALL, figures_attribution.empty_waterfall(), "waterfall", still=True),
        note=note_of(AttributionIds.WATERFALL),
        tools=[cards.table_tool()],
        span="c5 tall",
    )


def effects() -> html.Section:
    """Effects since the start."""
    return cards.panel(
        "Effects over time",
        chart(AttributionIds.SERIES, figures_benchmark.empty_lines(), "lines effects-first"),
        note="linked, from the start",
        tools=[legend_of(AttributionIds.SERIES), cards.table_tool()],
        span="c7 tall",
    )


def groups() -> html.Section:
    """Effects by group, down to the holding."""
    segments = html.Div(controls.segments(GROUPINGS, attribute="by", label="Attribution by", current="sector"), className="by")
    panel = cards.panel(
        "By group",
        html.Div([segments, bare_rows(AttributionIds.GROUPS, 8)], className="with-by"),
        note=note_of(AttributionIds.GROUPS),
        span="c12 groups-panel",
        flush=True,
    )
    panel.children.append(html.Footer(id=f"{AttributionIds.GROUPS}-foot"))
    return panel


def currencies() -> html.Section:
    """Tell what currencies did."""
    return cards.panel(
        "Currencies", bare_rows(AttributionIds.CURRENCIES, 3), note="points, after local returns", span="c5 currency-panel", flush=True
    )


def periods() -> html.Section:
    """Tell the same within each month."""
    return cards.panel("By month", bare_rows(AttributionIds.PERIODS, 6), note="points, each month alone", span="c7 periods-panel", flush=True)


# ------------------------------------------------------------------------------------------------------------------------- factors


def loadings() -> html.Section:
    """Draw loadings with their errors."""
    return cards.panel(
        "Loadings",
        chart(FactorIds.LOADINGS, figures_attribution.empty_loadings(), "loadings", still=True),
        note=note_of(FactorIds.LOADINGS),
        tools=[cards.table_tool()],
        span="c5",
    )


def contributions() -> html.Section:
    """Tell what each factor earned and risked."""
    return cards.panel("What each factor added", bare_rows(FactorIds.CONTRIBUTIONS, 6), note="to the return, and to the risk", span="c7", flush=True)


def rolling_loadings() -> html.Section:
    """Draw loadings over time."""
    return cards.panel(
        "Loadings over time",
        chart(FactorIds.ROLLING, figures_benchmark.empty_lines(), "lines factors-first"),
        note=note_of(FactorIds.ROLLING),
        tools=[legend_of(FactorIds.ROLLING), cards.table_tool()],
        span="c7 tall",
    )


def correlation() -> html.Section:
    """How factors move together."""
    return cards.panel("Correlation of the factors", bare_rows(FactorIds.CORRELATION, 5), span="c5 rho-panel")


def explained() -> html.Section:
    """Growth, and what the factors explain of it."""
    return cards.panel(
        "Explained",
        chart(FactorIds.GROWTH, figures_benchmark.empty_lines(), "lines own-first"),
        note="growth, and what loadings and factors alone would have grown to",
        tools=[legend_of(FactorIds.GROWTH), cards.table_tool()],
        span="c12 tall",
    )


# -------------------------------------------------------------------------------------------------------------------------- manage


def manage() -> html.Section:
    """List the blends."""
    new = controls.button("New blend", look="primary", name=Icon.PLUS, **{"data-blend": "new"})
    return cards.panel("Blends", html.Div(cards.bones(*["row"] * 4), id=BlendIds.LIST), note="benchmarks of your own", tools=[new], flush=True)
