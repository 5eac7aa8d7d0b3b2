"""What each kind of transaction does: one table that the booking code, the docs and the form help all read."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.types import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Effect:
    """Sentences and signs of one kind.

    The sentences say what happens to each figure (`-` is nothing). The signs are what the engine multiplies with: `units_sign`
    the quantity, `cash_sign` `income_sign` and `flow_sign` the gross amount. Fee and tax always leave the cash, whatever the kind.
    """

    kind: Kind
    quantity: str = "-"
    cost: str = "-"
    cash: str = "-"
    realised: str = "-"
    income: str = "-"
    fees: str = "+ fee"
    taxes: str = "+ tax"
    flow: str = "-"
    needs: str = ""
    units_sign: int = 0
    cash_sign: int = 0
    income_sign: int = 0
    flow_sign: int = 0


_IN_COST = "in cost (fees_in_cost) or + {0}"

_TABLE = (
    Effect(
        Kind.BUY,
        quantity="+ quantity",
        cost="+ quantity x price + fee + tax",
        cash="- quantity x price - fee - tax",
        realised="of the short part it covers: short proceeds - cost",
        fees=_IN_COST.format("fee"),
        taxes=_IN_COST.format("tax"),
        needs="symbol, quantity, price or amount",
        units_sign=1,
        cash_sign=-1,
    ),
    Effect(
        Kind.SELL,
        quantity="- quantity; beyond the held it opens a short",
        cost="- cost of the lots matched",
        cash="+ quantity x price - fee - tax",
        realised="+ proceeds - fee - tax - cost of the lots matched",
        fees=_IN_COST.format("fee"),
        taxes=_IN_COST.format("tax"),
        needs="symbol, quantity, price or amount",
        units_sign=-1,
        cash_sign=1,
    ),
    Effect(
        Kind.DIVIDEND,
        cash="+ amount - fee - tax",
        income="+ amount, gross",
        needs="amount, or quantity and price a share; symbol",
        cash_sign=1,
        income_sign=1,
    ),
    Effect(
        Kind.INTEREST,
        cash="+ amount - fee - tax",
        income="+ amount, gross; interest paid is negative",
        needs="amount",
        cash_sign=1,
        income_sign=1,
    ),
    Effect(Kind.FEE, cash="- amount - fee", fees="+ amount + fee", needs="amount or fee"),
    Effect(Kind.TAX, cash="- amount - tax", taxes="+ amount + tax", needs="amount or tax"),
    Effect(Kind.DEPOSIT, cash="+ amount - fee", flow="+ amount", needs="amount", cash_sign=1, flow_sign=1),
    Effect(Kind.WITHDRAWAL, cash="- amount - fee", flow="- amount", needs="amount", cash_sign=-1, flow_sign=-1),
    Effect(
        Kind.TRANSFER_IN,
        quantity="+ quantity",
        cost="+ quantity x price: the cost carried; without price the lots of the TRANSFER_OUT of the same quantity before it",
        cash="- fee - tax; without symbol as DEPOSIT",
        flow="+ quantity x price",
        needs="symbol, quantity and price; or amount",
        units_sign=1,
        flow_sign=1,
    ),
    Effect(
        Kind.TRANSFER_OUT,
        quantity="- quantity",
        cost="- cost of the lots that leave",
        cash="- fee - tax; without symbol as WITHDRAWAL",
        realised="quantity x price - cost where a price is given",
        flow="- quantity x price, without price - cost",
        needs="symbol and quantity; or amount",
        units_sign=-1,
        flow_sign=-1,
    ),
    Effect(
        Kind.SPLIT,
        quantity="x ratio (new per old), every lot",
        cost="unchanged, less that of a fraction paid out",
        cash="+ amount paid for the fraction, where ratio is given too",
        realised="amount - cost of the fraction",
        needs="symbol, ratio (else quantity, else amount is read as the ratio)",
        cash_sign=1,
    ),
    Effect(
        Kind.SPIN_OFF,
        quantity="+ quantity of to_symbol",
        cost="ratio x cost of symbol moves to to_symbol, lot by lot with its date",
        cash="+ amount (in lieu of a fraction)",
        realised="amount beyond the cost moved",
        needs="symbol, to_symbol, quantity, ratio (share of the cost that moves)",
        cash_sign=1,
    ),
    Effect(
        Kind.MERGER,
        quantity="symbol to 0, to_symbol + ratio x quantity",
        cost="moves to to_symbol, lot by lot with its date, less the cash",
        cash="+ amount, in all",
        realised="cash beyond cost; without to_symbol amount - cost",
        needs="symbol, to_symbol (and ratio new per old, 1 where absent) or amount",
        cash_sign=1,
    ),
    Effect(
        Kind.RETURN_OF_CAPITAL,
        cost="- amount, at most to 0",
        cash="+ amount - fee - tax",
        realised="amount beyond cost",
        needs="symbol, amount",
        cash_sign=1,
    ),
    Effect(Kind.STOCK_DIVIDEND, quantity="+ quantity", cost="unchanged: the new shares cost 0", needs="symbol, quantity", units_sign=1),
    Effect(
        Kind.FX_CONVERSION,
        cash="- amount - fee in currency, + to_amount in to_currency",
        needs="amount, currency, to_amount, to_currency",
        cash_sign=-1,
    ),
    Effect(
        Kind.ADJUSTMENT,
        quantity="+ quantity, signed",
        cost="+ quantity x price, 0 without price; negative: - cost of the lots that leave",
        cash="without quantity + amount, signed",
        realised="as TRANSFER_OUT where negative",
        flow="+ quantity x price, or + amount",
        needs="symbol and quantity, or amount",
        units_sign=1,
        flow_sign=1,
    ),
)

EFFECTS: Mapping[Kind, Effect] = MappingProxyType({effect.kind: effect for effect in _TABLE})
