"""What holds for every act of every contract: when it is taken, whose signature, and once.

Shown on `NoteTime`, which does nothing else, on `Propose` for governance, and on `Anchor` for the contracts of the
directory.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tallystick.acts import (
    Act,
    AddKey,
    Domain,
    NoteTime,
    ReportCompromise,
    RevokeKey,
    domain_separator,
    encode_data,
    recover,
    sign,
    type_hash,
)
from tallystick.client.calls import encode_call
from tallystick.client.errors import ContractRefused, decode_revert
from tallystick.client.nodes import NodeRefused
from tallystick.keccak import keccak256
from tallystick.keys import CURVE_ORDER
from tests.contracts.consortium.plain_acts import anchor, note, proposal
from tests.contracts.support import DAY, Call, Network, digest, key_named, the, word

CLOCK_TOLERANCE_S = 15


def test_a_noted_time_is_told_by_its_event(network: Network) -> None:
    act = note(network)
    assert the(network.send(act), "TimeNoted") == {
        "actId": network.act_id(act),
        "tokenDigest": act.token_digest,
        "member": act.member,
        "signer": network.founders[0].act.address,
        "chainId": network.chain.id,
    }


# ---------------------------------------------------------------------- time


def test_an_act_may_come_fifteen_seconds_early_and_no_more(network: Network) -> None:
    limit = network.chain.now + CLOCK_TOLERANCE_S
    late = note(network, issued_at=limit + 1, valid_until=limit + 2)
    values = {"actId": network.act_id(late), "issuedAt": limit + 1, "timestamp": network.chain.now}
    network.refused(late, "IssuedInFuture", **values)
    at = network.chain.now + 1
    network.send(note(network, issued_at=at + CLOCK_TOLERANCE_S, valid_until=at + CLOCK_TOLERANCE_S), at=at)


def test_an_act_is_taken_up_to_the_last_second_of_its_validity(network: Network) -> None:
    now = network.chain.now
    act, same_end = note(network, valid_until=now + 100), note(network, valid_until=now + 100)
    network.send(act, at=now + 100)
    network.chain.travel_to(now + 101)
    values = {"actId": network.act_id(same_end), "validUntil": now + 100, "timestamp": now + 101}
    network.refused(same_end, "ActExpired", **values)


@pytest.mark.parametrize(("make", "longest"), [(note, DAY), (anchor, DAY), (proposal, 30 * DAY)])
def test_an_act_is_valid_for_a_day_at_most_and_an_act_of_governance_for_thirty(
    network: Network, make: Callable[..., Act], longest: int
) -> None:
    now = network.chain.now
    greedy = make(network, issued_at=now, valid_until=now + longest + 1)
    values = {"actId": network.act_id(greedy), "validity": longest + 1, "longest": longest}
    network.refused(greedy, "ValidityTooLong", **values)
    network.send(make(network, issued_at=now, valid_until=now + longest))


def test_validity_does_not_end_before_it_begins(network: Network) -> None:
    now = network.chain.now
    act = note(network, issued_at=now, valid_until=now - 1)
    values = {"actId": network.act_id(act), "issuedAt": now, "validUntil": now - 1}
    network.refused(act, "ValidityInverted", **values)


# ---------------------------------------------------------------------- signatures


def test_anybody_may_carry_an_act(network: Network) -> None:
    relayer = key_named("a stranger")
    act = note(network)
    events = network.chain.send(network.call(act), sender=relayer)
    assert the(events, "TimeNoted")["signer"] == network.founders[0].act.address != relayer.address


def test_a_signature_with_the_high_s_is_refused(network: Network) -> None:
    act = note(network)
    good = sign(act, network.domain(network.contracts["Consortium"]), network.founders[0].act)
    high = CURVE_ORDER - int.from_bytes(good[32:64])
    mirrored = good[:32] + high.to_bytes(32) + bytes([27 + 28 - good[64]])
    network.refused(act, "ECDSAInvalidSignatureS", signature=mirrored, s=high.to_bytes(32))


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_a_recovery_byte_other_than_27_or_28_is_refused(network: Network, v: int) -> None:
    act = note(network)
    good = sign(act, network.domain(network.contracts["Consortium"]), network.founders[0].act)
    network.refused(act, "ECDSAInvalidSignature", signature=good[:64] + bytes([v]))


def test_a_signature_of_zeros_is_nobodys(network: Network) -> None:
    network.refused(note(network), "ECDSAInvalidSignature", signature=bytes(64) + b"\x1b")


@pytest.mark.parametrize("length", [0, 64, 66, 97])
def test_a_signature_has_sixty_five_bytes(network: Network, length: int) -> None:
    """The compact form of EIP-2098 (64 bytes) would be a second signature of the same act."""
    act = note(network)
    good = sign(act, network.domain(network.contracts["Consortium"]), network.founders[0].act)
    cut = (good + bytes(32))[:length]
    call = network.call(act, signature=good)
    wrong = Call(call.to, call.function, (act, cut))
    network.chain.refused(wrong, "ECDSAInvalidSignatureLength", length=length)


def test_an_act_for_another_contract_or_chain_or_message_is_by_an_unknown_key(network: Network) -> None:
    """The signature is sound, but over other bytes than the contract's: it recovers to some other address."""
    act, bank = note(network), network.founders[0]
    own = network.domain(network.contracts["Consortium"])
    elsewhere = (
        sign(act, replace(own, verifying_contract=network.contracts["RecordLog"].address), bank.act),
        sign(act, replace(own, chain_id=own.chain_id + 1), bank.act),
        sign(replace(act, token_digest=digest("another token")), own, bank.act),
    )
    for signature in elsewhere:
        network.refused(act, "KeyUnknown", signature=signature, key=word(recover(act, own, signature)))


def test_a_strangers_signature_is_refused_with_its_address(network: Network) -> None:
    stranger = key_named("a stranger")
    network.refused(note(network), "KeyUnknown", by=stranger, key=word(stranger.address))
    network.refused(anchor(network), "KeyUnknown", by=stranger, key=word(stranger.address))


def test_one_member_cannot_speak_for_another(network: Network) -> None:
    bank, other = network.founders[:2]
    values = {"key": word(other.act.address), "member": bank.id, "owner": other.id}
    network.refused(note(network), "KeyNotOfMember", by=other.act, **values)
    network.refused(anchor(network), "KeyNotOfMember", by=other.act, **values)


def test_a_member_nobody_knows_cannot_speak(network: Network) -> None:
    act = note(network, member=digest("nobody"))
    network.refused(act, "MemberUnknown", by=network.founders[0].act, member=act.member)


def test_domain_separators_are_those_of_python_for_every_contract(network: Network) -> None:
    for name, deployed in network.contracts.items():
        assert network.ask(name, "domainSeparator") == domain_separator(Domain(network.chain.id, deployed.address))


@pytest.mark.parametrize(
    "word_at",
    [2, 3, 4, 6, 7],
    ids=["issuedAt", "validUntil", "purpose", "notBefore", "notAfter"],
)
def test_bits_beyond_a_fields_type_are_refused_even_when_signed(network: Network, word_at: int) -> None:
    """Calldata that says another value than its EIP-712 type can hold has no act id that anybody else could rebuild."""
    bank, now = network.founders[0], network.chain.now
    act = network.act(AddKey, bank, purpose=4, key=digest("key"), not_before=now, not_after=now + DAY)
    words = bytearray(encode_data(act))
    words[32 * (word_at + 1)] ^= 0x80
    domain = network.domain(network.contracts["Consortium"])
    signed = keccak256(b"\x19\x01" + domain_separator(domain) + keccak256(bytes(words)))
    calldata = bytearray(encode_call("Consortium", "addKey", act, bank.act.sign_digest(signed)))
    calldata[4 + 32 * word_at] ^= 0x80
    with pytest.raises(NodeRefused) as refused:
        network.chain.node.eth_call(domain.verifying_contract, bytes(calldata))
    assert decode_revert(refused.value.revert_data).name == "Nothing"


# ---------------------------------------------------------------------- once


def test_the_same_act_is_recorded_once_whoever_sends_it_again(network: Network) -> None:
    for act in (note(network), anchor(network)):
        network.send(act)
        network.refused(act, "AlreadyRecorded", actId=network.act_id(act))
        with pytest.raises(ContractRefused, match="already"):
            network.chain.send(network.call(act), sender=key_named("a stranger"))


def test_an_act_recorded_long_ago_is_told_as_recorded_and_not_as_expired(network: Network) -> None:
    act = note(network)
    network.send(act)
    network.chain.travel(2 * DAY)
    network.refused(act, "AlreadyRecorded", actId=network.act_id(act))


def test_the_same_fact_by_another_act_is_refused_with_the_first(network: Network) -> None:
    first = note(network)
    network.send(first)
    again = replace(first, token_digest=digest("another token"), issued_at=first.issued_at + 1)
    network.refused(again, "RefAlreadyUsed", ref=first.ref, actId=network.act_id(first))
    assert network.ask("Consortium", "recordedAct", first.member, type_hash(NoteTime), first.ref) == network.act_id(
        first
    )


def test_a_ref_is_of_one_member_and_one_kind_of_act(network: Network) -> None:
    first = note(network)
    network.send(first)
    other = network.founders[1]
    network.send(replace(first, member=other.id))
    network.send(proposal(network, ref=first.ref))


@pytest.mark.parametrize("kind", [RevokeKey, ReportCompromise], ids=lambda kind: kind.__name__)
def test_acts_that_a_recovery_key_signs_are_recorded_once_too(network: Network, kind: type[Act]) -> None:
    bank, now = network.founders[0], network.chain.now
    more = {"since": now} if kind is ReportCompromise else {}
    act = network.act(kind, bank, purpose=1, key=word(bank.act.address), reason=word("LOST"), **more)
    network.send(act, by=bank.recovery)
    network.refused(act, "AlreadyRecorded", by=bank.recovery, actId=network.act_id(act))
