"""Open the database, bring it to this version, and say in one line what is wrong with it.

SQLite (write-ahead log, every commit synced) embedded by default; PostgreSQL by URL. Example:

    database = Database.open("sqlite:///runs.db")
    with database.write() as connection: …
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from bakeoff.core.errors import (
    ConfigInvalid,
    MigrationNeeded,
    MissingExtra,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreUnreachable,
)
from bakeoff.store.tables import METADATA, RUNS

HEAD = "0005"
BUSY_SECONDS = 30.0
for _library in ("psycopg", "sqlalchemy"):  # what they would write to stderr, `_explain` says in a line
    logging.getLogger(_library).addHandler(logging.NullHandler())


class Database:
    """An open database at this version's schema."""

    def __init__(self, engine: Engine, busy_seconds: float, made_folder: Path | None = None) -> None:
        self.engine = engine
        self.made_folder = made_folder  # which was not there, so what is in it is new
        self._busy_seconds = busy_seconds

    @classmethod
    def open(cls, url: str, busy_seconds: float = BUSY_SECONDS) -> Database:
        """Connect and migrate. Raises ConfigInvalid, MissingExtra, StoreError.

        A locked SQLite file is waited for `busy_seconds`, or as long as the URL's `?timeout=` says.
        """
        parsed = _parsed(url)
        if (given := parsed.query.get("timeout")) is not None:
            busy_seconds = _seconds(given)
        folder = _folder(parsed)
        is_new = folder is not None and not folder.exists()
        database = cls(_engine(parsed, busy_seconds), busy_seconds, folder if is_new else None)
        try:
            with database._explained():
                database._migrate()
        except BaseException:
            database.close()
            raise
        return database

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    @property
    def where(self) -> str:
        """The URL without its password."""
        return self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._explained(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back on any error."""
        with self._explained(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise  # a rule of the tables, not a fault of the database: whoever wrote knows what it means
        except SQLAlchemyError as error:
            raise self._explain(error) from None

    def _explain(self, error: SQLAlchemyError) -> StoreError:
        said = str(error.orig if isinstance(error, DBAPIError) else error).strip().split("\n")[0]
        lowered = said.lower()
        if "locked" in lowered:
            return StoreBusy(
                f"the database '{self.where}' stayed locked for {self._busy_seconds:g} s",
                "end the program that holds it, then resume",
            )
        if "disk is full" in lowered or "no space left" in lowered or "disk full" in lowered:
            return StoreFull(f"no space left for '{self.where}'", "make room, then resume")
        if "malformed" in lowered or "not a database" in lowered:
            return StoreUnreachable(f"'{self.where}' is no usable database ({said})", "name another --store")
        if "readonly" in lowered or "read-only" in lowered:
            return StoreUnreachable(f"'{self.where}' cannot be written ({said})", "check its rights")
        return StoreUnreachable(f"the database '{self.where}' failed ({said:.200})", "check --store")

    def _migrate(self) -> None:
        with self.engine.connect() as connection:
            found = _revision(connection)
        if found == HEAD:
            return
        if found is not None and found > HEAD:
            raise MigrationNeeded(
                f"'{self.where}' was made by a newer Bakeoff (schema {found}, here {HEAD})",
                "upgrade Bakeoff, or name another --store",
            )
        self._upgrade()

    def _upgrade(self) -> None:
        with self.engine.begin() as connection:
            if self.dialect == "postgresql":  # two first runs at once: one migrates, one waits
                connection.execute(text("SELECT pg_advisory_xact_lock(20261121)"))
            elif self.dialect == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            if _revision(connection) != HEAD:
                _bring_to_head(connection)

    def close(self) -> None:
        self.engine.dispose()


def _bring_to_head(connection: Connection) -> None:
    """Make the tables in an empty database, migrate one that has them.

    A new database is made from the tables themselves: the result is the same (a test compares),
    and the first run need not wait for Alembic to load.
    """
    if not inspect(connection).has_table(RUNS.name):
        METADATA.create_all(connection)
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return str(row[0]) if row else None


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # the URL is not repeated: it may hold a password
        raise ConfigInvalid(
            "what --store or BAKEOFF_STORE gives is no database URL",
            "write it like sqlite:///runs.db or postgresql://host/db",
        ) from None


def _seconds(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise ConfigInvalid(f"'timeout={value}' in the store's URL is no number", "give seconds") from None


def _engine(parsed: URL, busy_seconds: float) -> Engine:
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ConfigInvalid(f"store '{parsed.drivername}' is not supported", "use sqlite:/// or postgresql://")
    if parsed.drivername == "sqlite" and set(parsed.query) - {"timeout"}:
        odd = sorted(set(parsed.query) - {"timeout"})[0]
        raise ConfigInvalid(f"the store's URL has an unknown option '{odd}'", "known: timeout (in seconds)")
    try:
        if parsed.get_backend_name() == "postgresql":
            return create_engine(parsed, pool_pre_ping=True)
        parsed = parsed.difference_update_query(["timeout"])
        engine = create_engine(parsed, connect_args={"timeout": busy_seconds, "check_same_thread": False})
    except (ImportError, NoSuchModuleError):
        raise MissingExtra("the driver for PostgreSQL", "postgres") from None
    if (folder := _folder(parsed)) is not None:
        _make_folder(folder)
    event.listen(engine, "connect", lambda connection, _: _sqlite_settings(connection, busy_seconds))
    return engine


def _folder(parsed: URL) -> Path | None:
    """The folder of an SQLite file; None for a server, and for a database in memory."""
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return None
    return Path(parsed.database).parent


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnreachable(
            f"the folder '{folder}' cannot be made ({error.strerror})", "name another --store or BAKEOFF_HOME"
        ) from None


def _sqlite_settings(connection: DBAPIConnection, busy_seconds: float) -> None:
    cursor = connection.cursor()
    _write_ahead(cursor, time.monotonic() + busy_seconds)
    # FULL: a commit is on the disk when it returns, so the journal behind it may be deleted.
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _write_ahead(cursor: DBAPICursor, until: float) -> None:
    """SQLite waits for no lock when it changes to the write-ahead log, so two first runs at once do."""
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(0.02)
