"""Block headers as a node's JSON gives them, and the checker that says what they prove.

A `HeaderChecker` of the engine's kind recomputes the block hash and says whether the header is final. On the embedded
engine (one operator, no seals) nothing is ever final; on QBFT a header is, once enough of its validators' seals hold.
"""

from dataclasses import dataclass
from typing import Protocol

from tallystick.blocks import BlockMalformed, ethereum_hash, header_items
from tallystick.consortium import Consortium
from tallystick.qbft import HeaderRefused, Validators, chain_hash, check_header, header_from_rpc

from .errors import HeaderMismatch, HeaderUnproved, NodeTalksNonsense
from .quantities import Answer, data_of, quantity_of

__all__ = ["CheckedHeader", "HeaderChecker", "SealedHeaders", "UnsealedHeaders", "headers_of"]


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


def headers_of(consortium: Consortium) -> HeaderChecker:
    """The checker for the consortium's chain."""
    return UnsealedHeaders() if consortium.engine == "embedded" else SealedHeaders(consortium)


class SealedHeaders:
    """For a QBFT chain: the seals of a quorum of the validators that consortium.json gives for the height."""

    def __init__(self, consortium: Consortium) -> None:
        self._genesis_hash = consortium.genesis_hash
        self._sets = [(epoch.first, Validators.of(epoch.validators)) for epoch in consortium.validator_epochs]

    def check(self, block: Answer, items: int) -> CheckedHeader:
        """Raises `HeaderMismatch`, `HeaderUnproved`, `NodeTalksNonsense`."""
        stated = data_of(block, "hash", 32)
        height = quantity_of(block, "number")
        expected = next(validators for first, validators in reversed(self._sets) if first <= height)
        try:
            header = header_from_rpc(block, items)
            if stated != (computed := chain_hash(header)):
                raise _mismatch(height, computed, stated)
            check_header(header, expected, genesis_hash=self._genesis_hash)
        except BlockMalformed as malformed:
            raise NodeTalksNonsense(str(malformed), what=malformed.field, height=height) from None
        except HeaderRefused as refused:
            detail = f"Header {height} is not proved: {refused.reason} ({refused.rule})."
            raise HeaderUnproved(detail, height=height, rule=refused.rule, reason=refused.reason) from None
        return CheckedHeader(
            height=height,
            hash=computed,
            parent=header.parent_hash,
            time=header.timestamp,
            transactions_root=header.transactions_root,
            receipts_root=header.receipts_root,
            gas_limit=header.gas_limit,
            final=True,
        )


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
            raise _mismatch(height, computed, stated)
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


def _mismatch(height: int, computed: bytes, stated: bytes) -> HeaderMismatch:
    return HeaderMismatch(
        f"Header {height} hashes to {computed.hex()}, the node says {stated.hex()}.",
        height=height,
        computed=computed,
        stated=stated,
    )


def _items(block: Answer, height: int) -> tuple[bytes, ...]:
    try:
        return header_items(block)
    except BlockMalformed as malformed:
        raise NodeTalksNonsense(str(malformed), what=malformed.field, height=height) from None
