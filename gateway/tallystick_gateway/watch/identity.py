"""Whether a node serves the pinned chain, with the history that was taken before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tallystick.client import Node, NodeError
from tallystick.consortium import Consortium

from .blocks import CheckedBlock, check_block
from .errors import BlockMissing, HistoryChanged, NodesDisagree, WrongChain, WrongGenesis
from .fetch import RawBlock, fetch
from .headers import HeaderChecker
from .quantities import object_of

__all__ = ["Chain", "Tip"]


@dataclass(frozen=True, slots=True)
class Tip:
    """The last block taken."""

    height: int
    hash: bytes
    time: int


@dataclass(frozen=True)
class Chain:
    """The chain that `tally join` pinned, and how its headers are checked."""

    consortium: Consortium
    headers: HeaderChecker

    def blocks(self, node: Node, heights: Sequence[int], parent: bytes | None) -> list[CheckedBlock]:
        """The blocks at consecutive `heights`, each checked against the one before; `parent` is the first one's.

        Raises `ChainDistrusted` subclasses, `BlockMissing`, or a `NodeError`.
        """
        checked: list[CheckedBlock] = []
        for height, raw in zip(heights, fetch(node, heights), strict=True):
            checked.append(self._check(raw, height, parent))
            parent = checked[-1].hash
        return checked

    def check_node(self, node: Node, tip: Tip | None, remembered: Callable[[int], bytes | None]) -> None:
        """Raises `WrongChain`, `WrongGenesis` or `HistoryChanged` unless the node serves this chain as we know it."""
        found = node.chain_id()
        if found != self.consortium.chain_id:
            raise WrongChain(
                f"The node at {node.url} serves chain {found}, consortium.json says {self.consortium.chain_id}.",
                found=found,
                expected=self.consortium.chain_id,
                node=node.url,
            )
        genesis = self.header_hash(node, 0)
        if genesis != self.consortium.genesis_hash:
            raise WrongGenesis(
                f"Genesis at {node.url} is not the one in consortium.json.",
                found=genesis,
                expected=self.consortium.genesis_hash,
                node=node.url,
            )
        if tip is not None:
            self.check_history(node, tip, node.height(), remembered)

    def check_history(self, node: Node, tip: Tip, head: int, remembered: Callable[[int], bytes | None]) -> None:
        """Raises `HistoryChanged` if the node has another block where we took one. One that is merely behind passes."""
        height, expected = tip.height, tip.hash
        if head < height:
            known = remembered(head)
            if known is None:
                return
            height, expected = head, known
        found = self.header_hash(node, height)
        if found != expected:
            raise HistoryChanged(
                f"Block {height} was {expected.hex()}; the node at {node.url} now says {found.hex()}.",
                height=height,
                expected=expected,
                found=found,
                node=node.url,
            )

    def compare(self, nodes: Sequence[Node], tip: Tip) -> None:
        """Ask these nodes for the last block taken; those that are away or behind pass. Raises `NodesDisagree`."""
        for node in nodes:
            try:
                found = self.header_hash(node, tip.height)
            except (NodeError, BlockMissing):
                continue
            if found != tip.hash:
                raise NodesDisagree(
                    f"We took {tip.hash.hex()} as block {tip.height}; the node at {node.url} says {found.hex()}.",
                    height=tip.height,
                    expected=tip.hash,
                    found=found,
                    node=node.url,
                )

    def header_hash(self, node: Node, height: int) -> bytes:
        """The recomputed hash of the node's block there. Raises `BlockMissing`, `HeaderMismatch`, `NodeError`."""
        answer = node.call("eth_getBlockByNumber", hex(height), False)
        if answer is None:
            raise BlockMissing(f"The node at {node.url} has no block {height}.", height=height, node=node.url)
        return self.headers.check(object_of(answer, "block"), self.consortium.header_items_at(height)).hash

    def _check(self, raw: RawBlock, height: int, parent: bytes | None) -> CheckedBlock:
        items = self.consortium.header_items_at(height)
        return check_block(raw.block, raw.receipts, self.headers, height=height, items=items, parent=parent)
