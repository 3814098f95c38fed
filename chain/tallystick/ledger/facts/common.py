"""Events that several contracts have (`IActRecorder.sol`, `IJointActs.sol`, `ISucceeding.sol`)."""

from dataclasses import dataclass

from tallystick.ledger.codes import MatterKind

from .reading import U256, Account, Bytes32, Fact

__all__ = ["ActCancelled", "ContractFrozen", "MatterWithdrawn"]


@dataclass(frozen=True, slots=True)
class ActCancelled(Fact):
    """`member` burnt its act `cancelled`, or withdrew the matter that it opened."""

    act_id: Bytes32
    cancelled: Bytes32
    member: Bytes32
    signer: Account
    chain_id: U256


@dataclass(frozen=True, slots=True)
class MatterWithdrawn(Fact):
    """Who opened the matter withdrew it by the cancellation `act_id`."""

    act_id: Bytes32
    matter: Bytes32
    member: Bytes32
    kind: MatterKind
    agreement: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class ContractFrozen(Fact):
    """This contract takes no more acts; `successor` is the one the directory names."""

    successor: Account
    chain_id: U256
