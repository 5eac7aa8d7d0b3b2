"""Every method of a value at risk by its name, with the observations that it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from engine.risk.sample import Sample
from engine.risk.var.extremes import FEWEST_PEAKS, evt
from engine.risk.var.filtered import conditional_evt, ewma, filtered_historical, garch_tail
from engine.risk.var.garch import MINIMUM as GARCH_MINIMUM
from engine.risk.var.historical import age_weighted, historical
from engine.risk.var.parametric import cornish_fisher, normal, student_t
from engine.risk.var.simulated import FEWEST_DAYS, simulated
from engine.risk.var.ways import Tail, Ways

Kernel = Callable[[Sample, Ways], Tail]


@dataclass(frozen=True, slots=True)
class Method:
    """One way to a value at risk.

    Attributes
    ----------
    name
        As it is asked for.
    label
        What a screen calls it.
    kernel
        Of a sample and ways, to a `Tail`, all columns at once.
    minimum
        Observations below which it has no answer.
    source
        Who described it.
    simulated
        Whether a portfolio is simulated holding by holding.
    """

    name: str
    label: str
    kernel: Kernel
    minimum: int
    source: str
    simulated: bool = False


def minimum_of(method: str, ways: Ways) -> int:
    """Observations that a method needs under its conventions: a tail by peaks needs ten losses beyond its threshold.

    Parameters
    ----------
    method
        Name of a method.
    ways
        Its conventions.

    Returns
    -------
    int
    """
    if method in {"evt", "conditional_evt"}:
        return int(np.ceil(FEWEST_PEAKS / (1.0 - ways.threshold) - 1e-9))
    needs_garch = method == "filtered_historical" and ways.filtered_by == "garch"
    return GARCH_MINIMUM if needs_garch else METHODS[method].minimum


_ALL = (
    Method("historical", "Historical", historical, 1, "Jorion, Value at Risk, 3rd ed., ch. 5"),
    Method("age_weighted", "Age-weighted", age_weighted, 1, "Boudoukh, Richardson and Whitelaw 1998"),
    Method("normal", "Normal", normal, 2, "J.P. Morgan, RiskMetrics, 1996; Jorion"),
    Method("student_t", "Student-t", student_t, 4, "Jorion; McNeil, Frey and Embrechts"),
    Method("cornish_fisher", "Cornish-Fisher", cornish_fisher, 4, "Favre and Galeano 2002; Maillard 2012"),
    Method("ewma", "EWMA", ewma, 2, "J.P. Morgan, RiskMetrics, 1996"),
    Method("garch", "GARCH(1,1)", garch_tail, GARCH_MINIMUM, "Bollerslev 1986; Engle 2001"),
    Method("filtered_historical", "Filtered historical", filtered_historical, 2, "Hull and White 1998; Barone-Adesi et al. 1999"),
    Method("evt", "Peaks over threshold", evt, 100, "McNeil and Frey 2000"),
    Method("conditional_evt", "Filtered peaks over threshold", conditional_evt, 100, "McNeil and Frey 2000"),
    *(Method(name, label, simulated(name), FEWEST_DAYS, source, simulated=True) for name, label, source in (
        ("monte_carlo_normal", "Monte Carlo, normal", "Glasserman 2003"),
        ("t_copula", "Monte Carlo, t copula", "Demarta and McNeil 2005"),
        ("block_bootstrap", "Block bootstrap", "Politis and Romano 1992"))),
)
METHODS = MappingProxyType({method.name: method for method in _ALL})
ALIASES = MappingProxyType({"gaussian": "normal", "parametric": "normal", "modified": "cornish_fisher", "t": "student_t"})
