"""What a portfolio is meant to be: targets with bands, constraints, costs and taxes, goals, and the thresholds of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

TARGETS_BY: Final = ("symbol", "asset_class", "sector", "region", "country", "currency", "model")
GROUPINGS: Final = ("asset_class", "sector", "region", "country", "currency")  # what limits of groups can be of
CASH: Final = "cash"  # key of a target for the cash itself


@dataclass(frozen=True, slots=True)
class Target:
    """What a holding or a group should weigh.

    Attributes
    ----------
    key
        Symbol, class, sector, region, country or currency; ``cash`` for the cash itself.
    weight
        Fraction of the value, cash included.
    band
        How far it may be off either way, fraction of the value; None: the policy's.
    """

    key: str
    weight: float
    band: float | None = None


@dataclass(frozen=True, slots=True)
class GroupBound:
    """The least and the most that a group may weigh, fractions of the value."""

    by: str  # of GROUPINGS
    key: str
    least: float = 0.0
    most: float = 1.0

    @property
    def name(self) -> str:
        """What it is called: the kind of group and its name."""
        return f"{self.by.replace('_', ' ')} {self.key}"


@dataclass(frozen=True, slots=True)
class Constraints:
    """What no trade may break.

    Attributes
    ----------
    long_only
        Nothing may be sold short.
    max_weight
        Of any one holding, fraction; None: any.
    max_turnover
        Half of what is bought and sold over the value, of one rebalancing; None: any.
    min_trade
        Base currency: smaller trades are not worth it.
    lot
        Shares that trade together: 1 whole shares, 0 fractions.
    excluded
        Symbols that are not to be held.
    required_tag
        What is bought must carry this tag, such as ``esg``; None: anything.
    cash_buffer
        Fraction of the value that stays in cash.
    tax_budget
        Base currency: tax that one rebalancing may cost; None: any.
    max_tracking_error
        A year, against the targets or the benchmark, fraction; None: any.
    groups
        The least and the most of sectors, classes, regions, countries, currencies.
    """

    long_only: bool = True
    max_weight: float | None = None
    max_turnover: float | None = None
    min_trade: float = 0.0
    lot: float = 0.0
    excluded: tuple[str, ...] = ()
    required_tag: str | None = None
    cash_buffer: float = 0.0
    tax_budget: float | None = None
    max_tracking_error: float | None = None
    groups: tuple[GroupBound, ...] = ()


@dataclass(frozen=True, slots=True)
class Costs:
    """What a trade costs: a fee, a share of its amount, and half the spread; and what a currency costs to be had."""

    fee: float = 0.0  # base currency, each trade
    fee_rate: float = 0.0  # fraction of the amount
    spread: float = 0.001  # between bid and ask, fraction of the price: a trade pays half of it
    conversion_rate: float = 0.0  # of what is converted into another currency, lost in the rate


@dataclass(frozen=True, slots=True)
class Taxes:
    """What a realised gain costs. All rates 0: taxes are left out."""

    short_rate: float = 0.0  # fraction of a gain
    long_rate: float = 0.0  # of one held longer than `long_days`
    long_days: int = 365
    wash_days: int = 30  # before and after a sale at a loss in which buying it back spoils the loss; 0: no such rule


@dataclass(frozen=True, slots=True)
class Goals:
    """What it is for."""

    horizon: date | None = None
    value: float | None = None  # base currency, to be reached by the horizon
    floor: float | None = None  # base currency: it should never be worth less


@dataclass(frozen=True, slots=True)
class Policy:
    """All of it; everything has a default.

    Attributes
    ----------
    targets_by
        What the targets are of: one of TARGETS_BY; None: there are none. ``model``: the weights of a model portfolio, which the caller lays
        out as targets by symbol.
    targets
        They add up to one, what is meant for cash included.
    model
        Key of a blend, or id of another portfolio.
    band_absolute, band_relative
        A target may be off by the smaller of so many points and of such a part of itself.
    home_country
        Of the owner, two letters; None: nothing is said of home bias.
    risk_aversion
        What variance costs: half of it times a year's variance is taken off a year's return.
    off
        Rules that are not asked.
    thresholds
        Of the rules, where they differ from the house's.
    """

    targets_by: str | None = None
    targets: tuple[Target, ...] = ()
    model: str | None = None
    band_absolute: float = 0.05
    band_relative: float = 0.25
    constraints: Constraints = field(default_factory=Constraints)
    costs: Costs = field(default_factory=Costs)
    taxes: Taxes = field(default_factory=Taxes)
    goals: Goals = field(default_factory=Goals)
    home_country: str | None = None
    risk_aversion: float = 3.0
    off: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def band(self, target: Target) -> float:
        """Tell how far a target may be off."""
        return target.band if target.band is not None else min(self.band_absolute, self.band_relative * abs(target.weight))
