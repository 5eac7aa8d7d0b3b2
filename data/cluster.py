"""Where much work is done: in this process, in processes beside it, or on a Dask cluster. The same work on the same parts, so the same numbers.

Dask is asked for by `ENGINE_CLUSTER` and may be missing; nothing of it is imported before it is needed.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any, Final, Protocol, TypeVar

from engine.errors import ClusterError

Part = TypeVar("Part")
Result = TypeVar("Result")
HERE: Final = "this process"
LOCAL: Final = "local"
NONE: Final = "none"
CONNECT_SECONDS: Final = 10
LOOK_SECONDS: Final = 0.2  # how soon a cancellation is seen
START_SECONDS: Final = 6.0  # until processes beside this one answer, have imported the engine, and are gone again
PAYS_FROM: Final = 4.0  # times what starting them costs; two of them save at most half of the work


class Workplace(Protocol):
    """Does the same work on many parts."""

    @property
    def name(self) -> str:
        """Say where the work is done."""

    def each(self, work: Callable[[Part], Result], parts: Sequence[Part], stopped: Callable[[], bool]) -> Iterator[tuple[int, Result]]:
        """Give the results as they come, each with the place of its part; ends early once `stopped` says so."""


class Here:
    """Does the work in this process, one part after the other."""

    name = HERE

    def each(self, work: Callable[[Part], Result], parts: Sequence[Part], stopped: Callable[[], bool]) -> Iterator[tuple[int, Result]]:
        """Give the results in the order of the parts."""
        for place, part in enumerate(parts):
            if stopped():
                return
            yield place, work(part)


class Remote:
    """Does the work on the workers of a Dask client."""

    def __init__(self, client: Any, name: str) -> None:  # noqa: ANN401  # dask's client has no types
        self.client, self.name = client, name

    def each(self, work: Callable[[Part], Result], parts: Sequence[Part], stopped: Callable[[], bool]) -> Iterator[tuple[int, Result]]:
        """Give the results as the workers have them; what is not begun when it is stopped is taken back."""
        places = {self.client.submit(work, part, pure=False): place for place, part in enumerate(parts)}
        try:
            for future in self._completed(list(places), stopped):
                yield places[future], self._result(future)
        finally:
            self.client.cancel(list(places))

    @staticmethod
    def _completed(futures: list[Any], stopped: Callable[[], bool]) -> Iterator[Any]:
        while futures and not stopped():
            try:
                done = _dask().wait(futures, timeout=LOOK_SECONDS, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                continue
            yield from done
            futures = [future for future in futures if future not in done]

    def _result(self, future: Any) -> Any:  # noqa: ANN401  # a worker's answer
        try:
            return future.result()
        except (_dask().CancelledError, _dask().KilledWorker) as error:
            raise ClusterError(self.name, reason="it lost a part of the work") from error


@contextmanager
def workplace(where: str | None, code: Path) -> Iterator[Workplace]:
    """Open the place that was asked for.

    Parameters
    ----------
    where : str, optional
        `tcp://host:port` of a Dask scheduler, ``local`` for processes beside this one, ``none`` or nothing for this process.
    code : Path
        Folder of the package that the work is in; a cluster elsewhere is sent it.

    Raises
    ------
    ClusterError
        Dask is not installed, or its scheduler does not answer.
    """
    if where in {None, NONE}:
        yield Here()
        return
    if not dask_is_there():
        raise ClusterError(str(where), reason="Dask is not installed", hint='Install it: pip install "dask[distributed]"')
    with ExitStack() as opened:
        yield _local(opened) if where == LOCAL else _elsewhere(opened, str(where), code)


def dask_is_there() -> bool:
    """Whether Dask can be imported."""
    return find_spec("distributed") is not None


def pays(seconds: float) -> bool:
    """Whether work of so many seconds is done sooner by processes beside this one: on a machine at work they only take turns."""
    return seconds > PAYS_FROM * START_SECONDS and idle_cores() >= 1 and dask_is_there()


def idle_cores() -> float:
    """Tell how many cores had nothing to do in the last minute, the one that asks among the busy."""
    count = os.cpu_count() or 1
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 1.0
    return count - max(busy, 1.0)


def timed(work: Callable[[Part], Result], part: Part) -> tuple[Result, float]:
    """Do the work on one part, and tell the seconds that it took."""
    begun = perf_counter()
    return work(part), perf_counter() - begun


def _dask() -> Any:  # noqa: ANN401  # it has no types
    """Import Dask, which only those have who asked for a cluster."""
    return import_module("distributed")


def _local(opened: ExitStack) -> Remote:
    count = os.cpu_count() or 1
    made = _dask().LocalCluster(n_workers=count, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50)
    return Remote(opened.enter_context(_dask().Client(opened.enter_context(made))), f"{count} processes beside this one")


def _elsewhere(opened: ExitStack, address: str, code: Path) -> Remote:
    try:
        client = opened.enter_context(_dask().Client(address, timeout=CONNECT_SECONDS))
        client.upload_file(str(_packed(opened, code)))
    except OSError as error:
        raise ClusterError(address, reason="it does not answer") from error
    return Remote(client, address)


def _packed(opened: ExitStack, code: Path) -> Path:
    """Pack a package as an archive that Python imports from, so that a cluster works with our version of it."""
    archive = Path(opened.enter_context(tempfile.TemporaryDirectory())) / f"{code.name}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(code.rglob("*.py")):
            packed.write(file, file.relative_to(code.parent))
    return archive
