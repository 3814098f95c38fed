"""What the acts of books and ledgers stand on: the contracts themselves, agreements, parties and loans."""

from collections.abc import Mapping
from typing import TypeVar

from tallystick.keys import Address

from .books import AGREEMENT_BOOK, LOAN_LEDGER, AgreementEntry, Books, BookState, LedgerState, SucceedingState
from .codes import AgreementState, LoanState, Visibility
from .errors import Rule, broken
from .event import Event
from .state import Loan

__all__ = [
    "active_agreement",
    "carried_agreement",
    "carried_loan",
    "known_loan",
    "open_book",
    "open_ledger",
    "party_index",
    "predecessor_of",
    "present_book",
    "present_ledger",
    "require_named",
    "require_new_loan",
    "require_outstanding",
    "require_visibility",
    "servicer_of",
]

_State = TypeVar("_State", bound=SucceedingState)


def open_book(books: Books, event: Event) -> BookState:
    """The AgreementBook that emitted the event; refused by `frozen` if it takes no acts any more."""
    return _open(books.agreement_books, event)


def open_ledger(books: Books, event: Event) -> LedgerState:
    """The LoanLedger that emitted the event; refused by `frozen` if it takes no acts any more."""
    return _open(books.loan_ledgers, event)


def present_book(books: Books, event: Event) -> BookState:
    """The AgreementBook that the directory names, which the other contracts ask; refused by `contract` without one."""
    return _present(books, AGREEMENT_BOOK, books.agreement_books, event)


def present_ledger(books: Books, event: Event) -> LedgerState:
    """The LoanLedger that the directory names, which the other contracts ask; refused by `contract` without one."""
    return _present(books, LOAN_LEDGER, books.loan_ledgers, event)


def active_agreement(book: BookState, agreement: bytes, event: Event) -> AgreementEntry:
    """The agreement; refused by `agreement` unless it is active in this book."""
    entry = book.agreements.get(agreement)
    if entry is None or entry.state is not AgreementState.ACTIVE:
        state = "unknown" if entry is None else entry.state.name
        raise broken(event, Rule.AGREEMENT, f"{agreement.hex()} is {state}")
    return entry


def require_visibility(entry: AgreementEntry, visibility: Visibility, event: Event) -> None:
    """Refuse by `visibility` an act that is not for such agreements."""
    if entry.terms.visibility != visibility:
        raise broken(event, Rule.VISIBILITY, f"the agreement is not {visibility.name}")


def party_index(entry: AgreementEntry, member: bytes, event: Event) -> int:
    """The position of the member among the parties; refused by `party` if it is none."""
    if member not in entry.members:
        raise broken(event, Rule.PARTY, f"{member.hex()} is no party")
    return entry.members.index(member)


def require_named(books: Books, entry: AgreementEntry, member: bytes, event: Event) -> None:
    """Refuse by `named` who is no party, nor depository or arbitrator, nor in a role that the agreement names."""
    known = books.members.get(member)
    terms = entry.terms
    by_role = known is not None and known.roles & terms.attesting_roles
    if not by_role and member not in (terms.depository, terms.arbitrator, *entry.members):
        raise broken(event, Rule.NAMED, f"{member.hex()} is not named by the agreement")


def known_loan(ledger: LedgerState, agreement: bytes, loan: bytes, event: Event) -> Loan:
    """The loan; refused by `loan` if this ledger does not have it."""
    found = ledger.loans.get((agreement, loan))
    if found is None:
        raise broken(event, Rule.LOAN, f"there is no loan {loan.hex()}")
    return found


def require_new_loan(books: Books, ledger: LedgerState, agreement: bytes, loan: bytes, event: Event) -> None:
    """Refuse by `loan` one that exists, here or in a predecessor."""
    if (agreement, loan) in ledger.loans or (ledger.predecessor and carried_loan(books, ledger, agreement, loan)):
        raise broken(event, Rule.LOAN, f"loan {loan.hex()} exists")


def require_outstanding(loan: Loan, event: Event) -> None:
    """Refuse by `transfer` a loan of which nothing can be transferred."""
    if loan.state not in (LoanState.ACTIVE, LoanState.WRITTEN_OFF):
        raise broken(event, Rule.TRANSFER, f"the loan is {loan.state.name}")


def servicer_of(books: Books, loan: Loan, event: Event) -> bytes:
    """The member that services the loan: the originator, until it was transferred."""
    return loan.servicer or active_agreement(present_book(books, event), loan.agreement, event).terms.originator


def predecessor_of(contracts: Mapping[Address, _State], state: _State) -> _State | None:
    """The contract before: the one it adopted from, or else the one that the directory named before it."""
    address = state.predecessor or state.named_before
    return None if address is None else contracts.get(address)


def carried_agreement(books: Books, book: BookState, agreement: bytes) -> AgreementEntry | None:
    """The agreement as the predecessor shows it: its own, or that of its predecessor, and so on."""
    before = predecessor_of(books.agreement_books, book)
    while before is not None and agreement not in before.agreements:
        before = predecessor_of(books.agreement_books, before)
    return None if before is None else before.agreements[agreement]


def carried_loan(books: Books, ledger: LedgerState, agreement: bytes, loan: bytes) -> Loan | None:
    """The loan as the predecessor shows it: its own, or that of its predecessor, and so on."""
    before = predecessor_of(books.loan_ledgers, ledger)
    while before is not None and (agreement, loan) not in before.loans:
        before = predecessor_of(books.loan_ledgers, before)
    return None if before is None else before.loans[agreement, loan]


def _open(contracts: Mapping[Address, _State], event: Event) -> _State:
    state = contracts[event.address]
    if state.frozen:
        raise broken(event, Rule.FROZEN, "the contract is frozen")
    return state


def _present(books: Books, name: str, contracts: Mapping[Address, _State], event: Event) -> _State:
    address = books.addresses.get(name)
    if address is None:
        raise broken(event, Rule.CONTRACT, f"the directory has no {name}")
    return contracts[address]
