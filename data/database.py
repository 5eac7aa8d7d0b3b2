"""The connections to PostgreSQL, and the unit of work: one transaction with every repository bound to it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

import psycopg
import sqlalchemy as sa

from data.database_metrics import DatabaseMetrics
from data.repositories.advice import Advice
from data.repositories.alerts import Alerts
from data.repositories.benchmarks import Benchmarks
from data.repositories.constituents import Constituents
from data.repositories.endpoints import Endpoints
from data.repositories.evidence_runs import EvidenceRuns
from data.repositories.factors import Factors
from data.repositories.history import History
from data.repositories.imports import Imports
from data.repositories.instruments import Instruments
from data.repositories.integrity import Integrity
from data.repositories.ledger import Ledger
from data.repositories.market import Market
from data.repositories.optimiser_runs import OptimiserRuns
from data.repositories.outbox import Outbox
from data.repositories.portfolios import Portfolios
from data.repositories.prices import Prices
from data.repositories.proposals import Proposals
from data.repositories.review import Reviews
from data.repositories.risk_runs import RiskRuns
from data.repositories.scenarios import Scenarios
from data.repositories.system import System
from data.repositories.trail import Trail
from data.repositories.valuations import Valuations
from data.repositories.watchlists import Watchlists
from data.repositories.what_ifs import WhatIfs
from data.sqlerrors import is_retryable, translated
from data.traced_statements import cursors
from engine.errors import StorageError

T = TypeVar("T")
ATTEMPTS: Final = 3
REST_SECONDS: Final = 0.05
MIGRATION_LOCK: Final = 0x706F7274  # "port": any number that nobody else takes
MIGRATIONS: Final = Path(__file__).parent / "migrations"
SESSION: Final = "SET statement_timeout = '30s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '60s'; SET timezone = 'UTC'"


class Unit:
    """One transaction. Its repositories see what it has written; others see it after the commit."""

    def __init__(self, connection: sa.Connection, partitions: set[str], *, is_snapshot: bool = False) -> None:
        self.connection = connection
        self._partitions, self._is_snapshot = partitions, is_snapshot

    @cached_property
    def portfolios(self) -> Portfolios:
        """Portfolios and their accounts."""
        return Portfolios(self.connection)

    @cached_property
    def instruments(self) -> Instruments:
        """Instruments with their bars, actions and rates."""
        return Instruments(self.connection, is_snapshot=self._is_snapshot)

    @property
    def prices(self) -> Prices:
        """Bars and rates, for who needs no more of the instruments than these."""
        return self.instruments

    @cached_property
    def history(self) -> History:
        """How far histories are fetched, and what was told otherwise later."""
        return History(self.connection)

    @cached_property
    def ledger(self) -> Ledger:
        """Transactions in all their versions."""
        return Ledger(self.connection)

    @cached_property
    def integrity(self) -> Integrity:
        """What must be true between tables."""
        return Integrity(self.connection)

    @cached_property
    def imports(self) -> Imports:
        """Files that were read into ledgers."""
        return Imports(self.connection)

    @cached_property
    def valuations(self) -> Valuations:
        """Daily valuations, and since when they are wrong."""
        return Valuations(self.connection)

    @cached_property
    def proposals(self) -> Proposals:
        """Drafts that wait for a person."""
        return Proposals(self.connection)

    @cached_property
    def optimiser_runs(self) -> OptimiserRuns:
        """Runs of optimisers."""
        return OptimiserRuns(self.connection)

    @cached_property
    def advice(self) -> Advice:
        """Policies, rules of one's own, and what was suggested."""
        return Advice(self.connection)

    @cached_property
    def constituents(self) -> Constituents:
        """What funds hold."""
        return Constituents(self.connection)

    @cached_property
    def scenarios(self) -> Scenarios:
        """Scenarios of stress tests."""
        return Scenarios(self.connection)

    @cached_property
    def what_ifs(self) -> WhatIfs:
        """What-ifs under a name."""
        return WhatIfs(self.connection)

    @cached_property
    def evidence_runs(self) -> EvidenceRuns:
        """Strategies and models tried on the past."""
        return EvidenceRuns(self.connection)

    @cached_property
    def watchlists(self) -> Watchlists:
        """Lists of instruments."""
        return Watchlists(self.connection)

    @cached_property
    def benchmarks(self) -> Benchmarks:
        """Blends that portfolios are measured against."""
        return Benchmarks(self.connection)

    @cached_property
    def market(self) -> Market:
        """Ticks, latest quotes, and the quarantine."""
        return Market(self.connection, self._partitions)

    @cached_property
    def system(self) -> System:
        """Actors, idempotency, audit trail, job runs."""
        return System(self.connection)

    @cached_property
    def reviews(self) -> Reviews:
        """Dismissed findings and reconciliations."""
        return Reviews(self.connection)

    @cached_property
    def risk_runs(self) -> RiskRuns:
        """Figures of all portfolios, asked for at once."""
        return RiskRuns(self.connection)

    @cached_property
    def endpoints(self) -> Endpoints:
        """Where people have their own prices read from."""
        return Endpoints(self.connection)

    @cached_property
    def factors(self) -> Factors:
        """Factor returns that people brought."""
        return Factors(self.connection)

    @cached_property
    def alerts(self) -> Alerts:
        """Rules of alerts, and what fired."""
        return Alerts(self.connection)

    @cached_property
    def outbox(self) -> Outbox:
        """Channels, and messages on their way to them."""
        return Outbox(self.connection)

    @cached_property
    def trail(self) -> Trail:
        """The audit trail as it is read."""
        return Trail(self.connection)


class Database:
    """A pool of connections to one PostgreSQL.

    Parameters
    ----------
    url : str
        `postgresql://...`
    pool_size : int
        Connections kept open; as many again are opened under load.
    """

    def __init__(self, url: str | None, *, pool_size: int = 10) -> None:
        self._writer = sa.create_engine(driver_url(url), pool_size=pool_size, max_overflow=pool_size, pool_timeout=10, pool_pre_ping=True,
                                        pool_recycle=1800, connect_args={"connect_timeout": 5, "application_name": "portolan", **cursors()})
        sa.event.listen(self._writer, "connect", _prepare_session)
        self.metrics = DatabaseMetrics(self._writer, 2 * pool_size)
        self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._partitions: set[str] = set()

    @contextmanager
    def begin(self) -> Iterator[Unit]:
        """Open a transaction that writes: committed at the end of the block, rolled back by an exception."""
        with translated(), self.metrics.timed("write"), self._writer.begin() as connection:
            yield Unit(connection, self._partitions)

    @contextmanager
    def read(self) -> Iterator[Unit]:
        """Open a transaction that sees one state of everything and writes nothing."""
        with translated(), self.metrics.timed("read"), self._reader.connect() as connection:
            yield Unit(connection, self._partitions, is_snapshot=True)

    def run(self, work: Callable[[Unit], T]) -> T:
        """Do work in a transaction, again where the database asks for it (serialisation, deadlock), at most three times.

        Before each further time it rests a little, at random: who was waiting for its locks takes them first, else the two meet again.
        """
        for attempt in range(1, ATTEMPTS):
            try:
                with self.begin() as unit:
                    return work(unit)
            except StorageError as error:
                if not is_retryable(error):
                    raise
            time.sleep(attempt * random.uniform(REST_SECONDS / 2, REST_SECONDS))  # noqa: S311  # spreads work, keeps no secret
        with self.begin() as unit:
            return work(unit)

    def ping(self) -> None:
        """Ask for a sign of life.

        Raises
        ------
        StorageError
            Where there is none.
        """
        with translated(), self._writer.connect() as connection:
            connection.exec_driver_sql("SELECT 1")

    @contextmanager
    def session(self) -> Iterator[psycopg.Connection[Any]]:
        """Lend a connection of its own, outside of the pool, in autocommit: for a lock that lasts as long as it does."""
        with translated():
            connection = psycopg.connect(dsn(self._writer.url), autocommit=True, connect_timeout=5)
        with connection, translated():
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._writer.dispose()


def migrate(url: str | None, *, revision: str = "head") -> None:
    """Bring the schema to a revision; of several that start at once, one does it and the others wait.

    Raises
    ------
    StorageError
        Where the database does not answer, or does not agree; nothing is half done then.
    """
    engine = sa.create_engine(driver_url(url), poolclass=sa.NullPool, connect_args={"connect_timeout": 5})
    with translated(), engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        if revision != "head" or _revision_of(connection) != newest_revision():
            _run_revisions(connection, revision)


def newest_revision() -> str:
    """Name the newest revision there is: they are numbered, and their files have their names."""
    return max(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _revision_of(connection: sa.Connection) -> str | None:
    """Read the revision a database has; nothing where it has none."""
    if connection.scalar(sa.text("SELECT to_regclass('alembic_version')")) is None:
        return None
    found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return found


def _run_revisions(connection: sa.Connection, revision: str) -> None:
    """Let Alembic bring a database to a revision."""
    from alembic import command  # noqa: PLC0415  # a quarter of a second that a start without revisions does not need
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    (command.upgrade if revision != "base" else command.downgrade)(config, revision)


def driver_url(url: str | None) -> sa.URL:
    """Read a PostgreSQL address in any of its spellings."""
    if not url:
        raise StorageError("No database is given.", hint="Set DATABASE_URL, or start the embedded one")
    with translated():
        return sa.make_url(url).set(drivername="postgresql+psycopg")


def dsn(url: sa.URL) -> str:
    """Write an address as libpq reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _prepare_session(connection: psycopg.Connection[Any], _record: object) -> None:
    """Set the limits of a new connection: nothing waits for ever."""
    connection.autocommit = True
    connection.execute(SESSION)
    connection.autocommit = False
