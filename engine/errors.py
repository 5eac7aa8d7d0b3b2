"""The one tree of errors.

    PortfolioError
    ├─ LedgerError           422   InvalidTransaction · OversoldPosition · NegativeCash · MoreThanHeld · CurrencyMismatch · InvalidInput ·
    │                              UnreadableFile · FileTooLarge (413) · RowsRefused
    ├─ ValuationError        409   MissingPrice · MissingRate
    ├─ AnalyticsError        422   InsufficientHistory · MisalignedSeries · NotConverged · CircularHoldings
    ├─ AccessError           403   NotAuthenticated (401) · NotAllowed · LimitExceeded (429)
    ├─ StorageError          503   NotFound (404) · VersionRequired (428) · Conflict (409): IdempotencyConflict · AlreadyRunning
    ├─ BusError              503
    ├─ ClusterError          503
    ├─ SettingError          500
    ├─ DeliveryFailed        502
    └─ ProviderError         502   UnknownSymbol · RateLimited · ProviderTimeout · ProviderUnavailable · MalformedResponse · ProviderRefused ·
                                   CircuitOpen · ProvidersExhausted

A constructor takes data and builds the sentence; `code` is a stable slug, `context` holds the data. Bad data is a value (a
`Finding`, a NaN cell, a quarantined quote); a bad call is one of these.
"""
# ruff: noqa: N818, ANN401 - an error is named for what went wrong; its context holds whatever the data was

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, ClassVar


class Retry(StrEnum):
    """What the feed does after a provider's error."""

    NEVER = "never"
    NEXT_PROVIDER = "next_provider"
    BACKOFF = "backoff"
    SKIP = "skip"


class PortfolioError(Exception):
    """Root of every error that leaves a room of Portolan."""

    code: ClassVar[str] = "portfolio_error"
    status: ClassVar[int] = 500

    def __init__(self, message: str, **context: Any) -> None:
        super().__init__(message)
        self.message = message
        self.context: dict[str, Any] = {key: value for key, value in context.items() if value is not None}


class LedgerError(PortfolioError):
    """A fact the ledger cannot hold."""

    code = "ledger_error"
    status = 422


class InvalidInput(LedgerError):
    """A field of a request that cannot be read as what it should be."""

    code = "invalid_input"

    def __init__(self, field: str, value: object, reason: str, *, hint: str | None = None, row: int | None = None, **context: Any) -> None:
        where = field if row is None else f"row {row}, {field}"
        super().__init__(f"{where}: {reason}.", field=field, value=_shown(value), reason=reason, hint=hint, row=row, **context)


class InvalidTransaction(InvalidInput):
    """A transaction one of whose fields cannot be booked."""

    code = "invalid_transaction"


class UnknownInstrument(InvalidInput):
    """A symbol that the workspace does not know."""

    code = "unknown_symbol"

    def __init__(self, symbol: str, *, row: int | None = None, near: list[str] | None = None) -> None:
        hint = f"Add it with PUT /api/v1/instruments/{_shown(symbol)}"
        hint += f", or use one of {', '.join(near)}" if near else ""
        super().__init__("symbol", symbol, f"{_shown(symbol)} is not a known instrument", hint=hint, row=row)


class OversoldPosition(LedgerError):
    """A sale of more than is held where shorts are not allowed."""

    code = "oversold_position"

    def __init__(self, symbol: str, *, quantity: float, held: float, date: str, **context: Any) -> None:
        later, since = context.get("later"), context.get("possible_from")
        kind = str(context.get("kind") or "SELL").replace("_", " ").lower()
        allow = "or allow short positions in the portfolio's settings"
        said = f"{date}: cannot sell {quantity:g} {symbol}, {held:g} are held."
        hint = f"Sell at most {held:g}, {f'date it {since} or later, ' if since else ''}{allow}"
        if later:
            said = f"This would leave the {kind} of {quantity:g} {symbol} on {date} oversold: {held:g} would be held."
            hint = f"Leave {quantity:g} {symbol} held on {date}: correct or void that {kind} first, {allow}"
        super().__init__(said, field="quantity", symbol=symbol, quantity=quantity, held=held, date=date, hint=hint, **context)


class NegativeCash(LedgerError):
    """A balance that would fall below zero where the portfolio refuses that."""

    code = "negative_cash"

    def __init__(self, currency: str, *, balance: float, date: str, **context: Any) -> None:
        lacking = f"{-balance:,.2f} {currency}"
        super().__init__(f"{date}: cash would be {balance:,.2f} {currency}.", field="amount", currency=currency, balance=balance, date=date,
                         hint=f"Deposit or convert {lacking} on or before {date}, or allow negative cash in the portfolio's settings", **context)


class MoreThanHeld(LedgerError):
    """A sale that is thought through of more than is held."""

    code = "more_than_held"

    def __init__(self, symbol: str, *, quantity: float, held: float, date: str, account: str | None = None) -> None:
        place = f" in {account}" if account else ""
        hint = f"Ask for at most {held:g}" if held > 0 else "Choose an instrument and a day on which some of it is held"
        super().__init__(f"{date}: {quantity:g} {symbol} cannot be sold, {held:g} are held{place}.", field="quantity", symbol=symbol,
                         quantity=quantity, held=held, date=date, account=account, hint=hint)


class CurrencyMismatch(LedgerError):
    """An amount in a currency that its place does not take."""

    code = "currency_mismatch"

    def __init__(self, *, expected: str, found: str, field: str = "currency") -> None:
        super().__init__(f"{field}: expected {expected}, found {found}.", field=field, expected=expected, found=found,
                         hint=f"Use {expected}, or record an FX_CONVERSION first")


class UnreadableFile(LedgerError):
    """A file that cannot be read as a table."""

    code = "unreadable_file"

    def __init__(self, name: str, reason: str, *, hint: str, row: int | None = None) -> None:
        where = f"{_shown(name)}, row {row}" if row else _shown(name)
        super().__init__(f"{where}: {reason}.", field="file", value=_shown(name), reason=reason, hint=hint, row=row)


class FileTooLarge(LedgerError):
    """A file of more bytes or rows than one import takes."""

    code = "file_too_large"
    status = 413

    def __init__(self, name: str, *, what: str, limit: int) -> None:
        super().__init__(f"{_shown(name)} holds more than {limit} {what}.", field="file", value=_shown(name), what=what, limit=limit,
                         hint="Split it, or save it as XLSX, which is smaller")


class RowsRefused(LedgerError):
    """A file some of whose rows cannot be booked, so that none was."""

    code = "rows_refused"

    def __init__(self, name: str, *, refused: int, total: int, errors: list[dict[str, Any]], run: object = None) -> None:
        first = errors[0] if errors else {}
        super().__init__(f"{_shown(name)}: {refused} of {total} rows cannot be booked, so none was.", errors=errors, error_count=refused,
                         run=str(run) if run else None, **{key: first.get(key) for key in ("row", "column", "field", "value", "reason")},
                         hint=first.get("hint") or "Mend these rows, or choose skip_refused to book the others")


class ValuationError(PortfolioError):
    """A value that cannot be told."""

    code = "valuation_error"
    status = 409


class MissingPrice(ValuationError):
    """No price for an instrument at an instant."""

    code = "missing_price"

    def __init__(self, symbol: str, *, as_of: str) -> None:
        super().__init__(f"No price for {symbol} at {as_of}.", symbol=symbol, as_of=as_of,
                         hint=f"Add one with PUT /api/v1/instruments/{symbol}/bars")


class MissingRate(ValuationError):
    """No exchange rate between two currencies at an instant."""

    code = "missing_rate"

    def __init__(self, pair: str, *, as_of: str) -> None:
        super().__init__(f"No rate for {pair} at {as_of}.", pair=pair, as_of=as_of, hint=f"Add one with PUT /api/v1/fx/{pair}")


class AnalyticsError(PortfolioError):
    """A figure that the data cannot give."""

    code = "analytics_error"
    status = 422


class InsufficientHistory(AnalyticsError):
    """Fewer observations than a figure needs."""

    code = "insufficient_history"

    def __init__(self, figure: str, *, needed: int, found: int) -> None:
        super().__init__(f"{figure} needs {needed} observations, {found} are there.", figure=figure, needed=needed, found=found)


class MisalignedSeries(AnalyticsError):
    """Series whose index or shape does not agree."""

    code = "misaligned_series"

    def __init__(self, left: str, right: str, *, reason: str) -> None:
        super().__init__(f"{left} and {right} do not line up: {reason}.", left=left, right=right, reason=reason)


class CircularHoldings(AnalyticsError):
    """Funds that hold each other in a ring."""

    code = "circular_holdings"

    def __init__(self, ring: Sequence[str]) -> None:
        super().__init__(f"{' holds '.join(ring)}: what they hold cannot be told apart.", field="constituents", value=ring[-1], ring=[*ring],
                         hint=f"Take {ring[1]} out of the constituents of {ring[0]}, or break the ring elsewhere")


class NotConverged(AnalyticsError):
    """An iteration that found no answer."""

    code = "not_converged"

    def __init__(self, figure: str, *, reason: str) -> None:
        super().__init__(f"{figure} has no answer: {reason}.", figure=figure, reason=reason)


class AccessError(PortfolioError):
    """A caller who may not."""

    code = "access_error"
    status = 403


class NotAuthenticated(AccessError):
    """Nobody is signed in."""

    code = "not_authenticated"
    status = 401

    def __init__(self) -> None:
        super().__init__("Sign in first.")


class NotAllowed(AccessError):
    """The actor lacks the right."""

    code = "not_allowed"

    def __init__(self, action: str) -> None:
        super().__init__(f"You may not {action}.", action=action)


class LimitExceeded(AccessError):
    """More of something than one user or one server may have."""

    code = "limit_exceeded"
    status = 429

    def __init__(self, what: str, *, limit: int) -> None:
        super().__init__(f"Too many {what}: {limit} are allowed.", what=what, limit=limit)


class StorageError(PortfolioError):
    """The database did not answer or did not agree."""

    code = "storage_unavailable"
    status = 503


class NotFound(StorageError):
    """No such thing for this actor."""

    code = "not_found"
    status = 404

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"There is no {kind} {_shown(key)}.", kind=kind, key=_shown(key))


class Conflict(StorageError):
    """Somebody was faster, or the same key came with another body."""

    code = "conflict"
    status = 409


class IdempotencyConflict(Conflict):
    """The same key came with another body, or while the first is being worked on."""

    code = "idempotency_conflict"

    def __init__(self, key: str, *, reason: str) -> None:
        super().__init__(f"Idempotency-Key {_shown(key)}: {reason}.", key=_shown(key), reason=reason,
                         hint="Send the same body again, or take a new key")


class VersionRequired(StorageError):
    """A change that does not say which version it is of."""

    code = "precondition_required"
    status = 428

    def __init__(self) -> None:
        super().__init__("A change says which version it is of.", field="If-Match",
                         hint="Send the version that you have read in If-Match, or as version in the body")


class AlreadyRunning(Conflict):
    """Another server holds the same home."""

    code = "already_running"

    def __init__(self, *, home: str, pid: int | None = None, address: str | None = None) -> None:
        where = f"pid {pid}, {address}" if pid else home
        super().__init__(f"Portolan already runs here ({where}).", home=home, pid=pid, address=address)


class SettingError(PortfolioError):
    """A setting that cannot be used."""

    code = "bad_setting"

    def __init__(self, variable: str, value: object, reason: str, *, hint: str) -> None:
        super().__init__(f"{variable}={_shown(value)}: {reason}.", variable=variable, value=_shown(value), reason=reason, hint=hint)


class BusError(PortfolioError):
    """Redis did not answer."""

    code = "bus_unavailable"
    status = 503


class ClusterError(PortfolioError):
    """The cluster that figures are worked out on is not there, or lost its work."""

    code = "cluster_unavailable"
    status = 503

    def __init__(self, address: str, *, reason: str, hint: str | None = None) -> None:
        super().__init__(f"The cluster {_shown(address)} cannot be used: {_shown(reason, 200)}.", address=_shown(address), reason=_shown(reason, 200),
                         hint=hint or "Start its scheduler and workers, or unset ENGINE_CLUSTER")


class DeliveryFailed(PortfolioError):
    """A message that did not reach its channel. `final`: trying again cannot help."""

    code = "delivery_failed"
    status = 502

    def __init__(self, channel: str, reason: str, *, final: bool = False, hint: str | None = None) -> None:
        super().__init__(f"{channel}: {_shown(reason, 200)}.", channel=channel, reason=_shown(reason, 200), final=final, hint=hint)


class ProviderError(PortfolioError):
    """A market data provider gave no usable answer."""

    code = "provider_error"
    status = 502
    retry: ClassVar[Retry] = Retry.NEXT_PROVIDER
    noted: bool = False  # whether the provider's budget and breaker know of it


class UnknownSymbol(ProviderError):
    """The provider does not know the symbol."""

    code = "provider_unknown_symbol"
    retry = Retry.NEVER

    def __init__(self, provider: str, symbol: str) -> None:
        super().__init__(f"{provider} does not know {_shown(symbol)}.", provider=provider, symbol=_shown(symbol))


class RateLimited(ProviderError):
    """The provider asks to wait, or its budget is used up. `until` says for how long where it gave no number: a "burst" or the "day"."""

    code = "rate_limited"

    def __init__(self, provider: str, *, retry_after_seconds: float | None = None, until: str | None = None) -> None:
        told = {"day": " until tomorrow: its requests of today are used up", "burst": " a moment: it was asked too fast"}.get(until or "", "")
        told = f" {retry_after_seconds:.0f} s" if retry_after_seconds and not told else told
        super().__init__(f"{provider} asks to wait{told}.", provider=provider, retry_after_seconds=retry_after_seconds, until=until,
                         hint="Name a second provider in MARKET_DATA, or raise the budget of your plan")


class ProviderTimeout(ProviderError):
    """The provider did not answer in time."""

    code = "provider_timeout"
    retry = Retry.BACKOFF

    def __init__(self, provider: str, *, seconds: float) -> None:
        super().__init__(f"{provider} did not answer within {seconds:g} s.", provider=provider, seconds=seconds)


class ProviderUnavailable(ProviderError):
    """The provider cannot be reached, broke off, or says that it is not well."""

    code = "provider_unavailable"
    retry = Retry.BACKOFF

    def __init__(self, provider: str, *, reason: str, answered: int | None = None) -> None:
        super().__init__(f"{provider} is not available: {_shown(reason, 200)}.", provider=provider, reason=_shown(reason, 200), answered=answered)


class ProviderRefused(ProviderError):
    """The provider knows us and says no: the key is missing or wrong, or the plan does not include what was asked."""

    code = "provider_refused"

    def __init__(self, provider: str, *, reason: str, answered: int | None = None) -> None:
        super().__init__(f"{provider} refuses: {_shown(reason, 200)}.", provider=provider, reason=_shown(reason, 200), answered=answered,
                         hint=f"Check {provider.upper()}_API_KEY and what its plan includes")


class MalformedResponse(ProviderError):
    """The provider's answer cannot be read."""

    code = "malformed_response"

    def __init__(self, provider: str, *, reason: str) -> None:
        super().__init__(f"{provider} answered something unreadable: {_shown(reason, 200)}.", provider=provider, reason=_shown(reason, 200))


class CircuitOpen(ProviderError):
    """The provider is left alone for a while."""

    code = "circuit_open"
    retry = Retry.SKIP

    def __init__(self, provider: str, *, seconds: float) -> None:
        super().__init__(f"{provider} is left alone for {seconds:.0f} s.", provider=provider, seconds=seconds)


class ProvidersExhausted(ProviderError):
    """No provider is left to ask."""

    code = "providers_exhausted"
    retry = Retry.NEVER

    def __init__(self, what: str, *, tried: list[str]) -> None:
        super().__init__(f"No provider has {_shown(what)} (asked: {', '.join(tried) or 'none'}).", what=_shown(what), tried=tried)


def _shown(value: object, limit: int = 80) -> str:
    """Text of a foreign value, short and on one line, fit for a message."""
    text = "".join(char if char.isprintable() else "?" for char in str(value))
    return text if len(text) <= limit else text[: limit - 1] + "…"
