"""Events about shares and servicing that pass from party to party, and SEALED loans that every party signed
(`Transfers.sol`, `ShareMoves.sol`)."""

from collections.abc import Callable
from dataclasses import replace

from .books import AGREEMENT_BOOK, LOAN_LEDGER, AgreementEntry, Books, Handlers, LedgerState
from .codes import LOAN_TRANSITIONS, LoanState, MatterKind, Visibility
from .errors import Rule, broken
from .event import Event
from .exposure import raise_exposure, shares_of
from .facts import (
    LoanCoSigned,
    SealedLoanActivated,
    ServicingTransferProposed,
    ServicingTransferred,
    ShareTransferProposed,
    ShareTransferred,
)
from .finding import (
    active_agreement,
    known_loan,
    open_ledger,
    party_index,
    present_book,
    present_ledger,
    require_outstanding,
    servicer_of,
)
from .heads import append
from .matters import open_matter, sign_matter
from .state import Loan, Matter

__all__ = ["HANDLERS"]

_Offer = ShareTransferProposed | ServicingTransferProposed
_OF_LOANS = (MatterKind.SEALED_LOAN, MatterKind.SHARE_TRANSFER, MatterKind.SERVICING_TRANSFER)


def _share_offered(books: Books, fact: ShareTransferProposed, event: Event) -> None:
    ledger, loan, giver, taker = _offer(books, fact, event)
    _shares_to_give(books, loan, giver, fact.amount, event)
    open_matter(
        ledger,
        fact,
        event,
        kind=MatterKind.SHARE_TRANSFER,
        awaiting=1 << taker,
        loan=fact.loan,
        giver=giver,
        taker=taker,
        amount=fact.amount,
    )
    append(ledger, loan, fact, event)


def _servicing_offered(books: Books, fact: ServicingTransferProposed, event: Event) -> None:
    ledger, loan, giver, taker = _offer(books, fact, event)
    _require_servicer(books, loan, fact.member, event)
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


def _offer(books: Books, fact: _Offer, event: Event) -> tuple[LedgerState, Loan, int, int]:
    """What any offer needs: an outstanding loan, and another party that takes."""
    ledger = open_ledger(books, event)
    loan = known_loan(ledger, fact.agreement, fact.loan, event)
    require_outstanding(loan, event)
    entry = active_agreement(present_book(books, event), fact.agreement, event)
    giver, taker = party_index(entry, fact.member, event), party_index(entry, fact.to, event)
    if giver == taker:
        raise broken(event, Rule.TRANSFER, "a transfer to oneself")
    return ledger, loan, giver, taker


def _co_signed(books: Books, fact: LoanCoSigned, event: Event) -> None:
    ledger = open_ledger(books, event)
    entry = active_agreement(present_book(books, event), fact.agreement, event)
    matter = sign_matter(ledger, entry, fact, _OF_LOANS, event)
    if matter.loan != fact.loan:
        raise broken(event, Rule.MATTER, f"the matter is about another loan than {fact.loan.hex()}")
    loan = known_loan(ledger, fact.agreement, fact.loan, event)
    append(ledger, loan, fact, event)
    _TAKES_EFFECT[matter.kind](books, entry, loan, matter, event)


def _sealed_loan_signed(books: Books, _entry: AgreementEntry, loan: Loan, matter: Matter, event: Event) -> None:
    if LoanState.ACTIVE not in LOAN_TRANSITIONS[loan.state]:
        raise broken(event, Rule.TRANSITION, f"ACTIVE does not follow {loan.state.name}")
    if not matter.open:
        books.expect(LOAN_LEDGER, SealedLoanActivated, act_id=matter.matter, agreement=matter.agreement, loan=loan.loan)


def _share_taken(books: Books, entry: AgreementEntry, loan: Loan, matter: Matter, event: Event) -> None:
    require_outstanding(loan, event)
    shares = _shares_after(books, loan, matter, event)
    books.expect(
        AGREEMENT_BOOK,
        ShareTransferred,
        act_id=matter.matter,
        agreement=matter.agreement,
        loan=loan.loan,
        from_=entry.members[matter.giver],
        to=entry.members[matter.taker],
        amount=matter.amount,
        share_of_from=shares[matter.giver],
        share_of_to=shares[matter.taker],
    )


def _servicing_taken(books: Books, entry: AgreementEntry, loan: Loan, matter: Matter, event: Event) -> None:
    require_outstanding(loan, event)
    _require_servicer(books, loan, entry.members[matter.giver], event)
    books.expect(
        LOAN_LEDGER,
        ServicingTransferred,
        act_id=matter.matter,
        agreement=matter.agreement,
        loan=loan.loan,
        from_=entry.members[matter.giver],
        to=entry.members[matter.taker],
    )


def _sealed_loan_activated(books: Books, fact: SealedLoanActivated, event: Event) -> None:
    loans = books.loan_ledgers[event.address].loans
    key = (fact.agreement, fact.loan)
    loans[key] = replace(loans[key], state=LoanState.ACTIVE)


def _servicing_transferred(books: Books, fact: ServicingTransferred, event: Event) -> None:
    loans = books.loan_ledgers[event.address].loans
    key = (fact.agreement, fact.loan)
    loans[key] = replace(loans[key], servicer=fact.to)


def _share_transferred(books: Books, fact: ShareTransferred, event: Event) -> None:
    """The book moves the share, called by the ledger; of a SEALED loan the amount is zero."""
    ledger, book = present_ledger(books, event), books.agreement_books[event.address]
    matter = ledger.matters[fact.act_id]
    loan = known_loan(ledger, fact.agreement, fact.loan, event)
    book.own_shares[fact.agreement, fact.loan] = _shares_after(books, loan, matter, event)
    if loan.state is LoanState.ACTIVE:
        entry = book.agreements[fact.agreement]
        entry.exposures[matter.giver] -= matter.amount
        raise_exposure(entry, matter.taker, matter.amount, event)


def _shares_after(books: Books, loan: Loan, matter: Matter, event: Event) -> tuple[int, ...]:
    shares = list(_shares_to_give(books, loan, matter.giver, matter.amount, event))
    if matter.amount:
        shares[matter.giver] -= matter.amount
        shares[matter.taker] += matter.amount
    else:
        shares[matter.giver], shares[matter.taker] = 0, 1
    return tuple(shares)


def _shares_to_give(books: Books, loan: Loan, giver: int, amount: int, event: Event) -> tuple[int, ...]:
    """The shares of a loan of which the giver has what it gives: OPEN a part, SEALED the whole, written 0."""
    book = present_book(books, event)
    shares = shares_of(books, book, loan, event)
    is_open = active_agreement(book, loan.agreement, event).terms.visibility == Visibility.OPEN
    has = 0 < amount <= shares[giver] if is_open else amount == 0 and shares[giver] == 1
    if not has:
        raise broken(event, Rule.TRANSFER, f"{amount} of a share of {shares[giver]}")
    return shares


def _require_servicer(books: Books, loan: Loan, member: bytes, event: Event) -> None:
    if member != servicer_of(books, loan, event):
        raise broken(event, Rule.SERVICER, f"{member.hex()} is not the servicer")


_TAKES_EFFECT: dict[MatterKind, Callable[[Books, AgreementEntry, Loan, Matter, Event], None]] = {
    MatterKind.SEALED_LOAN: _sealed_loan_signed,
    MatterKind.SHARE_TRANSFER: _share_taken,
    MatterKind.SERVICING_TRANSFER: _servicing_taken,
}

HANDLERS: Handlers = {
    (LOAN_LEDGER, ShareTransferProposed): _share_offered,
    (LOAN_LEDGER, ServicingTransferProposed): _servicing_offered,
    (LOAN_LEDGER, LoanCoSigned): _co_signed,
    (LOAN_LEDGER, SealedLoanActivated): _sealed_loan_activated,
    (LOAN_LEDGER, ServicingTransferred): _servicing_transferred,
    (AGREEMENT_BOOK, ShareTransferred): _share_transferred,
}
