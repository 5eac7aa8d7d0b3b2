"""What a run found: JSON for programs, a table for the terminal, and a picture."""

from __future__ import annotations

import json
import os
import platform
from html import escape
from pathlib import Path
from typing import Any

from tests.bench.table import Row, table

WIDTH, LINE = 760, 26


def machine() -> dict[str, Any]:
    """Say where it ran."""
    names = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
    return {"cores": os.cpu_count(), "processor": names[0] if names else platform.processor(), "memory_mb": memory,
            "python": platform.python_version(), "load": [round(each, 2) for each in os.getloadavg()]}


def write(folder: Path, name: str, found: dict[str, Any], rows: list[Row]) -> None:
    """Put the report into a folder, and print its table."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"scenario": name, "machine": machine(), "figures": [{"what": row.what, "found": row.found, "bar": row.bar, "unit": row.unit,
                                                                   "passed": row.passed} for row in rows], "found": found}
    (folder / f"{name}.json").write_text(json.dumps(whole, indent=1))
    (folder / f"{name}.svg").write_text(picture(name, rows, whole["machine"]))
    print(table(rows))
    print(f"load {whole['machine']['load']} on {whole['machine']['cores']} cores; {folder / name}.json, .svg")


def picture(name: str, rows: list[Row], where: dict[str, Any]) -> str:
    """Draw each figure as a part of its bar."""
    shown = [row for row in rows if row.bar]
    lines = [bar(row, 60 + place * LINE) for place, row in enumerate(shown)]
    height = 80 + len(shown) * LINE
    told = f"{where['cores']} cores, {where['processor']}, Python {where['python']}, load {where['load'][0]}"
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">'
            f'<rect width="{WIDTH}" height="{height}" fill="#fff"/><text x="16" y="26" font-size="16">{escape(name)}</text>'
            f'<text x="16" y="44" fill="#666">{escape(told)}</text>{"".join(lines)}</svg>')


def bar(row: Row, top: float) -> str:
    """Draw one figure: full is the bar itself."""
    assert row.bar
    part = min(row.found / row.bar, 1.25)
    colour = "#2f7d4f" if row.passed else "#b3261e"
    direction = "at least" if row.at_least else "under"
    return (f'<text x="16" y="{top + 13}">{escape(row.what)}</text><rect x="400" y="{top}" width="160" height="16" fill="#eee"/>'
            f'<rect x="400" y="{top}" width="{160 * part:.1f}" height="16" fill="{colour}"/>'
            f'<text x="610" y="{top + 13}">{row.found:,.1f} {escape(row.unit)} ({direction} {row.bar:g})</text>')
