"""Members' keys: purposes, windows, who may add, revoke and report them, and when that counts."""

from typing import Any

import pytest

from tallystick.acts import AddKey, ReportCompromise, RevokeKey
from tallystick.keys import ActKey
from tests.contracts.consortium.plain_acts import note
from tests.contracts.decisions import Change, decide
from tests.contracts.support import DAY, DELAY_S, HOUR, Network, digest, key_named, the, word

ACT, RECOVERY, VALIDATOR, EXCHANGE, SEAL, DOCUMENT = range(1, 7)
OWN_REACH_S = 72 * HOUR
NEW = key_named("a new key")


def key_of(key: ActKey | bytes) -> bytes:
    return key if isinstance(key, bytes) else word(key.address)


def add(network: Network, key: ActKey | bytes, purpose: int = ACT, **fields: Any) -> AddKey:
    """The first founder adds a key, for a year from now unless `fields` say otherwise."""
    now = network.chain.now
    window = {"not_before": now, "not_after": now + 365 * DAY}
    return network.act(AddKey, network.founders[0], purpose=purpose, key=key_of(key), **(window | fields))


def revoke(network: Network, key: ActKey | bytes, purpose: int = ACT, **fields: Any) -> RevokeKey:
    return network.act(
        RevokeKey, network.founders[0], purpose=purpose, key=key_of(key), **({"reason": word("RETIRED")} | fields)
    )


def report(
    network: Network, key: ActKey | bytes, purpose: int = ACT, *, ago: int = 0, **fields: Any
) -> ReportCompromise:
    """The first founder reports its key compromised `ago` seconds before now."""
    values = {"since": network.chain.now - ago, "reason": word("STOLEN")}
    return network.act(ReportCompromise, network.founders[0], purpose=purpose, key=key_of(key), **(values | fields))


# ---------------------------------------------------------------------- adding


def test_a_key_added_by_the_recovery_key_counts_at_once(network: Network) -> None:
    bank, act = network.founders[0], add(network, NEW)
    at = network.chain.now + 1
    added = the(network.send(act, by=bank.recovery, at=at), "KeyAdded")
    assert added == {
        "actId": network.act_id(act),
        "key": act.key,
        "member": bank.id,
        "signer": bank.recovery.address,
        "purpose": ACT,
        "notBefore": at,
        "notAfter": act.not_after,
        "chainId": network.chain.id,
    }
    network.send(note(network), by=NEW, at=at + 1)


def test_a_key_added_by_an_act_key_counts_after_the_delay(network: Network) -> None:
    bank, act = network.founders[0], add(network, NEW)
    at = network.chain.now + 1
    added = the(network.send(act, at=at), "KeyAdded")
    assert (added["signer"], added["notBefore"]) == (bank.act.address, at + DELAY_S)

    network.chain.travel_to(at + DELAY_S - 1)
    values = {"key": word(NEW.address), "notBefore": at + DELAY_S, "timestamp": at + DELAY_S - 1}
    network.refused(note(network), "KeyNotYetValid", by=NEW, **values)
    network.send(note(network), by=NEW, at=at + DELAY_S)


@pytest.mark.parametrize("signed_by_recovery", [False, True])
def test_a_window_that_begins_later_still_begins_later(network: Network, signed_by_recovery: bool) -> None:
    bank, later = network.founders[0], network.chain.now + 30 * DAY
    act = add(network, NEW, not_before=later)
    network.send(act, by=bank.recovery if signed_by_recovery else bank.act)
    assert network.ask("Consortium", "keyOf", act.key)["notBefore"] == later


def test_a_key_counts_up_to_the_last_second_of_its_window(network: Network) -> None:
    end = network.chain.now + 100
    network.send(add(network, NEW, not_after=end), by=network.founders[0].recovery)
    network.send(note(network), by=NEW, at=end)
    network.chain.travel_to(end + 1)
    network.refused(note(network), "KeyExpired", by=NEW, key=word(NEW.address), notAfter=end, timestamp=end + 1)


def test_a_window_that_ends_before_the_key_would_count_is_refused(network: Network) -> None:
    bank, now = network.founders[0], network.chain.now
    key = word(NEW.address)
    short = add(network, NEW, not_after=now + DELAY_S)
    values = {"key": key, "notBefore": now + DELAY_S, "notAfter": now + DELAY_S}
    network.refused(short, "KeyWindowInvalid", **values)
    network.send(short, by=bank.recovery)

    other = digest("another key")
    inverted = add(network, other, EXCHANGE, not_before=now + 9, not_after=now + 8)
    values = {"key": other, "notBefore": now + 9, "notAfter": now + 8}
    network.refused(inverted, "KeyWindowInvalid", by=bank.recovery, **values)
    endless = add(network, other, EXCHANGE, not_after=2**48)
    values = {"key": other, "notBefore": network.chain.now, "notAfter": 2**48}
    network.refused(endless, "KeyWindowInvalid", by=bank.recovery, **values)


@pytest.mark.parametrize("purpose", [EXCHANGE, SEAL, DOCUMENT])
def test_keys_that_sign_nothing_here_are_added_and_revoked_like_others(network: Network, purpose: int) -> None:
    key = digest("a public key or certificate")
    network.send(add(network, key, purpose))
    assert network.ask("Consortium", "keyOf", key)["purpose"] == purpose
    network.send(revoke(network, key, purpose))
    assert network.ask("Consortium", "keyOf", key)["revokedAt"] == network.chain.now


def test_a_recovery_key_is_added_by_a_recovery_key_only(network: Network) -> None:
    bank, act = network.founders[0], add(network, NEW, RECOVERY)
    network.refused(act, "WrongPurpose", key=word(bank.act.address), purpose=ACT, expected=RECOVERY)
    network.send(act, by=bank.recovery)
    network.send(add(network, key_named("one more")), by=NEW)


def test_validator_keys_change_by_proposal_only(network: Network) -> None:
    bank = network.founders[0]
    for signer in (bank.act, bank.recovery):
        network.refused(add(network, NEW, VALIDATOR), "PurposeGoverned", by=signer, purpose=VALIDATOR)
        mine = revoke(network, bank.validator, VALIDATOR)
        network.refused(mine, "PurposeGoverned", by=signer, purpose=VALIDATOR)


@pytest.mark.parametrize("purpose", [0, 7, 255])
def test_a_purpose_that_does_not_exist_is_refused(network: Network, purpose: int) -> None:
    bank = network.founders[0]
    network.refused(add(network, NEW, purpose), "PurposeUnknown", purpose=purpose)
    network.refused(revoke(network, bank.act, purpose), "PurposeUnknown", purpose=purpose)
    network.refused(report(network, bank.act, purpose), "PurposeUnknown", purpose=purpose)


def test_a_key_belongs_to_one_member_and_one_purpose_for_ever(network: Network) -> None:
    bank, other = network.founders[:2]
    key = word(other.act.address)
    network.refused(add(network, other.act), "KeyTaken", key=key, owner=other.id)
    exchange = add(network, bank.exchange, SEAL)
    network.refused(exchange, "KeyTaken", key=bank.exchange, owner=bank.id)

    network.send(add(network, NEW), by=bank.recovery)
    network.send(revoke(network, NEW))
    again = add(network, NEW)
    network.refused(again, "KeyTaken", by=bank.recovery, key=word(NEW.address), owner=bank.id)


def test_a_key_is_not_zero_and_a_signing_key_is_an_address(network: Network) -> None:
    recovery = network.founders[0].recovery
    wide = b"\1".ljust(32, b"\0")
    for purpose in (ACT, RECOVERY, EXCHANGE, SEAL, DOCUMENT):
        network.refused(add(network, bytes(32), purpose), "KeyMalformed", by=recovery, key=bytes(32))
    for purpose in (ACT, RECOVERY):
        network.refused(add(network, wide, purpose), "KeyMalformed", by=recovery, key=wide)
    network.send(add(network, wide, EXCHANGE), by=recovery)


# ---------------------------------------------------------------------- what each purpose may do


def test_only_an_act_key_signs_acts_of_business(network: Network) -> None:
    bank = network.founders[0]
    for key, purpose in ((bank.recovery, RECOVERY), (bank.validator, VALIDATOR)):
        values = {"key": word(key.address), "purpose": purpose, "expected": ACT}
        network.refused(note(network), "WrongPurpose", by=key, **values)


def test_a_validator_key_changes_no_keys(network: Network) -> None:
    bank = network.founders[0]
    values = {"key": word(bank.validator.address), "purpose": VALIDATOR, "expected": ACT}
    for act in (add(network, NEW), revoke(network, bank.act), report(network, bank.act)):
        network.refused(act, "WrongPurpose", by=bank.validator, **values)


def test_no_key_changes_another_members_keys(network: Network) -> None:
    bank, other = network.founders[:2]
    values = {"key": word(bank.recovery.address), "member": other.id, "owner": bank.id}
    network.refused(add(network, NEW, member=other.id), "KeyNotOfMember", by=bank.recovery, **values)

    theirs = {"key": word(other.act.address), "member": bank.id, "owner": other.id}
    for act in (revoke(network, other.act), report(network, other.act)):
        network.refused(act, "KeyNotOfMember", by=bank.recovery, **theirs)


def test_what_is_revoked_or_reported_is_named_with_its_purpose(network: Network) -> None:
    bank = network.founders[0]
    unknown = {"key": word(NEW.address)}
    network.refused(revoke(network, NEW), "KeyUnknown", **unknown)
    network.refused(report(network, NEW), "KeyUnknown", **unknown)
    values = {"key": bank.seal, "purpose": SEAL, "expected": EXCHANGE}
    network.refused(revoke(network, bank.seal, EXCHANGE), "WrongPurpose", **values)
    network.refused(report(network, bank.seal, EXCHANGE), "WrongPurpose", **values)


# ---------------------------------------------------------------------- revoking


def test_a_revoked_key_signs_nothing_any_more_from_the_next_act_on(network: Network) -> None:
    bank, act = network.founders[0], revoke(network, network.founders[0].act)
    at = network.chain.now + 1
    revoked = the(network.send(act, at=at), "KeyRevocationRecorded")
    assert revoked == {
        "actId": network.act_id(act),
        "key": word(bank.act.address),
        "member": bank.id,
        "signer": bank.act.address,
        "purpose": ACT,
        "revokedAt": at,
        "reason": word("RETIRED"),
        "chainId": network.chain.id,
    }
    network.refused(note(network), "KeyRevoked", key=word(bank.act.address), revokedAt=at)


def test_a_key_is_revoked_once(network: Network) -> None:
    bank = network.founders[0]
    network.send(revoke(network, bank.seal, SEAL))
    values = {"key": bank.seal, "revokedAt": network.chain.now}
    network.refused(revoke(network, bank.seal, SEAL), "KeyRevoked", **values)


def test_a_recovery_key_is_revoked_by_recovery_only(network: Network) -> None:
    bank = network.founders[0]
    act = revoke(network, bank.recovery, RECOVERY)
    network.refused(act, "WrongPurpose", key=word(bank.act.address), purpose=ACT, expected=RECOVERY)
    network.send(act, by=bank.recovery)
    values = {"key": word(bank.recovery.address), "revokedAt": network.chain.now}
    network.refused(add(network, NEW), "KeyRevoked", by=bank.recovery, **values)


def test_whoever_stole_the_act_key_loses_it_and_cannot_keep_a_key_of_its_own(network: Network) -> None:
    """The thief's key waits out the delay, and the member's RECOVERY key revokes both in that time."""
    bank, thief = network.founders[0], key_named("a thief")
    network.send(add(network, thief), by=bank.act)
    network.send(revoke(network, bank.act), by=bank.recovery)
    network.send(revoke(network, thief), by=bank.recovery)
    network.send(add(network, NEW), by=bank.recovery)
    network.chain.travel(DELAY_S)
    for key in (bank.act, thief):
        revoked_at = network.ask("Consortium", "keyOf", word(key.address))["revokedAt"]
        network.refused(note(network), "KeyRevoked", by=key, key=word(key.address), revokedAt=revoked_at)
    network.send(note(network), by=NEW)


# ---------------------------------------------------------------------- compromise


def test_a_compromised_key_signs_nothing_any_more(network: Network) -> None:
    bank, act = network.founders[0], report(network, network.founders[0].act, ago=HOUR)
    at = network.chain.now + 1
    reported = the(network.send(act, by=bank.recovery, at=at), "CompromiseReported")
    assert reported == {
        "actId": network.act_id(act),
        "key": word(bank.act.address),
        "member": bank.id,
        "signer": bank.recovery.address,
        "purpose": ACT,
        "previousSince": 0,
        "since": act.since,
        "reason": word("STOLEN"),
        "chainId": network.chain.id,
    }
    key = network.ask("Consortium", "keyOf", word(bank.act.address))
    assert (key["compromisedSince"], key["compromiseReportedAt"]) == (act.since, at)
    assert key["compromiseReportedBy"] == network.act_id(act)
    network.refused(note(network), "KeyCompromised", key=word(bank.act.address), since=act.since)


def test_a_member_alone_reaches_back_seventy_two_hours(network: Network) -> None:
    network.chain.travel(5 * DAY)
    bank = network.founders[0]
    earliest = network.chain.now - OWN_REACH_S
    too_far = report(network, bank.act, since=earliest - 1)
    values = {"key": word(bank.act.address), "since": earliest - 1, "earliest": earliest}
    network.refused(too_far, "CompromiseTooFarBack", **values)
    network.refused(report(network, bank.act, since=0), "CompromiseTooFarBack", **(values | {"since": 0}))
    network.send(report(network, bank.act, since=earliest + 1), at=network.chain.now + 1)


def test_a_compromise_is_not_foretold(network: Network) -> None:
    bank, now = network.founders[0], network.chain.now
    values = {"key": word(bank.act.address), "since": now + 1, "timestamp": now}
    network.refused(report(network, bank.act, since=now + 1), "CompromiseInFuture", **values)


def test_a_report_only_moves_the_time_of_compromise_back(network: Network) -> None:
    bank = network.founders[0]
    first = report(network, bank.act, ago=HOUR)
    network.send(first)
    for since in (first.since, first.since + 1):
        values = {"key": word(bank.act.address), "since": since, "reported": first.since}
        later = report(network, bank.act, since=since)
        network.refused(later, "CompromiseNotEarlier", by=bank.recovery, **values)

    earlier = report(network, bank.act, since=first.since - HOUR)
    reported = the(network.send(earlier, by=bank.recovery), "CompromiseReported")
    assert (reported["previousSince"], reported["since"]) == (first.since, earlier.since)


def test_a_recovery_key_is_reported_by_recovery_only(network: Network) -> None:
    bank = network.founders[0]
    act = report(network, bank.recovery, RECOVERY)
    network.refused(act, "WrongPurpose", key=word(bank.act.address), purpose=ACT, expected=RECOVERY)
    network.send(act, by=bank.recovery)
    values = {"key": word(bank.recovery.address), "since": act.since}
    network.refused(add(network, NEW), "KeyCompromised", by=bank.recovery, **values)


def test_a_member_reports_its_validator_key_although_it_cannot_revoke_it(network: Network) -> None:
    bank = network.founders[0]
    network.send(report(network, bank.validator, VALIDATOR))
    assert network.ask("Consortium", "keyOf", word(bank.validator.address))["compromisedSince"] > 0
    assert bank.validator.address in network.ask("Consortium", "validators")


def test_a_revoked_key_can_still_be_reported(network: Network) -> None:
    bank = network.founders[0]
    network.send(revoke(network, bank.act))
    network.send(report(network, bank.act, ago=HOUR), by=bank.recovery)


# ---------------------------------------------------------------------- while suspended or expelled


def test_a_suspended_member_revokes_and_reports_but_adds_and_says_nothing(network: Network) -> None:
    bank = network.founders[0]
    network.send(add(network, NEW), by=bank.recovery)
    decide(network, Change.SUSPEND, bank.id, "AUDIT")
    suspended = {"member": bank.id, "state": 2}
    network.refused(note(network), "MemberNotActive", **suspended)
    network.refused(add(network, key_named("one more")), "MemberNotActive", by=bank.recovery, **suspended)
    network.send(revoke(network, NEW))
    network.send(report(network, bank.act), by=bank.recovery)
    network.send(revoke(network, bank.recovery, RECOVERY), by=bank.recovery)


def test_an_expelled_member_does_nothing(network: Network) -> None:
    bank = network.founders[0]
    decide(network, Change.EXPEL, bank.id, "FRAUD")
    expelled = {"member": bank.id, "state": 3}
    for act in (note(network), add(network, NEW), revoke(network, bank.act), report(network, bank.act)):
        network.refused(act, "MemberNotActive", **expelled)
