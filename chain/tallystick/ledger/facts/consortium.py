"""Events of `Consortium` (`IConsortium.sol`).

`act_id` is the act, or the executed proposal, that did it; zeros at deployment.
"""

from dataclasses import dataclass

from tallystick.acts import ContractEntry
from tallystick.ledger.codes import Change, KeyPurpose, MemberState

from .reading import U8, U64, U256, Account, Blob, Bytes32, Fact

__all__ = [
    "CompromiseReported",
    "ConsortiumActivated",
    "ContractRegistered",
    "DelayChanged",
    "KeyAdded",
    "KeyRevocationRecorded",
    "MemberAdmitted",
    "MemberStateChanged",
    "ProposalApproved",
    "ProposalExecuted",
    "ProposalMade",
    "ProposalWithdrawn",
    "Ratified",
    "RolesChanged",
    "ThresholdChanged",
    "TimeNoted",
]


@dataclass(frozen=True, slots=True)
class MemberAdmitted(Fact):
    """A member was founded or admitted, active from now on."""

    act_id: Bytes32
    member: Bytes32
    roles: U8
    index: U8
    certificate: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class MemberStateChanged(Fact):
    """A member was suspended, reinstated or expelled."""

    act_id: Bytes32
    member: Bytes32
    previous: MemberState
    state: MemberState
    reason: Bytes32
    epoch: U64
    chain_id: U256


@dataclass(frozen=True, slots=True)
class RolesChanged(Fact):
    """A member has other roles."""

    act_id: Bytes32
    member: Bytes32
    previous_roles: U8
    roles: U8
    chain_id: U256


@dataclass(frozen=True, slots=True)
class KeyAdded(Fact):
    """A key takes effect at `not_before`; `signer` is zero at deployment and for a governed change."""

    act_id: Bytes32
    key: Bytes32
    member: Bytes32
    signer: Account
    purpose: KeyPurpose
    not_before: U64
    not_after: U64
    chain_id: U256


@dataclass(frozen=True, slots=True)
class KeyRevocationRecorded(Fact):
    """A key ended."""

    act_id: Bytes32
    key: Bytes32
    member: Bytes32
    signer: Account
    purpose: KeyPurpose
    revoked_at: U64
    reason: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class CompromiseReported(Fact):
    """A key may have been in other hands since `since`; `previous_since` is zero on the first report."""

    act_id: Bytes32
    key: Bytes32
    member: Bytes32
    signer: Account
    purpose: KeyPurpose
    previous_since: U64
    since: U64
    reason: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class Ratified(Fact):
    """A founder stands by this list of contracts."""

    act_id: Bytes32
    list_hash: Bytes32
    member: Bytes32
    signer: Account
    contracts: tuple[ContractEntry, ...]
    chain_id: U256


@dataclass(frozen=True, slots=True)
class ConsortiumActivated(Fact):
    """Every founder ratified the same list."""

    act_id: Bytes32
    list_hash: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class ContractRegistered(Fact):
    """The directory names this address, in place of `previous`."""

    act_id: Bytes32
    name: Bytes32
    deployed: Account
    previous: Account
    code_hash: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class DelayChanged(Fact):
    """The timelock is another, in seconds."""

    act_id: Bytes32
    previous_delay: U64
    delay: U64
    chain_id: U256


@dataclass(frozen=True, slots=True)
class ThresholdChanged(Fact):
    """The least number of approvals is another."""

    act_id: Bytes32
    previous_threshold: U8
    threshold: U8
    chain_id: U256


@dataclass(frozen=True, slots=True)
class ProposalMade(Fact):
    """A change is proposed, and approved by its proposer."""

    act_id: Bytes32
    member: Bytes32
    signer: Account
    change: Change
    payload: Blob
    epoch: U64
    executable_from: U64
    lapses_at: U64
    chain_id: U256


@dataclass(frozen=True, slots=True)
class ProposalApproved(Fact):
    """A member approved; `approvals` counts those of members active now."""

    act_id: Bytes32
    proposal: Bytes32
    member: Bytes32
    signer: Account
    approvals: U256
    chain_id: U256


@dataclass(frozen=True, slots=True)
class ProposalWithdrawn(Fact):
    """The proposer took its proposal back."""

    act_id: Bytes32
    proposal: Bytes32
    member: Bytes32
    signer: Account
    chain_id: U256


@dataclass(frozen=True, slots=True)
class ProposalExecuted(Fact):
    """A decided change was carried out; its effects stand before this event."""

    act_id: Bytes32
    change: Change
    approvals: U256
    required: U256
    chain_id: U256


@dataclass(frozen=True, slots=True)
class TimeNoted(Fact):
    """The digest of a time-stamp token: what follows is later than that token."""

    act_id: Bytes32
    token_digest: Bytes32
    member: Bytes32
    signer: Account
    chain_id: U256
