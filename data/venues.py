"""When the venue of an instrument trades: open, before, after, closed; its next opening and close; its trading days.

Share venues follow the exchange calendars of the package of that name, offline. Loading it takes more than a second, and a calendar
some tenths: it happens at the first question of a job, never while modules are imported. Whoever must not wait asks `known_session`.
Currencies trade from Sunday 17:00 to Friday 17:00 in New York, crypto at any hour.
"""

from __future__ import annotations

import bisect
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from threading import Lock, Thread
from typing import Final, NamedTuple, Protocol
from warnings import catch_warnings
from zoneinfo import ZoneInfo

import pandas as pd

from data import calendar
from data.quiet import REQUESTS
from engine.types import AssetClass, Instrument

_log = logging.getLogger(__name__)

ALWAYS: Final = "24/7"
CURRENCIES: Final = "fx"
NEW_YORK: Final = ZoneInfo("America/New_York")
BEGINNING: Final = date(1990, 1, 1)
STILL_SECONDS: Final = 1.0
AT_MOST_SECONDS: Final = 4.0

VENUES: Final = {  # calendar: suffixes of symbols; names of the exchange; currencies that are at home there
    "XNYS": ("", "XNAS NASDAQ NYSE NYSEARCA ARCA ARCX AMEX BATS NMS NYQ NGM NCM PCX ASE OTC PNK US", "USD"),
    "XLON": ("L IL", "LSE LONDON", "GBP"),
    "XETR": ("DE", "XETRA GER", "EUR"),
    "XFRA": ("F MU BE", "FRA FRANKFURT", ""), "XDUS": ("DU", "", ""), "XHAM": ("HM", "", ""), "XSTU": ("SG", "", ""),
    "XPAR": ("PA", "PAR PARIS EURONEXT", ""), "XAMS": ("AS", "AMS", ""), "XBRU": ("BR", "BRU", ""),
    "XLIS": ("LS", "LIS", ""), "XDUB": ("IR", "", ""),
    "XMIL": ("MI", "MIL MILAN MTAA", ""), "XMAD": ("MC", "MCE MADRID", ""), "XSWX": ("SW", "EBS SIX", "CHF"), "XWBO": ("VI", "VIE", ""),
    "XSTO": ("ST", "STO", "SEK"), "XHEL": ("HE", "HEL", ""), "XCSE": ("CO", "CPH", "DKK"), "XOSL": ("OL", "OSL", "NOK"), "XICE": ("IC", "", "ISK"),
    "XTAL": ("TL", "", ""), "XRIS": ("RG", "", ""), "XLIT": ("VS", "", ""), "XWAR": ("WA", "WSE", "PLN"), "XPRA": ("PR", "", "CZK"),
    "XBUD": ("BD", "", "HUF"), "ASEX": ("AT", "", ""), "XIST": ("IS", "", "TRY"), "XTAE": ("TA", "TLV", "ILS"), "XLUX": ("LU", "", ""),
    "XLJU": ("LJ", "", ""), "XMOS": ("ME", "", ""), "XTSE": ("TO V NE CN", "TOR TSX", "CAD"), "XMEX": ("MX", "MEX", "MXN"),
    "BVMF": ("SA", "SAO B3", "BRL"), "XBUE": ("BA", "", ""), "XSGO": ("SN", "", ""),
    "XTKS": ("T", "TSE JPX TYO", "JPY"), "XHKG": ("HK", "HKG HKEX", "HKD"),
    "XSHG": ("SS SZ", "SHH SHZ", "CNY"), "XKRX": ("KS KQ", "KSC KOE", "KRW"), "XTAI": ("TW TWO", "TAI", "TWD"),
    "XBOM": ("NS BO", "NSE NSI XNSE BSE", "INR"), "XSES": ("SI", "SES SGX", "SGD"), "XKLS": ("KL", "", "MYR"), "XBKK": ("BK", "SET", "THB"),
    "XIDX": ("JK", "", "IDR"), "XASX": ("AX", "ASX", "AUD"), "XNZE": ("NZ", "", "NZD"), "XJSE": ("JO", "JNB JSE", "ZAR"), "XSAU": ("SR", "", "SAR"),
    "XKAR": ("KA", "", "PKR"),
}
BY_SUFFIX: Final = {word: venue for venue, (words, _, _) in VENUES.items() for word in words.split()}
BY_NAME: Final = {word: venue for venue, (_, words, _) in VENUES.items() for word in (venue, *words.split())}
BY_CURRENCY: Final = {word: venue for venue, (_, _, words) in VENUES.items() for word in words.split()}
EXTENDED: Final = {"XNYS": (time(4, 0), time(20, 0), NEW_YORK)}  # trading before and after the session


class Session(StrEnum):
    """What a venue does at an instant."""

    OPEN = "open"
    CLOSED = "closed"
    PRE = "pre"
    POST = "post"


class Hours(NamedTuple):
    """One stretch of trading; a day with a lunch break has two."""

    day: date
    opens: datetime
    closes: datetime


class Timetable(Protocol):
    """When something trades."""

    def session(self, at: datetime) -> Session:
        """Tell what happens at an instant."""

    def next_open(self, at: datetime) -> datetime:
        """Give the next opening after an instant."""

    def next_close(self, at: datetime) -> datetime:
        """Give the next close after an instant."""

    def days(self, start: date, end: date) -> list[date]:
        """List trading days from `start` to `end`, both included."""

    def has_closed_since(self, at: datetime, now: datetime) -> bool:
        """Tell whether the last session began before an instant and is over now."""

    def last_over(self, now: datetime) -> date:
        """Give the newest trading day that is over."""


def venue_of(instrument: Instrument) -> str:
    """Name the calendar of an instrument: of its exchange, else of its symbol's suffix, else of its currency."""
    if instrument.asset_class is AssetClass.CRYPTO:
        return ALWAYS
    if instrument.asset_class is AssetClass.FX:
        return CURRENCIES
    named = (instrument.exchange or "").strip().upper()
    suffix = instrument.symbol.rpartition(".")[2] if "." in instrument.symbol else ""
    return BY_NAME.get(named) or BY_SUFFIX.get(suffix.upper()) or BY_CURRENCY.get(instrument.currency, "XNYS")


def session(instrument: Instrument, now: datetime) -> Session:
    """Tell whether the venue of an instrument is open, before its opening, after its close, or closed."""
    return timetable(venue_of(instrument)).session(now)


def known_session(instrument: Instrument, now: datetime) -> Session | None:
    """Tell the same without waiting: None while the calendar is not loaded yet; it is being loaded then, in a thread of its own."""
    return session(instrument, now) if is_loaded(instrument) else None


def is_loaded(instrument: Instrument) -> bool:
    """Tell whether the calendar of an instrument answers at once; where not, it is being loaded from now on."""
    venue = venue_of(instrument)
    if venue in _LOADED or venue in {ALWAYS, CURRENCIES}:
        return True
    load_behind([venue])
    return False


def is_of_last_session(instrument: Instrument, at: datetime, now: datetime) -> bool | None:
    """Tell whether a venue has closed and an instant is of its last session; None while the calendar is not loaded."""
    return timetable(venue_of(instrument)).has_closed_since(at, now) if is_loaded(instrument) else None


def next_open(instrument: Instrument, now: datetime) -> datetime:
    """Tell when the venue opens next; crypto never closes, so that is now."""
    return timetable(venue_of(instrument)).next_open(now)


def next_close(instrument: Instrument, now: datetime) -> datetime:
    """Tell when the venue closes next; what never closes, in a day."""
    return timetable(venue_of(instrument)).next_close(now)


def trading_days(instrument: Instrument, start: date, end: date) -> list[date]:
    """List the trading days of the venue from `start` to `end`, both included."""
    return timetable(venue_of(instrument)).days(start, end)


def last_full_day(instrument: Instrument, now: datetime) -> date:
    """Give the newest trading day whose session is over."""
    return timetable(venue_of(instrument)).last_over(now)


def load(venues: Iterable[str]) -> None:
    """Load calendars; takes a second and more at first."""
    for venue in venues:
        timetable(venue)


def load_behind(venues: Iterable[str]) -> None:
    """Load calendars in a thread; asked again, it does nothing more."""
    wanted = [venue for venue in venues if venue not in _ASKED]
    if wanted:
        _ASKED.update(wanted)
        Thread(target=_load_later, args=(wanted,), name="venues", daemon=True).start()


def _load_later(venues: Iterable[str]) -> None:
    """Load calendars when nobody waits for an answer: it is a second of work for what is said beside prices."""
    for venue in venues:
        REQUESTS.wait(STILL_SECONDS, AT_MOST_SECONDS)
        load([venue])


_LOADED: Final[set[str]] = set()
_ASKED: Final[set[str]] = set()
_LOCK: Final = Lock()


def timetable(venue: str) -> Timetable:
    """Give the timetable of a calendar by its name."""
    with _LOCK:
        found = _timetable(venue)
    _LOADED.add(venue)
    return found


@cache
def _timetable(venue: str) -> Timetable:
    if venue == ALWAYS:
        return _Always()
    if venue == CURRENCIES:
        return _Currencies()
    return _exchange(venue)


class _Always:
    """Crypto."""

    def session(self, at: datetime) -> Session:
        del at
        return Session.OPEN

    def next_open(self, at: datetime) -> datetime:
        return at

    def next_close(self, at: datetime) -> datetime:
        return at + timedelta(days=1)

    def days(self, start: date, end: date) -> list[date]:
        return [start + timedelta(days=ahead) for ahead in range((end - start).days + 1)]

    def has_closed_since(self, at: datetime, now: datetime) -> bool:
        del at, now
        return False

    def last_over(self, now: datetime) -> date:
        return now.date() - timedelta(days=1)


class _Currencies:
    """The week of currencies: it begins and ends at 17:00 in New York, in summer an hour earlier by our clock."""

    def session(self, at: datetime) -> Session:
        there = at.astimezone(NEW_YORK)
        minutes = (there.weekday() + 1) % 7 * 1440 + there.hour * 60 + there.minute  # since Sunday 0:00
        return Session.OPEN if 17 * 60 <= minutes < 5 * 1440 + 17 * 60 else Session.CLOSED

    def next_open(self, at: datetime) -> datetime:
        return _next_at_five(at, weekday=6)

    def next_close(self, at: datetime) -> datetime:
        return _next_at_five(at, weekday=4)

    def days(self, start: date, end: date) -> list[date]:
        return calendar.business_days(start, end)

    def has_closed_since(self, at: datetime, now: datetime) -> bool:
        return self.session(now) is Session.CLOSED and now - at < timedelta(days=3)

    def last_over(self, now: datetime) -> date:
        return calendar.previous_business_day(now.date())


def _next_at_five(at: datetime, *, weekday: int) -> datetime:
    """Give the next 17:00 in New York of a weekday after an instant."""
    there = at.astimezone(NEW_YORK).date()
    days = (there + timedelta(days=ahead) for ahead in range(9))
    instants = (datetime.combine(day, time(17, 0), NEW_YORK).astimezone(UTC) for day in days if day.weekday() == weekday)
    return next(instant for instant in instants if instant > at)


@dataclass(frozen=True)
class _Exchange:
    """A share venue: its stretches of trading by time."""

    name: str
    hours: list[Hours]
    openings: list[datetime]
    closings: list[datetime]

    def session(self, at: datetime) -> Session:
        place = bisect.bisect_right(self.openings, at) - 1
        if place >= 0 and at < self.hours[place].closes:
            return Session.OPEN
        return self._beside(at)

    def next_open(self, at: datetime) -> datetime:
        place = bisect.bisect_right(self.openings, at)
        return self.openings[min(place, len(self.openings) - 1)]

    def next_close(self, at: datetime) -> datetime:
        place = bisect.bisect_right(self.closings, at)
        return self.closings[min(place, len(self.closings) - 1)]

    def days(self, start: date, end: date) -> list[date]:
        first = bisect.bisect_left(self.hours, start, key=lambda each: each.day)
        last = bisect.bisect_right(self.hours, end, key=lambda each: each.day)
        return list(dict.fromkeys(each.day for each in self.hours[first:last]))

    def has_closed_since(self, at: datetime, now: datetime) -> bool:
        place = bisect.bisect_right(self.openings, now) - 1
        return place >= 0 and self.hours[place].closes <= now and at >= self.openings[place]

    def last_over(self, now: datetime) -> date:
        place = bisect.bisect_right(self.closings, now) - 1
        breaks = place + 1 < len(self.hours) and self.hours[place].day == self.hours[place + 1].day  # what is over is a morning
        return self.hours[max(place - breaks, 0)].day

    def _beside(self, at: datetime) -> Session:
        """Tell what happens outside of the hours: only some venues trade there, and only on a trading day."""
        if self.name not in EXTENDED:
            return Session.CLOSED
        begins, ends, zone = EXTENDED[self.name]
        there = at.astimezone(zone)
        today = [each for each in self._of(there.date()) if begins <= there.time() < ends]
        if not today:
            return Session.CLOSED
        return Session.PRE if at < today[0].opens else Session.POST

    def _of(self, day: date) -> list[Hours]:
        first = bisect.bisect_left(self.hours, day, key=lambda each: each.day)
        return [each for each in self.hours[first:first + 2] if each.day == day]


def _exchange(venue: str) -> Timetable:
    """Read a calendar of the package, from 1990 or from where it begins, to a year ahead."""
    import exchange_calendars  # type: ignore[import-untyped]  # noqa: PLC0415  # more than a second, and only who asks for a venue waits

    for options in ({"start": BEGINNING.isoformat()}, {}):
        try:
            with catch_warnings(action="ignore"):  # of pandas, about what the package does
                schedule = exchange_calendars.get_calendar(venue, **options).schedule
        except ValueError:
            continue
        hours = _hours(schedule)
        return _Exchange(venue, hours, [each.opens for each in hours], [each.closes for each in hours])
    _log.warning("The calendar of %s cannot be read; its days are taken as Monday to Friday", venue)
    return _weekdays(venue)


def _hours(schedule: pd.DataFrame) -> list[Hours]:
    """Cut the days of a schedule at their lunch breaks."""
    columns = [pd.DatetimeIndex(schedule[name]).to_pydatetime() for name in ("open", "break_start", "break_end", "close")]  # each at once: quick
    found = []
    for day, opens, pauses, resumes, closes in zip(pd.DatetimeIndex(schedule.index).date, *columns, strict=True):
        has_break = pauses is not pd.NaT
        found += [Hours(day, opens, pauses), Hours(day, resumes, closes)] if has_break else [Hours(day, opens, closes)]
    return found


_ELSEWHERE: Final = {"XTAE": ("Asia/Jerusalem", time(9, 59), time(17, 25))}


def _weekdays(venue: str) -> Timetable:
    """Make up a calendar of Mondays to Fridays with the venue's hours."""
    zone, opens, closes = _ELSEWHERE.get(venue, ("UTC", time(8, 0), time(16, 30)))
    days = calendar.business_days(BEGINNING, calendar.today() + timedelta(days=366))
    there = ZoneInfo(zone)
    hours = [Hours(day, datetime.combine(day, opens, there).astimezone(UTC), datetime.combine(day, closes, there).astimezone(UTC)) for day in days]
    return _Exchange(venue, hours, [each.opens for each in hours], [each.closes for each in hours])
