"""The store of the live monitor: SQLite in a file (WAL), or PostgreSQL by URL, one schema (D9).

One process writes entries and projections (`Store.alone` keeps a second one out); screens read and
append acts. A write is one transaction that holds the database's write lock from its beginning.
Every failure of the database becomes a `StoreError` that says what happened and what to do.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlmodel import SQLModel

from detention_monitor.errors import DetentionMonitorError
from detention_monitor.live.schema import HEAD

BUSY_MS = 10_000
"""How long a write waits for another before it gives up."""
MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK_KEY = 0x6465746D  # of the advisory lock in PostgreSQL: "detm"
_CHUNK = 400
_NO_STORE = "no store here; `detention-monitor monitor` makes one, and so do `report review` and `report answers`"

TABLES = SQLModel.metadata.tables
ENTRY, LOG, SET_ASIDE = TABLES["entry"], TABLES["log"], TABLES["set_aside"]
FEED, ASSESSMENT = TABLES["feed"], TABLES["assessment"]
FINDING, ALERT, PROGRESS = TABLES["finding"], TABLES["alert"], TABLES["progress"]
RULESET = TABLES["ruleset"]
PROJECTIONS = (ALERT, FINDING, ASSESSMENT, PROGRESS)


class StoreError(DetentionMonitorError):
    """The store cannot be opened, read or written; says why and what to do."""


# --- opening -----------------------------------------------------------------------------------


def address(text: str) -> URL:
    """Return the URL of a store: a path stands for SQLite, `postgresql://` for PostgreSQL."""
    if "://" not in text:
        return URL.create("sqlite", database=text)
    try:
        url = make_url(text)
    except ArgumentError:
        raise StoreError(f"'{text[:200]}' is not the address of a database") from None
    match url.get_backend_name():
        case "sqlite" if url.database:
            return url
        case "postgresql":
            return url.set(drivername="postgresql+psycopg")
    shown = url.render_as_string(hide_password=True)
    raise StoreError(f"{shown}: the store is a file, sqlite:///PATH or postgresql://...")


CHANNEL = "custody_store"
"""On which PostgreSQL tells those who listen that something was written."""


class Store:
    """An open store. Close it when done."""

    def __init__(self, engine: Engine, url: URL) -> None:
        """Use `Store.open`."""
        self.engine, self.url = engine, url
        self.name = url.render_as_string(hide_password=True)
        self._held: Connection | None = None

    @classmethod
    def open(cls, text: str, *, create: bool = True) -> Store:
        """Open a store and bring it to this program's schema; `create` one where there is none.

        Raises `StoreError`: not there, not a store, locked, or written by a newer program.
        """
        url = address(text)
        if url.get_backend_name() == "sqlite":
            _make_private(Path(str(url.database)), create=create)
        store = cls(_engine(url), url)
        try:
            store._bring_up(create=create)
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def revision(self) -> str | None:
        """Return the revision of the schema; None where there is none yet."""
        with self.read() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            found = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
            return None if found is None else str(found)

    def _bring_up(self, *, create: bool) -> None:
        now = self.revision()
        if now == HEAD:
            return
        if now is not None and now not in known_revisions():
            raise StoreError(
                f"{self.name}: written by a newer program (schema {now}, this one knows {HEAD}); "
                "use that program"
            )
        if now is None and not create:
            raise StoreError(f"{self.name}: {_NO_STORE}")
        self.migrate("head")

    def migrate(self, revision: str) -> None:
        """Bring the schema up or down to a revision (`head`, `base`, or its number)."""
        from alembic import command  # slow to import, and needed only when the schema changes

        before = self.revision()
        up = revision == "head" or (revision != "base" and (before is None or revision > before))
        with self.write() as connection:
            config = _alembic()
            config.attributes["connection"] = connection
            (command.upgrade if up else command.downgrade)(config, revision)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the store."""
        with self._clear(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in a transaction that writes: all of it or nothing."""
        with self._clear(), self.engine.connect() as opened:
            connection = opened.execution_options(writes=True)
            with connection.begin():
                if self.url.get_backend_name() == "postgresql":
                    lock = sa.text("SELECT pg_advisory_xact_lock(:key)")
                    connection.execute(lock, {"key": _LOCK_KEY})
                yield connection
                if self.url.get_backend_name() == "postgresql":
                    connection.execute(sa.text(f"NOTIFY {CHANNEL}"))

    def forget_old_pages(self) -> str:
        """Have the database let go of what was erased; return why it could not, or nothing."""
        with self._clear():
            if self.url.get_backend_name() == "postgresql":
                with self.engine.connect() as opened:
                    connection = opened.execution_options(isolation_level="AUTOCOMMIT")
                    for table in (ENTRY, LOG, SET_ASIDE, *PROJECTIONS):
                        connection.execute(sa.text(f'VACUUM "{table.name}"'))
                return ""
            raw = self.engine.raw_connection()  # no transaction may be open
            try:
                [busy, *_] = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                raw.close()
        wal = "the journal (-wal) still holds old pages until the programs that read are closed"
        return wal if busy else ""

    @contextmanager
    def _clear(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise StoreError(f"{self.name}: {_cause(error)}") from error
        except SQLAlchemyError as error:
            raise StoreError(f"{self.name}: {error}") from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the store as its one monitor; raise `StoreError` if another one does."""
        if self.url.get_backend_name() == "postgresql":
            try:
                self.hold()
                yield
            finally:
                self._let_go()
            return
        descriptor = os.open(f"{self.url.database}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise StoreError(self._taken()) from None
            yield
        finally:
            os.close(descriptor)

    def hold(self) -> None:
        """Take the lock of a PostgreSQL store, again if the server let go of it meanwhile."""
        if self.url.get_backend_name() != "postgresql":
            return  # the lock of a file is lost with the process only
        self._let_go()
        with self._clear():
            connection = self.engine.connect()
            try:
                ask = sa.text("SELECT pg_try_advisory_lock(:key)")
                taken = connection.scalar(ask, {"key": _LOCK_KEY + 1})
                connection.commit()
            except BaseException:
                connection.invalidate()
                connection.close()
                raise
        self._held = connection
        if not taken:
            raise StoreError(self._taken())

    def _taken(self) -> str:
        return f"{self.name}: another monitor works on this store; stop it first"

    def _let_go(self) -> None:
        if self._held is not None:
            with suppress(SQLAlchemyError):
                self._held.invalidate()
                self._held.close()
            self._held = None


def _alembic() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def known_revisions() -> list[str]:
    """Return the revisions of the schema that this program knows, the newest first."""
    from alembic.script import ScriptDirectory

    return [each.revision for each in ScriptDirectory.from_config(_alembic()).walk_revisions()]


def _make_private(path: Path, *, create: bool) -> None:
    """Make the file of a new store, readable by its owner alone from its first moment."""
    if path.is_dir():
        raise StoreError(f"{path}: a folder; name a file in it")
    if path.exists():
        return
    if not create:
        raise StoreError(f"{path}: {_NO_STORE}")
    if not path.parent.is_dir():
        raise StoreError(f"{path.parent}: no such folder; make it first")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError(f"{path}: cannot be made: {error.strerror}") from error


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        try:
            return sa.create_engine(
                url, pool_pre_ping=True, connect_args={"connect_timeout": BUSY_MS // 1000}
            )
        except ModuleNotFoundError as error:
            raise StoreError(
                "PostgreSQL needs its driver: pip install 'detention-monitor[postgresql]'"
            ) from error
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we begin ourselves, below
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # an act once confirmed survives a power cut
    connection.execute("PRAGMA secure_delete = ON")  # what is erased is not left in the file


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _cause(error: DBAPIError) -> str:
    text = " ".join(str(error.orig).split())[:300]
    if "database is locked" in text:
        wait = BUSY_MS // 1000
        return f"locked by another program for more than {wait} s; close what holds it ({text})"
    if "not a database" in text or "malformed" in text:
        return f"not a store, or damaged; restore it from a copy ({text})"
    if "readonly" in text or "unable to open" in text:
        return f"cannot be written; check who owns the file and its folder ({text})"
    if "is full" in text or "disk I/O" in text:
        return f"the disk is full or failing ({text})"
    if error.connection_invalidated or "connection" in text or "closed" in text:
        return f"the database does not answer; check that it runs ({text})"
    return text


# --- entries -----------------------------------------------------------------------------------

_encode = msgspec.json.Encoder(order="sorted").encode


def packed(value: object) -> str:
    """Return a value as JSON text; equal values give equal text."""
    return _encode(value).decode()


def plain(text: str | None) -> str | None:
    """Return text that every database holds: PostgreSQL takes no NUL."""
    return None if text is None else text.replace("\0", "\N{SYMBOL FOR NULL}")
