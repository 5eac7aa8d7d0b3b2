"""What a booked ledger is: frames of positions, lots, gains, cash, flows and effects."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from engine.types import CostMethod, Finding


@dataclass(frozen=True, slots=True)
class Book:
    """A ledger booked to a day, in frames. Amounts are base currency unless a column says `_local`.

    Attributes
    ----------
    base_currency, cost_method
        As asked for.
    positions
        Index symbol: `quantity currency multiplier cost_local cost_base realised_local realised income fees taxes fees_paid taxes_paid
        first_date last_date`; closed ones stay with quantity 0. `fees` and `taxes` are what is in neither cost nor proceeds.
    lots
        `symbol account opened quantity price cost_local cost_base transaction_id`, open ones in the order held.
    gains
        One row a lot matched by a disposal: `symbol account opened closed kind quantity proceeds_local cost_local gain_local proceeds
        cost gain fee tax transaction_id lot_id`; `quantity` is negative where a short was covered, 0 where only cost was repaid.
    cash
        Index currency: `balance cost_base contributed income fees taxes`: `balance` in that currency, `cost_base` what the balance was
        worth when it moved, `contributed` external flows; income, fees and taxes that belong to no symbol.
    flows
        `date kind amount_base`: external flows, positive in.
    effects
        One row a transaction and symbol or cash currency: `date kind symbol cash_currency quantity_delta cash_delta_local
        cash_delta_base flow_base transfer_base carried_share gross_local gross_base income fee tax transaction_id`; `transfer_base` is
        value moved in from other rows (it adds up to 0 over a transaction; between symbols it is cost), `carried_share` the part of a
        symbol that went to a successor, `gross_*` the consideration for the quantity.
    findings
        What was odd.
    """

    base_currency: str
    cost_method: CostMethod
    positions: pd.DataFrame
    lots: pd.DataFrame
    gains: pd.DataFrame
    cash: pd.DataFrame
    flows: pd.DataFrame
    effects: pd.DataFrame
    findings: tuple[Finding, ...]
