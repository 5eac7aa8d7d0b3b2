"""How far what is held differs from what a benchmark holds, by name, through the funds on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine import active_share, look_through_coverage, look_through_exposure
from engine.types import Finding, Instrument, Severity
from services.constituents.book import Book, node_of

Parts = Sequence[tuple[str, float, Instrument | None]]
NAN = float("nan")


class Shares:
    """What a portfolio holds at the end of a window.

    Parameters
    ----------
    held : mapping of str to float
        Symbol, or cash, to weight.
    instruments : mapping of str to Instrument
    book : Book
        What the funds on either side hold, as far as that is told.
    """

    def __init__(self, held: Mapping[str, float], instruments: Mapping[str, Instrument], book: Book) -> None:
        self.book, self._inside = book, {fund: parts for fund, parts in book.inside("symbol").items() if parts}
        self._held = self._nodes([(symbol, weight, instruments.get(symbol)) for symbol, weight in held.items()])

    def active(self, parts: Parts, *, is_blend: bool) -> tuple[float, list[Finding]]:
        """Tell the active share against the parts of a benchmark; NaN of one instrument of which it is not told what it holds."""
        theirs = self._nodes(parts)
        if not self._held or not (is_blend or any(node in self._inside for node in theirs)):
            return NAN, []
        if any(weight != weight for weight in theirs.values()):  # noqa: PLR0124  # a part without a price has no weight
            return NAN, []
        sides = [look_through_exposure(side, self._inside) for side in (self._held, theirs)]
        return float(active_share(*sides)), self._seen(theirs)

    def _nodes(self, parts: Parts) -> dict[str, float]:
        found: dict[str, float] = {}
        for key, weight, instrument in parts:
            node = key if instrument is None else node_of(instrument)
            found[node] = found.get(node, 0.0) + weight
        return found

    def _seen(self, theirs: Mapping[str, float]) -> list[Finding]:
        """Say how much of the funds on both sides is known by name."""
        pooled = self.book.pooled(())
        told = [(who, look_through_coverage(side, self._inside, pooled)) for who, side in (("the portfolio", self._held), ("the benchmark", theirs))]
        known = {who: share for who, share in told if share == share}  # noqa: PLR0124  # NaN: no fund on this side
        if not known or not self._inside:
            return []
        words = " and ".join(f"{share:.0%} of what {who} holds in funds" for who, share in known.items())
        return [Finding("looked_through", f"Active share knows {words} by name", Severity.INFO, {who.split()[-1]: round(share, 6)
                                                                                              for who, share in known.items()})]
