"""One gateway process per SQLite file: a file lock that the kernel drops with its holder, and a heartbeat beside it."""

import json
import os
import socket
import threading
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from tallystick_gateway.kit.clock import Clock, rfc3339
from tallystick_gateway.kit.errors import GatewayError

__all__ = ["Lease", "LeaseHeld"]

HEARTBEAT_S = 5.0


class LeaseHeld(GatewayError):
    """Another gateway runs on this database"""

    status = 503
    code = "lease.held"
    advice = "Stop that gateway first, or give this one a home of its own (`--home`)."


class Lease:
    """Holds `gateway.db` for this process: `with Lease(database_path, clock): …`.

    Raises `LeaseHeld`, naming host, process and last heartbeat of the holder, if another process has it.
    """

    def __init__(self, database: Path, clock: Clock) -> None:
        self._clock = clock
        self._lock = FileLock(database.with_name(database.name + ".lock"))
        self._note = database.with_name(database.name + ".lease.json")
        self._stop = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="lease-heartbeat", daemon=True)
        self._since: datetime | None = None

    def __enter__(self) -> Self:
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise self._held() from None
        self._since = self._clock.now()
        self._write()
        self._heart.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._heart.join()
        self._note.unlink(missing_ok=True)
        self._lock.release()

    def _held(self) -> LeaseHeld:
        try:
            holder = json.loads(self._note.read_text(encoding="utf-8"))
            who = f"process {holder['pid']} on {holder['host']}, since {holder['since']}, seen {holder['heartbeat']}"
        except (OSError, ValueError, KeyError, TypeError):
            holder, who = {}, "a process that has just started"
        return LeaseHeld(f"The database is held by {who}.", holder=holder)

    def _beat(self) -> None:
        while not self._stop.wait(HEARTBEAT_S):
            self._write()

    def _write(self) -> None:
        """Best effort: the lock decides; the note only tells who holds it (a full disk must not end the gateway)."""
        note = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": rfc3339(self._since) if self._since else None,
            "heartbeat": rfc3339(self._clock.now()),
        }
        fresh = self._note.with_suffix(".new")
        try:
            fresh.write_text(json.dumps(note), encoding="utf-8")
            fresh.replace(self._note)
        except OSError:
            fresh.unlink(missing_ok=True)
