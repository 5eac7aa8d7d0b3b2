"""Formulas of every figure of the catalogue, worked out apart from the engine over the inputs that a reader sees, give the engine's number."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from engine.risk.catalogue import Term
from engine.risk.sheet import CATALOGUE, tear_sheet
from services.explain.figures.catalogue import of_catalogue
from services.explain.figures.formulas import CHOSEN, FORMULAS, SEARCHED
from services.explain.figures.material import Material
from services.explain.figures.own_inputs import OWN
from services.explain.figures.pair_inputs import PAIR
from services.explain.figures.told import Said
from services.explain.formula import names_in
from services.explain.views import Explanation
from services.risk.of_months import figures_of_months

DAYS = pd.bdate_range("2020-01-01", periods=700)
CHANCE = np.random.default_rng(3)
MARKET = pd.Series(CHANCE.standard_t(5, len(DAYS)) * 0.01 + 0.0004, DAYS)
MINE = pd.Series(0.7 * MARKET + CHANCE.standard_t(5, len(DAYS)) * 0.006 + 0.0008, DAYS)
NAMES = {term.name for term in CATALOGUE}


@pytest.fixture(scope="module")
def material() -> Material:
    frame = tear_sheet(MINE, MARKET, risk_free=0.02, risk_free_basis="year", level=0.9)
    figures = dict(zip(frame.index, frame.iloc[:, 0].astype(float), strict=True)) | figures_of_months(MINE, MARKET)[0]
    return Material(MINE, MARKET, 252.0, 0.9, 0.02, figures)


def told(term: Term, at: Material) -> Explanation:
    said = Said(f"risk.{term.name}", "all", term.label, at.figures[term.name], term.unit, "USD", term.meaning, [], term.source, "", "")
    return of_catalogue(said, term.name, at, prefix="risk.")


@pytest.mark.parametrize("term", CATALOGUE, ids=lambda term: term.name)
def test_the_formula_with_its_inputs_gives_the_figure(term: Term, material: Material) -> None:
    found = told(term, material)
    if term.name in SEARCHED:
        assert found.reproduced is None
        assert len(found.formula) > 20
        return
    assert found.reproduced == pytest.approx(material.figures[term.name], rel=1e-7, abs=1e-12)
    assert found.with_numbers
    assert found.inputs


def test_every_figure_has_a_formula_or_says_how_it_is_found_and_every_input_is_known() -> None:
    assert set(FORMULAS) | set(SEARCHED) >= NAMES
    for formula in (*FORMULAS.values(), *CHOSEN.values()):
        assert set(names_in(formula)) <= set(OWN) | set(PAIR) | NAMES, formula


def test_another_number_in_gives_another_number_out(material: Material) -> None:
    term = next(term for term in CATALOGUE if term.name == "sharpe_ratio")
    moved = Material(MINE + 0.001, MARKET, 252.0, 0.9, 0.02, material.figures)
    assert told(term, moved).reproduced != pytest.approx(material.figures["sharpe_ratio"], rel=1e-3)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_what_has_too_few_returns_has_no_number_and_no_warning(count: int) -> None:
    few = MINE.iloc[:count]
    at = Material(few, MARKET.iloc[:count], figures=dict.fromkeys(NAMES, math.nan))
    for term in CATALOGUE:
        found = told(term, at)
        assert found.value is None
