"""What the acts of a ledger stand on: the ledger itself, its agreements, parties and loans, here or carried."""

from .books import AgreementBook, Books, LedgerBook
from .codes import AgreementState, LoanState, Visibility
from .errors import Rule, broken
from .event import Event
from .state import Loan

__all__ = [
    "active_agreement",
    "carried_agreement",
    "carried_loan",
    "known_loan",
    "open_ledger",
    "party_index",
    "predecessor_of",
    "require_named",
    "require_new_loan",
    "require_outstanding",
    "require_visibility",
]


def open_ledger(books: Books, event: Event) -> LedgerBook:
    """The ledger that emitted the event; refused by `frozen` if it takes no acts any more."""
    ledger = books.ledgers[event.address]
    if ledger.frozen:
        raise broken(event, Rule.FROZEN, "the ledger is frozen")
    return ledger


def active_agreement(ledger: LedgerBook, agreement: bytes, event: Event) -> AgreementBook:
    """The agreement; refused by `agreement` unless it is active in this ledger."""
    book = ledger.agreements.get(agreement)
    if book is None or book.state is not AgreementState.ACTIVE:
        state = "unknown" if book is None else book.state.name
        raise broken(event, Rule.AGREEMENT, f"{agreement.hex()} is {state}")
    return book


def require_visibility(book: AgreementBook, visibility: Visibility, event: Event) -> None:
    """Refuse by `visibility` an act that is not for such agreements."""
    if book.terms.visibility != visibility:
        raise broken(event, Rule.VISIBILITY, f"the agreement is not {visibility.name}")


def party_index(book: AgreementBook, member: bytes, event: Event) -> int:
    """The position of the member among the parties; refused by `party` if it is none."""
    if member not in book.members:
        raise broken(event, Rule.PARTY, f"{member.hex()} is no party")
    return book.members.index(member)


def require_named(books: Books, book: AgreementBook, member: bytes, event: Event) -> None:
    """Refuse by `named` who is no party, nor depository or arbitrator, nor in a role that the agreement names."""
    known = books.members.get(member)
    terms = book.terms
    by_role = known is not None and known.roles & terms.attesting_roles
    if not by_role and member not in (terms.depository, terms.arbitrator, *book.members):
        raise broken(event, Rule.NAMED, f"{member.hex()} is not named by the agreement")


def known_loan(ledger: LedgerBook, agreement: bytes, loan: bytes, event: Event) -> Loan:
    """The loan; refused by `loan` if this ledger does not have it."""
    found = ledger.loans.get((agreement, loan))
    if found is None:
        raise broken(event, Rule.LOAN, f"there is no loan {loan.hex()}")
    return found


def require_new_loan(books: Books, ledger: LedgerBook, agreement: bytes, loan: bytes, event: Event) -> None:
    """Refuse by `loan` one that exists, here or in a predecessor."""
    if (agreement, loan) in ledger.loans or (ledger.predecessor and carried_loan(books, ledger, agreement, loan)):
        raise broken(event, Rule.LOAN, f"loan {loan.hex()} exists")


def require_outstanding(loan: Loan, event: Event) -> None:
    """Refuse by `transfer` a loan of which nothing can be transferred."""
    if loan.state not in (LoanState.ACTIVE, LoanState.WRITTEN_OFF):
        raise broken(event, Rule.TRANSFER, f"the loan is {loan.state.name}")


def predecessor_of(books: Books, ledger: LedgerBook) -> LedgerBook | None:
    """The ledger before: the one it adopted from, or else the one that the directory named before it."""
    address = ledger.predecessor or ledger.named_before
    return None if address is None else books.ledgers.get(address)


def carried_agreement(books: Books, ledger: LedgerBook, agreement: bytes) -> AgreementBook | None:
    """The agreement as the predecessor shows it: its own, or that of its predecessor, and so on."""
    before = predecessor_of(books, ledger)
    while before is not None and agreement not in before.agreements:
        before = predecessor_of(books, before)
    return None if before is None else before.agreements[agreement]


def carried_loan(books: Books, ledger: LedgerBook, agreement: bytes, loan: bytes) -> Loan | None:
    """The loan as the predecessor shows it: its own, or that of its predecessor, and so on."""
    before = predecessor_of(books, ledger)
    while before is not None and (agreement, loan) not in before.loans:
        before = predecessor_of(books, before)
    return None if before is None else before.loans[agreement, loan]
