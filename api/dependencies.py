"""What every route asks for first: who calls, with which services, under which key, having read which version."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Header, HTTPException, Path, Query
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import InvalidInput, NotFound, VersionRequired
from engine.types import Actor
from services import Services, fields
from services.fields import Place, now
from services.views import Page

MAX_LIMIT = 1000
FeesInCost = Annotated[str | None, Query(description="Whether fees and taxes of trades are in cost and proceeds: true where absent, or false")]
LotsBy = Annotated[str | None, Query(description="account (where absent): a sale takes lots of its own account; pooled: of any")]
CostRate = Annotated[str | None, Query(description="purchase (where absent) or today: the exchange rate that the cost of what is held is told at")]
VERSION = re.compile(r'(?:W/)?"?([0-9]{1,9})"?')


class ExactRequest(Request):
    """A request whose JSON numbers stay exact: 0.1 is a Decimal, and so is NaN, which the services then refuse by field."""

    async def json(self) -> Any:  # noqa: ANN401
        """Read the body as JSON, once."""
        if not hasattr(self, "_exact"):
            self._exact = read_json(await self.body())
        return self._exact


class ExactRoute(APIRoute):
    """A route that reads its body as `ExactRequest`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Hand the handler an exact request."""
        handler = super().get_route_handler()

        async def exact(request: Request) -> Response:
            return await handler(ExactRequest(request.scope, request.receive))

        return exact


def read_json(body: bytes) -> Any:  # noqa: ANN401
    """Read JSON with exact numbers; what is not UTF-8 or nested without end is no JSON either."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=Decimal, parse_int=_integer)
    except UnicodeDecodeError as error:
        raise json.JSONDecodeError("it is not UTF-8", "", error.start) from error
    except RecursionError as error:
        raise json.JSONDecodeError("it is nested too deeply", "", 0) from error


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= 18 else Decimal(text)


def parsed(body: Any) -> Any:  # noqa: ANN401
    """Refuse a body that did not come as JSON: told apart by whether it could have."""
    if not isinstance(body, bytes):
        return body
    try:
        read_json(body)
    except json.JSONDecodeError:
        raise HTTPException(400) from None
    raise HTTPException(415)


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls, and what answers."""

    actor: Actor
    services: Services
    key: str | None = None
    match: str | None = None

    def version(self, body: Any = None) -> int:  # noqa: ANN401
        """Tell the version that the caller has read: of If-Match, else of the body."""
        version = self.optional_version(body)
        if version is None:
            raise VersionRequired
        return version

    def optional_version(self, body: Any = None) -> int | None:  # noqa: ANN401
        """Tell the version that the caller has read, if it says one."""
        told = body.get("version") if isinstance(body, Mapping) else None
        found = _version(self.match)
        if told is None or told == "":
            return found
        if isinstance(told, bool) or not isinstance(told, int) or told < 1:
            raise InvalidInput("version", told, "is not a version", hint="Send the whole number that you have read", rule="not_a_number")
        if found not in {None, told}:
            raise InvalidInput("version", told, f"differs from If-Match {found}", hint="Send one of the two", rule="contradiction")
        return told


async def actor(request: Request) -> Actor:
    """Tell who calls. A coroutine, as what follows: a thread for each would cost more than all that they do."""
    services: Services = request.app.state.services
    known = services.accounts.known
    return await asyncio.to_thread(services.accounts.local) if known is None else known


KEY = Header(alias="Idempotency-Key", description="The same key gives the same answer again, with one effect", examples=["7d3f0c9e"])
MATCH = Header(alias="If-Match", description="The version that was read, as the ETag gave it", examples=['"1"'])


async def writing(caller: Annotated[Actor, Depends(actor)], request: Request, key: Annotated[str | None, KEY] = None) -> Call:
    """Give the caller of a write."""
    return Call(caller, request.app.state.services, key)


async def changing(caller: Annotated[Actor, Depends(actor)], request: Request, key: Annotated[str | None, KEY] = None,
             match: Annotated[str | None, MATCH] = None) -> Call:
    """Give the caller of a change, with the version that was read."""
    return Call(caller, request.app.state.services, key, match)


async def asking(caller: Annotated[Actor, Depends(actor)], request: Request) -> Call:
    """Give the caller of a read."""
    return Call(caller, request.app.state.services)


Asks = Annotated[Call, Depends(asking)]
Writes = Annotated[Call, Depends(writing)]
Changes = Annotated[Call, Depends(changing)]
Id = Annotated[str, Path(description="UUID")]
Symbol = Annotated[str, Path(examples=["AAPL"])]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows a page")]
After = Annotated[str | None, Query(description="What X-Next-After of the page before said")]
Day = Annotated[str | None, Query(description="YYYY-MM-DD", examples=["2024-03-28"])]

KnownAt = Annotated[str | None, Query(description="The ledger as it was known: an instant of the past, RFC 3339, or a date (its end)")]


def found_id(kind: str, text: str) -> UUID:
    """Read an id of a path; one that is no UUID names nothing."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(kind, text) from None


def day(field: str, text: str | None) -> date | None:
    """Read a date of a query."""
    return None if text is None or not text.strip() else fields.calendar_date(Place(field), text)


def explain_url(request: Request, scope: str, sent: Mapping[str, Any] | None = None) -> str:
    """Give the address that explains a number of an answer, under the same question; `{figure}` and `{symbol}` are to be put in.

    `sent` are the words of a body, where the question did not come in the query.
    """
    asked = [*request.query_params.multi_items(), *(sent or {}).items()]
    query = urlencode([(name, str(value)) for name, value in asked if name not in {"symbol", "format"} and value is not None])
    return f"/api/v1/portfolios/{scope}/explain?figure={{figure}}&symbol={{symbol}}{f'&{query}' if query else ''}"


def truth(field: str, text: str | None) -> bool:
    """Read a yes or no of a query; yes where there is nothing."""
    plain = (text or "true").strip().lower()
    if plain in {"true", "false", "1", "0"}:
        return plain in {"true", "1"}
    raise InvalidInput(field, text, "is neither true nor false", hint="Send true or false", rule="unknown_value")


def moment(field: str, text: str | None) -> date | datetime | None:
    """Read a date or an instant of a query."""
    return None if text is None or not text.strip() else fields.moment(Place(field), text)


def instant(field: str, text: str | None) -> datetime | None:
    """Read an instant of a query."""
    return None if text is None or not text.strip() else fields.instant(Place(field), text)


def known(text: str | None) -> datetime | None:
    """Read the instant of `known_at`: RFC 3339 of the past, or a date, which means its end."""
    return None if text is None or not text.strip() else fields.known_instant(Place("known_at"), text, now=now())


def after_id(text: str | None) -> UUID | None:
    """Read where a page begins."""
    return None if text is None else fields.uuid(Place("after"), text)


def paged(page: Page[Any], request: Request, response: Response) -> list[Any]:
    """Give the rows of a page; headers say how to get the next one."""
    if page.next_after is not None:
        response.headers["X-Next-After"] = page.next_after
        response.headers["Link"] = f'<{request.url.include_query_params(after=page.next_after)}>; rel="next"'
    return list(page.items)


def etag(response: Response, version: int) -> None:
    """Tell the version of what is answered."""
    response.headers["ETag"] = f'"{version}"'


def _version(match: str | None) -> int | None:
    if match is None:
        return None
    found = VERSION.fullmatch(match.strip())
    if found is None:
        raise InvalidInput("If-Match", match, "is not a version", hint='Send it as the ETag gave it, such as "1"', rule="not_a_number")
    return int(found[1])
