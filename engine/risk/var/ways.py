"""How a value at risk is asked for: one record of conventions that every method reads."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, pi, sqrt
from typing import NamedTuple, TypedDict

import numpy as np
from scipy.special import ndtri

from engine.columns import Floats
from engine.errors import InvalidInput
from engine.returns import one_of
from engine.risk.sample import INTERPOLATIONS, level_of

TAILS = ("strict", "weighted", "beyond")
FILTERS = ("ewma", "garch")
FITTERS = ("arch", "own")
DOMAINS = ("check", "ignore")
SCALINGS = ("square_root", "overlapping")


class Tail(NamedTuple):
    """What a method says of each series: its value at risk and its expected shortfall, both positive for a loss, shape (n_series,)."""

    loss: Floats
    shortfall: Floats


class Choices(TypedDict, total=False):
    """Conventions of single methods, by keyword."""

    scaling: str
    decay: float | None
    degrees_of_freedom: float | None
    threshold: float
    filtered_by: str
    fitted_by: str
    domain: str
    simulations: int
    seed: int
    block: int


class TailChoices(Choices, total=False):
    """Those, and where the shortfall is told too, over which tail."""

    tail: str


class Conventions(TailChoices, total=False):
    """All but the level."""

    interpolation: str
    ddof: int
    horizon: int


@dataclass(frozen=True, slots=True)
class Ways:
    """Conventions of a value at risk; the defaults are those of `value_at_risk`."""

    level: float = 0.95
    interpolation: str = "linear"
    ddof: int = 1
    horizon: int = 1
    tail: str = "strict"
    scaling: str = "square_root"
    decay: float | None = None
    degrees_of_freedom: float | None = None
    threshold: float = 0.9
    filtered_by: str = "ewma"
    fitted_by: str = "arch"
    domain: str = "check"
    simulations: int = 10_000
    seed: int = 7
    block: int = 10

    def __post_init__(self) -> None:
        level_of(self.level)
        self._check_choices()
        self._check_numbers()

    @property
    def share(self) -> float:
        """Probability of the tail."""
        return 1.0 - self.level

    @property
    def z(self) -> float:
        """Quantile of the standard normal at the tail: negative for levels above one half."""
        return float(ndtri(self.share))

    @property
    def z_beyond(self) -> float:
        """Mean of a standard normal below its quantile, sign turned: what the shortfall is in units of sigma."""
        return exp(-0.5 * self.z**2) / sqrt(2.0 * pi) / self.share

    def _check_choices(self) -> None:
        one_of("interpolation", self.interpolation, INTERPOLATIONS)
        one_of("tail", self.tail, TAILS)
        one_of("scaling", self.scaling, SCALINGS)
        one_of("filtered_by", self.filtered_by, FILTERS)
        one_of("fitted_by", self.fitted_by, FITTERS)
        one_of("domain", self.domain, DOMAINS)

    def _check_numbers(self) -> None:
        for field in ("horizon", "simulations", "block"):
            whole(field, getattr(self, field))
        for field in ("decay", "threshold"):
            number = getattr(self, field)
            if number is not None and not 0.0 < number < 1.0:
                raise InvalidInput(field, number, "is not between 0 and 1", hint="Use 0.94 for a decay of 6 %, 0.9 for a tenth of the losses")
        if self.degrees_of_freedom is not None and not self.degrees_of_freedom > 2.0:
            raise InvalidInput("degrees_of_freedom", self.degrees_of_freedom, "is not above 2", hint="Below that there is no variance")


def whole(field: str, number: float) -> int:
    """Refuse what is not a whole number of at least one.

    Parameters
    ----------
    field
        Name of the convention.
    number
        As it was asked for.

    Returns
    -------
    int
        The same.

    Raises
    ------
    InvalidInput
        Below 1, or with a fraction.
    """
    if isinstance(number, bool) or not number >= 1 or number != int(number):
        raise InvalidInput(field, number, "is not a whole number from 1 on", hint="Use 1, 10 or 250")
    return int(number)


def located(mean: Floats, sigma: Floats, quantile: float | Floats, beyond: float | Floats, horizon: int) -> Tail:
    """Tail of a distribution that is only moved and stretched.

    Parameters
    ----------
    mean, sigma
        Of one period, shape (n_series,), fraction.
    quantile, beyond
        Of the standardised distribution at the tail: its quantile, and its mean below that with the sign turned.
    horizon
        Periods: the mean counts so many times, sigma the root.

    Returns
    -------
    Tail
    """
    drift, spread = mean * horizon, sigma * np.sqrt(horizon)
    return Tail(-(drift + quantile * spread), beyond * spread - drift)
