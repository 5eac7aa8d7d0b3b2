"""`/benchmarks`: blends; `/portfolios/{id}/benchmark`: a portfolio beside benchmarks."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from api.benchmark_schemas import BenchmarkPublic, BlendChange, BlendPublic, ChoicePublic, NewBlend
from api.dependencies import Asks, Changes, Day, ExactRoute, Id, Writes, day, etag, found_id, parsed, truth
from api.portfolios import without_version
from api.requests import VersionBody
from services import fields
from services.benchmark.json import as_json
from services.benchmark.views import (
    ALPHAS,
    CAPTURES,
    EXCESSES,
    FREQUENCIES,
    STANDARD_ERRORS,
    ZEROS,
    BenchmarkQuestion,
    Blend,
)
from services.fields import Place
from services.performance.views import COSTS, GROUPINGS, PERIODS
from services.references import Choice

routes = APIRouter(tags=["analytics"], route_class=ExactRoute)
Text = str | None


def _one_of(says: str, options: tuple[str, ...]) -> Any:  # noqa: ANN401  # FastAPI's Query
    return Query(description=f"{says}: {', '.join(options)}; {options[0]} where absent", examples=[options[0]])


@routes.get("/benchmarks", response_model=list[BlendPublic])
def find(call: Asks) -> list[Blend]:
    """List blends by name."""
    return call.services.blends.find(call.actor)


@routes.get("/benchmarks/choices", response_model=list[ChoicePublic])
def choices(call: Asks) -> list[Choice]:
    """List everything that can be compared with: blends first, then instruments."""
    return call.services.blends.choices(call.actor)


@routes.post("/benchmarks", response_model=BlendPublic, status_code=201)
def create(call: Writes, body: NewBlend, response: Response) -> Blend:
    """Add a blend; its weights add up to 1."""
    made = call.services.blends.create(call.actor, parsed(body), idempotency_key=call.key)
    response.headers["Location"] = f"/api/v1/benchmarks/{made.id}"
    etag(response, made.version)
    return made


@routes.get("/benchmarks/{benchmark_id}", response_model=BlendPublic)
def get(call: Asks, benchmark_id: Id, response: Response) -> Blend:
    """Read a blend."""
    found = call.services.blends.get(call.actor, found_id("benchmark", benchmark_id))
    etag(response, found.version)
    return found


@routes.patch("/benchmarks/{benchmark_id}", response_model=BlendPublic)
def change(call: Changes, benchmark_id: Id, body: BlendChange, response: Response) -> Blend:
    """Change name, rule or components of the version that was read."""
    version = call.version(parsed(body))
    changed = call.services.blends.change(call.actor, found_id("benchmark", benchmark_id), version, without_version(body), idempotency_key=call.key)
    etag(response, changed.version)
    return changed


@routes.delete("/benchmarks/{benchmark_id}", status_code=204)
def remove(call: Changes, benchmark_id: Id, body: VersionBody = None) -> None:
    """Take a blend out of sight."""
    call.services.blends.remove(call.actor, found_id("benchmark", benchmark_id), call.version(parsed(body)), idempotency_key=call.key)


@routes.post("/benchmarks/{benchmark_id}/restore", response_model=BlendPublic)
def restore(call: Writes, benchmark_id: Id, response: Response) -> Blend:
    """Take a removal back."""
    restored = call.services.blends.restore(call.actor, found_id("benchmark", benchmark_id), idempotency_key=call.key)
    etag(response, restored.version)
    return restored


# ------------------------------------------------------------------------------------------------------------------------- comparing


def question(  # noqa: PLR0913, PLR0917  # each is a parameter of the query
    start: Day = None, end: Day = None,
    period: Annotated[Text, Query(description=f"Instead of start: {', '.join(PERIODS)}")] = None,
    benchmark: Annotated[Text, Query(description="Symbols, ids or names of blends, at most 6 by comma; the portfolio's own where absent",
                                     examples=["SPY,AGG"])] = None,
    frequency: Annotated[Text, _one_of("Returns that figures are made of; captures are of months", FREQUENCIES)] = None,
    risk_free: Annotated[Text, Query(description="A year, fraction; 0 where absent", examples=["0.03"])] = None,
    window: Annotated[Text, Query(description="Periods of a rolling figure; half a year of days, a year of weeks or months where absent")] = None,
    alpha: Annotated[Text, _one_of("How that of a period becomes one of a year", ALPHAS)] = None,
    excess: Annotated[Text, _one_of("Return above the benchmark's", EXCESSES)] = None,
    capture: Annotated[Text, _one_of("Mean of up and down months", CAPTURES)] = None,
    zero: Annotated[Text, _one_of("What a period is in which the benchmark stood still", ZEROS)] = None,
    errors: Annotated[Text, _one_of("Standard errors", STANDARD_ERRORS)] = None,
    horizon: Annotated[Text, Query(description="Months of probability_of_outperformance; 12 where absent")] = None,
    costs: Annotated[Text, _one_of("What returns are after", COSTS)] = None,
    base_currency: Annotated[Text, Query(description="Instead of the portfolio's own")] = None,
    group_by: Annotated[Text, Query(description=f"Narrows the portfolio: {', '.join(GROUPINGS[:4])}")] = None,
    group: Annotated[Text, Query(description="One value of group_by", examples=["Technology"])] = None,
    look_through: Annotated[Text, Query(description="false: active_share takes funds for what they are, not for what they hold")] = None,
) -> BenchmarkQuestion:
    """Read the query."""
    keys = None if benchmark is None else tuple(benchmark.split(","))
    told: dict[str, Any] = {"frequency": frequency, "alpha": alpha, "excess": excess, "capture": capture, "zero": zero, "errors": errors}
    told |= {"costs": costs, "base_currency": base_currency, "group_by": group_by, "group": group, "period": period}
    told |= {"risk_free": _number("risk_free", risk_free), "window": _count("window", window), "horizon": _count("horizon", horizon)}
    return BenchmarkQuestion(start=day("start", start), end=day("end", end), benchmarks=keys, look_through=truth("look_through", look_through),
                             **{name: value for name, value in told.items() if value not in {None, ""}})


def _number(field: str, value: Text) -> float | None:
    return float(fields.number(Place(field), value, signed=True)) if value else None


def _count(field: str, value: Text) -> int | None:
    found = fields.number(Place(field), value) if value else None
    if found is not None and found != int(found):
        raise Place(field).refusal(value, "not_a_number", "is not a whole number", "Send a number such as 12")
    return None if found is None else int(found)


@routes.get("/portfolios/{portfolio_id}/benchmark", response_model=BenchmarkPublic)
def benchmark(call: Asks, portfolio_id: Annotated[str, "or all"], asked: Annotated[BenchmarkQuestion, Depends(question)],
              series: Annotated[Text, Query(description="false leaves the series out", examples=["true"])] = None) -> Response:
    """Measure a portfolio, or with the id `all` every portfolio together, beside up to six benchmarks.

    Every figure by its name, of each benchmark; the same cash flows put into it; series and rolling figures. What has no answer is null and
    `gaps` says why; a figure of too few observations stands in `missing` with how many more it wants.
    """
    view = call.services.benchmark.compare(call.actor, portfolio_id, asked)
    return Response(json.dumps(as_json(view, series=truth("series", series)), allow_nan=False), media_type="application/json")
