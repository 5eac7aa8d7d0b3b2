"""What value and risk of today's holdings hang on: few names, few bets, and who carries the volatility."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import numpy as np
import pandas as pd

from data.database import Database
from engine import (
    absorption_ratio,
    average_pairwise_correlation,
    diversification_ratio,
    effective_number_of_assets,
    effective_number_of_bets,
    gross_exposure,
    hhi,
    leverage,
    long_exposure,
    marginal_risk,
    net_exposure,
    portfolio_volatility,
    risk_contributions,
    short_exposure,
    top_n_weight,
)
from engine.errors import NotConverged
from engine.types import Actor, Finding, Severity
from services.attribution.grouping import group_name
from services.attribution.views import RISK_COLUMNS, ConcentrationView
from services.books.service import once
from services.constituents.book import Book, Books
from services.constituents.through import Glass, Through, through
from services.performance.groups import CASH_NAME
from services.risk.exposures import Exposure, ExposureQuestion, Exposures
from services.views import ALL

DAYS: Final = 504  # two years of trading days
LEAST: Final = 60  # returns below which a holding is left out of the risk
GROUPED: Final = ("sector", "asset_class", "country", "region", "currency")
OF_WEIGHTS: Final[Mapping[str, Callable[..., Any]]] = {
    "gross_exposure": gross_exposure, "net_exposure": net_exposure, "long_exposure": long_exposure, "short_exposure": short_exposure,
}
COLUMNS: Final = ["key", "weight", "risk_share", "through"]
OF_RISK: Final = ("effective_number_of_bets", "effective_number_of_bets_pca", "diversification_ratio", "average_pairwise_correlation",
                  "weighted_average_correlation", "absorption_ratio", "largest_share", "volatility")


class Concentrations:
    """Concentration of the actor's portfolios."""

    def __init__(self, database: Database, exposures: Exposures, books: Books) -> None:
        self._database, self._exposures, self._books = database, exposures, books

    def concentration(self, actor: Actor, scope: str | UUID = ALL, question: ExposureQuestion | None = None, *,
                      look_through: bool = True) -> ConcentrationView:
        """Tell what today's holdings of a portfolio, or of all together, hang on.

        Parameters
        ----------
        actor : Actor
        scope : str or UUID
            Portfolio id, or "all".
        question : ExposureQuestion, optional
            Window, group and currency; default all of history.
        look_through : bool
            Whether funds count for what they hold, where that is told.

        Raises
        ------
        NotFound
            No such portfolio in the actor's workspace.
        """
        exposure = self._exposures.exposure(actor, scope, question)
        return concentration_of(exposure, self.book(actor, exposure) if look_through else None)

    def book(self, actor: Actor, exposure: Exposure) -> Book:
        """Read what the funds among some holdings hold."""
        with self._database.read() as unit:
            return self._books.read(unit, actor, list(exposure.instruments.values()))


def concentration_of(exposure: Exposure, book: Book | None = None) -> ConcentrationView:
    """Measure an exposure of all of history; with a book funds count for what they hold."""
    weights = exposure.weights.dropna()
    recent, short = _common(exposure, weights)
    held = weights.reindex(recent.columns)
    figures, gaps = _of_weights(exposure, weights), {}
    risk = pd.DataFrame(columns=list(RISK_COLUMNS))
    seen = Through() if book is None else through(exposure.instruments, weights, book, GROUPED)
    findings = [*short, *seen.findings, *exposure.findings]
    if len(held) and len(recent) >= LEAST:
        risk, measured, odd = _of_risk(exposure, held, recent)
        figures |= measured
        findings = [*odd, *findings]
    else:
        reason = f"A covariance needs {LEAST} days that all holdings have, {len(recent) if len(held) else 0} are there"
        figures |= dict.fromkeys(OF_RISK, float("nan"))
        gaps = dict.fromkeys(OF_RISK, reason)
    return ConcentrationView(
        scope=exposure.scope, label=exposure.label, base_currency=exposure.base_currency, value=exposure.value, figures=figures,
        gaps=gaps | {name: "It has no answer for what is held" for name, value in figures.items() if name not in gaps and not np.isfinite(value)},
        risk=risk, exposures={by: _grouped(by, exposure, risk, book) for by in GROUPED}, observations=len(recent), findings=once(findings),
        through=seen, simulated=exposure.simulated, revisions=exposure.revisions,
    )


def _of_weights(exposure: Exposure, weights: pd.Series) -> dict[str, float]:
    invested = float(weights.abs().sum())
    parts = weights / invested if invested > 0 else weights * np.nan
    return {
        "hhi": float(hhi(parts)), "effective_number_of_assets": float(effective_number_of_assets(parts)),
        **{f"top_{n}": float(top_n_weight(weights, n=n)) for n in (1, 5, 10)},
        **{name: float(figure(weights)) for name, figure in OF_WEIGHTS.items()},
        "leverage": float(leverage(exposure.holdings["value"].dropna(), exposure.value)), "cash_weight": exposure.cash_weight,
    }


def _common(exposure: Exposure, weights: pd.Series) -> tuple[pd.DataFrame, list[Finding]]:
    """Give the days of the last two years that all holdings have; those with the shortest history are left out until there are enough."""
    held = [symbol for symbol in weights.index if weights[symbol] != 0]
    recent = exposure.returns.reindex(columns=held).tail(DAYS)
    order = recent.notna().sum().sort_values(kind="stable").index.tolist()
    left: list[str] = []
    while order and len(recent[order].dropna()) < LEAST:
        left.append(str(order.pop(0)))
    kept = [symbol for symbol in held if symbol in order]
    return recent[kept].dropna(), [_too_short(symbol, int(recent[symbol].notna().sum())) for symbol in left]


def _too_short(symbol: str, found: int) -> Finding:
    message = f"{symbol} has {found} of the {LEAST} daily returns that a covariance needs: it is not in figures of risk"
    return Finding("too_short", message, Severity.WARNING, {"symbol": symbol, "needed": LEAST, "found": found})


def _of_risk(exposure: Exposure, held: pd.Series, recent: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, float], list[Finding]]:
    """Tell who carries the volatility, and how far it is spread."""
    covariance = recent.cov() * exposure.periods_per_year
    volatility = float(portfolio_volatility(held, covariance))
    alone = pd.Series(np.sqrt(np.diag(covariance)), index=held.index)
    parts, marginal = risk_contributions(held, covariance), marginal_risk(held, covariance)
    risk = pd.DataFrame({
        "key": held.index, "label": [exposure.instruments[symbol].name for symbol in held.index], "weight": held, "volatility": alone,
        "marginal": marginal, "contribution": parts, "share": risk_contributions(held, covariance, relative=True),
        "diversification": 1.0 - parts / (held.abs() * alone).where(lambda own: own > 0), "beta": marginal / volatility if volatility > 0 else np.nan,
        "observations": exposure.returns[list(held.index)].tail(DAYS).notna().sum(),
    })[list(RISK_COLUMNS)]
    bets, findings = _bets(held, covariance)
    order = risk["contribution"].abs().sort_values(ascending=False, kind="stable").index
    return risk.loc[order].reset_index(drop=True), {
        **bets, "diversification_ratio": float(diversification_ratio(held, covariance)),
        "average_pairwise_correlation": float(average_pairwise_correlation(covariance=covariance)),
        "weighted_average_correlation": float(average_pairwise_correlation(held, covariance)),
        "absorption_ratio": float(absorption_ratio(covariance)), "largest_share": float(risk["share"].max()), "volatility": volatility,
    }, findings


def _bets(held: pd.Series, covariance: pd.DataFrame) -> tuple[dict[str, float], list[Finding]]:
    """Count the bets; where holdings are copies of each other those of minimum torsion have no answer, and a finding says so."""
    told = {"effective_number_of_bets_pca": float(effective_number_of_bets(held, covariance, method="pca"))}
    try:
        return {"effective_number_of_bets": float(effective_number_of_bets(held, covariance)), **told}, []
    except NotConverged as error:
        return {"effective_number_of_bets": float("nan"), **told}, [Finding("singular_covariance", error.message, Severity.INFO)]


def _grouped(by: str, exposure: Exposure, risk: pd.DataFrame, book: Book | None) -> pd.DataFrame:
    """Add weights and shares of risk up by group, cash as one of its own, or by its currency; the risk of a fund is split as its weight is."""
    shares = dict(zip(risk["key"], risk["share"], strict=True))
    weights = exposure.weights.dropna()
    parts = Glass(exposure.instruments, weights, book or Book()).parts(by)
    whole = weights.replace(0.0, np.nan).reindex(parts["symbol"]).to_numpy()
    parts["risk_share"] = parts["weight"].to_numpy() / whole * [shares.get(symbol, 0.0) for symbol in parts["symbol"]]
    parts["through"] = parts["weight"].where(~parts["is_direct"], 0.0)
    cash = exposure.cash / exposure.value if exposure.value else exposure.cash * np.nan
    rows = [(str(code) if by == "currency" else CASH_NAME, float(share), 0.0, 0.0) for code, share in cash.items()]
    both = pd.concat([parts[COLUMNS], pd.DataFrame(rows, columns=COLUMNS)]) if rows else parts[COLUMNS]
    told = both.groupby("key", as_index=False).sum()
    named = told.assign(label=[group_name(by, key, exposure.instruments, None) for key in told["key"]])
    order = named["weight"].abs().sort_values(ascending=False, kind="stable").index
    return named.loc[order, ["key", "label", "weight", "risk_share", "through"]].reset_index(drop=True)
