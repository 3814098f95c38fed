"""What members decide about a member's keys: a compromise longer ago, a lost RECOVERY key."""

from tallystick.acts import AddKey, ReportCompromise
from tests.contracts.consortium.plain_acts import note
from tests.contracts.decisions import Change, decide, pending, refused
from tests.contracts.support import DAY, HOUR, NOBODY, Network, digest, key_named, the, word

ACT = 1
RECOVERY = 2
NEVER = 2**40
STRANGER = digest("nobody's member id")


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
