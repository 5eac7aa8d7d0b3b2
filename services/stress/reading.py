"""Scenarios as people and programs send them, and those that come with the house."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from engine.errors import InvalidInput, PortfolioError
from engine.stress.scenario import LARGEST, NAMELESS, TARGETS, Shock, Target
from engine.types import AssetClass
from services import fields
from services.fields import Place, Reader
from services.stress.views import Scenario

MOST_SHOCKS: Final = 50
OVERLAPS: Final = ("specific", "compound")


def _scenario(key: str, name: str, note: str, *shocks: Shock) -> Scenario:
    return Scenario(None, key, name, note, shocks, "specific", 0)


HOUSE: Final = (
    _scenario("market_down_20", "Benchmark -20 %", "Every holding by its beta.", Shock("benchmark", "", -0.2)),
    _scenario("everything_down_30", "Everything -30 %", "Every price alike, cash apart.", Shock("all", "", -0.3)),
    _scenario("technology_down_30", "Technology -30 %", "The sector alone.", Shock("sector", "Technology", -0.3)),
    _scenario("dollar_down_10", "US dollar -10 %", "Against the base currency.", Shock("currency", "USD", -0.1)),
    _scenario("rates_up_1", "Rates +1 point", "Bonds by duration and convexity.", Shock("rate", "", 0.01)),
    _scenario("crypto_down_50", "Crypto -50 %", "The class alone.", Shock("asset_class", AssetClass.CRYPTO.value, -0.5)),
    _scenario("stagflation", "Shares, bonds and dollar fall", "Shares -25 %, rates +2 points, US dollar -5 %.",
              Shock("asset_class", AssetClass.EQUITY.value, -0.25), Shock("asset_class", AssetClass.FUND.value, -0.2), Shock("rate", "", 0.02),
              Shock("currency", "USD", -0.05)),
)  # fmt: skip


def _target(place: Place, value: object) -> str:
    return fields.choice(place, value, TARGETS)


def _name(place: Place, value: object) -> str | None:
    return fields.text(place, value, limit=80)


def _size(place: Place, value: object) -> float:
    found = float(fields.number(place, value, signed=True))
    if not -1.0 <= found <= LARGEST:
        raise place.refusal(value, "out_of_range", f"is not between -1 and {LARGEST:g}", "Send -0.2 for a fall of 20 %")
    return found


SHOCK: Final[dict[str, Reader]] = {"target": _target, "name": _name, "size": _size}


def shocks_of(place: Place, value: object) -> tuple[Shock, ...]:
    """Read a list of shocks; every row that is wrong is told.

    Raises
    ------
    InvalidInput
        No list, an empty or too long one, or a row that cannot be read, with its number.
    """
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_SHOCKS:
        raise place.refusal(value, "not_a_list", f"is not a list of 1 to {MOST_SHOCKS} shocks",
                            'Send [{"target": "sector", "name": "Technology", "size": -0.3}]')
    found: list[Shock] = []
    errors: list[PortfolioError] = []
    for row, each in enumerate(value, start=1):
        try:
            found.append(_shock(each, row))
        except InvalidInput as error:
            errors.append(error)
    fields.raise_all(errors)
    return tuple(found)


def _shock(raw: object, row: int) -> Shock:
    told = fields.record(raw, SHOCK, required=("target", "size"), row=row)
    target, name = cast("Target", told["target"]), told.get("name") or ""
    if not name and target not in {*NAMELESS, "rate"}:
        raise Place("name", row).refusal("", "required", f"says no {target}", f"Name the {target.replace('_', ' ')}")
    if target == "rate" and abs(told["size"]) > 0.5:
        raise Place("size", row).refusal(told["size"], "out_of_range", "is more than 50 points", "Send 0.01 for one percentage point")
    return Shock(target, _worded(target, name), told["size"])


def _worded(target: Target, name: str) -> str:
    if target in NAMELESS:
        return ""
    return name.upper() if target in {"instrument", "currency", "rate", "factor"} else name


READERS: Final[dict[str, Reader]] = {
    "name": lambda place, value: fields.text(place, value, limit=80), "note": lambda place, value: fields.text(place, value, limit=400),
    "shocks": shocks_of, "overlap": lambda place, value: fields.choice(place, value, OVERLAPS),
}


def draft_of(raw: Mapping[str, Any]) -> Scenario:
    """Read shocks that are tried without being kept: `shocks`, and `name`, `note`, `overlap` if told."""
    told = fields.record(raw, READERS, required=("shocks",))
    return Scenario(None, "draft", told.get("name") or "Draft", told.get("note"), told["shocks"], told.get("overlap") or "specific", 0)


def raw_shock(shock: Shock) -> dict[str, Any]:
    """Give a shock as it is kept and told."""
    return {"target": shock.target, "name": shock.name, "size": shock.size}
