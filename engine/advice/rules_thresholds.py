"""Thresholds of the rules: what each is called, what it means, and what the house takes where a policy says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.advice.policy import Policy


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number that a rule holds something against."""

    name: str
    label: str
    meaning: str
    default: float
    lowest: float = 0.0
    highest: float = 1.0
    unit: str = "fraction"  # fraction number days


THRESHOLDS: Final[Mapping[str, Threshold]] = {each.name: each for each in (
    Threshold("max_holding", "Largest holding", "What one holding may weigh at most.", 0.15),
    Threshold("max_fund", "Largest fund", "What one fund may weigh at most: it is many holdings in one.", 0.60),
    Threshold("max_issuer", "Largest issuer", "What all holdings of one issuer may weigh together; the tag issuer:Name says whose they are.", 0.15),
    Threshold("max_sector", "Largest sector", "What one sector may weigh at most.", 0.40),
    Threshold("max_country", "Largest country", "What one country may weigh at most.", 0.75),
    Threshold("max_currency", "Largest currency", "What one currency may weigh at most, cash included.", 0.90),
    Threshold("min_effective_holdings", "Fewest effective holdings", "Holdings of the same weight that would be as concentrated, at least.", 8.0,
              1.0, 500.0, "number"),
    Threshold("min_effective_bets", "Fewest effective bets", "Independent bets, the squared diversification ratio, at least.",
              1.6, 1.0, 500.0, "number"),
    Threshold("max_cash", "Most cash", "What cash may weigh at most beyond its target.", 0.10),
    Threshold("idle_days", "Days until cash is idle", "Cash that was there all of the last so many days is idle.", 90.0, 1.0, 3650.0, "days"),
    Threshold("min_idle_cash", "Least idle cash", "Idle cash below this part of the value is left alone.", 0.02),
    Threshold("premium", "Premium over cash", "What being invested is taken to earn a year beyond cash.", 0.03, 0.0, 0.5),
    Threshold("max_fee_rate", "Most fees", "Fees of the last year over the value, at most.", 0.005),
    Threshold("max_ter", "Dearest fund", "What a fund may charge a year at most; the tag ter:0.002 says what it does.", 0.005),
    Threshold("cheap_ter", "Cheap fund", "What a plain fund charges, which a dear one is held against.", 0.002),
    Threshold("cluster_correlation", "Same bet", "Holdings whose correlation is above this hold the same bet.", 0.8, 0.1, 0.999),
    Threshold("max_cluster", "Largest bet", "What holdings of one bet may weigh together.", 0.35),
    Threshold("max_risk_excess", "Risk beyond weight", "How far a holding's share of the volatility may be above its weight.", 0.15),
    Threshold("max_expected_shortfall", "Tail budget", "Mean loss of the worst twentieth of days, at most.", 0.035),
    Threshold("min_beta", "Least beta", "Slope against the benchmark, at least.", 0.4, -5.0, 5.0, "number"),
    Threshold("max_beta", "Most beta", "Slope against the benchmark, at most.", 1.4, -5.0, 5.0, "number"),
    Threshold("max_foreign", "Most foreign currency", "What other currencies than the base may weigh together.", 0.70),
    Threshold("max_days_to_sell", "Days to sell", "How long a holding may take to sell at a fifth of its daily volume.", 10.0, 0.1, 1000.0, "days"),
    Threshold("stale_days", "Days until a price is old", "Calendar days without a new price.", 5.0, 1.0, 365.0, "days"),
    Threshold("unknown_price", "Price of not knowing", "Part of a holding's value that a price nobody knows is taken to cost.", 0.01),
    Threshold("min_loss", "Loss worth taking", "Unrealised loss of a holding over its cost, at least.", 0.05),
    Threshold("min_loss_of_value", "Loss that counts", "The same over the value of everything, at least.", 0.002),
    Threshold("term_days", "Days before long-term", "A gain that becomes long-term within so many days is worth waiting for.", 45.0,
              1.0, 365.0, "days"),
    Threshold("min_gain_of_value", "Gain that counts", "Such a gain over the value of everything, at least.", 0.002),
    Threshold("max_dividend_fall", "Falling dividends", "How far the dividends of a year may be below those of the year before.", 0.25),
    Threshold("max_yield", "Yield too good to last", "Dividends of a year over the price, at most.", 0.10),
    Threshold("max_drawdown", "Drawdown limit", "How far below its peak the portfolio may be.", 0.20),
    Threshold("hugging_tracking_error", "Hugging the benchmark", "Below this yearly tracking error it is the benchmark by another name.", 0.02),
    Threshold("hugging_cost", "Cost of hugging", "Yearly cost, fees and funds together, that hugging the benchmark is not worth.", 0.003),
    Threshold("max_home_excess", "Home bias", "How far the home country may weigh more than it does in the world.", 0.30),
    Threshold("floor_margin", "Margin to the floor", "How near the value may come to the floor of the policy's goals.", 0.05),
)}


def limit(policy: Policy, name: str) -> float:
    """Tell a threshold: the policy's own, or the house's."""
    return float(policy.thresholds.get(name, THRESHOLDS[name].default))
