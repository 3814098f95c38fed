"""Recompute everything the contracts know from their events alone, and check every rule that events let one check.

What events cannot tell stays unchecked: the signatures themselves (the signer is told, and checked to be a key of the
member), reuse of a business fact (`ref`), an act's validity, code hashes, and the date of a reduced exposure. An event
left out is noticed by what it would have changed; one that changes nothing (a note of time, a snapshot, a burnt act)
or the last of all is missed here, and is for the receipts root to show.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tallystick.keys import Address

from . import (
    agreements,
    directory,
    exposure,
    keyring,
    loans,
    logs,
    matters,
    members,
    proposals,
    recording,
    succession,
    transfers,
)
from .books import AGREEMENT_BOOK, CONSORTIUM, NO_ADDRESS, NOTHING, Books, Handler, place_of
from .codes import KeyPurpose
from .errors import ReplayBroken, Rule, broken
from .event import Event
from .facts import (
    ActCancelled,
    AgreementActivated,
    CompromiseReported,
    ConsortiumActivated,
    ContractFrozen,
    ContractRegistered,
    DelayChanged,
    Fact,
    KeyAdded,
    KeyRevocationRecorded,
    MemberAdmitted,
    MemberStateChanged,
    ProposalExecuted,
    Ratified,
    RolesChanged,
    SealedLoanActivated,
    ServicingTransferred,
    ShareTransferred,
    ThresholdChanged,
    reader,
    solidity_fields,
)
from .snapshot import picture
from .state import ChainState

__all__ = ["Replay", "handled_events", "replay"]

_ACT: Final = (KeyPurpose.ACT,)
_ACT_OR_RECOVERY: Final = (KeyPurpose.ACT, KeyPurpose.RECOVERY)
_SIGNERS: Final[Mapping[type[Fact], tuple[KeyPurpose, ...]]] = {
    KeyAdded: _ACT_OR_RECOVERY,
    KeyRevocationRecorded: _ACT_OR_RECOVERY,
    CompromiseReported: _ACT_OR_RECOVERY,
}
"""Whose signature counts where it is not an ACT key alone."""

_EVEN_IF_SUSPENDED: Final = frozenset({ActCancelled, KeyRevocationRecorded, CompromiseReported})
_FOUNDING: Final = frozenset({MemberAdmitted, KeyAdded, DelayChanged, ThresholdChanged})
_GOVERNED: Final = frozenset(
    {
        MemberAdmitted,
        MemberStateChanged,
        RolesChanged,
        KeyAdded,
        KeyRevocationRecorded,
        CompromiseReported,
        ContractRegistered,
        DelayChanged,
        ThresholdChanged,
        ProposalExecuted,
    }
)
"""Events that the execution of a proposal brings about."""

_ONLY_FOLLOWING: Final = frozenset(
    {
        MemberAdmitted,
        MemberStateChanged,
        RolesChanged,
        ConsortiumActivated,
        ContractRegistered,
        DelayChanged,
        ThresholdChanged,
        ProposalExecuted,
        AgreementActivated,
        SealedLoanActivated,
        ShareTransferred,
        ServicingTransferred,
    }
)
"""Events that no act emits by itself."""


@dataclass(frozen=True, slots=True)
class _Handling:
    """How an event is read, and what must hold before `book` checks and books it."""

    kind: type[Fact]
    read: Callable[[object], Any]
    book: Handler
    signed: bool
    signers: tuple[KeyPurpose, ...]
    even_if_suspended: bool
    governed: bool
    only_following: bool


class Replay:
    """A replay that goes on: `apply` events as they come, and look at `state` at any time.

    `chain_id` and `consortium` (the contract's address) are what the caller trusts beforehand (`consortium.json`).
    """

    def __init__(self, chain_id: int, consortium: Address) -> None:
        self._books = Books(chain_id, consortium)
        self._last: Event | None = None
        self._broken: ReplayBroken | None = None

    @property
    def state(self) -> ChainState:
        """The state after the last event, as a picture that stays."""
        last = self._last
        return picture(self._books, place_of(last) if last else None, last.block_time if last else 0)

    def apply(self, event: Event) -> None:
        """Take the next event of the chain.

        Raises `ReplayBroken` at the first event that breaks a rule, and the same again at every later call: the state
        is then of no use.
        """
        if self._broken is not None:
            raise self._broken
        try:
            self._check_order(event)
            self._apply(event)
        except ReplayBroken as refusal:
            self._broken = refusal
            raise
        self._last = event

    def finish(self) -> ChainState:
        """The state, at the end of a block; raises `ReplayBroken` by `consequence` if an event is still due."""
        if self._books.due and self._last is not None:
            raise broken(self._last, Rule.CONSEQUENCE, f"{self._books.due[0].kind.__name__} does not follow")
        return self.state

    def _check_order(self, event: Event) -> None:
        last = self._last
        if last is None:
            return
        if event.height > last.height:
            if event.block_time < last.block_time:
                raise broken(event, Rule.ORDER, f"time runs back from {last.block_time} to {event.block_time}")
            return
        same_transaction = event.transaction_index == last.transaction_index
        if (
            event.height < last.height
            or event.transaction_index < last.transaction_index
            or event.log_index <= last.log_index
        ):
            raise broken(event, Rule.ORDER, f"it comes after event {last.log_index} of block {last.height}")
        if event.block_time != last.block_time or same_transaction != (event.transaction_hash == last.transaction_hash):
            raise broken(event, Rule.ORDER, "time and transactions of the block contradict each other")

    def _apply(self, event: Event) -> None:
        books = self._books
        handling = _HANDLING.get((event.contract, event.name))
        if handling is None:
            raise broken(event, Rule.EVENT_UNKNOWN, f"{event.contract} has no event {event.name}")
        try:
            fact = handling.read(event.values)
        except ValueError as wrong:
            raise broken(event, Rule.EVENT_MALFORMED, str(wrong)) from None
        if fact.chain_id != books.chain_id:
            raise broken(event, Rule.CHAIN_ID, f"it is of chain {fact.chain_id}, not {books.chain_id}")
        self._check_contract(handling, event)
        if not books.founded:
            self._check_founding(fact, handling, event)
        else:
            self._check_cause(fact, handling, event)
            if handling.signed and (fact.signer != NO_ADDRESS or not books.follows):
                _record_act(books, fact, handling, event)
        handling.book(books, fact, event)

    def _check_contract(self, handling: _Handling, event: Event) -> None:
        books = self._books
        if books.active:
            if books.names.get(event.address) == event.contract:
                return
            if handling.kind is ContractFrozen and _was_named(books, event):
                return
        elif event.address == books.consortium and event.contract == CONSORTIUM:
            return
        raise broken(event, Rule.CONTRACT, f"{event.address.hex()} is not the {event.contract} of the directory")

    def _check_founding(self, fact: Any, handling: _Handling, event: Event) -> None:
        books = self._books
        if books.founding_transaction is None:
            books.founding_transaction = event.transaction_hash
        by_deployment = handling.kind in _FOUNDING and fact.act_id == NOTHING
        if (
            not by_deployment
            or getattr(fact, "signer", NO_ADDRESS) != NO_ADDRESS
            or event.transaction_hash != books.founding_transaction
        ):
            raise broken(event, Rule.FOUNDING, "the deployment founds the consortium, by itself and in one transaction")

    def _check_cause(self, fact: Any, handling: _Handling, event: Event) -> None:
        """Match the event with the one that is due, if one is; else it must be one that stands alone."""
        books, last = self._books, self._last
        if not books.due and handling.governed and fact.act_id in books.proposals:
            proposals.expect_execution(books, fact.act_id, event)
        elif books.due:
            if last is not None and event.transaction_hash != last.transaction_hash:
                raise broken(event, Rule.CONSEQUENCE, f"{books.due[0].kind.__name__} is due before it")
        elif handling.only_following or (handling.governed and getattr(fact, "signer", NO_ADDRESS) == NO_ADDRESS):
            raise broken(event, Rule.CAUSE, f"nothing brought {event.name} about")
        books.follows = bool(books.due)
        if books.follows and (wrong := books.due.popleft().differs(event.contract, fact)):
            raise broken(event, Rule.CONSEQUENCE, wrong)


def replay(events: Iterable[Event], chain_id: int, consortium: Address) -> ChainState:
    """The state after all events of the chain's contracts, in chain order. Raises `ReplayBroken`."""
    run = Replay(chain_id, consortium)
    for event in events:
        run.apply(event)
    return run.finish()


def handled_events() -> Mapping[tuple[str, str], type[Fact]]:
    """The typed event by the names of contract and event, for every event that is replayed."""
    return {key: handling.kind for key, handling in _HANDLING.items()}


def _record_act(books: Books, fact: Any, handling: _Handling, event: Event) -> None:
    """An act is recorded once, by an active consortium, and signed by a key that may."""
    if not books.active and handling.kind is not Ratified:
        raise broken(event, Rule.RATIFICATION, "the founders have not ratified yet")
    act_id = fact.act_id
    if act_id in books.acts or act_id in books.cancelled or act_id == NOTHING:
        raise broken(event, Rule.ACT_ID, f"{act_id.hex()} was recorded or cancelled before, or is zero")
    books.authorise(event, fact.member, fact.signer, handling.signers, even_if_suspended=handling.even_if_suspended)
    books.acts.add(act_id)


def _was_named(books: Books, event: Event) -> bool:
    contracts = books.agreement_books if event.contract == AGREEMENT_BOOK else books.loan_ledgers
    return event.address in contracts


def _handling(kind: type[Fact], book: Handler) -> _Handling:
    return _Handling(
        kind=kind,
        read=reader(kind),
        book=book,
        signed=any(name == "signer" for name, _ in solidity_fields(kind)),
        signers=_SIGNERS.get(kind, _ACT),
        even_if_suspended=kind in _EVEN_IF_SUSPENDED,
        governed=kind in _GOVERNED,
        only_following=kind in _ONLY_FOLLOWING,
    )


_PARTS = (
    members,
    keyring,
    directory,
    proposals,
    recording,
    agreements,
    exposure,
    matters,
    loans,
    transfers,
    succession,
    logs,
)
_HANDLING: Mapping[tuple[str, str], _Handling] = {
    (contract, kind.__name__): _handling(kind, book)
    for part in _PARTS
    for (contract, kind), book in part.HANDLERS.items()
}
