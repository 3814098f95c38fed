"""What a chain's own blocks say of its founding: who may seal, how many items headers have (`protocol.md` §7).

Blocks come as a node gives them by JSON-RPC; every hash is computed here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tallystick.blocks import BlockMalformed, header_items
from tallystick.consortium.card import MemberCard
from tallystick.consortium.document import HeaderItems
from tallystick.errors import TallystickError
from tallystick.hexadecimal import byte_string
from tallystick.keys import Address
from tallystick.qbft import QBFT_MIX_HASH, Header, HeaderRefused, chain_hash, header_from_rpc

__all__ = [
    "FoundingSetDiffers",
    "GenesisRefused",
    "SealedGenesis",
    "check_founding_set",
    "header_items_by_height",
    "is_sealed",
    "sealed_genesis",
    "sealed_item_count",
]

_SEALED_ENGINES = ("qbft", "besu")


class GenesisRefused(TallystickError):
    """The chain's first block is not of the engine that was named."""

    code: ClassVar[str] = "genesis.refused"
    advice: ClassVar[str] = "Name the engine that the chain runs (embedded, qbft or besu), or a node of another chain."


class FoundingSetDiffers(TallystickError):
    """The validators of block 0 are not those of the founders' cards."""

    code: ClassVar[str] = "genesis.validators_differ"
    advice: ClassVar[str] = (
        "Make the chain's genesis from the founders' validator addresses, or have a founder make its card anew "
        "(`tally init --validator ADDRESS`)."
    )


@dataclass(frozen=True, slots=True)
class SealedGenesis:
    """Block 0 of a QBFT chain: its hash, computed, and the validators it lists, ascending."""

    hash: bytes
    validators: tuple[Address, ...]


def is_sealed(engine: str) -> bool:
    """Whether headers of this engine carry validators' seals."""
    return engine in _SEALED_ENGINES


def sealed_genesis(engine: str, block: Mapping[str, Any]) -> SealedGenesis | None:
    """What block 0 says of its validators; None for the embedded engine, which has none.

    Raises `GenesisRefused` where the block is not of `engine`.
    """
    says_qbft = str(block.get("mixHash", "")).lower() == f"0x{QBFT_MIX_HASH.hex()}"
    if not is_sealed(engine):
        if says_qbft:
            raise GenesisRefused(
                f"block 0 says QBFT (by its mixHash), and engine {engine} has no seals", engine=engine, found="qbft"
            )
        return None
    if not says_qbft:
        raise GenesisRefused(f"block 0 has no QBFT mixHash, and engine {engine} is QBFT", engine=engine)
    header = _sealed_header(block)
    validators = header.extra.validators
    if not validators or list(validators) != sorted(set(validators)):
        raise GenesisRefused("the validators in block 0 are none, repeated or unsorted", engine=engine)
    return SealedGenesis(chain_hash(header), validators)


def check_founding_set(validators: Sequence[Address], founders: Sequence[MemberCard]) -> None:
    """Raises `FoundingSetDiffers`, naming whose validator is missing and which is nobody's, unless all agree."""
    listed = set(validators)
    stated = {card.keys.validator: card.name for card in founders}
    missing = [f"0x{address.hex()} of {name}" for address, name in stated.items() if address not in listed]
    extra = [f"0x{address.hex()}" for address in validators if address not in stated]
    if not missing and not extra:
        return
    parts = []
    if missing:
        parts.append(f"it lacks {', '.join(missing)}")
    if extra:
        parts.append(f"it has {', '.join(extra)}, which no founder's card names")
    raise FoundingSetDiffers(
        f"block 0 does not list the founders' validators: {'; '.join(parts)}", missing=missing, extra=extra
    )


def sealed_item_count(block: Mapping[str, Any]) -> int:
    """How many RLP items the header has. Raises `GenesisRefused` unless it hashes to its block hash with so many."""
    return len(_sealed_header(block).items)


def header_items_by_height(count_at: Callable[[int], int], head: int) -> tuple[HeaderItems, ...]:
    """Where up to `head` the number of a header's items changes. Forks only ever add items; few heights are asked."""
    found: list[HeaderItems] = []

    def look(low: int, low_count: int, high: int, high_count: int) -> None:
        if low_count == high_count:
            return
        if high - low == 1:
            found.append(HeaderItems(high, high_count))
            return
        middle = (low + high) // 2
        count = count_at(middle)
        look(low, low_count, middle, count)
        look(middle, count, high, high_count)

    first = count_at(0)
    look(0, first, head, count_at(head) if head else first)
    return (HeaderItems(0, first), *found)


def _sealed_header(block: Mapping[str, Any]) -> Header:
    try:
        header = header_from_rpc(block, len(header_items(block)))
        stated = byte_string(block.get("hash"), 32)
    except (BlockMalformed, HeaderRefused, ValueError) as why:
        raise GenesisRefused(f"a header that is no QBFT header: {why}") from None
    if chain_hash(header) != stated:
        raise GenesisRefused(
            f"header {header.number} hashes to {chain_hash(header).hex()}, the node says {stated.hex()}",
            computed=chain_hash(header),
            stated=stated,
        )
    return header
