"""Blocks read from a node one after the other, each believed only after it was checked against those before.

On a chain with seals the set that is due depends on what the contracts did in earlier blocks, so a block's events are
read before the next block is looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tallystick.client import Node
from tallystick.qbft import Succession

from .blocks import CheckedBlock, check_block
from .chain_event import ChainEvent
from .directory import Directory
from .errors import BlockDiffers, ParentMismatch, WrongGenesis
from .fetch import RawBlock, fetch
from .headers import CheckedHeader, TakenBlock
from .identity import Chain, Standing
from .seals import begin, contradiction, follow, prove, require_epochs

__all__ = ["ReadBlock", "Reader"]


@dataclass(frozen=True, slots=True)
class ReadBlock:
    """A checked block, and the events of the consortium's contracts in it."""

    block: CheckedBlock
    events: Sequence[ChainEvent]


class Reader:
    """One reading of the chain. After an error it MUST be given up: a new one begins where the last stood for sure."""

    def __init__(self, chain: Chain, directory: Directory, standing: Standing) -> None:
        """Raises `EpochsDiffer` if consortium.json contradicts the epochs so far, `BlockDiffers` if these are lost."""
        if chain.sealed and standing.tip is not None and standing.succession is None:
            raise BlockDiffers("Our database has blocks, and not who sealed them.", height=standing.tip.height)
        self._chain = chain
        self._directory = directory
        self.standing = standing
        self._compare_epochs()

    def read(self, node: Node, last: int, most: int) -> list[ReadBlock]:
        """The next blocks up to height `last`, `most` of them at once; `standing` moves with them.

        Raises `ChainDistrusted` subclasses, `BlockMissing`, or a `NodeError`.
        """
        first = self.standing.tip.height + 1 if self.standing.tip else 0
        heights = range(first, min(last, first + most - 1) + 1)
        if not heights:
            return []
        read = [self._take(raw, height) for height, raw in zip(heights, fetch(node, heights), strict=True)]
        self._compare_epochs()
        return read

    def _take(self, raw: RawBlock, height: int) -> ReadBlock:
        header, succession = self._proved(self._chain.header(raw.block, height))
        block = check_block(raw.block, raw.receipts, header)
        events = self._directory.events(block)
        if succession is not None and height:
            succession = follow(succession, header, events, self._chain.consortium)
        self.standing = Standing(TakenBlock(height, header.hash, header.time, header.qbft), succession)
        return ReadBlock(block, events)

    def _proved(self, header: CheckedHeader) -> tuple[CheckedHeader, Succession | None]:
        """The header, final where it has seals, after the tip; the succession before it (at genesis: with it)."""
        tip, succession = self.standing.tip, self.standing.succession
        if tip is None:
            return self._genesis(header)
        if succession is not None:
            header = prove(header, succession)
        if header.parent == tip.hash:
            return header, succession
        finding = contradiction(header, header.parent, succession, tip) if succession is not None else None
        raise finding or ParentMismatch(
            f"Block {header.height} names {header.parent.hex()} as its parent, block {tip.height} is {tip.hash.hex()}.",
            height=header.height,
            expected=tip.hash,
            found=header.parent,
        )

    def _genesis(self, header: CheckedHeader) -> tuple[CheckedHeader, Succession | None]:
        consortium = self._chain.consortium
        if header.hash != consortium.genesis_hash:
            raise WrongGenesis("Genesis is not the one in consortium.json.", found=header.hash)
        return begin(header, consortium) if self._chain.sealed else (header, None)

    def _compare_epochs(self) -> None:
        if self.standing.succession is not None:
            require_epochs(self._chain.consortium, self.standing.succession)
