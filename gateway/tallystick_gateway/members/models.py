"""Tables of the members' projection: what the Consortium contract's events say, as of the last checked block."""

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from tallystick_gateway.kit.db import Bytes20, Bytes32, Owned

__all__ = [
    "ConsortiumRow",
    "DirectoryRow",
    "KeyRow",
    "MemberRow",
    "ProposalApprovalRow",
    "ProposalRow",
    "RatificationRow",
]


class MemberRow(Owned, table=True):
    """A member of the consortium. `roles` is the mask of `tallystick.consortium.Role`."""

    __tablename__ = "members_member"
    __table_args__ = (UniqueConstraint("owner", "member"),)

    id: int | None = Field(default=None, primary_key=True)
    member: bytes = Field(sa_type=Bytes32)
    position: int
    roles: int
    state: str = Field(max_length=16)
    certificate: bytes = Field(sa_type=Bytes32)
    admitted_height: int


class KeyRow(Owned, table=True):
    """A key of a member; addresses stand left-padded in 32 bytes. Times are Unix seconds."""

    __tablename__ = "members_key"
    __table_args__ = (UniqueConstraint("owner", "key"), Index("ix_members_key_member", "owner", "member"))

    id: int | None = Field(default=None, primary_key=True)
    key: bytes = Field(sa_type=Bytes32)
    member: bytes = Field(sa_type=Bytes32)
    purpose: str = Field(max_length=16)
    not_before: int
    not_after: int
    revoked_at: int | None = None
    compromised_since: int | None = None
    added_height: int


class DirectoryRow(Owned, table=True):
    """A contract that the directory names, or named until `to_height`."""

    __tablename__ = "members_directory"
    __table_args__ = (UniqueConstraint("owner", "address"),)

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=32)
    address: bytes = Field(sa_type=Bytes20)
    code_hash: bytes = Field(sa_type=Bytes32)
    from_height: int
    to_height: int | None = None


class RatificationRow(Owned, table=True):
    """The list of contracts that a founder stands by; its latest counts."""

    __tablename__ = "members_ratification"
    __table_args__ = (UniqueConstraint("owner", "member"),)

    id: int | None = Field(default=None, primary_key=True)
    member: bytes = Field(sa_type=Bytes32)
    list_hash: bytes = Field(sa_type=Bytes32)
    number: int
    height: int


class ConsortiumRow(Owned, table=True):
    """The consortium's own settings. One row. `epoch` counts changes of membership, as the contract does."""

    __tablename__ = "members_consortium"
    __table_args__ = (UniqueConstraint("owner"),)

    id: int | None = Field(default=None, primary_key=True)
    active: bool = False
    epoch: int = 0
    delay_s: int | None = None
    threshold: int | None = None


class ProposalRow(Owned, table=True):
    """A proposal of a change; its id is the act id of the proposal."""

    __tablename__ = "members_proposal"
    __table_args__ = (UniqueConstraint("owner", "proposal"),)

    id: int | None = Field(default=None, primary_key=True)
    proposal: bytes = Field(sa_type=Bytes32)
    proposer: bytes = Field(sa_type=Bytes32)
    change: int
    payload: bytes = Field(sa_type=LargeBinary)
    epoch: int
    executable_from: int
    lapses_at: int
    state: str = Field(max_length=16)
    height: int


class ProposalApprovalRow(Owned, table=True):
    """A member's approval of a proposal."""

    __tablename__ = "members_approval"
    __table_args__ = (UniqueConstraint("owner", "proposal", "member"),)

    id: int | None = Field(default=None, primary_key=True)
    proposal: bytes = Field(sa_type=Bytes32)
    member: bytes = Field(sa_type=Bytes32)
    height: int
