"""What clients share that ask for one symbol a request, and read bars."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from engine.errors import MalformedResponse, ProviderError, UnknownSymbol
from engine.types import Bar

Found = TypeVar("Found")


def each(symbols: Iterable[str], ask: Callable[[str], Found]) -> dict[str, Found]:
    """Ask for one symbol after the other.

    What was found before the provider failed is kept, and a symbol that it does not know, or tells nonsense about, fails no other.

    Parameters
    ----------
    symbols : iterable of str
    ask : callable

    Returns
    -------
    dict of symbol to what was found

    Raises
    ------
    ProviderError
        Nothing was found: what went wrong first, or what made it end.
    """
    found: dict[str, Found] = {}
    trouble: ProviderError | None = None
    for symbol in symbols:
        try:
            found[symbol] = ask(symbol)
        except (UnknownSymbol, MalformedResponse) as error:
            trouble = trouble or error
        except ProviderError as error:
            trouble = error
            break
    if trouble is not None and not found:
        raise trouble
    return found


def sound(bar: Bar) -> Bar:
    """Give a bar back; without its other prices where one of them is above the high or below the low.

    Examples
    --------
    >>> from datetime import date
    >>> from decimal import Decimal
    >>> sound(Bar(date(2024, 1, 2), Decimal(10), high=Decimal(11), low=Decimal(12))).low is None
    True
    """
    known = [value for value in (bar.open, bar.close, bar.high, bar.low) if value is not None]
    holds = (bar.high is None or bar.high >= max(known)) and (bar.low is None or bar.low <= min(known))
    return bar if holds else replace(bar, open=None, high=None, low=None)
