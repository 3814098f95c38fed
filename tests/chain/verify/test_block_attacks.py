"""Headers, receipts and acts that do not prove what they are said to prove."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import rlp

from tallystick.package.act_files import Place
from tallystick.package.paths import header_path, receipt_path
from tallystick.receipts import encode_receipt
from tallystick.roots import Compromise
from tallystick.trie import ordered_proof
from tallystick.verify.verifier import Report
from tests.chain.qbft.network import mirrored

from .cases import Cases, acts, limited, maybe, no
from .forging import careless, forged
from .sealed_chain import (
    START,
    SealedChain,
    act_key,
    hashed,
    key_entry,
    member,
    validator_key,
)
from .stories import Packaged, Story, acts_package, codes, judged

HEIGHT = 1
"""The block of the disbursement in the package of acts; the settlement is in block 2."""


def header(change: Callable[[Any], bytes]) -> Callable[[], Report]:
    """The header of the first block changed: `change` is given the block to be sealed. The rest is signed as it is."""
    content = change(acts().story.chain.blocks[HEIGHT].block)
    return lambda: judged(acts(), forged(acts().package, acts().roots, {header_path(HEIGHT): content}))


def seals(*numbers: int, change: Callable[[list[bytes]], list[Any]] = lambda found: found) -> Callable[[], Report]:
    return header(lambda block: block.sealed([validator_key(number) for number in numbers], change))


def other_roots(**changes: Any) -> Callable[[], Report]:
    return lambda: judged(acts(), roots=acts().story.roots(**changes))


def other_key(number: int, address: bytes, purpose: str, **changes: Any) -> Callable[[], Report]:
    return lambda: judged(acts(), roots=acts().story.roots(key_entry(number, address, purpose, **changes)))


def receipt(
    nodes: Callable[[list[bytes]], Sequence[bytes]], place: tuple[int, int] = (HEIGHT, 2)
) -> Callable[[], Report]:
    """The proof of the disbursement's receipt changed."""
    proof = nodes(list(acts().story.chain.receipt_proof(*place)))
    return lambda: judged(acts(), forged(acts().package, acts().roots, {receipt_path(HEIGHT, 2): rlp.encode(proof)}))


def without(path: str) -> Callable[[], Report]:
    """A file that the builder leaves out, and does not list."""
    return lambda: judged(acts(), forged(acts().package, acts().roots, {path: None}))


def other_sealers() -> Report:
    """A chain whose validators are not those of the roots."""
    made = acts_package(Story(SealedChain(validators=(0, 1, 2, 3))))
    epochs = tuple(
        replace(each, validators={k: v for k, v in each.validators.items() if v != member(3)})
        for each in made.roots.validator_epochs
    )
    return judged(made, roots=made.story.roots(validator_epochs=epochs))


def three_validators() -> Report:
    chain = SealedChain(validators=(0, 1, 2), epochs=[(0, (0, 1, 2))])
    return judged(acts_package(Story(chain)))


def changed_validators(stamped: bool) -> Report:
    """The block of the acts is of validators that were replaced since."""
    story = Story()
    disbursed, settled = story.disburse(), story.settle()
    story.chain.change_validators(0, 1, 2)
    story.chain.seal(count=2)
    with careless():
        draft = story.draft("acts", [disbursed, settled], stamped=stamped)
    return judged(Packaged(draft.seal(act_key(0)), draft.roots, story, draft.evidence.built_at))


def clock_runs_backwards() -> Report:
    story = Story()
    disbursed = story.disburse()
    block = story.chain.blocks[-1]
    settled = story.settle()
    later = story.chain.blocks[-1]
    same = later.block.with_item(11, (block.time - 1).to_bytes(4))
    later.block, later.header, later.hash = same, same.sealed([validator_key(n) for n in range(3)]), same.chain_hash()
    with careless():
        draft = story.draft("acts", [disbursed, settled])
    return judged(Packaged(draft.seal(act_key(0)), draft.roots, story, draft.evidence.built_at))


def equivocation() -> Report:
    """The block of the disbursement is sealed once more with another content, and its successor follows the first."""
    story = Story()
    disbursed, settled = story.disburse(), story.settle()
    first = story.chain.blocks[HEIGHT]
    other = first.block.with_item(3, hashed("another state"))
    first.block, first.hash = other, other.chain_hash()
    first.header = other.sealed([validator_key(number) for number in range(3)])
    with careless():
        draft = story.draft("acts", [disbursed, settled])
    return judged(Packaged(draft.seal(act_key(0)), draft.roots, story, draft.evidence.built_at))


def failed() -> Report:
    """The act is said to be in the receipt of a transaction that failed."""
    story = Story()
    act = story.settle()
    act.place = Place(act.place.height, 0, 0)
    with careless():
        draft = story.draft("acts", [act])
    return judged(Packaged(draft.seal(act_key(0)), draft.roots, story, draft.evidence.built_at))


def stolen(stamped: bool) -> Report:
    """Two validators report later that others had their keys, from an hour after the blocks on."""
    made = acts_package(stamped=stamped)
    reported = (Compromise(START + 300, START + 3000, 1),)
    keys = [key_entry(n, validator_key(n).address, "VALIDATOR", compromises=reported) for n in range(2)]
    return judged(made, roots=made.story.roots(*keys))


HEADERS: Cases = {
    "a seal fewer than a quorum": no(seals(0, 1), "headers.quorum", "evidence.not_compared"),
    "no seals": no(seals(), "headers.quorum"),
    "a mirrored seal": no(seals(0, 1, change=lambda found: [*found, mirrored(found[0])]), "headers.refused"),
    "a seal twice": no(seals(0, 1, change=lambda found: [*found, found[0]]), "headers.refused"),
    "a stranger's seal": no(
        header(lambda block: block.sealed([validator_key(0), validator_key(1), validator_key(9)])), "headers.refused"
    ),
    "seals over another hash": no(
        header(lambda block: block.sealed([validator_key(n) for n in range(3)], digest=hashed("x"))), "headers.refused"
    ),
    "another height": no(
        header(lambda block: block.with_item(8, b"\x09").sealed([validator_key(n) for n in range(3)])),
        "headers.refused",
    ),
    "an item more": no(
        header(lambda block: block.with_forks(16).sealed([validator_key(n) for n in range(3)])), "headers.refused"
    ),
    "no RLP": no(header(lambda _: b"\xff"), "headers.refused"),
    "RLP nested without end": no(header(lambda _: b"\xc1" * 60_000 + b"\xc0"), "headers.refused"),
    "no header": maybe(without(header_path(HEIGHT)), "headers.missing", "receipts.not_examined", "acts.not_examined"),
    "other validators than the roots'": no(other_sealers, "headers.validators"),
    "a clock that runs backwards": no(clock_runs_backwards, "headers.order"),
    "two blocks of one height": no(equivocation, "headers.equivocation"),
    "three validators": limited(three_validators, "headers.few_validators"),
    "a chain without seals": limited(
        lambda: judged(acts_package(Story(SealedChain(sealed=False)))), "headers.unsealed"
    ),
    "roots that are too old": maybe(
        other_roots(as_of_height=1), "headers.above_roots", "receipts.not_examined", "acts.not_examined"
    ),
    "validators replaced since, and no time stamp": maybe(
        lambda: changed_validators(stamped=False), "headers.epoch_closed"
    ),
    "two validators' keys stolen later, and no older time stamp": maybe(
        lambda: stolen(stamped=False), "headers.quorum_compromised"
    ),
}

RECEIPTS: Cases = {
    "a node fewer": no(receipt(lambda nodes: nodes[:-1]), "receipts.refused"),
    "a node too many": no(receipt(lambda nodes: [*nodes, nodes[-1]]), "receipts.refused"),
    "the nodes in another order": no(receipt(lambda nodes: nodes[::-1]), "receipts.refused"),
    "a changed node": no(receipt(lambda nodes: [*nodes[:-1], nodes[-1] + b"\0"]), "receipts.refused"),
    "the proof of another transaction": no(receipt(lambda nodes: nodes, (HEIGHT, 1)), "receipts.refused"),
    "a proof that it is absent": no(
        receipt(
            lambda _: ordered_proof([encode_receipt(each) for each in acts().story.chain.blocks[HEIGHT].receipts], 9)
        ),
        "receipts.refused",
    ),
    "no nodes": no(receipt(lambda _: []), "receipts.refused"),
    "a list in place of a node": no(receipt(lambda nodes: [[nodes[0]]]), "receipts.refused"),
    "a thousand nodes": no(receipt(lambda nodes: nodes * 1000), "receipts.refused"),
    "no receipt": maybe(without(receipt_path(HEIGHT, 2)), "receipts.missing"),
    "a failed transaction": no(failed, "receipts.reverted"),
}


CASES = HEADERS | RECEIPTS


@pytest.mark.parametrize("name", CASES)
def test_a_block_that_proves_nothing_is_never_verified(name: str) -> None:
    CASES[name].check()


def test_a_time_stamp_from_their_time_keeps_old_validators_blocks_provable() -> None:
    assert codes(changed_validators(stamped=True)) == set()


def test_a_time_stamp_from_before_the_theft_keeps_blocks_provable() -> None:
    assert codes(stolen(stamped=True)) == set()
