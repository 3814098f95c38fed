"""Tables of the roots: the Consortium contract's events that they are made of, and what this member signed."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field

from tallystick_gateway.kit.db import Bytes32, Owned, UtcDateTime

__all__ = ["RootsEventRow", "RootsSignedRow"]


class RootsEventRow(Owned, table=True):
    """An event of the Consortium contract in a checked block; bytes in `values` are hex. `time` is the block's."""

    __tablename__ = "roots_event"
    __table_args__ = (UniqueConstraint("owner", "height", "log_index"),)

    id: int | None = Field(default=None, primary_key=True)
    height: int
    transaction_index: int
    log_index: int
    time: int
    transaction_hash: bytes = Field(sa_type=Bytes32)
    name: str = Field(max_length=32)
    parameters: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class RootsSignedRow(Owned, table=True):
    """The one version after `previous` (zeros: the first) that this member stands by."""

    __tablename__ = "roots_signed"
    __table_args__ = (UniqueConstraint("owner", "previous"),)

    id: int | None = Field(default=None, primary_key=True)
    previous: bytes = Field(sa_type=Bytes32)
    digest: bytes = Field(sa_type=Bytes32)
    as_of_height: int
    signed_at: datetime = Field(sa_type=UtcDateTime)
