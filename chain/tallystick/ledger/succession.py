"""Events of an upgrade of the ledger: the old one freezes, the new one adopts (`Succession.sol`)."""

from collections.abc import Mapping
from dataclasses import replace

from tallystick.acts import agreement_id

from .books import LOAN_LEDGER, AgreementBook, Books, Handler, LedgerBook
from .codes import AgreementState
from .errors import Rule, broken
from .event import Event
from .facts import AgreementAdopted, Fact, LedgerFrozen, LoanAdopted, LoanView
from .finding import active_agreement, carried_agreement, carried_loan, open_ledger, party_index, require_named
from .heads import link
from .state import Loan

__all__ = ["HANDLERS"]


def _frozen(books: Books, fact: LedgerFrozen, event: Event) -> None:
    ledger = open_ledger(books, event)
    current = books.addresses[LOAN_LEDGER]
    if current == event.address or fact.successor != current:
        raise broken(event, Rule.FROZEN, f"the directory names {current.hex()}, not {fact.successor.hex()}")
    ledger.frozen = True


def _agreement_adopted(books: Books, fact: AgreementAdopted, event: Event) -> None:
    ledger = open_ledger(books, event)
    _require_predecessor(books, ledger, fact, event)
    if fact.agreement != agreement_id(fact.terms):
        raise broken(event, Rule.AGREEMENT_ID, f"the terms hash to {agreement_id(fact.terms).hex()}")
    if fact.agreement in ledger.agreements:
        raise broken(event, Rule.AGREEMENT, f"{fact.agreement.hex()} exists")
    carried = carried_agreement(books, ledger, fact.agreement)
    if carried is None or carried.state is not AgreementState.ACTIVE:
        raise broken(event, Rule.AGREEMENT, f"{fact.agreement.hex()} is not active in the predecessor")
    if fact.exposures != tuple(carried.exposures):
        raise broken(event, Rule.CARRIED, f"the exposures are {carried.exposures}, not {fact.exposures}")
    party_index(carried, fact.member, event)
    ledger.agreements[fact.agreement] = AgreementBook(
        terms=fact.terms,
        state=AgreementState.ACTIVE,
        proposal=carried.proposal,
        signed=list(carried.signed),
        exposures=list(carried.exposures),
        exposure=carried.exposure,
        adopted=True,
    )


def _require_predecessor(books: Books, ledger: LedgerBook, fact: AgreementAdopted, event: Event) -> None:
    before = books.ledgers.get(fact.predecessor)
    if before is None or before is ledger or not before.frozen:
        raise broken(event, Rule.PREDECESSOR, f"{fact.predecessor.hex()} is no frozen LoanLedger of the directory")
    if ledger.predecessor not in (None, fact.predecessor):
        raise broken(event, Rule.PREDECESSOR, f"this ledger adopted from another than {fact.predecessor.hex()}")
    ledger.predecessor = fact.predecessor


def _loan_adopted(books: Books, fact: LoanAdopted, event: Event) -> None:
    ledger = open_ledger(books, event)
    require_named(books, active_agreement(ledger, fact.agreement, event), fact.member, event)
    if (fact.agreement, fact.loan) in ledger.loans:
        raise broken(event, Rule.LOAN, f"loan {fact.loan.hex()} exists")
    if ledger.predecessor is None:
        raise broken(event, Rule.PREDECESSOR, "this ledger adopted no agreement")
    before = carried_loan(books, ledger, fact.agreement, fact.loan)
    if before is None:
        raise broken(event, Rule.LOAN, f"the predecessor has no loan {fact.loan.hex()}")
    if fact.carried != (expected := _view(before)):
        raise broken(event, Rule.CARRIED, f"the predecessor has {expected}, not {fact.carried}")
    linked = link(fact, before.count, before.head, event)
    ledger.loans[fact.agreement, fact.loan] = replace(
        before, count=fact.count, carried_count=before.count, head=fact.head, history=(linked,)
    )


def _view(loan: Loan) -> LoanView:
    return LoanView(
        loan.state,
        loan.servicer,
        loan.given_away,
        loan.principal,
        loan.count,
        loan.carried_count,
        loan.head,
        loan.shares,
    )


HANDLERS: Mapping[type[Fact], Handler] = {
    LedgerFrozen: _frozen,
    AgreementAdopted: _agreement_adopted,
    LoanAdopted: _loan_adopted,
}
