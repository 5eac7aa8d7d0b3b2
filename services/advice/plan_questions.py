"""Questions about a plan, as programs send them; every field that is wrong is told with what would be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.advice.planning import MOST_DRAWS, MOST_YEARS
from engine.errors import InvalidInput, PortfolioError
from services import fields
from services.advice.views_evidence import PlanQuestion
from services.fields import Place, Reader

MOST_MONEY: Final = 1e15
MOST_LUMPS: Final = 100


def _between(low: float, high: float, hint: str) -> Reader:
    def read(place: Place, value: object) -> float:
        found = float(fields.number(place, value, signed=True))
        if not low <= found <= high:
            raise place.refusal(value, "out_of_range", f"is not between {low:g} and {high:g}", hint)
        return found

    return read


def _whole(low: int, high: int, hint: str) -> Callable[[Place, object], int]:
    def read(place: Place, value: object) -> int:
        found = fields.number(place, value, signed=True)
        if found != int(found) or not low <= found <= high:
            raise place.refusal(value, "out_of_range", f"is not a whole number between {low} and {high}", hint)
        return int(found)

    return read


def _truth(place: Place, value: object) -> bool:
    if not isinstance(value, bool):
        raise place.refusal(value, "unknown_value", "is neither true nor false", "Send true or false")
    return value


def _lumps(place: Place, value: object) -> tuple[tuple[float, float], ...]:
    if not isinstance(value, list) or len(value) > MOST_LUMPS:
        raise place.refusal(value, "not_a_list", f"is not a list of at most {MOST_LUMPS} sums", 'Send [{"years": 3, "money": -10000}]')
    readers: dict[str, Reader] = {"years": _between(0.0, MOST_YEARS, "Send years from now"), "money": _money(-MOST_MONEY)}
    found, errors = [], list[PortfolioError]()
    for row, each in enumerate(value, start=1):
        try:
            told = fields.record(each, readers, required=("years", "money"), row=row)
            found.append((told["years"], told["money"]))
        except InvalidInput as error:
            errors.append(error)
    fields.raise_all(errors)
    return tuple(found)


def _weights(place: Place, value: object) -> dict[str, float]:
    if not isinstance(value, Mapping) or not value:
        raise place.refusal(value, "not_an_object", "is not an object of weights", 'Send {"AAPL": 0.6, "BND": 0.4}')
    read = _between(-10.0, 10.0, "Send 0.6 for 60 %")
    found = {fields.symbol(Place(f"weights.{name}"), name): float(read(Place(f"weights.{name}"), weight)) for name, weight in value.items()}
    if sum(found.values()) > 1.0 + 1e-9:
        raise place.refusal(round(sum(found.values()), 6), "sum", "add up to more than 1", "Let them add up to 1 at most; the rest is cash")
    return found


def _money(low: float = 0.0) -> Reader:
    return _between(low, MOST_MONEY, "Send an amount in the base currency")


RATE: Final = _between(0.0, 0.99, "Send 0.02 for 2 %")
YEARS: Final = _between(0.0, MOST_YEARS, "Send years from now")
READERS: Final[dict[str, Reader]] = {
    "goal": _between(0.01, MOST_MONEY, "Send the amount that is wanted, above 0"), "years": _between(1 / 12, MOST_YEARS, "Send 20 for twenty years"),
    "value": _money(), "contribution": _money(), "contribution_growth": _between(-0.5, 0.5, "Send 0.01 for 1 % a year"),
    "contribution_years": YEARS, "withdrawal": _money(), "withdrawal_from": YEARS, "lump_sums": _lumps,
    "inflation": _between(-0.1, 1.0, "Send 0.02 for 2 % a year"), "inflation_volatility": _between(0.0, 0.5, "Send 0.01"), "fee": RATE, "tax": RATE,
    "expected_return": _between(-0.5, 1.0, "Send 0.05 for 5 % a year"), "floor": _money(), "confidence": _between(0.5, 0.999, "Send 0.9"),
    "weights": _weights, "block": _between(1.0, 240.0, "Send 12 for blocks of a year"), "draws": _whole(100, MOST_DRAWS, "Send 2000"),
    "nominal": _truth, "seed": _whole(0, 2**31 - 1, "Send 7"), "base_currency": fields.currency,
}


def plan_of(raw: object) -> PlanQuestion:
    """Read a question about a plan.

    Raises
    ------
    InvalidInput
        What cannot be read, with field and hint; withdrawals that begin after the end.
    """
    told: dict[str, Any] = {name: value for name, value in fields.record(raw, READERS).items() if value is not None}
    found = PlanQuestion(**told)
    for name in ("withdrawal_from", "contribution_years"):
        value = getattr(found, name)
        if value is not None and value > found.years:
            raise Place(name).refusal(value, "order", f"is after the end in {found.years:g} years", f"Send at most {found.years:g}")
    return found
