"""Figures of what is held now, beside those of the returns: concentration, leverage, rates, options; each with what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.concentration.bets import TERMS as BETS
from engine.concentration.contributions import TERMS as CONTRIBUTIONS
from engine.concentration.exposures import TERMS as EXPOSURES
from engine.concentration.weights import TERMS as WEIGHTS
from engine.risk.catalogue import Term
from engine.risk.sheet import CATALOGUE
from services.attribution.told import concentration_figures, concentration_gaps
from services.attribution.views import ConcentrationView
from services.rates.rates import RatesView

NOT_FIGURES: Final = frozenset({"top_n_weight", "portfolio_volatility", "risk_contributions"})  # told under other names, or a table
RATES, OPTIONS = "Bonds", "Options"
FABOZZI, HULL = "Fabozzi, Bond Markets, Analysis and Strategies", "Hull, Options, Futures and Other Derivatives"
OWN: Final = (
    Term("ex_ante_volatility", "Volatility of today's holdings", "Diversification", "fraction", "What today's weights would have moved by, a year.",
         "Markowitz 1952", 60, "low"),
    Term("effective_number_of_bets_pca", "Effective bets, PCA", "Diversification", "number",
         "Independent bets of equal size, on principal components.", "Meucci 2009", 60, "high"),
    Term("weighted_average_correlation", "Weighted average correlation", "Diversification", "ratio",
         "Mean correlation of all pairs by the product of their weights.", "Tierens-Anadu 2004", 60, "low"),
    Term("largest_share", "Largest share of risk", "Diversification", "fraction", "Part of the volatility that one holding carries.",
         "Litterman 1996", 60, "low"),
    *(Term(f"top_{n}", f"Largest {word}", "Concentration", "fraction", "Their share of the value.", "practice", 1, "low")
      for n, word in ((1, "holding"), (5, "five"), (10, "ten"))),
    Term("cash_weight", "Cash", "Exposure", "fraction", "Share of the value in cash of all currencies.", "practice", 1),
    Term("bond_value", "Value of bonds", RATES, "number", "Of those whose terms are known, base currency.", "practice", 1),
    Term("bond_yield_to_maturity", "Yield to maturity", RATES, "fraction", "Of all bonds by value, compounded as often as coupons.", FABOZZI, 1),
    Term("bond_duration", "Duration", RATES, "ratio", "Modified, of all bonds by value.", FABOZZI, 1),
    Term("bond_convexity", "Convexity", RATES, "ratio", "Of all bonds by value.", FABOZZI, 1),
    Term("bond_dv01", "DV01", RATES, "number", "What a basis point more costs, base currency.", FABOZZI, 1),
    Term("portfolio_duration", "Duration of the portfolio", RATES, "ratio", "Of the bonds, by their part in the whole value.", FABOZZI, 1),
    Term("option_value", "Value of options", OPTIONS, "number", "Of those whose terms are known, base currency.", "practice", 1),
    Term("option_delta_exposure", "Delta exposure", OPTIONS, "number", "Delta times what the underlyings are worth, base currency.", HULL, 1),
    *(Term(f"option_{name}", name.capitalize(), OPTIONS, "number", meaning, HULL, 1) for name, meaning in (
        ("gamma", "Change of delta for 1 in the underlying, all options."), ("vega", "For a whole 1.00 of volatility, all options."),
        ("theta", "Of a year, all options."), ("rho", "For a whole 1.00 of the rate, all options."))),
)
HELD: Final = tuple(term for term in (*WEIGHTS, *EXPOSURES, *CONTRIBUTIONS, *BETS, *OWN) if term.name not in NOT_FIGURES)
EVERY: Final = (*CATALOGUE, *HELD)


def held_figures(concentration: ConcentrationView, rates: RatesView) -> dict[str, float | None]:
    """Give every figure of what is held now by its name; None where there is none."""
    told: Mapping[str, float | None] = {**concentration_figures(concentration), **rates.figures}
    return {term.name: _number(told[term.name]) for term in HELD}


def held_gaps(concentration: ConcentrationView, rates: RatesView) -> dict[str, str]:
    """Say why figures have no value."""
    why = {"bond_": "no bond whose terms are known is held", "portfolio_": "no bond whose terms are known is held",
           "option_": "no option whose terms are known is held"}
    lacking = [name for name, value in held_figures(concentration, rates).items() if value is None]
    told = concentration_gaps(concentration)
    return {name: told.get(name) or next((reason for start, reason in why.items() if name.startswith(start)), "It has no answer for what is held")
            for name in lacking}


def _number(value: float | None) -> float | None:
    return value if value is not None and abs(value) < float("inf") else None  # NaN is not below anything
