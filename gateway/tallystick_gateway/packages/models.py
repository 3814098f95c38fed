"""Tables of packages: each one asked for, what of our records it lays open, and where acts stand in the chain."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field

from tallystick_gateway.kit.db import Bytes32, Owned, UtcDateTime

__all__ = ["OpeningRow", "PackageRow", "PlaceRow"]


class PackageRow(Owned, table=True):
    """A package from request to file. `request` is the body as asked for; `file_digest` of the file in `packages/`.

    `summary` is what the finished package is, as `/v1/packages` shows it; `error` why there is none (problem details).
    """

    __tablename__ = "packages_package"
    __table_args__ = (Index("ix_packages_package_sequence", "owner", "sequence", unique=True),)

    id: str = Field(primary_key=True, max_length=32)
    sequence: int
    client_id: str
    kind: str = Field(max_length=16)
    request: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    state: str = Field(max_length=16)
    snapshot_submission: str | None = Field(default=None, max_length=32)
    requested_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    file_digest: bytes | None = Field(default=None, sa_type=Bytes32)
    size_bytes: int | None = None
    summary: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    error: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))


class OpeningRow(Owned, table=True):
    """A record of ours that a package lays open, in part or `whole`: whoever has the package can read that for good."""

    __tablename__ = "packages_opening"
    __table_args__ = (Index("ix_packages_opening_record", "owner", "stream", "log_index"),)

    package_id: str = Field(primary_key=True, foreign_key="packages_package.id", max_length=32)
    stream: bytes = Field(primary_key=True, sa_type=Bytes32)
    log_index: int = Field(primary_key=True)
    whole: bool


class PlaceRow(Owned, table=True):
    """Where the event of an act stands: of the acts that neither a loan's history nor a log's anchors place.

    `log_index` counts the block's logs from 0. `agreement` and `loan` are what the act is about, where it is.
    """

    __tablename__ = "packages_place"
    __table_args__ = (
        UniqueConstraint("owner", "act_id"),
        Index("ix_packages_place_about", "owner", "agreement", "loan"),
        Index("ix_packages_place_member", "owner", "contract", "member"),
    )

    id: int | None = Field(default=None, primary_key=True)
    act_id: bytes = Field(sa_type=Bytes32)
    contract: str = Field(max_length=32)
    event: str = Field(max_length=32)
    member: bytes = Field(sa_type=Bytes32)
    agreement: bytes | None = Field(default=None, sa_type=Bytes32)
    loan: bytes | None = Field(default=None, sa_type=Bytes32)
    height: int
    log_index: int
