"""Instruments, bars, corporate actions, exchange rates, quotes and the quarantine."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import After, Asks, Changes, Day, ExactRoute, Id, Limit, Symbol, Writes, day, etag, found_id, paged, parsed
from api.portfolios import without_version
from api.requests import ActionsBody, BarsBody, InstrumentBody, QuotesBody, RatesBody, RenameBody
from api.schemas import ActionPublic, BarPublic, Count, InstrumentPublic, PushPublic, QuarantinedPublic, QuotePublic, RatePublic, StatusPublic
from engine.types import CorporateAction, Instrument
from services.views import MarketStatus, PushResult, QuarantinedQuote, QuoteView

routes = APIRouter(tags=["market"], route_class=ExactRoute)
Text = Annotated[str | None, Query(description="In symbol, name or ISIN")]
Symbols = Annotated[str | None, Query(description="With commas between; all where absent", examples=["AAPL,MSFT"])]


@routes.get("/instruments", response_model=list[InstrumentPublic])
def find_instruments(call: Asks, request: Request, response: Response, query: Text = None, limit: Limit = 100, after: After = None) -> list[Any]:
    """List instruments by symbol."""
    return paged(call.services.instruments.find(call.actor, query, limit=limit, after=after), request, response)


@routes.get("/instruments/{symbol}", response_model=InstrumentPublic)
def get_instrument(call: Asks, symbol: Symbol, response: Response) -> Instrument:
    """Read an instrument."""
    instrument = call.services.instruments.get(call.actor, symbol)
    etag(response, instrument.version)
    return instrument


@routes.put("/instruments/{symbol}", response_model=InstrumentPublic, responses={201: {"model": InstrumentPublic}})
def put_instrument(call: Changes, symbol: Symbol, body: InstrumentBody, response: Response) -> Instrument:
    """Add an instrument, or change the given fields of the one that is there."""
    version = call.optional_version(parsed(body))
    instrument, created = call.services.instruments.put(call.actor, symbol, without_version(body), version=version, idempotency_key=call.key)
    response.status_code = 201 if created else 200
    etag(response, instrument.version)
    return instrument


@routes.patch("/instruments/{symbol}", response_model=InstrumentPublic)
def rename_instrument(call: Changes, symbol: Symbol, body: RenameBody, response: Response) -> Instrument:
    """Give an instrument another symbol: prices stay, every ledger names the new one, and as it was known before the former one."""
    version = call.optional_version(parsed(body))
    instrument = call.services.renames.rename(call.actor, symbol, without_version(body), version=version, idempotency_key=call.key)
    etag(response, instrument.version)
    return instrument


@routes.put("/instruments/{symbol}/bars", response_model=Count)
def put_bars(call: Writes, symbol: Symbol, body: BarsBody) -> Count:
    """Store daily prices; one of the same date is replaced."""
    return Count(count=call.services.instruments.put_bars(call.actor, symbol, parsed(body), idempotency_key=call.key))


@routes.get("/instruments/{symbol}/bars", response_model=list[BarPublic])
def bars(call: Asks, symbol: Symbol, request: Request, response: Response, start: Day = None, end: Day = None, limit: Limit = 1000,
         after: After = None) -> list[Any]:
    """List daily prices by date."""
    page = call.services.instruments.bars(call.actor, symbol, day("start", start), day("end", end), limit=limit, after=day("after", after))
    return paged(page, request, response)


@routes.put("/instruments/{symbol}/actions", response_model=Count)
def put_actions(call: Writes, symbol: Symbol, body: ActionsBody) -> Count:
    """Store what a company did to its shares; one of the same date and kind is replaced."""
    return Count(count=call.services.instruments.put_actions(call.actor, symbol, parsed(body), idempotency_key=call.key))


@routes.get("/instruments/{symbol}/actions", response_model=list[ActionPublic])
def actions(call: Asks, symbol: Symbol, start: Day = None, end: Day = None) -> list[CorporateAction]:
    """List corporate actions by date."""
    return call.services.instruments.actions(call.actor, symbol, day("start", start), day("end", end))


@routes.put("/fx/{pair}", response_model=Count)
def put_rates(call: Writes, pair: str, body: RatesBody) -> Count:
    """Store exchange rates: EURUSD is USD for one EUR; one of the same date is replaced."""
    return Count(count=call.services.instruments.put_rates(call.actor, pair, parsed(body), idempotency_key=call.key))


@routes.get("/fx/{pair}", response_model=list[RatePublic])
def rates(call: Asks, pair: str, request: Request, response: Response, start: Day = None, end: Day = None, limit: Limit = 1000,
          after: After = None) -> list[Any]:
    """List exchange rates by date."""
    page = call.services.instruments.rates(call.actor, pair, day("start", start), day("end", end), limit=limit, after=day("after", after))
    return paged(page, request, response)


@routes.get("/quotes", response_model=list[QuotePublic])
def quotes(call: Asks, symbols: Symbols = None) -> list[QuoteView]:
    """Tell last prices with their source, age and state."""
    return call.services.market.quotes(call.actor, None if symbols is None else [each for each in symbols.split(",") if each.strip()])


@routes.post("/quotes", response_model=PushPublic)
def push(call: Writes, body: QuotesBody) -> PushResult:
    """Push prices of your own; what cannot be believed is quarantined with a reason."""
    return call.services.market.push(call.actor, parsed(body), idempotency_key=call.key)


@routes.get("/quotes/quarantine", response_model=list[QuarantinedPublic])
def quarantine(call: Asks) -> list[QuarantinedQuote]:
    """List the quotes that wait for a decision, newest first."""
    return call.services.market.quarantine(call.actor)


@routes.post("/quotes/quarantine/{finding_id}/release", status_code=204)
def release(call: Writes, finding_id: Id) -> None:
    """Let a quarantined quote pass after all."""
    call.services.market.release(call.actor, found_id("finding", finding_id), idempotency_key=call.key)


@routes.post("/quotes/quarantine/{finding_id}/reject", status_code=204)
def reject(call: Writes, finding_id: Id) -> None:
    """Settle that a quarantined quote stays out."""
    call.services.market.reject(call.actor, found_id("finding", finding_id), idempotency_key=call.key)


@routes.get("/market/status", response_model=StatusPublic)
def status(call: Asks) -> MarketStatus:
    """Tell the state of the feed and the parts."""
    return call.services.market.status(call.actor)
