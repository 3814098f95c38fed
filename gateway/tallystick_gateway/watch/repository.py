"""All SQL of the watcher."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, update
from sqlalchemy import select as select_columns
from sqlmodel import col, select

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.scoping import bulk_insert, owned_by, table_of

from .models import AnchorRow, AuditRow, BlockRow, EpochRow, ValidatorRow
from .upsert import upsert

__all__ = [
    "add_anchors",
    "add_block",
    "anchor_count",
    "anchors_of",
    "block_at",
    "count_seals",
    "epochs",
    "find_audit",
    "forget_empty_blocks",
    "governed_set",
    "last_block",
    "log_ends",
    "next_audit",
    "sealing_set",
    "set_audit",
    "set_epochs",
    "set_governed",
    "validators",
]

_blocks = table_of(BlockRow)
_audits = table_of(AuditRow)
_anchors = table_of(AnchorRow)
_validators = table_of(ValidatorRow)


def last_block(session: Session) -> BlockRow | None:
    """The highest block taken; None before genesis."""
    return session.exec(select(BlockRow).order_by(col(BlockRow.height).desc()).limit(1)).first()


def block_at(session: Session, height: int) -> BlockRow | None:
    """The block taken at this height, if it is still remembered."""
    return session.exec(select(BlockRow).where(col(BlockRow.height) == height)).first()


def add_block(session: Session, height: int, hash_: bytes, time: int, events: int, header: bytes | None = None) -> None:
    """Note that the block was taken."""
    row = {"height": height, "hash": hash_, "time": time, "events": events, "header": header}
    bulk_insert(session, BlockRow, [row])


def forget_empty_blocks(session: Session, below: int) -> None:
    """Drop blocks without events below a height, but for genesis: they are only needed to notice changed history."""
    session.execute(
        delete(_blocks).where(
            owned_by(session, _blocks), _blocks.c.height < below, _blocks.c.height > 0, _blocks.c.events == 0
        )
    )


def epochs(session: Session) -> Sequence[EpochRow]:
    """The epochs of the validators' sets in order, the last one open; none on a chain without seals."""
    return session.exec(select(EpochRow).order_by(col(EpochRow.first))).all()


def set_epochs(session: Session, rows: Sequence[dict[str, object]]) -> None:
    """Add epochs, or end those that are there; `first`, `last` and `members` as in `EpochRow`."""
    upsert(session, EpochRow, rows, key=["first"], overwrite=["last"])


def validators(session: Session) -> Sequence[ValidatorRow]:
    """Everybody who seals or sealed, or was in the contract's list, by address."""
    return session.exec(select(ValidatorRow).order_by(col(ValidatorRow.address))).all()


def sealing_set(session: Session) -> frozenset[bytes]:
    """The validators that the last block taken lists; empty on a chain without seals."""
    open_epoch = session.exec(select(EpochRow).where(col(EpochRow.last).is_(None))).first()
    return frozenset(open_epoch.validators) if open_epoch else frozenset()


def governed_set(session: Session) -> frozenset[bytes] | None:
    """The validators in the contract's list as of the last block taken; None while there is no contract."""
    query = select(ValidatorRow.address).where(col(ValidatorRow.governed))
    return frozenset(session.exec(query).all()) or None


def set_governed(session: Session, rows: Sequence[dict[str, object]]) -> None:
    """Note whom the contract's list names or not: `address`, `member`, `governed` and `withdrawn_at` of each."""
    unseen = {"proposed": 0, "sealed": 0}
    overwrite = ["governed", "withdrawn_at"]
    upsert(session, ValidatorRow, [unseen | row for row in rows], key=["address"], overwrite=overwrite)


def count_seals(
    session: Session, proposed: Mapping[bytes, Sequence[int]], sealed: Mapping[bytes, Sequence[int]]
) -> None:
    """Count blocks for those who proposed and sealed them, given by their heights, these ascending."""
    for counter, last, heights_of in (("proposed", "last_proposed", proposed), ("sealed", "last_sealed", sealed)):
        for address, heights in heights_of.items():
            mine = (owned_by(session, _validators), _validators.c.address == address)
            counted = {counter: _validators.c[counter] + len(heights), last: heights[-1]}
            session.execute(update(_validators).where(*mine).values(counted))


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
