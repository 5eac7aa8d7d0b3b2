"""The fix of a suggestion on the past: by hand, without a look ahead, and honest where the past says nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from skfolio.model_selection import CombinatorialPurgedCV

from engine.advice import replay as module
from engine.advice.policy import Costs, Policy, Taxes
from engine.advice.purged import purged_splits
from engine.advice.replay import Replay, Untried, replayed, traded
from engine.advice.replay_scene import LOOK, STEP, Scene
from engine.advice.rules import advise, listed
from engine.advice.rules_effect import effect_of
from engine.advice.rules_facts import Facts, Held, OpenLot
from engine.advice.rules_past import Past
from engine.advice.rules_words import Advice

TODAY = date(2024, 6, 28)
LENGTH = LOOK + 252 + 14 * STEP
DAYS = pd.bdate_range(end="2024-06-27", periods=LENGTH)
CHANCE = np.random.default_rng(29)
NAMES = ("BIG", "MID", "LOW", "NEW")
MOVES = pd.DataFrame(CHANCE.normal(0.0003, 0.008, (LENGTH, 1)) + CHANCE.normal(0, (0.02, 0.01, 0.005, 0.008), (LENGTH, 4)), DAYS, list(NAMES))
POLICY = Policy(costs=Costs(fee=2.0, fee_rate=0.001, spread=0.002), taxes=Taxes(0.3, 0.2),
                thresholds={"max_holding": 0.4, "max_expected_shortfall": 0.012, "max_risk_excess": 0.1})


def facts(moves: pd.DataFrame = MOVES, values: tuple[float, ...] = (60_000, 20_000, 14_000, 2_000)) -> Facts:
    held = {name: Held(name, name, "equity", "USD", value / 100, 100.0, value, cost=value / 2) for name, value in zip(NAMES, values, strict=True)}
    lots = {name: (OpenLot(None, each.quantity, each.cost, date(2020, 1, 2)),) for name, each in held.items()}
    market = moves.mean(axis=1)
    return Facts(TODAY, "USD", sum(values) + 4_000, held, {"USD": 4_000.0}, Past(moves, market, market, market), lots=lots)


def advices(of: Facts) -> dict[str, Advice]:
    return {each.advice.rule: each.advice for each in listed(advise(of, POLICY))}


def ready(found: list[Replay | Untried] | None) -> list[Replay]:
    assert found is not None
    assert all(isinstance(each, Replay) for each in found), found
    return [each for each in found if isinstance(each, Replay)]


def test_a_window_is_what_one_reckons_by_hand() -> None:
    now = facts()
    fix = advices(now)["concentration_holding"]
    [told] = ready(replayed(now, POLICY, [fix]))
    assert (told.windows, told.spoke) == (15, 15)
    (_, still, _), (_, equal, _) = told.against
    scene = Scene.of(now)
    place = scene.starts(0)[4]
    then = replace(now, past=Past(MOVES.iloc[:place], now.past.realised[:place], MOVES.mean(axis=1)[:place]))
    effect = effect_of(then, POLICY, fix_of(then))
    after = {each.name: each.after for each in effect.changes}
    grown = (1.0 + MOVES.iloc[place : place + 252]).prod()
    kept = sum(now.weight(name) * grown[name] for name in NAMES) + 0.04
    weights = {name: after.get(f"weight:{name}", now.held[name].value / (now.value - effect.cost)) for name in NAMES}
    before_charges = sum(weight * grown[name] for name, weight in weights.items()) + 1.0 - sum(weights.values())
    fixed = before_charges * (1 - (effect.cost + effect.tax) / now.value)
    assert still.differences.iloc[4] == pytest.approx(fixed - kept, abs=1e-12)
    assert still.differences.index[4] == DAYS[place - 1]
    assert effect.tax > 0
    cost = 4 * 2.0 + 72_000 * (0.001 + 0.001)  # 1/N pays costs and taxes too: 36,000 of BIG are sold, half of them a gain
    tax = (36_000 * (1 - 0.002) - 2.0 - 18_000) * 0.2
    part = 0.24 * 100_000 / (100_000 - cost)
    alike = (sum(part * grown[name] for name in NAMES) + 1 - 4 * part) * (1 - (cost + tax) / 100_000)
    assert equal.differences.iloc[4] == pytest.approx(fixed - alike, abs=1e-12)
    assert still.share == pytest.approx(float((still.differences > 0).mean()))
    assert told.tax == pytest.approx(effect.tax / now.value, rel=0.5)
    assert told.purged is None, "this fix is the same whatever the past was"


def fix_of(then: Facts) -> Advice:
    return next(each for each in module.ASK["concentration_holding"](then, POLICY) if isinstance(each, Advice))


def shifted(after: int) -> pd.DataFrame:
    later = MOVES.copy()
    later.iloc[after:] = CHANCE.normal(0.01, 0.05, (LENGTH - after, len(NAMES)))
    return later


def test_another_future_changes_nothing_before() -> None:
    cut = LENGTH - 63
    now, told = facts(), list(advices(facts()).values())
    fixes = [each for each in told if each.moves]
    assert {each.rule for each in fixes} >= {"concentration_holding", "tail_risk", "risk_contribution"}
    as_it_was, otherwise = (walked(facts(moves), fixes) for moves in (MOVES, shifted(cut)))
    starts = [place for place in Scene.of(now).starts(0) if place <= cut]
    assert starts
    for rule, decisions in as_it_was.items():
        assert [decisions[place] for place in starts] == [otherwise[rule][place] for place in starts], rule
    ended = sum(place + 252 <= cut for place in starts)
    first, second = (ready(replayed(facts(moves), POLICY, fixes[:1])) for moves in (MOVES, shifted(cut)))
    assert ended == 12
    assert list(first[0].against[0][1].differences[:ended]) == list(second[0].against[0][1].differences[:ended])
    assert first[0].against[0][1].differences.iloc[-1] != second[0].against[0][1].differences.iloc[-1]


def walked(of: Facts, fixes: list[Advice]) -> dict[str, dict[int, object]]:
    """Decisions at the beginning of each window, to the last bit."""
    scene = Scene.of(of)
    told: dict[str, dict[int, object]] = {}
    for fix in fixes:
        for place in scene.starts(0):
            done = traded(replace(of, past=scene.past(place)), POLICY, scene, fix)
            told.setdefault(fix.rule, {})[place] = None if done is None else (done.weights.tobytes(), done.cost, done.tax)
    return told


def test_a_look_ahead_would_be_seen() -> None:
    fixes = [each for each in advices(facts()).values() if each.rule == "tail_risk"]
    peeking = Scene.past
    try:
        Scene.past = lambda self, place: peeking(self, min(place + 252, LENGTH))  # type: ignore[method-assign]
        cut = LOOK + 100
        as_it_was, otherwise = (walked(facts(moves), fixes) for moves in (MOVES, shifted(cut)))
        starts = [place for place in Scene.of(facts()).starts(0) if place <= cut]
        assert [as_it_was["tail_risk"][place] for place in starts] != [otherwise["tail_risk"][place] for place in starts]
    finally:
        Scene.past = peeking  # type: ignore[method-assign]


def test_what_cannot_be_tried_is_said() -> None:
    now = facts()
    fix = advices(now)["concentration_holding"]
    idle = replace(fix, moves={})
    harvest = replace(fix, replaced=True)
    own = replace(fix, rule="own-1")
    assert replayed(now, POLICY, [idle, harvest, own, fix]) is not None
    found = replayed(now, POLICY, [idle, harvest, own])
    assert found is not None
    assert [isinstance(each, Untried) and not each.short for each in found] == [True] * 3
    brief = facts(MOVES.tail(LOOK + 252 + 4 * STEP))
    assert replayed(brief, POLICY, [fix]) == [Untried("Too short a history: 5 windows of a year, needs 12", short=True)]
    assert replayed(facts(MOVES.iloc[:0]), POLICY, [fix]) == [Untried("Too short a history: 0 windows of a year, needs 12", short=True)]
    young = MOVES.copy()
    young.loc[young.index[: LOOK + 252], "BIG"] = np.nan
    [told] = replayed(facts(young), POLICY, [fix]) or []
    assert isinstance(told, Untried), "what is sold has to have a past"
    assert told.short
    assert replayed(now, POLICY, [fix], say=lambda done, _total: done < 3) is None


def test_a_small_holding_without_a_past_stands_still_and_the_rest_is_tried() -> None:
    young = MOVES.copy()
    young["NEW"] = np.nan
    now = facts(young)
    [told] = ready(replayed(now, POLICY, [replace(advices(now)["tail_risk"])]))
    assert told.windows == 15
    assert 0 < told.spoke <= 15
    assert told.purged is not None, "what is sold is estimated from the past"
    assert told.purged[0] <= told.purged[1] <= told.purged[2]


def test_the_same_past_says_the_same_and_prices_that_stand_still_break_nothing() -> None:
    now = facts()
    fixes = [each for each in advices(now).values() if each.moves]
    first, second = (ready(replayed(facts(), POLICY, fixes)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        pd.testing.assert_series_equal(one.against[0][1].differences, other.against[0][1].differences)
        assert (one.against[0][1].sharpe_lower, one.purged) == (other.against[0][1].sharpe_lower, other.purged)
    flat = facts(MOVES * 0.0)
    [told] = ready(replayed(flat, POLICY, [advices(flat)["concentration_holding"]]))
    charged = told.cost + told.tax
    assert told.against[0][1].median == pytest.approx(-charged)
    assert told.against[0][1].share == 0.0


@pytest.mark.parametrize(("count", "embargo"), [(400, 5), (1003, 0), (997, 3)])
def test_purged_splits_are_those_of_skfolio(count: int, embargo: int) -> None:
    theirs = CombinatorialPurgedCV(n_folds=8, n_test_folds=2, purged_size=embargo, embargo_size=embargo)
    paths = theirs.get_path_ids()
    for (known, parts), own, (learnt, tested) in zip(theirs.split(np.zeros((count, 1))), paths, purged_splits(count, embargo=embargo), strict=True):
        np.testing.assert_array_equal(known, learnt)
        assert [path for path, _ in tested] == list(own)
        for part, (_, mine) in zip(parts, tested, strict=True):
            np.testing.assert_array_equal(part, mine)
