"""Events about loans paid out and their fate: `Loans.sol`."""

from collections.abc import Mapping
from dataclasses import replace

from tallystick.money import apportion

from .books import AgreementBook, Books, Handler, LedgerBook
from .codes import LOAN_TRANSITIONS, LoanState, MatterKind, Visibility
from .errors import Rule, broken
from .event import Event
from .facts import Disbursed, Fact, HeadAsOf, Reversed, SealedDisbursed, Settled, WrittenOff
from .finding import (
    active_agreement,
    known_loan,
    open_ledger,
    require_named,
    require_new_loan,
    require_visibility,
)
from .heads import first_head, link
from .matters import everyone_but, open_matter
from .state import Loan
from .terms import date_exists

__all__ = ["HANDLERS"]

_Moved = Reversed | Settled | WrittenOff


def _disbursed(books: Books, fact: Disbursed, event: Event) -> None:
    ledger = open_ledger(books, event)
    book = _agreement_to_disburse(books, ledger, fact, Visibility.OPEN, event)
    _require_date(fact.value_date, event)
    if fact.currency != book.terms.currency:
        raise broken(event, Rule.CURRENCY, f"the agreement is in {book.terms.currency!r}, not {fact.currency!r}")
    _take_exposure(book, fact, event)
    head = first_head(books.chain_id, event.address, fact.agreement, fact.loan)
    ledger.loans[fact.agreement, fact.loan] = Loan(
        agreement=fact.agreement,
        loan=fact.loan,
        state=LoanState.ACTIVE,
        servicer=book.members.index(fact.member),
        principal=fact.principal,
        shares=fact.shares,
        given_away=0,
        count=1,
        carried_count=0,
        head=fact.head,
        history=(link(fact, 0, head, event),),
        disbursement=fact.act_id,
        currency=fact.currency,
        value_date=fact.value_date,
        borrower_tag=fact.borrower_tag,
    )


def _take_exposure(book: AgreementBook, fact: Disbursed, event: Event) -> None:
    principal, terms = fact.principal, book.terms
    if principal == 0:
        raise broken(event, Rule.PRINCIPAL, "the principal is zero")
    if principal > terms.loan_limit:
        raise broken(event, Rule.LOAN_LIMIT, f"{principal} exceeds the limit {terms.loan_limit} of a loan")
    if book.exposure + principal > terms.total_limit:
        raise broken(
            event, Rule.TOTAL_LIMIT, f"{book.exposure} + {principal} exceeds the limit {terms.total_limit} of all loans"
        )
    shares = apportion(principal, book.bps)
    if fact.shares != shares:
        raise broken(event, Rule.SHARES, f"the shares of {principal} are {shares}, not {fact.shares}")
    exposures = [exposure + share for exposure, share in zip(book.exposures, shares, strict=True)]
    for party, (exposure, limit) in enumerate(zip(exposures, book.limits, strict=True)):
        if exposure > limit:
            raise broken(event, Rule.PARTY_LIMIT, f"{exposure} exceeds the limit {limit} of party {party}")
    book.exposures = exposures
    book.exposure += principal


def _sealed_disbursed(books: Books, fact: SealedDisbursed, event: Event) -> None:
    ledger = open_ledger(books, event)
    book = _agreement_to_disburse(books, ledger, fact, Visibility.SEALED, event)
    originator = book.members.index(fact.member)
    open_matter(
        ledger,
        fact,
        event,
        kind=MatterKind.SEALED_LOAN,
        loan=fact.loan,
        giver=originator,
        taker=originator,
        amount=0,
        awaiting=everyone_but(originator, book),
    )
    head = first_head(books.chain_id, event.address, fact.agreement, fact.loan)
    ledger.loans[fact.agreement, fact.loan] = Loan(
        agreement=fact.agreement,
        loan=fact.loan,
        state=LoanState.PENDING,
        servicer=originator,
        principal=0,
        shares=(0,) * len(book.members),
        given_away=0,
        count=1,
        carried_count=0,
        head=fact.head,
        history=(link(fact, 0, head, event),),
        disbursement=fact.act_id,
        terms=fact.terms,
    )


def _agreement_to_disburse(
    books: Books, ledger: LedgerBook, fact: Disbursed | SealedDisbursed, visibility: Visibility, event: Event
) -> AgreementBook:
    book = active_agreement(ledger, fact.agreement, event)
    require_visibility(book, visibility, event)
    if fact.member != book.terms.originator:
        raise broken(event, Rule.ORIGINATOR, f"{fact.member.hex()} is not the originator")
    require_new_loan(books, ledger, fact.agreement, fact.loan, event)
    return book


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
    book = active_agreement(ledger, fact.agreement, event)
    loan = known_loan(ledger, fact.agreement, fact.loan, event)
    if fact.member != book.members[loan.servicer]:
        raise broken(event, Rule.SERVICER, f"{fact.member.hex()} is not the servicer")
    if fact.previous is not loan.state:
        raise broken(event, Rule.OLD_VALUE, f"the loan is {loan.state.name}, not {fact.previous.name}")
    if state not in LOAN_TRANSITIONS[loan.state]:
        raise broken(event, Rule.TRANSITION, f"{state.name} does not follow {loan.state.name}")
    if loan.state is LoanState.ACTIVE:
        book.exposures = [exposure - share for exposure, share in zip(book.exposures, loan.shares, strict=True)]
        book.exposure -= sum(loan.shares)
    linked = link(fact, loan.count, loan.head, event)
    ledger.loans[fact.agreement, fact.loan] = replace(
        loan, state=state, count=fact.count, head=fact.head, history=(*loan.history, linked)
    )


def _head_as_of(books: Books, fact: HeadAsOf, event: Event) -> None:
    ledger = open_ledger(books, event)
    require_named(books, active_agreement(ledger, fact.agreement, event), fact.member, event)
    loan = known_loan(ledger, fact.agreement, fact.loan, event)
    if fact.count != loan.count:
        raise broken(event, Rule.COUNT, f"the count is {loan.count}, not {fact.count}")
    if fact.head != loan.head:
        raise broken(event, Rule.HEAD, f"the head is {loan.head.hex()}, not {fact.head.hex()}")


def _require_date(date: int, event: Event) -> None:
    if not date_exists(date):
        raise broken(event, Rule.DATE, f"{date} is no day")


HANDLERS: Mapping[type[Fact], Handler] = {
    Disbursed: _disbursed,
    SealedDisbursed: _sealed_disbursed,
    Reversed: _reversed,
    Settled: _settled,
    WrittenOff: _written_off,
    HeadAsOf: _head_as_of,
}
