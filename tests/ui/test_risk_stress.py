"""The Stress section without a browser: bars in one unit, what is told beside them, and panels of a scope that has no answer."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pandas as pd
import pytest
from dash import html

from callbacks import risk_stress
from callbacks.risk_stress import episode_loss, question_of, scenario_loss
from components import risk_stress as parts
from components.risk_stress import Loss
from engine.errors import InvalidInput
from engine.stress.episodes import Episode
from engine.stress.scenario import Shock
from engine.types import Finding
from services.stress.views import EpisodeLoss, Scenario, ScenarioLoss, StressView

if TYPE_CHECKING:
    from services import Services

EPISODE = Episode("storm", "Storm", date(2020, 2, 20), date(2020, 3, 23), -0.34, "crash", "It blew.", "Somebody")
NONE = pd.DataFrame({"weight": [], "move": [], "source": [], "contribution": [], "contribution_money": []})


def told(share: float, **fields: float) -> EpisodeLoss:
    given = {"loss": share, "loss_money": 1000 * share, "own": 1.0, "proxied": 0.0, "missing": 0.0, "market": -0.34} | fields
    return EpisodeLoss(EPISODE, holdings=NONE, **given)  # type: ignore[arg-type]


def bars(*shares: float | None) -> list[list[float]]:
    """Give the lengths of the two bars of each row."""
    losses = [Loss(str(place), "L", "", "", share, share) for place, share in enumerate(shares)]
    rows = parts.loss_bars(losses, chosen="")
    found = []
    for row in rows:
        two_way = row.children[0].children[1]  # type: ignore[attr-defined]
        found.append([float(bar.value) for bar in two_way.children])
    return found


def test_losses_and_gains_have_one_unit_though_gains_have_less_room() -> None:
    assert bars(-0.4, -0.1, 0.1, None) == [[100.0, 0.0], [25.0, 0.0], [0.0, 50.0], [0.0, 0.0]]


def test_a_gain_that_has_no_room_is_cut_and_says_so() -> None:
    assert bars(-0.4, 0.9)[1] == [0.0, 100.0]
    row: Any = parts.loss_bars([Loss("a", "A", "", "", -1.0, -0.4), Loss("b", "B", "", "", 1.0, 0.9)], chosen="b")[1]
    assert row.children[0].children[1].children[1].className == "won cut"
    assert getattr(row.children[0], "aria-pressed") == "true"


def test_gains_alone_and_nothing_known_are_drawn_too() -> None:
    assert bars(0.2, 0.1) == [[0.0, 100.0], [0.0, 100.0]]
    assert bars(None, 0.0) == [[0.0, 0.0], [0.0, 0.0]]


def test_the_rest_is_behind_a_line_that_is_open_where_the_chosen_one_is_in_it() -> None:
    losses = [Loss(str(place), "L", "", "", -1.0, -0.1) for place in range(parts.FIRST + 5)]
    more: Any = parts.loss_bars(losses, chosen=str(parts.FIRST + 2))[-1]
    assert isinstance(more, html.Details)
    assert more.open is True
    assert more.children[0].children == "5 more"
    assert len(parts.loss_bars(losses[: parts.FIRST + 1], chosen="")) == parts.FIRST + 1, "one more is no reason to hide it"


def test_an_episode_tells_what_stands_in_and_what_is_unknown() -> None:
    asked = told(0.3), told(0.3, own=0.2, proxied=0.5, missing=0.3), told(math.nan, own=0.0, missing=1.0)
    plain, thin, unknown = (episode_loss(each) for each in asked)
    assert (plain.pnl, plain.share, plain.thin, plain.note) == (-300.0, -0.3, "", "20 Feb to 23 Mar 2020")
    assert "It blew. 20 Feb to 23 Mar 2020. The market: −34.0" in plain.title
    assert thin.thin == "50.0\u202f% stood in for, 30.0\u202f% unknown"
    assert (unknown.pnl, unknown.share) == (None, None)


def test_a_scenario_tells_its_shocks_and_what_they_do_not_reach() -> None:
    scenario = Scenario(uuid4(), "k", "Mine", None, (Shock("sector", "Energy", 0.2), Shock("all", "", -0.1)), "specific", 1)
    loss = scenario_loss(ScenarioLoss(scenario, 0.0, 0.0, NONE, (Finding("shock_not_held", "Nothing is held of it."),)))
    assert loss.title == "sector Energy +20.0\u202f%; all −10.0\u202f% Nothing is held of it."
    assert (loss.scenario, loss.note, str(loss.pnl)) == (str(scenario.id), "", "0.0")


@pytest.mark.parametrize(("row", "said"), [
    ({"because": "all", "currency": 0.0, "rate": 0.0}, "everything"),
    ({"because": "asset_class crypto", "currency": -0.1, "rate": 0.0}, "class crypto, currency"),
    ({"because": "", "currency": 0.0, "rate": 0.0}, "not shocked"), ({"because": "", "currency": 0.0, "rate": -0.05}, "rate"),
])
def test_words_for_what_moved_a_holding(row: dict[str, Any], said: str) -> None:
    assert risk_stress._because(row) == said


def test_the_address_is_read_and_what_is_no_number_is_named() -> None:
    asked = question_of({"loss": "0.3", "within": None, "benchmark": "none"})
    assert (asked.loss, asked.horizon_days, asked.benchmark) == (0.3, 21, "")
    with pytest.raises(InvalidInput) as error:
        question_of({"loss": "lots"})
    assert error.value.context["field"] == "loss"


def test_a_scope_without_holdings_says_what_is_missing_and_keeps_the_choices() -> None:
    view = StressView("all", "All", "USD", 0.0, question_of({}), (), (), None, {}, {}, None,
                      {"episodes": "1 holding is needed, 0 are there", "reverse": "60 days are needed, 0 are there"},
                      {"episodes": "", "proxies": "", "overlap": "", "cash": "Moves"}, False, {}, ())
    text = str(html.Div(risk_stress._panels(view, {"past": True})))
    for said in ("1 holding is needed, 0 are there", "60 days are needed, 0 are there", "New scenario", "of what is held now", "Nothing is chosen"):
        assert said in text
    assert "data-stress-loss" in text


def test_a_real_view_is_laid_out_whole(services: Services, actor: Any) -> None:
    """Every house scenario stands there, and an empty scope raises nothing."""
    view = services.stress.stress(actor, "all", question_of({}))
    text = str(html.Div(risk_stress._panels(view, {"stress": "s.market_down_20"})))
    assert text.count("data-stress='s.") + text.count("'data-stress': 's.") + text.count('data-stress="s.') >= 1
    assert "Benchmark \u221220 %" in text
