"""What the rules of the house go by in each portfolio: the thresholds and fields of its policy, told on every card with the way to change them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from components.advice import Limit
from engine.errors import PortfolioError

if TYPE_CHECKING:
    from services import Services
    from services.advice.views_rules import SuggestionsView, ThresholdView

# What a rule reads of the policy beside thresholds.
FIELDS = {
    "drift": (Limit("targets_by", "Targets and bands"),), "broken_policy": (Limit("constraints.excluded", "Not to be held"),),
    "cash_below_buffer": (Limit("constraints.cash_buffer", "Cash that stays"),), "wash_sale": (Limit("taxes.wash_days", "Wash sale within"),),
    "value_floor": (Limit("goals.floor", "Never below"),), "home_bias": (Limit("home_country", "Home country"),),
    "harvest_losses": (Limit("taxes.short_rate", "Tax on gains"),), "soon_long_term": (Limit("taxes.long_rate", "Tax on long-term gains"),),
}


class Limits:
    """Limits of the portfolios that are shown; each policy is read once."""

    def __init__(self, services: Services, view: SuggestionsView) -> None:
        self._services = services
        self._names = {run.key: run.thresholds for run in view.rules}
        self._portfolios = [UUID(key) for key in view.revisions]
        self._read: dict[UUID, dict[str, ThresholdView]] = {}

    def of(self, rule: str, portfolio_id: UUID | None) -> tuple[Limit, ...]:
        """Give what a rule goes by in a portfolio."""
        if portfolio_id is None:
            return ()
        known = self._thresholds(portfolio_id)
        names = [name for name in self._names.get(rule, ()) if name in known]
        own = tuple(Limit(f"thresholds.{name}", known[name].label, known[name].unit, known[name].value) for name in names)
        return (*own, *FIELDS.get(rule, ()))

    def of_only(self, rule: str) -> tuple[Limit, ...]:
        """Give the same where one portfolio is looked at; nothing where each of several has limits of its own."""
        return self.of(rule, self._portfolios[0]) if len(self._portfolios) == 1 else ()

    def _thresholds(self, portfolio_id: UUID) -> dict[str, ThresholdView]:
        if portfolio_id not in self._read:
            self._read[portfolio_id] = self._asked(portfolio_id)
        return self._read[portfolio_id]

    def _asked(self, portfolio_id: UUID) -> dict[str, ThresholdView]:
        """Read a policy; nothing where the portfolio was deleted since its suggestions were asked for."""
        try:
            policy = self._services.policies.get(self._services.accounts.local(), portfolio_id).policy
        except PortfolioError:
            return {}
        return {each.name: each for each in self._services.policies.thresholds(policy)}
