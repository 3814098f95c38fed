"""Decisions by m of n: proposals, approvals, the timelock, and when a proposal lapses."""

import pytest

from tallystick.acts import Approve, CancelProposal, Propose
from tallystick.keccak import keccak256
from tests.contracts.decisions import Change, approve, decide, execution, payload_of, pending, propose
from tests.contracts.support import DAY, DELAY_S, Member, Network, digest, found, key_named, the, word

LIFETIME_S = 30 * DAY
OPEN, CANCELLED, EXECUTED = 1, 2, 3
NEW_DELAY_S = 7200


def state_of(network: Network, proposal: bytes) -> int:
    return int(network.ask("Consortium", "proposalOf", proposal)["state"])


def approval(network: Network, member: Member, proposal: bytes) -> Approve:
    return network.act(Approve, member, proposal=proposal)


# ---------------------------------------------------------------------- from proposal to execution


def test_a_proposal_stands_with_its_proposers_approval(network: Network) -> None:
    bank, payload = network.founders[0], payload_of(NEW_DELAY_S)
    act = network.act(Propose, bank, change=int(Change.SET_DELAY), payload=payload)
    at = network.chain.now + 1
    made = the(network.send(act, at=at), "ProposalMade")
    epoch = len(network.founders)
    assert made == {
        "actId": network.act_id(act),
        "member": bank.id,
        "signer": bank.act.address,
        "change": Change.SET_DELAY,
        "payload": payload,
        "epoch": epoch,
        "executableFrom": at + DELAY_S,
        "lapsesAt": at + LIFETIME_S,
        "chainId": network.chain.id,
    }
    assert network.ask("Consortium", "proposalOf", network.act_id(act)) == {
        "state": OPEN,
        "change": Change.SET_DELAY,
        "executableFrom": at + DELAY_S,
        "lapsesAt": at + LIFETIME_S,
        "epoch": epoch,
        "proposer": bank.id,
        "payloadHash": keccak256(payload),
        "approvals": 0b1,
    }


def test_approvals_add_up_by_member(network: Network) -> None:
    proposal = propose(network, Change.SET_DELAY, NEW_DELAY_S, by=network.founders[2])
    act = approval(network, network.founders[4], proposal)
    approved = the(network.send(act), "ProposalApproved")
    assert approved == {
        "actId": network.act_id(act),
        "proposal": proposal,
        "member": network.founders[4].id,
        "signer": network.founders[4].act.address,
        "approvals": 2,
        "chainId": network.chain.id,
    }
    assert network.ask("Consortium", "proposalOf", proposal)["approvals"] == 0b10100


def test_anybody_executes_a_decision_once_the_timelock_is_over(network: Network) -> None:
    proposal = propose(network, Change.SET_DELAY, NEW_DELAY_S)
    made_at = network.chain.now
    approve(network, proposal, *network.founders[1:4])
    call = execution(network, proposal, Change.SET_DELAY, NEW_DELAY_S)
    network.chain.travel_to(made_at + DELAY_S - 1)
    values = {"proposal": proposal, "executableFrom": made_at + DELAY_S, "timestamp": made_at + DELAY_S - 1}
    network.chain.refused(call, "ProposalTimelocked", **values)

    events = network.chain.send(call, at=made_at + DELAY_S, sender=key_named("a stranger"))
    assert [event.name for event in events] == ["DelayChanged", "ProposalExecuted"]
    assert the(events, "ProposalExecuted") == {
        "actId": proposal,
        "change": Change.SET_DELAY,
        "approvals": 4,
        "required": 4,
        "chainId": network.chain.id,
    }
    assert network.ask("Consortium", "delay") == NEW_DELAY_S
    assert state_of(network, proposal) == EXECUTED


def test_two_thirds_of_the_active_members_rounded_up_must_approve(network: Network) -> None:
    assert network.ask("Consortium", "requiredApprovals") == 4
    proposal, call = pending(network, Change.SET_DELAY, NEW_DELAY_S, by=network.founders[:3])
    network.chain.refused(call, "TooFewApprovals", proposal=proposal, approvals=3, required=4)
    approve(network, proposal, network.founders[3])
    network.chain.send(call)


def test_a_threshold_above_two_thirds_counts_at_execution(network: Network) -> None:
    proposal, call = pending(network, Change.SET_DELAY, NEW_DELAY_S, by=network.founders[:4])
    decide(network, Change.SET_THRESHOLD, 5)
    network.chain.refused(call, "TooFewApprovals", proposal=proposal, approvals=4, required=5)
    approve(network, proposal, network.founders[4])
    network.chain.send(call)


def test_a_threshold_below_two_thirds_does_not_lower_them(network: Network) -> None:
    decide(network, Change.SET_THRESHOLD, 1)
    assert network.ask("Consortium", "requiredApprovals") == 4


def test_a_decision_is_executed_once(network: Network) -> None:
    proposal, call = pending(network, Change.SET_DELAY, NEW_DELAY_S)
    network.chain.send(call)
    network.chain.refused(call, "ProposalNotOpen", proposal=proposal, state=EXECUTED)
    late = approval(network, network.founders[4], proposal)
    network.refused(late, "ProposalNotOpen", proposal=proposal, state=EXECUTED)


def test_what_is_executed_is_what_was_approved(network: Network) -> None:
    proposal, _ = pending(network, Change.SET_DELAY, NEW_DELAY_S)
    expected = keccak256(payload_of(NEW_DELAY_S))
    other_payload = execution(network, proposal, Change.SET_DELAY, NEW_DELAY_S + 1)
    found_hash = keccak256(payload_of(NEW_DELAY_S + 1))
    values = {"proposal": proposal, "expected": expected, "found": found_hash}
    network.chain.refused(other_payload, "PayloadMismatch", **values)
    other_change = execution(network, proposal, Change.SET_THRESHOLD, NEW_DELAY_S)
    network.chain.refused(other_change, "PayloadMismatch", **(values | {"found": expected}))


def test_a_proposal_that_cannot_be_carried_out_stays_open(network: Network) -> None:
    proposal, call = pending(network, Change.SET_THRESHOLD, 6)
    network.chain.refused(call, "ThresholdInvalid", threshold=6, members=5)
    assert state_of(network, proposal) == OPEN


# ---------------------------------------------------------------------- what is no proposal


@pytest.mark.parametrize("change", [0, 13, 255])
def test_a_change_that_does_not_exist_is_refused(network: Network, change: int) -> None:
    act = network.act(Propose, network.founders[0], change=change, payload=b"")
    network.refused(act, "ChangeUnknown", change=change)


@pytest.mark.parametrize("change", list(Change))
def test_a_payload_of_another_length_than_the_changes_is_refused(network: Network, change: Change) -> None:
    words = {1: 6, 2: 2, 3: 2, 4: 2, 5: 2, 6: 4, 7: 3, 8: 1, 9: 1, 10: 3, 11: 5, 12: 6}[change]
    for length in (0, 32 * words - 1, 32 * words + 1, 32 * (words + 1)):
        act = network.act(Propose, network.founders[0], change=int(change), payload=bytes(length))
        network.refused(act, "PayloadMalformed", change=change, length=length)
    network.send(network.act(Propose, network.founders[0], change=int(change), payload=bytes(32 * words)))


def test_a_proposal_that_nobody_made_is_unknown(network: Network) -> None:
    nothing = digest("no proposal")
    network.refused(approval(network, network.founders[0], nothing), "ProposalUnknown", proposal=nothing)
    withdrawal = network.act(CancelProposal, network.founders[0], proposal=nothing)
    network.refused(withdrawal, "ProposalUnknown", proposal=nothing)
    call = execution(network, nothing, Change.SET_DELAY, NEW_DELAY_S)
    network.chain.refused(call, "ProposalUnknown", proposal=nothing)


def test_a_member_approves_once_and_the_proposer_did_by_proposing(network: Network) -> None:
    proposal = propose(network, Change.SET_DELAY, NEW_DELAY_S)
    approve(network, proposal, network.founders[1])
    for member in network.founders[:2]:
        values = {"proposal": proposal, "member": member.id}
        network.refused(approval(network, member, proposal), "AlreadyApproved", **values)


def test_only_an_act_key_decides(network: Network) -> None:
    bank, other = network.founders[:2]
    proposal = propose(network, Change.SET_DELAY, NEW_DELAY_S, by=other)
    acts = (
        network.act(Propose, bank, change=int(Change.SET_DELAY), payload=payload_of(NEW_DELAY_S)),
        approval(network, bank, proposal),
        network.act(CancelProposal, bank, proposal=proposal),
    )
    for act in acts:
        values = {"key": word(bank.recovery.address), "purpose": 2, "expected": 1}
        network.refused(act, "WrongPurpose", by=bank.recovery, **values)


# ---------------------------------------------------------------------- taking back


def test_the_proposer_takes_its_proposal_back(network: Network) -> None:
    bank, (proposal, call) = network.founders[0], pending(network, Change.SET_DELAY, NEW_DELAY_S)
    act = network.act(CancelProposal, bank, proposal=proposal)
    assert the(network.send(act), "ProposalWithdrawn") == {
        "actId": network.act_id(act),
        "proposal": proposal,
        "member": bank.id,
        "signer": bank.act.address,
        "chainId": network.chain.id,
    }
    network.chain.refused(call, "ProposalNotOpen", proposal=proposal, state=CANCELLED)
    again = network.act(CancelProposal, bank, proposal=proposal)
    network.refused(again, "ProposalNotOpen", proposal=proposal, state=CANCELLED)


def test_nobody_else_takes_a_proposal_back(network: Network) -> None:
    bank, other = network.founders[:2]
    proposal = propose(network, Change.SET_DELAY, NEW_DELAY_S, by=bank)
    act = network.act(CancelProposal, other, proposal=proposal)
    network.refused(act, "NotProposer", proposal=proposal, member=other.id, proposer=bank.id)


# ---------------------------------------------------------------------- lapsing


def test_a_proposal_lapses_after_thirty_days(network: Network) -> None:
    proposal, call = pending(network, Change.SET_DELAY, NEW_DELAY_S, by=network.founders[:4])
    lapses_at = network.ask("Consortium", "proposalOf", proposal)["lapsesAt"]
    with network.chain.rewound():
        network.chain.send(call, at=lapses_at)
    network.chain.travel_to(lapses_at + 1)
    epoch = len(network.founders)
    values = {"proposal": proposal, "lapsesAt": lapses_at, "epoch": epoch, "currentEpoch": epoch}
    network.chain.refused(call, "ProposalLapsed", **values)
    network.refused(approval(network, network.founders[4], proposal), "ProposalLapsed", **values)
    withdrawal = network.act(CancelProposal, network.founders[0], proposal=proposal)
    network.refused(withdrawal, "ProposalLapsed", **values)


def admission(newcomer: Member) -> tuple[str | bytes | int, ...]:
    return (newcomer.id, 1, newcomer.certificate, newcomer.recovery.address, 0, 2**40)


@pytest.mark.parametrize("change", [Change.ADMIT, Change.SUSPEND, Change.EXPEL])
def test_a_proposal_lapses_when_the_membership_changes(network: Network, change: Change) -> None:
    """So approvals of members that are no longer active count for nothing."""
    proposal, call = pending(network, Change.SET_DELAY, NEW_DELAY_S, by=network.founders[:4])
    lapses_at = network.ask("Consortium", "proposalOf", proposal)["lapsesAt"]
    epoch = len(network.founders)
    newcomer = Member("BANK-D", network.founders[0].roles)
    words = admission(newcomer) if change is Change.ADMIT else (network.founders[3].id, "REASON")
    decide(network, change, *words)

    values = {"proposal": proposal, "lapsesAt": lapses_at, "epoch": epoch, "currentEpoch": epoch + 1}
    network.chain.refused(call, "ProposalLapsed", **values)
    network.refused(approval(network, network.founders[4], proposal), "ProposalLapsed", **values)


def test_a_reinstatement_changes_the_membership_too(network: Network) -> None:
    away, *active = network.founders
    decide(network, Change.SUSPEND, away.id, "AUDIT")
    proposal, call = pending(network, Change.SET_DELAY, NEW_DELAY_S, by=active)
    lapses_at = network.ask("Consortium", "proposalOf", proposal)["lapsesAt"]
    decide(network, Change.REINSTATE, away.id, "CLEARED", by=active)
    values = {"proposal": proposal, "lapsesAt": lapses_at, "epoch": 6, "currentEpoch": 7}
    network.chain.refused(call, "ProposalLapsed", **values)


def test_a_change_of_something_else_leaves_proposals_open(network: Network) -> None:
    _, call = pending(network, Change.SET_DELAY, NEW_DELAY_S)
    decide(network, Change.SET_ROLES, network.founders[0].id, 3)
    decide(network, Change.ADD_VALIDATOR, network.founders[0].id, key_named("a node").address, 0, 2**40)
    decide(network, Change.SET_THRESHOLD, 3)
    network.chain.send(call)


def test_after_a_suspension_the_rest_decides_by_two_thirds_of_the_rest(network: Network) -> None:
    away, *active = network.founders
    decide(network, Change.SUSPEND, away.id, "AUDIT")
    assert network.ask("Consortium", "requiredApprovals") == 3
    act = network.act(Propose, away, change=int(Change.SET_DELAY), payload=payload_of(NEW_DELAY_S))
    network.refused(act, "MemberNotActive", member=away.id, state=2)
    proposal, call = pending(network, Change.SET_DELAY, NEW_DELAY_S, by=active[:2])
    network.refused(approval(network, away, proposal), "MemberNotActive", member=away.id, state=2)
    network.chain.refused(call, "TooFewApprovals", proposal=proposal, approvals=2, required=3)
    approve(network, proposal, active[2])
    network.chain.send(call)


def test_each_consortium_decides_for_itself(network: Network) -> None:
    """The same proposal in another consortium of the same members is another act, with its own approvals."""
    other = found(network.chain)
    other.ratify_all()
    proposal = propose(network, Change.SET_DELAY, NEW_DELAY_S)
    unknown = approval(other, other.founders[1], proposal)
    other.refused(unknown, "ProposalUnknown", proposal=proposal)
