"""Events of `LoanLedger` (`ILoanLedger.sol`). Amounts are minor units; count and head are those after the act."""

from dataclasses import dataclass

from tallystick.ledger.codes import LoanState

from .reading import U16, U32, U64, U256, Account, Bytes3, Bytes32, Fact

__all__ = [
    "ActLinked",
    "CarriedLoan",
    "Disbursed",
    "HeadAsOf",
    "LoanAdopted",
    "LoanCoSigned",
    "Reversed",
    "SealedDisbursed",
    "SealedLoanActivated",
    "ServicingTransferProposed",
    "ServicingTransferred",
    "Settled",
    "ShareTransferProposed",
    "WrittenOff",
]


@dataclass(frozen=True, slots=True)
class CarriedLoan:
    """`Loan` of the contract: a loan as the predecessor shows it; `servicer` is zero while the originator services."""

    state: LoanState
    principal: U64
    count: U64
    carried_count: U64
    head: Bytes32
    servicer: Bytes32


@dataclass(frozen=True, slots=True)
class Disbursed(Fact):
    """An OPEN loan was paid out; shares in party order, `value_date` as YYYYMMDD."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    member: Bytes32
    signer: Account
    borrower_tag: Bytes32
    currency: Bytes3
    principal: U64
    shares: tuple[U64, ...]
    value_date: U32
    count: U64
    head: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class SealedDisbursed(Fact):
    """A SEALED loan was paid out, pending until every party signed; `terms` is its digest."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    member: Bytes32
    signer: Account
    terms: Bytes32
    open_until: U64
    count: U64
    head: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class LoanCoSigned(Fact):
    """A party signed a matter of the loan; with nobody awaited it takes effect by the next event."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    member: Bytes32
    signer: Account
    matter: Bytes32
    awaiting: U16
    count: U64
    head: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class SealedLoanActivated(Fact):
    """Every party signed; `act_id` is the disbursement."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class Reversed(Fact):
    """The loan never took place, or its pending disbursement is withdrawn."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    member: Bytes32
    signer: Account
    previous: LoanState
    reason: Bytes32
    count: U64
    head: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class Settled(Fact):
    """The loan is paid, or was recovered after a write-off."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    member: Bytes32
    signer: Account
    previous: LoanState
    value_date: U32
    count: U64
    head: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class WrittenOff(Fact):
    """The servicer wrote the loan off."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    member: Bytes32
    signer: Account
    previous: LoanState
    value_date: U32
    reason: Bytes32
    count: U64
    head: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class ShareTransferProposed(Fact):
    """`member` offers `amount` of its share to `to`; 0 is the whole share of a SEALED loan."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    member: Bytes32
    signer: Account
    to: Bytes32
    amount: U64
    reason: Bytes32
    price: Bytes32
    open_until: U64
    count: U64
    head: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class ServicingTransferProposed(Fact):
    """`member` offers the servicing to `to`."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    member: Bytes32
    signer: Account
    to: Bytes32
    reason: Bytes32
    price: Bytes32
    open_until: U64
    count: U64
    head: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class ServicingTransferred(Fact):
    """Both signed the transfer `act_id`."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    from_: Bytes32
    to: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class HeadAsOf(Fact):
    """A snapshot: the list of acts about the loan up to this place hashes to `head`. Not linked itself."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    member: Bytes32
    signer: Account
    count: U64
    head: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class ActLinked(Fact):
    """Another contract of the directory, `by`, linked an act that it recorded."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    member: Bytes32
    by: Account
    count: U64
    head: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class LoanAdopted(Fact):
    """A loan was carried over as `carried`; count and head include this act."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    member: Bytes32
    signer: Account
    predecessor: Account
    carried: CarriedLoan
    count: U64
    head: Bytes32
    chain_id: U256
