"""One line of a bench's table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A measured figure and the bar it has to pass, if it has one: smaller is better, unless it says `at_least`."""

    what: str
    found: float
    bar: float | None
    unit: str
    at_least: bool = False

    @property
    def passed(self) -> bool:
        """Whether the figure is on the right side of its bar."""
        return self.bar is None or (self.found >= self.bar if self.at_least else self.found < self.bar)


def table(rows: list[Row]) -> str:
    """Lay the rows out in columns."""
    width = max(len(row.what) for row in rows)
    return "\n".join(f"{row.what:<{width}}  {row.found:>9.1f} {row.unit:<3} {bar(row)}" for row in rows)


def bar(row: Row) -> str:
    """Say whether a bar was passed."""
    return "" if row.bar is None else f"bar {row.bar:>7.1f} {row.unit}  {'ok' if row.passed else 'MISSED'}"
