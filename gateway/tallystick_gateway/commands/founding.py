"""What a command asks a node about its chain before it believes that this is the consortium's."""

from __future__ import annotations

from dataclasses import dataclass

from tallystick.client import Node, NodeKind
from tallystick.consortium import (
    HeaderItems,
    header_items_by_height,
    sealed_genesis,
    sealed_item_count,
)
from tallystick.keys import Address
from tallystick_gateway.kit.errors import GatewayError

__all__ = ["ENGINES", "EngineDiffers", "Founding", "read_founding"]

ENGINES = ("embedded", "qbft", "besu")
_HEADER_ITEMS = 15
"""Of the embedded engine, whose headers prove nothing."""
_RUNS = {NodeKind.ANVIL: "embedded", NodeKind.GOQUORUM: "qbft", NodeKind.BESU: "besu"}


class EngineDiffers(GatewayError):
    """The node runs another engine than the one that was named"""

    status = 422
    code = "consortium.engine_differs"
    advice = (
        "Name the engine by --engine: embedded, qbft (GoQuorum, a stand-in for Besu) or besu. Nothing was deployed."
    )


@dataclass(frozen=True, slots=True)
class Founding:
    """A chain as it begins. `validators` are those of block 0, ascending; none on the embedded engine.

    `header_items` are as found up to the node's head.
    """

    chain_id: int
    genesis_hash: bytes
    height: int
    header_items: tuple[HeaderItems, ...]
    validators: tuple[Address, ...]


def read_founding(node: Node, engine: str) -> Founding:
    """What the node's chain begins with, hashes computed. Raises `EngineDiffers`, `GenesisRefused`, a `NodeError`."""
    runs = _RUNS.get(node.kind(), engine)
    if runs != engine:
        raise EngineDiffers(f"The node at {node.url} runs engine {runs}, not {engine}.", found=runs, field="engine")
    first, height = node.block(0), node.height()
    genesis = sealed_genesis(engine, first.header)
    if genesis is None:
        return Founding(node.chain_id(), first.hash, height, (HeaderItems(0, _HEADER_ITEMS),), ())
    items = header_items_by_height(lambda at: sealed_item_count(node.block(at).header), height)
    return Founding(node.chain_id(), genesis.hash, height, items, genesis.validators)
