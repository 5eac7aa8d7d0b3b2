"""The command line, `python app.py serve | poll | migrate | demo | import | backup | restore | verify`; `server.py` puts together what is served."""

# the collector is stopped before all other imports
from __future__ import annotations

import gc

if __name__ == "__main__":
    gc.disable()  # imports make a million objects and no garbage; looking through them again and again costs a sixth of a start

import argparse
import os
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from api.stream import StreamProtocol
from data import backups, embedded, logs, tracing
from data.database import migrate
from data.settings import Settings
from engine.errors import InvalidInput, PortfolioError, RowsRefused
from server import background, build_services, create_server, create_watch
from services.demo import service as demo
from services.imports import report as import_report
from services.imports.views import ImportOptions, Upload
from services.verifying import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from uuid import UUID

    from fastapi import FastAPI

    import services as house
    from engine.types import Actor


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; give the exit status."""
    gc.freeze()  # what is imported stays
    gc.enable()
    options = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that what was started is stopped on the way out
    try:
        settings = Settings.from_env()
        logs.configure(settings.log_level, settings.log_format)
        verb: Callable[[Settings, argparse.Namespace], int] = options.verb
        return verb(settings, options)
    except PortfolioError as error:
        say(f"{error.message} {error.context.get('hint', '')}".strip())
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        tracing.stop()


def parser() -> argparse.ArgumentParser:
    """Describe the verbs."""
    root = argparse.ArgumentParser(prog="python app.py", description="Portolan: portfolios with live prices. Without a verb: serve.")
    root.set_defaults(verb=serve, host=None, port=None, workers=1, no_poll=False, no_demo=False)
    verbs = root.add_subparsers(title="verbs", metavar="")
    server = verbs.add_parser("serve", help="start the server: screens, REST, stream, and the poller of prices")
    server.add_argument("--host", help="address to listen on (127.0.0.1; others need AUTH)")
    server.add_argument("--port", type=int, help="port to listen on (8050)")
    server.add_argument("--workers", type=int, default=1, help="processes that answer (1)")
    server.add_argument("--no-poll", action="store_true", help="leave prices and alerts to `poll` in another process")
    server.add_argument("--no-demo", action="store_true", help="add no demo to an empty database")
    server.set_defaults(verb=serve)
    poller = verbs.add_parser("poll", help="run the poller of prices alone; one leads, others stand by")
    poller.add_argument("--host", help="address to answer machines on (127.0.0.1; others need AUTH)")
    poller.add_argument("--port", type=int, help="port for /healthz, /readyz and /metrics (none)")
    poller.set_defaults(verb=poll)
    verbs.add_parser("migrate", help="bring the database to this version's schema").set_defaults(verb=run_migrations)
    demonstration = verbs.add_parser("demo", help="add the three demo portfolios where there are none")
    demonstration.add_argument("--reset", action="store_true", help="remove them first; your own portfolios stay")
    demonstration.set_defaults(verb=run_demo)
    saver = verbs.add_parser("backup", help="write a backup of everything into a folder of its own in DIR, while others go on writing")
    saver.add_argument("folder", type=Path, metavar="DIR")
    saver.set_defaults(verb=run_backup)
    bringer = verbs.add_parser("restore", help="put a backup into an empty database, all of it or nothing, and verify it")
    bringer.add_argument("folder", type=Path, metavar="DIR", help="the folder of one backup")
    bringer.set_defaults(verb=run_restore)
    verbs.add_parser("verify", help="replay every ledger and compare all that is derived from it").set_defaults(verb=run_verify)
    reader = verbs.add_parser("import", help="read a CSV, XLSX or JSON file into a portfolio, all or nothing",
                              description="Exit status: 0 booked, or nothing new; 1 rows are refused and nothing was booked; 2 it could not be read.")
    reader.add_argument("file", type=Path, help="the file")
    reader.add_argument("--portfolio", required=True, help="name or id of the portfolio; none is made")
    reader.add_argument("--dry-run", action="store_true", help="tell what would be done, book nothing")
    reader.add_argument("--format", default="auto", help="auto, portolan or mapped (auto)")
    reader.add_argument("--mapping", help="JSON, or a file that holds it: columns, kinds, decimal, date_order, defaults")
    reader.add_argument("--skip-refused", action="store_true", help="book the other rows where some are refused")
    reader.set_defaults(verb=run_import)
    return root


def serve(settings: Settings, options: argparse.Namespace) -> int:
    """Start everything a person needs, and stop it on Ctrl-C."""
    tracing.start(settings.otel_endpoint, "web")
    settings = settings.listening(options.host, options.port)
    started = time.monotonic()
    settings = settings.listening(None, settings.port or free_port(settings.host))
    with embedded.serve_lock(settings), listening_socket(settings) as listener, parts(settings) as ready:
        return serve_on(listener, ready, options, started)


def serve_on(listener: socket.socket, settings: Settings, options: argparse.Namespace, started: float) -> int:
    """Prepare the data, then answer on the socket."""
    prepare(settings, demonstrate=not options.no_demo)
    if options.workers > 1:
        serve_many(settings, listener, options.workers, poll=not options.no_poll)
    else:
        config = uvicorn.Config(create_server(settings, poll=not options.no_poll), **server_options())
        Announcing(config, settings, started).run(sockets=[listener])
    return 0


def serve_many(settings: Settings, listener: socket.socket, workers: int, *, poll: bool) -> None:
    """Run several processes on one port; with `poll` each stands for election as the poller. SIGHUP puts new ones in their place, one by one."""
    factory = server_from_environment if poll else screens_from_environment
    os.environ.update(settings.as_environment())
    config = uvicorn.Config(f"app:{factory.__name__}", factory=True, workers=workers, timeout_worker_healthcheck=60, **server_options())
    say(f"Portolan starts {workers} processes")
    Workers(config, [listener], settings).run()


def server_from_environment() -> FastAPI:
    """Build the application in a worker process, which learns all from its environment."""
    return built_from_environment(poll=True)


def screens_from_environment() -> FastAPI:
    """Build it without the poller."""
    return built_from_environment(poll=False)


def built_from_environment(*, poll: bool) -> FastAPI:
    """Read the environment, and build what it says."""
    settings = Settings.from_env()
    logs.configure(settings.log_level, settings.log_format)
    tracing.start(settings.otel_endpoint, "web")
    return create_server(settings, poll=poll)


def server_options() -> dict[str, Any]:
    """How uvicorn runs: the steadiest socket implementation, small frames in, no compression."""
    return {"ws": StreamProtocol, "ws_max_size": 65536, "ws_per_message_deflate": False, "lifespan": "on", "log_config": None,
            "access_log": False, "server_header": False, "timeout_graceful_shutdown": 3}


class Workers(Multiprocess):
    """Processes that are told of when all of them answer, at the start and after one was replaced."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], settings: Settings) -> None:
        super().__init__(config, sockets)
        self.settings, self.told = settings, set[int | None]()

    def keep_subprocess_alive(self) -> None:
        """Look after them, and tell the person who waits."""
        super().keep_subprocess_alive()
        pids = {each.pid for each in self.processes}
        if pids != self.told and all(each.is_ready(1.0) for each in self.processes):
            self.told = pids
            say(f"Portolan is ready with {len(self.processes)} processes: {self.settings.address}   (Ctrl-C stops them)")


class Announcing(uvicorn.Server):
    """A server that says when and where it is ready."""

    def __init__(self, config: uvicorn.Config, settings: Settings, started: float) -> None:
        super().__init__(config)
        self.settings, self.began = settings, started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell the person who waits."""
        await super().startup(sockets)
        say(f"Portolan is ready after {time.monotonic() - self.began:.1f} s: {self.settings.address}   (Ctrl-C stops it)")


def poll(settings: Settings, options: argparse.Namespace) -> int:
    """Poll prices until told to stop."""
    tracing.start(settings.otel_endpoint, "poller")
    with parts(settings) as ready:
        migrate(ready.database_url)
        services = build_services(ready)
        workers = background(ready, services)
        for each in workers:
            each.start()
        say("Polling. Ctrl-C stops it.")
        try:
            wait_or_answer(ready, options, services)
        finally:
            for each in workers:
                each.stop()
            services.close()
    return 0


def wait_or_answer(settings: Settings, options: argparse.Namespace, services: house.Services) -> None:
    """Wait until told to stop; with a port, answer machines meanwhile."""
    if options.port is None:
        threading.Event().wait()
    else:
        with listening_socket(settings.listening(options.host, options.port)) as listener:
            uvicorn.Server(uvicorn.Config(create_watch(services), **server_options())).run(sockets=[listener])


def run_migrations(settings: Settings, _options: argparse.Namespace) -> int:
    """Bring the schema up to date."""
    with parts(settings) as ready:
        migrate(ready.database_url)
    say("The database has this version's schema.")
    return 0


def run_demo(settings: Settings, options: argparse.Namespace) -> int:
    """Add the demo, or put it back as it was."""
    with parts(settings) as ready:
        migrate(ready.database_url)
        services = build_services(ready)
        try:
            (demo.reset if options.reset else demo.seed)(services, say=say)
        finally:
            services.close()
    return 0


def run_import(settings: Settings, options: argparse.Namespace) -> int:
    """Read a file into a portfolio; beside a running server it uses the same database, and the screens hear of it."""
    upload, mapping = Upload(options.file.name, read_file(options.file)), options.mapping
    if mapping and Path(mapping).is_file():
        mapping = read_file(Path(mapping)).decode("utf-8-sig", errors="replace")
    wanted = ImportOptions(dry_run=options.dry_run, format=options.format, mapping=mapping, skip_refused=options.skip_refused)
    with parts(settings) as ready:
        migrate(ready.database_url)
        services = build_services(ready)
        try:
            return import_into(services, options.portfolio, upload, wanted)
        finally:
            services.close()


def run_backup(settings: Settings, options: argparse.Namespace) -> int:
    """Write a backup."""
    with parts(settings) as ready:
        place, told = backups.back_up(str(ready.database_url), options.folder, secret=settings.home / backups.SECRET)
    rows = sum(int(count) for count, _ in told.tables.values())
    say(f"{place}: {rows:,} rows in {told.dump_bytes / 1e6:,.1f} MB, as they were at {told.made_at}, in {told.seconds:.1f} s.")
    return 0


def run_restore(settings: Settings, options: argparse.Namespace) -> int:
    """Put a backup into an empty place; what was restored is verified before it is called so."""
    started = time.monotonic()
    backups.read(options.folder)
    if not settings.secret_key:
        backups.restore_secret(options.folder, settings.home)
    with parts(settings) as ready:
        told = backups.restore(str(ready.database_url), options.folder)
        say(f"{options.folder} is restored as of {told.made_at}, in {time.monotonic() - started:.1f} s. It is verified now.")
        return verified(ready)


def run_verify(settings: Settings, _options: argparse.Namespace) -> int:
    """Compare what is derived with what it is derived from."""
    with parts(settings) as ready:
        migrate(ready.database_url)
        return verified(ready)


def verified(settings: Settings) -> int:
    """Tell what was looked at; 1 where something is wrong."""
    services, wrong = build_services(settings), 0
    try:
        for each in verify(services.database, services.cache, services.market):
            say(each.line)
            wrong += len(each.differences)
    finally:
        services.close()
    return 1 if wrong else 0


def import_into(services: house.Services, name: str, upload: Upload, wanted: ImportOptions) -> int:
    """Read a file, tell each row, give the exit status."""
    actor = services.accounts.local()
    portfolio, runs = import_report.portfolio_named(services.portfolios.find(actor), name), []
    with watching(services, actor, runs), suppress(RowsRefused):  # the rows say it themselves
        services.imports.run(actor, portfolio.id, upload, wanted, on_start=runs.append)
    view = services.imports.get(actor, runs[0])
    for line in import_report.lines_of(view):
        say(line)
    return 1 if view.refused and not wanted.skip_refused else 0


@contextmanager
def watching(services: house.Services, actor: Actor, runs: list[UUID]) -> Iterator[None]:
    """Tell a person at a terminal how far a long import is."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(1.0):
            progress = services.imports.get(actor, runs[0]).progress if runs else None
            if progress and progress.get("total"):
                print(f"\r{progress['phase']} {progress['done']:,} of {progress['total']:,} ", end="", file=sys.stderr, flush=True)

    watcher = threading.Thread(target=look, daemon=True)
    if sys.stderr.isatty():
        watcher.start()
    try:
        yield
    finally:
        done.set()
        if watcher.is_alive():
            watcher.join(2)


def read_file(path: Path) -> bytes:
    """Read a file before anything is started."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput("file", path, f"it cannot be read ({error.strerror})", hint="Name a file that is there.") from error


@contextmanager
def parts(settings: Settings) -> Iterator[Settings]:
    """Start the embedded PostgreSQL and Redis where no address is given; stop them after the last user."""
    running_parts = embedded.start(settings, say=say)
    try:
        yield settings.with_urls(running_parts.database_url, running_parts.redis_url)
    finally:
        running_parts.stop()


def prepare(settings: Settings, *, demonstrate: bool = True) -> None:
    """Bring the schema up to date and, where there is nothing yet, the demo."""
    migrate(settings.database_url)
    services = build_services(settings)
    try:
        if demonstrate and demo.wanted(services):
            demo.seed(services, say=say)
    finally:
        services.close()


def free_port(host: str) -> int:
    """Find a port that nobody has, for port 0."""
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def listening_socket(settings: Settings) -> Iterator[socket.socket]:
    """Take the port before anything is started, so that a taken one costs nothing."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise InvalidInput("port", settings.port, f"{settings.host}:{settings.port} cannot be taken ({error.strerror})",
                               hint="Choose another with --port N, or PORTOLAN_PORT.") from error
        listener.listen(2048)
        yield listener


def say(line: str) -> None:
    """Tell the person at the terminal."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
