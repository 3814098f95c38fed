"""Members, keys, directory and proposals as clients see and send them."""

from typing import Annotated, Literal

from pydantic import Field

from tallystick_gateway.kit.wire import AddressHex, Bytes, Hex32, Instant, Wire

from .fields import CodeWord

__all__ = [
    "AddKeyIn",
    "ChangeOut",
    "ChangesOut",
    "CompromiseIn",
    "ConsortiumOut",
    "DirectoryEntryOut",
    "DirectoryOut",
    "ExportIn",
    "ExportOut",
    "KeyOut",
    "KeysOut",
    "MemberOut",
    "MembersOut",
    "ProposalIn",
    "ProposalOut",
    "ProposalsOut",
    "RatificationOut",
    "RatifyIn",
    "RevokeKeyIn",
]

Purpose = Literal["ACT", "RECOVERY", "VALIDATOR", "EXCHANGE", "SEAL", "DOCUMENT"]


class MemberOut(Wire):
    """A member. Names come from consortium.json; state and roles from the chain."""

    member: Hex32
    legal_id: str | None
    name: str | None
    endpoint: str | None
    roles: list[str]
    state: str
    certificate: Hex32
    is_self: bool


class MembersOut(Wire):
    items: list[MemberOut]


class KeyOut(Wire):
    """A key, and whether it counts now: VALID, NOT_YET_VALID, EXPIRED, REVOKED or COMPROMISED."""

    key: Hex32
    address: AddressHex | None
    member: Hex32
    purpose: str
    not_before: Instant
    not_after: Instant
    revoked_at: Instant | None
    compromised_since: Instant | None
    state: str


class KeysOut(Wire):
    items: list[KeyOut]


class AddKeyIn(Wire):
    """A new key of this member. ACT keys need their delay, unless the RECOVERY key signs."""

    purpose: Purpose
    key: Hex32
    not_before: Instant
    not_after: Instant
    sign_with: Literal["ACT", "RECOVERY"] = "ACT"


class RevokeKeyIn(Wire):
    """Revokes at once."""

    reason: CodeWord
    sign_with: Literal["ACT", "RECOVERY"] = "ACT"


class CompromiseIn(Wire):
    """Alone, a member reaches back 72 hours at most."""

    since: Instant
    reason: CodeWord
    sign_with: Literal["ACT", "RECOVERY"] = "ACT"


class DirectoryEntryOut(Wire):
    """A contract: `to_height` is set once another took its name."""

    name: str
    address: AddressHex
    code_hash: Hex32
    from_height: int
    to_height: int | None


class DirectoryOut(Wire):
    items: list[DirectoryEntryOut]


class RatificationOut(Wire):
    member: Hex32
    list_hash: Hex32
    height: int


class ConsortiumOut(Wire):
    """The pinned consortium and how far its ratification is."""

    digest: Hex32
    chain_id: str
    genesis_hash: Hex32
    engine: str
    active: bool
    delay_s: int | None
    threshold: int | None
    ratified: list[RatificationOut]
    missing: list[Hex32]


class RatifyIn(Wire):
    """`digest` is the digest of consortium.json as the founders compared it."""

    digest: Hex32


class ExportIn(Wire):
    """`cards` are card files, as their members wrote them, of members admitted since this gateway's own file."""

    cards: Annotated[list[Annotated[str, Field(max_length=65_536)]], Field(default_factory=list, max_length=255)]


class ExportOut(Wire):
    """`content` is the file, in JCS; `digest` what members compare; it is the state after block `height`.

    Every gateway's export of one state of the chain has the same bytes.
    """

    digest: Hex32
    height: int
    content: str


class ChangeOut(Wire):
    """A change that members decide together: the fields of its payload with their Solidity types."""

    change: str
    fields: dict[str, str]


class ChangesOut(Wire):
    items: list[ChangeOut]


class ProposalIn(Wire):
    """Bytes as hex, addresses with 0x, numbers as digits."""

    change: Annotated[str, Field(max_length=64, examples=["SetThreshold"])]
    payload: dict[str, Annotated[str, Field(max_length=256)]]


class ProposalOut(Wire):
    """A proposal and who approved it.

    `state` is OPEN, EXECUTED, CANCELLED or LAPSED (thirty days are over, or the membership changed). Of the approvals
    `counting` are by members active now; `required` are needed now. `executable` once those and the timelock are there.
    """

    proposal: Hex32
    proposer: Hex32
    change: str
    payload: dict[str, str]
    payload_bytes: Bytes
    state: str
    executable_from: Instant
    lapses_at: Instant
    approvals: list[Hex32]
    counting: int
    required: int
    executable: bool


class ProposalsOut(Wire):
    items: list[ProposalOut]
