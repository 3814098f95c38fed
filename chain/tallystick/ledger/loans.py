"""Events about loans paid out and their fate: `Loans.sol`."""

from dataclasses import replace

from .books import LOAN_LEDGER, AgreementEntry, Books, Handlers, LedgerState
from .codes import LOAN_TRANSITIONS, LoanState, MatterKind, Visibility
from .errors import Rule, broken
from .event import Event
from .exposure import release, take
from .facts import ActLinked, Disbursed, HeadAsOf, Reversed, SealedDisbursed, Settled, WrittenOff
from .finding import (
    active_agreement,
    known_loan,
    open_ledger,
    present_book,
    require_named,
    require_new_loan,
    require_visibility,
    servicer_of,
)
from .heads import append, first_head, link, link_from_other
from .matters import everyone_but, open_matter
from .state import Loan
from .terms import date_exists

__all__ = ["HANDLERS"]

_Moved = Reversed | Settled | WrittenOff


def _disbursed(books: Books, fact: Disbursed, event: Event) -> None:
    ledger = open_ledger(books, event)
    _require_date(fact.value_date, event)
    entry = _agreement_to_disburse(books, ledger, fact, Visibility.OPEN, event)
    take(entry, fact, event)
    head = first_head(books.chain_id, event.address, fact.agreement, fact.loan)
    ledger.loans[fact.agreement, fact.loan] = Loan(
        agreement=fact.agreement,
        loan=fact.loan,
        state=LoanState.ACTIVE,
        servicer=None,
        principal=fact.principal,
        count=1,
        carried_count=0,
        head=fact.head,
        history=(link(fact, 0, head, event),),
        disbursement=fact.act_id,
        currency=fact.currency,
        value_date=fact.value_date,
        borrower_tag=fact.borrower_tag,
    )


def _sealed_disbursed(books: Books, fact: SealedDisbursed, event: Event) -> None:
    ledger = open_ledger(books, event)
    entry = _agreement_to_disburse(books, ledger, fact, Visibility.SEALED, event)
    awaiting = everyone_but(entry.members.index(fact.member), entry)
    open_matter(ledger, fact, event, kind=MatterKind.SEALED_LOAN, awaiting=awaiting, loan=fact.loan)
    head = first_head(books.chain_id, event.address, fact.agreement, fact.loan)
    ledger.loans[fact.agreement, fact.loan] = Loan(
        agreement=fact.agreement,
        loan=fact.loan,
        state=LoanState.PENDING,
        servicer=None,
        principal=0,
        count=1,
        carried_count=0,
        head=fact.head,
        history=(link(fact, 0, head, event),),
        disbursement=fact.act_id,
        terms=fact.terms,
    )


def _agreement_to_disburse(
    books: Books, ledger: LedgerState, fact: Disbursed | SealedDisbursed, visibility: Visibility, event: Event
) -> AgreementEntry:
    entry = active_agreement(present_book(books, event), fact.agreement, event)
    require_visibility(entry, visibility, event)
    if fact.member != entry.terms.originator:
        raise broken(event, Rule.ORIGINATOR, f"{fact.member.hex()} is not the originator")
    require_new_loan(books, ledger, fact.agreement, fact.loan, event)
    return entry


def _reversed(books: Books, fact: Reversed, event: Event) -> None:
    _move(books, fact, LoanState.REVERSED, event)


def _settled(books: Books, fact: Settled, event: Event) -> None:
    _require_date(fact.value_date, event)
    _move(books, fact, LoanState.SETTLED, event)


def _written_off(books: Books, fact: WrittenOff, event: Event) -> None:
    _require_date(fact.value_date, event)
    _move(books, fact, LoanState.WRITTEN_OFF, event)


def _move(books: Books, fact: _Moved, state: LoanState, event: Event) -> None:
    """The servicer moves the loan to its next state; what was ACTIVE counts no longer."""
    ledger = open_ledger(books, event)
    loan = known_loan(ledger, fact.agreement, fact.loan, event)
    if fact.member != servicer_of(books, loan, event):
        raise broken(event, Rule.SERVICER, f"{fact.member.hex()} is not the servicer")
    if fact.previous is not loan.state:
        raise broken(event, Rule.OLD_VALUE, f"the loan is {loan.state.name}, not {fact.previous.name}")
    if state not in LOAN_TRANSITIONS[loan.state]:
        raise broken(event, Rule.TRANSITION, f"{state.name} does not follow {loan.state.name}")
    if loan.state is LoanState.ACTIVE and loan.principal:
        release(books, present_book(books, event), loan, event)
    append(ledger, replace(loan, state=state), fact, event)


def _head_as_of(books: Books, fact: HeadAsOf, event: Event) -> None:
    ledger = open_ledger(books, event)
    entry = active_agreement(present_book(books, event), fact.agreement, event)
    require_named(books, entry, fact.member, event)
    loan = known_loan(ledger, fact.agreement, fact.loan, event)
    if fact.count != loan.count:
        raise broken(event, Rule.COUNT, f"the count is {loan.count}, not {fact.count}")
    if fact.head != loan.head:
        raise broken(event, Rule.HEAD, f"the head is {loan.head.hex()}, not {fact.head.hex()}")


def _linked(books: Books, fact: ActLinked, event: Event) -> None:
    """An act that another contract of the directory recorded; the AgreementBook tells its own."""
    ledger = open_ledger(books, event)
    if fact.by not in books.names or fact.by in books.agreement_books:
        raise broken(event, Rule.CONTRACT, f"{fact.by.hex()} is no other contract of the directory")
    entry = active_agreement(present_book(books, event), fact.agreement, event)
    require_named(books, entry, fact.member, event)
    link_from_other(ledger, known_loan(ledger, fact.agreement, fact.loan, event), fact, event)


def _require_date(date: int, event: Event) -> None:
    if not date_exists(date):
        raise broken(event, Rule.DATE, f"{date} is no day")


HANDLERS: Handlers = {
    (LOAN_LEDGER, Disbursed): _disbursed,
    (LOAN_LEDGER, SealedDisbursed): _sealed_disbursed,
    (LOAN_LEDGER, Reversed): _reversed,
    (LOAN_LEDGER, Settled): _settled,
    (LOAN_LEDGER, WrittenOff): _written_off,
    (LOAN_LEDGER, HeadAsOf): _head_as_of,
    (LOAN_LEDGER, ActLinked): _linked,
}
