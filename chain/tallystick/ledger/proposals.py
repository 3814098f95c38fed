"""Events about what members decide: `Governance.sol`."""

from dataclasses import replace
from typing import Final

from .books import CONSORTIUM, Books, Handlers
from .codes import PAYLOAD_WORDS, MemberState, ProposalState
from .effects import effects_of
from .errors import Rule, broken
from .event import Event
from .facts import ProposalApproved, ProposalExecuted, ProposalMade, ProposalWithdrawn
from .state import Proposal

__all__ = ["HANDLERS", "expect_execution"]

PROPOSAL_LIFETIME: Final = 30 * 86_400


def expect_execution(books: Books, proposal_id: bytes, event: Event) -> None:
    """Demand every event that the execution of the proposal brings about now, `ProposalExecuted` last.

    Raises `ReplayBroken` by `proposal`, `timelock` or `approvals` if it cannot be executed now.
    """
    proposal = _open(books, proposal_id, event)
    if event.block_time < proposal.executable_from:
        raise broken(event, Rule.TIMELOCK, f"executable from {proposal.executable_from}, not at {event.block_time}")
    approvals = _count(books, proposal)
    required = max((2 * books.active_count + 2) // 3, books.threshold)
    if approvals < required:
        raise broken(event, Rule.APPROVALS, f"{approvals} approvals where {required} are needed")
    books.due.extend(effects_of(books, proposal, event))
    books.expect(
        CONSORTIUM, ProposalExecuted, act_id=proposal_id, change=proposal.change, approvals=approvals, required=required
    )


def _made(books: Books, fact: ProposalMade, event: Event) -> None:
    words = PAYLOAD_WORDS[fact.change]
    if len(fact.payload) != 32 * words:
        raise broken(event, Rule.PROPOSAL, f"{fact.change.name} has {words} words, not {len(fact.payload)} bytes")
    due = (books.epoch, event.block_time + books.delay, event.block_time + PROPOSAL_LIFETIME)
    if (fact.epoch, fact.executable_from, fact.lapses_at) != due:
        raise broken(event, Rule.PROPOSAL, f"epoch, timelock and end are {due}")
    books.proposals[fact.act_id] = Proposal(
        fact.act_id, ProposalState.OPEN, fact.change, fact.payload, fact.member, *due, approvals=(fact.member,)
    )


def _approved(books: Books, fact: ProposalApproved, event: Event) -> None:
    proposal = _open(books, fact.proposal, event)
    if fact.member in proposal.approvals:
        raise broken(event, Rule.APPROVALS, f"{fact.member.hex()} approved before")
    proposal = replace(proposal, approvals=(*proposal.approvals, fact.member))
    if fact.approvals != _count(books, proposal):
        raise broken(event, Rule.APPROVALS, f"{_count(books, proposal)} approvals, not {fact.approvals}")
    books.proposals[fact.proposal] = proposal


def _withdrawn(books: Books, fact: ProposalWithdrawn, event: Event) -> None:
    proposal = _open(books, fact.proposal, event)
    if fact.member != proposal.proposer:
        raise broken(event, Rule.PROPOSAL, f"{fact.member.hex()} did not propose it")
    books.proposals[fact.proposal] = replace(proposal, state=ProposalState.CANCELLED)


def _executed(books: Books, fact: ProposalExecuted, _event: Event) -> None:
    books.proposals[fact.act_id] = replace(books.proposals[fact.act_id], state=ProposalState.EXECUTED)


def _open(books: Books, proposal_id: bytes, event: Event) -> Proposal:
    proposal = books.proposals.get(proposal_id)
    if proposal is None or proposal.state is not ProposalState.OPEN:
        state = "unknown" if proposal is None else proposal.state.name
        raise broken(event, Rule.PROPOSAL, f"{proposal_id.hex()} is {state}")
    if event.block_time > proposal.lapses_at or books.epoch != proposal.epoch:
        raise broken(event, Rule.PROPOSAL, f"{proposal_id.hex()} has lapsed")
    return proposal


def _count(books: Books, proposal: Proposal) -> int:
    return sum(books.members[member].state is MemberState.ACTIVE for member in proposal.approvals)


HANDLERS: Handlers = {
    (CONSORTIUM, ProposalMade): _made,
    (CONSORTIUM, ProposalApproved): _approved,
    (CONSORTIUM, ProposalWithdrawn): _withdrawn,
    (CONSORTIUM, ProposalExecuted): _executed,
}
