"""What each change of the consortium does, and when it is refused at its execution."""

import pytest

from tallystick.acts import AddKey, Anchor, Cancel, NoteTime, ReportCompromise, encode_data
from tallystick.consortium import Role
from tests.contracts.decisions import Change, decide, pending
from tests.contracts.support import DAY, HOUR, NOBODY, Call, Deployed, Member, Network, digest, key_named, the, word

ACT, RECOVERY, VALIDATOR = 1, 2, 3
ACTIVE, SUSPENDED, EXPELLED = 1, 2, 3
NEVER = 2**40
NEWCOMER = Member("BANK-D", Role.LENDER)
STRANGER = digest("nobody's member id")

Words = tuple[str | bytes | int, ...]


def admission(member: Member = NEWCOMER) -> Words:
    return (member.id, int(member.roles), member.certificate, member.recovery.address, 0, NEVER)


def refused(
    network: Network, change: Change, words: tuple[str | bytes | int, ...], error: str, **values: object
) -> None:
    """Assert that a decision of all members cannot be carried out. Undone afterwards."""
    with network.chain.rewound():
        _, call = pending(network, change, *words)
        network.chain.refused(call, error, **values)


def note(network: Network, member: Member) -> NoteTime:
    return network.act(NoteTime, member, token_digest=digest("token"))


def state_of(network: Network, member: Member) -> int:
    return int(network.ask("Consortium", "memberOf", member.id)["state"])


def validators_of(network: Network) -> set[bytes]:
    return set(network.ask("Consortium", "validators"))


# ---------------------------------------------------------------------- admit


def test_an_admitted_member_brings_its_recovery_key_and_adds_the_others_itself(network: Network) -> None:
    proposal, call = pending(network, Change.ADMIT, *admission())
    at = network.chain.now + 1
    events = network.chain.send(call, at=at)
    count = len(network.founders)
    assert the(events, "MemberAdmitted") == {
        "actId": proposal,
        "member": NEWCOMER.id,
        "roles": Role.LENDER,
        "index": count,
        "certificate": NEWCOMER.certificate,
        "chainId": network.chain.id,
    }
    added = the(events, "KeyAdded")
    assert (added["key"], added["purpose"]) == (word(NEWCOMER.recovery.address), RECOVERY)
    assert (added["actId"], added["signer"], added["notBefore"]) == (proposal, bytes(20), at)
    assert network.ask("Consortium", "activeMemberCount") == count + 1
    assert network.ask("Consortium", "epoch") == count + 1

    own = network.act(AddKey, NEWCOMER, purpose=ACT, key=word(NEWCOMER.act.address), not_before=0, not_after=NEVER)
    network.send(own, by=NEWCOMER.recovery)
    network.send(note(network, NEWCOMER), by=NEWCOMER.act)


def test_an_admitted_members_approval_counts_like_any_other(network: Network) -> None:
    decide(network, Change.ADMIT, *admission())
    own = network.act(AddKey, NEWCOMER, purpose=ACT, key=word(NEWCOMER.act.address), not_before=0, not_after=NEVER)
    network.send(own, by=NEWCOMER.recovery)
    network.keys[NEWCOMER.id] = NEWCOMER.act
    decide(network, Change.SET_DELAY, 60, by=[*network.founders[:3], NEWCOMER])
    assert network.ask("Consortium", "delay") == 60


def test_who_is_or_was_a_member_is_not_admitted_again(network: Network) -> None:
    bank = network.founders[0]
    refused(network, Change.ADMIT, admission(bank), "MemberExists", member=bank.id)
    gone = network.founders[4]
    decide(network, Change.EXPEL, gone.id, "FRAUD")
    _, call = pending(network, Change.ADMIT, *admission(gone), by=network.founders[:4])
    network.chain.refused(call, "MemberExists", member=gone.id)


def test_an_admission_names_a_member_with_roles_and_a_recovery_key_of_its_own(network: Network) -> None:
    whole = admission()
    refused(network, Change.ADMIT, (NOBODY, *whole[1:]), "MemberIdZero")
    for roles in (0, 16, 257):
        words = (whole[0], roles, *whole[2:])
        refused(network, Change.ADMIT, words, "RolesInvalid", member=NEWCOMER.id, roles=roles)

    taken, wide = network.founders[0], digest("no address")
    values = {"key": word(taken.act.address), "owner": taken.id}
    refused(network, Change.ADMIT, (*whole[:3], taken.act.address, *whole[4:]), "KeyTaken", **values)
    refused(network, Change.ADMIT, (*whole[:3], NOBODY, *whole[4:]), "KeyMalformed", key=NOBODY)
    refused(network, Change.ADMIT, (*whole[:3], wide, *whole[4:]), "KeyMalformed", key=wide)


def test_a_window_that_governance_opens_is_a_window_of_this_chains_time(network: Network) -> None:
    whole, key = admission(), word(NEWCOMER.recovery.address)
    far = 2**256 - 1
    with network.chain.rewound():
        _, call = pending(network, Change.ADMIT, *whole[:5], far)
        network.chain.refused(call, "KeyWindowInvalid", key=key, notBefore=network.chain.now, notAfter=2**64 - 1)
    with network.chain.rewound():
        _, call = pending(network, Change.ADMIT, *whole[:5], 1)
        network.chain.refused(call, "KeyWindowInvalid", key=key, notBefore=network.chain.now, notAfter=1)
    refused(
        network,
        Change.ADMIT,
        (*whole[:4], far, NEVER),
        "KeyWindowInvalid",
        key=key,
        notBefore=2**64 - 1,
        notAfter=NEVER,
    )


# ---------------------------------------------------------------------- suspend, reinstate


def test_a_suspended_member_is_a_member_that_says_nothing_until_reinstated(network: Network) -> None:
    away, *active = network.founders
    proposal, call = pending(network, Change.SUSPEND, away.id, "AUDIT")
    assert the(network.chain.send(call), "MemberStateChanged") == {
        "actId": proposal,
        "member": away.id,
        "previous": ACTIVE,
        "state": SUSPENDED,
        "reason": word("AUDIT"),
        "epoch": 6,
        "chainId": network.chain.id,
    }
    network.refused(note(network, away), "MemberNotActive", member=away.id, state=SUSPENDED)
    anchor = network.act(Anchor, away, stream=NOBODY, first_index=0, count=1, root=digest("root"), previous=NOBODY)
    network.refused(anchor, "MemberNotActive", member=away.id, state=SUSPENDED)
    assert away.validator.address in validators_of(network)

    changed = the(decide(network, Change.REINSTATE, away.id, "CLEARED", by=active), "MemberStateChanged")
    assert (changed["previous"], changed["state"], changed["epoch"]) == (SUSPENDED, ACTIVE, 7)
    network.send(note(network, away))
    network.send(anchor)


def test_a_suspended_member_may_still_burn_its_own_acts(network: Network) -> None:
    away, consortium = network.founders[0], network.contracts["Consortium"]
    act = note(network, away)
    decide(network, Change.SUSPEND, away.id, "AUDIT")
    cancel = network.act(Cancel, away, act_id=network.act_id(act))
    network.send(cancel, encode_data(act), to=consortium)
    assert network.ask("Consortium", "isCancelled", network.act_id(act)) is True


def test_only_an_active_member_is_suspended_and_only_a_suspended_one_reinstated(network: Network) -> None:
    bank = network.founders[0]
    values = {"member": bank.id, "state": ACTIVE, "expected": SUSPENDED}
    refused(network, Change.REINSTATE, (bank.id, "NO"), "MemberStateWrong", **values)
    decide(network, Change.SUSPEND, bank.id, "AUDIT")
    _, call = pending(network, Change.SUSPEND, bank.id, "AUDIT", by=network.founders[1:])
    values = {"member": bank.id, "state": SUSPENDED, "expected": ACTIVE}
    network.chain.refused(call, "MemberStateWrong", **values)
    for change in (Change.SUSPEND, Change.REINSTATE, Change.EXPEL):
        _, call = pending(network, change, STRANGER, "NO", by=network.founders[1:])
        network.chain.refused(call, "MemberUnknown", member=STRANGER)


@pytest.mark.parametrize("change", [Change.SUSPEND, Change.EXPEL])
def test_four_members_stay_active(network: Network, change: Change) -> None:
    """Below four, QBFT tolerates no fault."""
    decide(network, Change.EXPEL, network.founders[4].id, "FRAUD")
    _, call = pending(network, change, network.founders[3].id, "AUDIT", by=network.founders[:4])
    network.chain.refused(call, "TooFewActiveMembers", count=3, least=4)


@pytest.mark.parametrize("change", [Change.SUSPEND, Change.EXPEL])
def test_as_many_members_stay_active_as_the_threshold_asks_for(network: Network, change: Change) -> None:
    decide(network, Change.SET_THRESHOLD, 5)
    refused(network, change, (network.founders[3].id, "AUDIT"), "ThresholdInvalid", threshold=5, members=4)


# ---------------------------------------------------------------------- expel


def test_an_expelled_member_goes_for_good_and_its_validators_with_it(network: Network) -> None:
    gone, *rest = network.founders
    decide(network, Change.ADD_VALIDATOR, gone.id, key_named("a second node").address, 0, NEVER)
    events = decide(network, Change.EXPEL, gone.id, "FRAUD")
    assert validators_of(network) == {member.validator.address for member in rest}
    assert the(events, "MemberStateChanged")["state"] == EXPELLED
    revoked = [event.values for event in events if event.name == "KeyRevocationRecorded"]
    assert {values["key"] for values in revoked} == {
        word(gone.validator.address),
        word(key_named("a second node").address),
    }
    assert all(values["reason"] == word("expelled") for values in revoked)

    expelled = {"member": gone.id, "state": EXPELLED}
    network.refused(note(network, gone), "MemberNotActive", **expelled)
    for change, words in (
        (Change.EXPEL, (gone.id, "AGAIN")),
        (Change.SET_ROLES, (gone.id, 1)),
        (Change.ADD_VALIDATOR, (gone.id, key_named("a third node").address, 0, NEVER)),
        (Change.REPLACE_RECOVERY, (gone.id, NOBODY, key_named("a third key").address, 0, NEVER, "LOST")),
    ):
        _, call = pending(network, change, *words, by=rest)
        network.chain.refused(call, "MemberNotActive", **expelled)
    _, call = pending(network, Change.REINSTATE, gone.id, "MERCY", by=rest)
    network.chain.refused(call, "MemberStateWrong", **(expelled | {"expected": SUSPENDED}))


def test_a_suspended_member_can_be_expelled(network: Network) -> None:
    gone, *rest = network.founders
    decide(network, Change.SUSPEND, gone.id, "AUDIT")
    decide(network, Change.EXPEL, gone.id, "FRAUD", by=rest)
    assert state_of(network, gone) == EXPELLED
    assert network.ask("Consortium", "activeMemberCount") == 4


def test_a_member_is_not_expelled_with_the_fourth_validator(network: Network) -> None:
    gone, another = network.founders[:2]
    decide(network, Change.REMOVE_VALIDATOR, another.id, another.validator.address, "MOVED")
    refused(network, Change.EXPEL, (gone.id, "FRAUD"), "TooFewValidators", count=3, least=4)


# ---------------------------------------------------------------------- roles


def test_roles_change_with_what_they_were(network: Network) -> None:
    bank = network.founders[0]
    proposal, call = pending(network, Change.SET_ROLES, bank.id, 9)
    assert the(network.chain.send(call), "RolesChanged") == {
        "actId": proposal,
        "member": bank.id,
        "previousRoles": 1,
        "roles": 9,
        "chainId": network.chain.id,
    }
    assert network.ask("Consortium", "memberOf", bank.id)["roles"] == 9


def test_roles_exist_and_are_a_members(network: Network) -> None:
    bank = network.founders[0]
    for roles in (0, 16, 257):
        refused(network, Change.SET_ROLES, (bank.id, roles), "RolesInvalid", member=bank.id, roles=roles)
    refused(network, Change.SET_ROLES, (STRANGER, 1), "MemberUnknown", member=STRANGER)


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


# ---------------------------------------------------------------------- the directory


def log_in(network: Network) -> Deployed:
    """A second RecordLog of the same consortium."""
    return network.chain.deploy("RecordLog", f"0x{network.contracts['Consortium'].address.hex()}")


def anchor_of(network: Network) -> Anchor:
    values = {"stream": NOBODY, "first_index": 0, "count": 1, "root": digest("root"), "previous": NOBODY}
    return network.act(Anchor, network.founders[0], **values)


def test_a_replaced_contract_records_nothing_any_more_and_its_successor_does(network: Network) -> None:
    old, new = network.contracts["RecordLog"], log_in(network)
    anchor = anchor_of(network)
    network.refused(anchor, "ContractNotRegistered", to=new, caller=new.address)
    code_hash = network.chain.code_hash(new)
    proposal, call = pending(network, Change.SET_CONTRACT, "RecordLog", new.address, code_hash)
    assert the(network.chain.send(call), "ContractRegistered") == {
        "actId": proposal,
        "name": word("RecordLog"),
        "deployed": new.address,
        "previous": old.address,
        "codeHash": code_hash,
        "chainId": network.chain.id,
    }
    network.refused(anchor, "ContractNotRegistered", caller=old.address)
    network.send(anchor, to=new)
    assert network.ask("Consortium", "contractAt", word("RecordLog")) == new.address
    assert network.ask("Consortium", "nameOf", f"0x{old.address.hex()}") == NOBODY


def test_a_contract_under_a_new_name_may_record_too(network: Network) -> None:
    new = log_in(network)
    decide(network, Change.SET_CONTRACT, "SecondLog", new.address, network.chain.code_hash(new))
    network.send(anchor_of(network), to=new)
    network.send(anchor_of(network))


def test_the_consortium_itself_is_never_replaced(network: Network) -> None:
    other = network.chain.deploy("Consortium", [m.as_founder(0, NEVER) for m in network.founders], (1, 0))
    code_hash = network.chain.code_hash(other)
    refused(network, Change.SET_CONTRACT, ("Consortium", other.address, code_hash), "ConsortiumIsFixed")


def test_a_contract_of_the_directory_has_a_name_an_address_and_the_stated_code(network: Network) -> None:
    new = log_in(network)
    code_hash, name = network.chain.code_hash(new), word("RecordLog")
    nameless = (NOBODY, new.address, code_hash)
    refused(network, Change.SET_CONTRACT, nameless, "ContractNameInvalid", name=NOBODY)
    values = {"name": name, "deployed": new.address, "expected": digest("other"), "found": code_hash}
    refused(network, Change.SET_CONTRACT, (name, new.address, digest("other")), "CodeHashMismatch", **values)
    empty = {"name": name, "deployed": bytes(19) + b"\1", "expected": NOBODY, "found": NOBODY}
    refused(network, Change.SET_CONTRACT, (name, 1, NOBODY), "CodeHashMismatch", **empty)
    refused(network, Change.SET_CONTRACT, (name, digest("no address"), code_hash), "ContractNameInvalid", name=name)


def test_a_contract_stands_under_one_name(network: Network) -> None:
    for name, deployed in network.contracts.items():
        words = ("Another", deployed.address, network.chain.code_hash(deployed))
        values = {"name": word("Another"), "deployed": deployed.address}
        refused(network, Change.SET_CONTRACT, words, "ContractRepeated", **values)
        if name != "Consortium":
            same = (name, *words[1:])
            refused(network, Change.SET_CONTRACT, same, "ContractRepeated", name=word(name), deployed=deployed.address)


def test_only_contracts_of_the_directory_may_ask_whose_signature_counts(network: Network) -> None:
    bank, consortium = network.founders[0], network.contracts["Consortium"]
    question = (bank.id, f"0x{bank.act.address.hex()}", ACT, False)
    log = network.contracts["RecordLog"].address
    assert network.chain.ask(consortium, "authorise", *question, sender=log) == Role.LENDER
    call = Call(consortium, "authorise", question)
    stranger = key_named("a stranger").address
    network.chain.refused(call, "ContractNotRegistered", sender=stranger, caller=stranger)


# ---------------------------------------------------------------------- compromise, recovery


def test_members_date_a_compromise_back_further_than_the_member_alone_may(network: Network) -> None:
    network.chain.travel(10 * DAY)
    bank, since = network.founders[0], network.chain.now - 9 * DAY
    words = (bank.id, ACT, word(bank.act.address), since, "FORENSICS")
    proposal, call = pending(network, Change.BACKDATE_COMPROMISE, *words, by=network.founders[1:])
    at = network.chain.now + 1
    assert the(network.chain.send(call, at=at), "CompromiseReported") == {
        "actId": proposal,
        "key": word(bank.act.address),
        "member": bank.id,
        "signer": bytes(20),
        "purpose": ACT,
        "previousSince": 0,
        "since": since,
        "reason": word("FORENSICS"),
        "chainId": network.chain.id,
    }
    network.refused(note(network, bank), "KeyCompromised", key=word(bank.act.address), since=since)
    key = network.ask("Consortium", "keyOf", word(bank.act.address))
    assert (key["compromiseReportedBy"], key["compromiseReportedAt"]) == (proposal, at)


def test_members_move_a_members_own_report_further_back_never_forward(network: Network) -> None:
    bank = network.founders[0]
    key, own = word(bank.act.address), network.chain.now - HOUR
    values = {"purpose": ACT, "key": key, "since": own, "reason": word("STOLEN")}
    network.send(network.act(ReportCompromise, bank, **values))
    others = network.founders[1:]
    _, forward = pending(network, Change.BACKDATE_COMPROMISE, bank.id, ACT, key, own, "NO", by=others)
    network.chain.refused(forward, "CompromiseNotEarlier", key=key, since=own, reported=own)
    events = decide(network, Change.BACKDATE_COMPROMISE, bank.id, ACT, key, 0, "ALWAYS", by=others)
    reported = the(events, "CompromiseReported")
    assert (reported["previousSince"], reported["since"]) == (own, 1)


def test_a_backdated_compromise_names_a_key_its_owner_and_its_purpose(network: Network) -> None:
    bank, other = network.founders[:2]
    change, key, node = Change.BACKDATE_COMPROMISE, word(bank.act.address), word(key_named("a node").address)
    refused(network, change, (bank.id, 0, key, 0, "NO"), "PurposeUnknown", purpose=0)
    refused(network, change, (bank.id, 2**255, key, 0, "NO"), "PurposeUnknown", purpose=2**255)
    refused(network, change, (bank.id, ACT, node, 0, "NO"), "KeyUnknown", key=node)
    values = {"key": key, "member": other.id, "owner": bank.id}
    refused(network, change, (other.id, ACT, key, 0, "NO"), "KeyNotOfMember", **values)
    wrong = {"key": key, "purpose": ACT, "expected": RECOVERY}
    refused(network, change, (bank.id, RECOVERY, key, 0, "NO"), "WrongPurpose", **wrong)
    with network.chain.rewound():
        _, call = pending(network, change, bank.id, ACT, key, 2**255, "NO")
        network.chain.refused(call, "CompromiseInFuture", key=key, since=2**64 - 1, timestamp=network.chain.now)


def test_members_replace_a_lost_recovery_key(network: Network) -> None:
    bank, new = network.founders[0], key_named("a new recovery key")
    words = (bank.id, bank.recovery.address, new.address, 0, NEVER, "LOST")
    proposal, call = pending(network, Change.REPLACE_RECOVERY, *words)
    events = network.chain.send(call)
    revoked, added = the(events, "KeyRevocationRecorded"), the(events, "KeyAdded")
    assert (revoked["key"], revoked["signer"], revoked["reason"]) == (
        word(bank.recovery.address),
        bytes(20),
        word("LOST"),
    )
    assert (added["key"], added["purpose"], added["actId"]) == (word(new.address), RECOVERY, proposal)

    own = network.act(AddKey, bank, purpose=ACT, key=word(bytes(19) + b"\1"), not_before=0, not_after=NEVER)
    revoked_at = {"key": word(bank.recovery.address), "revokedAt": revoked["revokedAt"]}
    network.refused(own, "KeyRevoked", by=bank.recovery, **revoked_at)
    network.send(own, by=new)


def test_a_recovery_key_is_added_or_revoked_alone_by_leaving_the_other_out(network: Network) -> None:
    bank, new = network.founders[0], key_named("a new recovery key")
    decide(network, Change.REPLACE_RECOVERY, bank.id, NOBODY, new.address, 0, NEVER, "SECOND")
    decide(network, Change.REPLACE_RECOVERY, bank.id, new.address, NOBODY, 0, 0, "NO SECOND")
    assert network.ask("Consortium", "keyOf", word(new.address))["revokedAt"] == network.chain.now
    assert network.ask("Consortium", "keyOf", word(bank.recovery.address))["revokedAt"] == 0


def test_only_a_members_own_recovery_key_is_replaced(network: Network) -> None:
    bank, other = network.founders[:2]
    change, new = Change.REPLACE_RECOVERY, key_named("a new recovery key").address
    values = {"key": word(other.recovery.address), "member": bank.id, "owner": other.id}
    refused(network, change, (bank.id, other.recovery.address, new, 0, NEVER, "NO"), "KeyNotOfMember", **values)
    wrong = {"key": word(bank.act.address), "purpose": ACT, "expected": RECOVERY}
    refused(network, change, (bank.id, bank.act.address, new, 0, NEVER, "NO"), "WrongPurpose", **wrong)
    refused(network, change, (STRANGER, NOBODY, new, 0, NEVER, "NO"), "MemberUnknown", member=STRANGER)
    taken = {"key": word(other.act.address), "owner": other.id}
    refused(network, change, (bank.id, NOBODY, other.act.address, 0, NEVER, "NO"), "KeyTaken", **taken)
