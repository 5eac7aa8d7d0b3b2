"""Shocks of one's own: on an instrument, a sector, a class, a country, a currency, a rate, the benchmark, or on everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.columns import Floats
from engine.errors import InvalidInput
from engine.stress.losses import weights_of
from engine.types import Finding

Target = Literal["instrument", "sector", "country", "asset_class", "factor", "benchmark", "all", "currency", "rate"]
PRICE_TARGETS: Final = ("all", "benchmark", "factor", "asset_class", "country", "sector", "instrument")  # the later beats the earlier
TARGETS: Final = ("instrument", "sector", "country", "asset_class", "factor", "benchmark", "all", "currency", "rate")
NAMELESS: Final = ("all", "benchmark")
LARGEST: Final = 10.0  # a price times eleven; what is more is a slip of the pen


@dataclass(frozen=True, slots=True)
class Shock:
    """One line of a scenario.

    Attributes
    ----------
    target
        What is shocked; ``benchmark`` moves each holding by its beta, a ``factor`` by its beta to that, ``rate`` by its duration.
    name
        Which one: a symbol, a sector, a currency code, a factor. Empty for ``all`` and ``benchmark``, and for ``rate`` where every currency's moves.
    size
        Fraction: -0.2 for a fall of 20 %; of a currency: of what it is worth in the base currency; of a rate: 0.01 for one percentage point up.
    """

    target: Target
    name: str
    size: float


@dataclass(frozen=True, slots=True)
class ScenarioStress:
    """A scenario on today's holdings.

    Attributes
    ----------
    loss
        Positive for a loss, fraction of the portfolio's value.
    table
        Index: symbol. `weight price currency rate` (the parts of the move), `move`, `contribution` (they add up to minus the loss), `because`
        (which shock moved its price).
    findings
        Shocks that met nothing, and holdings that a shock could not reach.
    """

    loss: float
    table: pd.DataFrame
    findings: tuple[Finding, ...]


def scenario_stress(weights: pd.Series, shocks: Sequence[Shock], *, facts: pd.DataFrame | None = None, overlap: str = "specific",
                    cash: pd.Series | None = None) -> ScenarioStress:
    """Loss of holdings under shocks of one's own.

    Parameters
    ----------
    weights
        Fractions of the portfolio's value by symbol, shorts negative.
    shocks
        The scenario.
    facts
        By symbol, as far as known: `sector country asset_class currency` (text), `beta duration convexity` (numbers), and for every factor
        `beta:<name>`.
    overlap
        ``specific`` (default): of several shocks on one price the narrowest counts: instrument, sector, country, class, factors
        (their moves added up), benchmark, all. ``compound``: they are multiplied.
    cash
        Fractions of the value by currency; only shocks of its currency move it. Rows ``cash:USD``.

    Returns
    -------
    ScenarioStress

    Notes
    -----
    Convention: move = (1 + price)(1 + currency)(1 + rate) - 1, rate = -duration x shock + convexity x shock² / 2, no move below -1.

    Raises
    ------
    InvalidInput
        An unknown target or overlap, a name that is missing, a size that is no number, below -1 or above 10.

    References
    ----------
    Basel Committee on Banking Supervision, Principles for sound stress testing practices and supervision, 2009; duration and convexity:
    Fabozzi, Bond Markets, Analysis, and Strategies, 7th ed., ch. 4.

    Examples
    --------
    >>> facts = pd.DataFrame({"sector": ["Technology", "Energy"], "currency": ["USD", "EUR"]}, index=["A", "B"])
    >>> shocks = [Shock("sector", "Technology", -0.3), Shock("currency", "USD", -0.1)]
    >>> found = scenario_stress(pd.Series({"A": 0.6, "B": 0.4}), shocks, facts=facts)
    >>> round(found.loss, 6), found.table["because"].to_dict()
    (0.222, {'A': 'sector Technology', 'B': ''})
    """
    if overlap not in {"specific", "compound"}:
        raise InvalidInput("overlap", overlap, "is not a known way", hint="Use specific or compound")
    for place, shock in enumerate(shocks, start=1):
        _check(shock, place)
    held, known = _rows(weights_of(weights), facts, cash)
    price, because, findings = _prices(known, shocks, overlap)
    currency, rate = _currencies(known, shocks, findings), _rates(known, shocks, findings)
    move = np.maximum((1.0 + price) * (1.0 + currency) * (1.0 + rate) - 1.0, -1.0)
    contribution = held.to_numpy() * move
    table = pd.DataFrame({"weight": held, "price": price, "currency": currency, "rate": rate, "move": move, "contribution": contribution,
                          "because": because}, index=held.index)
    return ScenarioStress(0.0 - float(contribution.sum()), table, tuple(findings))


def _check(shock: Shock, place: int) -> None:
    if shock.target not in TARGETS:
        raise InvalidInput("target", shock.target, "cannot be shocked", hint=f"Use {', '.join(TARGETS)}", row=place)
    if not shock.name and shock.target not in {*NAMELESS, "rate"}:
        raise InvalidInput("name", shock.name, f"says no {shock.target}", hint=f"Name the {shock.target}", row=place)
    lowest = -0.5 if shock.target == "rate" else -1.0
    if not np.isfinite(shock.size) or not lowest <= shock.size <= LARGEST:
        raise InvalidInput("size", shock.size, f"is not between {lowest:g} and {LARGEST:g}", hint="Use -0.2 for a fall of 20 %", row=place)


def _rows(held: pd.Series, facts: pd.DataFrame | None, cash: pd.Series | None) -> tuple[pd.Series, pd.DataFrame]:
    """Put cash under the holdings, as rows that only know their currency."""
    known = (pd.DataFrame(index=held.index) if facts is None else facts).reindex(held.index)
    texts = {name: known[name].fillna("").astype(str) if name in known else "" for name in ("sector", "country", "asset_class", "currency")}
    numbers = {name: known[name].astype(np.float64) if name in known else np.nan for name in ("beta", "duration", "convexity")}
    numbers |= {name: known[name].astype(np.float64) for name in known.columns if str(name).startswith("beta:")}
    laid = pd.DataFrame({**texts, **numbers}, index=held.index).assign(instrument=held.index.astype(str), is_cash=False)
    if cash is None or cash.empty:
        return held, laid
    codes = weights_of(cash, "cash")
    names = [f"cash:{code}" for code in codes.index]
    rows = pd.DataFrame({"currency": codes.index.astype(str), "is_cash": True}, index=names)
    whole = pd.concat([laid, rows]).fillna(dict.fromkeys((*texts, "instrument"), ""))
    return pd.concat([held, codes.set_axis(names)]), whole.astype({"is_cash": bool})


def _prices(known: pd.DataFrame, shocks: Sequence[Shock], overlap: str) -> tuple[Floats, list[str], list[Finding]]:
    """Lay the shocks of prices over each other, the widest first."""
    growth, because, findings = np.ones(len(known)), np.full(len(known), "", dtype=object), list[Finding]()
    wide = sorted((each for each in shocks if each.target in PRICE_TARGETS), key=lambda each: PRICE_TARGETS.index(each.target))
    factors = [each for each in wide if each.target == "factor"]
    for shock in (each for each in wide if each not in factors[1:]):
        hit, size = _hit(known, shock), _sizes(known, factors if shock.target == "factor" else [shock])
        if not hit.any():
            findings.append(_unheld(shock))
        elif np.isnan(size[hit]).any():
            findings.append(_without(known.index[hit & np.isnan(size)], "beta", shock))
        reached = hit & ~np.isnan(size)
        growth[reached] = (growth[reached] if overlap == "compound" else 1.0) * np.maximum(1.0 + size[reached], 0.0)
        because[reached] = " and ".join(f"{each.target} {each.name}".strip() for each in (factors if shock.target == "factor" else [shock]))
    return growth - 1.0, because.tolist(), findings


def _sizes(known: pd.DataFrame, shocks: Sequence[Shock]) -> Floats:
    """Give the move of each holding: by its betas, added up, where it is told by such; NaN where one is not known."""
    found = np.zeros(len(known))
    for shock in shocks:
        column = {"benchmark": "beta", "factor": f"beta:{shock.name}"}.get(shock.target)
        slopes = 1.0 if column is None else known[column].to_numpy(dtype=np.float64) if column in known else np.nan
        found = found + slopes * shock.size
    return found


def _hit(known: pd.DataFrame, shock: Shock) -> NDArray[np.bool_]:
    asset = ~known["is_cash"].to_numpy()
    return asset if shock.target in {*NAMELESS, "factor"} else asset & (known[shock.target].str.casefold() == shock.name.casefold()).to_numpy()


def _currencies(known: pd.DataFrame, shocks: Sequence[Shock], findings: list[Finding]) -> Floats:
    growth = np.ones(len(known))
    for shock in (each for each in shocks if each.target == "currency"):
        hit = (known["currency"].str.upper() == shock.name.upper()).to_numpy()
        growth[hit] *= 1.0 + shock.size
        if not hit.any():
            findings.append(_unheld(shock))
    return growth - 1.0


def _rates(known: pd.DataFrame, shocks: Sequence[Shock], findings: list[Finding]) -> Floats:
    """Move bonds by duration and convexity; what has no duration does not move."""
    found = np.zeros(len(known))
    duration, convexity = known["duration"].to_numpy(dtype=np.float64), np.nan_to_num(known["convexity"].to_numpy(dtype=np.float64))
    for shock in (each for each in shocks if each.target == "rate"):
        inside = (known["currency"].str.upper() == shock.name.upper()).to_numpy() if shock.name else np.ones(len(known), dtype=bool)
        bonds = inside & (known["asset_class"].str.casefold() == "bond").to_numpy()
        reached = inside & ~np.isnan(duration)
        found[reached] += (0.5 * convexity * shock.size**2 - duration * shock.size)[reached]
        if (bonds & ~reached).any():
            findings.append(_without(known.index[bonds & ~reached], "duration", shock))
        elif not reached.any():
            findings.append(_unheld(shock))
    return np.maximum(found, -1.0)


def _unheld(shock: Shock) -> Finding:
    what = f"{shock.target} {shock.name}".strip()
    context = {"target": shock.target, "name": shock.name, "needed": 1, "found": 0}
    return Finding("shock_not_held", f"Nothing that is held is moved by the shock on {what}: 1 holding is needed, 0 are there.", context=context)


def _without(symbols: pd.Index, what: str, shock: Shock) -> Finding:
    names = [str(symbol) for symbol in symbols]
    told = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return Finding(f"no_{what}", f"The shock on the {shock.target} does not reach {told}: no {what} is known.", context={"symbols": names})
