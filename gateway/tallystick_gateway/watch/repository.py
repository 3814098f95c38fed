"""All SQL of the watcher."""

from collections.abc import Sequence

from sqlalchemy import delete, func, update
from sqlalchemy import select as select_columns
from sqlmodel import col, select

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.scoping import bulk_insert, owned_by, table_of

from .models import AnchorRow, AuditRow, BlockRow

__all__ = [
    "add_anchors",
    "add_block",
    "anchor_count",
    "anchors_of",
    "block_at",
    "find_audit",
    "forget_empty_blocks",
    "last_block",
    "log_ends",
    "next_audit",
    "set_audit",
]

_blocks = table_of(BlockRow)
_audits = table_of(AuditRow)
_anchors = table_of(AnchorRow)


def last_block(session: Session) -> BlockRow | None:
    """The highest block taken; None before genesis."""
    return session.exec(select(BlockRow).order_by(col(BlockRow.height).desc()).limit(1)).first()


def block_at(session: Session, height: int) -> BlockRow | None:
    """The block taken at this height, if it is still remembered."""
    return session.exec(select(BlockRow).where(col(BlockRow.height) == height)).first()


def add_block(session: Session, height: int, hash_: bytes, time: int, events: int) -> None:
    """Note that the block was taken."""
    bulk_insert(session, BlockRow, [{"height": height, "hash": hash_, "time": time, "events": events}])


def forget_empty_blocks(session: Session, below: int) -> None:
    """Drop blocks without events below a height, but for genesis: they are only needed to notice changed history."""
    session.execute(
        delete(_blocks).where(
            owned_by(session, _blocks), _blocks.c.height < below, _blocks.c.height > 0, _blocks.c.events == 0
        )
    )


def add_anchors(session: Session, rows: Sequence[dict[str, object]]) -> None:
    """Add anchors as recorded."""
    bulk_insert(session, AnchorRow, rows)


def anchors_of(
    session: Session, member: bytes, stream: bytes, after: int = -1, limit: int = 1000
) -> Sequence[AnchorRow]:
    """Anchors of one log in order, those that begin after index `after`."""
    query = select(AnchorRow).where(
        col(AnchorRow.member) == member, col(AnchorRow.stream) == stream, col(AnchorRow.first_index) > after
    )
    return session.exec(query.order_by(col(AnchorRow.first_index)).limit(limit)).all()


def anchor_count(session: Session) -> int:
    """How many anchors were recorded by all members."""
    return session.exec(select(func.count()).select_from(AnchorRow)).one()


def find_audit(session: Session, audit_id: str) -> AuditRow | None:
    """The audit, None if there is none."""
    return session.exec(select(AuditRow).where(col(AuditRow.id) == audit_id)).first()


def next_audit(session: Session, states: Sequence[str]) -> AuditRow | None:
    """The oldest audit in one of `states`."""
    query = select(AuditRow).where(col(AuditRow.state).in_(states)).order_by(col(AuditRow.started_at))
    return session.exec(query.limit(1)).first()


def set_audit(session: Session, audit_id: str, **columns: object) -> None:
    """Set columns of one audit."""
    session.execute(update(_audits).where(owned_by(session, _audits), _audits.c.id == audit_id).values(**columns))


def log_ends(session: Session) -> list[tuple[bytes, bytes, int, bytes]]:
    """(member, stream, next index, act id of the last anchor) of every log."""
    ends: dict[tuple[bytes, bytes], tuple[int, bytes]] = {}
    columns = (_anchors.c[name] for name in ("member", "stream", "first_index", "count", "act_id"))
    query = select_columns(*columns).where(owned_by(session, _anchors))
    for member, stream, first_index, count, act_id in session.execute(query.order_by(_anchors.c.first_index)):
        ends[member, stream] = (first_index + count, act_id)
    return [(member, stream, *end) for (member, stream), end in ends.items()]
