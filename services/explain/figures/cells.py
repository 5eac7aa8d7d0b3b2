"""Explanations of single cells of the Risk page: one drawdown, one pair, one bound of an interval, a part of the score, a fitted tail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import pandas as pd

from engine.risk.distribution import Distribution
from services.attribution.views import ConcentrationView
from services.explain.figures.told import Said, call_of, explanation, plain, unknown
from services.explain.formula import number
from services.explain.views import Explanation
from services.performance.groups import CASH_NAME, group_of
from services.risk.exposures import Exposure
from services.risk.relations import DAYS, Relations
from services.risk.today import Today
from services.risk.uncertainty import Uncertainty
from services.risk.views import RiskQuestion, RiskView

HINT: Final = "GET /api/v1/figures lists them"
BACON: Final = "Bacon, Practical Portfolio Performance Measurement and Attribution, 3rd ed."
OF_FALLS: Final[Mapping[str, tuple[str, str, str, str]]] = {  # title, unit, formula, what it says
    "drawdown": ("Depth", "fraction", "wealth_at_valley / wealth_at_peak - 1", "From the close of the peak to the lowest close before the next one."),
    "length": ("Length", "days", "down + up", "Calendar days from the peak to the first close at or above it, or to the last close."),
    "time_to_valley": ("Down", "days", "", "Calendar days from the peak to the valley."),
    "time_to_recover": ("Up", "days", "", "Calendar days from the valley to the first close at or above the peak."),
}
OF_PAIRS: Final[Mapping[str, tuple[str, str, str]]] = {  # as the page calls a measure: title, formula, after whom
    "pearson": ("Correlation", "correlation(returns_of_one, returns_of_other)", "Pearson (1896)"),
    "spearman": ("Correlation of ranks", "correlation(ranks_of_one, ranks_of_other)", "Spearman (1904)"),
    "kendall": ("Kendall's tau", "", "Kendall (1938): pairs of days that agree in direction less those that do not, over all of them"),
    "constant_correlation": ("Correlation, shrunk to the mean", "", "Ledoit and Wolf, Honey, I Shrunk the Sample Covariance Matrix (2004)"),
    "identity": ("Correlation, shrunk to none", "", "Ledoit and Wolf, A well-conditioned estimator for large-dimensional covariance matrices (2004)"),
}
SCORED: Final[Mapping[str, tuple[str, str, str, str]]] = {  # component: title, measure, unit of the measure, what it says
    "volatility": ("Volatility in the score", "volatility", "fraction", "The class of its PRIIPs band, and how far through the band it is."),
    "tail": ("Tail losses in the score", "tail_ratio", "ratio", "What the mean of the worst losses, over that of a normal, adds."),
    "concentration": ("Concentration in the score", "effective_holdings", "ratio", "What few holdings of one size would add."),
    "liquidity": ("Liquidity in the score", "days_to_liquidate", "ratio", "What many trading days to sell nine tenths add."),
}
PRIIPS: Final = "Commission Delegated Regulation (EU) 2017/653 (PRIIPs), Annex II; CESR/10-673 (SRRI)"
BOUNDS: Final[Mapping[str, tuple[str, str]]] = {
    "lower": ("Lower bound", "The quantile of 2.5 % of the figure on the histories drawn."),
    "upper": ("Upper bound", "The quantile of 97.5 % of the figure on the histories drawn."),
    "standard_error": ("Standard error", "Standard deviation of the figure on the histories drawn."),
}
POLITIS: Final = "Politis and Romano, The Stationary Bootstrap (1994); block length after Politis and White (2004)"
OF_SHARPE: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "standard_error": ("Standard error of the Sharpe ratio", "ratio", "Two of these either way hold the true ratio.", "Lo (2002)"),
    "standard_error_autocorrelated": ("Standard error with autocorrelation", "ratio", "The same where returns follow each other.", "Lo (2002)"),
    "probabilistic": ("Probabilistic Sharpe ratio", "fraction", "Chance that the true ratio is above 0, its skewness and tails counted.",
                      "Bailey and López de Prado (2012)"),
    "deflated": ("Deflated Sharpe ratio", "fraction", "Chance that it is above what luck gives the best of so many tries.",
                 "Bailey and López de Prado (2014)"),
    "minimum_track_record": ("Minimum track record", "periods", "Trading days needed to be 95 % sure that the ratio is above 0.",
                             "Bailey and López de Prado (2012)"),
}
OF_TAILS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "degrees_of_freedom": ("Degrees of freedom of a Student-t", "ratio", "Fitted by maximum likelihood; fewer are fatter tails.", "Student (1908)"),
    "log_likelihood": ("Log-likelihood gained over the normal", "ratio", "Of the returns under Student-t less under the normal.", "Fisher (1922)"),
    "threshold": ("Threshold of the tail", "fraction", "Where the worst or best tenth of the returns begins.", "Pickands (1975)"),
    "shape": ("Shape of a Pareto tail", "ratio", "Fitted to what lies beyond the threshold; above 0 is fatter than normal.", "Pickands (1975)"),
    "hill_tail_index": ("Tail index of Hill", "ratio", "Moments up to it exist.", "Hill (1975)"),
}


def of_fall(view: RiskView, name: str, peak: str, asked: RiskQuestion) -> Explanation:
    """Tell how one drawdown, by the day of its peak, comes about."""
    found = view.drawdowns[[str(day)[:10] == peak for day in view.drawdowns["peak"]]]
    if name not in OF_FALLS or not len(found):
        raise unknown(f"drawdown.{name}:{peak}", HINT)
    title, unit, formula, meaning = OF_FALLS[name]
    place, row = int(found.index[0]), found.iloc[0]
    days = {each: str(row[each])[:10] if pd.notna(row[each]) else "not yet" for each in ("peak", "valley", "recovery")}
    words = [f"Peak {days['peak']}, valley {days['valley']}, recovered {days['recovery']}", "On the time-weighted growth of the window"]
    said = Said(f"risk.drawdown.{name}", view.scope, f"{title} of the drawdown from {peak}", number(row[name]), unit, view.base_currency, meaning,
                words, BACON, call_of(view.scope, "risk", asked, RiskQuestion()), f"drawdowns[{place}].{name}", symbol=peak)
    return explanation(said, formula if name == "drawdown" or pd.notna(row["recovery"]) else "", plain({
        "wealth_at_peak": (f"Growth of 1 to {days['peak']}", "growth", _grown(view, days["peak"])),
        "wealth_at_valley": (f"Growth of 1 to {days['valley']}", "growth", _grown(view, days["valley"])),
        "down": ("Days down", "count", number(row["time_to_valley"])), "up": ("Days up", "count", number(row["time_to_recover"]))}))


def _grown(view: RiskView, day: str) -> float:
    """Growth of 1 to a close; 1 on the close before the first return."""
    growth = view.series["growth"]
    found = growth[growth.index.astype(str).str[:10] == day]
    return float(found.iloc[0]) if len(found) else 1.0


def of_pair(exposure: Exposure, told: Relations, measure: str, pair: str) -> Explanation:
    """Tell how the correlation of two holdings comes about."""
    one, _, other = pair.partition(" ")
    if measure not in OF_PAIRS or not {one, other} <= set(told.matrix.columns):
        raise unknown(f"correlation.{measure}:{pair}", HINT)
    title, formula, source = OF_PAIRS[measure]
    both = exposure.returns[[one, other]].tail(DAYS).dropna()
    said = Said(f"risk.correlation.{measure}", exposure.scope, f"{title} of {one} and {other}", number(told.matrix.loc[one, other]), "ratio",
                exposure.base_currency, "How far two holdings move together: 1 in step, 0 by themselves, -1 against each other.",
                [f"Daily returns in base currency on {len(both)} trading days that both have, of the last {DAYS}"], source,
                f"/api/v1/portfolios/{exposure.scope}/explain?{urlencode({'figure': f'risk.correlation.{measure}', 'symbol': pair})}", "value",
                symbol=pair)
    columns = {f"{what}_of_{which}": (f"{what.capitalize()} of {symbol}", "fraction" if what == "returns" else "count", cells[symbol])
               for what, cells in (("returns", both), ("ranks", both.rank())) for which, symbol in (("one", one), ("other", other))}
    return explanation(said, formula, plain(columns))


def of_score(view: RiskView, today: Today, part: str, asked: RiskQuestion) -> Explanation:
    """Tell what a component adds to the risk score."""
    if part not in SCORED or part not in today.score.components:
        raise unknown(f"score:{part}", HINT)
    title, measure, unit, meaning = SCORED[part]
    value = number(today.score.measures[measure])
    words = [f"{measure.replace('_', ' ').capitalize()}: {value:.4g}", f"The last {today.days} trading days, weights of now"]
    said = Said("risk.score", view.scope, title, number(today.score.components[part]), "ratio", view.base_currency, meaning, words, PRIIPS,
                call_of(view.scope, "risk", asked, RiskQuestion()), f"today.score.components.{part}", symbol=part)
    return explanation(said, "", plain({measure: (measure.replace("_", " ").capitalize(), unit, value)}))


def of_certainty(told: Uncertainty, name: str, figure: str) -> Explanation:
    """Tell how a bound of an interval, or what is said of the Sharpe ratio, comes about."""
    call = f"/api/v1/portfolios/{told.scope}/risk/uncertainty"
    if name in OF_SHARPE and figure == "sharpe":
        title, unit, meaning, source = OF_SHARPE[name]
        said = Said(f"risk.certainty.{name}", told.scope, title, number(told.sharpe[name]), unit, told.base_currency, meaning,
                    [f"{told.observations} trading days of the window", f"Best of {told.trials:,}"], source, call, f"sharpe.{name}", symbol=figure)
        return explanation(said, "", plain({}))
    of_today = figure.startswith("today.")
    frame, row = (told.today if of_today else told.figures), figure.removeprefix("today.")
    if name not in BOUNDS or row not in frame.index:
        raise unknown(f"certainty.{name}:{figure}", HINT)
    title, meaning = BOUNDS[name]
    whose = "of today's holdings" if of_today else "of the window"
    said = Said(f"risk.certainty.{name}", told.scope, f"{title}, {row.replace('_', ' ')} {whose}", number(frame.loc[row, name]), _unit(row),
                told.base_currency, meaning, [f"{told.draws:,} histories drawn anew from the returns, in blocks of {told.block:.0f} days on average"],
                POLITIS, call, f"{'today' if of_today else 'figures'}[name={row}].{name}", symbol=figure)
    return explanation(said, "", plain({}))


def _unit(name: str) -> str:
    return "ratio" if name.endswith("_ratio") or name == "beta" else "fraction"


def of_tail(view: RiskView, told: Distribution | None, name: str, side: str, asked: RiskQuestion) -> Explanation:
    """Tell how a figure of the fitted tails comes about."""
    if told is None or name not in OF_TAILS or (side not in told.tails.index and name in told.tails):
        raise unknown(f"tails.{name}:{side}", HINT)
    title, unit, meaning, source = OF_TAILS[name]
    fits, gained = told.fits, "student_t_log_likelihood - normal_log_likelihood"
    is_gain = name == "log_likelihood"
    one, other = (number(fits.loc[each, "log_likelihood"]) for each in ("student_t", "normal"))
    value = one - other if is_gain else number(told.tails.loc[side, name]) if name in told.tails else number(fits.loc["student_t", name])
    whose = {"lower": " of losses", "upper": " of gains"}.get(side, "")
    call = call_of(view.scope, "explain", asked, RiskQuestion(), figure=f"risk.tails.{name}", symbol=side)
    said = Said(f"risk.tails.{name}", view.scope, f"{title}{whose}", value, unit, view.base_currency, meaning,
                [f"{told.observations} daily returns of the window"], source, call, "value", symbol=side)
    return explanation(said, gained if is_gain else "", plain({
        "student_t_log_likelihood": ("Log-likelihood under Student-t", "ratio", one), "normal_log_likelihood": ("under the normal", "ratio", other)}))


def of_group(view: ConcentrationView, exposure: Exposure, name: str, key: str) -> Explanation:
    """Tell what the weight, or the share of risk, of a group is the sum of."""
    by, _, group = key.partition("/")
    frame = view.exposures.get(by, pd.DataFrame(columns=["key"]))
    row = frame[frame["key"].astype(str) == group]
    if not len(row):
        raise unknown(f"{name}:{key}", HINT)
    column = "risk_share" if name == "group_risk" else "weight"
    of_risk = view.risk.set_index("key")["share"] if len(view.risk) else pd.Series(dtype=float)
    cells = (of_risk if name == "group_risk" else exposure.weights).reindex(_members(exposure, by, group)).dropna()
    cash = exposure.cash / exposure.value if exposure.value else exposure.cash
    own_cash = cash if group == CASH_NAME else cash[cash.index.astype(str) == group] if by == "currency" else cash.iloc[:0]
    cells = cells if name == "group_risk" else pd.concat([cells, own_cash])
    title = "Share of risk" if name == "group_risk" else "Weight"
    said = Said(f"risk.concentration.{name}", view.scope, f"{title}, {row.iloc[0]['label']}", number(row.iloc[0][column]), "fraction",
                view.base_currency, "The sum of its holdings; cash counts as a group of its own, or by its currency.", [],
                "Tasche (1999)" if name == "group_risk" else "Share of the value", f"/api/v1/portfolios/{view.scope}/concentration",
                f"exposures.{by}[key={group}].{column}", symbol=key)
    return explanation(said, "sum(parts)", plain({"parts": ("Of each holding", "fraction", cells)}))


def _members(exposure: Exposure, by: str, group: str) -> list[str]:
    """Name the holdings of a group by what their instruments say."""
    return [symbol for symbol, each in exposure.instruments.items() if str(group_of(by, symbol, each.currency, each)) == group]
