"""Views in plain words, as Black and Litterman take them.

AAPL outperforms MSFT by 2 %
XOM returns 5 % (60 %)
JPM underperforms BAC by 1.5 %, confidence 0.3
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.errors import InvalidInput

__all__ = ["View", "views_of"]

BEATS: Final = ("outperforms", "beats", "does better than", "over")
LOSES: Final = ("underperforms", "trails", "does worse than", "lags")
EARNS: Final = ("returns", "earns", "yields", "gains", "=", "is")
FALLS: Final = ("loses", "falls")
NUMBER: Final = r"[+-]?[0-9]+(?:[.,][0-9]+)?"
SURE: Final = re.compile(rf"[\s,;]*(?:\(\s*({NUMBER})\s*%\s*\)|(?:with\s+)?confidence\s*(?:of\s*)?({NUMBER})\s*(%?))\s*$", re.IGNORECASE)
EXAMPLE: Final = 'Write "AAPL outperforms MSFT by 2 %" or "XOM returns 5 % (60 %)"'
LARGEST: Final = 5.0  # a year's return of 500 %
LONGEST: Final = 200
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class View:
    """What somebody expects of a symbol, alone or against another; fractions a year."""

    symbol: str
    other: str | None
    size: float
    confidence: float  # 0 to 1

    @property
    def sentence(self) -> str:
        """Say it as it was understood."""
        against = f"outperforms {self.other} by {self.size:.2%}" if self.other else f"returns {self.size:.2%}"
        return f"{self.symbol} {against} a year, confidence {self.confidence:.0%}"

    def equation(self, names: Mapping[str, str], periods: float) -> str:
        """Write it as an equation of a period's returns, with the names that the columns have."""
        left = names[self.symbol] + (f" - {names[self.other]}" if self.other else "")
        return f"{left} = {self.size / periods:.17g}"


def views_of(texts: Sequence[str], symbols: Sequence[str], *, confidence: float = 0.5) -> tuple[View, ...]:
    """Read views written in plain words.

    Parameters
    ----------
    texts
        One view a text: a symbol, a verb (`outperforms underperforms returns loses` and words like them), a percentage a year, and how sure
        one is in brackets or after `confidence`.
    symbols
        What may be named.
    confidence
        Of a view that says none, 0 to 1.

    Returns
    -------
    tuple of View

    Raises
    ------
    InvalidInput
        A text that is no view, with its number, the place of what was not understood, and an example.

    Examples
    --------
    >>> [view.sentence for view in views_of(["B underperforms A by 1,5 % (80 %)"], ["A", "B"])]
    ['B outperforms A by -1.50% a year, confidence 80%']
    """
    if len(texts) > MOST:
        raise InvalidInput("views", len(texts), f"are more than {MOST}", hint="Leave some out", rule="too_many")
    if not 0 < confidence <= 1:
        raise InvalidInput("confidence", confidence, "is not above 0 and at most 1", hint="Send 0.5 for fifty-fifty", rule="out_of_range")
    return tuple(_view(text, number, symbols, confidence) for number, text in enumerate(texts, start=1))


def _view(text: str, number: int, symbols: Sequence[str], confidence: float) -> View:
    if len(text) > LONGEST:
        raise _wrong(text, number, 0, f"is longer than {LONGEST} characters")
    sure = SURE.search(text)
    head = text[: sure.start()] if sure else text
    told = _confidence(text, number, sure) if sure else confidence
    for verbs, sign, relative in ((BEATS, 1, True), (LOSES, -1, True), (EARNS, 1, False), (FALLS, -1, False)):
        for verb in verbs:
            found = re.fullmatch(rf"\s*(\S+?)\s*(?:\s|(?==)){re.escape(verb)}\s*(.*)", head, re.IGNORECASE)
            if found:
                return _read(found, text, number, symbols, (sign, relative, told))
    first = text.split()
    if first:
        _symbol(first[0], text, number, symbols)
    raise _wrong(text, number, len(first[0]) + 1 if first else 0, "has no verb that is known")


def _read(found: re.Match[str], text: str, number: int, symbols: Sequence[str], kind: tuple[int, bool, float]) -> View:
    sign, relative, confidence = kind
    symbol, rest = _symbol(found[1], text, number, symbols), found[2]
    if not relative:
        return View(symbol, None, sign * _size(rest, text, number), confidence)
    parts = re.fullmatch(r"(\S+)\s+by\s+(.*)", rest, re.IGNORECASE)
    if parts is None:
        raise _wrong(text, number, found.start(2), "does not say against what, and by how much")
    other = _symbol(parts[1], text, number, symbols)
    if other == symbol:
        raise _wrong(text, number, found.start(2), "sets a symbol against itself")
    return View(symbol, other, sign * _size(parts[2], text, number), confidence)


def _size(words: str, text: str, number: int) -> float:
    found = re.fullmatch(rf"\s*({NUMBER})\s*(%|percent|per cent)?\s*(?:a year|per year|p\.?\s?a\.?)?\s*\.?\s*", words, re.IGNORECASE)
    if found is None:
        raise _wrong(text, number, text.find(words) if words.strip() else len(text), "has no percentage that can be read")
    size = float(found[1].replace(",", ".")) / (100 if found[2] else 1)
    if abs(size) > LARGEST:
        raise _wrong(text, number, text.find(found[1]), f"is more than {LARGEST:.0%} a year")
    return size


def _confidence(text: str, number: int, sure: re.Match[str]) -> float:
    told = float((sure[1] or sure[2]).replace(",", "."))
    share = told / 100 if sure[1] or sure[3] or told > 1 else told
    if not 0 < share <= 1:
        raise _wrong(text, number, sure.start(), "has a confidence that is not above 0 and at most 100 %")
    return share


def _symbol(word: str, text: str, number: int, symbols: Sequence[str]) -> str:
    name = word.strip(",.;").upper()
    if name in symbols:
        return name
    near = difflib.get_close_matches(name, symbols, n=2, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Use {', '.join(symbols[:8])}"
    raise _wrong(text, number, max(text.upper().find(name), 0), f"names {word[:32]}, which is not among what is chosen from", hint)


def _wrong(text: str, number: int, place: int, reason: str, hint: str = EXAMPLE) -> InvalidInput:
    return InvalidInput("views", text, reason, hint=hint, row=number, rule="not_a_view", position=place)
