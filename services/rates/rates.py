"""Duration and what a basis point costs for bonds, Greeks for options, of each holding and of all together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd

from data.database import Database
from engine import convexity, delta, duration, gamma, implied_volatility, rho, theta, vega, yield_to_maturity
from engine.types import Actor, Finding, Instrument, Severity
from services.books.service import once
from services.rates.terms import BondTerms, OptionTerms, terms_of
from services.risk.exposures import Exposure, ExposureQuestion, Exposures
from services.risk.total_returns import read_closes
from services.views import ALL

DAYS_A_YEAR: Final = 365.25
BASIS_POINT: Final = 1e-4
RECENT: Final = 63  # trading days of the underlying that volatility rests on where the price of an option implies none
BONDS: Final = ["coupon", "maturity", "years", "price", "value", "yield_to_maturity", "duration", "convexity", "dv01"]
OPTIONS: Final = ["underlying", "strike", "expiry", "right", "years", "spot", "volatility", "implied", "delta", "gamma", "vega", "theta", "rho",
                  "value", "delta_exposure"]
CONVENTIONS: Final = {
    "years": "From the last trading day that is known, calendar days over 365.25",
    "bonds": "Price clean, in the unit of `redemption`; yield compounded as often as coupons; duration modified; dv01 in base currency",
    "options": "Black and Scholes without rate and dividends, volatility that the price implies, else of the underlying's last 63 days",
    "delta_exposure": "Delta times what the underlying of the holding is worth, base currency",
    "greeks": "Of one unit of the underlying; vega and rho for a whole 1.00, theta a year; the totals are of all holdings in base currency",
}


@dataclass(frozen=True, slots=True)
class RatesView:
    """What bonds and options hang on; fractions and base currency, NaN where there is no answer."""

    scope: str
    label: str
    base_currency: str
    value: float
    bonds: pd.DataFrame  # symbol x BONDS
    options: pd.DataFrame  # symbol x OPTIONS
    figures: dict[str, float]
    conventions: dict[str, str]
    simulated: bool
    revisions: dict[str, int]
    findings: tuple[Finding, ...]


class Rates:
    """Sensitivities of the actor's bonds and options."""

    def __init__(self, database: Database, exposures: Exposures) -> None:
        self._database, self._exposures = database, exposures

    def rates(self, actor: Actor, scope: str | UUID = ALL, question: ExposureQuestion | None = None) -> RatesView:
        """Tell what bonds and options of a portfolio, or of all together, hang on; of one group of them where `question` names it.

        Raises
        ------
        NotFound
            No such portfolio in the actor's workspace.
        """
        exposure = self._exposures.exposure(actor, scope, question)
        known, found = _terms(exposure)
        bonds = bonds_of(exposure, {name: each for name, each in known.items() if isinstance(each, BondTerms)})
        options, odd = self._options(actor, exposure, {name: each for name, each in known.items() if isinstance(each, OptionTerms)})
        return RatesView(exposure.scope, exposure.label, exposure.base_currency, exposure.value, bonds, options, _figures(exposure, bonds, options),
                         CONVENTIONS, exposure.simulated, exposure.revisions, once([*found, *odd, *exposure.findings]))

    def _options(self, actor: Actor, exposure: Exposure, terms: dict[str, OptionTerms]) -> tuple[pd.DataFrame, list[Finding]]:
        names = sorted({each.underlying for each in terms.values()})
        with self._database.read() as unit:
            known = unit.instruments.by_symbols(actor.workspace_id, names) if names else {}
            closes = read_closes(unit, known, _day(exposure)) if known else pd.DataFrame()
        rows = {symbol: _option(exposure, symbol, each, _past(closes, known.get(each.underlying))) for symbol, each in terms.items()}
        odd = [Finding("no_underlying", f"{symbol}: {each.underlying} has no prices here; add the instrument and its bars", Severity.WARNING,
                       {"symbol": symbol, "underlying": each.underlying})
               for symbol, each in terms.items() if not _past(closes, known.get(each.underlying)).size]
        return pd.DataFrame.from_dict(rows, orient="index", columns=OPTIONS), odd


def bonds_of(exposure: Exposure, terms: dict[str, BondTerms]) -> pd.DataFrame:
    """Measure bonds whose terms are known."""
    rows = {symbol: _bond(exposure, symbol, each) for symbol, each in terms.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=BONDS)


def bond_facts(exposure: Exposure) -> pd.DataFrame:
    """Give duration and convexity of what has the terms of a bond, by symbol."""
    known, _ = _terms(exposure)
    return bonds_of(exposure, {name: each for name, each in known.items() if isinstance(each, BondTerms)})[["duration", "convexity"]]


def _terms(exposure: Exposure) -> tuple[dict[str, BondTerms | OptionTerms], list[Finding]]:
    found: list[Finding] = []
    known: dict[str, BondTerms | OptionTerms] = {}
    for symbol, instrument in exposure.instruments.items():
        terms, odd = terms_of(instrument)
        found += odd
        if terms is not None:
            known[symbol] = terms
    return known, found


def _day(exposure: Exposure) -> date:
    return exposure.returns.index[-1].date() if len(exposure.returns) else date(1900, 1, 1)


def _years(exposure: Exposure, until: date) -> float:
    return (until - _day(exposure)).days / DAYS_A_YEAR if len(exposure.returns) else np.nan


def _bond(exposure: Exposure, symbol: str, terms: BondTerms) -> dict[str, object]:
    held, years = exposure.holdings.loc[symbol], _years(exposure, terms.maturity)
    price, value = _number(held["price"]), _number(held["value"])
    how: dict[str, Any] = {"coupon": terms.coupon, "years": years, "face": terms.redemption, "frequency": terms.frequency}
    rate = float(yield_to_maturity(price, **how))
    modified, bow = float(duration(rate, **how)), float(convexity(rate, **how))
    return {"coupon": terms.coupon, "maturity": terms.maturity, "years": years, "price": price, "value": value, "yield_to_maturity": rate,
            "duration": modified, "convexity": bow, "dv01": modified * value * BASIS_POINT}


def _past(closes: pd.DataFrame, underlying: Instrument | None) -> pd.Series:
    """Give the closes of an underlying; none where there are none."""
    if underlying is None or underlying.symbol not in closes:
        return pd.Series(dtype=np.float64)
    return closes[underlying.symbol].dropna()


def _option(exposure: Exposure, symbol: str, terms: OptionTerms, closes: pd.Series) -> dict[str, object]:
    held, years = exposure.holdings.loc[symbol], _years(exposure, terms.expiry)
    spot = float(closes.iloc[-1]) if len(closes) else np.nan
    price, value = _number(held["price"]), _number(held["value"])
    implied = float(implied_volatility(price, spot, terms.strike, years, kind=terms.right))
    volatility = implied if np.isfinite(implied) and implied > 0 else _realised(closes, exposure.periods_per_year)
    given = (spot, terms.strike, years, volatility)
    change = float(delta(*given, kind=terms.right))
    return {"underlying": terms.underlying, "strike": terms.strike, "expiry": terms.expiry, "right": terms.right, "years": years, "spot": spot,
            "volatility": volatility, "implied": bool(volatility == implied), "delta": change, "gamma": float(gamma(*given)),
            "vega": float(vega(*given)), "theta": float(theta(*given, kind=terms.right)), "rho": float(rho(*given, kind=terms.right)),
            "value": value, "delta_exposure": change * spot * value / price if price else np.nan}


def _number(cell: Any) -> float:  # noqa: ANN401 - of a frame
    return float(cell)


def _realised(closes: pd.Series, periods: float) -> float:
    moves = np.diff(np.log(closes.tail(RECENT + 1).to_numpy()))
    return float(np.std(moves, ddof=1) * np.sqrt(periods)) if len(moves) > 1 else np.nan


def _figures(exposure: Exposure, bonds: pd.DataFrame, options: pd.DataFrame) -> dict[str, float]:
    """Total over holdings; a bond that cannot be measured makes no total unknown, it is told by a finding or by its own row."""
    value = exposure.value
    measured = bonds[bonds["duration"].notna()]
    worth = float(measured["value"].sum())
    at = {name: float((measured[name].astype(np.float64) * measured["value"]).sum()) for name in ("duration", "convexity", "yield_to_maturity")}
    units = (options["value"] / exposure.holdings["price"].reindex(options.index)).astype(np.float64)
    greeks = {f"option_{name}": float((options[name].astype(np.float64) * units).sum()) for name in ("gamma", "vega", "theta", "rho")}
    return {
        "bond_value": worth, "bond_dv01": float(measured["dv01"].sum()),
        **{f"bond_{name}": total / worth if worth else np.nan for name, total in at.items()},
        "portfolio_duration": at["duration"] / value if value and len(measured) else np.nan,
        "option_value": float(options["value"].sum()), "option_delta_exposure": float(options["delta_exposure"].sum()), **greeks,
    }
