"""Prices out of files that were dropped into a folder: quotes, or daily bars, for the person at this machine.

A file is taken as a whole or not at all. Which it is, its columns say: `symbol price ts` are quotes, `date close` are bars, whose symbol is
a column or the name of the file.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data.providers.folder import Dropped, Folder, table
from engine.errors import PortfolioError, StorageError, UnreadableFile
from engine.types import Actor
from services.instruments import Instruments
from services.market.service import Market

SOURCE = "folder"
QUOTES, BARS = {"symbol", "price"}, {"date", "close"}
EVERY_SECONDS = 5.0
_log = logging.getLogger("portolan.services")


class DroppedFiles:
    """Takes files in.

    Parameters
    ----------
    folder : Path
    actor : callable
        Gives the person whose prices these are.
    market, instruments
        Take the prices, judge and store them as if they had come over REST.
    """

    def __init__(self, folder: Path, actor: Callable[[], Actor], market: Market, instruments: Instruments) -> None:
        self._folder = Folder(folder)
        self._actor, self._market, self._instruments = actor, market, instruments

    def take(self) -> dict[str, Any] | None:
        """Take every file that lies ready; give what came of each, None where there was none.

        Raises
        ------
        StorageError
            The database is away: the file stays where it is taken from next time.
        """
        told = {dropped.name: self._settled(dropped) for dropped in self._folder.take()}
        return {"files": told} if told else None

    def _settled(self, dropped: Dropped) -> str:
        """Take one file in, and put it away."""
        try:
            said = self._taken(dropped)
        except StorageError as error:
            if error.status == StorageError.status:
                raise
            return self._refused(dropped, error)
        except PortfolioError as error:
            return self._refused(dropped, error)
        self._folder.done(dropped)
        return said

    def _refused(self, dropped: Dropped, error: PortfolioError) -> str:
        reason = explained(error)
        self._folder.failed(dropped, reason)
        _log.warning("%s was not taken: %s", dropped.name, error.message)
        return f"failed: {error.message}"

    def _taken(self, dropped: Dropped) -> str:
        rows = table(dropped)
        names = set().union(*rows)
        if names >= QUOTES:
            return self._quotes(dropped, rows)
        if names >= BARS:
            return self._bars(dropped, rows)
        raise UnreadableFile(dropped.name, f"has the columns {', '.join(sorted(names))}", hint="Name them symbol, price, ts, or symbol, date, close")

    def _quotes(self, dropped: Dropped, rows: list[dict[str, Any]]) -> str:
        told = [{"source": SOURCE, **row, **({"ts": int(row["ts"])} if row.get("ts", "").isdigit() else {})} for row in rows]
        done = self._market.push(self._actor(), told, idempotency_key=f"folder:{dropped.digest}")
        return f"{done.accepted} quotes, {len(done.quarantined)} held back"

    def _bars(self, dropped: Dropped, rows: list[dict[str, Any]]) -> str:
        """Store bars, once it is sure that all of them can be."""
        actor, of_symbols = self._actor(), dict[str, list[dict[str, Any]]]()
        for row in rows:
            symbol = row.pop("symbol", "").strip() or Path(dropped.name).stem
            of_symbols.setdefault(symbol.upper(), []).append({"source": SOURCE, **row})
        for symbol, bars in of_symbols.items():
            self._instruments.get(actor, symbol)
            self._instruments.check_bars(bars)
        count = sum(self._instruments.put_bars(actor, symbol, bars) for symbol, bars in of_symbols.items())
        return f"{count} bars of {', '.join(of_symbols)}"[:200]


def explained(error: PortfolioError) -> str:
    """Say what is wrong with a file, every row of it as far as they are told, and the mend."""
    lines = [error.message]
    every = error.context.get("errors", []) if error.context.get("error_count", 1) > 1 else []
    lines += [f"  {each['message']} {each['hint'] or ''}".rstrip() for each in every]
    lines += [str(error.context["hint"])] if error.context.get("hint") else []
    return "\n".join(lines)
