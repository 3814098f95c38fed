"""Events about shares that pass from party to party: `ShareTransfers.sol`."""

from .books import AGREEMENT_BOOK, AgreementEntry, Books, BookState, Handlers
from .codes import LoanState, MatterKind, Visibility
from .errors import Rule, broken
from .event import Event
from .exposure import raise_exposure, shares_of
from .facts import LoanCoSigned, ShareTransferProposed, ShareTransferred
from .finding import active_agreement, known_loan, open_book, party_index, present_ledger, require_outstanding
from .heads import link_from_other
from .matters import open_matter, sign_matter
from .state import Loan, Matter

__all__ = ["HANDLERS"]


def _offered(books: Books, fact: ShareTransferProposed, event: Event) -> None:
    book = open_book(books, event)
    entry = active_agreement(book, fact.agreement, event)
    giver, taker = party_index(entry, fact.member, event), party_index(entry, fact.to, event)
    if giver == taker:
        raise broken(event, Rule.TRANSFER, "a transfer to oneself")
    ledger = present_ledger(books, event)
    loan = known_loan(ledger, fact.agreement, fact.loan, event)
    _shares_to_give(books, book, loan, giver, fact.amount, event)
    open_matter(
        book,
        fact,
        event,
        kind=MatterKind.SHARE_TRANSFER,
        awaiting=1 << taker,
        loan=fact.loan,
        giver=giver,
        taker=taker,
        amount=fact.amount,
    )
    link_from_other(ledger, loan, fact, event)


def _co_signed(books: Books, fact: LoanCoSigned, event: Event) -> None:
    book = open_book(books, event)
    entry = active_agreement(book, fact.agreement, event)
    matter = sign_matter(book, entry, fact, (MatterKind.SHARE_TRANSFER,), event)
    if matter.loan != fact.loan:
        raise broken(event, Rule.MATTER, f"the matter is about another loan than {fact.loan.hex()}")
    ledger = present_ledger(books, event)
    loan = known_loan(ledger, fact.agreement, fact.loan, event)
    shares = _shares_after(books, book, loan, matter, event)
    link_from_other(ledger, loan, fact, event)
    books.expect(
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


def _transferred(books: Books, fact: ShareTransferred, event: Event) -> None:
    book = books.agreement_books[event.address]
    entry, matter = book.agreements[fact.agreement], book.matters[fact.act_id]
    loan = known_loan(present_ledger(books, event), fact.agreement, fact.loan, event)
    book.own_shares[fact.agreement, fact.loan] = _shares_after(books, book, loan, matter, event)
    if loan.state is LoanState.ACTIVE:
        _move_exposure(entry, matter, event)


def _move_exposure(entry: AgreementEntry, matter: Matter, event: Event) -> None:
    """Of a SEALED loan the amount is zero."""
    entry.exposures[matter.giver] -= matter.amount
    raise_exposure(entry, matter.taker, matter.amount, event)


def _shares_after(books: Books, book: BookState, loan: Loan, matter: Matter, event: Event) -> tuple[int, ...]:
    shares = list(_shares_to_give(books, book, loan, matter.giver, matter.amount, event))
    if matter.amount:
        shares[matter.giver] -= matter.amount
        shares[matter.taker] += matter.amount
    else:
        shares[matter.giver], shares[matter.taker] = 0, 1
    return tuple(shares)


def _shares_to_give(
    books: Books, book: BookState, loan: Loan, giver: int, amount: int, event: Event
) -> tuple[int, ...]:
    """The shares of an outstanding loan of which the giver has what it gives: OPEN a part, SEALED the whole."""
    require_outstanding(loan, event)
    shares = shares_of(books, book, loan, event)
    is_open = active_agreement(book, loan.agreement, event).terms.visibility == Visibility.OPEN
    has = 0 < amount <= shares[giver] if is_open else amount == 0 and shares[giver] == 1
    if not has:
        raise broken(event, Rule.TRANSFER, f"{amount} of a share of {shares[giver]}")
    return shares


HANDLERS: Handlers = {
    (AGREEMENT_BOOK, ShareTransferProposed): _offered,
    (AGREEMENT_BOOK, LoanCoSigned): _co_signed,
    (AGREEMENT_BOOK, ShareTransferred): _transferred,
}
