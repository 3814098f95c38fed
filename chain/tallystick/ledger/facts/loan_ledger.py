"""Events of `LoanLedger` (`ILoanLedger.sol`). Amounts are minor units; count and head are those after the act."""

from dataclasses import dataclass
from typing import ClassVar

from tallystick.acts import AgreementTerms
from tallystick.ledger.codes import LoanState, MatterKind

from .reading import U8, U16, U32, U64, U256, Account, Bytes3, Bytes32, Fact

__all__ = [
    "ActLinked",
    "AgreementActivated",
    "AgreementAdopted",
    "AgreementCoSigned",
    "AgreementProposed",
    "Disbursed",
    "ExposureReduced",
    "HeadAsOf",
    "LedgerFrozen",
    "LoanAdopted",
    "LoanCoSigned",
    "LoanView",
    "MatterWithdrawn",
    "Reversed",
    "SealedDisbursed",
    "SealedLoanActivated",
    "ServicingTransferProposed",
    "ServicingTransferred",
    "Settled",
    "ShareTransferProposed",
    "ShareTransferred",
    "WrittenOff",
]


class LoanLedgerFact(Fact):
    """An event of `LoanLedger`."""

    __slots__ = ()
    emitters: ClassVar[tuple[str, ...]] = ("LoanLedger",)


@dataclass(frozen=True, slots=True)
class LoanView:
    """A loan as the contract shows it; `servicer` is a party index, `given_away` a mask of party indices."""

    state: LoanState
    servicer: U8
    given_away: U16
    principal: U64
    count: U64
    carried_count: U64
    head: Bytes32
    shares: tuple[U64, ...]


@dataclass(frozen=True, slots=True)
class AgreementProposed(LoanLedgerFact):
    """A party proposed and signed; `act_id` is the matter that the others co-sign."""

    act_id: Bytes32
    agreement: Bytes32
    member: Bytes32
    signer: Account
    terms: AgreementTerms
    open_until: U64
    chain_id: U256


@dataclass(frozen=True, slots=True)
class AgreementCoSigned(LoanLedgerFact):
    """Another party signed; `awaiting` has bit i set for each party still to sign."""

    act_id: Bytes32
    agreement: Bytes32
    member: Bytes32
    signer: Account
    matter: Bytes32
    awaiting: U16
    chain_id: U256


@dataclass(frozen=True, slots=True)
class AgreementActivated(LoanLedgerFact):
    """Every party signed; `act_id` is the proposal."""

    act_id: Bytes32
    agreement: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class MatterWithdrawn(LoanLedgerFact):
    """Who opened the matter withdrew it by the cancellation `act_id`."""

    act_id: Bytes32
    matter: Bytes32
    member: Bytes32
    kind: MatterKind
    agreement: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class Disbursed(LoanLedgerFact):
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
class SealedDisbursed(LoanLedgerFact):
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
class LoanCoSigned(LoanLedgerFact):
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
class SealedLoanActivated(LoanLedgerFact):
    """Every party signed; `act_id` is the disbursement."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class Reversed(LoanLedgerFact):
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
class Settled(LoanLedgerFact):
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
class WrittenOff(LoanLedgerFact):
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
class ShareTransferProposed(LoanLedgerFact):
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
class ShareTransferred(LoanLedgerFact):
    """Both signed the transfer `act_id`; shares are those after it (0 if SEALED)."""

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
class ServicingTransferProposed(LoanLedgerFact):
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
class ServicingTransferred(LoanLedgerFact):
    """Both signed the transfer `act_id`."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    from_: Bytes32
    to: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class HeadAsOf(LoanLedgerFact):
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
class ActLinked(LoanLedgerFact):
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
class ExposureReduced(LoanLedgerFact):
    """Two parties agreed what was repaid: their shares before and after; `act_id` is the agreed result."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    first: Bytes32
    second: Bytes32
    previous_share_of_first: U64
    share_of_first: U64
    previous_share_of_second: U64
    share_of_second: U64
    count: U64
    head: Bytes32
    chain_id: U256


@dataclass(frozen=True, slots=True)
class LedgerFrozen(LoanLedgerFact):
    """This ledger takes no more acts; `successor` is the one the directory names."""

    successor: Account
    chain_id: U256


@dataclass(frozen=True, slots=True)
class AgreementAdopted(LoanLedgerFact):
    """An agreement was carried over with its exposures, loans not adopted yet included."""

    act_id: Bytes32
    agreement: Bytes32
    member: Bytes32
    signer: Account
    predecessor: Account
    terms: AgreementTerms
    exposures: tuple[U64, ...]
    chain_id: U256


@dataclass(frozen=True, slots=True)
class LoanAdopted(LoanLedgerFact):
    """A loan was carried over as `carried`; count and head include this act."""

    act_id: Bytes32
    agreement: Bytes32
    loan: Bytes32
    member: Bytes32
    signer: Account
    carried: LoanView
    count: U64
    head: Bytes32
    chain_id: U256
