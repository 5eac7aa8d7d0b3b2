"""Errors as RFC 9457 problems: type, title, status, detail, code, context with field and hint."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from engine.errors import PortfolioError

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

log = logging.getLogger("portolan.api")

OURS = ("/api", "/healthz", "/readyz", "/metrics")
# code -> field and hint, where the error itself does not say
DEFAULTS: Mapping[str, tuple[str, str]] = {
    "not_found": ("id", "List what there is, then use one of its ids"),
    "conflict": ("version", "Read it again, then repeat your change"),
    "idempotency_conflict": ("Idempotency-Key", "Send the same body again, or take a new key"),
    "storage_unavailable": ("", "Try again in a moment"),
    "bus_unavailable": ("", "Try again in a moment"),
    "limit_exceeded": ("", "Close some, or try again in a moment"),
}
OF_STATUS: Mapping[int, tuple[str, str, str]] = {
    400: ("malformed_json", "body", "Send one JSON document, in UTF-8"),
    404: ("not_found", "path", "See /api/v1/docs for the paths there are"),
    405: ("method_not_allowed", "method", "See /api/v1/docs for the methods of this path"),
    413: ("body_too_large", "body", "Send it in several requests"),
    415: ("unsupported_media_type", "Content-Type", "Send JSON with Content-Type: application/json"),
}
HINTS: Mapping[str, str] = {
    "missing": "Send it", "int_parsing": "Send a whole number", "bool_parsing": "Send true or false",
    "greater_than_equal": "Send a larger number", "less_than_equal": "Send a smaller number",
}


def install(app: FastAPI) -> None:
    """Let every error leave as a problem."""
    app.add_exception_handler(PortfolioError, _portfolio_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unforeseen)


def problem(status: int, code: str, title: str, detail: str, context: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """Give an answer of type application/problem+json."""
    field, hint = DEFAULTS.get(code, ("", ""))
    told = {"field": field or None, "hint": hint or None, **{key: value for key, value in context.items() if value is not None}}
    body = {"type": f"urn:portolan:{code}", "title": title, "status": status, "detail": detail, "code": code, "context": told}
    return Response(json.dumps(_plain(body)), status, headers, "application/problem+json")


async def _portfolio_error(_request: Request, error: Exception) -> Response:
    """Tell an error of the house."""
    if not isinstance(error, PortfolioError):
        raise error
    if error.status >= 500:  # what a person cannot mend belongs into the log
        log.error("%s", error.message, extra={"code": error.code}, exc_info=error)
    title = (type(error).__doc__ or error.code).strip().split("\n")[0].rstrip(".")
    return problem(error.status, error.code, title, error.message, error.context, {"Retry-After": "2"} if error.status == 503 else None)


async def _validation_error(_request: Request, error: Exception) -> Response:
    """Tell what FastAPI found wrong with path, query, headers, or the form of the body."""
    if not isinstance(error, RequestValidationError):
        raise error
    first: Mapping[str, Any] = error.errors()[0]
    if first["type"] == "json_invalid":
        reason = first.get("ctx", {}).get("error", "it is not JSON")
        return problem(400, "malformed_json", "A body that is not JSON", f"The body is not JSON: {reason}.",
                       {"field": "body", "hint": OF_STATUS[400][2], "position": first["loc"][-1]})
    told = [_told(each) for each in error.errors()]
    title = "A field of a request that cannot be read as what it should be"
    return problem(422, "invalid_input", title, f"{told[0]['field']}: {told[0]['message']}.", {**told[0], "errors": told, "error_count": len(told)})


async def _http_error(request: Request, error: Exception) -> Response:
    """Tell what the framework refuses; screens keep the framework's own answer."""
    if not isinstance(error, HTTPException):
        raise error
    if not request.url.path.startswith(OURS):
        return await http_exception_handler(request, error)
    code, field, hint = OF_STATUS.get(error.status_code, ("http_error", "", ""))
    title = {404: "Nothing is here", 405: "This path does not take this method"}.get(error.status_code, str(error.detail))
    return problem(error.status_code, code, title, f"{title}.", {"field": field or None, "hint": hint or None}, error.headers)


async def _unforeseen(request: Request, error: Exception) -> Response:
    """Tell nothing of an error that nobody foresaw but that it is ours; the log has it."""
    log.error("unforeseen", exc_info=error)
    if not request.url.path.startswith(OURS):
        return PlainTextResponse("Something went wrong on our side.", 500)
    return problem(500, "internal_error", "Something went wrong on our side", "Something went wrong on our side.",
                   {"field": None, "hint": "Tell the X-Request-Id to whoever runs this server"})


def _told(error: Mapping[str, Any]) -> dict[str, Any]:
    location: Sequence[Any] = [part for part in error["loc"] if part not in {"body", "query", "path", "header"}]
    field = ".".join(str(part) for part in location) or "body"
    limits = [str(value) for value in error.get("ctx", {}).values() if isinstance(value, int | float)]
    hint = HINTS.get(error["type"], "See /api/v1/docs for what this takes") + (f": the limit is {limits[0]}" if limits else "")
    return {"field": field, "value": str(error.get("input"))[:80], "rule": error["type"], "message": str(error["msg"]).rstrip("."), "hint": hint}


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Make a value one that JSON can say: text of what it does not know, null for what is no number."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)
