"""Tables of the watcher: the blocks it took, where it stands, and what has no other home."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from tallystick_gateway.kit.db import Bytes20, Bytes32, Owned, UtcDateTime

__all__ = ["AnchorRow", "AuditRow", "BlockRow", "EpochRow", "ValidatorRow"]


class BlockRow(Owned, table=True):
    """A block that was checked and whose events were taken, in one transaction with this row.

    `header` are the header's bytes with its seals, as we were given them; None on a chain without seals.
    """

    __tablename__ = "watch_block"
    __table_args__ = (UniqueConstraint("owner", "height"),)

    id: int | None = Field(default=None, primary_key=True)
    height: int
    hash: bytes = Field(sa_type=Bytes32)
    time: int
    events: int
    header: bytes | None = Field(default=None, sa_type=LargeBinary)


class EpochRow(Owned, table=True):
    """A set of validators and the blocks it seals, from `first` to `last` (None: still open), as the watcher found."""

    __tablename__ = "watch_epoch"
    __table_args__ = (UniqueConstraint("owner", "first"),)

    id: int | None = Field(default=None, primary_key=True)
    first: int
    last: int | None = None
    members: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    """Hex of each address, and of the member whose validator it is."""

    @property
    def validators(self) -> dict[bytes, bytes]:
        """The members by their validators' addresses, these ascending."""
        return {bytes.fromhex(address): bytes.fromhex(member) for address, member in sorted(self.members.items())}


class ValidatorRow(Owned, table=True):
    """An address that seals or sealed, or that the contract's list names or named, and what was seen of it.

    `sealed` counts seals in the headers that we were given; nodes keep a quorum of them, not all.
    """

    __tablename__ = "watch_validator"
    __table_args__ = (UniqueConstraint("owner", "address"),)

    id: int | None = Field(default=None, primary_key=True)
    address: bytes = Field(sa_type=Bytes20)
    member: bytes = Field(sa_type=Bytes32)
    governed: bool = False
    """Whether the contract's list names it now; of nobody while there is no contract."""
    withdrawn_at: int | None = None
    """The block in which the list dropped it before it sealed."""
    proposed: int = 0
    sealed: int = 0
    last_proposed: int | None = None
    last_sealed: int | None = None


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
