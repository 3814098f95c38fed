"""Tables of the watcher: the blocks it took, where it stands, and what has no other home."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field

from tallystick_gateway.kit.db import Bytes32, Owned, UtcDateTime

__all__ = ["AnchorRow", "AuditRow", "BlockRow"]


class BlockRow(Owned, table=True):
    """A block that was checked and whose events were taken, in one transaction with this row."""

    __tablename__ = "watch_block"
    __table_args__ = (UniqueConstraint("owner", "height"),)

    id: int | None = Field(default=None, primary_key=True)
    height: int
    hash: bytes = Field(sa_type=Bytes32)
    time: int
    events: int


class AnchorRow(Owned, table=True):
    """An anchor of a member's log: records `first_index` … `first_index + count − 1` under `root`."""

    __tablename__ = "watch_anchor"
    __table_args__ = (
        UniqueConstraint("owner", "member", "stream", "first_index"),
        Index("ix_watch_anchor_act", "owner", "act_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    member: bytes = Field(sa_type=Bytes32)
    stream: bytes = Field(sa_type=Bytes32)
    first_index: int
    count: int
    root: bytes = Field(sa_type=Bytes32)
    previous: bytes = Field(sa_type=Bytes32)
    act_id: bytes = Field(sa_type=Bytes32)
    height: int
    transaction_hash: bytes = Field(sa_type=Bytes32)
    log_index: int


class AuditRow(Owned, table=True):
    """One audit of the whole chain: its progress while it runs, its findings when it has ended."""

    __tablename__ = "watch_audit"

    id: str = Field(primary_key=True, max_length=32)
    state: str = Field(max_length=16)
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    height: int = 0
    head: int = 0
    report: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
