"""Instruments that are not held: their price, their past and their volume, so that they can be tried."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from data.database import Database, Unit
from engine.errors import UnknownInstrument
from engine.types import Actor, Instrument
from services import fields
from services.books.service import Kept
from services.market.marks import last_rates, read_marks
from services.market.service import Market
from services.risk.exposures import Exposure
from services.risk.liquidity import volumes
from services.stress.facts import factor_returns

KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class Strangers:
    """Instruments that are not held."""

    instruments: dict[str, Instrument]
    units: pd.Series  # symbol -> value of one unit in base currency; NaN without a price
    returns: pd.DataFrame  # days of the exposure x symbol
    volume: pd.Series
    simulated: bool


class Newcomers:
    """Reads instruments that are not held."""

    def __init__(self, database: Database, market: Market) -> None:
        self._database, self._market = database, market
        self._pasts: Kept[tuple[pd.DataFrame, pd.Series]] = Kept(KEPT)

    def read(self, actor: Actor, exposure: Exposure, symbols: Sequence[str]) -> Strangers:
        """Read instruments by symbol; `UnknownInstrument` names those that there are not, with neighbours that are."""
        if not symbols:
            nothing = pd.Series(dtype=np.float64)
            return Strangers({}, nothing, pd.DataFrame(index=exposure.returns.index), nothing, simulated=False)
        with self._database.read() as unit:
            known = _known(unit, actor, symbols)
            units, simulated = self._units(unit, actor, exposure.base_currency, known)
        key: Hashable = (exposure.state, tuple(sorted(known)))
        returns, volume = self._pasts.get_or_compute(key, lambda: (factor_returns(self._database, actor, list(known), exposure),
                                                                   self._volume(known)))
        return Strangers(known, units, returns, volume, simulated)

    def _units(self, unit: Unit, actor: Actor, base: str, known: dict[str, Instrument]) -> tuple[pd.Series, bool]:
        sight = self._market.sight()
        codes = [each.currency for each in known.values()]
        marked = read_marks(unit, actor.workspace_id, sight, self._market.freshness, base=base, instruments=known, currencies=codes,
                            stored=last_rates(unit, actor.workspace_id, on_or_before=sight.day))
        rates = [float(marked.marks.rate[each.currency]) * float(each.multiplier) for each in known.values()]
        return marked.marks.price.reindex(list(known)).astype(np.float64) * rates, marked.simulated

    def _volume(self, known: dict[str, Instrument]) -> pd.Series:
        return volumes(self._database, known)


def _known(unit: Unit, actor: Actor, symbols: Sequence[str]) -> dict[str, Instrument]:
    known = unit.instruments.by_symbols(actor.workspace_id, list(symbols))
    wrong = [name for name in symbols if name not in known]
    every = [each.symbol for each in unit.instruments.find_all(actor.workspace_id)] if wrong else []
    fields.raise_all([UnknownInstrument(name, near=fields.near(name, every)) for name in wrong])
    return {name: known[name] for name in symbols}
