"""`/search`, `/watchlists`, `/instruments/{symbol}/candles` and `/panel`, `/feed/log`: what the Markets page shows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.dependencies import Asks, Changes, ExactRoute, Id, Symbol, Writes, etag, found_id, parsed
from api.markets_schemas import CandlesPublic, FoundPublic, LogPublic, NewWatchlist, PanelPublic, WatchlistChange, WatchlistPublic
from api.portfolios import without_version
from api.requests import VersionBody
from services.market.candles import Candles, Panel
from services.market.feed_log import Entry, read_log
from services.searching import Found
from services.watchlists import Watchlist

routes = APIRouter(tags=["market"], route_class=ExactRoute)
Text = Annotated[str, Query(description="A symbol, a name or an ISIN, or their beginning", examples=["apple"])]
Range = Annotated[str, Query(description="1D 1W 1M 3M 6M YTD 1Y 3Y 5Y 10Y ALL")]
Few = Annotated[int, Query(ge=1, le=100)]


@routes.get("/search", response_model=FoundPublic)
def search(call: Asks, query: Text, limit: Few = 20) -> Found:
    """Find instruments that are known, and what providers offer beside them; who gave no answer in time is told."""
    return call.services.searching.search(call.actor, query, limit=limit)


@routes.get("/watchlists", response_model=list[WatchlistPublic])
def find(call: Asks) -> list[Watchlist]:
    """List watchlists, oldest first."""
    return call.services.watchlists.find(call.actor)


@routes.post("/watchlists", response_model=WatchlistPublic, status_code=201)
def create(call: Writes, body: NewWatchlist, response: Response) -> Watchlist:
    """Add a watchlist."""
    made = call.services.watchlists.create(call.actor, parsed(body), idempotency_key=call.key)
    response.headers["Location"] = f"/api/v1/watchlists/{made.id}"
    etag(response, made.version)
    return made


@routes.get("/watchlists/{watchlist_id}", response_model=WatchlistPublic)
def get(call: Asks, watchlist_id: Id, response: Response) -> Watchlist:
    """Read a watchlist."""
    found = call.services.watchlists.get(call.actor, found_id("watchlist", watchlist_id))
    etag(response, found.version)
    return found


@routes.patch("/watchlists/{watchlist_id}", response_model=WatchlistPublic)
def change(call: Changes, watchlist_id: Id, body: WatchlistChange, response: Response) -> Watchlist:
    """Change name or symbols of the version that was read."""
    version = call.version(parsed(body))
    changed = call.services.watchlists.change(call.actor, found_id("watchlist", watchlist_id), version, without_version(body),
                                              idempotency_key=call.key)
    etag(response, changed.version)
    return changed


@routes.delete("/watchlists/{watchlist_id}", status_code=204)
def remove(call: Changes, watchlist_id: Id, body: VersionBody = None) -> None:
    """Take a watchlist out of sight."""
    call.services.watchlists.remove(call.actor, found_id("watchlist", watchlist_id), call.version(parsed(body)), idempotency_key=call.key)


@routes.post("/watchlists/{watchlist_id}/restore", response_model=WatchlistPublic)
def restore(call: Writes, watchlist_id: Id, response: Response) -> Watchlist:
    """Take a removal back."""
    restored = call.services.watchlists.restore(call.actor, found_id("watchlist", watchlist_id), idempotency_key=call.key)
    etag(response, restored.version)
    return restored


@routes.get("/instruments/{symbol}/candles", response_model=CandlesPublic)
def candles(call: Asks, symbol: Symbol, range: Range = "1Y", adjusted: bool = True) -> Candles:  # noqa: A002, FBT001, FBT002
    """Tell open, high, low, close and volume of a range: of ticks within a week, of daily bars beyond; with splits and payments."""
    return call.services.charts.candles(call.actor, symbol, range, adjusted=adjusted)


@routes.get("/instruments/{symbol}/panel", response_model=PanelPublic)
def panel(call: Asks, symbol: Symbol) -> Panel:
    """Tell the price of an instrument with its day, its year, and whether its venue is open."""
    return call.services.charts.panel(call.actor, symbol)


@routes.get("/feed/log", response_model=list[LogPublic])
def log(call: Asks, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> list[Entry]:
    """Tell what the feed did, newest first: jobs, prices held back, and what was decided of them."""
    return read_log(call.services.database, call.actor, limit=limit)
