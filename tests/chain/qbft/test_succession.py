"""Which set seals next: what governance explains, and nothing else."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick import qbft
from tallystick.keys import Address
from tallystick.qbft import Epoch, FoundersDiffer, HeaderRefused, Rule, SetChange, SetUnexplained, Succession
from tests.chain.qbft.network import KEYS, STRANGERS, VALIDATORS, Block
from tests.conformance.locate import vector_file

ADDRESSES = [Address(bytes([i]) * 20) for i in range(1, 10)]
FOUNDERS = ADDRESSES[:4]


def founded(genesis: Sequence[Address] = FOUNDERS) -> Succession:
    """Genesis, and a block that founds the contract's list with the same set."""
    return Succession.of_genesis(qbft.Validators.of(genesis)).after(
        genesis, [SetChange(each, True) for each in genesis]
    )


@dataclass(frozen=True)
class Step:
    """A block: what the contract did in it, and how the listed set is made up from the one before.

    `follows` picks one of the changes that are due, if there are any; `moves` are addresses put in or left out besides.
    """

    changes: tuple[SetChange, ...]
    follows: int | None
    moves: tuple[Address, ...]
    shuffled: bool


_addresses = st.sampled_from(ADDRESSES)
_steps = st.builds(
    Step,
    st.lists(st.builds(SetChange, _addresses, st.booleans()), max_size=3).map(tuple),
    st.none() | st.integers(0, 3),
    st.just(()) | st.lists(_addresses, max_size=2).map(tuple),
    st.integers(0, 9).map(lambda die: die == 9),
)


def listed_by(step: Step, before: Sequence[Address], governed: set[Address]) -> tuple[Address, ...]:
    """The set that the block lists."""
    due = sorted(governed ^ set(before))
    listed = set(before)
    for address in (*(due[step.follows : step.follows + 1] if step.follows is not None else ()), *step.moves):
        listed ^= {address}
    return tuple(sorted(listed, reverse=step.shuffled))


def next_or_none(succession: Succession, listed: Sequence[Address], changes: Sequence[SetChange]) -> Succession | None:
    """None where the set is refused."""
    try:
        return succession.after(listed, changes)
    except SetUnexplained:
        return None


@given(st.lists(_steps, max_size=40))
def test_a_set_is_taken_if_and_only_if_governance_in_earlier_blocks_explains_it(steps: list[Step]) -> None:
    succession = founded()
    governed, withdrawn = set(FOUNDERS), dict[Address, int]()
    lists = {0: tuple(FOUNDERS), 1: tuple(FOUNDERS)}
    for step in steps:
        before = lists[succession.height]
        listed = listed_by(step, before, governed)
        moved = set(listed) ^ set(before)
        under_way = {address for address, dropped in withdrawn.items() if succession.height - dropped < 32}
        due = (governed ^ set(before)) | (under_way - set(before))
        explained = len(moved) <= 1 and moved <= due and listed == tuple(sorted(listed))
        following = next_or_none(succession, listed, step.changes)
        assert (following is not None) == (explained and bool(listed))
        if following is None:
            continue
        succession = following
        lists[succession.height] = listed
        earlier = frozenset(governed)
        for change in step.changes:
            (governed.add if change.add else governed.discard)(change.address)
            if change.add:
                withdrawn.pop(change.address, None)
            elif change.address in earlier and change.address not in listed:
                withdrawn[change.address] = succession.height
        assert succession.governed == frozenset(governed)
        assert {change.address for change in succession.pending} == governed ^ set(listed)
    assert_epochs_say_what_was_listed(succession, lists)


def assert_epochs_say_what_was_listed(succession: Succession, lists: dict[int, tuple[Address, ...]]) -> None:
    """Epochs without gap or overlap, each another set than the one before, the last one open."""
    said = {}
    for epoch, after in zip(succession.epochs, (*succession.epochs[1:], None), strict=True):
        assert (epoch.last is None) == (after is None)
        if after is not None:
            assert after.first == epoch.last + 1  # type: ignore[operator]  # only the open one has None
            assert after.validators != epoch.validators
        last = succession.height if epoch.last is None else epoch.last
        said.update(dict.fromkeys(range(epoch.first, last + 1), epoch.validators.addresses))
    assert said == lists
    assert all(succession.at(height).addresses == listed for height, listed in lists.items())


@given(st.permutations([SetChange(ADDRESSES[4], True), SetChange(ADDRESSES[5], True), SetChange(ADDRESSES[0], False)]))
def test_several_changes_may_be_voted_in_in_any_order_one_a_block(order: list[SetChange]) -> None:
    succession = founded().after(FOUNDERS, order)
    expected = set(FOUNDERS)
    for change in order:
        expected ^= {change.address}
        succession = succession.after(tuple(sorted(expected)))
    assert succession.pending == ()
    assert [epoch.first for epoch in succession.epochs] == [0, 3, 4, 5]


def test_a_proposal_explains_nothing_in_its_own_block() -> None:
    with_fifth = tuple(ADDRESSES[:5])
    with pytest.raises(SetUnexplained):
        founded().after(with_fifth, [SetChange(ADDRESSES[4], True)])
    assert founded().after(FOUNDERS, [SetChange(ADDRESSES[4], True)]).after(with_fifth).sealing.addresses == with_fifth


def test_what_was_added_and_dropped_in_one_block_explains_nothing() -> None:
    fifth = ADDRESSES[4]
    succession = founded().after(FOUNDERS, [SetChange(fifth, True), SetChange(fifth, False)])
    assert succession.pending == ()
    with pytest.raises(SetUnexplained):
        succession.after(ADDRESSES[:5])


def test_votes_that_were_under_way_when_an_addition_was_taken_back_may_complete_it_for_a_while() -> None:
    fifth = ADDRESSES[4]
    succession = founded().after(FOUNDERS, [SetChange(fifth, True)]).after(FOUNDERS, [SetChange(fifth, False)])
    assert succession.pending == ()
    voted_in = succession.after(ADDRESSES[:5])
    assert voted_in.pending == (SetChange(fifth, False),)
    for _ in range(31):
        succession = succession.after(FOUNDERS)
    assert succession.after(ADDRESSES[:5]).sealing.addresses == tuple(ADDRESSES[:5])
    with pytest.raises(SetUnexplained):
        succession.after(FOUNDERS).after(ADDRESSES[:5])


def test_one_that_sealed_and_was_dropped_does_not_come_back() -> None:
    first = ADDRESSES[0]
    with_fifth = founded().after(FOUNDERS, [SetChange(ADDRESSES[4], True)]).after(ADDRESSES[:5])
    without = with_fifth.after(ADDRESSES[:5], [SetChange(first, False)]).after(ADDRESSES[1:5])
    with pytest.raises(SetUnexplained):
        without.after(ADDRESSES[:5])


def test_a_change_that_was_voted_in_and_withdrawn_goes_back_the_same_way() -> None:
    fifth = ADDRESSES[4]
    succession = founded().after(FOUNDERS, [SetChange(fifth, True)]).after(ADDRESSES[:5], [SetChange(fifth, False)])
    assert succession.pending == (SetChange(fifth, False),)
    assert succession.after(FOUNDERS).epochs[-1] == Epoch(4, None, qbft.Validators.of(FOUNDERS))


def test_before_there_is_a_contract_nothing_explains_a_change() -> None:
    succession = Succession.of_genesis(qbft.Validators.of(FOUNDERS)).after(FOUNDERS)
    assert succession.governed is None
    for listed in (ADDRESSES[:5], ADDRESSES[:3], ()):
        with pytest.raises(SetUnexplained):
            succession.after(listed)


def test_a_contract_founded_with_other_validators_is_refused_with_their_names() -> None:
    succession = Succession.of_genesis(qbft.Validators.of(FOUNDERS))
    with pytest.raises(FoundersDiffer) as refused:
        succession.after(FOUNDERS, [SetChange(each, True) for each in ADDRESSES[1:5]])
    assert (refused.value.missing, refused.value.extra) == ((ADDRESSES[0],), (ADDRESSES[4],))


# ── headers ──


def succession_at_seven() -> Succession:
    """Where the next header is block 7, by the keys of the network in memory."""
    begun = Succession.of_genesis(VALIDATORS)
    return replace(begun, height=6, governed=frozenset(VALIDATORS.addresses))


def with_stranger(sealed_by: Sequence[Any]) -> qbft.Header:
    """Block 7 with a fifth address in its list."""
    listed = sorted([*VALIDATORS.addresses, STRANGERS[0].address])
    return qbft.decode_header(Block(validators=listed).sealed(sealed_by))


def test_the_next_header_is_accepted_with_the_seals_of_its_quorum() -> None:
    header = qbft.decode_header(Block().sealed())
    assert len(qbft.verify_next(header, succession_at_seven()).signers) == 3
    with pytest.raises(HeaderRefused) as refused:
        qbft.verify_next(header, replace(succession_at_seven(), height=7))
    assert refused.value.rule is Rule.R14


def test_an_unexplained_set_is_the_validators_deed_if_a_quorum_of_them_sealed_it() -> None:
    with pytest.raises(SetUnexplained) as refused:
        qbft.verify_next(with_stranger(KEYS[:3]), succession_at_seven())
    assert refused.value.by_validators
    assert refused.value.signers == {key.address for key in KEYS[:3]}
    assert refused.value.added == (STRANGERS[0].address,)


@pytest.mark.parametrize("by", [KEYS[:2], [*KEYS[:2], *STRANGERS], [KEYS[0]] * 4, STRANGERS, []])
def test_and_the_nodes_lie_if_they_did_not(by: Sequence[Any]) -> None:
    with pytest.raises(SetUnexplained) as refused:
        qbft.verify_next(with_stranger(by), succession_at_seven())
    assert not refused.value.by_validators


def test_a_governed_set_needs_the_quorum_of_the_set_it_moved_to() -> None:
    governed = succession_at_seven().governed | {STRANGERS[0].address}  # type: ignore[operator]  # there is a contract
    succession = replace(succession_at_seven(), governed=governed)
    assert qbft.verify_next(with_stranger(KEYS), succession)
    with pytest.raises(HeaderRefused) as refused:
        qbft.verify_next(with_stranger(KEYS[:3]), succession)
    assert refused.value.rule is Rule.R13


# ── real votes ──


def unhex(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def group(name: str) -> list[dict[str, Any]]:
    document = json.loads(vector_file("qbft", "headers.json").read_text("utf-8"))
    headers: list[dict[str, Any]] = document["groups"][name]["headers"]
    return headers


def before(entry: dict[str, Any]) -> Succession:
    """Where a watcher would stand before this header."""
    validators = qbft.Validators.of(map(unhex, entry["validators"]))
    return Succession(entry["number"] - 1, (Epoch(0, None, validators),), frozenset(validators.addresses))


@pytest.mark.vectors
@pytest.mark.parametrize("name", ["C_add_and_remove", "C_absent_validator"])
def test_a_validator_voted_in_and_out_is_followed_where_governance_says_so(name: str) -> None:
    headers = group(name)
    succession = before(headers[0])
    for entry in headers:
        header = qbft.decode_header(unhex(entry["headerRlp"]))
        verified = qbft.verify_next(header, succession, block_hash=unhex(entry["blockHash"]))
        vote = verified.header.extra.vote
        succession = succession.after(
            header.extra.validators, [SetChange(vote.validator, vote.add)] if vote is not None else []
        )
    sizes = [len(epoch.validators.addresses) for epoch in succession.epochs]
    assert sizes[:3] == [4, 5, 4]
    assert succession.sealing.addresses == tuple(map(unhex, headers[-1]["validators"]))


@pytest.mark.vectors
@pytest.mark.parametrize("name", ["C_add_and_remove", "C_absent_validator"])
def test_the_same_votes_are_the_validators_misdeed_where_governance_does_not(name: str) -> None:
    headers = group(name)
    with pytest.raises(SetUnexplained) as refused:
        follow_without_governance(headers)
    first = next(entry for entry in headers if len(entry["validators"]) == 5)
    assert refused.value.number == first["number"]
    assert refused.value.by_validators


def follow_without_governance(headers: list[dict[str, Any]]) -> None:
    succession = before(headers[0])
    for entry in headers:
        header = qbft.decode_header(unhex(entry["headerRlp"]))
        qbft.verify_next(header, succession)
        succession = succession.after(header.extra.validators)
