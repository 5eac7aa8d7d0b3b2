"""What Alpha Vantage says: every answer has status 200, whether it is data, a limit, a refusal or nothing.

Its limit texts echo the key, so no text of theirs goes into a message: each refusal has a sentence of ours.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from data.providers.wire import Answer
from engine.errors import MalformedResponse, ProviderError, ProviderRefused, ProviderUnavailable, RateLimited, UnknownSymbol

NAME: Final = "alphavantage"
NOTICES: Final = ("Information", "Note", "Error Message", "message")
NOT_IN_PLAN: Final = "what was asked is not in the key's plan"
MINUTE_SECONDS: Final = 60.0
STAMPS: Final = frozenset({"timestamp", "time", "date"})
_FIELD: Final = re.compile(r"\d+[a-z]?\.\s*([A-Za-z_ -]+?)\s*(?:\(([A-Za-z]+)\))?\s*")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
Row = Mapping[str, str]


def body(answer: Answer, symbol: str) -> Any:  # noqa: ANN401 - a body
    """Read an answer as JSON, or as rows where it is CSV; raises what it refuses.

    Returns
    -------
    dict or list of rows
        Rows have their columns in lower case, words parted by spaces, the instant as `stamp`.

    Raises
    ------
    ProviderError
    """
    if not answer.body.strip():
        raise MalformedResponse(NAME, reason="nothing")
    if answer.body.lstrip()[:1] not in {b"{", b"[", b"<"}:
        return _csv(answer.text)
    told = answer.json()
    if (refused := refusal(told, symbol)) is not None:
        raise refused
    return told


def refusal(told: Any, symbol: str) -> ProviderError | None:  # noqa: ANN401 - a body
    """Tell refusals apart; None where it is data.

    The burst comes before the day, since its text names both, and so does what the plan lacks: only the daily limit lasts till tomorrow.
    """
    if told == {}:
        return UnknownSymbol(NAME, symbol)
    if not isinstance(told, Mapping):
        return MalformedResponse(NAME, reason="no object")
    notice = next((key for key in NOTICES if isinstance(told.get(key), str)), None)
    return None if notice is None else _named(" ".join(told[notice].lower().split()), notice, symbol)


def _named(text: str, notice: str, symbol: str) -> ProviderError:
    """Find the sentence for a notice."""
    rules: tuple[tuple[str, ProviderError], ...] = (
        (r"spreading out|per second\)", RateLimited(NAME, until="burst")),
        (r"(calls|requests) per minute", RateLimited(NAME, retry_after_seconds=MINUTE_SECONDS, until="burst")),
        (r"\*\*demo\*\*|demo (api )?key|demo purposes", ProviderRefused(NAME, reason="the demo key answers its own examples only")),
        (r"api ?key.{0,20}(invalid|missing)|invalid api ?key", ProviderRefused(NAME, reason="the key is missing or wrong")),
        (r"\bis an? premium\b|premium (endpoint|feature|only)\b(?!s)", ProviderRefused(NAME, reason=NOT_IN_PLAN)),
        (r"(calls|requests) per day|daily rate limit", RateLimited(NAME, until="day")),
        (r"invalid api call", UnknownSymbol(NAME, symbol)),
        (r"higher api call (frequency|volume)|rate limit", RateLimited(NAME, until="burst", retry_after_seconds=MINUTE_SECONDS)),
        (r"maintenance|try again later|temporarily", ProviderUnavailable(NAME, reason="it is being maintained")),
    )
    unknown = MalformedResponse(NAME, reason=f"a notice that is not known ({notice.lower()})")
    return next((error for rule, error in rules if re.search(rule, text)), unknown)


def rows(told: Any, market: str | None = None) -> list[Row]:  # noqa: ANN401 - a body
    """Give the rows of a series, oldest first, each with its `stamp`.

    Parameters
    ----------
    told : dict or list of rows
        As `body` gives it.
    market : str, optional
        Currency whose columns are wanted where a series has them in two.
    """
    listed = told if isinstance(told, list) else [_row(stamp, row, market) for stamp, row in _series(told).items()]
    if not all(_DAY.match(row.get("stamp", "")) for row in listed):
        raise MalformedResponse(NAME, reason="a series without instants")
    return sorted(listed, key=lambda row: row["stamp"])


def record(told: Any, name: str) -> Row:  # noqa: ANN401 - a body
    """Give the one record of an answer, such as `Global Quote`; empty where it is."""
    found = next((value for key, value in told.items() if key.startswith(name)), None) if isinstance(told, Mapping) else None
    if not isinstance(found, Mapping):
        raise MalformedResponse(NAME, reason=f"no {name} in it")
    return _named_fields(found, None)


def records(told: Any, name: str) -> list[Row]:  # noqa: ANN401 - a body
    """Give the records of a list, such as `bestMatches`, or of CSV."""
    found = told if isinstance(told, list) else told.get(name) if isinstance(told, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise MalformedResponse(NAME, reason=f"no {name} in it")
    return [_named_fields(each, None) for each in found]


def meta(told: Any, ending: str) -> str | None:  # noqa: ANN401 - a body
    """Give a value of `Meta Data` by the end of its key."""
    held = told.get("Meta Data") if isinstance(told, Mapping) else None
    found = next((value for key, value in held.items() if key.endswith(ending)), None) if isinstance(held, Mapping) else None
    return found if isinstance(found, str) else None


def day(stamp: str) -> date:
    """Give the date of a stamp."""
    return date.fromisoformat(stamp[:10])


def moment(stamp: str) -> datetime:
    """Give the local time of a stamp, without a zone: it has none."""
    return datetime.fromisoformat(stamp.strip())


def _series(told: Any) -> Mapping[str, Mapping[str, Any]]:  # noqa: ANN401 - a body
    found = next((value for key, value in told.items() if key.startswith("Time Series")), None) if isinstance(told, Mapping) else None
    if not isinstance(found, Mapping) or not all(isinstance(row, Mapping) for row in found.values()):
        raise MalformedResponse(NAME, reason="no series in it")
    return found


def _row(stamp: str, row: Mapping[str, Any], market: str | None) -> Row:
    return {**_named_fields(row, market), "stamp": stamp}


def _named_fields(row: Mapping[str, Any], market: str | None) -> dict[str, str]:
    """Take the numbers off the names: `1. open` is open; `1b. open (USD)` only where dollars are wanted."""
    found: dict[str, str] = {}
    for key, value in row.items():
        match = _FIELD.fullmatch(key)
        name, currency = (match[1], match[2]) if match else (key, None)
        if isinstance(value, str) and currency in {None, market}:
            found[name.strip().lower().replace("_", " ")] = value
    return found


def _csv(text: str) -> list[Row]:
    """Read CSV; a row that breaks off fails it, for its last number may have lost digits."""
    if not text.endswith("\n"):
        raise MalformedResponse(NAME, reason="CSV that breaks off")
    try:
        listed = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise MalformedResponse(NAME, reason=f"CSV that cannot be read: {error}") from None
    names = ["stamp" if name.strip().lower() in STAMPS else name.strip().lower().replace("_", " ") for name in (listed[0] if listed else [])]
    lines = [line for line in listed[1:] if line]
    if len(names) < 2 or any(len(line) != len(names) for line in lines):
        raise MalformedResponse(NAME, reason="text where a table was due")
    return [dict(zip(names, line, strict=True)) for line in lines]


