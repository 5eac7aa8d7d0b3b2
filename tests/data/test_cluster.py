"""Work in this process, in processes beside it, and on a scheduler that knows nothing of us but an address."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from data.cluster import HERE, LOCAL, NONE, pays, timed, workplace
from data.settings import Settings
from engine.errors import ClusterError, SettingError

HOME = Path(__file__).parent


def never() -> bool:
    return False


def test_this_process_does_parts_in_their_order_and_stops_when_told() -> None:
    done: list[int] = []
    with workplace(None, HOME) as place:
        assert place.name == HERE
        for at, result in place.each(lambda part: part * 2, [1, 2, 3, 4], lambda: len(done) == 2):
            done.append(at)
            assert result == (at + 1) * 2
    assert done == [0, 1]
    with workplace(NONE, HOME) as place:
        assert place.name == HERE


def test_processes_beside_this_one_do_every_part_once() -> None:
    pytest.importorskip("distributed")
    with workplace(LOCAL, HOME) as place:
        found = dict(place.each(math.factorial, [3, 4, 5, 6, 7], never))
    assert found == {0: 6, 1: 24, 2: 120, 3: 720, 4: 5040}


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """A scheduler with one worker, as somebody else would run them: in a folder that has nothing of ours."""
    pytest.importorskip("distributed")
    told = tmp_path / "scheduler.json"
    verbs = (["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"],
             ["distributed.cli.dask_worker", "--nworkers", "1", "--nthreads", "1", "--no-dashboard"])
    running = [subprocess.Popen([sys.executable, "-m", *verb, "--scheduler-file", str(told)], cwd=tmp_path, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL) for verb in verbs]
    end = time.monotonic() + 60
    while not told.exists() or not told.read_text(encoding="utf-8").endswith("}"):
        assert time.monotonic() < end, "the scheduler did not start"
        time.sleep(0.1)
    yield json.loads(told.read_text(encoding="utf-8"))["address"]
    for process in running:
        process.terminate()
        process.wait(20)


def test_a_cluster_elsewhere_is_sent_the_package_that_the_work_is_in(scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "here" / "seven_fold"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "sevens.py").write_text("def times(number):\n    return 7 * number\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(package.parent))
    work = import_module("seven_fold.sevens").times
    with workplace(scheduler, package) as place:
        assert place.name == scheduler
        assert dict(place.each(work, [1, 2, 3], never)) == {0: 7, 1: 14, 2: 21}


def test_a_scheduler_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("data.cluster.CONNECT_SECONDS", 1)
    with pytest.raises(ClusterError, match=r"tcp://127\.0\.0\.1:9 cannot be used: it does not answer"), workplace("tcp://127.0.0.1:9", HOME):
        pass


def test_without_dask_a_cluster_is_refused_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.cluster.dask_is_there", lambda: False)
    with pytest.raises(ClusterError) as refused, workplace(LOCAL, HOME):
        pass
    assert "pip install" in refused.value.context["hint"]
    assert not pays(3600.0)


def test_short_work_and_a_machine_at_work_stay_here(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    monkeypatch.setattr("os.getloadavg", lambda: (1.2, 0.0, 0.0), raising=False)
    assert (pays(5.0), pays(600.0)) == (False, True)
    monkeypatch.setattr("os.getloadavg", lambda: (3.9, 0.0, 0.0), raising=False)
    assert not pays(600.0)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert not pays(600.0)
    result, seconds = timed(math.factorial, 5)
    assert (result, seconds >= 0) == (120, True)


@pytest.mark.parametrize(("told", "kept"), [("tcp://10.0.0.4:8786", "tcp://10.0.0.4:8786"), ("local", "local"), ("none", "none"), ("", None),
                                            ("tls://dask.example.com:8786", "tls://dask.example.com:8786")])
def test_the_setting_names_a_scheduler(told: str, kept: str | None) -> None:
    assert Settings.from_env({"ENGINE_CLUSTER": told}).engine_cluster == kept


@pytest.mark.parametrize("told", ["dask", "http://host:8786", "tcp://host", "tcp://:8786"])
def test_what_is_no_scheduler_is_refused(told: str) -> None:
    with pytest.raises(SettingError, match="ENGINE_CLUSTER"):
        Settings.from_env({"ENGINE_CLUSTER": told})
