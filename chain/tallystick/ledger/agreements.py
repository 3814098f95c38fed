"""Events about agreements: `Agreements.sol`, and what their co-signatures bring about."""

from tallystick.acts import agreement_id

from .books import AGREEMENT_BOOK, AgreementEntry, Books, Handlers
from .codes import AgreementState, MatterKind
from .errors import Rule, broken
from .event import Event
from .facts import AgreementActivated, AgreementAdopted, AgreementCoSigned, AgreementProposed
from .finding import carried_agreement, open_book, party_index
from .matters import everyone_but, open_matter, sign_matter
from .succession import require_predecessor
from .terms import check_terms

__all__ = ["HANDLERS"]


def _proposed(books: Books, fact: AgreementProposed, event: Event) -> None:
    book = open_book(books, event)
    if fact.agreement != agreement_id(fact.terms):
        raise broken(event, Rule.AGREEMENT_ID, f"the terms hash to {agreement_id(fact.terms).hex()}")
    before = carried_agreement(books, book, fact.agreement) if book.predecessor else None
    if fact.agreement in book.agreements or (before and before.state is AgreementState.ACTIVE):
        raise broken(event, Rule.AGREEMENT, f"{fact.agreement.hex()} exists")
    check_terms(books, fact.terms, event)
    entry = AgreementEntry(
        terms=fact.terms,
        state=AgreementState.PROPOSED,
        proposal=fact.act_id,
        signed=[fact.member],
        exposures=[0] * len(fact.terms.parties),
    )
    proposer = party_index(entry, fact.member, event)
    awaiting = everyone_but(proposer, entry)
    open_matter(book, fact, event, kind=MatterKind.AGREEMENT, awaiting=awaiting, giver=proposer, taker=proposer)
    book.agreements[fact.agreement] = entry


def _co_signed(books: Books, fact: AgreementCoSigned, event: Event) -> None:
    book = open_book(books, event)
    entry = book.agreements.get(fact.agreement)
    if entry is None:
        raise broken(event, Rule.AGREEMENT, f"{fact.agreement.hex()} is unknown")
    matter = sign_matter(book, entry, fact, (MatterKind.AGREEMENT,), event)
    entry.signed.append(fact.member)
    if not matter.open:
        books.expect(AGREEMENT_BOOK, AgreementActivated, act_id=matter.matter, agreement=fact.agreement)


def _activated(books: Books, fact: AgreementActivated, event: Event) -> None:
    books.agreement_books[event.address].agreements[fact.agreement].state = AgreementState.ACTIVE


def _adopted(books: Books, fact: AgreementAdopted, event: Event) -> None:
    book = open_book(books, event)
    require_predecessor(books.agreement_books, book, fact.predecessor, event)
    if fact.agreement != agreement_id(fact.terms):
        raise broken(event, Rule.AGREEMENT_ID, f"the terms hash to {agreement_id(fact.terms).hex()}")
    if fact.agreement in book.agreements:
        raise broken(event, Rule.AGREEMENT, f"{fact.agreement.hex()} exists")
    carried = carried_agreement(books, book, fact.agreement)
    if carried is None or carried.state is not AgreementState.ACTIVE:
        raise broken(event, Rule.AGREEMENT, f"{fact.agreement.hex()} is not active in the predecessor")
    if fact.exposures != tuple(carried.exposures):
        raise broken(event, Rule.CARRIED, f"the exposures are {carried.exposures}, not {fact.exposures}")
    party_index(carried, fact.member, event)
    book.agreements[fact.agreement] = AgreementEntry(
        terms=fact.terms,
        state=AgreementState.ACTIVE,
        proposal=carried.proposal,
        signed=list(carried.signed),
        exposures=list(carried.exposures),
        exposure=carried.exposure,
        adopted=True,
    )


HANDLERS: Handlers = {
    (AGREEMENT_BOOK, AgreementProposed): _proposed,
    (AGREEMENT_BOOK, AgreementCoSigned): _co_signed,
    (AGREEMENT_BOOK, AgreementActivated): _activated,
    (AGREEMENT_BOOK, AgreementAdopted): _adopted,
}
