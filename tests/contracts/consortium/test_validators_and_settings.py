"""What members decide about validators, the threshold and the timelock."""

from tests.contracts.decisions import Change, decide, pending, refused
from tests.contracts.support import DAY, HOUR, Network, digest, key_named, the, word

VALIDATOR = 3
NEVER = 2**40
STRANGER = digest("nobody's member id")


def validators_of(network: Network) -> set[bytes]:
    return set(network.ask("Consortium", "validators"))


# ---------------------------------------------------------------------- validators


def test_a_validator_is_added_and_removed(network: Network) -> None:
    bank, node = network.founders[0], key_named("a node")
    proposal, call = pending(network, Change.ADD_VALIDATOR, bank.id, node.address, 0, NEVER)
    added = the(network.chain.send(call), "KeyAdded")
    assert (added["actId"], added["key"], added["member"]) == (proposal, word(node.address), bank.id)
    assert (added["purpose"], added["notBefore"]) == (VALIDATOR, network.chain.now)
    assert node.address in validators_of(network)

    proposal, call = pending(network, Change.REMOVE_VALIDATOR, bank.id, node.address, "MOVED")
    revoked = the(network.chain.send(call), "KeyRevocationRecorded")
    assert (revoked["actId"], revoked["key"], revoked["reason"]) == (proposal, word(node.address), word("MOVED"))
    assert validators_of(network) == {member.validator.address for member in network.founders}
    again = (bank.id, node.address, 0, NEVER)
    refused(network, Change.ADD_VALIDATOR, again, "KeyTaken", key=word(node.address), owner=bank.id)


def test_a_validator_belongs_to_a_member(network: Network) -> None:
    bank, other = network.founders[:2]
    words = (STRANGER, key_named("a node").address, 0, NEVER)
    refused(network, Change.ADD_VALIDATOR, words, "MemberUnknown", member=STRANGER)
    key = word(other.validator.address)
    values = {"key": key, "member": bank.id, "owner": other.id}
    refused(network, Change.REMOVE_VALIDATOR, (bank.id, key, "MOVED"), "KeyNotOfMember", **values)


def test_what_is_removed_is_a_validator(network: Network) -> None:
    bank = network.founders[0]
    for key in (word(key_named("a node").address), word(bank.act.address)):
        refused(network, Change.REMOVE_VALIDATOR, (bank.id, key, "MOVED"), "KeyUnknown", key=key)


def test_four_validators_stay(network: Network) -> None:
    first, second = network.founders[:2]
    decide(network, Change.REMOVE_VALIDATOR, first.id, first.validator.address, "MOVED")
    words = (second.id, second.validator.address, "MOVED")
    refused(network, Change.REMOVE_VALIDATOR, words, "TooFewValidators", count=3, least=4)


def test_there_are_sixty_four_validators_at_most(network: Network) -> None:
    bank = network.founders[0]
    for number in range(64 - len(network.founders)):
        node = key_named(f"node {number}")
        decide(network, Change.ADD_VALIDATOR, bank.id, node.address, 0, NEVER, by=network.founders[:4])
    assert len(validators_of(network)) == 64
    words = (bank.id, key_named("one more").address, 0, NEVER)
    refused(network, Change.ADD_VALIDATOR, words, "TooManyValidators", count=65, most=64)


# ---------------------------------------------------------------------- threshold, delay


def test_the_threshold_changes_up_to_the_number_of_active_members(network: Network) -> None:
    proposal, call = pending(network, Change.SET_THRESHOLD, 5)
    assert the(network.chain.send(call), "ThresholdChanged") == {
        "actId": proposal,
        "previousThreshold": 0,
        "threshold": 5,
        "chainId": network.chain.id,
    }
    assert network.ask("Consortium", "requiredApprovals") == 5
    for threshold in (6, 256, 2**255):
        refused(network, Change.SET_THRESHOLD, (threshold,), "ThresholdInvalid", threshold=threshold, members=5)


def test_the_delay_changes_between_a_second_and_fourteen_days(network: Network) -> None:
    proposal, call = pending(network, Change.SET_DELAY, 14 * DAY)
    assert the(network.chain.send(call), "DelayChanged") == {
        "actId": proposal,
        "previousDelay": HOUR,
        "delay": 14 * DAY,
        "chainId": network.chain.id,
    }


def test_a_delay_out_of_bounds_is_refused(network: Network) -> None:
    for delay in (0, 14 * DAY + 1, 2**64 + 1):
        refused(network, Change.SET_DELAY, (delay,), "DelayInvalid", delay=delay, least=1, most=14 * DAY)


def test_a_new_delay_counts_for_what_is_proposed_after_it(network: Network) -> None:
    _, earlier = pending(network, Change.SET_ROLES, network.founders[0].id, 3)
    decide(network, Change.SET_DELAY, 14 * DAY)
    network.chain.send(earlier)
    proposal, late = pending(network, Change.SET_ROLES, network.founders[0].id, 1)
    ready = network.ask("Consortium", "proposalOf", proposal)["executableFrom"]
    values = {"proposal": proposal, "executableFrom": ready, "timestamp": network.chain.now}
    network.chain.refused(late, "ProposalTimelocked", **values)
