"""Were the blocks sealed by a quorum of the validators that the roots name for their height? (`protocol.md` §7)"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from tallystick.blocks import ethereum_hash
from tallystick.package.paths import Part
from tallystick.qbft import HeaderRefused, Rule, verify_header
from tallystick.rlp import IntegerMalformed, RlpMalformed, decode_integer, decode_strict
from tallystick.roots import Epoch, Roots
from tallystick.verify.facts import Block, Material
from tallystick.verify.findings import Findings

__all__ = ["check_headers"]

FEWEST_VALIDATORS: Final = 4
MAX_HEADER_BYTES: Final = 65_536
_CODES: Final = {Rule.R13: "headers.quorum", Rule.R08: "headers.validators"}
_PARENT, _RECEIPTS_ROOT, _NUMBER, _TIME = 0, 5, 8, 11


def check_headers(material: Material, roots: Roots, found: Findings) -> dict[int, Block]:
    """The blocks whose headers hold, by height."""
    blocks: dict[int, Block] = {}
    for path, name in material.of(Part.HEADER):
        height, epoch = name.numbers[0], roots.epoch_at(name.numbers[0])
        if height > roots.as_of_height or (roots.sealed and epoch is None):
            found.add("headers.above_roots", f"block {height}; the roots are as of {roots.as_of_height}")
        elif len(material.files[path]) > MAX_HEADER_BYTES:
            found.add("headers.refused", f"block {height}: more than {MAX_HEADER_BYTES} bytes are no header")
        elif block := _block(material.content(path), height, epoch, roots, found):
            blocks[height] = block
    _check_order(blocks, roots, found)
    if not roots.sealed and blocks:
        found.add("headers.unsealed", f"engine {roots.engine}, {len(blocks)} blocks")
    _check_breadth(blocks, found)
    return blocks


def _block(header: bytes, height: int, epoch: Epoch | None, roots: Roots, found: Findings) -> Block | None:
    if epoch is None:
        return _unsealed(header, height, roots, found)
    try:
        verified = verify_header(
            header,
            epoch.expected,
            item_count=roots.header_items_at(height),
            number=height,
            genesis_hash=roots.genesis_hash,
        )
    except HeaderRefused as why:
        found.note(_CODES.get(why.rule, "headers.refused"), f"block {height}", why)
        return None
    parts = verified.header
    return Block(
        height,
        verified.chain_hash,
        parts.timestamp,
        parts.parent_hash,
        parts.receipts_root,
        header,
        verified.signers,
        epoch,
    )


def _unsealed(header: bytes, height: int, roots: Roots, found: Findings) -> Block | None:
    """A header of the embedded engine: shape, number and genesis are all there is to check."""
    try:
        items = decode_strict(header)
        texts = tuple(item for item in items if isinstance(item, bytes))
        shape = not isinstance(items, bytes) and len(texts) == len(items) == roots.header_items_at(height)
        if not shape or len(texts[_PARENT]) != 32 or len(texts[_RECEIPTS_ROOT]) != 32:
            raise IntegerMalformed(reason="it has not the items of a header")
        number, time = decode_integer(texts[_NUMBER]), decode_integer(texts[_TIME])
    except (RlpMalformed, IntegerMalformed) as why:
        found.note("headers.refused", f"block {height}", why)
        return None
    block_hash = ethereum_hash(texts)
    if number != height or (height == 0 and block_hash != roots.genesis_hash):
        found.add("headers.refused", f"block {height}: it is not the block of that height")
        return None
    return Block(height, block_hash, time, texts[_PARENT], texts[_RECEIPTS_ROOT], header, frozenset(), None)


def _check_order(blocks: Mapping[int, Block], roots: Roots, found: Findings) -> None:
    for one, other in pairwise(blocks[height] for height in sorted(blocks)):
        if other.time < one.time:
            found.add("headers.order", f"block {other.height} says {other.time}, block {one.height} says {one.time}")
        if other.height == one.height + 1 and other.parent_hash != one.hash:
            found.add(
                "headers.equivocation",
                f"block {one.height} is {one.hash.hex()}, its successor names {other.parent_hash.hex()}",
            )
    first = blocks.get(1)
    if first and first.parent_hash != roots.genesis_hash:
        found.add("headers.equivocation", "block 1 follows another genesis than that of the roots")


def _check_breadth(blocks: Mapping[int, Block], found: Findings) -> None:
    narrow = {block.epoch.first: block.epoch for block in blocks.values() if block.epoch and _is_narrow(block.epoch)}
    for first, epoch in narrow.items():
        members = len(set(epoch.validators.values()))
        found.add(
            "headers.few_validators", f"from block {first} on {len(epoch.validators)} validators of {members} members"
        )


def _is_narrow(epoch: Epoch) -> bool:
    return min(len(epoch.validators), len(set(epoch.validators.values()))) < FEWEST_VALIDATORS
