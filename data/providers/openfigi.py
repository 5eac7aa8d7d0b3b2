"""OpenFIGI: which listings an ISIN, a CUSIP or a FIGI stands for, and a search by words. It has no prices.

Answers of a mapping come in the order of the jobs, each with `data`, or under 200 with a `warning` (nothing found) or an `error`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from data.providers import cells, rows
from data.providers.base import HttpProvider, Limits, Listing
from engine.errors import MalformedResponse
from engine.types import AssetClass, Instrument

KINDS: Final = (
    ("ID_BB_GLOBAL", re.compile(r"BBG[0-9BCDFGHJKLMNPQRSTVWXYZ]{9}")),
    ("ID_ISIN", re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")),
    ("ID_CUSIP", re.compile(r"[0-9]{3}[A-Z0-9*@#]{5}[0-9]")),
)
EXCHANGES: Final = {  # Bloomberg's codes as MIC, with the currency where there is but one
    "US": (None, "USD"), "UN": ("XNYS", "USD"), "UQ": ("XNAS", "USD"), "UW": ("XNAS", "USD"), "UR": ("XNAS", "USD"), "UA": ("XASE", "USD"),
    "UP": ("ARCX", "USD"), "UF": ("BATS", "USD"), "GY": ("XETR", "EUR"), "GF": ("XFRA", "EUR"), "GR": (None, "EUR"), "FP": ("XPAR", "EUR"),
    "NA": ("XAMS", "EUR"), "BB": ("XBRU", "EUR"), "PL": ("XLIS", "EUR"), "IM": ("XMIL", "EUR"), "SM": ("XMAD", "EUR"), "FH": ("XHEL", "EUR"),
    "AV": ("XWBO", "EUR"), "LN": ("XLON", None), "SE": ("XSWX", "CHF"), "SW": ("XSWX", "CHF"), "SS": ("XSTO", "SEK"), "DC": ("XCSE", "DKK"),
    "NO": ("XOSL", "NOK"), "CT": ("XTSE", "CAD"), "AT": ("XASX", "AUD"), "JT": ("XTKS", "JPY"), "HK": ("XHKG", "HKD"), "PW": ("XWAR", "PLN"),
}  # fmt: skip
JOBS, JOBS_WITH_KEY = 10, 100
SHORTEST: Final = 2


class OpenFigi(HttpProvider):
    """OpenFIGI's mapping and search; a key raises its limits."""

    name: ClassVar[str] = "openfigi"
    home: ClassVar[str] = "https://api.openfigi.com"
    limits: ClassVar[Limits] = Limits(per_second=0.4, burst=5)
    offers: ClassVar[frozenset[str]] = frozenset({"search"})

    def covers(self, instrument: Instrument) -> bool:
        """Whether it may be asked for quotes: for none."""
        del instrument
        return False

    def search(self, text: str) -> list[Listing]:
        """Return the listings of an ISIN, CUSIP or FIGI, else those whose name holds the words."""
        wanted = text.strip()
        if kind_of(wanted) is not None:
            return self.listings([wanted])[0]
        if len(wanted) < SHORTEST:
            return []
        body = self._post("/v3/search", {"query": wanted})
        with self.reading("search"):
            return self._found(cells.shaped(self.name, body, dict, "the answer"), None)

    def listings(self, identifiers: Sequence[str]) -> list[list[Listing]]:
        """Return the listings of each identifier, in the order asked; none where it is unknown or not well-formed."""
        found: list[list[Listing]] = []
        size = JOBS_WITH_KEY if self.key else JOBS
        for start in range(0, len(identifiers), size):
            found += self._mapped([text.strip().upper() for text in identifiers[start:start + size]])
        return found

    def _mapped(self, identifiers: Sequence[str]) -> list[list[Listing]]:
        jobs = [{"idType": kind_of(text) or "ID_ISIN", "idValue": text} for text in identifiers]
        body = self._post("/v3/mapping", jobs)
        with self.reading("the mapping"):
            told = cells.records(self.name, body, "the answer")
            if len(told) != len(jobs):
                raise MalformedResponse(self.name, reason=f"{len(told)} answers to {len(jobs)} questions")
            return [self._found(answer, job["idValue"]) for answer, job in zip(told, jobs, strict=True)]

    def _found(self, answer: dict[str, Any], asked: str | None) -> list[Listing]:
        """Give the listings of one answer; a complaint of this one job is none."""
        if "data" not in answer and (cells.word(answer.get("warning")) or cells.word(answer.get("error"))):
            return []
        return [_listing(row, asked) for row in cells.records(self.name, answer.get("data"), "data")]

    def _post(self, path: str, body: object) -> Any:  # noqa: ANN401  # whatever JSON holds
        headers = {"X-OPENFIGI-APIKEY": self.key} if self.key else {}
        return self.wire.post(path, body, headers=headers).json()


def kind_of(text: str) -> str | None:
    """Tell OpenFIGI's name for what kind of identifier a text is; None for words.

    Examples
    --------
    >>> kind_of("US4592001014"), kind_of("BBG000BLNNH6"), kind_of("459200101"), kind_of("IBM")
    ('ID_ISIN', 'ID_BB_GLOBAL', 'ID_CUSIP', None)
    """
    return next((kind for kind, form in KINDS if form.fullmatch(text.strip().upper())), None)


def _listing(row: dict[str, Any], asked: str | None) -> Listing:
    symbol, figi = cells.word(row.get("ticker")), cells.word(row.get("figi"))
    if not symbol or not figi:
        raise MalformedResponse(OpenFigi.name, reason="a listing has no ticker or no FIGI")
    code = cells.word(row.get("exchCode"))
    exchange, currency = EXCHANGES.get(code, (None, None))
    found = rows.asset_class(row.get("securityType2") or row.get("securityType"))
    isin = asked if asked and kind_of(asked) == "ID_ISIN" else None
    name, kind = cells.word(row.get("name")) or symbol, _of_sector(found, row.get("marketSector"))
    return Listing(symbol, name, kind, currency, exchange or code or None, isin, OpenFigi.name)


def _of_sector(found: AssetClass, sector: object) -> AssetClass:
    """Fall back on the sector of the market where the type of security says nothing."""
    sectors = {"Equity": AssetClass.EQUITY, "Curncy": AssetClass.FX, "Index": AssetClass.INDEX, "Comdty": AssetClass.COMMODITY,
               "Corp": AssetClass.BOND, "Govt": AssetClass.BOND, "Muni": AssetClass.BOND}
    return sectors.get(cells.word(sector), AssetClass.OTHER) if found is AssetClass.OTHER else found


PROVIDER = OpenFigi
