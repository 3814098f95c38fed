"""Tables of the kit: events, answers to idempotent writes, assertions already used."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field

from tallystick_gateway.kit.db import Bytes32, Owned, UtcDateTime

__all__ = ["Event", "IdempotentAnswer", "UsedAssertion"]


class Event(Owned, table=True):
    """One thing that happened, in the order of commits. Append-only; `id` is the cursor."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_subject", "subject"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str
    subject: str
    body: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class IdempotentAnswer(Owned, table=True):
    """The first answer to a write, kept in the transaction that did it."""

    __tablename__ = "idempotent_answer"
    __table_args__ = (UniqueConstraint("owner", "client_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    client_id: str
    key: str
    fingerprint: bytes = Field(sa_type=Bytes32)
    status: int
    headers: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    body: bytes
    at: datetime = Field(sa_type=UtcDateTime, index=True)


class UsedAssertion(Owned, table=True):
    """A client assertion that was taken once and MUST NOT be taken again before it expires (RFC 7523 §3)."""

    __tablename__ = "used_assertion"
    __table_args__ = (UniqueConstraint("owner", "client_id", "jti"),)

    id: int | None = Field(default=None, primary_key=True)
    client_id: str
    jti: str
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
