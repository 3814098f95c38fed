"""Whether a node serves the pinned chain, with the history that was taken before."""

from collections.abc import Callable
from dataclasses import dataclass

from tallystick.client import Node
from tallystick.consortium import Consortium, is_sealed
from tallystick.qbft import HeaderRefused, Succession, decode_header

from .errors import BlockMissing, HeaderMismatch, HistoryChanged, WrongChain, WrongGenesis
from .headers import CheckedHeader, TakenBlock, header_reader
from .quantities import Answer, object_of
from .seals import contradiction

__all__ = ["Chain", "Remembered", "Standing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a reading of the chain stands: the last block taken, None before genesis, and who sealed so far.

    `succession` is of the tip's height; None on a chain without seals.
    """

    tip: TakenBlock | None = None
    succession: Succession | None = None


Remembered = Callable[[int], TakenBlock | None]
"""What was taken at a height, if it is still known."""


class Chain:
    """The chain that `tally join` pinned, and how its headers are read. Safe between threads."""

    def __init__(self, consortium: Consortium) -> None:
        self.consortium = consortium
        self.sealed = is_sealed(consortium.engine)
        self._read = header_reader(consortium.engine)

    def header(self, block: Answer, height: int) -> CheckedHeader:
        """The header of `block`, which was asked for by `height`. Raises `NodeLied` subclasses."""
        header = self._read(block, self.consortium.header_items_at(height))
        if header.height != height:
            raise HeaderMismatch(
                f"Asked for block {height}, the node gave {header.height}.", height=height, given=header.height
            )
        return header

    def taken(self, height: int, hash_: bytes, time: int, header: bytes | None) -> TakenBlock:
        """A block as it was stored. (If what was kept of its header is no header any more, there is none.)"""
        try:
            kept = decode_header(header, self.consortium.header_items_at(height)) if header else None
        except HeaderRefused:
            kept = None
        return TakenBlock(height, hash_, time, kept)

    def check_node(self, node: Node, standing: Standing, remembered: Remembered) -> int:
        """Have a node show that it serves this chain as we know it; its height.

        Raises `WrongChain`, `WrongGenesis`, and as `check_history` does.
        """
        found = node.chain_id()
        if found != self.consortium.chain_id:
            raise WrongChain(
                f"The node at {node.url} serves chain {found}, consortium.json says {self.consortium.chain_id}.",
                found=found,
                expected=self.consortium.chain_id,
                node=node.url,
            )
        genesis = self._header_at(node, 0).hash
        if genesis != self.consortium.genesis_hash:
            raise WrongGenesis(
                f"Genesis at {node.url} is not the one in consortium.json.",
                found=genesis,
                expected=self.consortium.genesis_hash,
                node=node.url,
            )
        return self.check_history(node, node.height(), standing, remembered)

    def check_history(self, node: Node, head: int, standing: Standing, remembered: Remembered) -> int:
        """`head`, which the node says is its height, if it has the block there that we took, or our last one.

        One that is merely behind passes. Raises `HistoryChanged`, or `Equivocated` where the validators sealed the
        node's other block too; `BlockDiffers`, `BlockMissing`, a `NodeError`.
        """
        height = min(head, standing.tip.height) if standing.tip else 0
        ours = remembered(height)
        if ours is None:
            return head
        found = self._header_at(node, height)
        if found.hash == ours.hash:
            return head
        finding = contradiction(found, found.hash, standing.succession, ours) if standing.succession else None
        if finding is not None:
            raise finding
        raise HistoryChanged(
            f"Block {height} was {ours.hash.hex()}; the node at {node.url} says {found.hash.hex()}.",
            height=height,
            expected=ours.hash,
            found=found.hash,
            node=node.url,
        )

    def _header_at(self, node: Node, height: int) -> CheckedHeader:
        """Raises `BlockMissing`, `HeaderMismatch`, `NodeError`."""
        answer = node.call("eth_getBlockByNumber", hex(height), False)
        if answer is None:
            raise BlockMissing(f"The node at {node.url} has no block {height}.", height=height, node=node.url)
        return self.header(object_of(answer, "block"), height)
