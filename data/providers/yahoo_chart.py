"""What a chart of Yahoo says: one body, read into prices as they were on their day.

The closes of a chart are divided by every later split of the chart, and so are its dividends: both are multiplied back here, so that
a bar is what was traded that day. That is whole only where the chart reaches to the present. What Yahoo folds into its closes without
telling (a spin-off) stays in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from data.providers.numbers import cleaned, count, instant, number, price, shortest, zone
from data.providers.parts import sound
from data.providers.units import in_currency
from data.providers.yahoo_symbols import same
from engine.errors import MalformedResponse, ProviderError, ProviderRefused, ProviderUnavailable, RateLimited, UnknownSymbol
from engine.types import Bar, CorporateAction

NAME: Final = "yahoo"
PHANTOM: Final = "ECNQUOTE"
ONE: Final = Decimal(1)
MOST_SPLIT: Final = Decimal(10_000)  # new shares for one old, or old for one new
AMOUNT_STEP: Final = Decimal("0.000001")  # dividends are rounded to it after they were divided


@dataclass(frozen=True, slots=True)
class Row:
    """One step of a chart that has a close; its other prices are None where they are not there."""

    ts: datetime
    close: Decimal
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    volume: Decimal | None = None
    adjusted: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as it stands in the answer: prices in `unit`, which may be a hundredth of a currency."""

    symbol: str
    unit: str
    zone: ZoneInfo
    decimals: int
    price: Decimal | None
    ts: datetime | None
    volume: Decimal | None
    session_end: datetime | None
    rows: Sequence[Row]
    splits: Sequence[tuple[date, Decimal]]
    dividends: Sequence[tuple[date, Decimal]]

    @property
    def currency(self) -> str:
        """ISO code of the currency its prices become."""
        return in_currency(ONE, self.unit)[1]

    def money(self, told: Decimal, factor: Decimal = ONE) -> Decimal:
        """Give a price of the chart in its currency, without noise, times what later splits divided it by."""
        found = price(in_currency(cleaned(told, decimals=self.decimals, factor=factor), self.unit)[0])
        if found is None:
            raise _unusable(f"prices of {self.symbol} beyond measure")
        return found

    def day(self, at: datetime) -> date:
        """Give the date at the exchange."""
        return at.astimezone(self.zone).date()

    def newest(self) -> tuple[Decimal, datetime] | None:
        """Give the last price and its instant: that of the market, else of the newest row that has one."""
        if self.price is not None and self.ts is not None:
            return self.money(self.price), self.ts
        return (self.money(self.rows[-1].close), self.rows[-1].ts) if self.rows else None

    def bars(self, *, now: datetime) -> list[Bar]:
        """Give the daily bars as traded, oldest first; a day that still runs has none."""
        by_day = {self.day(row.ts): row for row in self.rows}
        return [self._bar(day, row) for day, row in sorted(by_day.items()) if not self._runs(day, now)]

    def actions(self) -> list[CorporateAction]:
        """Give splits, and dividends a share as it was then, oldest first."""
        splits = [CorporateAction(day, "split", ratio=ratio, source=NAME) for day, ratio in self.splits]
        return sorted([*splits, *self._paid()], key=lambda action: (action.date, action.kind))

    def _bar(self, day: date, row: Row) -> Bar:
        factor = self._factor(day)
        first, high, low = (None if told is None else self.money(told, factor) for told in (row.open, row.high, row.low))
        volume = None if row.volume is None else count(round(row.volume / factor))
        adjusted = None if row.adjusted is None else self.money(row.adjusted)
        return sound(Bar(day, self.money(row.close, factor), first, high, low, volume, adjusted, NAME))

    def _factor(self, day: date) -> Decimal:
        """Give what a price of a day was divided by."""
        factor = ONE
        for at, ratio in self.splits:
            factor *= ratio if at > day else ONE
        return factor

    def _paid(self) -> Iterable[CorporateAction]:
        totals: dict[date, Decimal] = {}
        for day, told in self.dividends:
            factor = self._factor(day)
            within = AMOUNT_STEP / 2 * factor if factor != ONE else Decimal(0)
            totals[day] = totals.get(day, Decimal(0)) + in_currency(shortest(told * factor, within=within), self.unit)[0]
        return [CorporateAction(day, "dividend", amount=amount, currency=self.currency, source=NAME) for day, amount in totals.items()]

    def _runs(self, day: date, now: datetime) -> bool:
        """Whether the exchange is still at that day: its close is not known yet."""
        if day < self.day(now):
            return False
        ends = self.session_end
        return day > self.day(now) or ends is None or self.day(ends) != day or now < ends


def result(body: Any, envelope: str, symbol: str) -> list[Mapping[str, Any]]:  # noqa: ANN401 - a body
    """Give the results of an envelope such as `chart`; none where Yahoo has no data for what was asked.

    Raises
    ------
    ProviderError
        What the envelope, or any other in its place, says went wrong.
    """
    if not isinstance(body, Mapping):
        raise MalformedResponse(NAME, reason=f"no {envelope} in it")
    for inner in body.values():
        if isinstance(inner, Mapping) and isinstance(error := inner.get("error"), Mapping):
            return _failed(error, symbol)
    inner = body.get(envelope)
    found = inner.get("result") if isinstance(inner, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise MalformedResponse(NAME, reason=f"no {envelope} in it")
    return found


def _failed(error: Mapping[str, Any], symbol: str) -> list[Mapping[str, Any]]:
    """Turn Yahoo's own error into ours; that there is no data for a range is none."""
    code, told = str(error.get("code") or ""), str(error.get("description") or "")
    if "Data doesn't exist" in told or "data not available" in told:
        return []
    raise _named(code, told, symbol)


def _named(code: str, told: str, symbol: str) -> ProviderError:
    if code == "Not Found":
        return UnknownSymbol(NAME, symbol)
    if code in {"Unauthorized", "Forbidden"}:
        return ProviderRefused(NAME, reason=told or code)
    if code == "Too Many Requests":
        return RateLimited(NAME)
    if code.startswith(("Internal", "Service", "Gateway")):
        return ProviderUnavailable(NAME, reason=told or code)
    return MalformedResponse(NAME, reason=f"it does not understand the question: {told or code or 'no reason given'}")


def read(body: Any, symbol: str, interval: str | None = None) -> Chart | None:  # noqa: ANN401 - a body
    """Read the body of a chart; None where Yahoo knows the symbol and has no data for the range.

    Raises
    ------
    UnknownSymbol
        Yahoo does not know it, or answers with the empty shell that it keeps for names it does not know.
    MalformedResponse
        The body cannot be read, or read in only one way: no currency, no time zone, another symbol, a split without a ratio.
    """
    found = result(body, "chart", symbol)
    if not found:
        return None
    told, meta = found[0], found[0].get("meta")
    if not isinstance(meta, Mapping):
        raise MalformedResponse(NAME, reason="a chart without meta")
    rows = _rows(told)
    last = price(meta.get("regularMarketPrice"))
    if meta.get("instrumentType") == PHANTOM or (meta.get("currency") is None and last is None and not rows):
        raise UnknownSymbol(NAME, symbol)
    step = meta.get("dataGranularity")
    if interval is not None and step not in (interval, None):
        raise _unusable(f"steps of {step} where {interval} were asked")
    return _chart(told, meta, rows, last, symbol)


def _chart(told: Mapping[str, Any], meta: Mapping[str, Any], rows: list[Row], last: Decimal | None, symbol: str) -> Chart:
    clock, unit = _zone(meta.get("exchangeTimezoneName")), meta.get("currency")
    if not isinstance(unit, str) or not unit.strip():
        raise _unusable(f"the currency of {symbol} is missing")
    if not same(str(meta.get("symbol")), symbol):
        raise MalformedResponse(NAME, reason=f"a chart of {meta.get('symbol')} where {symbol} was asked")
    ts = instant(meta.get("regularMarketTime"))
    return Chart(
        symbol, unit, clock, decimals(meta.get("priceHint")), last, ts, count(meta.get("regularMarketVolume")), _session_end(meta), rows,
        [(_date(each, clock), _ratio(each)) for each in _events(told, "splits")],
        [(_date(each, clock), amount) for each in _events(told, "dividends") if (amount := price(each.get("amount"))) is not None],
    )


def decimals(hint: Any) -> int:  # noqa: ANN401
    """Read how many decimals prices are shown with: 2 where it is not told."""
    told = number(hint)
    return int(told) if told is not None and 0 <= told <= 10 else 2


def _rows(told: Mapping[str, Any]) -> list[Row]:
    """Read the steps; time stamps may be missing, and there may be more of them than prices."""
    stamps, columns = told.get("timestamp") or [], _columns(told, "quote")
    if not isinstance(stamps, list) or any(len(column) > len(stamps) for column in columns.values()):
        raise MalformedResponse(NAME, reason="more prices than time stamps")
    adjusted = _columns(told, "adjclose").get("adjclose", [])
    read = [_row(instant(stamp), columns, adjusted, place) for place, stamp in enumerate(stamps)]
    return sorted((row for row in read if row is not None), key=lambda row: row.ts)


def _row(ts: datetime | None, columns: Mapping[str, list[Any]], adjusted: list[Any], place: int) -> Row | None:
    """Read one step; none where it has no instant or no close: a gap is no price of zero."""
    told = {name: column[place] for name, column in columns.items() if place < len(column)}
    close = price(told.get("close"))
    if ts is None or close is None:
        return None
    first, high, low = (price(told.get(name)) for name in ("open", "high", "low"))
    return Row(ts, close, first, high, low, count(told.get("volume")), price(adjusted[place]) if place < len(adjusted) else None)


def _columns(told: Mapping[str, Any], name: str) -> dict[str, list[Any]]:
    """Columns of an indicator; none where it is `[{}]` or missing."""
    indicators = told.get("indicators")
    held = indicators.get(name) if isinstance(indicators, Mapping) else None
    first = held[0] if isinstance(held, list) and held else {}
    if not isinstance(first, Mapping):
        raise MalformedResponse(NAME, reason=f"{name} is no table")
    return {key: column for key, column in first.items() if isinstance(column, list)}


def _events(told: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Events of a kind: a list, or a table by time stamp."""
    events = told.get("events")
    if events is not None and not isinstance(events, Mapping):
        raise _unusable("events that cannot be read")
    held = (events or {}).get(name)
    listed = list(held.values()) if isinstance(held, Mapping) else held or []
    if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed):
        raise _unusable(f"{name} that cannot be read")
    return listed


def _date(event: Mapping[str, Any], clock: ZoneInfo) -> date:
    at = instant(event.get("date"))
    if at is None:
        raise _unusable("an event without a date")
    return at.astimezone(clock).date()


def _ratio(event: Mapping[str, Any]) -> Decimal:
    """Give new shares for one old; without it every earlier price would be wrong, so its lack fails the whole chart."""
    new, old = price(event.get("numerator")), price(event.get("denominator"))
    if new is None or old is None or not 1 / MOST_SPLIT <= new / old <= MOST_SPLIT:
        raise _unusable("a split without a ratio")
    return new / old


def _zone(name: Any) -> ZoneInfo:  # noqa: ANN401
    found = zone(name)
    if found is None:
        raise _unusable("the exchange's time zone is missing")
    return found


def _unusable(reason: str) -> MalformedResponse:
    """Name what is wrong with one symbol's chart: no reason to leave the provider alone, so not to be noted against it."""
    error = MalformedResponse(NAME, reason=reason)
    error.noted = True
    return error


def _session_end(meta: Mapping[str, Any]) -> datetime | None:
    period = meta.get("currentTradingPeriod")
    regular = period.get("regular") if isinstance(period, Mapping) else None
    return instant(regular.get("end")) if isinstance(regular, Mapping) else None
