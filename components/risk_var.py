"""Value at risk on the Risk page: models beside their backtests, what each holding adds, and how fast all could be sold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dash import html

from components import theme
from components.performance import table
from components.risk import METHOD_NAMES, p_text

if TYPE_CHECKING:
    from collections.abc import Sequence

FIGURES = {"Kupiec p": "kupiec_p_value", "Independence p": "independence_p_value", "Coverage p": "conditional_coverage_p_value",
           "Duration p": "duration_p_value", "ES p": "shortfall_p_value"}
LEAST_DAYS = 0.1
REJECTED = 0.05  # a p-value below it says that forecasts and losses disagree
SELLING = "Its quantity over a fifth of the mean volume of its last twenty bars: GET /api/v1/portfolios/{id}/risk/var has them"
LIGHTS = {"green": "g", "yellow": "y", "red": "r"}


class Model(NamedTuple):
    """One model: what it says now, and how its forecasts did."""

    name: str
    value_at_risk: float | None  # money
    expected_shortfall: float | None
    hits: int | None
    expected: float | None
    p_values: Sequence[tuple[str, float | None]]  # test and its p
    light: str  # green yellow red; empty: unknown
    light_title: str
    loss: float | None  # mean pinball loss
    rank: int | None
    passes: bool
    gap: str = ""  # why it has no answer


class Part(NamedTuple):
    """What one holding adds to the loss; money."""

    name: str
    label: str
    weight: float | None
    alone: float | None
    component: float | None
    marginal: float | None  # loss of one more unit of money in it
    incremental: float | None
    days_to_sell: float | None = None


def models_table(models: Sequence[Model], *, chosen: str) -> html.Table:
    """List models, the best first, with their losses now, hits and the first test; a press chooses one."""
    rows = [html.Tr([
        html.Td(_name(model), className="l"),
        html.Td(_asked(theme.money(model.value_at_risk, decimals=0), f"var.value_at_risk:{model.name}")),
        html.Td(_asked(theme.money(model.expected_shortfall, decimals=0), f"var.expected_shortfall:{model.name}")),
        html.Td(theme.UNKNOWN if model.hits is None else _asked(str(model.hits), f"var.violations:{model.name}")),
        html.Td(_p(model.p_values[0][1] if model.p_values else None, f"var.kupiec_p_value:{model.name}")),
        html.Td(light(model.light, model.light_title)),
    ], className="sel" if model.name == chosen else "", title=model.gap or None) for model in models]
    return table("Models of value at risk", ["Model", "VaR", "ES", "Hits", "Kupiec p", "Light"], rows, classes="models")


def _days(value: float | None) -> str:
    """Write days with one decimal; what takes less than that is said to."""
    return f"<{theme.NARROW}0.1" if value is not None and 0 < value < LEAST_DAYS else theme.number(value, decimals=1)


def _asked(text: str, figure: str) -> html.Span:
    """Write a number that says how it comes about when it is pressed."""
    return html.Span(text, className="num", **{"data-explain": f"risk.{figure}"})


def _name(model: Model) -> html.Button:
    return html.Button(METHOD_NAMES.get(model.name, model.name), type="button", className="as-text", title="Measure with this model",
                       **{"data-model": model.name})


def _p(value: float | None, figure: str = "") -> html.Span:
    rejected = value is not None and theme.known(value) and value < REJECTED
    asked = {"data-explain": f"risk.{figure}"} if figure else {}
    return html.Span(p_text(value), className="num rejected" if rejected else "num", **asked)


def light(zone: str, title: str) -> html.Span:
    """Show the Basel traffic light."""
    if zone not in LIGHTS:
        return html.Span(theme.UNKNOWN, title=title)
    return html.Span([html.I(), html.I(), html.I(), html.Span(zone, className="sr")], className=f"light {LIGHTS[zone]}", title=title)


def tests_table(models: Sequence[Model]) -> html.Table:
    """Every test of every model, in the order of their rank."""
    names = next(([name for name, _ in model.p_values] for model in models if model.p_values), [])
    rows = [html.Tr([
        html.Td(html.Span(theme.UNKNOWN if model.rank is None else str(model.rank), className="num"), className="l soft"),
        html.Td(_name(model), className="l"),
        html.Td(_verdict(model), className="l"),
        html.Td(theme.UNKNOWN if model.hits is None else _asked(f"{model.hits} of {theme.number(model.expected, decimals=1)}",
                                                                f"var.violations:{model.name}")),
        *(html.Td(_p(value, FIGURES.get(label, "") and f"var.{FIGURES[label]}:{model.name}"))
          for label, value in (model.p_values or [("", None)] * len(names))),
        html.Td(theme.UNKNOWN if model.loss is None else _asked(theme.number(model.loss * 10_000, decimals=2), f"var.loss:{model.name}"),
                className="soft"),
        html.Td(light(model.light, model.light_title)),
    ]) for model in models]
    return table("Tests of the models", ["#", "Model", "Verdict", "Hits of expected", *names, "Pinball, bp", "Light"], rows, texts=3)


def _verdict(model: Model) -> html.Span:
    if model.rank is None:
        return html.Span(model.gap, className="dim")
    return html.Span("passes" if model.passes else "fails", className="tag ok" if model.passes else "tag warn")


def parts_table(parts: Sequence[Part], *, total: float, currency: str, benefit: float | None) -> html.Table:
    """List what each holding adds: components add up to the portfolio's loss as it is written."""
    components = theme.fitted([part.component or 0.0 for part in parts], total, decimals=0)
    has_days = any(part.days_to_sell is not None for part in parts)
    rows = [html.Tr([
        html.Td([html.B(part.name), html.Span(f" {part.label}", className="dim")] if part.label != part.name else html.B(part.name), className="l"),
        html.Td(html.Span(theme.share(part.weight), className="num", **{"data-explain": f"weight:{part.name}"}), className="soft"),
        html.Td(_asked(theme.money(part.alone, decimals=0), f"part.standalone:{part.name}"), className="soft"),
        html.Td(_asked(theme.money(component, decimals=0), f"part.component:{part.name}")),
        html.Td(_asked(theme.share(part.component / total if part.component is not None and total else None), f"part.share:{part.name}")),
        html.Td(_asked(theme.percent(part.marginal, signed=False), f"part.marginal:{part.name}"), className="soft"),
        html.Td(_asked(theme.money(part.incremental, decimals=0, signed=True), f"part.incremental:{part.name}"), className="soft"),
        *([html.Td(_days(part.days_to_sell), className="soft", title=SELLING)] if has_days else []),
    ]) for part, component in zip(parts, components, strict=True)]
    alone = sum(part.alone for part in parts if part.alone is not None and theme.known(part.alone))
    foot = html.Tr([html.Td("Portfolio", className="l"), html.Td(""), html.Td(theme.money(alone, decimals=0), className="soft"),
                    html.Td(_asked(theme.money(total, decimals=0), "today.value_at_risk")), html.Td(theme.share(1.0)), html.Td(""),
                    html.Td(f"diversification {theme.money(benefit, decimals=0)}" if benefit is not None else "", className="soft"),
                    *([html.Td("")] if has_days else [])])
    heads = ["Holding", "Weight", f"Alone, {currency}", f"Component, {currency}", "Share", "Marginal", "Incremental",
             *(["Days to sell"] if has_days else [])]
    return table("What each holding adds to the loss", heads, rows, foot=foot)
