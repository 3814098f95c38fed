"""Events of `RecordLog` (`IRecordLog.sol`), and the one that every contract has (`IActRecorder.sol`)."""

from dataclasses import dataclass
from typing import ClassVar

from .reading import U64, U256, Account, Bytes32, Fact

__all__ = ["ActCancelled", "Anchored"]


@dataclass(frozen=True, slots=True)
class Anchored(Fact):
    """`member` anchored records `first_index` … `first_index + count − 1` of its log under the RFC 6962 `root`."""

    emitters: ClassVar[tuple[str, ...]] = ("RecordLog",)

    act_id: Bytes32
    stream: Bytes32
    member: Bytes32
    signer: Account
    first_index: U64
    count: U64
    root: Bytes32
    previous: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class ActCancelled(Fact):
    """`member` burnt its act `cancelled`, or withdrew the matter that it opened."""

    emitters: ClassVar[tuple[str, ...]] = ("Consortium", "LoanLedger", "RecordLog")

    act_id: Bytes32
    cancelled: Bytes32
    member: Bytes32
    signer: Account
    chain_id: U256
