"""Events of `RecordLog` (`IRecordLog.sol`)."""

from dataclasses import dataclass

from .reading import U64, U256, Account, Bytes32, Fact

__all__ = ["Anchored"]


@dataclass(frozen=True, slots=True)
class Anchored(Fact):
    """`member` anchored records `first_index` … `first_index + count − 1` of its log under the RFC 6962 `root`."""

    act_id: Bytes32
    stream: Bytes32
    member: Bytes32
    signer: Account
    first_index: U64
    count: U64
    root: Bytes32
    previous: Bytes32
    chain_id: U256
