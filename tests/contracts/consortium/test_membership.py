"""Who belongs: admitting, suspending, reinstating and expelling members, and their roles."""

import pytest

from tallystick.acts import AddKey, Cancel, encode_data
from tallystick.consortium import Role
from tests.contracts.consortium.plain_acts import anchor, note
from tests.contracts.decisions import Change, Words, decide, pending, refused
from tests.contracts.support import NOBODY, Member, Network, digest, key_named, the, word

ACT = 1
RECOVERY = 2
ACTIVE, SUSPENDED, EXPELLED = 1, 2, 3
NEVER = 2**40
NEWCOMER = Member("BANK-D", Role.LENDER)
STRANGER = digest("nobody's member id")


def admission(member: Member = NEWCOMER) -> Words:
    return (member.id, int(member.roles), member.certificate, member.recovery.address, 0, NEVER)


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
    act = anchor(network, away)
    network.refused(act, "MemberNotActive", member=away.id, state=SUSPENDED)
    assert away.validator.address in validators_of(network)

    changed = the(decide(network, Change.REINSTATE, away.id, "CLEARED", by=active), "MemberStateChanged")
    assert (changed["previous"], changed["state"], changed["epoch"]) == (SUSPENDED, ACTIVE, 7)
    network.send(note(network, away))
    network.send(act)


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
