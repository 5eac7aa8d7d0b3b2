"""All portfolios at once: each by its own policy, what it comes to together is what the ledgers say afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.advice_trades_schemas import HouseholdPublic
from engine.errors import Conflict, InvalidInput
from engine.types import Actor
from services import Services
from services.advice.plain import plain
from services.advice.reading import rebalance_question
from tests.services.advice.test_rebalancing import RATES, TARGETS, world

TARGETED = [{"key": key, "weight": weight} for key, weight in {**TARGETS, "cash": 0.05}.items()]


def test_all_portfolios_go_to_their_own_targets_and_together_are_what_is_told(services: Services, actor: Actor) -> None:
    one = world(services, actor)
    other = world(services, actor, name="Q", base_currency="EUR")
    bare = services.portfolios.create(actor, {"name": "Bare", "base_currency": "USD"}).id
    policy: dict[str, Any] = {"costs": {"fee": 2, "spread": 0.002}, "taxes": RATES}
    services.policies.put(actor, one, None, {**policy, "targets_by": "symbol", "targets": TARGETED})
    services.policies.put(actor, other, None, {**policy, "targets_by": "sector", "targets": [{"key": "Technology", "weight": 0.9},
                                                                                            {"key": "cash", "weight": 0.1}]})
    view = services.households.preview(actor)
    told = {part.portfolio_id: part for part in view.parts}
    assert told[bare].reason == "It has no targets"
    assert any("sells TEC and Q buys it" in each.message for each in view.findings)
    before = services.valuation.holdings(actor, "all").snapshot.totals["value"]
    assert view.effect.before.value == pytest.approx(before, rel=1e-9)
    assert HouseholdPublic.model_validate(plain(view)).orders == view.orders
    with pytest.raises(Conflict, match="has changed"):
        services.households.accept(actor, services.proposals, revisions={str(one): 99})
    made = services.households.accept(actor, services.proposals, rebalance_question({}), idempotency_key="once")
    assert {each.portfolio_id for each in made} == {one, other}
    for each in made:
        services.proposals.confirm(actor, each.portfolio_id, each.id, each.version)
    after = services.valuation.holdings(actor, "all").snapshot
    assert after.totals["value"] == pytest.approx(view.effect.after.value, abs=1e-5)
    assert before - after.totals["value"] == pytest.approx(view.cost, abs=1e-5)
    holdings = after.holdings.set_index("symbol")["market_value"] / after.totals["value"]
    assert holdings.to_dict() == pytest.approx({symbol: view.effect.after.weights[symbol] for symbol in holdings.index}, abs=1e-8)


def test_what_is_of_one_portfolio_is_refused(services: Services, actor: Actor) -> None:
    for raw, field in (({"new_money": 5}, "new_money"), ({"account": "A"}, "account"), ({"targets": {"TEC": 1}}, "targets")):
        with pytest.raises(InvalidInput, match="of one portfolio") as caught:
            services.households.preview(actor, rebalance_question(raw))
        assert caught.value.context["field"] == field
    with pytest.raises(Conflict, match="nothing to propose"):
        services.households.accept(actor, services.proposals)


def test_over_rest(client: TestClient) -> None:
    for path, body, field in (("rebalance", {"new_money": 5}, "new_money"), ("rebalance", {"bring": "all"}, "bring"),
                              ("rebalance/accept", {"revisions": {"x": "y"}}, "revisions.x")):
        refused = client.post(f"/api/v1/portfolios/all/{path}", json=body)
        assert (refused.status_code, refused.json()["context"]["field"]) == (422, field)
