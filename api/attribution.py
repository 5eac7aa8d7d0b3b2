"""Why a portfolio did better or worse than its benchmark: effects by group and holding, linked over time."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from api.attribution_schemas import AttributionPublic, ConcentrationPublic
from api.dependencies import Asks, Day, day, truth
from services.attribution.told import exposures_json
from services.attribution.views import (
    COSTS,
    CURRENCY_EFFECTS,
    GROUPINGS,
    INTERACTIONS,
    LINKINGS,
    METHODS,
    OUTSIDES,
    AttributionQuestion,
    AttributionView,
)
from services.performance.json import dated, known, rows
from services.performance.views import PERIODS

routes = APIRouter(prefix="/portfolios/{portfolio_id}", tags=["analytics"])
Text = str | None


def _one_of(says: str, options: tuple[str, ...]) -> Any:  # noqa: ANN401  # FastAPI's Query
    return Query(description=f"{says}: {', '.join(options)}; {options[0]} where absent", examples=[options[0]])


def question(  # noqa: PLR0913, PLR0917  # each is a parameter of the query
    start: Day = None, end: Day = None,
    period: Annotated[Text, Query(description=f"Instead of start: {', '.join(PERIODS)}")] = None,
    by: Annotated[Text, _one_of("What is compared", GROUPINGS)] = None,
    benchmark: Annotated[Text, Query(description="Symbol, or id or name of a blend; the portfolio's own where absent")] = None,
    method: Annotated[Text, _one_of("Brinson-Fachler or Brinson-Hood-Beebower", METHODS)] = None,
    linking: Annotated[Text, _one_of("How days become the window", LINKINGS)] = None,
    interaction: Annotated[Text, _one_of("Where interaction is told", INTERACTIONS)] = None,
    currency_effect: Annotated[Text, _one_of("Whether currencies stand apart, after Karnosky and Singer", CURRENCY_EFFECTS)] = None,
    outside: Annotated[Text, _one_of("What the benchmark is said to have made where it holds nothing", OUTSIDES)] = None,
    costs: Annotated[Text, _one_of("What returns are after", COSTS)] = None,
    base_currency: Annotated[Text, Query(description="Instead of the portfolio's own")] = None,
) -> AttributionQuestion:
    """Read the query."""
    told = {"by": by, "method": method, "linking": linking, "interaction": interaction, "currency_effect": currency_effect, "outside": outside,
            "costs": costs}
    return AttributionQuestion(start=day("start", start), end=day("end", end), period=period or None, benchmark=benchmark,
                               base_currency=base_currency or None, **{name: value for name, value in told.items() if value})


@routes.get("/attribution", response_model=AttributionPublic)
def attribution(call: Asks, portfolio_id: Annotated[str, "or all"], asked: Annotated[AttributionQuestion, Depends(question)],
                series: Annotated[Text, Query(description="false leaves what is told of each day out", examples=["true"])] = None) -> dict[str, Any]:
    """Explain the active return of a portfolio, or with the id `all` of all together, from the daily ledger.

    Effects of groups add up to those of the whole, effects of holdings to their group's, and all of them to `active_return`; with
    linking=geometric the effects of the whole multiply to it. What has no answer is null, and `gaps` or a finding says why.
    """
    return laid_out(call.services.attributions.attribution(call.actor, portfolio_id, asked), with_series=truth("series", series))


@routes.get("/concentration", response_model=ConcentrationPublic)
def concentration(call: Asks, portfolio_id: Annotated[str, "or all"],
                  look_through: Annotated[str | None, Query(description="false: funds count as what they are, not for what they hold")] = None,
                  ) -> dict[str, Any]:
    """Tell what value and risk of today's holdings hang on: few names, few bets, and who carries the volatility.

    `exposures` look through funds of which it is told what they hold (PUT /instruments/{symbol}/constituents); `look_through` says how much is known.
    """
    view = call.services.concentrations.concentration(call.actor, portfolio_id, look_through=truth("look_through", look_through))
    return {
        "scope": view.scope, "label": view.label, "base_currency": view.base_currency, **known({"value": view.value, **view.figures}),
        "observations": view.observations, "risk": rows(view.risk), **exposures_json(view),
        "simulated": view.simulated, "revisions": view.revisions, "gaps": view.gaps, "findings": view.findings,
    }


def laid_out(view: AttributionView, *, with_series: bool = True) -> dict[str, Any]:
    """Lay a view out for JSON."""
    compared = None if view.benchmark is None else dict(zip(("key", "name", "kind"), view.benchmark, strict=True))
    return {
        "scope": view.scope, "label": view.label, "base_currency": view.base_currency, "start": view.start, "end": view.end, "days": view.days,
        "conventions": view.conventions, "benchmark": compared, "is_divided": view.is_divided, "combine": view.combine, **known(view.figures),
        "groups": rows(view.groups), "holdings": rows(view.holdings), "currencies": rows(view.currencies),
        "series": rows(dated(view.series)) if with_series else [], "by_group": rows(dated(view.by_group)) if with_series else [],
        "periods": rows(view.periods), "waterfall": [known(asdict(step)) for step in view.waterfall], "simulated": view.simulated,
        "revisions": view.revisions, "gaps": view.gaps, "findings": view.findings,
    }
