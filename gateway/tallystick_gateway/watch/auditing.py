"""Audits as jobs: asked for by a client, run by the worker one after the other, followed by their row."""

import secrets
from typing import Any

import structlog

from tallystick.client import NodeError
from tallystick.errors import TallystickError
from tallystick_gateway.acts.desk import desk_of
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.events import emit
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.scoping import bulk_insert

from . import repository
from .audit import Audit, Findings
from .errors import AuditUnknown, BlockMissing, NodeLied
from .identity import Chain
from .models import AuditRow
from .nodes import NodePool
from .watcher import Watcher

__all__ = ["Auditor", "find", "request"]

_TOLD_EVERY_S = 1.0
_log = structlog.get_logger("audit")


def request(session: Session, gateway: Gateway) -> str:
    """Ask for an audit; its id. One that waits already is enough for everybody. Raises `NotJoined`."""
    desk_of(gateway).consortium  # noqa: B018  # raises where there is nothing to audit
    if waiting := repository.next_audit(session, ["WAITING"]):
        return waiting.id
    audit_id = secrets.token_hex(16)
    row = {"id": audit_id, "state": "WAITING", "started_at": gateway.clock.now(), "report": {}}
    bulk_insert(session, AuditRow, [{**row, "height": 0, "head": 0}])
    return audit_id


def find(session: Session, audit_id: str) -> AuditRow:
    """The audit. Raises `AuditUnknown`."""
    row = repository.find_audit(session, audit_id)
    if row is None:
        raise AuditUnknown(f"There is no audit {audit_id}.", audit_id=audit_id)
    return row


class Auditor:
    """One per gateway. `step` is its task; an audit that a crash cut off runs again from the beginning."""

    def __init__(self, gateway: Gateway, pool: NodePool) -> None:
        self._gateway = gateway
        self._pool = pool
        self._told_at = gateway.clock.now()

    def step(self) -> bool:
        """Run the oldest audit that waits; True if there was one.

        Raises a `NodeError`, `NodeAway` or `BlockMissing` if no node answers. One that lies is given up, and the audit
        begins anew with the next.
        """
        with self._gateway.database.read() as session:
            row = repository.next_audit(session, ["RUNNING", "WAITING"])
            audit_id = row.id if row else None
        if audit_id is None:
            return False
        self._tell(audit_id, state="RUNNING", started_at=self._gateway.clock.now())
        chain = Chain(desk_of(self._gateway).consortium)

        def progress(findings: Findings) -> None:
            now = self._gateway.clock.now()
            if (now - self._told_at).total_seconds() >= _TOLD_EVERY_S:
                self._told_at = now
                self._tell(audit_id, height=findings.height, head=findings.head)

        with self._pool.admitted() as node:
            audit = Audit(self._gateway, chain, node, progress)
            try:
                report, state = audit.run(), "DONE"
            except (NodeError, BlockMissing):
                raise
            except TallystickError as failed:
                if chain.sealed and isinstance(failed, NodeLied) and len(self._pool.nodes) > 1:
                    self._gateway.part(Watcher).witnesses.condemn(node, failed)
                    return True
                report, state = {"agreed": False, "code": failed.code, "detail": str(failed)}, "FAILED"
                _log.critical("the audit failed", code=failed.code, detail=str(failed))
        self._end(audit_id, state, report, audit.findings)
        return True

    def _end(self, audit_id: str, state: str, report: dict[str, Any], findings: Findings) -> None:
        now = self._gateway.clock.now()
        with self._gateway.database.write() as session:
            repository.set_audit(
                session,
                audit_id,
                state=state,
                ended_at=now,
                report=report,
                height=findings.height,
                head=findings.head,
            )
            emit(session, now, "audit.ended", audit_id, {"state": state, "agreed": report["agreed"]})

    def _tell(self, audit_id: str, **columns: object) -> None:
        with self._gateway.database.write() as session:
            repository.set_audit(session, audit_id, **columns)
