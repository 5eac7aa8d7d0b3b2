"""`/portfolios/{id}/transfers` and `/reinvestments`: several records of one fact; `/kinds`: what every kind of transaction does."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from api.dependencies import Asks, ExactRoute, Id, KnownAt, Symbol, Writes, explain_url, found_id, known, moment, parsed
from api.requests import Described, Given, Input, LotTaken
from api.schemas import InstrumentPublic, Public, TransactionPublic
from engine.types import EFFECTS, ENTRIES, Effect, Entry, Transaction
from services.views import InstrumentDetail

routes = APIRouter(tags=["transactions"], route_class=ExactRoute)
Text = str | None


class TransferCreate(Input):
    """A transfer: securities by `symbol` and `quantity`, or cash by `amount` and `currency`."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"date": "2024-03-28", "symbol": "AAPL", "quantity": "10", "account": "Broker A", "to_portfolio": "0190c0de-0000-7000-8000-000000000001"}]})

    date: dt.date
    symbol: Text = None
    quantity: Given | None = None
    amount: Given | None = None
    currency: Text = None
    account: Text = Field(None, description="Where it leaves")
    to_portfolio: UUID | None = Field(None, description="This one where absent")
    to_account: Text = None
    lots: list[LotTaken] | None = Field(None, description="Which lots leave; those that the cost method takes where absent")
    note: Text = None


class ReinvestmentCreate(Input):
    """A dividend that buys shares at once."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"date": "2024-03-28", "symbol": "KO", "amount": "48.50", "tax": "7.28", "quantity": "0.6741"}]})

    date: dt.date
    symbol: str
    amount: Given = Field(description="Gross")
    quantity: Given = Field(description="Shares bought with what tax and fee leave")
    tax: Given | None = None
    fee: Given | None = None
    currency: Text = None
    fx_rate: Given | None = None
    account: Text = None
    note: Text = None
    external_id: Text = None


class FieldPublic(Public):
    """A field of the form of a kind."""

    name: str
    label: str
    needed: bool
    hint: str


class KindPublic(BaseModel):
    """What a kind of transaction does to each figure, what it needs, and how a person enters it."""

    kind: str
    name: str
    group: str
    says: str
    needs: list[str]
    one_of: list[list[str]] = Field(description="One of these groups is needed too")
    of_cash: list[str] = Field(description="What it needs instead where it moves cash, without a symbol and quantity")
    effect: dict[str, str] = Field(description="quantity cost cash realised income fees taxes flow")
    fields: list[FieldPublic]
    makes: list[str] = Field(description="The kinds that it records, where it is several at once")


class LotPublic(BaseModel):
    """What is left of an acquisition."""

    portfolio: str
    symbol: str
    account: str | None
    opened: dt.date
    quantity: float
    price: float
    cost_local: float
    cost_base: float | None
    transaction_id: str


class DetailPublic(BaseModel):
    """One instrument within a portfolio."""

    instrument: InstrumentPublic
    lots: list[LotPublic]
    gains: list[dict[str, Any]]
    transactions: list[TransactionPublic]
    explain: str = Field(description="Address that explains a number of this answer; put {figure} and {symbol} in")


class OrderPut(Input):
    """The transactions of a day in the order in which they are to be booked."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"date": "2024-03-28", "ids": ["0190c0de-0000-7000-8000-000000000001"]}]})

    date: dt.date
    ids: list[UUID]


OrderBody = Annotated[Any, Body(), Described(OrderPut)]
TransferBody = Annotated[Any, Body(), Described(TransferCreate)]
ReinvestmentBody = Annotated[Any, Body(), Described(ReinvestmentCreate)]
FIGURES = ("quantity", "cost", "cash", "realised", "income", "fees", "taxes", "flow")


@routes.post("/portfolios/{portfolio_id}/transfers", response_model=list[TransactionPublic], status_code=201)
def transfer(call: Writes, portfolio_id: Id, body: TransferBody) -> list[Transaction]:
    """Move securities or cash to another portfolio or account: both legs or none.

    The lots keep their cost and their dates. Where both legs are looked at nothing is a flow; for one portfolio it is one at market value.
    Voiding or undoing one leg takes both.
    """
    return call.services.transfers.move(call.actor, found_id("portfolio", portfolio_id), parsed(body), idempotency_key=call.key)


@routes.post("/portfolios/{portfolio_id}/reinvestments", response_model=list[TransactionPublic], status_code=201)
def reinvest(call: Writes, portfolio_id: Id, body: ReinvestmentBody) -> list[Transaction]:
    """Record a dividend and the shares it buys: DIVIDEND of the gross amount, BUY for what tax and fee leave."""
    return call.services.transfers.reinvest(call.actor, found_id("portfolio", portfolio_id), parsed(body), idempotency_key=call.key)


@routes.put("/portfolios/{portfolio_id}/transactions/order", response_model=list[TransactionPublic])
def reorder(call: Writes, portfolio_id: Id, body: OrderBody) -> list[Transaction]:
    """Book the transactions of a day in another order. Until then the order given is the order booked."""
    sent = parsed(body)
    told = sent if isinstance(sent, dict) else {}
    return call.services.transactions.reorder(call.actor, found_id("portfolio", portfolio_id), told.get("date"), told.get("ids"),
                                              idempotency_key=call.key)


@routes.get("/kinds", response_model=list[KindPublic])
def kinds() -> list[KindPublic]:
    """Tell what every kind of transaction does, needs and asks: the table that the engine books by."""
    return [*(_kind(effect) for effect in EFFECTS.values()), *(_joint(name, entry) for name, entry in ENTRIES.items())]


@routes.get("/portfolios/{portfolio_id}/holdings/{symbol}", response_model=DetailPublic, tags=["analytics"])
def detail(call: Asks, request: Request, portfolio_id: Id, symbol: Symbol, as_of: Annotated[Text, Query(description="A date or an instant")] = None,
           cost_method: Text = None, known_at: KnownAt = None) -> dict[str, Any]:
    """Tell the open lots, the realised gains and the newest transactions of one instrument in a portfolio, or in `all`."""
    found = call.services.valuation.lots(call.actor, portfolio_id, symbol, as_of=moment("as_of", as_of), cost_method=cost_method,
                                         known_at=known(known_at))
    return {**_detail(found), "explain": explain_url(request, portfolio_id)}


def _detail(found: InstrumentDetail) -> dict[str, Any]:
    told = {"lots": found.lots, "gains": found.gains}
    rows = {name: [{str(key): _plain(value) for key, value in row.items()} for row in frame.to_dict("records")] for name, frame in told.items()}
    return {"instrument": found.instrument, "transactions": list(found.transactions), **rows}


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Give a date for a timestamp, and null where there is no number."""
    if isinstance(value, dt.datetime):
        return value.date()
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124 - NaN


def _kind(effect: Effect) -> KindPublic:
    entry, figures = effect.entry, {name: getattr(effect, name) for name in FIGURES}
    return KindPublic(kind=effect.kind.value, name=entry.name, group=entry.group, says=entry.says, needs=list(effect.needs),
                      one_of=[list(group) for group in effect.one_of], of_cash=list(effect.of_cash), effect=figures, fields=_fields(entry), makes=[])


def _joint(name: str, entry: Entry) -> KindPublic:
    return KindPublic(kind=name, name=entry.name, group=entry.group, says=entry.says, needs=[field.name for field in entry.fields if field.needed],
                      one_of=[], of_cash=[], effect={}, fields=_fields(entry), makes=[kind.value for kind in entry.makes])


def _fields(entry: Entry) -> list[FieldPublic]:
    return [FieldPublic.model_validate(field) for field in entry.fields]
