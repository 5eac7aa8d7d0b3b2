"""Values the scopes that a flush touches, some hundreds at once; how they were laid out is kept for the next flush."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from services.live.board import Board
from services.live.layout import Layout
from services.live.scope import Scope

TOGETHER: Final = 256  # scopes valued before the event loop is given back


class Valuer:
    """`await value(scopes, board)` prepares each for `commit`."""

    def __init__(self) -> None:
        self._layouts: dict[int, Layout] = {}

    async def value(self, scopes: Sequence[Scope], board: Board) -> None:
        """Value scopes; those of one part stand on the prices of one moment."""
        for start in range(0, len(scopes), TOGETHER):
            if start:
                await asyncio.sleep(0)
            self.part(start // TOGETHER, scopes[start:start + TOGETHER], board)

    def part(self, place: int, scopes: Sequence[Scope], board: Board) -> None:
        """Value scopes together, laid out as before where the same ones come again and none was read anew."""
        there = [(scope, facts) for scope in scopes if (facts := scope.facts) is not None]
        if not there:
            return
        every, layout = tuple(facts for _, facts in there), self._layouts.get(place)
        if layout is None or layout.facts != every:
            layout = self._layouts[place] = Layout(every)
        for (scope, facts), valued in zip(there, layout.value(board, [scope.table for scope, _ in there]), strict=True):
            scope.take(facts, valued, board)
