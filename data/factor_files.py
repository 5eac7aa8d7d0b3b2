"""Factor returns that lie on this machine: a folder of files, and the sample that comes with a package."""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ENDINGS: Final = frozenset({".csv", ".txt"})
MAX_BYTES: Final = 8 * 2**20
MAX_FILES: Final = 50
SAMPLE_PACKAGE: Final = "arch"
SAMPLE: Final = Path("data", "frenchdata", "frenchdata.csv.gz")


@dataclass(frozen=True, slots=True)
class FactorText:
    """A file as it lies there; `stamp` is another one when it was written again."""

    name: str
    stamp: tuple[int, int]
    path: Path

    def read(self) -> str:
        """Give what it holds; what is no text is told with marks in its place."""
        packed = self.path.read_bytes()
        return (gzip.decompress(packed) if self.path.suffix == ".gz" else packed).decode("utf-8-sig", errors="replace")


def files_in(folder: Path) -> Mapping[str, FactorText]:
    """List the files of a folder by name, those that are too large aside; none where there is no folder."""
    if not folder.is_dir():
        return {}
    paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in ENDINGS and path.is_file()][:MAX_FILES]
    found = {path.stem: (path, path.stat()) for path in paths}
    return {name: FactorText(name, (told.st_mtime_ns, told.st_size), path) for name, (path, told) in found.items() if told.st_size <= MAX_BYTES}


def sample() -> FactorText | None:
    """Give the sample of the French library that `arch` ships, monthly from 1926 to 2018; None where the package is not there.

    The file is read beside the package, which is not imported: that takes a second.
    """
    found = importlib.util.find_spec(SAMPLE_PACKAGE)
    for place in (found.submodule_search_locations or ()) if found else ():
        path = Path(place) / SAMPLE
        if path.is_file():
            return FactorText("french_sample", (0, path.stat().st_size), path)
    return None
