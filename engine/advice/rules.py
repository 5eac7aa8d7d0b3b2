"""Every rule of the house, and the list of advice that they come to.

A rule is a small pure function of `Facts` and a `Policy`. It gives advice, none, or a sentence that says why it cannot be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.advice import rules_concentration as concentration
from engine.advice import rules_costs as costs
from engine.advice import rules_data as data
from engine.advice import rules_risk as risk
from engine.advice import rules_targets as targets
from engine.advice import rules_tax as tax
from engine.advice.policy import Policy
from engine.advice.rules_facts import Facts
from engine.advice.rules_score import Judged, judged, ordered
from engine.advice.rules_words import Advice, Answer


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its name, what it is called, what it is about, and the thresholds that it reads."""

    key: str
    label: str
    group: str
    meaning: str
    ask: Callable[[Facts, Policy], Answer]
    thresholds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a rule: `state` fired, quiet, off or unknown, and `why` of the last."""

    rule: Rule
    state: str
    why: str | None
    found: tuple[Judged, ...]


RULES: Final[tuple[Rule, ...]] = (
    Rule("concentration_holding", "Large holding", "concentration", "One holding weighs more than one may.", concentration.concentration_holding,
         ("max_holding", "max_fund")),
    Rule("concentration_issuer", "Large issuer", "concentration", "Several holdings of one issuer weigh too much together.",
         concentration.concentration_issuer, ("max_issuer",)),
    Rule("concentration_sector", "Large sector", "concentration", "One sector weighs too much.", concentration.concentration_sector, ("max_sector",)),
    Rule("concentration_country", "Large country", "concentration", "One country weighs too much.",
         concentration.concentration_country, ("max_country",)),
    Rule("concentration_currency", "Large currency", "concentration", "One foreign currency weighs too much.", concentration.concentration_currency,
         ("max_currency",)),
    Rule("effective_holdings", "Few holdings", "concentration", "By the Herfindahl index the value hangs on few holdings.",
         concentration.effective_holdings, ("min_effective_holdings",)),
    Rule("effective_bets", "Few bets", "concentration", "The holdings are few independent bets.",
         concentration.effective_bets, ("min_effective_bets",)),
    Rule("correlation_cluster", "The same bet", "concentration", "Holdings that move together weigh too much together.",
         concentration.correlation_cluster, ("cluster_correlation", "max_cluster")),
    Rule("home_bias", "Home bias", "concentration", "The home country weighs far more than in the world.",
         concentration.home_bias, ("max_home_excess",)),
    Rule("broken_policy", "Against the policy", "policy", "Something is held that the policy does not let be held.", concentration.broken_policy),
    Rule("cash_drag", "Too much cash", "cash", "More cash than is meant to be there.", costs.cash_drag, ("max_cash", "premium")),
    Rule("cash_below_buffer", "Too little cash", "cash", "Less cash than the buffer, or a balance below zero.", costs.cash_below_buffer),
    Rule("idle_cash", "Idle cash", "cash", "Cash that was there for a long time.", costs.idle_cash, ("idle_days", "min_idle_cash", "premium")),
    Rule("fees", "Fees", "costs", "Fees of the last year over the value.", costs.fees, ("max_fee_rate",)),
    Rule("fund_costs", "Dear fund", "costs", "A fund charges more than it needs to.", costs.fund_costs, ("max_ter", "cheap_ter")),
    Rule("drift", "Drift", "target", "Holdings or groups are out of the band around their target.", targets.drift),
    Rule("risk_contribution", "Risk beyond weight", "risk", "A holding carries far more of the risk than of the value.", risk.risk_contribution,
         ("max_risk_excess",)),
    Rule("tail_risk", "Tail over budget", "risk", "The expected shortfall of a day is above the budget.",
         risk.tail_risk, ("max_expected_shortfall",)),
    Rule("beta_band", "Beta out of band", "risk", "The slope against the benchmark is outside of its band.",
         risk.beta_band, ("min_beta", "max_beta")),
    Rule("currency_exposure", "Foreign currency", "risk", "Much is not in the base currency.", risk.currency_exposure, ("max_foreign",)),
    Rule("illiquidity", "Hard to sell", "liquidity", "A holding takes long to sell.", risk.illiquidity, ("max_days_to_sell",)),
    Rule("drawdown_limit", "Drawdown limit", "risk", "The portfolio is further below its peak than it may be.",
         risk.drawdown_limit, ("max_drawdown",)),
    Rule("value_floor", "Near the floor", "risk", "The value is near or below the floor of the goals.", risk.value_floor, ("floor_margin",)),
    Rule("benchmark_hugging", "Hugging the benchmark", "benchmark", "It is the benchmark at a higher price.", risk.benchmark_hugging,
         ("hugging_tracking_error", "hugging_cost")),
    Rule("harvest_losses", "Loss to take", "tax", "A loss that could be realised.", tax.harvest_losses, ("min_loss", "min_loss_of_value")),
    Rule("wash_sale", "Wash sale", "tax", "A loss that a purchase has spoilt, or is about to.", tax.wash_sale),
    Rule("soon_long_term", "Soon long-term", "tax", "A gain that is taxed less if one waits.",
         tax.soon_long_term, ("term_days", "min_gain_of_value")),
    Rule("dividends_at_risk", "Dividend at risk", "income", "A dividend that fell, stopped, or is too good to last.", data.dividends_at_risk,
         ("max_dividend_fall", "max_yield")),
    Rule("stale_price", "Old price", "data", "A price that is old.", data.stale_price, ("stale_days", "unknown_price")),
    Rule("missing_price", "No price", "data", "A holding without any price.", data.missing_price, ("unknown_price",)),
)
NOTHING_HELD: Final = "Nothing is held"
KEYS: Final = tuple(rule.key for rule in RULES)


def ask(facts: Facts, policy: Policy, rule: Rule) -> Ran:
    """Ask one rule."""
    if rule.key in policy.off:
        return Ran(rule, "off", None, ())
    answer = rule.ask(facts, policy) if facts.held or any(facts.cash.values()) else NOTHING_HELD
    if isinstance(answer, str):
        return Ran(rule, "unknown", answer, ())
    return Ran(rule, "fired" if answer else "quiet", None, tuple(_judge(facts, policy, answer)))


def _judge(facts: Facts, policy: Policy, answer: Sequence[Advice]) -> list[Judged]:
    return [judged(facts, policy, advice) for advice in answer]


def advise(facts: Facts, policy: Policy, rules: Iterable[Rule] = RULES) -> list[Ran]:
    """Ask every rule.

    Parameters
    ----------
    facts
        A portfolio as it is now.
    policy
        What it is meant to be.
    rules
        Which rules, default all of the house.

    Returns
    -------
    list of Ran
        In the order of the rules; `listed` orders what they found.
    """
    return [ask(facts, policy, rule) for rule in rules]


def listed(ran: Iterable[Ran]) -> list[Judged]:
    """Order what rules found by its score."""
    return ordered([each for run in ran for each in run.found])
