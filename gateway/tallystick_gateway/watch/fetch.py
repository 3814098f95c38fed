"""Blocks from a node, as it gives them: whole transactions and all receipts, several blocks a request."""

from collections.abc import Sequence
from typing import NamedTuple
from weakref import WeakSet

from tallystick.client import Fault, Node, NodeError, NodeRefused

from .errors import BlockMissing
from .quantities import Answer, item_of, list_of, object_of

__all__ = ["RawBlock", "fetch"]

_WITHOUT_BLOCK_RECEIPTS: WeakSet[Node] = WeakSet()
"""Nodes that said so: they are not asked for a block's receipts as a whole again."""


class RawBlock(NamedTuple):
    """A block and its receipts as the node's JSON; nothing of it is checked."""

    block: Answer
    receipts: Sequence[object]


def fetch(node: Node, heights: Sequence[int]) -> list[RawBlock]:
    """The blocks at `heights`, in order.

    Raises `BlockMissing` if the node lacks one or its receipts, `NodeTalksNonsense`, or a `NodeError`.
    """
    blocks = []
    for height, answer in zip(heights, node.batch([_block_call(height) for height in heights]), strict=True):
        if isinstance(answer, NodeError):
            raise answer
        if answer is None:
            raise BlockMissing(f"The node has no block {height}.", height=height, node=node.url)
        blocks.append(object_of(answer, "block"))
    return [RawBlock(block, _receipts(node, height, block)) for height, block in zip(heights, blocks, strict=True)]


def _block_call(height: int) -> tuple[str, Sequence[object]]:
    return "eth_getBlockByNumber", (hex(height), True)


def _receipts(node: Node, height: int, block: Answer) -> Sequence[object]:
    transactions = list_of(item_of(block, "transactions"), "transactions")
    if not transactions:
        return []
    answers = _whole_receipts(node, height) if node not in _WITHOUT_BLOCK_RECEIPTS else None
    if answers is None:
        hashes = [item_of(object_of(transaction, "transaction"), "hash") for transaction in transactions]
        answers = node.batch([("eth_getTransactionReceipt", (hash_,)) for hash_ in hashes])
    for answer in answers:
        if isinstance(answer, NodeError):
            raise answer
        if answer is None:
            raise BlockMissing(f"The node lacks a receipt of block {height}.", height=height, node=node.url)
    return answers


def _whole_receipts(node: Node, height: int) -> Sequence[object] | None:
    """All receipts of a block at once; None from a node that does not know the method."""
    try:
        answer = node.call("eth_getBlockReceipts", hex(height))
    except NodeRefused as refused:
        if refused.fault is not Fault.METHOD_UNKNOWN:
            raise
        _WITHOUT_BLOCK_RECEIPTS.add(node)
        return None
    if answer is None:
        raise BlockMissing(f"The node has no receipts of block {height}.", height=height, node=node.url)
    return list_of(answer, "receipts")
