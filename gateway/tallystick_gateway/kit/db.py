"""The database: one SQLite file in WAL mode, and transactions that only their boundary can commit (`gateway.md`).

A request, a task or a block is one transaction. `Database.write()` and `Database.read()` are those boundaries;
a service gets a `Session` and cannot commit it.
"""

import errno
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import sqlmodel
from sqlalchemy import DateTime, LargeBinary, MetaData, create_engine, event
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from tallystick_gateway.kit.errors import GatewayError

__all__ = [
    "Base",
    "Bytes20",
    "Bytes32",
    "CommitOutsideBoundary",
    "Database",
    "DatabaseAway",
    "Owned",
    "Session",
    "StorageFull",
    "UtcDateTime",
    "begin_by_event",
    "is_flushing",
    "storage_errors",
]

_BUSY_TIMEOUT_MS = 30_000
_JOURNAL_LIMIT_BYTES = 64 * 1024 * 1024
_CONNECTIONS = 48


class StorageFull(GatewayError):
    """The disk is full: nothing of this request was recorded"""

    status = 507
    code = "storage.full"
    advice = "Free disk space where the gateway's home is; then send the same request again with the same key."


class DatabaseAway(GatewayError):
    """The database does not answer"""

    status = 503
    code = "database.away"
    advice = "Look at the gateway's log and /ready; the same request can be sent again with the same key."


class CommitOutsideBoundary(RuntimeError):
    """A service tried to commit: only `Database.write` does (a defect, not an operator's error)."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored in UTC. SQLite gives naive values back; this gives aware ones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class _FixedBytes(TypeDecorator[bytes]):
    """Exactly `length` bytes."""

    impl = LargeBinary
    cache_ok = True
    size: int

    def __init__(self) -> None:
        super().__init__(self.size)

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        if value is not None and len(value) != self.size:
            raise ValueError(f"{len(value)} bytes where {self.size} belong")
        return value


class Bytes32(_FixedBytes):
    """A digest, an id, a key: 32 bytes."""

    size = 32
    cache_ok = True


class Bytes20(_FixedBytes):
    """An address: 20 bytes."""

    size = 20
    cache_ok = True


class Base(SQLModel):
    """Root of all tables: constraints are named, so that migrations can alter them on SQLite."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Owned(Base):
    """A row that belongs to a member. Every table derives from this; `kit.scoping` keeps owners apart."""

    owner: bytes = Field(default=b"", sa_type=Bytes32, nullable=False)


class Session(sqlmodel.Session):
    """A unit of work of one owner. Its commit belongs to the boundary that opened it."""

    @property
    def owner(self) -> bytes:
        """The member whose rows this session sees and writes."""
        owner: bytes = self.info["owner"]
        return owner

    @property
    def now(self) -> datetime:
        """The time by the clock of the gateway whose session this is."""
        now: datetime = self.info["clock"]()
        return now

    def commit(self) -> NoReturn:
        raise CommitOutsideBoundary("only Database.write commits")

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        token = _flushing.set(True)
        try:
            super().flush(objects)
        finally:
            _flushing.reset(token)


_flushing: ContextVar[bool] = ContextVar("flushing", default=False)


def is_flushing() -> bool:
    """True while a session of this context writes its own objects (by primary key, owners checked before)."""
    return _flushing.get()


class Database:
    """One SQLite file. Writes are one at a time (SQLite's rule); reads see a snapshot and never wait for them.

    Durable: what `write()` has ended without an error survives `kill -9` and power loss (WAL, synchronous=FULL).
    """

    def __init__(self, path: Path, owner: bytes, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path
        self.owner = owner
        self._clock = clock
        self.engine = _engine(path)
        self._writer = threading.Lock()
        self._writing = threading.local()
        self._listeners: list[Callable[[], None]] = []

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction, committed on leaving; rolled back whole if anything is raised.

        Raises `StorageFull` or `DatabaseAway` if the file cannot take it.
        """
        if getattr(self._writing, "active", False):
            raise CommitOutsideBoundary("a transaction was opened inside another")
        with self._writer, storage_errors():
            self._writing.active = True
            try:
                with self._session(self.engine.execution_options(tally_begin="IMMEDIATE")) as session, session.begin():
                    yield session
            finally:
                self._writing.active = False
        for listener in list(self._listeners):
            listener()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A snapshot; whatever is changed in it is thrown away."""
        with storage_errors(), self._session(self.engine) as session:
            yield session

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener` (quick, thread-safe) after each committed write."""
        self._listeners.append(listener)

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _session(self, engine: Engine) -> Session:
        return Session(engine, info={"owner": self.owner, "clock": self._clock}, autoflush=True, expire_on_commit=False)


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn "disk full" and "database away", from SQLite or the operating system, into our errors."""
    try:
        yield
    except DBAPIError as refused:
        original = refused.orig
        if not isinstance(original, sqlite3.OperationalError):
            raise
        raise _in_words(original) from refused
    except OSError as refused:
        if refused.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("The disk is full.") from refused
        raise


def _in_words(refused: sqlite3.OperationalError) -> GatewayError:
    reason = str(refused)
    if refused.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
        return StorageFull("The disk is full.")
    return DatabaseAway(f"The database refused: {reason}.")


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=_CONNECTIONS - 8,
        connect_args={"timeout": _BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )
    begin_by_event(engine)
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    """Set what a durable WAL file needs."""
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
        f"journal_size_limit = {_JOURNAL_LIMIT_BYTES}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def begin_by_event(engine: Engine) -> None:
    """Begin transactions ourselves: pysqlite's own way would leave DDL outside of them."""
    event.listen(engine, "connect", _hands_off)
    event.listen(engine, "begin", _begin)


def _hands_off(connection: Any, _record: object) -> None:
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("tally_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
