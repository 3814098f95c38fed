"""Tables of agreements: the projection of the ledger's events, and the secrets that this gateway holds."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, LargeBinary, UniqueConstraint
from sqlmodel import Field

from tallystick_gateway.kit.db import Bytes32, Owned, UtcDateTime

__all__ = ["AgreementPartyRow", "AgreementRow", "AgreementSecretRow", "MatterRow"]


class AgreementRow(Owned, table=True):
    """An agreement. `state` is REQUESTED until our own proposal is recorded, then what the chain says.

    Amounts are minor units of `currency`. `terms` are all terms as they go over the wire.
    """

    __tablename__ = "agreements_agreement"
    __table_args__ = (UniqueConstraint("owner", "agreement"),)

    id: int | None = Field(default=None, primary_key=True)
    agreement: bytes = Field(sa_type=Bytes32)
    state: str = Field(max_length=16)
    visibility: str = Field(max_length=8)
    currency: str = Field(max_length=3)
    originator: bytes = Field(sa_type=Bytes32)
    loan_limit: int
    total_limit: int
    exposure: int = 0
    calendar: str = Field(max_length=64)
    time_zone: str = Field(max_length=64)
    cut_off: int
    terms: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    submission_id: str | None = Field(default=None, max_length=32)
    proposal: bytes | None = Field(default=None, sa_type=Bytes32)
    proposer: bytes | None = Field(default=None, sa_type=Bytes32)
    open_until: int | None = None
    proposed_height: int | None = None
    active_height: int | None = None


class AgreementPartyRow(Owned, table=True):
    """A party of an agreement, in the order of the terms. `exposure` is the sum of its shares of active loans."""

    __tablename__ = "agreements_party"
    __table_args__ = (UniqueConstraint("owner", "agreement", "position"),)

    id: int | None = Field(default=None, primary_key=True)
    agreement: bytes = Field(sa_type=Bytes32)
    position: int
    member: bytes = Field(sa_type=Bytes32)
    share_bps: int
    limit_minor: int
    exposure: int = 0
    signed: bool = False


class AgreementSecretRow(Owned, table=True):
    """An agreement's secret, wrapped by the gateway's kek."""

    __tablename__ = "agreements_secret"
    __table_args__ = (UniqueConstraint("owner", "agreement"),)

    id: int | None = Field(default=None, primary_key=True)
    agreement: bytes = Field(sa_type=Bytes32)
    wrapped: bytes = Field(sa_type=LargeBinary)
    opened_from_file: bool
    stored_at: datetime = Field(sa_type=UtcDateTime)


class MatterRow(Owned, table=True):
    """What one act opened and others co-sign: an agreement, a sealed loan, a transfer."""

    __tablename__ = "agreements_matter"
    __table_args__ = (UniqueConstraint("owner", "matter"),)

    id: int | None = Field(default=None, primary_key=True)
    matter: bytes = Field(sa_type=Bytes32)
    kind: str = Field(max_length=20)
    agreement: bytes = Field(sa_type=Bytes32)
    loan: bytes | None = Field(default=None, sa_type=Bytes32)
    opened_by: bytes = Field(sa_type=Bytes32)
    awaiting: int
    state: str = Field(max_length=16)
    open_until: int
    details: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
