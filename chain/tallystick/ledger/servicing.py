"""Events about servicing that passes on, and SEALED loans that every party signed: `Servicing.sol`."""

from dataclasses import replace

from .books import LOAN_LEDGER, Books, Handlers
from .codes import LOAN_TRANSITIONS, LoanState, MatterKind
from .errors import Rule, broken
from .event import Event
from .facts import LoanCoSigned, SealedLoanActivated, ServicingTransferProposed, ServicingTransferred
from .finding import (
    active_agreement,
    known_loan,
    open_ledger,
    party_index,
    present_book,
    require_outstanding,
    servicer_of,
)
from .heads import append
from .matters import open_matter, sign_matter
from .state import Loan, Matter

__all__ = ["HANDLERS"]


def _offered(books: Books, fact: ServicingTransferProposed, event: Event) -> None:
    ledger = open_ledger(books, event)
    loan = known_loan(ledger, fact.agreement, fact.loan, event)
    _require_servicer(books, loan, fact.member, event)
    entry = active_agreement(present_book(books, event), fact.agreement, event)
    giver, taker = party_index(entry, fact.member, event), party_index(entry, fact.to, event)
    if giver == taker:
        raise broken(event, Rule.TRANSFER, "a transfer to oneself")
    open_matter(
        ledger,
        fact,
        event,
        kind=MatterKind.SERVICING_TRANSFER,
        awaiting=1 << taker,
        loan=fact.loan,
        giver=giver,
        taker=taker,
    )
    append(ledger, loan, fact, event)


def _co_signed(books: Books, fact: LoanCoSigned, event: Event) -> None:
    ledger = open_ledger(books, event)
    entry = active_agreement(present_book(books, event), fact.agreement, event)
    kinds = (MatterKind.SEALED_LOAN, MatterKind.SERVICING_TRANSFER)
    matter = sign_matter(ledger, entry, fact, kinds, event)
    if matter.loan != fact.loan:
        raise broken(event, Rule.MATTER, f"the matter is about another loan than {fact.loan.hex()}")
    loan = known_loan(ledger, fact.agreement, fact.loan, event)
    if matter.kind is MatterKind.SEALED_LOAN:
        _expect_activation(books, loan, matter, event)
    else:
        giver = entry.members[matter.giver]
        _require_servicer(books, loan, giver, event)
        books.expect(
            ServicingTransferred,
            act_id=matter.matter,
            agreement=matter.agreement,
            loan=loan.loan,
            from_=giver,
            to=fact.member,
        )
    append(ledger, loan, fact, event)


def _expect_activation(books: Books, loan: Loan, matter: Matter, event: Event) -> None:
    if LoanState.ACTIVE not in LOAN_TRANSITIONS[loan.state]:
        raise broken(event, Rule.TRANSITION, f"ACTIVE does not follow {loan.state.name}")
    if not matter.open:
        books.expect(SealedLoanActivated, act_id=matter.matter, agreement=matter.agreement, loan=loan.loan)


def _activated(books: Books, fact: SealedLoanActivated, event: Event) -> None:
    loans = books.loan_ledgers[event.address].loans
    key = (fact.agreement, fact.loan)
    loans[key] = replace(loans[key], state=LoanState.ACTIVE)


def _transferred(books: Books, fact: ServicingTransferred, event: Event) -> None:
    loans = books.loan_ledgers[event.address].loans
    key = (fact.agreement, fact.loan)
    loans[key] = replace(loans[key], servicer=fact.to)


def _require_servicer(books: Books, loan: Loan, member: bytes, event: Event) -> None:
    require_outstanding(loan, event)
    if member != servicer_of(books, loan, event):
        raise broken(event, Rule.SERVICER, f"{member.hex()} is not the servicer")


HANDLERS: Handlers = {
    (LOAN_LEDGER, ServicingTransferProposed): _offered,
    (LOAN_LEDGER, LoanCoSigned): _co_signed,
    (LOAN_LEDGER, SealedLoanActivated): _activated,
    (LOAN_LEDGER, ServicingTransferred): _transferred,
}
