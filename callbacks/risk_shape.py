"""The tab of the distribution: how often each size of return came, how fat the tails are, and the months."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import html

from callbacks import risk_rows as rows
from components import figures_distribution, months, theme
from components import risk as parts
from components import risk_panels as panels
from components.figures_distribution import Bins, Curve, Mark

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from callbacks.risk_page import Page
    from services.risk.sheet import Distribution

QUANTILES = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999)
LEAST = 20


def tab(page: Page) -> list[Component]:
    """Lay the tab out."""
    told = page.services.risk.distribution(page.actor, page.scope, page.question)
    if told is None or told.observations < LEAST:
        return [panels.empty_panel("Distribution", "Nothing to show yet", f"{LEAST} trading days with holdings are needed.", span="c12"),
                months_panel(page, span="c12")]
    every = rows.figure_rows(page.view)
    left = html.Div([quantiles_panel(page, told, span=""), months_panel(page, span="")], className="c7 pile")
    return [histogram_panel(page, told, span="c8"), tails_panel(told, span="c4"), left,
            parts.group_panel(every, ("Shape", "Normality", "Dependence"), "Shape, normality, memory", span="c5")]


def histogram_panel(page: Page, told: Distribution, *, span: str) -> Component:
    """Show the histogram with the fitted densities, VaR and expected shortfall marked."""
    frame, view = told.histogram, page.view
    width = float(frame["right"].iloc[0] - frame["left"].iloc[0])
    scale = told.observations * width
    bins = Bins([*frame["left"], float(frame["right"].iloc[-1])], [float(count) for count in frame["count"]])
    curves = [Curve(name, [float(at) for at in told.curves.index], [float(value) * scale for value in told.curves[column]], kind)
              for name, column, kind in (("Student-t", "student_t", "own"), ("Normal", "normal", "bench")) if told.curves[column].notna().all()]
    share = theme.number(page.question.level * 100, decimals=1, least=0)
    losses = (("VaR", view.figures.get("value_at_risk")), ("ES", view.figures.get("expected_shortfall")))
    marks = [Mark(f"{name} {share}", -value) for name, value in losses
             if value is not None and theme.known(value) and page.question.horizon_days == 1]
    legend = [html.Span([html.I(className="box bench"), "Days"]), html.Span([html.I(className="box loss"), "Beyond VaR"]),
              *(html.Span([html.I(className="" if curve.kind == "own" else "dash"), curve.name]) for curve in curves)]
    lines = [html.Tr([html.Td(f"{theme.percent(low)} to {theme.percent(high)}", className="l"), html.Td(theme.number(count, decimals=0))])
             for low, high, count in zip(frame["left"], frame["right"], frame["count"], strict=True)]
    return panels.chart_panel(
        "Daily returns", figures_distribution.histogram_figure(bins, curves, marks, page.screen("bins", columns=8)),
        parts.table("Daily returns by size", ["Return", "Days"], lines), look="risk-bins", span=f"{span} tall", legend=legend,
        note=f"{told.observations} trading days, by size", label=f"Histogram of {told.observations} daily returns beside a normal and a Student-t")


def tails_panel(told: Distribution, *, span: str) -> Component:
    """Say what fits the returns, and how fat both tails are."""
    fits, tails = told.fits, told.tails
    freedom, gained = fits.loc["student_t", "degrees_of_freedom"], fits.loc["student_t", "log_likelihood"] - fits.loc["normal", "log_likelihood"]
    lines = [
        ("Student-t: degrees of freedom", theme.number(freedom), "Fewer are fatter tails; 30 are nearly normal", "degrees_of_freedom:"),
        ("Log-likelihood gained over the normal", theme.number(gained), "Under Student-t less under the normal", "log_likelihood:"),
        *(line for side, name in (("lower", "Losses"), ("upper", "Gains")) for line in (
            (f"{name}: threshold of the tail", theme.percent(tails.loc[side, "threshold"], signed=False), "Where the worst or best tenth begins",
             f"threshold:{side}"),
            (f"{name}: shape of a Pareto tail", theme.number(tails.loc[side, "shape"], decimals=2, signed=True), "Above 0 is fatter than normal",
             f"shape:{side}"),
            (f"{name}: tail index of Hill", theme.number(tails.loc[side, "hill_tail_index"], decimals=2), "Moments up to it exist; 3 to 5 is usual",
             f"hill_tail_index:{side}"),
        )),
    ]
    body = [html.Tr([html.Td(name, className="l", title=title), html.Td(parts.asked(value, f"risk.tails.{figure}"))])
            for name, value, title, figure in lines]
    return panels.plain_panel("Tails", parts.table("Tails", ["Fit", "Value"], body, classes="dense"), span=span,
                              foot="Student-t by maximum likelihood; Pareto tails over a tenth of the returns each.")


def quantiles_panel(page: Page, told: Distribution, *, span: str) -> Component:
    """Show observed against normal quantiles: points below the line at the left are losses larger than a normal says."""
    frame = told.quantiles.dropna(subset=["observed", "normal"])
    frame = frame[(frame.index >= 1 / told.observations) & (frame.index <= 1 - 1 / told.observations)]
    points = [(float(row["normal"]), float(row["observed"])) for _, row in frame.iterrows()]
    fitted = [(float(row["normal"]), float(row["student_t"])) for _, row in frame.iterrows() if theme.known(row["student_t"])]
    lines = [html.Tr([html.Td(theme.share(float(share), decimals=1), className="l"),
                      *(html.Td(theme.percent(float(value))) for value in told.quantiles.loc[share, ["observed", "normal", "student_t"]])])
             for share in told.quantiles.index if round(float(share), 4) in QUANTILES]
    legend = [html.Span([html.I(className="dots"), "Observed"]), html.Span([html.I(), "Student-t"]), html.Span([html.I(className="dash"), "Normal"])]
    return panels.chart_panel(
        "Quantiles against a normal", figures_distribution.quantiles_figure(points, fitted, page.screen("quantiles", columns=6)),
        parts.table("Quantiles", ["Not exceeded with", "Observed", "Normal", "Student-t"], lines), look="risk-quantiles", span=span, legend=legend,
        note="daily returns, observed upwards", label="Quantiles of daily returns against those of a normal of the same mean and deviation")


def months_panel(page: Page, *, span: str) -> Component:
    """Show the returns of every month."""
    frame = page.view.months
    columns = [*range(1, 13), "total"]
    told = {int(year): [float(value) if theme.known(value) else None for value in row] for year, row in
            zip(frame.index, frame.reindex(columns=columns).to_numpy(dtype=float), strict=True)}
    if not told:
        return panels.empty_panel("Monthly returns", "No month yet", "The first month stands here with its first day.", span=span)
    return panels.plain_panel("Monthly returns", html.Div(months.calendar_table(told), className="scroll"), note="in %", span=span, flush=False)
