"""Events about co-signed loans, and transfers of shares and servicing: `Transfers.sol`."""

from collections.abc import Mapping
from dataclasses import replace

from .books import AgreementBook, Books, Handler, LedgerBook
from .codes import LOAN_TRANSITIONS, LoanState, MatterKind, Visibility
from .errors import Rule, broken
from .event import Event
from .facts import (
    Fact,
    LoanCoSigned,
    SealedLoanActivated,
    ServicingTransferProposed,
    ServicingTransferred,
    ShareTransferProposed,
    ShareTransferred,
)
from .finding import active_agreement, known_loan, open_ledger, party_index, require_outstanding
from .heads import Linked, link
from .matters import open_matter, sign_matter
from .state import Loan, Matter

__all__ = ["HANDLERS"]

_OF_LOANS = frozenset({MatterKind.SEALED_LOAN, MatterKind.SHARE_TRANSFER, MatterKind.SERVICING_TRANSFER})


def _share_offered(books: Books, fact: ShareTransferProposed, event: Event) -> None:
    ledger, book, loan, giver, taker = _offer(books, fact, event)
    _require_share(book, loan, giver, fact.amount, event)
    _open_transfer(ledger, fact, event, MatterKind.SHARE_TRANSFER, giver, taker, fact.amount)
    _keep_linked(ledger, loan, fact, event)


def _servicing_offered(books: Books, fact: ServicingTransferProposed, event: Event) -> None:
    ledger, _, loan, giver, taker = _offer(books, fact, event)
    _require_servicer(loan, giver, event)
    _open_transfer(ledger, fact, event, MatterKind.SERVICING_TRANSFER, giver, taker, 0)
    _keep_linked(ledger, loan, fact, event)


def _offer(
    books: Books, fact: ShareTransferProposed | ServicingTransferProposed, event: Event
) -> tuple[LedgerBook, AgreementBook, Loan, int, int]:
    ledger = open_ledger(books, event)
    book = active_agreement(ledger, fact.agreement, event)
    loan = known_loan(ledger, fact.agreement, fact.loan, event)
    require_outstanding(loan, event)
    if fact.to == fact.member:
        raise broken(event, Rule.TRANSFER, "a transfer to oneself")
    return ledger, book, loan, party_index(book, fact.member, event), party_index(book, fact.to, event)


def _open_transfer(
    ledger: LedgerBook,
    fact: ShareTransferProposed | ServicingTransferProposed,
    event: Event,
    kind: MatterKind,
    giver: int,
    taker: int,
    amount: int,
) -> None:
    open_matter(
        ledger,
        fact,
        event,
        kind=kind,
        loan=fact.loan,
        giver=giver,
        taker=taker,
        amount=amount,
        awaiting=1 << taker,
    )


def _co_signed(books: Books, fact: LoanCoSigned, event: Event) -> None:
    ledger = open_ledger(books, event)
    book = active_agreement(ledger, fact.agreement, event)
    matter = sign_matter(ledger, book, fact, _OF_LOANS, event)
    if matter.loan != fact.loan:
        raise broken(event, Rule.MATTER, f"the matter is about another loan than {fact.loan.hex()}")
    loan = known_loan(ledger, fact.agreement, fact.loan, event)
    _keep_linked(ledger, loan, fact, event)
    _TAKES_EFFECT[matter.kind](books, book, loan, matter, event)


def _sealed_loan_signed(books: Books, _book: AgreementBook, loan: Loan, matter: Matter, event: Event) -> None:
    if LoanState.ACTIVE not in LOAN_TRANSITIONS[loan.state]:
        raise broken(event, Rule.TRANSITION, f"ACTIVE does not follow {loan.state.name}")
    if not matter.open:
        books.expect(SealedLoanActivated, act_id=matter.matter, agreement=matter.agreement, loan=loan.loan)


def _share_taken(books: Books, book: AgreementBook, loan: Loan, matter: Matter, event: Event) -> None:
    require_outstanding(loan, event)
    _require_share(book, loan, matter.giver, matter.amount, event)
    is_open = book.terms.visibility == Visibility.OPEN
    books.expect(
        ShareTransferred,
        act_id=matter.matter,
        agreement=matter.agreement,
        loan=loan.loan,
        from_=book.members[matter.giver],
        to=book.members[matter.taker],
        amount=matter.amount,
        share_of_from=loan.shares[matter.giver] - matter.amount if is_open else 0,
        share_of_to=loan.shares[matter.taker] + matter.amount if is_open else 0,
    )


def _servicing_taken(books: Books, book: AgreementBook, loan: Loan, matter: Matter, event: Event) -> None:
    require_outstanding(loan, event)
    _require_servicer(loan, matter.giver, event)
    books.expect(
        ServicingTransferred,
        act_id=matter.matter,
        agreement=matter.agreement,
        loan=loan.loan,
        from_=book.members[matter.giver],
        to=book.members[matter.taker],
    )


def _sealed_loan_activated(books: Books, fact: SealedLoanActivated, event: Event) -> None:
    loans = books.ledgers[event.address].loans
    key = (fact.agreement, fact.loan)
    loans[key] = replace(loans[key], state=LoanState.ACTIVE)


def _share_transferred(books: Books, fact: ShareTransferred, event: Event) -> None:
    ledger = books.ledgers[event.address]
    book, matter = ledger.agreements[fact.agreement], ledger.matters[fact.act_id]
    key = (fact.agreement, fact.loan)
    loan = ledger.loans[key]
    if book.terms.visibility == Visibility.SEALED:
        given_away = (loan.given_away | 1 << matter.giver) & ~(1 << matter.taker)
        ledger.loans[key] = replace(loan, given_away=given_away)
        return
    shares = list(loan.shares)
    shares[matter.giver], shares[matter.taker] = fact.share_of_from, fact.share_of_to
    ledger.loans[key] = replace(loan, shares=tuple(shares))
    if loan.state is LoanState.ACTIVE:
        _move_exposure(book, matter, event)


def _move_exposure(book: AgreementBook, matter: Matter, event: Event) -> None:
    exposure, limit = book.exposures[matter.taker] + matter.amount, book.limits[matter.taker]
    if exposure > limit:
        raise broken(event, Rule.PARTY_LIMIT, f"{exposure} exceeds the limit {limit} of party {matter.taker}")
    book.exposures[matter.giver] -= matter.amount
    book.exposures[matter.taker] = exposure


def _servicing_transferred(books: Books, fact: ServicingTransferred, event: Event) -> None:
    ledger = books.ledgers[event.address]
    key = (fact.agreement, fact.loan)
    ledger.loans[key] = replace(ledger.loans[key], servicer=ledger.matters[fact.act_id].taker)


def _keep_linked(ledger: LedgerBook, loan: Loan, fact: Linked, event: Event) -> None:
    linked = link(fact, loan.count, loan.head, event)
    ledger.loans[loan.agreement, loan.loan] = replace(
        loan, count=fact.count, head=fact.head, history=(*loan.history, linked)
    )


def _require_share(book: AgreementBook, loan: Loan, giver: int, amount: int, event: Event) -> None:
    """OPEN: a part of the share; SEALED: the whole of it, which was not given away before."""
    if book.terms.visibility == Visibility.OPEN:
        if not 0 < amount <= loan.shares[giver]:
            raise broken(event, Rule.TRANSFER, f"{amount} of a share of {loan.shares[giver]}")
    elif amount != 0 or loan.given_away >> giver & 1:
        raise broken(event, Rule.TRANSFER, "a SEALED share is given as a whole, once")


def _require_servicer(loan: Loan, giver: int, event: Event) -> None:
    if loan.servicer != giver:
        raise broken(event, Rule.SERVICER, f"party {loan.servicer} is the servicer, not {giver}")


_TAKES_EFFECT = {
    MatterKind.SEALED_LOAN: _sealed_loan_signed,
    MatterKind.SHARE_TRANSFER: _share_taken,
    MatterKind.SERVICING_TRANSFER: _servicing_taken,
}

HANDLERS: Mapping[type[Fact], Handler] = {
    ShareTransferProposed: _share_offered,
    ServicingTransferProposed: _servicing_offered,
    LoanCoSigned: _co_signed,
    SealedLoanActivated: _sealed_loan_activated,
    ShareTransferred: _share_transferred,
    ServicingTransferred: _servicing_transferred,
}
