"""Good headers are accepted whatever their round, forks and seals; broken ones are refused by a rule that is true."""

from dataclasses import replace
from typing import Any

import pytest
import rlp
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick import qbft
from tallystick.keys import CURVE_ORDER, ActKey
from tallystick.qbft import HeaderRefused, Validators, verify_header
from tests.chain.qbft.network import (
    EXTRA_DATA,
    KEYS,
    STRANGERS,
    VALIDATORS,
    Block,
    mirrored,
)
from tests.chain.qbft.oracle import broken_rules

GOOD = Block()
ADDRESSES = list(VALIDATORS.addresses)


def refusal(encoded: bytes, **asked: Any) -> HeaderRefused:
    with pytest.raises(HeaderRefused) as refused:
        verify_header(encoded, VALIDATORS, **asked)
    return refused.value


@pytest.mark.parametrize("item_count", range(15, 22))
def test_a_header_has_the_items_the_roots_give_and_all_are_hashed(item_count: int) -> None:
    block = GOOD.with_forks(item_count)
    verified = verify_header(block.sealed(), VALIDATORS, item_count=item_count)

    assert verified.chain_hash == block.chain_hash()
    assert verified.signers == {key.address for key in KEYS[:3]}
    for other in {15, 16, 17, 18, 19, 20, 21} - {item_count}:
        assert refusal(block.sealed(), item_count=other).rule == "R02"


@pytest.mark.parametrize("agreed", [b"\x01", b"\x7f", b"\x80", b"\xff\xff\xff\xff"])
def test_in_a_later_round_the_seals_are_over_the_seal_hash_and_not_over_the_chain_hash(agreed: bytes) -> None:
    block = replace(GOOD, round=agreed)
    verified = verify_header(block.sealed(), VALIDATORS)

    assert verified.header.extra.round == int.from_bytes(agreed)
    assert verified.chain_hash == GOOD.chain_hash() != qbft.seal_hash(verified.header)
    assert refusal(block.sealed(digest=block.chain_hash())).rule == "R11"


def test_bytes_may_differ_under_one_hash() -> None:
    one = verify_header(GOOD.sealed(by=KEYS[:3]), VALIDATORS)
    other = verify_header(GOOD.sealed(by=KEYS[:0:-1]), VALIDATORS)

    assert one.chain_hash == other.chain_hash
    assert qbft.encode_header(one.header) != qbft.encode_header(other.header)
    assert qbft.find_equivocation(one, other) is None


@pytest.mark.parametrize(
    "vote", [[], [STRANGERS[0].address, b"\xff"], [STRANGERS[0].address, b""]], ids=["none", "add", "drop"]
)
def test_a_vote_is_read(vote: list[bytes]) -> None:
    found = verify_header(replace(GOOD, vote=vote).sealed(), VALIDATORS).header.extra.vote

    assert found == (qbft.Vote(STRANGERS[0].address, add=vote[1] == b"\xff") if vote else None)


def test_a_high_s_is_accepted_and_its_signer_counted_once() -> None:
    verified = verify_header(GOOD.sealed(change=lambda seals: [*seals[:2], mirrored(seals[2])]), VALIDATORS)

    assert len(verified.signers) == 3


@pytest.mark.parametrize("size", range(1, 11))
def test_two_thirds_rounded_up_are_needed(size: int) -> None:
    keys = sorted((ActKey(bytes([i]) * 32) for i in range(1, size + 1)), key=lambda key: key.address)
    validators = Validators.of(key.address for key in keys)
    block = replace(GOOD, validators=list(validators.addresses)).with_item(2, keys[0].address)
    enough = next(count for count in range(size + 1) if count * 3 >= size * 2)

    assert validators.quorum == enough
    assert len(verify_header(block.sealed(by=keys[:enough]), validators).signers) == enough
    with pytest.raises(HeaderRefused) as refused:
        verify_header(block.sealed(by=keys[: enough - 1]), validators)
    assert refused.value.rule == "R13"


def set_byte(position: int, value: int) -> Any:
    return lambda seals: [seals[0][:position] + bytes([value]) + seals[0][position + 1 :], *seals[1:]]


def with_number(part: slice, number: int) -> Any:
    def change(seals: list[bytes]) -> list[bytes]:
        altered = bytearray(seals[0])
        altered[part] = number.to_bytes(32)
        return [bytes(altered), *seals[1:]]

    return change


R, S = slice(0, 32), slice(32, 64)
FOREIGN = replace(GOOD, validators=[key.address for key in STRANGERS]).with_item(2, STRANGERS[0].address)

FORGERIES: dict[str, tuple[str, bytes]] = {
    "nothing": ("R01", b""),
    "trailing byte": ("R01", GOOD.sealed() + b"\x00"),
    "cut": ("R01", GOOD.sealed()[:-1]),
    "long length form": ("R01", b"\xfa\x00" + GOOD.sealed()[1:]),
    "a string": ("R02", rlp.encode(GOOD.sealed())),
    "14 items": ("R02", replace(GOOD, items=GOOD.items[:14]).sealed()),
    "16 items": ("R02", GOOD.with_forks(16).sealed()),
    "an empty list": ("R02", b"\xc0"),
    **{
        f"item {position} a byte short": ("R03", GOOD.with_item(position, GOOD.items[position][:-1]).sealed())
        for position in (0, 1, 2, 3, 4, 5, 6, 13, 14)
    },
    **{
        f"item {position} a byte long": ("R03", GOOD.with_item(position, GOOD.items[position] + b"\x00").sealed())
        for position in (0, 1, 2, 3, 4, 5, 6, 13, 14)
    },
    **{
        f"item {position} with a leading zero": (
            "R03",
            GOOD.with_item(position, b"\x00" + GOOD.items[position]).sealed(),
        )
        for position in (7, 8, 9, 10, 11)
    },
    **{
        f"item {position} of 9 bytes": ("R03", GOOD.with_item(position, b"\x01" * 9).sealed())
        for position in (8, 9, 10, 11)
    },
    **{f"item {position} a list": ("R03", GOOD.with_item(position, []).sealed()) for position in range(12)},
    "empty coinbase": ("R03", GOOD.with_item(2, b"").sealed()),
    "difficulty 0": ("R04", GOOD.with_item(7, b"").sealed()),
    "difficulty 2": ("R04", GOOD.with_item(7, b"\x02").sealed()),
    "nonce 1": ("R04", GOOD.with_item(14, bytes(7) + b"\x01").sealed()),
    "another mixHash": ("R04", GOOD.with_item(13, bytes(32)).sealed()),
    "uncles": ("R04", GOOD.with_item(1, b"u" * 32).sealed()),
    "six items in extraData": ("R05", replace(GOOD, more_extra=(b"",)).sealed()),
    "extraData empty": ("R05", rlp.encode([*GOOD.items[:12], b"", *GOOD.items[13:]])),
    "extraData a string": ("R05", rlp.encode([*GOOD.items[:12], b"\x85extra", *GOOD.items[13:]])),
    "extraData with a byte after": (
        "R05",
        rlp.encode([*GOOD.items[:12], rlp.decode(GOOD.sealed())[EXTRA_DATA] + b"\x80", *GOOD.items[13:]]),
    ),
    "round as 0x8100": (
        "R05",
        rlp.encode(
            [*GOOD.items[:12], rlp.codec.length_prefix(22 + 35, 0xC0) + b"\xa0" * 57, *GOOD.items[13:]],
        ),
    ),
    "vanity of 31 bytes": ("R06", replace(GOOD, vanity=bytes(31)).sealed()),
    "vanity of 33 bytes": ("R06", replace(GOOD, vanity=bytes(33)).sealed()),
    "vanity a list": ("R06", replace(GOOD, vanity=[]).sealed()),
    "validators a string": ("R06", replace(GOOD, validators=b"".join(ADDRESSES)).sealed()),
    "a validator of 21 bytes": ("R06", replace(GOOD, validators=[*ADDRESSES[:3], ADDRESSES[3] + b"\x00"]).sealed()),
    "a validator that is a list": ("R06", replace(GOOD, validators=[*ADDRESSES[:3], [ADDRESSES[3]]]).sealed()),
    "vote empty string": ("R06", replace(GOOD, vote=b"").sealed()),
    "vote of one item": ("R06", replace(GOOD, vote=[STRANGERS[0].address]).sealed()),
    "vote of three items": ("R06", replace(GOOD, vote=[STRANGERS[0].address, b"\xff", b""]).sealed()),
    "vote 0x00": ("R06", replace(GOOD, vote=[STRANGERS[0].address, b"\x00"]).sealed()),
    "vote 0x01": ("R06", replace(GOOD, vote=[STRANGERS[0].address, b"\x01"]).sealed()),
    "vote 0xffff": ("R06", replace(GOOD, vote=[STRANGERS[0].address, b"\xff\xff"]).sealed()),
    "vote [] inside": ("R06", replace(GOOD, vote=[STRANGERS[0].address, []]).sealed()),
    "vote on 19 bytes": ("R06", replace(GOOD, vote=[STRANGERS[0].address[1:], b"\xff"]).sealed()),
    "round 0 as a byte": ("R06", replace(GOOD, round=b"\x00").sealed()),
    "round with a leading zero": ("R06", replace(GOOD, round=b"\x00\x01").sealed()),
    "round of 5 bytes": ("R06", replace(GOOD, round=b"\x01" * 5).sealed()),
    "round a list": ("R06", replace(GOOD, round=[]).sealed()),
    "seals a string": (
        "R06",
        rlp.encode([*GOOD.items[:12], rlp.encode([bytes(32), ADDRESSES, [], b"", b""]), *GOOD.items[13:]]),
    ),
    "a seal of 64 bytes": ("R06", GOOD.sealed(change=lambda seals: [seals[0][:64], *seals[1:]])),
    "a seal of 66 bytes": ("R06", GOOD.sealed(change=lambda seals: [seals[0] + b"\x00", *seals[1:]])),
    "a fourth, empty seal": ("R06", GOOD.sealed(change=lambda seals: [*seals, b""])),
    "no validators": ("R07", replace(GOOD, validators=[]).sealed()),
    "validators unsorted": ("R07", replace(GOOD, validators=ADDRESSES[::-1]).sealed()),
    "a validator twice": ("R07", replace(GOOD, validators=[ADDRESSES[0], *ADDRESSES]).sealed()),
    "a foreign set that seals itself": ("R08", FOREIGN.sealed(by=STRANGERS)),
    "one validator fewer": ("R08", replace(GOOD, validators=ADDRESSES[:3]).sealed()),
    "one validator more": ("R08", replace(GOOD, validators=sorted([*ADDRESSES, STRANGERS[0].address])).sealed()),
    "coinbase a stranger": ("R09", GOOD.with_item(2, STRANGERS[0].address).sealed()),
    "coinbase zero": ("R09", GOOD.with_item(2, bytes(20)).sealed()),
    "recId 2": ("R10", GOOD.sealed(change=set_byte(64, 2))),
    "recId 3": ("R10", GOOD.sealed(change=set_byte(64, 3))),
    "recId 27": ("R10", GOOD.sealed(change=set_byte(64, 27))),
    "r zero": ("R10", GOOD.sealed(change=with_number(R, 0))),
    "s zero": ("R10", GOOD.sealed(change=with_number(S, 0))),
    "r = n": ("R10", GOOD.sealed(change=with_number(R, CURVE_ORDER))),
    "s = n": ("R10", GOOD.sealed(change=with_number(S, CURVE_ORDER))),
    "no point has this r": ("R10", GOOD.sealed(change=with_number(R, 5))),
    "a stranger's seal beside a quorum": ("R11", GOOD.sealed(by=[*KEYS[:3], STRANGERS[0]])),
    "a stranger's seal first": ("R11", GOOD.sealed(by=[STRANGERS[0], *KEYS])),
    "the other recId": (
        "R11",
        GOOD.sealed(change=lambda seals: [seals[0][:64] + bytes([seals[0][64] ^ 1]), *seals[1:]]),
    ),
    "seals of another header": ("R11", GOOD.sealed(digest=GOOD.with_item(3, b"x" * 32).seal_hash())),
    "round changed after sealing": ("R11", replace(GOOD, round=b"\x01").sealed(digest=GOOD.seal_hash())),
    "a seal twice beside a quorum": ("R12", GOOD.sealed(change=lambda seals: [*seals, seals[0]])),
    "a seal twice for a quorum": ("R12", GOOD.sealed(by=KEYS[:2], change=lambda seals: [*seals, seals[1]])),
    "a mirrored seal for a quorum": (
        "R12",
        GOOD.sealed(by=KEYS[:2], change=lambda seals: [*seals, mirrored(seals[1])]),
    ),
    "a mirrored seal beside a quorum": ("R12", GOOD.sealed(change=lambda seals: [mirrored(seals[2]), *seals])),
    "one seal too few": ("R13", GOOD.sealed(by=KEYS[:2])),
    "no seals": ("R13", GOOD.sealed(by=[])),
    "height 0, sealed": ("R14", GOOD.with_item(8, b"").sealed(by=KEYS)),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused_by_a_rule_it_breaks(name: str) -> None:
    rule, encoded = FORGERIES[name]
    refused = refusal(encoded)

    assert refused.rule == rule
    assert refused.rule in broken_rules(encoded, ADDRESSES)
    assert qbft.RULES[refused.rule]


@pytest.mark.parametrize(
    "asked",
    [{"number": 8}, {"number": 0}, {"parent_hash": b"x" * 32}, {"block_hash": b"x" * 32}, {"block_hash": b""}],
)
def test_a_good_header_that_was_not_asked_for_is_refused(asked: dict[str, Any]) -> None:
    assert refusal(GOOD.sealed(), **asked).rule == "R14"
    verify_header(GOOD.sealed(), VALIDATORS, number=7, parent_hash=b"p" * 32, block_hash=GOOD.chain_hash())


def test_height_0_is_accepted_by_the_genesis_hash_alone() -> None:
    genesis = replace(GOOD, vanity=b"v" * 32).with_item(8, b"").with_item(2, bytes(20))
    of_roots = genesis.chain_hash()

    verified = verify_header(genesis.sealed(by=[]), VALIDATORS, genesis_hash=of_roots)
    assert verified.chain_hash == of_roots
    assert not verified.signers
    assert refusal(genesis.sealed(by=KEYS)).rule == "R14"
    assert refusal(genesis.with_item(3, b"x" * 32).sealed(by=KEYS), genesis_hash=of_roots).rule == "R14"
    assert refusal(genesis.sealed(by=[]), genesis_hash=of_roots, number=1).rule == "R14"
    assert refusal(GOOD.sealed(by=[]), genesis_hash=GOOD.chain_hash()).rule == "R13"


def test_two_sealed_blocks_of_one_height_are_equivocation_by_those_who_sealed_both() -> None:
    one = verify_header(GOOD.sealed(by=KEYS[:3]), VALIDATORS)
    other = verify_header(GOOD.with_item(3, b"x" * 32).sealed(by=KEYS[1:]), VALIDATORS)
    next_block = verify_header(GOOD.with_item(8, b"\x08").sealed(), VALIDATORS)

    found = qbft.find_equivocation(one, other)
    assert found is not None
    assert (found.number, found.culprits) == (7, {KEYS[1].address, KEYS[2].address})
    assert qbft.find_equivocation(one, next_block) is None


def test_a_header_of_deep_nesting_is_refused_by_a_true_rule_without_a_crash() -> None:
    bomb = b""
    for _ in range(60_000):
        bomb = rlp.codec.length_prefix(len(bomb), 0xC0) + bomb

    assert refusal(bomb).rule == "R02"
    padded = b"\x80" * 14
    assert refusal(rlp.codec.length_prefix(len(bomb) + 14, 0xC0) + bomb + padded).rule == "R03"
    in_extra = [*GOOD.items[:12], bomb, *GOOD.items[13:]]
    assert refusal(rlp.encode(in_extra)).rule == "R05"


def test_many_seals_cost_no_more_than_the_set_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    recovered = []
    real = qbft.verification.recover_address
    monkeypatch.setattr(
        qbft.verification, "recover_address", lambda digest, seal: recovered.append(1) or real(digest, seal)
    )

    assert refusal(GOOD.sealed(by=KEYS * 500)).rule == "R12"
    assert len(recovered) == len(KEYS) + 1


def test_a_validator_set_is_ascending_distinct_and_not_empty() -> None:
    assert Validators.of(reversed(ADDRESSES)) == VALIDATORS
    for wrong in ([], [ADDRESSES[0]] * 2, [b"x" * 19]):
        with pytest.raises(ValueError, match="validator set"):
            Validators.of(wrong)
    for count in (14, 22):
        with pytest.raises(ValueError, match="15 to 21"):
            verify_header(GOOD.sealed(), VALIDATORS, item_count=count)


def judge(encoded: bytes, **asked: Any) -> str | None:
    try:
        verify_header(encoded, VALIDATORS, **asked)
    except HeaderRefused as refused:
        return str(refused.rule)
    return None


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_altered_byte_is_refused_by_a_true_rule(data: st.DataObject) -> None:
    block = replace(GOOD, round=data.draw(st.sampled_from([b"", b"\x01"])), vote=[STRANGERS[0].address, b"\xff"])
    good = block.sealed(by=KEYS[: data.draw(st.integers(3, 4))])
    at = data.draw(st.integers(0, len(good) - 1))
    altered = bytearray(good)
    altered[at] ^= data.draw(st.integers(1, 255))

    found = judge(bytes(altered))
    broken = broken_rules(bytes(altered), ADDRESSES)
    assert (found in broken) if found else not broken
    if found is None:  # none is known to exist; it would have to be the same block, sealed by a quorum
        assert verify_header(bytes(altered), VALIDATORS).chain_hash == block.chain_hash()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(range(8)), max_size=6),
    st.sampled_from([b"", b"\x05"]),
    st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_any_mix_of_seals_is_judged_as_another_implementation_judges_it(
    who: list[int], agreed: bytes, flips: list[bool]
) -> None:
    keys = [*KEYS, *STRANGERS]
    block = replace(GOOD, round=agreed)
    encoded = block.sealed(
        by=[keys[i] for i in who],
        change=lambda seals: [mirrored(seal) if flip else seal for seal, flip in zip(seals, flips, strict=False)],
    )

    found = judge(encoded)
    broken = broken_rules(encoded, ADDRESSES)
    assert (found in broken) if found else not broken
    assert (found is None) == (len(set(who)) == len(who) >= 3 and max(who) < 4)
