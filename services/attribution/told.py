"""Exposures and concentration as JSON can say them, for every route that tells them."""

from __future__ import annotations

from typing import Any, Final

from services.attribution.views import ConcentrationView
from services.performance.json import known, rows

RENAMED: Final = {"volatility": "ex_ante_volatility"}  # beside the volatility that was lived through


def exposures_json(view: ConcentrationView) -> dict[str, Any]:
    """Tell exposures by group, and what of them is held through funds."""
    seen = view.through
    told = {"is_on": seen.is_on, **known({"weight": seen.weight}), "coverage": known(seen.coverage), "figures": known(seen.figures),
            "names": rows(seen.names), "funds": rows(seen.funds)}
    return {"exposures": {by: rows(table) for by, table in view.exposures.items()}, "look_through": told}


def concentration_figures(view: ConcentrationView) -> dict[str, float | None]:
    """Tell figures of concentration and leverage by name; the volatility is of today's weights, and told as `ex_ante_volatility`."""
    return known({RENAMED.get(name, name): value for name, value in view.figures.items()})


def concentration_gaps(view: ConcentrationView) -> dict[str, str]:
    """Tell why figures are null, by the same names."""
    return {RENAMED.get(name, name): reason for name, reason in view.gaps.items()}
