"""Processes of a load run: each does one thing, is told when, and gives back what it measured."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

PATIENCE_SECONDS = 240.0
TICKS = os.sysconf("SC_CLK_TCK")


class Part:
    """A process that runs `work(line, ...)`; `ask` sends it a word and gives its answer."""

    def __init__(self, work: Callable[..., None], *given: object) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(theirs, *given), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def say(self, word: str, *given: Any) -> None:
        self._line.send((word, given))

    def hear(self, seconds: float = PATIENCE_SECONDS) -> Any:
        assert self._line.poll(seconds), f"a part of the run says nothing for {seconds} s"
        return self._line.recv()

    def ask(self, word: str, *given: Any) -> Any:
        self.say(word, *given)
        return self.hear()

    def stop(self) -> None:
        self._line.close()
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()


def told(line: Connection) -> tuple[str, tuple[Any, ...]]:
    """Wait for the next word; a line that is closed says stop."""
    try:
        return line.recv()  # type: ignore[no-any-return]
    except (EOFError, OSError):
        return "stop", ()


def cpu_seconds(pid: int) -> float:
    """Read the processor time of a process with all its threads."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def family(pid: int) -> list[int]:
    """Give a process and all below it."""
    below: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        below.setdefault(parent, []).append(int(path.parent.name))
    found = [pid]
    for each in found:
        found += below.get(each, [])
    return found


def rss_bytes(pid: int) -> int:
    """Read the resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def servers_under(home: Path) -> dict[str, int]:
    """Find the PostgreSQL and Redis of a home, by what they were started with."""
    found: dict[str, int] = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(home) in words and "redis-server" in words:
            found["redis"] = int(path.parent.name)
        elif str(home) in words and "postgres" in words.split(" ")[0] and "-D" in words:
            found["postgres"] = int(path.parent.name)
    return found


class Meter:
    """Processor seconds of named processes between two readings. Those under PostgreSQL are counted with it."""

    def __init__(self, **pids: int) -> None:
        self._pids = pids
        self.start()

    def _read(self) -> dict[str, float]:
        return {name: sum(map(cpu_seconds, family(pid))) for name, pid in self._pids.items()}

    def start(self) -> None:
        self._before, self._at = self._read(), time.monotonic()

    def cores(self) -> dict[str, float]:
        """Give how many cores each used since `start`."""
        passed = time.monotonic() - self._at
        return {name: round((now - self._before[name]) / passed, 3) for name, now in self._read().items()}

    def seconds(self, name: str) -> float:
        return self._read()[name] - self._before[name]


def quantiles(values: Any, digits: int = 1) -> dict[str, float]:
    """Give p50, p95, p99 and the worst."""
    known = np.asarray(values, dtype=float)
    if not known.size:
        return {}
    return {name: round(float(np.quantile(known, share)), digits) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("worst", 1.0))}


def histogram_quantiles(counts: Any) -> dict[str, float]:
    """Give the same of a histogram with bins of a millisecond."""
    total = int(np.sum(counts))
    if not total:
        return {}
    at = np.cumsum(counts)
    return {name: float(np.searchsorted(at, share * total)) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("worst", 1.0))}
