"""Shares and exposure: taken on, released, reduced, kept within the limits (`BookStorage.sol`, `Exposure.sol`)."""

from typing import Final

from tallystick.money import apportion

from .books import AGREEMENT_BOOK, AgreementEntry, Books, BookState, Handlers
from .codes import LoanState, Visibility
from .errors import Rule, broken
from .event import Event
from .facts import Disbursed, ExposureReduced
from .finding import (
    active_agreement,
    known_loan,
    open_book,
    party_index,
    predecessor_of,
    present_ledger,
    require_visibility,
)
from .heads import link_from_other
from .state import Loan, shares_by_terms

__all__ = ["HANDLERS", "raise_exposure", "release", "shares_of", "take"]

RECONCILIATION: Final = "Reconciliation"


def shares_of(books: Books, book: BookState, loan: Loan, event: Event) -> tuple[int, ...]:
    """What the parties hold of the loan: shares kept here or before, else those of the terms; see `ChainState`."""
    key = (loan.agreement, loan.loan)
    keeper: BookState | None = book
    while keeper is not None:
        if (kept := keeper.own_shares.get(key)) is not None:
            return kept
        keeper = predecessor_of(books.agreement_books, keeper)
    return shares_by_terms(active_agreement(book, loan.agreement, event).terms, loan.principal)


def take(entry: AgreementEntry, fact: Disbursed, event: Event) -> None:
    """Add a disbursement to the exposures; refused by `currency`, `principal`, `shares` or a limit."""
    principal, terms = fact.principal, entry.terms
    if fact.currency != terms.currency:
        raise broken(event, Rule.CURRENCY, f"the agreement is in {terms.currency!r}, not {fact.currency!r}")
    if principal == 0:
        raise broken(event, Rule.PRINCIPAL, "the principal is zero")
    if principal > terms.loan_limit:
        raise broken(event, Rule.LOAN_LIMIT, f"{principal} exceeds the limit {terms.loan_limit} of a loan")
    if entry.exposure + principal > terms.total_limit:
        raise broken(event, Rule.TOTAL_LIMIT, f"{entry.exposure} + {principal} exceeds the limit {terms.total_limit}")
    shares = apportion(principal, entry.bps)
    if fact.shares != shares:
        raise broken(event, Rule.SHARES, f"the shares of {principal} are {shares}, not {fact.shares}")
    for party, share in enumerate(shares):
        raise_exposure(entry, party, share, event)
    entry.exposure += principal


def raise_exposure(entry: AgreementEntry, party: int, amount: int, event: Event) -> None:
    """Add to a party's exposure; refused by `party_limit`."""
    exposure = entry.exposures[party] + amount
    if exposure > entry.limits[party]:
        raise broken(event, Rule.PARTY_LIMIT, f"{exposure} exceeds the limit {entry.limits[party]} of party {party}")
    entry.exposures[party] = exposure


def release(books: Books, book: BookState, loan: Loan, event: Event) -> None:
    """The loan was ACTIVE and counts no longer."""
    entry = active_agreement(book, loan.agreement, event)
    for party, share in enumerate(shares_of(books, book, loan, event)):
        _lower(entry, party, share)


def _reduced(books: Books, fact: ExposureReduced, event: Event) -> None:
    book = open_book(books, event)
    if RECONCILIATION not in books.addresses:
        raise broken(event, Rule.CONTRACT, "the directory has no Reconciliation")
    entry = active_agreement(book, fact.agreement, event)
    require_visibility(entry, Visibility.OPEN, event)
    ledger = present_ledger(books, event)
    loan = known_loan(ledger, fact.agreement, fact.loan, event)
    first, second = party_index(entry, fact.first, event), party_index(entry, fact.second, event)
    if loan.state is not LoanState.ACTIVE or first == second:
        raise broken(event, Rule.REDUCTION, f"a {loan.state.name} loan, parties {first} and {second}")
    shares = list(shares_of(books, book, loan, event))
    told = ((first, fact.amount_of_first, fact.share_of_first), (second, fact.amount_of_second, fact.share_of_second))
    for party, amount, left in told:
        if shares[party] - amount != left:
            raise broken(event, Rule.SHARES, f"{shares[party]} less {amount} is not {left}")
        shares[party] = left
        _lower(entry, party, amount)
    book.own_shares[fact.agreement, fact.loan] = tuple(shares)
    link_from_other(ledger, loan, fact, event)


def _lower(entry: AgreementEntry, party: int, amount: int) -> None:
    entry.exposures[party] -= amount
    entry.exposure -= amount


HANDLERS: Handlers = {(AGREEMENT_BOOK, ExposureReduced): _reduced}
