"""Files with prices that somebody drops into a folder: each is taken once, and put away as done or failed, with the reason.

A file is renamed into `taking` before it is read, so that of two processes one gets it; what is found there at the beginning was left by
a process that died, and is taken again. A file that is still being written is left alone until it has not changed for a moment.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from data import calendar
from engine.errors import FileTooLarge, UnreadableFile

ENDINGS: Final = frozenset({".csv", ".tsv", ".txt"})
UNFINISHED: Final = (".part", ".tmp", ".crdownload", ".filepart", ".swp", "~")
QUIET_SECONDS: Final = 2.0
MAX_BYTES: Final = 20 * 2**20
MAX_ROWS: Final = 100_000
NAMES: Final = {
    "ticker": "symbol", "last": "price", "timestamp": "ts", "time": "ts", "datetime": "ts", "adj close": "adjusted_close",
    "adj_close": "adjusted_close", "vol": "volume",
}  # fmt: skip
DELIMITERS: Final = ",;\t|"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file that was taken.

    Attributes
    ----------
    name : str
        As it was dropped.
    path : Path
        Where it lies now.
    digest : str
        Of its name, the time it was written, and what it holds: the same for one file however often it is taken.
    content : bytes
    """

    name: str
    path: Path
    digest: str
    content: bytes


class Folder:
    """A folder that files are dropped into.

    Parameters
    ----------
    path : Path
        Made where it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._taking, self._done, self._failed = (path / name for name in ("taking", "done", "failed"))

    def take(self) -> Iterator[Dropped]:
        """Give every file that lies ready, by name, those first that were left over.

        A file that cannot be read as one is put away as failed.
        """
        for place in (self.path, self._taking, self._done, self._failed):
            place.mkdir(parents=True, exist_ok=True)
        for path in [*self._left_over(), *self._ready()]:
            taken = self._taken(path)
            if taken is not None:
                yield taken

    def done(self, dropped: Dropped) -> Path:
        """Put a file away whose prices were taken in."""
        return _moved(dropped.path, self._done / dropped.name)

    def failed(self, dropped: Dropped, reason: str) -> Path:
        """Put a file away whose prices were not, with the reason beside it."""
        return self._put_away(dropped.path, dropped.name, reason)

    def _left_over(self) -> list[Path]:
        return sorted(path for path in self._taking.iterdir() if _is_file(path))

    def _ready(self) -> list[Path]:
        """List the files that are whole."""
        now = calendar.now().timestamp()
        return sorted(path for path in self.path.iterdir() if _is_file(path) and _is_whole(path, now))

    def _taken(self, path: Path) -> Dropped | None:
        """Take a file; None where another process was faster, or it is none that can be read."""
        place = path if path.parent == self._taking else self._taking / path.name
        try:
            if place != path:
                os.link(path, place)  # unlike a rename it does not replace what is there
                path.unlink()
            written = place.stat().st_mtime_ns
            content = _content(place)
        except FileNotFoundError:
            return None
        except FileExistsError:
            return None  # one of this name is being taken; this one waits
        except (OSError, FileTooLarge) as error:
            self._put_away(place, path.name, getattr(error, "message", None) or f"It cannot be read ({type(error).__name__}).")
            return None
        digest = hashlib.sha256(f"{path.name} {written} ".encode() + content).hexdigest()
        return Dropped(path.name, place, digest, content)

    def _put_away(self, path: Path, name: str, reason: str) -> Path:
        placed = _moved(path, self._failed / name)
        placed.with_name(f"{placed.name}.reason.txt").write_text(f"{reason}\n", encoding="utf-8")
        return placed


def table(dropped: Dropped) -> list[dict[str, Any]]:
    """Read a file as rows of text by the names of this house; empty cells are left out.

    Raises
    ------
    UnreadableFile
        It is no CSV in UTF-8 with a header.
    """
    if Path(dropped.name).suffix.lower() not in ENDINGS:
        raise UnreadableFile(dropped.name, "is not a CSV file", hint="Drop files that end in .csv, .tsv or .txt")
    try:
        text = dropped.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableFile(dropped.name, "is not UTF-8", hint="Save it as CSV in UTF-8") from None
    head = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=head.count)
    try:
        lines = [line for line in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True) if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise UnreadableFile(dropped.name, f"cannot be read as CSV ({error})", hint="Check its quotation marks") from None
    if len(lines) < 2 or len(lines) > MAX_ROWS:
        raise UnreadableFile(dropped.name, f"has {max(len(lines) - 1, 0)} rows", hint=f"Drop a header and 1 to {MAX_ROWS:,} rows")
    return _rows(dropped, lines)


def _rows(dropped: Dropped, lines: list[list[str]]) -> list[dict[str, Any]]:
    told = [cell.strip().lower() for cell in lines[0]]
    names = [NAMES.get(name, name.replace(" ", "_")) for name in told]
    if len(set(names)) < len(names):
        raise UnreadableFile(dropped.name, "has a column twice", hint="Name every column once")
    for place, line in enumerate(lines[1:], start=2):
        if len(line) != len(names):
            raise UnreadableFile(dropped.name, f"has {len(line)} cells, the header {len(names)}", hint="Give every row as many cells as the header",
                                 row=place)
    return [{name: cell.strip() for name, cell in zip(names, line, strict=True) if cell.strip()} for line in lines[1:]]


def _is_file(path: Path) -> bool:
    """Tell whether it is a plain file that is meant: no folder, no link, nothing hidden or half there."""
    name = path.name.lower()
    if name.startswith(".") or name.endswith(UNFINISHED):
        return False
    with suppress(OSError):
        return stat.S_ISREG(path.lstat().st_mode)
    return False


def _is_whole(path: Path, now: float) -> bool:
    with suppress(OSError):
        return now - path.stat().st_mtime >= QUIET_SECONDS
    return False


def _content(path: Path) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise FileTooLarge(path.name, what="bytes", limit=MAX_BYTES)
    return content


def _moved(path: Path, wanted: Path) -> Path:
    """Move a file to a name that is free."""
    for count in range(1, 10_000):
        place = wanted if count == 1 else wanted.with_name(f"{wanted.stem}-{count}{wanted.suffix}")
        with suppress(FileExistsError):
            os.link(path, place)
        with suppress(FileNotFoundError):
            if path.samefile(place):  # by us, or by another process that took it too
                path.unlink()
                return place
    raise FileExistsError(wanted)
