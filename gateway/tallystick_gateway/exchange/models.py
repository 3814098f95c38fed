"""Tables of the exchange: what goes to partners, what came from them, where they answer."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from tallystick_gateway.kit.db import Bytes32, Owned, UtcDateTime

__all__ = ["DocumentRow", "InboxRow", "OutboxRow", "PartnerRow"]


class OutboxRow(Owned, table=True):
    """A message to a partner, one for each (partner, kind, subject). `content` is dropped when it has ended."""

    __tablename__ = "exchange_outbox"
    __table_args__ = (
        UniqueConstraint("owner", "recipient", "kind", "subject"),
        UniqueConstraint("owner", "message"),
        Index("ix_exchange_outbox_due", "owner", "state", "next_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    message: bytes = Field(sa_type=Bytes32)
    recipient: bytes = Field(sa_type=Bytes32)
    kind: str = Field(max_length=32)
    subject: str = Field(max_length=200)
    content: bytes | None = Field(default=None, sa_type=LargeBinary)
    state: str = Field(max_length=16)
    attempts: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    next_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    code: str | None = Field(default=None, max_length=64)
    detail: str | None = Field(default=None, max_length=500)


class InboxRow(Owned, table=True):
    """A message that was taken or refused for good, once; `digest` is the SHA-256 of its body."""

    __tablename__ = "exchange_inbox"
    __table_args__ = (UniqueConstraint("owner", "sender", "message"),)

    id: int | None = Field(default=None, primary_key=True)
    message: bytes = Field(sa_type=Bytes32)
    sender: bytes = Field(sa_type=Bytes32)
    kind: str = Field(max_length=32)
    subject: str = Field(max_length=200)
    digest: bytes = Field(sa_type=Bytes32)
    outcome: str = Field(max_length=16)
    code: str | None = Field(default=None, max_length=64)
    detail: str | None = Field(default=None, max_length=500)
    received_at: datetime = Field(sa_type=UtcDateTime)
    repetitions: int = 0


class PartnerRow(Owned, table=True):
    """Where a member answers, where the operator knows better than its card."""

    __tablename__ = "exchange_partner"
    __table_args__ = (UniqueConstraint("owner", "member"),)

    id: int | None = Field(default=None, primary_key=True)
    member: bytes = Field(sa_type=Bytes32)
    endpoint: str = Field(max_length=500)
    set_at: datetime = Field(sa_type=UtcDateTime)


class DocumentRow(Owned, table=True):
    """A sealed document, of ours or for us. Its ciphertext is in the store under `ciphertext_digest`.

    `wrapped_keys` (hex by reader) is emptied when it is erased; `readers` stays: they may hold a copy.
    """

    __tablename__ = "exchange_document"
    __table_args__ = (UniqueConstraint("owner", "document"),)

    id: int | None = Field(default=None, primary_key=True)
    document: bytes = Field(sa_type=Bytes32)
    version: int
    sender: bytes = Field(sa_type=Bytes32)
    digest: bytes = Field(sa_type=Bytes32)
    ciphertext_digest: bytes = Field(sa_type=Bytes32)
    size: int
    readers: list[str] = Field(sa_column=Column(JSON, nullable=False))
    wrapped_keys: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    signature: bytes = Field(sa_type=LargeBinary)
    stored_at: datetime = Field(sa_type=UtcDateTime)
    retain_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    erased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
