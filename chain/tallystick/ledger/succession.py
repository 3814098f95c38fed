"""Events of an upgrade: the old contract freezes, the new one adopts (`Succeeding.sol`, `LoanLedger.sol`)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from tallystick.keys import Address

from .books import AGREEMENT_BOOK, LOAN_LEDGER, NOTHING, Books, Handlers, SucceedingState
from .errors import Rule, broken
from .event import Event
from .facts import CarriedLoan, ContractFrozen, LoanAdopted
from .finding import active_agreement, carried_loan, open_book, open_ledger, present_book, require_named
from .heads import link
from .state import Loan

__all__ = ["HANDLERS", "require_predecessor"]

_State = TypeVar("_State", bound=SucceedingState)


def require_predecessor(
    contracts: Mapping[Address, _State], contract: _State, predecessor: Address, event: Event
) -> None:
    """Refuse by `predecessor` what is adopted from a contract that the directory never named so, that is not frozen, or
    that is another than before."""
    before = contracts.get(predecessor)
    if before is None or before is contract or not before.frozen:
        raise broken(event, Rule.PREDECESSOR, f"{predecessor.hex()} is no frozen {event.contract} of the directory")
    if contract.predecessor not in (None, predecessor):
        raise broken(event, Rule.PREDECESSOR, f"this contract adopted from another than {predecessor.hex()}")
    contract.predecessor = predecessor


def _frozen(books: Books, fact: ContractFrozen, event: Event) -> None:
    of_book = event.contract == AGREEMENT_BOOK
    contract: SucceedingState = open_book(books, event) if of_book else open_ledger(books, event)
    current = books.addresses[event.contract]
    if current == event.address or fact.successor != current:
        raise broken(event, Rule.FROZEN, f"the directory names {current.hex()}, not {fact.successor.hex()}")
    contract.frozen = True


def _loan_adopted(books: Books, fact: LoanAdopted, event: Event) -> None:
    ledger = open_ledger(books, event)
    require_predecessor(books.loan_ledgers, ledger, fact.predecessor, event)
    entry = active_agreement(present_book(books, event), fact.agreement, event)
    require_named(books, entry, fact.member, event)
    if (fact.agreement, fact.loan) in ledger.loans:
        raise broken(event, Rule.LOAN, f"loan {fact.loan.hex()} exists")
    before = carried_loan(books, ledger, fact.agreement, fact.loan)
    if before is None:
        raise broken(event, Rule.LOAN, f"the predecessor has no loan {fact.loan.hex()}")
    if fact.carried != (expected := _as_carried(before)):
        raise broken(event, Rule.CARRIED, f"the predecessor has {expected}, not {fact.carried}")
    linked = link(fact, before.count, before.head, event)
    ledger.loans[fact.agreement, fact.loan] = replace(
        before, count=fact.count, carried_count=before.count, head=fact.head, history=(linked,)
    )


def _as_carried(loan: Loan) -> CarriedLoan:
    return CarriedLoan(loan.state, loan.principal, loan.count, loan.carried_count, loan.head, loan.servicer or NOTHING)


HANDLERS: Handlers = {
    (AGREEMENT_BOOK, ContractFrozen): _frozen,
    (LOAN_LEDGER, ContractFrozen): _frozen,
    (LOAN_LEDGER, LoanAdopted): _loan_adopted,
}
