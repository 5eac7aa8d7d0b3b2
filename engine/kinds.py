"""What each kind of transaction does: the one table that booking, checks, REST, docs and form all read.

`Kind` is the closed set of the ledger, `EFFECTS` says of each kind what it does to every figure, what it needs, and how a person enters it;
`ENTRIES` are ways of entering several records at once. Nothing else of the house has a sentence about a kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What a transaction is. The closed set of the ledger."""

    BUY = "BUY"
    SELL = "SELL"
    DIVIDEND = "DIVIDEND"
    INTEREST = "INTEREST"
    FEE = "FEE"
    TAX = "TAX"
    DEPOSIT = "DEPOSIT"
    WITHDRAWAL = "WITHDRAWAL"
    TRANSFER_IN = "TRANSFER_IN"
    TRANSFER_OUT = "TRANSFER_OUT"
    SPLIT = "SPLIT"
    SPIN_OFF = "SPIN_OFF"
    MERGER = "MERGER"
    RETURN_OF_CAPITAL = "RETURN_OF_CAPITAL"
    STOCK_DIVIDEND = "STOCK_DIVIDEND"
    FX_CONVERSION = "FX_CONVERSION"
    ADJUSTMENT = "ADJUSTMENT"


@dataclass(frozen=True, slots=True)
class Field:
    """A field as the form of one kind shows it; `needed`: the form asks for it, else `hint` stands beside its label."""

    name: str
    label: str
    needed: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """How a person enters something: its name, one sentence of what it does, its fields, and the kinds it records, in order."""

    name: str
    says: str
    group: str
    fields: tuple[Field, ...]
    makes: tuple[Kind, ...] = ()


@dataclass(frozen=True, slots=True)
class Effect:
    """One row of the table.

    The sentences say what happens to each figure (`-` is nothing). The signs are what the engine multiplies with: `units_sign`
    the quantity, `cash_sign` `income_sign` and `flow_sign` the gross amount. Fee and tax always leave the cash, whatever the kind.
    A record has all of `needs` and one group of `one_of`; `of_cash` is what it needs instead where it moves cash, without a security.
    `local`: its money is in the instrument's own currency. `signed`: fields that take a minus, as interest paid or a fee given back.
    """

    kind: Kind
    entry: Entry
    quantity: str = "-"
    cost: str = "-"
    cash: str = "-"
    realised: str = "-"
    income: str = "-"
    fees: str = "+ fee"
    taxes: str = "+ tax"
    flow: str = "-"
    needs: tuple[str, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    of_cash: tuple[str, ...] = ()
    local: bool = True
    takes_lots: bool = False
    signed: tuple[str, ...] = ()
    units_sign: int = 0
    cash_sign: int = 0
    income_sign: int = 0
    flow_sign: int = 0

    @property
    def takes_symbol(self) -> bool:
        """Whether it can be about an instrument."""
        return any(field.name == "symbol" for field in self.entry.fields)

    def takes(self, name: str) -> bool:
        """Tell whether a record of this kind has a place for one of the fields that are not for all."""
        if name in {"lots", "transfer_id"}:
            return self.takes_lots and (name == "lots" or self.flow_sign != 0)
        return any(field.name == name for field in self.entry.fields)

    @property
    def needs_words(self) -> str:
        """What it needs, as a sentence: "symbol, quantity; price or amount"."""
        groups = " or ".join(" and ".join(group) for group in self.one_of)
        alone = "; ".join(part for part in (", ".join(self.needs), groups) if part)
        return f"{alone}; for cash: {', '.join(self.of_cash)}" if self.of_cash else alone


TRADES, CASH_KINDS, COMPANY, CORRECTIONS = "Trades", "Income, costs and cash", "Company actions", "Transfers and corrections"

_IN_COST = "in cost (fees_in_cost) or + {0}"
_PAYMENT = (("amount",), ("quantity", "price"))
_PRICED = (("price",), ("amount",))

_SYMBOL, _QUANTITY = Field("symbol", "Instrument", needed=True), Field("quantity", "Quantity", needed=True)
_PRICE, _GROSS = Field("price", "Price", hint="of one unit"), Field("amount", "or gross amount", hint="in place of the price")
_AMOUNT = Field("amount", "Amount", needed=True, hint="before fee and tax")
_FEE, _TAX = Field("fee", "Fee"), Field("tax", "Tax")
_CURRENCY, _RATE = Field("currency", "Currency", hint="if another"), Field("fx_rate", "Exchange rate", hint="if another")
_CHARGES, _MONEY = (_FEE, _TAX), (_CURRENCY, _RATE)
_TRADED = (_SYMBOL, _QUANTITY, _PRICE, _GROSS, *_CHARGES, *_MONEY)
_SHARES = (Field("quantity", "or shares"), Field("price", "paid a share"))
_PER_SHARE = (_SYMBOL, Field("amount", "Amount", hint="before tax"), *_SHARES, _TAX, _FEE, *_MONEY)
_IN_LIEU = Field("amount", "Cash for a fraction", hint="in all")
_OF_ONE = Field("symbol", "Instrument", hint="if it is for one")
_COST = (Field("amount", "Amount", needed=True), _OF_ONE, *_MONEY)
_MOVED = (Field("symbol", "Instrument", hint="empty: cash"), Field("quantity", "Quantity"))
_OR_AMOUNT = Field("amount", "or amount")

_TABLE = (
    Effect(
        Kind.BUY,
        Entry("Buy", "Adds shares at their price with fee and tax in the cost; takes the money from cash. Covers a short first.", TRADES, _TRADED),
        quantity="+ quantity",
        cost="+ quantity x price + fee + tax",
        cash="- quantity x price - fee - tax",
        realised="of the short part it covers: short proceeds - cost",
        fees=_IN_COST.format("fee"),
        taxes=_IN_COST.format("tax"),
        needs=("symbol", "quantity"),
        one_of=_PRICED,
        units_sign=1,
        cash_sign=-1,
    ),
    Effect(
        Kind.SELL,
        Entry("Sell", "Takes shares, brings money in less fee and tax, and realises the gain on the lots it takes. "
              "More than is held opens a short, or is refused where the portfolio allows none.", TRADES, _TRADED),
        quantity="- quantity; beyond the held it opens a short",
        cost="- cost of the lots matched",
        cash="+ quantity x price - fee - tax",
        realised="+ proceeds - fee - tax - cost of the lots matched",
        fees=_IN_COST.format("fee"),
        taxes=_IN_COST.format("tax"),
        needs=("symbol", "quantity"),
        one_of=_PRICED,
        takes_lots=True,
        units_sign=-1,
        cash_sign=1,
    ),
    Effect(
        Kind.FX_CONVERSION,
        Entry("Currency exchange", "Pays cash in one currency and receives it in another; the value stays, but for the fee.", TRADES,
              (Field("amount", "Amount paid", needed=True), Field("currency", "Currency paid", needed=True),
               Field("to_amount", "Amount received", needed=True), Field("to_currency", "Currency received", needed=True), _FEE)),
        cash="- amount - fee in currency, + to_amount in to_currency",
        needs=("amount", "to_amount", "to_currency"),
        local=False,
        cash_sign=-1,
    ),
    Effect(
        Kind.DIVIDEND,
        Entry("Dividend", "Brings money in less the tax withheld; the gross amount counts as income of the instrument. Shares stay.", CASH_KINDS,
              _PER_SHARE),
        cash="+ amount - fee - tax",
        income="+ amount, gross",
        needs=("symbol",),
        one_of=_PAYMENT,
        local=False,
        signed=("amount",),
        cash_sign=1,
        income_sign=1,
    ),
    Effect(
        Kind.INTEREST,
        Entry("Interest", "Brings money in less tax and counts as income; interest that you pay has a minus.", CASH_KINDS,
              (Field("amount", "Amount", needed=True, hint="before fee and tax; paid: with a minus"), _TAX, _FEE, _OF_ONE, *_MONEY)),
        cash="+ amount - fee - tax",
        income="+ amount, gross; interest paid is negative",
        one_of=_PAYMENT,
        local=False,
        signed=("amount",),
        cash_sign=1,
        income_sign=1,
    ),
    Effect(
        Kind.FEE,
        Entry("Fee", "Takes money out; counts as cost.", CASH_KINDS, _COST),
        cash="- amount - fee",
        fees="+ amount + fee",
        one_of=(("amount",), ("fee",)),
        local=False,
        signed=("amount",),
    ),
    Effect(
        Kind.TAX,
        Entry("Tax", "Takes money out; counts as tax.", CASH_KINDS, _COST),
        cash="- amount - tax",
        taxes="+ amount + tax",
        one_of=(("amount",), ("tax",)),
        local=False,
        signed=("amount",),
    ),
    Effect(
        Kind.DEPOSIT,
        Entry("Deposit", "Brings your money in. A flow from outside, not a gain.", CASH_KINDS, (_AMOUNT, _FEE, *_MONEY)),
        cash="+ amount - fee",
        flow="+ amount",
        needs=("amount",),
        cash_sign=1,
        flow_sign=1,
    ),
    Effect(
        Kind.WITHDRAWAL,
        Entry("Withdrawal", "Takes your money out. A flow to outside, not a loss.", CASH_KINDS, (_AMOUNT, _FEE, *_MONEY)),
        cash="- amount - fee",
        flow="- amount",
        needs=("amount",),
        cash_sign=-1,
        flow_sign=-1,
    ),
    Effect(
        Kind.SPLIT,
        Entry("Split", "Multiplies the shares and divides their cost; the value stays. Cash paid for a fraction sells that fraction.", COMPANY,
              (_SYMBOL, Field("ratio", "New shares for one old", needed=True, hint="4 for a 4:1 split, 0.1 for 1:10"),
               _IN_LIEU)),
        quantity="x ratio (new per old), every lot",
        cost="unchanged, less that of a fraction paid out",
        cash="+ amount paid for the fraction, where ratio is given too",
        realised="amount - cost of the fraction",
        needs=("symbol", "ratio"),
        cash_sign=1,
    ),
    Effect(
        Kind.STOCK_DIVIDEND,
        Entry("Stock dividend", "Adds shares at no cost.", COMPANY, (_SYMBOL, _QUANTITY)),
        quantity="+ quantity",
        cost="unchanged: the new shares cost 0",
        needs=("symbol", "quantity"),
        units_sign=1,
    ),
    Effect(
        Kind.RETURN_OF_CAPITAL,
        Entry("Return of capital", "Brings money in and lowers the cost; what exceeds the cost is realised.", COMPANY, _PER_SHARE),
        cost="- amount, at most to 0",
        cash="+ amount - fee - tax",
        realised="amount beyond cost",
        needs=("symbol",),
        one_of=_PAYMENT,
        cash_sign=1,
    ),
    Effect(
        Kind.SPIN_OFF,
        Entry("Spin-off", "Adds shares of a new company and moves a part of the cost to them, lot by lot with its date.", COMPANY,
              (_SYMBOL, Field("to_symbol", "New instrument", needed=True), Field("quantity", "Shares received", needed=True),
               Field("ratio", "Part of the cost that moves", needed=True, hint="such as 0.2"), _IN_LIEU)),
        quantity="+ quantity of to_symbol",
        cost="ratio x cost of symbol moves to to_symbol, lot by lot with its date",
        cash="+ amount (in lieu of a fraction)",
        realised="amount beyond the cost moved",
        needs=("symbol", "to_symbol", "quantity"),
        cash_sign=1,
    ),
    Effect(
        Kind.MERGER,
        Entry("Merger or symbol change", "Changes shares into those of another company, for cash, or both; a ratio of 1 is a new symbol.", COMPANY,
              (_SYMBOL, Field("to_symbol", "Becomes", hint="empty: all for cash"), Field("ratio", "New shares for one old", hint="1 if empty"),
               Field("amount", "Cash received", hint="in all"), _CURRENCY)),
        quantity="symbol to 0, to_symbol + ratio x quantity",
        cost="moves to to_symbol, lot by lot with its date, less the cash",
        cash="+ amount, in all",
        realised="cash beyond cost; without to_symbol amount - cost",
        needs=("symbol",),
        one_of=(("to_symbol",), ("amount",)),
        cash_sign=1,
    ),
    Effect(
        Kind.TRANSFER_IN,
        Entry("Transfer in", "Brings shares in with the cost you give, or cash. A flow from outside, not a gain.", CORRECTIONS,
              (*_MOVED, Field("price", "Price", hint="cost of one unit"), _OR_AMOUNT, _FEE, *_MONEY)),
        quantity="+ quantity",
        cost="+ quantity x price: the cost carried, or that of its lots; without either the lots of the TRANSFER_OUT of the same quantity before it",
        cash="- fee - tax; without symbol as DEPOSIT",
        flow="+ market value (transfer_flows market) or + cost; nothing where both legs are in the scope",
        needs=("symbol", "quantity"),
        of_cash=("amount",),
        takes_lots=True,
        units_sign=1,
        flow_sign=1,
    ),
    Effect(
        Kind.TRANSFER_OUT,
        Entry("Transfer out", "Takes shares out at their cost, or cash. A flow to outside, not a loss.", CORRECTIONS,
              (*_MOVED, _PRICE, _OR_AMOUNT, _FEE, *_MONEY)),
        quantity="- quantity",
        cost="- cost of the lots that leave",
        cash="- fee - tax; without symbol as WITHDRAWAL",
        realised="quantity x price - cost where a price is given",
        flow="- market value (transfer_flows market) or - cost; nothing where both legs are in the scope",
        needs=("symbol", "quantity"),
        of_cash=("amount",),
        takes_lots=True,
        units_sign=-1,
        flow_sign=-1,
    ),
    Effect(
        Kind.ADJUSTMENT,
        Entry("Adjustment", "Adds or takes shares or cash without a trade, with a sign; counts as a flow from outside.", CORRECTIONS,
              (_MOVED[0], Field("quantity", "Quantity", hint="with a sign"), Field("price", "Price", hint="cost of one unit"),
               Field("amount", "or amount of cash", hint="with a sign"), *_MONEY)),
        quantity="+ quantity, signed",
        cost="+ quantity x price, 0 without price; negative: - cost of the lots that leave",
        cash="without quantity + amount, signed",
        realised="as TRANSFER_OUT where negative",
        flow="+ quantity x price, or + amount",
        needs=("symbol", "quantity"),
        of_cash=("amount",),
        signed=("quantity", "amount"),
        units_sign=1,
        flow_sign=1,
    ),
)  # fmt: skip

EFFECTS: Mapping[Kind, Effect] = MappingProxyType({effect.kind: effect for effect in _TABLE})

ENTRIES: Mapping[str, Entry] = MappingProxyType({
    "REINVESTMENT": Entry(
        "Reinvested dividend", "A dividend that buys shares at once: gross amount is income, what tax and fee leave is the cost of the new shares.",
        CASH_KINDS,
        (_SYMBOL, Field("amount", "Dividend", needed=True, hint="before tax"), Field("quantity", "Shares bought", needed=True), _TAX, _FEE, *_MONEY),
        makes=(Kind.DIVIDEND, Kind.BUY),
    ),
    "TRANSFER": Entry(
        "Transfer between accounts", "Moves shares with their cost and dates, or cash, to another account or portfolio. No gain; "
        "a flow only where one of both is looked at.", CORRECTIONS,
        (*_MOVED, Field("amount", "or amount of cash"), _CURRENCY, Field("to_portfolio", "To portfolio", hint="if another"),
         Field("to_account", "To account", hint="if another")),
        makes=(Kind.TRANSFER_OUT, Kind.TRANSFER_IN),
    ),
})  # fmt: skip
