"""What common factors explain of a portfolio, and the tables of factor returns that can be asked for."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Query, Response, UploadFile

from api.dependencies import Asks, Changes, Day, ExactRoute, Id, Writes, day, etag, found_id, truth
from api.factors_schemas import FactorSetPublic, FactorsPublic
from engine.errors import InvalidInput
from services.attribution.views import COSTS, ESTIMATORS, FREQUENCIES, MODELS, FactorQuestion, FactorSet, FactorView
from services.performance.json import dated, known, rows
from services.performance.views import PERIODS

routes = APIRouter(tags=["analytics"], route_class=ExactRoute)
Text = str | None
LONGEST_NAMES = 1000


def _one_of(says: str, options: tuple[str, ...], default: str) -> Any:  # noqa: ANN401  # FastAPI's Query
    return Query(description=f"{says}: {', '.join(options)}; {default} where absent", examples=[options[0]])


def question(  # noqa: PLR0913, PLR0917  # each is a parameter of the query
    start: Day = None, end: Day = None,
    period: Annotated[Text, Query(description=f"Instead of start: {', '.join(PERIODS)}")] = None,
    model: Annotated[Text, _one_of("Factors", MODELS, "the largest that a set has over the window, else the portfolio's benchmark alone")] = None,
    source: Annotated[Text, Query(description="Key or name of a set, see GET /factors")] = None,
    factors: Annotated[Text, Query(max_length=LONGEST_NAMES, description="Columns of the source, or symbols of instruments, with commas between",
                                   examples=["SPY,TLT"])] = None,
    frequency: Annotated[Text, _one_of("Periods", FREQUENCIES, "that of the source")] = None,
    estimator: Annotated[Text, _one_of("Estimator", ESTIMATORS, "ols")] = None,
    penalty: Annotated[Text, Query(description="Of ridge, on standardised factors; 1 where absent")] = None,
    lags: Annotated[Text, Query(description="Of Newey-West; floor(4 (T/100)^(2/9)) where absent")] = None,
    window: Annotated[Text, Query(description="Periods of a rolling regression")] = None,
    level: Annotated[Text, Query(description="Of the confidence intervals; 0.95 where absent")] = None,
    risk_free: Annotated[Text, Query(description="A year, where the source has no RF; 0 where absent")] = None,
    costs: Annotated[Text, _one_of("What returns are after", COSTS, "net")] = None,
    base_currency: Annotated[Text, Query(description="Instead of the portfolio's own")] = None,
) -> FactorQuestion:
    """Read the query."""
    numbers = {"penalty": _number("penalty", penalty, 0.0, 1e9), "level": _number("level", level, 1e-9, 1 - 1e-9),
               "risk_free": _number("risk_free", risk_free, -0.99, 10.0), "lags": _count("lags", lags, 0), "window": _count("window", window, 3)}
    words = {"estimator": estimator, "costs": costs}
    given: dict[str, Any] = {name: value for name, value in ({**words, **numbers}).items() if value is not None and value != ""}
    named = tuple(name.strip() for name in factors.split(",") if name.strip()) if factors else ()
    return FactorQuestion(start=day("start", start), end=day("end", end), period=period or None, model=model or None, source=source or None,
                          factors=named or None, frequency=frequency or None, base_currency=base_currency or None, **given)


@routes.get("/portfolios/{portfolio_id}/factors", response_model=FactorsPublic)
def factors(call: Asks, portfolio_id: Annotated[str, "or all"], asked: Annotated[FactorQuestion, Depends(question)],
            series: Annotated[Text, Query(description="false leaves what is told of each period out", examples=["true"])] = None) -> dict[str, Any]:
    """Regress the returns of a portfolio, or with the id `all` of all together, on factors.

    Contributions of factors add up to the return, their volatilities to the volatility. What has no answer is null, and `gaps` or a finding
    says why: too few periods in common are no error.
    """
    return laid_out(call.services.factors.factors(call.actor, portfolio_id, asked), with_series=truth("series", series))


@routes.get("/factors", response_model=list[FactorSetPublic])
def sets(call: Asks) -> list[FactorSet]:
    """List the tables of factor returns that can be asked for."""
    return call.services.factors.sets.find(call.actor)


@routes.post("/factors", response_model=FactorSetPublic, status_code=201)
def add(call: Writes, file: Annotated[UploadFile, File(description="A file of the French data library as it is, or a table with a date first")],
        response: Response, name: Annotated[Text, Form(description="What it is called; the file's name where absent")] = None,
        unit: Annotated[Text, Form(description="percent or fraction; as its dates tell where absent")] = None) -> FactorSet:
    """Keep a table of factor returns, at most 8 MB."""
    told = name or (file.filename or "").rsplit("/", 1)[-1].rsplit(".", 1)[0]
    found = call.services.factors.sets.add(call.actor, told, file.file.read(), unit=unit or None, idempotency_key=call.key)
    response.headers["Location"] = f"/api/v1/factors/{found.key}"
    etag(response, found.version)
    return found


@routes.delete("/factors/{set_id}", status_code=204)
def remove(call: Changes, set_id: Id) -> None:
    """Take one that was brought out of sight."""
    call.services.factors.sets.remove(call.actor, found_id("factor set", set_id), call.optional_version(), idempotency_key=call.key)


def laid_out(view: FactorView, *, with_series: bool = True) -> dict[str, Any]:
    """Lay a view out for JSON."""
    return {
        "scope": view.scope, "label": view.label, "base_currency": view.base_currency, "start": view.start, "end": view.end,
        "observations": view.observations, "needed": view.needed, "frequency": view.frequency, "periods_per_year": view.periods_per_year,
        "window": view.window, "conventions": view.conventions, "source": view.source, **known(view.figures), "loadings": rows(view.loadings),
        "contributions": rows(view.contributions), "rolling": rows(dated(view.rolling)) if with_series else [],
        "series": rows(dated(view.series)) if with_series else [],
        "correlation": {str(name): known(column.to_dict()) for name, column in view.correlation.items()}, "sets": view.sets,
        "simulated": view.simulated, "revisions": view.revisions, "gaps": view.gaps, "findings": view.findings,
    }


def _number(name: str, text: str | None, least: float, most: float) -> float | None:
    if text is None or not text.strip():
        return None
    try:
        found = float(text)
    except ValueError:
        raise InvalidInput(name, text, "is not a number", hint="Send one such as 0.95", rule="not_a_number") from None
    if not least <= found <= most:
        raise InvalidInput(name, text, f"is not between {least:g} and {most:g}", hint="Leave it out for the default", rule="out_of_range")
    return found


def _count(name: str, text: str | None, least: int) -> int | None:
    found = _number(name, text, least, 100_000)
    if found is not None and found != int(found):
        raise InvalidInput(name, text, "is not a whole number", hint="Send one such as 60", rule="not_a_number")
    return None if found is None else int(found)
