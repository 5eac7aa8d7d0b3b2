"""What a provider answered over HTTP, and how it is read: strictly, so that what is no JSON is an error and no number is by chance."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from engine.errors import MalformedResponse, ProviderError


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered."""

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str]
    received: datetime
    refuse: Callable[[str], ProviderError] = field(default=lambda reason: MalformedResponse("provider", reason=reason), repr=False, compare=False)

    @property
    def text(self) -> str:
        """The body as UTF-8; what is none is replaced."""
        return self.body.decode("utf-8", errors="replace")

    def json(self, *, exact: bool = False) -> Any:  # noqa: ANN401  # whatever JSON holds
        """Read the body as JSON.

        Parameters
        ----------
        exact : bool
            Give numbers with a point as `Decimal`, digit by digit.

        Raises
        ------
        MalformedResponse
            HTML, other text, NaN or Infinity, a key twice.
        """
        try:
            return json.loads(self.body.decode("utf-8-sig"), parse_float=Decimal if exact else None, parse_constant=_no_constant,
                              object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise self.refuse(f"{_kind(self)} where JSON was due ({error})") from None


def seconds_to_wait(answer: Answer) -> float | None:
    """Read how long to wait: seconds, or an instant."""
    told = answer.headers.get("retry-after", "").strip()
    if told.isdigit():
        return float(told)
    try:
        instant = parsedate_to_datetime(told)
    except ValueError:
        return None
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return max((instant - answer.received).total_seconds(), 0.0)


def _kind(answer: Answer) -> str:
    head = answer.body[:200].lstrip().lower()
    if head.startswith(b"<"):
        return "HTML or XML"
    return "text" if answer.body.strip() else "nothing"


def _no_constant(name: str) -> float:
    message = f"{name} is no number"
    raise ValueError(message)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        message = "a key is there twice"
        raise ValueError(message)
    return found
