"""Events of `AgreementBook` (`IAgreementBook.sol`). Amounts are minor units; count and head are the loan's, after."""

from dataclasses import dataclass

from tallystick.acts import AgreementTerms

from .reading import U16, U64, U256, Account, Bytes32, Fact

__all__ = [
    "AgreementActivated",
    "AgreementAdopted",
    "AgreementCoSigned",
    "AgreementProposed",
    "ExposureReduced",
    "ShareTransferred",
]


@dataclass(frozen=True, slots=True)
class AgreementProposed(Fact):
    """A party proposed and signed; `act_id` is the matter that the others co-sign."""

    act_id: Bytes32
    agreement: Bytes32
    member: Bytes32
    signer: Account
    terms: AgreementTerms
    open_until: U64
    chain_id: U256


@dataclass(frozen=True, slots=True)
class AgreementCoSigned(Fact):
    """Another party signed; `awaiting` has bit i set for each party still to sign."""

    act_id: Bytes32
    agreement: Bytes32
    member: Bytes32
    signer: Account
    matter: Bytes32
    awaiting: U16
    chain_id: U256


@dataclass(frozen=True, slots=True)
class AgreementActivated(Fact):
    """Every party signed; `act_id` is the proposal."""

    act_id: Bytes32
    agreement: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class ShareTransferred(Fact):
    """Both signed the transfer `act_id`; shares are those after it (SEALED: 0 and 1)."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    from_: Bytes32
    to: Bytes32
    amount: U64
    share_of_from: U64
    share_of_to: U64
    chain_id: U256


@dataclass(frozen=True, slots=True)
class ExposureReduced(Fact):
    """Two parties agreed what was repaid: by how much their shares fell, and what they are; `act_id` is the result."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    first: Bytes32
    second: Bytes32
    amount_of_first: U64
    amount_of_second: U64
    share_of_first: U64
    share_of_second: U64
    count: U64
    head: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class AgreementAdopted(Fact):
    """An agreement was carried over with its exposures and shares."""

    act_id: Bytes32
    agreement: Bytes32
    member: Bytes32
    signer: Account
    predecessor: Account
    terms: AgreementTerms
    exposures: tuple[U64, ...]
    chain_id: U256
