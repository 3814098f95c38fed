"""What the worker does for packages: one after the other, oldest first; a crash begins the one it cut off again."""

import os
from pathlib import Path

import structlog

from tallystick.client import NodeError
from tallystick.errors import TallystickError
from tallystick_gateway.acts.desk import desk_of
from tallystick_gateway.acts.service import submission_state
from tallystick_gateway.kit import events
from tallystick_gateway.kit.db import Session, storage_errors
from tallystick_gateway.kit.errors import problem_of
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.problems import Unexpected
from tallystick_gateway.kit.worker import Task
from tallystick_gateway.watch.errors import BlockMissing, ChainDistrusted, NodeAway
from tallystick_gateway.watch.nodes import NodePool
from tallystick_gateway.watch.watcher import Watcher

from . import repository, service
from .building import Built, build
from .errors import SnapshotFailed
from .models import PackageRow

__all__ = ["BUILD", "Packer", "attach"]

BUILD = "packages.build"
_EVERY_S = 2.0
_WAITING, _BUILDING = "waiting", "building"
_log = structlog.get_logger("packages")


def attach(gateway: Gateway) -> None:
    """Add the task; remove what a crash left half written."""
    folder = gateway.config.packages_path
    if folder.exists():
        for path in folder.glob("*.part"):
            path.unlink(missing_ok=True)
    packer = Packer(gateway, gateway.part(NodePool))
    gateway.worker.add([Task(BUILD, _EVERY_S, packer.step)])


class Packer:
    """One per gateway; `step` is its task."""

    def __init__(self, gateway: Gateway, pool: NodePool) -> None:
        self._gateway = gateway
        self._pool = pool

    def step(self) -> bool:
        """Build the oldest package that waits for nothing; True if there was one.

        Raises a `NodeError`, `NodeAway` or `BlockMissing` if no node answers: the package is built later. One that lies
        is named, and the next is asked; where none is left, the lie is raised, and there is no package.
        """
        row = self._next()
        if row is None:
            return False
        try:
            self._build(row)
        except (NodeError, NodeAway, BlockMissing) as why:
            self._set(row, state=_BUILDING, error=problem_of(why))
            raise
        except ChainDistrusted as lie:
            self._fail(row, lie)
            raise
        except TallystickError as why:
            self._fail(row, why)
        except Exception:
            self._fail(row, Unexpected("Something unforeseen went wrong here."))
            raise
        return True

    def _next(self) -> PackageRow | None:
        """The oldest package that is not kept waiting by its snapshot."""
        with self._gateway.database.read() as session:
            for row in repository.in_states(session, (_BUILDING, _WAITING)):
                snapshot = row.snapshot_submission
                if snapshot is None or submission_state(session, self._gateway, snapshot).done:
                    return row
        return None

    def _build(self, row: PackageRow) -> None:
        self._set(row, state=_BUILDING, error=None)
        with self._gateway.database.read() as session, self._pool.admitted() as node:
            self._require_snapshot(session, row)
            try:
                built = build(session, self._gateway, node, service.asked_for(row))
            except ChainDistrusted as lie:
                self._gateway.part(Watcher).witnesses.condemn(node, lie)
                return
        self._keep(row, built)

    def _require_snapshot(self, session: Session, row: PackageRow) -> None:
        if row.snapshot_submission is None:
            return
        state = submission_state(session, self._gateway, row.snapshot_submission).state
        if state is not desk_of(self._gateway).goal:
            raise SnapshotFailed(f"The snapshot is {state}.", submission_id=row.snapshot_submission)

    def _keep(self, row: PackageRow, built: Built) -> None:
        """The file first, then the row that knows it."""
        with storage_errors():
            _write(service.file_of(self._gateway, row.id), built.content)
        now = self._gateway.clock.now()
        with self._gateway.database.write() as session:
            repository.add_openings(session, row.id, built.opened)
            repository.set_package(
                session,
                row.id,
                state="done",
                ended_at=now,
                error=None,
                file_digest=built.summary.sha256,
                size_bytes=built.summary.size_bytes,
                summary=built.summary.model_dump(mode="json"),
            )
            events.emit(session, now, "package.done", row.id, {"kind": row.kind, "verdict": built.summary.verdict})
        _log.info("package built", package=row.id, kind=row.kind, bytes=built.summary.size_bytes)

    def _fail(self, row: PackageRow, why: TallystickError) -> None:
        now = self._gateway.clock.now()
        with self._gateway.database.write() as session:
            repository.set_package(session, row.id, state="failed", ended_at=now, error=problem_of(why))
            events.emit(session, now, "package.failed", row.id, {"kind": row.kind, "code": why.code})
        _log.warning("package not built", package=row.id, kind=row.kind, code=why.code, detail=str(why))

    def _set(self, row: PackageRow, **columns: object) -> None:
        with self._gateway.database.write() as session:
            repository.set_package(session, row.id, **columns)


def _write(path: Path, content: bytes) -> None:
    """Durably, and for the gateway's own user alone."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
