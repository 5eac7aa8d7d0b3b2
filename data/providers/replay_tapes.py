"""Recorded ticks read from a folder: the zip files of LEAN (QuantConnect), and plain CSV.

LEAN: one CSV without header in a zip, `.../<symbol>[_market]/<yyyymmdd>_trade.zip` or `_quote.zip`; the first column is milliseconds since
midnight. Prices of shares are whole ten-thousandths, others are decimals. Of a day that has trades its quotes are not read. A plain CSV
has a header with `symbol`, `ts` (RFC 3339, or milliseconds) and `price`, and may have `volume`.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.errors import MalformedResponse

NIGHT_MS: Final = 1000  # how long the pause between two days is
TEN_THOUSANDTHS: Final = 10_000.0
WIDTH_MS: Final = {"minute": 60_000, "second": 1000, "hour": 3_600_000}
EPOCH: Final = pd.Timestamp(0, tz="UTC")
MOST_BYTES: Final = 512 * 2**20

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tape:
    """Everything that is played of one symbol.

    Attributes
    ----------
    at : ndarray of shape (n,), milliseconds since its first tick, never falling
    price, volume : ndarray of shape (n,); volume NaN where it is not told
    bid, ask : ndarray of shape (n,), NaN where it is not told
    """

    symbol: str
    at: Whole
    price: Floats
    volume: Floats
    bid: Floats
    ask: Floats

    def __len__(self) -> int:
        return len(self.at)


def tapes(folder: Path) -> dict[str, Tape]:
    """Read every tape of a folder and the folders in it, by symbol.

    Raises
    ------
    MalformedResponse
        A file that cannot be read, by name.
    """
    parts: dict[str, list[pd.DataFrame]] = {}
    zips = sorted(folder.rglob("*.zip"), key=lambda path: path.name)
    trades = {(path.parent, path.name[:8]) for path in zips if path.stem.endswith("_trade")}
    for path in zips:
        if path.stem.endswith("_trade") or (path.stem.endswith("_quote") and (path.parent, path.name[:8]) not in trades):
            parts.setdefault(symbol_of(path.parent.name), []).append(_lean(path))
    for path in sorted(folder.rglob("*.csv")):
        for symbol, rows in _plain(path).items():
            parts.setdefault(symbol, []).append(rows)
    return {symbol: _tape(symbol, several) for symbol, several in parts.items()}


def symbol_of(folder: str) -> str:
    """Name the symbol of a LEAN folder: `ibm` is IBM, `eurusd_oanda` EURUSD."""
    return folder.partition("_")[0].upper()


def _lean(path: Path) -> pd.DataFrame:
    """Read one day of LEAN."""
    try:
        with zipfile.ZipFile(path) as archive:
            (entry,) = archive.infolist()
            if entry.file_size > MOST_BYTES:
                raise MalformedResponse("replay", reason=f"{path.name} is larger than {MOST_BYTES // 2**20} MB")
            with archive.open(entry) as file:
                cells = pd.read_csv(file, header=None, dtype=str)
        return _columns(cells, entry.filename.lower(), path)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, pd.errors.ParserError) as error:
        raise MalformedResponse("replay", reason=f"{path.name} cannot be read: {error}") from error


def _columns(cells: pd.DataFrame, name: str, path: Path) -> pd.DataFrame:
    """Lay the columns of a file as they are played; a bar is told when it is over."""
    kind = next((word for word in WIDTH_MS if word in name), "tick")
    if path.stem.endswith("_quote"):
        return _quotes(cells, kind)
    column = 1 if kind == "tick" else 4
    prices, volumes = _scaled(cells[[column]]), cells[2 if kind == "tick" else 5].astype("float64")
    return pd.DataFrame({"at": cells[0].astype("int64") + WIDTH_MS.get(kind, 0), "price": prices[column], "volume": volumes})


def _quotes(cells: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Play the middle of bid and ask; of a row that tells one side the other is the last that was told."""
    bid, ask = (1, 2) if len(cells.columns) == 3 else (1, 3) if kind == "tick" else (4, 9)
    sides = _scaled(cells[[bid, ask]]).replace(0.0, np.nan).ffill()
    at = cells[0].astype("int64") + WIDTH_MS.get(kind, 0)
    laid = pd.DataFrame({"at": at, "price": (sides[bid] + sides[ask]) / 2.0, "bid": sides[bid], "ask": sides[ask]})
    return laid[laid["price"].notna() & (laid["bid"] <= laid["ask"])]


def _scaled(cells: pd.DataFrame) -> pd.DataFrame:
    """Read prices: where no cell of the file has a point, they are ten-thousandths."""
    whole = not cells.apply(lambda column: column.str.contains(".", regex=False)).any(axis=None)
    return cells.astype("float64") / (TEN_THOUSANDTHS if whole else 1.0)


def _plain(path: Path) -> dict[str, pd.DataFrame]:
    """Read a CSV with a header."""
    try:
        rows = pd.read_csv(path, dtype=str).rename(columns=lambda name: str(name).strip().lower())
        numbers = pd.to_numeric(rows["ts"], errors="coerce")
        told = pd.to_datetime(rows["ts"].where(numbers.isna()), utc=True, format="ISO8601")
        at = numbers.where(numbers.notna(), (told - EPOCH) / pd.Timedelta(milliseconds=1)).astype("int64")
        volume = rows["volume"].astype("float64") if "volume" in rows else np.nan
        laid = pd.DataFrame({"at": at, "price": rows["price"].astype("float64"), "volume": volume, "symbol": rows["symbol"].str.strip().str.upper()})
    except (OSError, ValueError, KeyError, pd.errors.ParserError) as error:
        raise MalformedResponse("replay", reason=f"{path.name} cannot be read: {error}") from error
    return {str(symbol): mine.drop(columns="symbol").sort_values("at", kind="stable") for symbol, mine in laid.groupby("symbol", sort=True)}


def _tape(symbol: str, parts: list[pd.DataFrame]) -> Tape:
    """Put the days of a symbol behind each other."""
    laid, end = [], 0
    for part in parts:
        first = int(part["at"].iloc[0]) if len(part) else 0
        laid.append(part.assign(at=part["at"] - first + end))
        end = int(laid[-1]["at"].iloc[-1]) + NIGHT_MS if len(part) else end
    whole = pd.concat(laid, ignore_index=True).reindex(columns=["at", "price", "volume", "bid", "ask"])
    columns = [whole[name].to_numpy(dtype="float64") for name in ("price", "volume", "bid", "ask")]
    return Tape(symbol, whole["at"].to_numpy(dtype="int64"), *columns)
