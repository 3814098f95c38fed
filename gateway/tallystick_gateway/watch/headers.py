"""Block headers as a node's JSON gives them, and the checker that says what they prove.

The seam for chains with seals: a `HeaderChecker` of the engine's kind recomputes the block hash and says whether the
header is final. `UnsealedHeaders` is the embedded engine's: one operator, no seals, nothing is ever final.
"""

from dataclasses import dataclass
from typing import Protocol

from tallystick.blocks import BlockMalformed, ethereum_hash, header_items

from .errors import EngineUnsupported, HeaderMismatch, NodeTalksNonsense
from .quantities import Answer, data_of, quantity_of

__all__ = ["CheckedHeader", "HeaderChecker", "UnsealedHeaders", "headers_of"]


@dataclass(frozen=True, slots=True)
class CheckedHeader:
    """A header whose hash was recomputed. `final` only if seals were checked too. `time` is Unix seconds."""

    height: int
    hash: bytes
    parent: bytes
    time: int
    transactions_root: bytes
    receipts_root: bytes
    gas_limit: int
    final: bool


class HeaderChecker(Protocol):
    """What a header must show before anything under it is believed."""

    def check(self, block: Answer, items: int) -> CheckedHeader:
        """The header of `block`, which MUST have `items` RLP items. Raises `ChainDistrusted` subclasses."""
        ...


def headers_of(engine: str) -> HeaderChecker:
    """The checker for chains of this engine. Raises `EngineUnsupported`."""
    if engine != "embedded":
        raise EngineUnsupported(f"This release cannot check the headers of engine {engine}.", engine=engine)
    return UnsealedHeaders()


class UnsealedHeaders:
    """For a chain of one operator: the hash must be the header's; there is nothing else to check.

    (The number of items is the engine's own: anvil's genesis has fields of later forks. The hash decides.)
    """

    def check(self, block: Answer, items: int) -> CheckedHeader:  # of the protocol, for sealed headers
        """Raises `HeaderMismatch`, `NodeTalksNonsense`."""
        stated = data_of(block, "hash", 32)
        height = quantity_of(block, "number")
        computed = ethereum_hash(_items(block, height))
        if stated != computed:
            raise HeaderMismatch(
                f"Header {height} hashes to {computed.hex()}, the node says {stated.hex()}.",
                height=height,
                computed=computed,
                stated=stated,
            )
        return CheckedHeader(
            height=height,
            hash=computed,
            parent=data_of(block, "parentHash", 32),
            time=quantity_of(block, "timestamp"),
            transactions_root=data_of(block, "transactionsRoot", 32),
            receipts_root=data_of(block, "receiptsRoot", 32),
            gas_limit=quantity_of(block, "gasLimit"),
            final=False,
        )


def _items(block: Answer, height: int) -> tuple[bytes, ...]:
    try:
        return header_items(block)
    except BlockMalformed as malformed:
        raise NodeTalksNonsense(str(malformed), what=malformed.field, height=height) from None
