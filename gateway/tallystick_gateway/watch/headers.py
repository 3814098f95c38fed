"""Block headers as a node's JSON gives them: read, and their hash recomputed by the rule of the chain's engine.

What a header proves besides, its seals say (`seals`): on the embedded engine, which has none, nothing is ever final.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tallystick.blocks import BlockMalformed, ethereum_hash, header_items
from tallystick.consortium import is_sealed
from tallystick.keys import Address
from tallystick.qbft import Header, HeaderRefused, chain_hash, header_from_rpc

from .errors import HeaderMismatch, HeaderUnproved, NodeTalksNonsense
from .quantities import Answer, data_of, quantity_of

__all__ = ["CheckedHeader", "HeaderReader", "TakenBlock", "header_reader"]


@dataclass(frozen=True, slots=True)
class CheckedHeader:
    """A header whose hash was recomputed. `final` only if seals were checked too. `time` is Unix seconds.

    `qbft` is the whole header on a chain with seals, None on one without; `signers` are those whose seals were checked.
    """

    height: int
    hash: bytes
    parent: bytes
    time: int
    transactions_root: bytes
    receipts_root: bytes
    gas_limit: int
    final: bool
    qbft: Header | None = None
    signers: frozenset[Address] = frozenset()


@dataclass(frozen=True, slots=True)
class TakenBlock:
    """A block that was taken before; its whole header on a chain with seals, where it is evidence."""

    height: int
    hash: bytes
    time: int
    qbft: Header | None = None


HeaderReader = Callable[[Answer, int], CheckedHeader]
"""Reads the header of a block, which MUST have so many RLP items, and recomputes its hash. Raises `NodeLied`s."""


def header_reader(engine: str) -> HeaderReader:
    """How headers of this engine are read."""
    return _read_sealed if is_sealed(engine) else _read_unsealed


def _read_sealed(block: Answer, items: int) -> CheckedHeader:
    height = quantity_of(block, "number")
    try:
        header = header_from_rpc(block, items)
    except BlockMalformed as malformed:
        raise NodeTalksNonsense(str(malformed), what=malformed.field, height=height) from None
    except HeaderRefused as refused:
        detail = f"Header {height} is none of this chain: {refused.reason} ({refused.rule})."
        raise HeaderUnproved(detail, height=height, rule=refused.rule) from None
    return CheckedHeader(
        height=height,
        hash=_stated_hash(block, height, chain_hash(header)),
        parent=header.parent_hash,
        time=header.timestamp,
        transactions_root=header.transactions_root,
        receipts_root=header.receipts_root,
        gas_limit=header.gas_limit,
        final=False,
        qbft=header,
    )


def _read_unsealed(block: Answer, _items: int) -> CheckedHeader:
    """(The number of items is the engine's own: anvil's genesis has fields of later forks. The hash decides.)"""
    height = quantity_of(block, "number")
    try:
        computed = ethereum_hash(header_items(block))
    except BlockMalformed as malformed:
        raise NodeTalksNonsense(str(malformed), what=malformed.field, height=height) from None
    return CheckedHeader(
        height=height,
        hash=_stated_hash(block, height, computed),
        parent=data_of(block, "parentHash", 32),
        time=quantity_of(block, "timestamp"),
        transactions_root=data_of(block, "transactionsRoot", 32),
        receipts_root=data_of(block, "receiptsRoot", 32),
        gas_limit=quantity_of(block, "gasLimit"),
        final=False,
    )


def _stated_hash(block: Answer, height: int, computed: bytes) -> bytes:
    stated = data_of(block, "hash", 32)
    if stated != computed:
        raise HeaderMismatch(
            f"Header {height} hashes to {computed.hex()}, the node says {stated.hex()}.",
            height=height,
            computed=computed,
            stated=stated,
        )
    return computed
