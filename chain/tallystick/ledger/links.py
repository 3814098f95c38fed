"""Events about what other contracts of the directory do to a loan: `Links.sol`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from .books import AgreementBook, Books, Handler, LedgerBook
from .codes import LoanState, Visibility
from .errors import Rule, broken
from .event import Event
from .facts import ActLinked, ExposureReduced, Fact
from .finding import active_agreement, known_loan, open_ledger, party_index, require_named, require_visibility
from .heads import link
from .state import Loan

__all__ = ["HANDLERS"]

RECONCILIATION: Final = "Reconciliation"


def _linked(books: Books, fact: ActLinked, event: Event) -> None:
    ledger = open_ledger(books, event)
    if fact.by not in books.names:
        raise broken(event, Rule.CONTRACT, f"{fact.by.hex()} is not in the directory")
    require_named(books, active_agreement(ledger, fact.agreement, event), fact.member, event)
    loan = known_loan(ledger, fact.agreement, fact.loan, event)
    _link_once(ledger, loan, loan.shares, fact, event)


def _reduced(books: Books, fact: ExposureReduced, event: Event) -> None:
    ledger = open_ledger(books, event)
    if RECONCILIATION not in books.addresses:
        raise broken(event, Rule.CONTRACT, "the directory has no Reconciliation")
    book = active_agreement(ledger, fact.agreement, event)
    require_visibility(book, Visibility.OPEN, event)
    loan = known_loan(ledger, fact.agreement, fact.loan, event)
    first, second = party_index(book, fact.first, event), party_index(book, fact.second, event)
    before = (fact.previous_share_of_first, fact.previous_share_of_second)
    after = (fact.share_of_first, fact.share_of_second)
    if loan.state is not LoanState.ACTIVE or first == second:
        raise broken(event, Rule.REDUCTION, f"a {loan.state.name} loan, parties {first} and {second}")
    if before != (loan.shares[first], loan.shares[second]):
        raise broken(event, Rule.OLD_VALUE, f"the shares were {loan.shares}")
    if after[0] > before[0] or after[1] > before[1]:
        raise broken(event, Rule.REDUCTION, f"shares rise from {before} to {after}")
    shares = list(loan.shares)
    for party, share in zip((first, second), after, strict=True):
        _reduce_exposure(book, party, shares[party] - share)
        shares[party] = share
    _link_once(ledger, loan, tuple(shares), fact, event)


def _reduce_exposure(book: AgreementBook, party: int, amount: int) -> None:
    book.exposures[party] -= amount
    book.exposure -= amount


def _link_once(
    ledger: LedgerBook, loan: Loan, shares: tuple[int, ...], fact: ActLinked | ExposureReduced, event: Event
) -> None:
    key = (fact.act_id, fact.agreement, fact.loan)
    if key in ledger.linked:
        raise broken(event, Rule.ACT_ID, f"{fact.act_id.hex()} was linked to this loan before")
    ledger.linked.add(key)
    linked = link(fact, loan.count, loan.head, event)
    ledger.loans[fact.agreement, fact.loan] = replace(
        loan, shares=shares, count=fact.count, head=fact.head, history=(*loan.history, linked)
    )


HANDLERS: Mapping[type[Fact], Handler] = {ActLinked: _linked, ExposureReduced: _reduced}
