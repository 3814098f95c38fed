"""Events about agreements, and the withdrawal of what waits for others: `Agreements.sol`, `Transfers.sol`."""

from collections.abc import Mapping

from tallystick.acts import agreement_id

from .books import AgreementBook, Books, Handler
from .codes import AgreementState, MatterKind
from .errors import Rule, broken
from .event import Event
from .facts import ActCancelled, AgreementActivated, AgreementCoSigned, AgreementProposed, Fact, MatterWithdrawn
from .finding import carried_agreement, open_ledger, party_index
from .matters import close_matter, everyone_but, open_matter, sign_matter
from .terms import check_terms

__all__ = ["HANDLERS"]

_AGREEMENT = frozenset({MatterKind.AGREEMENT})


def _proposed(books: Books, fact: AgreementProposed, event: Event) -> None:
    ledger = open_ledger(books, event)
    if fact.agreement != agreement_id(fact.terms):
        raise broken(event, Rule.AGREEMENT_ID, f"the terms hash to {agreement_id(fact.terms).hex()}")
    before = carried_agreement(books, ledger, fact.agreement) if ledger.predecessor else None
    if fact.agreement in ledger.agreements or (before and before.state is AgreementState.ACTIVE):
        raise broken(event, Rule.AGREEMENT, f"{fact.agreement.hex()} exists")
    check_terms(books, fact.terms, event)
    book = AgreementBook(
        terms=fact.terms,
        state=AgreementState.PROPOSED,
        proposal=fact.act_id,
        signed=[fact.member],
        exposures=[0] * len(fact.terms.parties),
    )
    proposer = party_index(book, fact.member, event)
    open_matter(
        ledger,
        fact,
        event,
        kind=MatterKind.AGREEMENT,
        loan=None,
        giver=proposer,
        taker=proposer,
        amount=0,
        awaiting=everyone_but(proposer, book),
    )
    ledger.agreements[fact.agreement] = book


def _co_signed(books: Books, fact: AgreementCoSigned, event: Event) -> None:
    ledger = open_ledger(books, event)
    book = ledger.agreements.get(fact.agreement)
    if book is None:
        raise broken(event, Rule.AGREEMENT, f"{fact.agreement.hex()} is unknown")
    matter = sign_matter(ledger, book, fact, _AGREEMENT, event)
    book.signed.append(fact.member)
    if not matter.open:
        books.expect(AgreementActivated, act_id=matter.matter, agreement=fact.agreement)


def _activated(books: Books, fact: AgreementActivated, event: Event) -> None:
    books.ledgers[event.address].agreements[fact.agreement].state = AgreementState.ACTIVE


def _withdrawn(books: Books, fact: MatterWithdrawn, event: Event) -> None:
    """Told before the cancellation that does it. A SEALED loan is reversed, not withdrawn."""
    ledger = open_ledger(books, event)
    matter = ledger.matters.get(fact.matter)
    withdrawable = matter is not None and matter.open and matter.kind is not MatterKind.SEALED_LOAN
    if matter is None or not withdrawable or (fact.kind, fact.agreement) != (matter.kind, matter.agreement):
        raise broken(event, Rule.MATTER, f"{fact.matter.hex()} cannot be withdrawn")
    book = ledger.agreements[matter.agreement]
    if book.members[matter.giver] != fact.member:
        raise broken(event, Rule.MATTER, f"{fact.member.hex()} did not open it")
    close_matter(ledger, matter)
    if matter.kind is MatterKind.AGREEMENT:
        book.state = AgreementState.WITHDRAWN
    books.expect(ActCancelled, act_id=fact.act_id, cancelled=fact.matter, member=fact.member)


HANDLERS: Mapping[type[Fact], Handler] = {
    AgreementProposed: _proposed,
    AgreementCoSigned: _co_signed,
    AgreementActivated: _activated,
    MatterWithdrawn: _withdrawn,
}
